"""The demo's generated subscriptions, lived term by term.

At the start of a term the list price applies and a card may be refused;
within it the customer may change plan, seats or billing interval; at its end
the customer renews, pauses or leaves. What happens after the last day is cut
off: the row of `subscriptions` is the state that is known on that day.
"""

from calendar import monthrange
from dataclasses import dataclass, field
from datetime import date, timedelta

from perennial.demo_draws import Draws, add_up
from perennial.demo_shop import LAST_DAY, Customer, Row, money

# Monthly list prices in cents, before and from the day of the price rise.
PRICE_RISE_DAY = date(2024, 10, 1)
OLD_PRICES = {"basic": 1200, "plus": 2900, "pro": 7900}
NEW_PRICES = {"basic": 1400, "plus": 3200, "pro": 7900}
PRICE_FACTORS = {"week": 0.3, "month": 1.0, "quarter": 2.85, "year": 10.0}

PLANS = ("basic", "plus", "pro")
PLAN_SHARES = {"basic": 0.48, "plus": 0.34, "pro": 0.18}
PLAN_CHURN = {"basic": 1.15, "plus": 0.95, "pro": 0.75}
INTERVAL_SHARES = {"month": 0.70, "year": 0.19, "quarter": 0.08, "week": 0.03}

# The chance to leave at a term's end, by how many terms are over by then.
LEAVE_CHANCES = {
    "week": ((8, 0.025), (999, 0.010)),
    "month": ((3, 0.042), (12, 0.032), (999, 0.022)),
    "quarter": ((2, 0.100), (999, 0.070)),
    "year": ((1, 0.230), (999, 0.160)),
}
# The chance of an event within a month; longer terms have more of it.
EVENT_CHANCES = {
    "upgrade": 0.011,
    "downgrade": 0.005,
    "seats": 0.012,
    "to_year": 0.007,
    "late_payment": 0.012,
}
TERM_MONTHS = {"week": 0.23, "month": 1.0, "quarter": 3.0, "year": 12.0}
PAUSE_CHANCE = 0.005
FAILED_SHARE = 0.17
REASON_SHARES = {
    "too_expensive": 0.30,
    "not_using": 0.27,
    "missing_features": 0.14,
    "competitor": 0.12,
    "support": 0.05,
    "": 0.12,
}


@dataclass
class Term:
    """One billing period as it was charged, in cents."""

    starts: date
    ends: date
    interval: str
    cents: int
    paid_on: date | None = None
    is_refused: bool = False


@dataclass
class Life:
    """One subscription while it is being lived: what it is, and what changed."""

    draws: Draws
    customer: Customer
    started_on: date
    state: dict[str, object]
    trial_ends_on: date | None = None
    ended_on: date | None = None
    requested_on: date | None = None
    reason: str = ""
    is_involuntary: bool | None = None
    discount_rate: float = 0.0
    term_count: int = 0
    changes: list[tuple[date, dict[str, object]]] = field(default_factory=list)
    terms: list[Term] = field(default_factory=list)
    subscription_id: str = ""

    def change(self, day: date, **cells: object) -> None:
        """Take on a new state, unless the day is not there yet."""
        if day > LAST_DAY:
            return
        if not self.changes and day > self.started_on:
            self.changes.append((self.started_on, dict(self.state)))
        self.state.update(cells)
        self.changes.append((day, cells))

    def was_changed_on(self, day: date) -> bool:
        """True when the day already has its change: one a day is enough."""
        return bool(self.changes) and self.changes[-1][0] >= day

    def reprice(self, day: date, **cells: object) -> None:
        """Change what is sold: the list price of the day, discounted as before."""
        sold = {**self.state, **cells}
        unit = list_price(sold["plan_id"], sold["billing_interval"], day)
        cells["unit_amount"] = unit
        if self.state["discount_is_recurring"]:
            cells["discount_amount"] = round(
                unit * sold["quantity"] * self.discount_rate
            )
        self.change(day, **cells)

    def charge(self, starts: date, ends: date, is_refused: bool = False) -> None:
        """Bill a term that has begun; a discount once given is for the first."""
        if starts > LAST_DAY:
            return
        cents = int(str(self.state["unit_amount"])) * int(str(self.state["quantity"]))
        if self.state["discount_is_recurring"] or not self.terms:
            cents -= int(str(self.state["discount_amount"] or 0))
        interval = str(self.state["billing_interval"])
        self.terms.append(Term(starts, ends, interval, cents, is_refused=is_refused))

    def end(self, day: date, reason: str, requested_on: date | None = None) -> None:
        """Leave for good; an end after the last day is known if asked for."""
        is_known = day <= LAST_DAY
        if requested_on is not None:
            is_known = requested_on <= LAST_DAY
        if is_known:
            self.ended_on, self.requested_on = day, requested_on
            self.reason = reason
            self.is_involuntary = reason == "payment_failed"
        if day <= LAST_DAY:
            self.state["status"] = "cancelled"


