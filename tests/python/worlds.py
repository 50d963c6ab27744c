"""Small random worlds, all of them in one input folder.

A build costs seconds whatever its size, so two hundred little histories are
drawn as one input: every id names its world (`w017-c2`), and a difference found
in a mart names the world it came from. Each world is a draw of recipes; a
recipe is one kind of thing that happens to real subscriptions. They are dealt
out in turn, so each kind occurs whatever the seed.
"""

from __future__ import annotations

import csv
import random
from collections.abc import Callable, Iterable
from datetime import date, datetime, time, timedelta
from itertools import product
from pathlib import Path

from reference.contract import CONTRACTS
from reference.months import add_months, month_end

AS_OF = date(2024, 11, 17)
SEED = 20241117
FIRST_DAY = date(2021, 6, 1)
LEAP_DAY = date(2024, 2, 29)

Text = dict[str, str]
INTERVALS = {
    "day": ("day", "Daily", "days"),
    "week": ("week", "weekly", "WEEKS"),
    "month": ("month", "monthly", "Month"),
    "quarter": ("quarter", "Quarterly", "quarters"),
    "year": ("year", "annual", "Yearly", "annually"),
}
REASONS = ("too expensive", "Payment_Failed", "switched", "not used", "")
CHANNELS = ("organic", "ads", "referral", "")
# Most worlds pay in dollars; the money of the others moves.
CURRENCIES = ("USD", "USD", "EUR", "GBP", "JPY")
FIRST_RATES = {"EUR": 1.12, "GBP": 1.31, "JPY": 0.0091, "USD": 0.93}
# One that is known late, and one that is not known at all.
KNOWN_LATE, UNKNOWN = "SEK", "CHF"
KNOWN_FROM = date(2024, 1, 1)


def write_story(folder: Path, **tables: Iterable[dict[str, object]]) -> Path:
    """The files of a hand-made case; what a row does not name is empty."""
    folder.mkdir(parents=True, exist_ok=True)
    for table, contract in CONTRACTS.items():
        columns = list(contract.kinds)
        with (folder / f"{table}.csv").open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, columns, restval="", lineterminator="\n")
            writer.writeheader()
            writer.writerows(tables.get(table, ()))
    return folder


def write_worlds(
    folder: Path, count: int = 200, seed: int = SEED, order_grain: str = "order"
) -> Path:
    """All worlds as one input; the same seed gives the same bytes."""
    tables: dict[str, list[Text]] = {table: [] for table in CONTRACTS}
    tables["exchange_rates"] = moving_rates(random.Random(f"{seed}-rates"))
    for number in range(count):
        world = World(number, seed, order_grain)
        world.draw()
        for table, rows in world.tables.items():
            tables[table] += rows
    if order_grain == "line":
        tables["orders"] = split_into_lines(
            tables["orders"], random.Random(f"{seed}-lines")
        )
    return write_story(folder, **tables)


def moving_rates(rng: random.Random) -> list[Text]:
    """A rate every few weeks, some of them after the as-of day."""
    rows = []
    for currency, rate in FIRST_RATES.items():
        day = date(2015, 12, 1)
        while day < AS_OF + timedelta(days=40):
            written = rng.choice((currency, currency.lower()))
            text = f"{rate:.8f}" if currency == "JPY" else f"{rate:.4f}"
            rows.append(rate_row(day, written, text))
            day += timedelta(days=rng.randint(1, 45))
            rate *= 1 + rng.uniform(-0.06, 0.06)
    return [*rows, rate_row(KNOWN_FROM, KNOWN_LATE, "0.095")]


def rate_row(day: date, currency: str, rate: str) -> Text:
    return {"rate_date": day.isoformat(), "currency": currency, "rate": rate}


def split_into_lines(orders: list[Text], rng: random.Random) -> list[Text]:
    """Some orders in two lines; the second one has amounts of its own."""
    lines = []
    for order in orders:
        lines.append(order)
        if rng.random() < 0.3:
            cost = rng.choice(("", order.get("cost_amount", "")))
            more = {"gross_amount": "7.25", "discount_amount": "", "cost_amount": cost}
            lines.append(order | more)
    return lines


