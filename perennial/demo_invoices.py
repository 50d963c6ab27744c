"""The demo's invoices: the terms of annual and quarterly plans, as charged.

The other subscriptions have none, and their revenue comes from their terms.
"""

from datetime import UTC, date, datetime, timedelta

from perennial.demo_draws import Draws
from perennial.demo_shop import COUNTRY_TAX_RATES, LAST_DAY, Row, instant, money
from perennial.demo_subscriptions import Life, Term

INVOICED_INTERVALS = ("quarter", "year")
REFUND_SHARE = 0.025
VOID_SHARE = 0.012


def make_invoices(seed: int, lives: list[Life]) -> list[Row]:
    """The invoices of all generated subscriptions by period, numbered."""
    invoices = [
        invoice
        for life in lives
        if life.terms and life.terms[0].interval in INVOICED_INTERVALS
        for invoice in _invoice(seed, life)
    ]
    invoices.sort(key=lambda row: (row["period_start"], row["subscription_id"]))
    return [
        {"invoice_id": f"i{number:04d}", **invoice}
        for number, invoice in enumerate(invoices, start=1)
    ]


def _invoice(seed: int, life: Life) -> list[Row]:
    draws = Draws(seed, f"{life.subscription_id}/invoices")
    rows: list[Row] = []
    for term in life.terms:
        # Written by mistake, and at once replaced by the one that is paid.
        if draws.chance(VOID_SHARE):
            rows.append({**_charge(life, term), "status": "void"})
        rows.append({**_charge(life, term), **_settle(draws, term)})
    return rows


def _charge(life: Life, term: Term) -> Row:
    """What is due: the price of the term and the tax of the country."""
    tax = round(term.cents * COUNTRY_TAX_RATES[life.customer.country])
    return {
        "subscription_id": life.subscription_id,
        "period_start": term.starts.isoformat(),
        "period_end": term.ends.isoformat(),
        "amount_due": money(term.cents + tax),
        "amount_paid": "0.00",
        "tax_amount": money(tax),
        "currency": life.customer.currency,
    }


def _settle(draws: Draws, term: Term) -> Row:
    """Paid within days, or late, or never; a few are partly paid back."""
    paid_on = term.paid_on or term.starts + timedelta(days=draws.whole(0, 4))
    paid_at = _at_work(draws, paid_on)
    refund_rate = draws.one_of((0.25, 0.5, 1.0))
    is_refunded = draws.chance(REFUND_SHARE)
    if term.is_refused:
        return {"status": "uncollectible"}
    if paid_on > LAST_DAY:
        return {"status": "open"}
    return {
        "status": "paid",
        # Empty: the whole amount due.
        "amount_paid": "",
        "paid_at": instant(paid_at),
        "amount_refunded": money(round(term.cents * refund_rate))
        if is_refunded
        else "",
    }


def _at_work(draws: Draws, day: date) -> datetime:
    """A time of that day when banks work: 8 to 17 o'clock."""
    midnight = datetime(day.year, day.month, day.day, tzinfo=UTC)
    return midnight + timedelta(seconds=draws.whole(8 * 3600, 17 * 3600))
