"""The demo's products, and the items into which its orders are split.

The amounts of orders are drawn first, so an order is filled from the
catalogue and ends with one item in a size of its own that takes the rest.
"""

from dataclasses import dataclass

from perennial.demo_draws import Draws
from perennial.demo_shop import Row, money

ITEM_COUNT_SHARES = {1: 0.45, 2: 0.30, 3: 0.17, 4: 0.08}
QUANTITY_SHARES = {1: 0.80, 2: 0.15, 3: 0.05}
SALE_SHARE = 0.05
SALE_PRICE = 0.8
LOST_ITEM_SHARE = 0.004
REPORTING_CURRENCY = "USD"


@dataclass(frozen=True)
class Product:
    """What the shop sells, with its list price and cost in cents."""

    product_id: str
    name: str
    category: str
    price: int
    cost: int


PRODUCTS = (
    Product("p01", "Teapot", "kitchen", 2400, 1080),
    Product("p02", "Tea towel", "kitchen", 490, 190),
    Product("p03", "Chef's knife", "kitchen", 8900, 4450),
    Product("p04", "Cast iron pan", "kitchen", 5500, 3190),
    Product("p05", "Wooden spoon", "kitchen", 390, 120),
    Product("p06", "Bread tin", "kitchen", 1900, 910),
    Product("p07", "Quarterly box", "kitchen", 4200, 2100),
    Product("p08", "Espresso maker", "kitchen", 11000, 6380),
    Product("p09", "Seed packet", "garden", 450, 130),
    Product("p10", "Hand trowel", "garden", 1200, 540),
    Product("p11", "Watering can", "garden", 2700, 1300),
    Product("p12", "Plant pot", "garden", 1600, 620),
    Product("p13", "Pruning shears", "garden", 3600, 1800),
    Product("p14", "Raised bed", "garden", 13000, 7800),
    Product("p15", "Garden bench", "garden", 24900, 15900),
    Product("p16", "Camping mug", "outdoor", 1100, 390),
    Product("p17", "Head torch", "outdoor", 3200, 1540),
    Product("p18", "Sleeping bag", "outdoor", 9000, 4950),
    Product("p19", "Two-person tent", "outdoor", 18900, 11700),
    Product("p20", "Folding chair", "outdoor", 4800, 2500),
    Product("p21", "Water bottle", "outdoor", 1800, 650),
    Product("p22", "Rain jacket", "outdoor", 12000, 5400),
    Product("p23", "Packing cubes", "travel", 2200, 790),
    Product("p24", "Travel pillow", "travel", 2800, 1180),
    Product("p25", "Cabin case", "travel", 16000, 9300),
    Product("p26", "Day pack", "travel", 6400, 3200),
    Product("p27", "Luggage tag", "travel", 800, 180),
    Product("p28", "Plug adapter", "travel", 1500, 600),
    Product("p29", "Cookbook", "books", 2900, 1740),
    Product("p30", "Paperback novel", "books", 1000, 650),
    Product("p31", "Trail guide", "books", 1700, 1020),
    Product("p32", "Notebook", "books", 690, 210),
    Product("p33", "Picture book", "books", 1400, 850),
    Product("p34", "Reading lamp", "books", 3900, 1950),
    Product("p35", "Vinyl record", "music", 2600, 1690),
    Product("p36", "Ukulele", "music", 7000, 3850),
    Product("p37", "Harmonica", "music", 3000, 1450),
    Product("p38", "Guitar strings", "music", 900, 360),
    Product("p39", "Headphones", "music", 10000, 6200),
    Product("p40", "Record player", "music", 19900, 13900),
)
CHEAPEST = min(product.price for product in PRODUCTS)
DEAREST = max(product.price for product in PRODUCTS)


@dataclass
class Item:
    """One item while its order is filled; prices in cents of the order."""

    product: Product
    quantity: int
    unit: int
    list_price: int
    has_own_size: bool = False

    @property
    def total(self) -> int:
        """What the item adds to the order's gross amount."""
        return self.quantity * self.unit