class World:
    """A handful of customers and what happens to them."""

    def __init__(self, number: int, seed: int, order_grain: str = "order") -> None:
        self.number = number
        self.order_grain = order_grain
        self.currency = CURRENCIES[number % len(CURRENCIES)]
        self.name = f"w{number:03d}"
        self.random = random.Random(f"{seed}-{number}")
        self.tables: dict[str, list[Text]] = {table: [] for table in CONTRACTS}
        self.moments: set[tuple[str, datetime]] = set()

    def draw(self) -> None:
        if self.number == 0:
            lonely_pioneer(self)
            return
        for number in range(self.random.randint(1, 4)):
            self.add_customer(number)
        recipes = [RECIPES[self.number % len(RECIPES)]]
        recipes += self.random.sample(RECIPES, self.random.randint(0, 3))
        for recipe in recipes:
            recipe(self)
        for _ in range(self.random.choice((0, 0, 2, 5, 10))):
            self.add_order()
        if self.number % 2:
            DIRT[self.number // 2 % len(DIRT)](self)

    # --- Chance -------------------------------------------------------------

    def chance(self, probability: float) -> bool:
        return self.random.random() < probability

    def day(self, last: date = AS_OF, first: date = FIRST_DAY) -> date:
        """Any day, but month ends and the leap day more often than by chance."""
        day = first + timedelta(days=self.random.randint(0, (last - first).days))
        if self.chance(0.05) and first <= LEAP_DAY <= last:
            return LEAP_DAY
        if self.chance(0.3):
            return min(month_end(day), last)
        return max(day.replace(day=1), first) if self.chance(0.1) else day

    def later(self, day: date, most: int = 400) -> date:
        return day + timedelta(days=self.random.randint(1, most))

    def price(self) -> str:
        return self.random.choice(("9.99", "10", "29.00", "100", "7.333333", "1200.5"))

    def stamp(self, day: date) -> str:
        """One of the ways to write an instant of that day of UTC."""
        kind = self.random.randint(0, 5)
        if kind <= 1:
            return day.isoformat()
        clock = time(self.random.randint(0, 23), self.random.randint(0, 59))
        moment = datetime.combine(day, clock)
        if kind == 2:
            return moment.isoformat(sep=" ", timespec="minutes")
        if kind == 3:
            return moment.isoformat() + "Z"
        # Written in a zone where the day may be another one.
        hours = self.random.choice((-8, -5, 2, 9))
        local = (moment + timedelta(hours=hours)).isoformat(timespec="seconds")
        tail = self.random.choice((":00", "00", ""))
        return f"{local}{hours:+03d}{tail}"

    # --- Rows ---------------------------------------------------------------

    def new_id(self, table: str, letter: str) -> str:
        return f"{self.name}-{letter}{len(self.tables[table]) + 1}"

    def customer(self) -> str:
        # One more than there are in the file: some are known by an order only.
        most = len(self.tables["customers"])
        return f"{self.name}-c{self.random.randint(0 if self.chance(0.3) else 1, most)}"

    def add_customer(self, number: int, **values: str) -> str:
        customer = f"{self.name}-c{number + 1}"
        birthdays = ("", "", "1999-11-17", "1999-11-18", "1959-11-17", "1984-02-29")
        ages = (
            *birthdays,
            "1994-05-01",
            "1980-01-31",
            "1962-07-07",
            "1975-03-03",
            "2003-12-31",
        )
        row = {
            "customer_id": customer,
            "created_at": self.random.choice(("", self.stamp(self.day()))),
            "email": f"{customer}@example.com",
            "acquisition_channel": self.random.choice(CHANNELS),
            "platform": self.random.choice(("web", "app", "")),
            "country": self.random.choice(("DE", "US", "")),
            "gender": self.random.choice(("female", "male", "")),
            "birth_date": self.random.choice(ages),
            "income_band": self.random.choice(("low", "high", "")),
        }
        self.tables["customers"].append(row | values)
        return customer

    def one_more(self, **values: str) -> str:
        """Another customer with a row of its own."""
        return self.add_customer(len(self.tables["customers"]), **values)

    def add_order(self, **values: str) -> Text:
        rng = self.random
        day = self.day(last=AS_OF + timedelta(days=20))
        gross = self.price()
        row = {
            "order_id": self.new_id("orders", "o"),
            "customer_id": self.customer(),
            "ordered_at": self.stamp(day),
            "gross_amount": gross if self.chance(0.95) else "0",
            "currency": rng.choice(("", self.currency, self.currency.lower())),
            "status": rng.choice(
                ("", "paid", "paid", "paid", "refunded", "Cancelled", "test", "failed")
            ),
            "discount_amount": rng.choice(("", "", "0", "1.50", ".5")),
            "cost_amount": rng.choice(("", "0", "3.25")),
            "tax_amount": rng.choice(("", "1.9")),
            "shipping_amount": rng.choice(("", "4.90")),
            "platform": rng.choice(("web", "app", "")),
        }
        if self.chance(0.3):
            row["refunded_amount"] = rng.choice(("2", gross))
            row["refunded_at"] = rng.choice(("", self.stamp(self.later(day, 90))))
        row |= values
        self.tables["orders"].append(row)
        return row

    def add_subscription(self, start: date, **values: str) -> Text:
        """A subscription with usual values; those given win."""
        rng = self.random
        kind = rng.choice(("month", "month", "month", "week", "quarter", "year", "day"))
        interval = values.pop("interval", kind)
        counts = ("14", "30") if interval == "day" else ("", "", "", "1", "2", "3")
        row = {
            "subscription_id": self.new_id("subscriptions", "s"),
            "customer_id": self.customer(),
            "started_at": self.stamp(start),
            "unit_amount": self.price(),
            "billing_interval": rng.choice(INTERVALS[interval]),
            "billing_interval_count": rng.choice(counts),
            "quantity": rng.choice(("", "", "1", "3", "2.5")),
            "currency": rng.choice(("", self.currency)),
            "plan_id": rng.choice(("basic", "pro", "")),
            "status": rng.choice(("", "active", "Active")),
            "cancel_reason": rng.choice(REASONS),
            "is_involuntary": rng.choice(("", "", "", "yes", "F")),
        }
        if self.chance(0.2):
            row["discount_amount"] = rng.choice(("1", "2.5", "5000"))
            row["discount_is_recurring"] = rng.choice(("", "true", "N"))
        row |= values
        self.tables["subscriptions"].append(row)
        return row

    def end(self, sub: Text, day: date) -> None:
        sub["ended_at"] = self.stamp(day)
        sub["status"] = self.random.choice(
            ("canceled", "Cancelled", "ended", "", "active")
        )

    def maybe_end(self, sub: Text, after: date) -> None:
        if self.chance(0.5):
            self.end(sub, self.later(after))

    def change(self, sub: Text, day: date, **values: str) -> None:
        """A change at an instant of its own, so that their order is known."""
        moment = datetime.combine(day, time(self.random.randint(0, 23)))
        while (sub["subscription_id"], moment) in self.moments:
            moment += timedelta(minutes=7)
        self.moments.add((sub["subscription_id"], moment))
        text = moment.isoformat(timespec=self.random.choice(("minutes", "seconds")))
        row = {
            "subscription_id": sub["subscription_id"],
            "changed_at": text + self.random.choice(("", "Z", "+00:00")),
        }
        self.tables["subscription_changes"].append(row | values)

    def add_item(self, order: Text, **values: str) -> None:
        row = {
            "order_item_id": self.new_id("order_items", "i"),
            "order_id": order["order_id"],
            "product_id": self.random.choice((f"{self.name}-p1", "unheard-of")),
            "quantity": self.random.choice(("1", "2", "0.5")),
            "unit_price": self.price(),
            "unit_cost": self.random.choice(("", "1.25")),
        }
        self.tables["order_items"].append(row | values)

    def add_product(self, **values: str) -> Text:
        row = {
            "product_id": self.new_id("products", "p"),
            "product_name": self.random.choice(("Mug", "Café crème", "")),
            "category": self.random.choice(("kitchen", "")),
            "unit_cost": self.random.choice(("", "2")),
        }
        self.tables["products"].append(row | values)
        return row | values

    def add_invoice(self, sub: Text, start: date, **values: str) -> Text:
        rng = self.random
        end = add_months(start, 1)
        row = {
            "invoice_id": self.new_id("invoices", "v"),
            "subscription_id": sub["subscription_id"],
            "period_start": self.stamp(start),
            "period_end": self.stamp(end),
            "amount_due": self.price(),
            "amount_paid": rng.choice(("", "", "8.50", "0")),
            "tax_amount": rng.choice(("", "1.35")),
            "amount_refunded": rng.choice(("", "", "", "2.5")),
            "currency": rng.choice(("", sub["currency"])),
            "paid_at": rng.choice(("", self.stamp(self.later(start, 20)))),
            "status": rng.choice(
                ("paid", "Paid", "", "open", "past due", "unpaid", "void", "draft")
            ),
        }
        row |= values
        self.tables["invoices"].append(row)
        return row

    def add_spend(self, **values: str) -> None:
        rng = self.random
        row = {
            "spend_date": self.day(last=AS_OF + timedelta(days=10)).isoformat(),
            "channel": rng.choice(("ads", "ads", "referral", "fair")),
            "amount": rng.choice(("5", "40.5", "250", "0")),
            "currency": rng.choice(("", self.currency)),
        }
        self.tables["marketing_spend"].append(row | values)

    def add_sessions(self, day: date, **values: str) -> Text:
        row = {
            "session_date": day.isoformat(),
            "platform": f"web-{self.name}",
            "sessions": str(self.random.randint(0, 900)),
        }
        self.tables["platform_sessions"].append(row | values)
        return row | values

    def add_event(self, **values: str) -> Text:
        row = {
            "event_id": self.new_id("customer_events", "e"),
            "customer_id": self.customer(),
            "occurred_at": self.stamp(self.day(last=AS_OF + timedelta(days=9))),
            "event_type": self.random.choice(("Support Contact", "login")),
            "channel": self.random.choice(("mail", "")),
        }
        self.tables["customer_events"].append(row | values)
        return row | values

    def add_feedback(self, **values: str) -> Text:
        row = {
            "feedback_id": self.new_id("customer_feedback", "f"),
            "customer_id": self.customer(),
            "submitted_at": self.stamp(self.day(last=AS_OF + timedelta(days=9))),
            "score": str(self.random.randint(0, 10)),
        }
        self.tables["customer_feedback"].append(row | values)
        return row | values

    def load(self, table: str, row: Text, day: date, **values: str) -> None:
        """The row once more, as it arrived on another day."""
        self.tables[table].append(row | {"loaded_at": self.stamp(day)} | values)


# --- Recipes ----------------------------------------------------------------

Recipe = Callable[[World], None]


def lonely_pioneer(world: World) -> None:
    """Gone before anybody else came: months in which every rate is over nothing.

    Its years end on 28 Feb, and on 29 Feb again in 2020.
    """
    customer = {"customer_id": "w000-c1", "acquisition_channel": "organic"}
    world.tables["customers"].append(customer)
    plain = {"quantity": "1", "billing_interval_count": "1", "unit_amount": "120"}
    sub = world.add_subscription(
        date(2016, 2, 29),
        interval="year",
        customer_id="w000-c1",
        discount_amount="",
        **plain,
    )
    world.end(sub, date(2020, 4, 15))


def runs_on(world: World) -> None:
    start = world.day()
    world.maybe_end(world.add_subscription(start), start)


def every_interval(world: World) -> None:
    for interval in INTERVALS:
        start = world.day(first=date(2024, 1, 1))
        world.maybe_end(world.add_subscription(start, interval=interval), start)


def daily_for_a_while(world: World) -> None:
    start = world.day(first=date(2024, 9, 1))
    world.add_subscription(start, interval="day", billing_interval_count="1")


def anchored_at_a_month_end(world: World) -> None:
    for start in (date(2023, 1, 31), LEAP_DAY, date(2024, 4, 30), date(2023, 8, 29)):
        interval = world.random.choice(("month", "month", "quarter", "year"))
        world.add_subscription(start, interval=interval, billing_interval_count="1")


def anchored_on_the_last_of_august(world: World) -> None:
    # Half a year on from 31 Aug: 28 Feb, 31 Aug, 28 Feb, 31 Aug, 29 Feb.
    world.add_subscription(
        date(2021, 8, 31), interval="month", billing_interval_count="6"
    )


def leaves_this_year(world: World) -> None:
    for interval in ("month", "month", "quarter", "week"):
        customer = f"{world.name}-d{len(world.tables['subscriptions'])}"
        start = world.day(first=date(2024, 2, 1), last=date(2024, 9, 1))
        sub = world.add_subscription(start, customer_id=customer, interval=interval)
        world.end(sub, world.later(start, 150))


def ends_at_a_month_edge(world: World) -> None:
    first = world.day(last=date(2024, 9, 1))
    month = add_months(first.replace(day=1), 2)
    for day in (month, month_end(month), AS_OF, AS_OF + timedelta(days=1)):
        sub = world.add_subscription(first, quantity="1", discount_amount="")
        world.end(sub, day)


def will_end(world: World) -> None:
    sub = world.add_subscription(world.day(), cancel_requested_at="2024-11-10")
    world.end(sub, world.later(AS_OF, 200))


def starts_and_ends_on_one_day(world: World) -> None:
    start = world.day()
    world.end(world.add_subscription(start), start)


def lives_for_days(world: World) -> None:
    start = world.day(last=AS_OF - timedelta(days=12)).replace(day=3)
    world.end(world.add_subscription(start), start + timedelta(days=5))


def switches_on_one_day(world: World) -> None:
    start = world.day(last=date(2024, 10, 1))
    day = world.later(start, 300)
    old = world.add_subscription(start)
    world.end(old, day)
    new = world.add_subscription(day, customer_id=old["customer_id"])
    world.maybe_end(new, day)


def comes_back(world: World) -> None:
    start = world.day(last=date(2023, 12, 1))
    customer = world.customer()
    for _ in range(3):
        sub = world.add_subscription(start, customer_id=customer)
        end = world.later(start, 120)
        world.end(sub, end)
        start = world.later(end, 70)


def comes_back_within_the_month(world: World) -> None:
    month = world.day(last=date(2024, 10, 1)).replace(day=1)
    customer = world.customer()
    first = world.add_subscription(add_months(month, -2), customer_id=customer)
    world.end(first, month + timedelta(days=4))
    second = world.add_subscription(month + timedelta(days=9), customer_id=customer)
    if world.chance(0.6):
        world.end(second, month + timedelta(days=20))


def overlaps(world: World) -> None:
    start = world.day(last=date(2024, 6, 1))
    first = world.add_subscription(start)
    second = world.add_subscription(
        world.later(start, 60), customer_id=first["customer_id"]
    )
    end = world.later(start + timedelta(days=61), 200)
    world.end(first, end)
    if world.chance(0.5):
        world.end(second, end)


def two_alike_end_together(world: World) -> None:
    start = world.day(last=date(2024, 6, 1))
    alike = {
        **{"interval": "month", "billing_interval_count": "1", "quantity": "1"},
        **{"customer_id": world.customer(), "unit_amount": "20"},
    }
    end = world.later(start, 300)
    for reason in ("switched", "too expensive"):
        world.end(world.add_subscription(start, cancel_reason=reason, **alike), end)


def tries_and_buys(world: World) -> None:
    start = world.day()
    trial = start + timedelta(days=world.random.choice((7, 14, 30)))
    sub = world.add_subscription(start, trial_ends_at=world.stamp(trial))
    sub["status"] = world.random.choice(("", "active", "trialing", "in trial"))
    world.maybe_end(sub, trial)


def tries_and_leaves(world: World) -> None:
    start = world.day()
    trial = start + timedelta(days=14)
    sub = world.add_subscription(start, trial_ends_at=world.stamp(trial))
    world.end(sub, trial if world.chance(0.7) else start + timedelta(days=9))


def tries_by_changes(world: World) -> None:
    start = world.day()
    sub = world.add_subscription(start)
    if world.chance(0.4):
        sub["trial_ends_at"] = (start + timedelta(days=30)).isoformat()
    world.change(sub, start, status=world.random.choice(("trialing", "Trial")))
    if world.chance(0.7):
        world.change(sub, world.later(start, 40), status="active")


def tries_for_ever(world: World) -> None:
    world.add_subscription(world.day(), status="trialing")
    world.add_subscription(world.day(), trial_ends_at="2025-02-01")


def pauses(world: World) -> None:
    start = world.day(last=date(2024, 8, 1))
    sub = world.add_subscription(start)
    pause = world.later(start, 200)
    status = world.random.choice(("paused", "Paused", "unpaid", "past due", "past-due"))
    world.change(sub, pause, status=status)
    if world.chance(0.7):
        sub["status"] = "active"
        resume = world.later(pause, 90)
        world.change(sub, resume, status="ACTIVE")
        world.maybe_end(sub, resume)
    else:
        sub["status"] = world.random.choice(("active", status))


def fails_by_its_row(world: World) -> None:
    start = world.day()
    status = world.random.choice(("past_due", "unpaid", "paused", "Past Due"))
    sub = world.add_subscription(start, status=status)
    if world.chance(0.2):
        sub["trial_ends_at"] = world.later(start, 30).isoformat()
    if world.chance(0.3):
        sub["ended_at"] = world.later(start).isoformat()


def fails_by_its_row_after_changes(world: World) -> None:
    start = world.day(last=date(2024, 9, 1))
    status = world.random.choice(("past_due", "unpaid", "paused"))
    sub = world.add_subscription(start, status=status)
    for _ in range(world.random.randint(1, 3)):
        named = world.random.choice(("active", "paused", "unpaid", "past_due", ""))
        price = world.random.choice(("", world.price()))
        world.change(sub, world.later(start, 300), status=named, unit_amount=price)
    if world.chance(0.4):
        world.change(sub, date(2024, 11, world.random.randint(1, 17)), status="active")


def never_completes(world: World) -> None:
    for status in ("incomplete", "Incomplete-Expired", "incomplete"):
        start = world.day()
        sub = world.add_subscription(start, status=status)
        if world.chance(0.3):
            world.change(sub, world.later(start, 5), status="active")


def changes_price(world: World) -> None:
    start = world.day(last=date(2024, 9, 1))
    sub = world.add_subscription(start)
    day = start
    for _ in range(world.random.randint(1, 6)):
        day = day + timedelta(days=world.random.choice((0, 0, 3, 31, 60, 200)))
        values = world.random.choice(
            (
                {"unit_amount": world.price()},
                {"quantity": world.random.choice(("1", "4", "0"))},
                {"plan_id": "team", "unit_amount": world.price()},
                {"discount_amount": world.random.choice(("0", "2", "3000"))},
                {"discount_is_recurring": world.random.choice(("true", "0"))},
                {},
            )
        )
        world.change(sub, day, **values)


def moves_many_times_in_a_month(world: World) -> None:
    start = world.day(last=date(2024, 8, 1))
    sub = world.add_subscription(start, quantity="2", discount_amount="")
    month = add_months(start.replace(day=1), 1)
    for day in sorted(world.random.sample(range(28), 6)):
        quantity = world.random.choice(("0", "1", "2", "5"))
        world.change(sub, month + timedelta(days=day), quantity=quantity)


def changes_interval_mid_term(world: World) -> None:
    start = world.day(last=date(2024, 6, 1))
    sub = world.add_subscription(start, interval="month", billing_interval_count="")
    values = world.random.choice(
        (
            {"billing_interval": "annual", "unit_amount": "99"},
            {"billing_interval_count": "3", "unit_amount": "25"},
            {"billing_interval": "weekly"},
        )
    )
    world.change(sub, world.later(start, 150), **values)
    world.maybe_end(sub, start + timedelta(days=151))


def changes_interval_on_a_boundary(world: World) -> None:
    start = world.day(last=date(2024, 6, 1))
    plain = {"trial_ends_at": "", "discount_amount": "", "quantity": "1"}
    sub = world.add_subscription(
        start, interval="month", billing_interval_count="1", **plain
    )
    world.change(sub, add_months(start, 3), billing_interval="year")


def is_free(world: World) -> None:
    start = world.day(last=date(2024, 9, 1))
    free = world.add_subscription(start, quantity="0")
    if world.chance(0.5):
        world.change(free, world.later(start, 60), quantity="2")
    whole = {"unit_amount": "30", "discount_amount": "30", "quantity": "1"}
    gift = world.add_subscription(start, **whole, discount_is_recurring="t")
    world.change(gift, world.later(start, 60), discount_amount="0")
    world.add_subscription(world.day(), unit_amount="0")


def starts_with_a_discount(world: World) -> None:
    start = world.day(last=date(2024, 6, 1))
    coupon = {"discount_amount": "5", "discount_is_recurring": "no"}
    sub = world.add_subscription(start, **coupon)
    if world.chance(0.5):
        world.change(sub, world.later(start, 40), unit_amount=world.price())
    if world.chance(0.6):
        day = world.later(start + timedelta(days=41), 60)
        world.change(sub, day, discount_amount=world.random.choice(("0", "8")))
        world.change(sub, world.later(day, 60), discount_amount="5")
    gift = {"discount_amount": "99999", "discount_is_recurring": "false"}
    world.add_subscription(world.day(), **gift)


def is_billed_by_orders(world: World) -> None:
    start = world.day(last=date(2024, 6, 1))
    sub = world.add_subscription(start)
    for _ in range(world.random.randint(1, 5)):
        world.add_order(
            customer_id=sub["customer_id"], subscription_id=sub["subscription_id"]
        )


def is_billed_by_orders_that_do_not_count(world: World) -> None:
    sub = world.add_subscription(world.day())
    world.add_order(
        customer_id=sub["customer_id"],
        subscription_id=sub["subscription_id"],
        status="cancelled",
    )


def buys_often(world: World) -> None:
    customer = world.customer()
    for _ in range(12):
        world.add_order(customer_id=customer, status="paid")
    twin = world.add_order(customer_id=customer, status="paid")
    world.add_order(customer_id=customer, ordered_at=twin["ordered_at"])


def bought_long_ago(world: World) -> None:
    for day in (date(2021, 7, 1), AS_OF - timedelta(366), AS_OF - timedelta(365)):
        world.add_order(
            customer_id=world.customer(), ordered_at=world.stamp(day), status="paid"
        )


def bought_once(world: World) -> None:
    number = len(world.tables["customers"])
    world.add_customer(number)
    lapsed = f"{world.name}-c{number + 1}"
    world.add_order(
        customer_id=lapsed, ordered_at="2022-05-05", gross_amount="20", status="paid"
    )
    world.add_order(customer_id=world.customer(), status="paid")


def pays_later(world: World) -> None:
    """Rows after the as-of day: not wrong, but not yet."""
    start = world.later(AS_OF, 60)
    future = world.add_subscription(start)
    world.change(future, world.later(start, 30), quantity="5")
    running = world.add_subscription(world.day())
    world.change(running, world.later(AS_OF, 30), status="paused")
    world.change(running, AS_OF, unit_amount="55")
    world.add_order(ordered_at=world.stamp(world.later(AS_OF, 10)))
    world.add_order(ordered_at="2024-11-17T23:30:00-02:00", status="paid")
    world.add_order(ordered_at="2024-11-18T00:30+02:00", status="paid")
    refund = {"refunded_amount": "2", "refunded_at": "2024-11-18"}
    world.add_order(ordered_at="2024-11-15", gross_amount="9", status="paid", **refund)
    world.add_subscription(AS_OF, interval="month")


def is_invoiced(world: World) -> None:
    start = world.day(last=date(2024, 7, 1))
    sub = world.add_subscription(start, interval="month", billing_interval_count="")
    for number in range(world.random.randint(2, 9)):
        world.add_invoice(sub, add_months(start, number))
    if world.chance(0.4):
        # Two roads at once: the invoices are the revenue.
        world.add_order(
            customer_id=sub["customer_id"], subscription_id=sub["subscription_id"]
        )


def is_invoiced_in_vain(world: World) -> None:
    """Invoices that do not count leave the terms to speak; a later one too."""
    start = world.day(last=date(2024, 7, 1))
    for status in ("void", "Voided", "uncollectible", "deleted", "test", "draft"):
        sub = world.add_subscription(start)
        world.add_invoice(sub, start, status=status, paid_at="")
    running = world.add_subscription(date(2024, 10, 20))
    world.add_invoice(running, date(2024, 11, 5), paid_at="", status="paid")
    world.add_invoice(running, date(2024, 12, 5), paid_at="", status="open")


def is_refunded_by_invoice(world: World) -> None:
    start = world.day(first=date(2024, 1, 1), last=date(2024, 9, 1))
    sub = world.add_subscription(start)
    paid = {"status": "paid", "tax_amount": "2", "paid_at": world.stamp(start)}
    world.add_invoice(sub, start, amount_due="20", amount_refunded="25", **paid)
    nothing = paid | {"amount_paid": "0", "amount_refunded": ""}
    world.add_invoice(sub, add_months(start, 1), **nothing)
    unpaid = {"status": "open", "amount_paid": "", "paid_at": ""}
    world.add_invoice(sub, start, **unpaid)


def buys_items(world: World) -> None:
    world.add_product()
    for _ in range(4):
        order = world.add_order(status="paid")
        for _ in range(world.random.randint(1, 3)):
            world.add_item(order)
    late = world.add_order(ordered_at=world.stamp(world.later(AS_OF, 10)))
    world.add_item(late)


def spends_on_channels(world: World) -> None:
    for _ in range(12):
        world.add_spend()


def is_watched(world: World) -> None:
    for _ in range(3):
        world.add_event()
        world.add_feedback()
    tomorrow = AS_OF + timedelta(days=1)
    for day in (AS_OF - timedelta(days=3), AS_OF, tomorrow):
        world.add_sessions(day)
    world.add_event(occurred_at=tomorrow.isoformat())
    world.add_feedback(submitted_at=tomorrow.isoformat())


def pays_in_many_currencies(world: World) -> None:
    for currency in ("EUR", "gbp", "JPY", "", "usd", KNOWN_LATE):
        start = world.day(first=date(2024, 1, 5))
        sub = world.add_subscription(start, currency=currency)
        world.change(sub, world.later(start, 60), unit_amount=world.price())
        world.change(sub, world.later(start, 90))
        world.add_order(ordered_at=world.stamp(start), currency=currency, status="paid")
        world.add_spend(spend_date=start.isoformat(), currency=currency)


def pays_abroad_after_a_trial(world: World) -> None:
    """The rate is that of the first paying day, not of the first day."""
    for currency in ("EUR", "GBP"):
        start = world.day(last=date(2024, 8, 1))
        trial = start + timedelta(days=60)
        sub = world.add_subscription(
            start, currency=currency, trial_ends_at=world.stamp(trial)
        )
        world.change(sub, start + timedelta(days=20), unit_amount="44")
        world.change(sub, start + timedelta(days=80), quantity="2")


def arrives_again(world: World) -> None:
    """The rows that arrived last stay; what came before is superseded."""
    first, second = date(2024, 10, 1), date(2024, 10, 8)
    start = world.day(last=date(2024, 6, 1))
    if world.order_grain == "order":
        order = world.add_order(status="paid")
        order["loaded_at"] = world.stamp(second)
        world.load("orders", order, first, gross_amount="1.23")
        same = world.add_order(status="paid", loaded_at=world.stamp(first))
        world.load("orders", same, second)
    sub = world.add_subscription(start, loaded_at=world.stamp(first))
    world.load("subscriptions", sub, first)
    world.load("subscriptions", sub, second, plan_id="last")
    split = world.add_subscription(start, loaded_at="2024-10-08T09:00Z")
    later = "2024-10-08T10:00Z"
    world.load("subscriptions", split, second, plan_id="one", loaded_at=later)
    world.load("subscriptions", split, second, plan_id="two", loaded_at=later)
    silent = world.add_subscription(start, loaded_at="")
    world.load("subscriptions", silent, second, plan_id="other")
    customer = world.tables["customers"][-1]
    customer["loaded_at"] = world.stamp(first)
    world.load("customers", customer, second, country="FR")
    product = world.add_product(loaded_at=world.stamp(first))
    world.load("products", product, second, product_name="Cup")
    sessions = world.add_sessions(AS_OF, loaded_at=world.stamp(first))
    world.load("platform_sessions", sessions, second, sessions="77")
    feedback = world.add_feedback(loaded_at=world.stamp(second))
    world.load("customer_feedback", feedback, first, score="3")
    event = world.add_event(loaded_at=world.stamp(second))
    world.load("customer_events", event, first, channel="fax")
    invoice = world.add_invoice(sub, start, loaded_at=world.stamp(first))
    world.load("invoices", invoice, second, amount_paid="4")
    rate = rate_row(start, f"X{world.name.upper()}", "2")
    world.load("exchange_rates", rate, first)
    world.load("exchange_rates", rate, second, rate="3")
    world.add_order(
        ordered_at=world.stamp(world.later(start, 30)),
        currency=rate["currency"],
        status="paid",
    )


# --- One customer by several ids ---------------------------------------------


def is_busy(world: World, customer: str) -> None:
    """Something of each kind that is to be found under the one key."""
    world.add_order(customer_id=customer, status="paid")
    start = world.day(last=date(2024, 8, 1))
    sub = world.add_subscription(start, customer_id=customer)
    world.maybe_end(sub, start)
    world.add_event(customer_id=customer)


def shares_an_email(world: World) -> None:
    """One address in several spellings; which row is the oldest is chance."""
    address = f"{world.name}-shared@mail.example"
    spelled = (address, f" {address} ", f"{world.name}-SHARED@Mail.Example")
    for text in world.random.sample(spelled, 3)[: world.random.randint(2, 3)]:
        is_busy(world, world.one_more(email=text))
    twin = {"created_at": "2022-02-02", "email": address}
    world.one_more(**twin, country="FR")
    world.one_more(**twin, country="IT", birth_date="")


def shares_no_email(world: World) -> None:
    """What is no address joins nobody."""
    for text in ("n/a", "none@", "@example.com", "no one@example.com", "a@b", "x"):
        for _ in range(2):
            world.one_more(email=text)
    world.one_more(email="")
    world.one_more(email="")


def lists_ids(world: World) -> None:
    """One lists the other, one lists it with its source, two list a third."""
    one, other, third = world.one_more(), world.one_more(), world.one_more()
    world.tables["customers"][-1]["external_customer_ids"] = f"files:{other}"
    listing = world.one_more(external_customer_ids=f" ;{one}; crm-{world.name};;")
    shop = f"{world.name}-shop-9"
    for _ in range(2):
        world.one_more(external_customer_ids=f"{shop};{world.name}-other-{_}")
    for customer in (one, other, third, listing):
        is_busy(world, customer)
    # Another case is another id; one that lists itself is alone.
    lonely = world.one_more(external_customer_ids=f"{world.name}-SHOP-9")
    world.tables["customers"][-1]["external_customer_ids"] += f";{lonely}"


def lists_ids_of_orders(world: World) -> None:
    """Ids without a row; one that has events only is no customer."""
    bought, paid, seen = (f"{world.name}-{letter}7" for letter in "gjk")
    world.add_order(customer_id=bought, status="paid")
    world.add_subscription(world.day(), customer_id=paid)
    world.add_event(customer_id=seen)
    world.add_feedback(customer_id=seen)
    world.one_more(external_customer_ids=f"{bought};{seen}")
    world.one_more(external_customer_ids=f"files:{paid} ; {seen}")


def lists_many_ids(world: World) -> None:
    """A long list, with empty places in it; the last one counts too."""
    last, next_to_last = world.one_more(), world.one_more()
    many = [f"{world.name}-n{number}" for number in range(49)]
    written = ["", *many, " ", next_to_last, last]
    world.one_more(external_customer_ids=";".join(written))


def is_a_guest(world: World) -> None:
    """The id of a guest is its address, with and without a row."""
    customer = world.one_more()
    number = customer.split("-c")[1]
    for guest in (f"{world.name}-C{number}@Example.com", f"{customer}@example.com"):
        world.add_order(customer_id=guest, status="paid")
    for guest in (f"{world.name}-guest@example.com", f"{world.name}-Guest@EXAMPLE.com"):
        is_busy(world, guest)
    world.one_more(external_customer_ids=f"{world.name}-guest@example.com", email="")
    lone = f"{world.name}-lone@example.com"
    row = {"customer_id": lone, "email": f"{world.name}-alone@example.com"}
    world.tables["customers"].append(row)
    world.one_more(email=f"{world.name}-Alone@example.com")


def is_chained(world: World) -> None:
    """Each is joined to the next by another kind of link; the key is at an end."""
    first = len(world.tables["customers"])
    for number in range(6):
        values = {}
        if number % 2:
            values["email"] = f"{world.name}-chain-{number // 2}@example.com"
        elif number:
            previous = world.tables["customers"][-1]["customer_id"]
            values["external_customer_ids"] = previous
        customer = world.add_customer(first + number, **values)
        if world.chance(0.6):
            is_busy(world, customer)
        if number % 2:
            previous = world.tables["customers"][-2]
            previous["email"] = values["email"].upper().replace("W", "w", 1)


def moves_between_ids(world: World) -> None:
    """The subscription goes on under another id on the day it ended."""
    address = f"{world.name}-mover@example.com"
    old, new = (world.one_more(email=address) for _ in range(2))
    start = world.day(last=date(2024, 4, 1))
    end = world.later(start, 150)
    world.end(world.add_subscription(start, customer_id=old), end)
    world.add_subscription(end, customer_id=new)
    world.add_order(customer_id=old, status="paid")
    world.add_order(customer_id=new, status="paid")


# --- Gaps, requests to cancel, renewals ------------------------------------------


# The fall, the return: within a month, over its end, over a whole one or not.
GAPS = (
    ("2024-03-05", "2024-03-06"),
    ("2024-03-05", "2024-03-12"),
    ("2024-03-05", "2024-03-25"),
    ("2024-03-05", "2024-03-26"),
    ("2024-02-25", "2024-03-03"),
    ("2024-03-01", "2024-03-31"),
    ("2024-03-01", "2024-04-01"),
    ("2024-03-02", "2024-04-30"),
    ("2024-03-02", "2024-05-01"),
    ("2024-01-31", "2024-03-01"),
    ("2024-10-31", "2024-11-17"),
    ("2024-11-02", "2024-11-18"),
)


def comes_back_after(world: World) -> None:
    """By the same subscription or by another one, alone or of two."""
    for fall, rise in world.random.sample(GAPS, 6):
        customer = world.one_more()
        start = world.day(last=date(2023, 12, 1)).isoformat()
        plain = {"customer_id": customer, "started_at": start, "status": "active"}
        sub = world.add_subscription(AS_OF, **plain)
        if world.chance(0.4):
            day = date.fromisoformat(fall)
            world.change(sub, day, status=world.random.choice(("paused", "unpaid")))
            world.change(sub, date.fromisoformat(rise), status="active")
            continue
        sub["ended_at"] = fall
        if world.chance(0.4):
            world.add_subscription(AS_OF, **plain, ended_at=fall)
        back = {"customer_id": customer, "started_at": rise}
        world.add_subscription(AS_OF, **back)


def falls_again_and_again(world: World) -> None:
    """Several short gaps in a row, one of them still open."""
    customer = world.one_more()
    start = world.day(last=date(2024, 4, 1))
    for _ in range(5):
        sub = world.add_subscription(start, customer_id=customer)
        end = world.later(start, 50)
        world.end(sub, end)
        start = world.later(end, 25)


def asks_to_cancel(world: World) -> None:
    """Before the end, without one, on the first day, too late, in days to come."""
    for after, until in ((40, 60), (40, None), (0, 90), (70, 60), (60, 60)):
        start = world.day(last=date(2024, 7, 1))
        asked = start + timedelta(days=after)
        sub = world.add_subscription(start, cancel_requested_at=world.stamp(asked))
        if until:
            world.end(sub, start + timedelta(days=until))
    start = world.day(first=date(2024, 5, 1), last=date(2024, 10, 1))
    asked = world.later(AS_OF, 20)
    world.add_subscription(start, cancel_requested_at=world.stamp(asked))
    early = (start - timedelta(days=3)).isoformat()
    world.add_subscription(start, cancel_requested_at=early)
    customer = world.one_more()
    pausing = {"customer_id": customer, "cancel_requested_at": "2024-10-20"}
    sub = world.add_subscription(start, **pausing)
    world.change(sub, date(2024, 11, 1), quantity="7")
    world.add_subscription(date(2024, 10, 29), customer_id=customer)


def asks_to_cancel_soon(world: World) -> None:
    """Terms that end soon, with and without an intent to leave."""
    for days, asked in ((3, ""), (30, "2024-11-17"), (9, "2024-11-18"), (400, "")):
        for interval in ("month", "quarter"):
            start = world.day(first=date(2024, 8, 18), last=date(2024, 11, 16))
            sub = world.add_subscription(
                start, interval=interval, cancel_requested_at=asked
            )
            world.end(sub, AS_OF + timedelta(days=days))


def renews_late(world: World) -> None:
    """Some days after its term ended; one in days whose grace still runs."""
    monthly = {"interval": "month", "billing_interval_count": "1", "quantity": "1"}
    for days in (1, 3, 7, 8, 15):
        start = world.day(last=date(2024, 6, 1))
        sub = world.add_subscription(start, **monthly)
        pause = add_months(start, world.random.randint(1, 3))
        world.change(sub, pause, status="paused")
        back = world.random.choice(({}, {"unit_amount": world.price()}))
        later = pause + timedelta(days=days)
        world.change(sub, later, status="active", **back)
        world.maybe_end(sub, later)
    for days in (0, 2, 6, 7, 8):
        start = world.day(last=date(2024, 9, 1))
        sub = world.add_subscription(start, **monthly)
        sub["ended_at"] = (AS_OF - timedelta(days=days)).isoformat()


def is_replaced_by_another(world: World) -> None:
    """A subscription ends; another of the customer starts that day or later."""
    for days in (0, 0, 1, 5, 7, 8):
        customer = world.one_more()
        start = world.day(last=date(2024, 5, 1))
        end = world.later(start, 120)
        plain = {"customer_id": customer, "quantity": "1"}
        for _ in range(world.random.choice((1, 1, 2, 3))):
            old = world.add_subscription(start, **plain)
            old["ended_at"] = end.isoformat()
        if world.chance(0.3):
            # Ended earlier, and still in its grace.
            early = world.add_subscription(start, **plain)
            early["ended_at"] = max(start, end - timedelta(days=2)).isoformat()
        later = end + timedelta(days=days)
        price = world.price()
        for _ in range(world.random.choice((1, 1, 2))):
            world.add_subscription(later, **plain, unit_amount=price)


def replaces_each_other(world: World) -> None:
    """Its own return goes before that of another; another may only switch."""
    customer = world.one_more()
    start = world.day(last=date(2024, 3, 1))
    plain = {"customer_id": customer, "interval": "month", "quantity": "1"}
    sub = world.add_subscription(start, **plain)
    pause = start + timedelta(days=70)
    world.change(sub, pause, status="paused")
    world.change(sub, pause + timedelta(days=5), status="active")
    world.add_subscription(pause + timedelta(days=1), **plain)
    switching = world.add_subscription(start, **plain)
    ending = world.add_subscription(start, **plain)
    day = pause + timedelta(days=40)
    world.end(ending, day)
    world.change(switching, day + timedelta(days=2), billing_interval="year")


def fails_and_recovers(world: World) -> None:
    start = world.day(last=date(2024, 5, 1))
    sub = world.add_subscription(start, status="active")
    day = start
    for status in ("past_due", "unpaid", "active", "unpaid", "paused", "active"):
        day = world.later(day, 30)
        world.change(sub, day, status=status)
    leaving = world.add_subscription(start)
    day = world.later(start, 90)
    world.change(leaving, day, status="unpaid")
    world.end(leaving, world.later(day, 40))


# --- Trials -----------------------------------------------------------------


def changes_in_its_trial(world: World) -> None:
    start = world.day(last=date(2024, 9, 1))
    trial = start + timedelta(days=30)
    sub = world.add_subscription(start, trial_ends_at=trial.isoformat())
    sub["status"] = ""
    world.change(sub, start + timedelta(days=9), plan_id="team")
    world.change(sub, start + timedelta(days=12), unit_amount="0")
    if world.chance(0.5):
        world.change(sub, start + timedelta(days=20), unit_amount=world.price())
    world.maybe_end(sub, trial)


def tries_twice(world: World) -> None:
    start = world.day(last=date(2024, 3, 1))
    sub = world.add_subscription(start, status="active")
    day = start
    last = world.random.choice(("unpaid", "past_due", "paused", "active"))
    for status in ("trialing", "active", "trialing", last):
        world.change(sub, day, status=status)
        day = world.later(day, 40)
    running = world.add_subscription(world.day(first=date(2024, 11, 1)))
    running["trial_ends_at"] = world.later(AS_OF, 10).isoformat()
    ended_today = world.add_subscription(world.day(first=date(2024, 11, 1)))
    ended_today |= {"trial_ends_at": AS_OF.isoformat(), "status": "trialing"}


# --- Invoice periods --------------------------------------------------------


def bill(world: World, sub: Text, start: date, end: date, **values: str) -> None:
    """An invoice for just these days, known since it began."""
    plain = {"status": "paid", "paid_at": start.isoformat()}
    # A bare date may be a last day with service, an instant never is.
    is_bare = int(sub["subscription_id"][-1]) % 2
    until = end.isoformat() if is_bare else f"{end}T00:00"
    days = {"period_start": start.isoformat(), "period_end": until}
    world.add_invoice(sub, start, **plain | days | values)


def is_invoiced_cleanly(world: World) -> None:
    """One period after the other; the last one runs, or is yet to come."""
    for months in (1, 3):
        start = world.day(first=date(2023, 6, 1), last=date(2024, 5, 1))
        sub = world.add_subscription(start, interval="month")
        for number in range(world.random.choice((3, 40))):
            first = add_months(start, number * months)
            bill(world, sub, first, add_months(start, (number + 1) * months))
        if world.chance(0.5):
            world.end(sub, world.later(start, 300))


def is_invoiced_with_gaps(world: World) -> None:
    for interval in ("month", "week"):
        start = world.day(last=date(2024, 3, 1))
        sub = world.add_subscription(start, interval=interval)
        first = start + timedelta(days=world.random.choice((0, 1, 20, 45)))
        for _ in range(world.random.randint(2, 6)):
            last = world.later(first, 50)
            bill(world, sub, first, last)
            first = last + timedelta(days=world.random.choice((0, 0, 1, 9, 35, 70)))
        world.maybe_end(sub, start + timedelta(days=60))


def is_invoiced_twice_over(world: World) -> None:
    """Overlapping, equal, empty, void and backwards; the earlier one is the term."""
    start = world.day(last=date(2024, 4, 1))
    sub = world.add_subscription(start, interval="month", billing_interval_count="1")
    days = ((0, 30), (0, 20), (10, 40), (30, 60), (35, 36), (50, 65), (65, 65))
    days += ((65, 80), (65, 80), (80, 95), (-20, 0), (-40, -25))
    for first, last in world.random.sample(days, 9):
        bill(world, sub, start + timedelta(first), start + timedelta(last))
    bill(world, sub, start, start + timedelta(days=90), status="void")
    unpaid = {"status": "open", "paid_at": "", "amount_paid": ""}
    bill(world, sub, date(2024, 11, 10), date(2024, 12, 10), **unpaid)
    bill(world, sub, date(2024, 12, 10), date(2025, 1, 10), **unpaid)


def is_invoiced_across_an_end(world: World) -> None:
    """Periods that cross a pause, another interval, the end, a trial's end."""
    start = world.day(last=date(2023, 9, 1))
    sub = world.add_subscription(start, interval="month", status="active")
    for number in range(0, 420, 42):
        first = start + timedelta(days=number)
        bill(world, sub, first, first + timedelta(days=42))
    world.change(sub, start + timedelta(days=100), status="paused")
    world.change(sub, start + timedelta(days=130), status="active")
    world.change(sub, start + timedelta(days=200), billing_interval="week")
    world.change(sub, start + timedelta(days=252), billing_interval="quarter")
    if world.chance(0.7):
        world.end(sub, start + timedelta(days=world.random.choice((294, 310, 400))))
    trial = (start + timedelta(days=20)).isoformat()
    trying = world.add_subscription(start, interval="month", trial_ends_at=trial)
    bill(world, trying, start, start + timedelta(days=30))
    bill(world, trying, start + timedelta(days=30), start + timedelta(days=61))


def changes_plan(world: World) -> None:
    """Up, down and to an equal price; one has no plan at first."""
    plain = {"quantity": "1", "discount_amount": "", "billing_interval_count": "1"}
    for first in ("basic", ""):
        start = world.day(last=date(2024, 3, 1))
        sub = world.add_subscription(
            start, interval="month", plan_id=first, unit_amount="20", **plain
        )
        day = start
        for plan, price in (("pro", "50"), ("basic", "20"), ("team", "20")):
            day = world.later(day, 60)
            world.change(sub, day, plan_id=plan, unit_amount=price)
        world.maybe_end(sub, day)


def trades_plans(world: World) -> None:
    """Two subscriptions of a customer move against each other in one month."""
    plain = {"quantity": "1", "discount_amount": "", "billing_interval_count": "1"}
    for number, price in enumerate(("45", "35", "30")):
        customer = f"{world.name}-t{number}"
        month = world.day(first=date(2022, 1, 1), last=date(2024, 9, 1)).replace(day=1)
        about = {"customer_id": customer, "interval": "month", **plain}
        rising = world.add_subscription(
            add_months(month, -3), plan_id="basic", unit_amount="10", **about
        )
        falling = world.add_subscription(
            add_months(month, -2), plan_id="pro", unit_amount="40", **about
        )
        # Basic loses 10 and team wins 15; pro goes from 40 to 45, 35 or 30.
        day = month + timedelta(days=6)
        world.change(rising, day, plan_id="pro", unit_amount=price)
        world.change(falling, world.later(day, 20), plan_id="team", unit_amount="10")
        third = world.add_subscription(month, plan_id="team", unit_amount="5", **about)
        world.maybe_end(third, month)


def trades_intervals(world: World) -> None:
    """The same price by another interval, a higher and a lower one."""
    plain = {"quantity": "1", "discount_amount": "", "billing_interval_count": "1"}
    start = world.day(last=date(2024, 2, 1))
    for price in ("360", "500", "120"):
        sub = world.add_subscription(start, interval="month", unit_amount="30", **plain)
        year = {"billing_interval": "year", "unit_amount": price}
        world.change(sub, world.later(start, 90), **year)
        quarter = {"billing_interval": "quarterly", "unit_amount": "90"}
        world.change(sub, world.later(start + timedelta(days=91), 90), **quarter)


def replaces_on_the_same_day(world: World) -> None:
    """One ends as another one starts, resumes, or is paid for the first time."""
    for number in range(3):
        start = world.day(last=date(2024, 3, 1))
        day = start + timedelta(days=100)
        customer = {"customer_id": f"{world.name}-r{number}"}
        world.end(world.add_subscription(start, quantity="1", **customer), day)
        if number == 0:
            world.maybe_end(world.add_subscription(day, **customer), day)
        if number == 1:
            other = world.add_subscription(start, **customer)
            world.change(other, start + timedelta(days=9), status="paused")
            world.change(other, day, status="active")
        if number == 2:
            trial = {"trial_ends_at": day.isoformat(), "status": "active"}
            world.add_subscription(start, **customer, **trial)


def buys_at_every_pace(world: World) -> None:
    """Much or little, lately or long ago, and everything in between."""
    ages = (3, 45, 130, 300, 700)
    for number, (age, count) in enumerate(product(ages, (1, 2, 3, 5, 8))):
        day = AS_OF - timedelta(days=age + world.random.randint(0, 20))
        for _ in range(count):
            world.add_order(
                customer_id=f"{world.name}-g{number}",
                ordered_at=world.stamp(day),
                status="paid",
            )
            day -= timedelta(days=world.random.randint(1, 40))


def is_of_high_value(world: World) -> None:
    """With each of the three marks, and without."""
    marks = product((True, False), repeat=3)
    for number, (is_full, is_often, is_dear) in enumerate(marks):
        for age in (20, 60, 150) if is_often else (20, 500, 600):
            day = AS_OF - timedelta(days=age)
            world.add_order(
                customer_id=f"{world.name}-h{number}",
                ordered_at=world.stamp(day),
                status="paid",
                gross_amount="6000" if is_dear else "2",
                discount_amount="" if is_full else "0.5",
                refunded_amount="",
                currency="",
            )
    # Half at full price, and two orders of which one is a year old to the day.
    for day, discount in ((add_months(AS_OF, -12), "1"), (AS_OF, "")):
        world.add_order(
            customer_id=f"{world.name}-h8",
            ordered_at=day.isoformat(),
            status="paid",
            gross_amount="7000",
            discount_amount=discount,
        )


def buys_at_every_price(world: World) -> None:
    """Below, at and above a list price, which the item or the product names."""
    listed = world.add_product(list_price="10", unit_cost="4")["product_id"]
    plain = world.add_product(list_price="", unit_cost="")["product_id"]
    unheard = f"{world.name}-p99"
    cases: tuple[tuple[str, dict[str, str], dict[str, str]], ...] = (
        (plain, {}, {"unit_price": "8", "list_price": "10"}),
        (plain, {}, {"unit_price": "10", "list_price": "10.00"}),
        (plain, {}, {"unit_price": "12", "list_price": "10"}),
        (plain, {}, {"list_price": "10", "discount_amount": "0.01"}),
        (plain, {}, {"discount_amount": "0"}),
        (plain, {}, {"discount_amount": "2"}),
        (unheard, {}, {"unit_cost": ""}),
        (unheard, {}, {"unit_cost": "3", "discount_amount": "1"}),
        (listed, {}, {"unit_price": "9", "unit_cost": ""}),
        (listed, {}, {"unit_price": "10", "unit_cost": ""}),
        (listed, {}, {"unit_price": "8", "list_price": "8", "unit_cost": "1"}),
        (listed, {}, {"unit_price": "11", "list_price": "12"}),
        (listed, {}, {"unit_price": "1", "quantity": "0"}),
        (listed, {"currency": "GBP"}, {"unit_price": "9", "unit_cost": "5"}),
        (listed, {"currency": "GBP"}, {"unit_price": "9", "unit_cost": ""}),
        (listed, {"currency": "gbp"}, {"unit_price": "9", "discount_amount": "1"}),
        (plain, {"currency": "GBP"}, {"unit_price": "9", "list_price": "9.5"}),
        (plain, {"discount_amount": "1.50"}, {"list_price": "1"}),
        (listed, {"refunded_amount": "2.5"}, {"unit_cost": ""}),
    )
    usual = {"status": "paid", "gross_amount": "60"}
    usual |= {"discount_amount": "", "currency": ""}
    for product_id, order_values, item_values in cases:
        order = world.add_order(**usual | order_values)
        about = {"quantity": world.random.choice(("1", "2", "0.5"))}
        item = about | {"unit_price": "10"} | item_values
        world.add_item(order, product_id=product_id, **item)
        if world.chance(0.4):
            world.add_item(order, product_id=plain, list_price="")


def buys_for_nothing(world: World) -> None:
    """Items without an amount share the order evenly; some are in vain."""
    free = world.add_product(unit_cost="")["product_id"]
    given = {"status": "paid", "gross_amount": "30"}
    whole = world.add_order(**given)
    for cost in ("", "1", ""):
        world.add_item(whole, product_id=free, unit_price="0", unit_cost=cost)
    covered = world.add_order(**given)
    world.add_item(covered, unit_price="5", discount_amount="500", quantity="2")
    world.add_item(covered, unit_price="0", product_id=free)
    mixed = world.add_order(**given)
    world.add_item(mixed, unit_price="5", discount_amount="500")
    world.add_item(mixed, unit_price="5", product_id=free, quantity="3")
    nothing = world.add_order(**given | {"gross_amount": "0", "discount_amount": ""})
    world.add_item(nothing, product_id=f"{world.name}-p97")
    cancelled = world.add_order(**given | {"status": "cancelled"})
    world.add_item(cancelled, product_id=f"{world.name}-p98")
    returned = world.add_order(**given, refunded_amount="30", refunded_at="2024-11-16")
    world.add_item(returned, product_id=free)
    sub = world.add_subscription(world.day(last=date(2024, 9, 1)))
    billing = {"subscription_id": sub["subscription_id"]}
    billed = world.add_order(customer_id=sub["customer_id"], **billing, **given)
    world.add_item(billed, product_id=free, unit_price="30")


def says_what_it_thinks(world: World) -> None:
    """The last answer holds; of two at once that with the larger id."""
    early, late = world.stamp(date(2024, 5, 5)), "2024-06-06T10:00Z"
    answers = (
        *(("0", early, "10"), ("0", late, "6")),
        *(("1", early, "2"), ("1", late, "7")),
        *(("2", early, "0"), ("2", late, "9")),
        *(("3", late, "10"), ("3", "2024-06-06T12:00+02:00", "3")),
        *(("4", late, "3"), ("4", "2024-06-06 10:00", "8"), ("4", late, "9")),
        *(("5", late, "8"), ("5", "2024-11-18T12:00Z", "1")),
        *(("unheard-of", late, "5"),),
    )
    for number, (who, at, score) in enumerate(answers):
        customer = f"{world.name}-k{who}"
        if who not in ("unheard-of", "0"):
            world.add_order(customer_id=customer)
        # In the order of the text 10 comes before 9.
        feedback = {"feedback_id": f"{world.name}-k{number}", "submitted_at": at}
        world.add_feedback(customer_id=customer, score=score, **feedback)
        for _ in range(number % 3):
            world.add_event(customer_id=customer)
    world.tables["customers"].append({"customer_id": f"{world.name}-k0"})


def is_visited_on_platforms(world: World) -> None:
    """One platform in three spellings; one seen only, one bought on only."""
    for day in (date(2024, 9, 3), date(2024, 10, 4), AS_OF):
        for name in ("web", "Web", "WEB"):
            world.add_sessions(day, platform=f"{name}-{world.name}")
        world.add_sessions(day, platform=f"tv-{world.name}", sessions="12.5")
        for name in (f"Web-{world.name}", f"web-{world.name} ", "", "App"):
            at = world.stamp(day)
            world.add_order(platform=name, ordered_at=at, status="paid")
        kiosk = f"Kiosk-{world.name}"
        world.add_order(platform=kiosk, ordered_at=world.stamp(day), status="paid")
        world.add_sessions(day, platform=f"empty-{world.name}", sessions="0")
        world.add_order(platform=f"empty-{world.name}", ordered_at=day.isoformat())
    # The billing of a subscription is no visit that was won.
    sub = world.add_subscription(world.day(), customer_id=f"{world.name}-c1")
    billing = {"customer_id": f"{world.name}-c1", "status": "paid"}
    billing |= {"subscription_id": sub["subscription_id"]}
    world.add_order(platform=f"radio-{world.name}", **billing)


RECIPES: tuple[Recipe, ...] = (
    runs_on,
    every_interval,
    daily_for_a_while,
    anchored_at_a_month_end,
    anchored_on_the_last_of_august,
    leaves_this_year,
    ends_at_a_month_edge,
    will_end,
    starts_and_ends_on_one_day,
    lives_for_days,
    switches_on_one_day,
    comes_back,
    comes_back_within_the_month,
    overlaps,
    two_alike_end_together,
    tries_and_buys,
    tries_and_leaves,
    tries_by_changes,
    tries_for_ever,
    pauses,
    fails_by_its_row,
    fails_by_its_row_after_changes,
    never_completes,
    changes_price,
    moves_many_times_in_a_month,
    changes_interval_mid_term,
    changes_interval_on_a_boundary,
    is_free,
    starts_with_a_discount,
    is_billed_by_orders,
    is_billed_by_orders_that_do_not_count,
    buys_often,
    bought_long_ago,
    bought_once,
    pays_later,
    is_invoiced,
    is_invoiced_in_vain,
    is_refunded_by_invoice,
    buys_items,
    spends_on_channels,
    is_watched,
    pays_in_many_currencies,
    pays_abroad_after_a_trial,
    arrives_again,
    shares_an_email,
    shares_no_email,
    lists_ids,
    lists_ids_of_orders,
    lists_many_ids,
    is_a_guest,
    is_chained,
    moves_between_ids,
    comes_back_after,
    falls_again_and_again,
    asks_to_cancel,
    asks_to_cancel_soon,
    renews_late,
    is_replaced_by_another,
    replaces_each_other,
    fails_and_recovers,
    changes_in_its_trial,
    tries_twice,
    is_invoiced_cleanly,
    is_invoiced_with_gaps,
    is_invoiced_twice_over,
    is_invoiced_across_an_end,
    changes_plan,
    trades_plans,
    trades_intervals,
    replaces_on_the_same_day,
    buys_at_every_pace,
    is_of_high_value,
    buys_at_every_price,
    buys_for_nothing,
    says_what_it_thinks,
    is_visited_on_platforms,
)


# --- Dirt: one recipe for each reason to reject a row -----------------------


def lacks_an_id(world: World) -> None:
    world.add_order(order_id="")
    world.add_order(customer_id=" ")
    world.add_subscription(world.day(), customer_id="")
    world.tables["customers"].append({"customer_id": "", "country": world.name})
    orphan = {"changed_at": "2024-01-01", "plan_id": world.name}
    world.tables["subscription_changes"].append(orphan)


def lacks_a_value(world: World) -> None:
    world.add_order(ordered_at="", gross_amount="")
    world.add_subscription(world.day(), unit_amount="")
    world.add_subscription(world.day(), started_at="")
    sub = world.add_subscription(world.day(), billing_interval="")
    sub["status"] = "bogus"
    good = world.add_subscription(world.day())
    change = {"subscription_id": good["subscription_id"], "plan_id": "pro"}
    world.tables["subscription_changes"].append(change)


def has_a_bad_date(world: World) -> None:
    bad = ("03/02/2026", "2023-02-29", "2024-13-01", "2024-01-01T25:00", "soon")
    world.add_order(ordered_at=world.random.choice(bad))
    world.add_order(refunded_at=world.random.choice(bad), refunded_amount="1")
    world.add_subscription(world.day(), ended_at=world.random.choice(bad))
    world.add_subscription(world.day(), trial_ends_at="x", cancel_requested_at="y")
    customer = {"customer_id": f"{world.name}-c90", "birth_date": "1990-2-3"}
    world.tables["customers"].append(customer)
    sub = world.add_subscription(world.day())
    change = {"subscription_id": sub["subscription_id"], "changed_at": "20240101"}
    world.tables["subscription_changes"].append(change)


def has_a_bad_amount(world: World) -> None:
    for amount in ("1,50", "NaN", "inf", "$5", "1e3", "1234567890123", "5."):
        world.add_order(gross_amount=amount)
    world.add_order(discount_amount="free", cost_amount="-1")
    sub = world.add_subscription(world.day(), unit_amount="10 USD")
    # Its subscription is not accepted, so neither is the change.
    world.change(sub, world.day(), quantity="2")


def has_a_bad_number(world: World) -> None:
    world.add_subscription(world.day(), quantity="two")
    for count in ("0", "1.5", "1001", "-1", "x"):
        world.add_subscription(world.day(), billing_interval_count=count)
    start = world.day()
    sub = world.add_subscription(start)
    world.change(sub, start, quantity="one")
    world.change(sub, start, billing_interval_count="0", plan_id="lost")


def has_a_bad_boolean(world: World) -> None:
    world.add_subscription(world.day(), is_involuntary="maybe")
    start = world.day()
    sub = world.add_subscription(start)
    world.change(sub, start, discount_is_recurring="2")


def is_negative(world: World) -> None:
    world.add_order(gross_amount="-5", tax_amount="-0.01")
    world.add_order(refunded_amount="-1", refunded_at="")
    world.add_order(shipping_amount="-1", discount_amount="-2")
    world.add_subscription(world.day(), unit_amount="-3", quantity="-1")
    many = {"ended_at": "soon", "quantity": "x", "is_involuntary": "perhaps"}
    world.add_subscription(world.day(), unit_amount="-3", status="zzz", **many)
    start = world.day()
    world.change(world.add_subscription(start), start, discount_amount="-1")


def is_unknown(world: World) -> None:
    world.add_subscription(world.day(), status="sleeping")
    world.add_subscription(world.day(), billing_interval="fortnight", status="zzz")
    start = world.day()
    sub = world.add_subscription(start)
    world.change(sub, start, status="gone")
    world.change(sub, start, billing_interval="decade")
    nobody = {"subscription_id": f"{world.name}-s999"}
    world.change(nobody, world.day(), quantity="2")


def is_out_of_order(world: World) -> None:
    start = world.day(last=date(2024, 6, 1))
    world.add_subscription(start, ended_at=(start - timedelta(days=1)).isoformat())
    world.add_subscription(start, status="cancelled")
    world.add_subscription(start, status="Ended", ended_at="")
    sub = world.add_subscription(start)
    world.end(sub, start + timedelta(days=90))
    world.change(sub, start - timedelta(days=1), quantity="9")
    world.change(sub, start + timedelta(days=91), quantity="9")
    world.change(sub, start + timedelta(days=90), quantity="9", status="unpaid")


def is_repeated(world: World) -> None:
    order = world.add_order(status="paid")
    # Identical but for the spaces around a value.
    world.tables["orders"].append(order | {"order_id": f" {order['order_id']} "})
    start = world.day()
    sub = world.add_subscription(start)
    world.tables["subscriptions"].append(dict(sub))
    world.change(sub, start, quantity="2")
    changes = world.tables["subscription_changes"]
    changes.append(dict(changes[-1]))
    world.tables["customers"] += world.tables["customers"][:1]


def is_contradicted(world: World) -> None:
    order = world.add_order(gross_amount="10")
    world.tables["orders"] += [order | {"gross_amount": "11"}, dict(order)]
    broken = world.add_order(gross_amount="10")
    world.tables["orders"].append(broken | {"gross_amount": "x"})
    start = world.day()
    sub = world.add_subscription(start)
    world.tables["subscriptions"].append(sub | {"plan_id": "another"})
    world.change(sub, start, quantity="2")
    fine = world.add_subscription(start)
    world.change(fine, start, quantity="2")
    changes = world.tables["subscription_changes"]
    changes.append(changes[-1] | {"quantity": "3"})
    customer = world.tables["customers"][0]
    world.tables["customers"].append(customer | {"country": "XX"})


def is_foreign(world: World) -> None:
    world.add_order(currency=UNKNOWN.lower(), gross_amount="12.34")
    world.add_subscription(world.day(), currency=UNKNOWN)
    world.add_order(currency=UNKNOWN, gross_amount="n/a")
    world.add_order(currency=KNOWN_LATE, ordered_at="2023-12-31")
    world.add_spend(currency=UNKNOWN)
    sub = world.add_subscription(world.day())
    world.add_invoice(sub, date(2024, 5, 1), currency=UNKNOWN)
    early = {"currency": KNOWN_LATE, "paid_at": "2023-11-11"}
    world.add_invoice(sub, date(2024, 5, 1), **early)
    # The trial ends after the first rate; nothing is paid before.
    late = {"currency": KNOWN_LATE, "trial_ends_at": "2024-01-01"}
    world.add_subscription(date(2023, 12, 5), **late)


def has_bad_items(world: World) -> None:
    order = world.add_order(status="paid")
    world.add_item(order)
    world.add_item({"order_id": f"{world.name}-o999"})
    world.add_item(world.add_order(gross_amount="broken"))
    world.add_item(order, order_id="", quantity="")
    world.add_item(order, order_item_id="", product_id="")
    world.add_item(order, unit_price="", list_price="a lot")
    world.add_item(order, quantity="-1", unit_cost="x")
    twin = world.tables["order_items"][-7]
    world.tables["order_items"] += [dict(twin), twin | {"quantity": "77"}]
    world.tables["products"] += [{"product_id": "", "category": world.name}]
    world.add_product(list_price="-1", unit_cost="cheap")
    world.add_product(list_price="dear")


def has_bad_invoices(world: World) -> None:
    start = world.day(last=date(2024, 6, 1))
    sub = world.add_subscription(start)
    world.add_invoice({"subscription_id": f"{world.name}-s999", "currency": ""}, start)
    world.add_invoice(sub, start, invoice_id="", subscription_id="")
    world.add_invoice(sub, start, amount_due="", period_start="")
    world.add_invoice(sub, start, amount_due="-5", amount_paid="-5")
    world.add_invoice(sub, start, period_end=(start - timedelta(days=1)).isoformat())
    world.add_invoice(sub, start, period_end="", paid_at="never", tax_amount="19%")
    world.add_invoice(sub, start, amount_refunded="x", amount_paid="all")
    invoice = world.add_invoice(sub, start)
    world.tables["invoices"] += [dict(invoice), invoice | {"status": "other"}]


def has_bad_rates(world: World) -> None:
    currency, day = f"Y{world.name.upper()}", date(2023, 3, 1)
    for number, rate in enumerate(("0", "-1", "1,2", "", "1e2", "NaN", "0.5")):
        later = day + timedelta(days=number)
        world.tables["exchange_rates"].append(rate_row(later, currency, rate))
    for rate in ("7", "8"):
        row = rate_row(date(2023, 6, 1), currency, rate)
        world.tables["exchange_rates"].append(row)
    bad = rate_row(day, "", "1") | {"rate_date": f"{world.name}"}
    world.tables["exchange_rates"].append(bad)
    # Neither the zero of March nor the conflict of June is a rate.
    world.add_order(currency=currency, ordered_at="2023-03-06")
    world.add_order(currency=currency, ordered_at="2023-03-07", status="paid")
    world.add_order(currency=currency, ordered_at="2023-06-02", status="paid")


def has_bad_days(world: World) -> None:
    world.add_spend(spend_date="")
    world.add_spend(spend_date="01.02.2024", amount="-3")
    world.add_spend(channel=" ", amount="")
    world.add_spend(amount="1.000,00")
    world.add_sessions(AS_OF, sessions="many")
    world.add_sessions(AS_OF - timedelta(days=1), sessions="-4")
    world.add_sessions(AS_OF - timedelta(days=2), session_date="2024-02-30")
    twice = world.add_sessions(AS_OF - timedelta(days=5))
    world.tables["platform_sessions"] += [dict(twice), twice | {"sessions": "1000"}]
    world.add_event(event_type="", customer_id="")
    world.add_event(occurred_at="", event_id="")
    world.add_event(occurred_at="noon")
    for score in ("11", "-1", "7.5", "ten", ""):
        world.add_feedback(score=score)
    world.add_feedback(feedback_id="", submitted_at="now")
    world.add_feedback(customer_id="", submitted_at="", loaded_at="?")


def is_deleted(world: World) -> None:
    """What its source took back is not used, and neither is what belongs to it."""
    first, second = date(2024, 10, 1), date(2024, 10, 8)
    gone = world.stamp(date(2024, 10, 7))
    start = world.day(last=date(2024, 6, 1))
    # Marked in place, whatever else is wrong with it; and whom it belongs to.
    order = world.add_order(status="paid", deleted_at=gone, gross_amount="-1")
    world.add_item(order)
    world.add_item(order, quantity="-2", deleted_at="")
    world.add_order(status="paid", deleted_at="soon")
    world.add_order(order_id="", status="paid", deleted_at=gone)
    # A row with the key alone, after the one that it takes back.
    sub = world.add_subscription(start, loaded_at=world.stamp(first))
    world.change(sub, start + timedelta(days=20), unit_amount="44")
    world.add_invoice(sub, start)
    key = {"subscription_id": sub["subscription_id"]}
    world.load("subscriptions", key, second, deleted_at=gone)
    # Taken back, and then there again.
    again = world.add_subscription(start, loaded_at=world.stamp(second))
    world.change(again, start + timedelta(days=20), unit_amount="55")
    key = {"subscription_id": again["subscription_id"]}
    world.load("subscriptions", key, first, deleted_at=gone)
    if world.order_grain == "order":
        back = world.add_order(status="paid", loaded_at=world.stamp(second))
        world.add_item(back)
        world.load("orders", {"order_id": back["order_id"]}, first, deleted_at=gone)
        twice = world.add_order(status="paid", deleted_at=gone)
        world.load("orders", twice, second)
    world.one_more(email=f"gone-{world.name}@mail.example", deleted_at=gone)
    product = world.add_product(deleted_at=gone)
    world.add_item(world.add_order(status="paid"), product_id=product["product_id"])
    world.add_sessions(AS_OF, deleted_at=gone)
    world.add_feedback(deleted_at=gone)
    world.add_event(deleted_at=gone)
    world.add_spend(deleted_at=gone)
    rate = rate_row(start, f"Y{world.name.upper()}", "2")
    world.tables["exchange_rates"].append(rate | {"deleted_at": gone})


DIRT: tuple[Recipe, ...] = (
    lacks_an_id,
    lacks_a_value,
    has_a_bad_date,
    has_a_bad_amount,
    has_a_bad_number,
    has_a_bad_boolean,
    is_negative,
    is_unknown,
    is_out_of_order,
    is_repeated,
    is_contradicted,
    is_deleted,
    is_foreign,
    has_bad_items,
    has_bad_invoices,
    has_bad_rates,
    has_bad_days,
)