def make_lives(seed: int, customers: list[Customer]) -> list[Life]:
    """All generated subscriptions by start, numbered."""
    lives = [
        life
        for customer in customers
        if customer.has_subscriptions
        for life in _live_customer(seed, customer)
    ]
    lives.sort(key=lambda life: (life.started_on, life.customer.customer_id))
    for number, life in enumerate(lives, start=1):
        life.subscription_id = f"s{number:04d}"
    return lives


def make_subscriptions(lives: list[Life]) -> list[Row]:
    """The state of each subscription that is known on the last day."""
    return [_subscription_row(life) for life in lives]


def make_subscription_changes(lives: list[Life]) -> list[Row]:
    """Every change of a subscription until the last day."""
    return [
        {"subscription_id": life.subscription_id, **_change_row(day, cells)}
        for life in lives
        for day, cells in life.changes
    ]


def list_price(plan: object, interval: object, day: date) -> int:
    """The price of one seat for one term, in cents."""
    prices = NEW_PRICES if day >= PRICE_RISE_DAY else OLD_PRICES
    return round(prices[str(plan)] * PRICE_FACTORS[str(interval)])


def add_terms(anchor: date, interval: str, count: int) -> date:
    """The day `count` terms after the anchor, on its day of the month if there."""
    if interval == "week":
        return anchor + timedelta(days=7 * count)
    months = {"month": 1, "quarter": 3, "year": 12}[interval] * count
    year, month = divmod(anchor.year * 12 + anchor.month - 1 + months, 12)
    day = min(anchor.day, monthrange(year, month + 1)[1])
    return date(year, month + 1, day)


def _live_customer(seed: int, customer: Customer) -> list[Life]:
    """One customer's subscriptions: some come back, some hold two at a time."""
    draws = Draws(seed, f"{customer.customer_id}/subscriptions")
    started_on = customer.created_at.date() + timedelta(days=_draw_delay(draws))
    lives: list[Life] = []
    while started_on <= LAST_DAY:
        life = _live(draws, customer, started_on, is_first=not lives)
        lives.append(life)
        is_gone = life.ended_on is None or life.ended_on > LAST_DAY
        if is_gone or not draws.chance(0.2 * customer.quality):
            break
        started_on = life.ended_on + timedelta(days=draws.whole(20, 280))
    if lives and draws.chance(0.03):
        second_on = lives[0].started_on + timedelta(days=draws.whole(30, 400))
        if second_on <= LAST_DAY:
            lives.append(_live(draws, customer, second_on, is_first=False))
    return lives


def _draw_delay(draws: Draws) -> int:
    """Days from signing up to the first subscription: mostly none."""
    return 0 if draws.chance(0.7) else draws.whole(1, 60)


def _live(draws: Draws, customer: Customer, started_on: date, is_first: bool) -> Life:
    life = _begin(draws, customer, started_on, is_first)
    anchor = started_on
    if life.trial_ends_on is not None:
        if draws.chance(0.4):
            _leave_trial(life)
            return life
        anchor = life.trial_ends_on
        life.change(anchor, status="active")
    while anchor is not None and anchor <= LAST_DAY:
        anchor = _live_spell(life, anchor)
    return life


def _begin(draws: Draws, customer: Customer, started_on: date, is_first: bool) -> Life:
    plan = draws.weighted(PLAN_SHARES)
    interval = draws.weighted(INTERVAL_SHARES)
    if interval == "week":
        plan = "basic"
    has_trial = is_first and interval in ("month", "year") and draws.chance(0.4)
    unit = list_price(plan, interval, started_on)
    quantity = draws.whole(2, 6) if plan == "pro" and draws.chance(0.35) else 1
    life = Life(draws, customer, started_on, {})
    life.discount_rate = draws.one_of((0.1, 0.2)) if draws.chance(0.14) else 0.0
    is_recurring = draws.chance(0.5)
    discount = round(unit * quantity * life.discount_rate)
    life.state = {
        "plan_id": plan,
        "unit_amount": unit,
        "quantity": quantity,
        "billing_interval": interval,
        "status": "trialing" if has_trial else "active",
        "discount_amount": discount or None,
        "discount_is_recurring": is_recurring if discount else None,
    }
    if has_trial:
        life.trial_ends_on = started_on + timedelta(days=14)
    return life


def _leave_trial(life: Life) -> None:
    """The trial ends and no payment follows."""
    requested_on = life.started_on + timedelta(days=life.draws.whole(1, 13))
    life.end(life.trial_ends_on, _draw_reason(life.draws), requested_on)