def make_products() -> list[Row]:
    """The catalogue, priced in the reporting currency."""
    return [
        {
            "product_id": product.product_id,
            "product_name": product.name,
            "category": product.category,
            "list_price": money(product.price),
            "unit_cost": money(product.cost),
        }
        for product in PRODUCTS
    ]


def make_order_items(seed: int, orders: list[Row]) -> list[Row]:
    """The items of all generated orders; a few orders miss one of theirs."""
    return [row for order in orders for row in _make_items(seed, order)]


def _make_items(seed: int, order: Row) -> list[Row]:
    draws = Draws(seed, f"{order['order_id']}/items")
    gross = _cents(order["gross_amount"])
    items = _fill(draws, gross)
    discounts = _spread(_cents(order["discount_amount"]), [i.total for i in items])
    rows = [
        _item_row(order, number, item, discount)
        for number, (item, discount) in enumerate(
            zip(items, discounts, strict=True), start=1
        )
    ]
    is_one_lost = len(rows) > 1 and draws.chance(LOST_ITEM_SHARE)
    return rows[1:] if is_one_lost else rows


def _fill(draws: Draws, gross: int) -> list[Item]:
    """Items from the catalogue, then one that takes what is left."""
    items: list[Item] = []
    count = draws.weighted(ITEM_COUNT_SHARES)
    left = gross
    while len(items) < count - 1 or left > DEAREST:
        item = _pick(draws, left)
        if item is None:
            break
        items.append(item)
        left -= item.total
    return [*items, _pick_rest(draws, left)]


def _pick(draws: Draws, left: int) -> Item | None:
    """A product at its list price, or in a sale below it; None if too dear."""
    at_least = DEAREST // 3 if left > DEAREST else 0
    affordable = [
        product for product in PRODUCTS if at_least <= product.price <= left - CHEAPEST
    ]
    if not affordable:
        return None
    product = draws.one_of(affordable)
    quantity = draws.weighted(QUANTITY_SHARES)
    if product.price * quantity > left - CHEAPEST:
        quantity = 1
    is_sale = draws.chance(SALE_SHARE)
    unit = round(product.price * SALE_PRICE) if is_sale else product.price
    return Item(product, quantity, unit, product.price)


def _pick_rest(draws: Draws, left: int) -> Item:
    """One product in the size that costs what is left."""
    near = [p for p in PRODUCTS if 0.6 * p.price <= left <= 1.6 * p.price]
    nearest = min(PRODUCTS, key=lambda product: abs(product.price - left))
    product = draws.one_of(near or [nearest])
    is_sale = draws.chance(SALE_SHARE)
    list_price = round(left / SALE_PRICE) if is_sale else left
    return Item(product, 1, left, list_price, has_own_size=True)


def _spread(cents: int, totals: list[int]) -> list[int]:
    """The cents in parts as large as the totals say; they add up exactly."""
    gross, parts = sum(totals), []
    for total in totals[:-1]:
        parts.append(cents * total // gross)
    return [*parts, cents - sum(parts)]


def _item_row(order: Row, number: int, item: Item, discount: int) -> Row:
    """Prices of its own for a size of its own, and outside the catalogue's currency."""
    row = {
        "order_item_id": f"{order['order_id']}-{number}",
        "order_id": order["order_id"],
        "product_id": item.product.product_id,
        "quantity": str(item.quantity),
        "unit_price": money(item.unit),
        "discount_amount": money(discount) if discount else "",
    }
    if item.has_own_size or order["currency"] != REPORTING_CURRENCY:
        row["list_price"] = money(item.list_price)
        cost = item.list_price * item.product.cost / item.product.price
        row["unit_cost"] = money(round(cost))
    return row


def _cents(amount: str) -> int:
    """An amount with two digits after the point as cents; empty is 0."""
    return int(amount.replace(".", "") or "0")