def _live_spell(life: Life, anchor: date) -> date | None:
    """Term after term from the anchor; the next anchor, or None when over."""
    interval = str(life.state["billing_interval"])
    number = 0
    while True:
        starts = add_terms(anchor, interval, number)
        ends = add_terms(anchor, interval, number + 1)
        if starts > LAST_DAY:
            return None
        if number > 0:
            _start_term(life, starts)
        life.charge(starts, ends)
        switched_on = _live_term(life, interval, starts, ends)
        if switched_on is not None:
            return switched_on
        life.term_count += 1
        number += 1
        if life.draws.chance(_leave_chance(life, interval)):
            _leave(life, starts, ends)
            return None
        if life.draws.chance(PAUSE_CHANCE * TERM_MONTHS[interval]):
            return _pause(life, ends)


def _start_term(life: Life, starts: date) -> None:
    """The list price of the day applies; a price rise comes with a renewal."""
    unit = list_price(life.state["plan_id"], life.state["billing_interval"], starts)
    if unit != life.state["unit_amount"] and not life.was_changed_on(starts):
        life.reprice(starts)


def _live_term(life: Life, interval: str, starts: date, ends: date) -> date | None:
    """At most one event in a term; the day, when it starts a new spell."""
    months = TERM_MONTHS[interval]
    nothing = max(0.0, 1.0 - months * add_up(EVENT_CHANCES.values()))
    event = life.draws.weighted(
        {"": nothing, **{name: p * months for name, p in EVENT_CHANCES.items()}}
    )
    day = starts + timedelta(days=life.draws.whole(1, (ends - starts).days - 1))
    if day > LAST_DAY:
        return None
    plan, quantity = str(life.state["plan_id"]), int(str(life.state["quantity"]))
    level = PLANS.index(plan)
    if event == "upgrade" and level < 2 and interval != "week":
        life.reprice(day, plan_id=PLANS[level + 1])
    elif event == "downgrade" and level > 0:
        life.reprice(day, plan_id=PLANS[level - 1], quantity=1)
    elif event == "seats" and plan == "pro":
        step = -1 if quantity > 1 and life.draws.chance(0.3) else 1
        life.reprice(day, quantity=quantity + step)
    elif event == "to_year" and interval == "month" and life.term_count >= 3:
        life.reprice(day, billing_interval="year")
        return day
    elif event == "late_payment":
        _pay_late(life, starts)
    return None


def _pay_late(life: Life, due_on: date) -> None:
    """The card is refused, and works some days later."""
    paid_on = due_on + timedelta(days=life.draws.whole(1, 5))
    if life.term_count > 0 and not life.was_changed_on(due_on):
        life.change(due_on, status="past_due")
        life.change(paid_on, status="active")
        life.terms[-1].paid_on = paid_on


def _leave_chance(life: Life, interval: str) -> float:
    """Falls with the terms over; better customers and dearer plans stay."""
    chance = next(
        chance for up_to, chance in LEAVE_CHANCES[interval] if life.term_count <= up_to
    )
    plan = PLAN_CHURN[str(life.state["plan_id"])]
    return chance * plan / life.customer.quality


def _leave(life: Life, starts: date, ends: date) -> None:
    """Either the payment fails for good, or the customer asks to leave."""
    if life.draws.chance(FAILED_SHARE):
        life.charge(ends, ends + (ends - starts), is_refused=True)
        life.change(ends, status="past_due")
        life.change(ends + timedelta(days=14), status="unpaid")
        life.end(ends + timedelta(days=28), "payment_failed")
        return
    notice = life.draws.whole(0, min(45, (ends - starts).days - 1))
    life.end(ends, _draw_reason(life.draws), ends - timedelta(days=notice))


def _pause(life: Life, paused_on: date) -> date:
    """One to three months without service; then a new anchor."""
    returned_on = paused_on + timedelta(days=life.draws.whole(28, 95))
    life.change(paused_on, status="paused")
    life.change(returned_on, status="active")
    return returned_on


def _draw_reason(draws: Draws) -> str:
    return draws.weighted(REASON_SHARES)


def _subscription_row(life: Life) -> Row:
    return {
        "subscription_id": life.subscription_id,
        "customer_id": life.customer.customer_id,
        "started_at": life.started_on.isoformat(),
        **_cells(life.state),
        "currency": life.customer.currency,
        "trial_ends_at": _day(life.trial_ends_on),
        "ended_at": _day(life.ended_on),
        "cancel_requested_at": _day(life.requested_on),
        "cancel_reason": life.reason,
        "is_involuntary": _flag(life.is_involuntary),
    }


def _change_row(day: date, cells: dict[str, object]) -> Row:
    return {"changed_at": day.isoformat(), **_cells(cells)}


def _cells(state: dict[str, object]) -> Row:
    """The state as the file writes it: cents as amounts, flags as words."""
    return {
        name: money(value) if name.endswith("_amount") and value else _text(value)
        for name, value in state.items()
    }


def _text(value: object) -> str:
    return _flag(value) if isinstance(value, bool) or value is None else str(value)


def _flag(value: object) -> str:
    return "" if value is None else str(value).lower()


def _day(day: date | None) -> str:
    return "" if day is None else day.isoformat()
