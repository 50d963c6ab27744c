"""The input contract: which raw rows are used, which are rejected, and why."""

from __future__ import annotations

import csv
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from .numbers import ZERO, rounded

Row = dict[str, Any]
Parser = Callable[[str], object]

MOMENT = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)"
    r"(?:[T ](\d\d):(\d\d)(?::(\d\d)(?:\.(\d+))?)?)?"
    r"(?:(Z)|([+-])(\d\d):?(\d\d)?)?",
    re.ASCII,
)
NUMBER = re.compile(r"[+-]?(\d{1,12}(\.\d+)?|\.\d+)", re.ASCII)
BOOLEANS = {"true": True, "t": True, "yes": True, "y": True, "1": True}
BOOLEANS |= {"false": False, "f": False, "no": False, "n": False, "0": False}
SAME_STATUS = {
    "canceled": "cancelled",
    "pastdue": "past_due",
    "trial": "trialing",
    "in_trial": "trialing",
    "ended": "expired",
}
STATUSES = {
    *("active", "past_due", "trialing", "paused", "incomplete"),
    *("incomplete_expired", "unpaid", "cancelled", "expired"),
}
INTERVALS = {
    **dict.fromkeys(("day", "daily", "days"), "day"),
    **dict.fromkeys(("week", "weekly", "weeks"), "week"),
    **dict.fromkeys(("month", "monthly", "months"), "month"),
    **dict.fromkeys(("quarter", "quarterly", "quarters"), "quarter"),
    **dict.fromkeys(("year", "yearly", "annual", "annually", "years"), "year"),
}
REPORTING_CURRENCY = "USD"


@dataclass(frozen=True)
class Contract:
    """What one table may hold; the order of columns is that of interface.md."""

    key: tuple[str, ...]
    columns: str
    ids: tuple[str, ...]
    required: tuple[str, ...] = ()
    dates: tuple[str, ...] = ()
    amounts: tuple[str, ...] = ()
    numbers: tuple[str, ...] = ()
    booleans: tuple[str, ...] = ()
    not_negative: tuple[str, ...] = ()
    has_currency: bool = False
    dated_by: str = ""
    primary_amount: str = ""


CONTRACTS = {
    "customers": Contract(
        key=("customer_id",),
        columns="customer_id created_at email acquisition_channel platform country "
        "gender birth_date income_band interests external_customer_ids",
        ids=("customer_id",),
        dates=("created_at", "birth_date"),
    ),
    "orders": Contract(
        key=("order_id",),
        columns="order_id customer_id ordered_at gross_amount currency status "
        "discount_amount refunded_amount refunded_at tax_amount shipping_amount "
        "cost_amount platform subscription_id",
        ids=("order_id", "customer_id"),
        required=("ordered_at", "gross_amount"),
        dates=("ordered_at", "refunded_at"),
        amounts=(
            *("gross_amount", "discount_amount", "refunded_amount"),
            *("tax_amount", "shipping_amount", "cost_amount"),
        ),
        not_negative=(
            *("gross_amount", "discount_amount", "refunded_amount"),
            *("tax_amount", "shipping_amount", "cost_amount"),
        ),
        has_currency=True,
        dated_by="ordered_at",
        primary_amount="gross_amount",
    ),
    "subscriptions": Contract(
        key=("subscription_id",),
        columns="subscription_id customer_id started_at unit_amount billing_interval "
        "billing_interval_count quantity currency discount_amount "
        "discount_is_recurring plan_id status trial_ends_at ended_at "
        "cancel_requested_at cancel_reason is_involuntary",
        ids=("subscription_id", "customer_id"),
        required=("started_at", "unit_amount", "billing_interval"),
        dates=("started_at", "trial_ends_at", "ended_at", "cancel_requested_at"),
        amounts=("unit_amount", "discount_amount"),
        numbers=("quantity", "billing_interval_count"),
        booleans=("discount_is_recurring", "is_involuntary"),
        not_negative=("discount_amount", "unit_amount", "quantity"),
        has_currency=True,
        dated_by="started_at",
        primary_amount="unit_amount",
    ),
    "subscription_changes": Contract(
        key=("subscription_id", "changed_at"),
        columns="subscription_id changed_at plan_id unit_amount quantity "
        "discount_amount discount_is_recurring billing_interval "
        "billing_interval_count status",
        ids=("subscription_id",),
        required=("changed_at",),
        dates=("changed_at",),
        amounts=("unit_amount", "discount_amount"),
        numbers=("quantity", "billing_interval_count"),
        booleans=("discount_is_recurring",),
        not_negative=("discount_amount", "unit_amount", "quantity"),
        dated_by="changed_at",
        primary_amount="unit_amount",
    ),
}


@dataclass
class Line:
    """One raw row: its texts, and what became of it."""

    number: int
    text: dict[str, str]
    reasons: list[str] = field(default_factory=list)
    is_after_as_of: bool = False

    @property
    def outcome(self) -> str:
        if self.reasons:
            return "rejected"
        return "after_as_of" if self.is_after_as_of else "accepted"


@dataclass
class Inputs:
    """All raw rows, by table."""

    lines: dict[str, list[Line]]

    def accepted(self, table: str) -> list[Row]:
        """The rows that count, with typed values and None for what is absent."""
        return [
            typed(table, line.text)
            for line in self.lines[table]
            if line.outcome == "accepted"
        ]


def read_inputs(folder: Path, as_of: date) -> Inputs:
    lines = {table: read_lines(folder, table) for table in CONTRACTS}
    # In this order: a change is judged by what became of its subscription.
    for table in CONTRACTS:
        for line in lines[table]:
            line.reasons = list(reasons_by_value(table, line.text))
        if table == "subscription_changes":
            known = known_subscriptions(lines["subscriptions"])
            for line in lines[table]:
                line.reasons += reasons_by_subscription(line.text, known)
        add_reasons_by_repetition(lines[table], CONTRACTS[table].key)
        for line in lines[table]:
            if has_no_rate(table, line.text):
                line.reasons.append("missing_exchange_rate")
            moment = parse_moment(line.text.get(CONTRACTS[table].dated_by, ""))
            line.is_after_as_of = moment is not None and moment.date() > as_of
    return Inputs(lines)


def read_lines(folder: Path, table: str) -> list[Line]:
    path = folder / f"{table}.csv"
    if not path.exists():
        return []
    columns = CONTRACTS[table].columns.split()
    with path.open(newline="", encoding="utf-8") as file:
        reader = csv.DictReader(file)
        return [
            Line(reader.line_num, {c: (row.get(c) or "").strip() for c in columns})
            for row in reader
        ]


def reasons_by_value(table: str, text: dict[str, str]) -> Iterator[str]:
    """Everything that can be said of a row without looking at another one."""
    contract = CONTRACTS[table]
    yield from (f"missing_id:{c}" for c in contract.ids if not text[c])
    yield from (f"missing_value:{c}" for c in contract.required if not text[c])
    yield from invalid("date", contract.dates, text, parse_moment)
    yield from invalid("amount", contract.amounts, text, parse_number)
    for column in contract.numbers:
        parse = parse_count if column.endswith("_count") else parse_number
        yield from invalid("number", (column,), text, parse)
    yield from invalid("boolean", contract.booleans, text, parse_boolean)
    for column in contract.not_negative:
        if (parse_number(text[column]) or ZERO) < 0:
            yield f"negative_amount:{column}"
    if table.startswith("subscription"):
        yield from reasons_by_kind(table, text)


def invalid(
    kind: str, columns: tuple[str, ...], text: dict[str, str], parse: Parser
) -> Iterator[str]:
    for column in columns:
        if text[column] and parse(text[column]) is None:
            yield f"invalid_{kind}:{column}"


def reasons_by_kind(table: str, text: dict[str, str]) -> Iterator[str]:
    status = folded_status(text["status"])
    if status and status not in STATUSES:
        yield "unknown_status"
    interval = text["billing_interval"]
    if interval and interval.lower() not in INTERVALS:
        yield "unknown_billing_interval"
    if table == "subscriptions":
        started, ended = (parse_moment(text[c]) for c in ("started_at", "ended_at"))
        if started and ended and ended.date() < started.date():
            yield "end_before_start"
        if status in ("cancelled", "expired") and not text["ended_at"]:
            yield "ended_without_date"


def reasons_by_subscription(
    text: dict[str, str], known: dict[str, dict[str, str]]
) -> Iterator[str]:
    if not text["subscription_id"]:
        return
    subscription = known.get(text["subscription_id"])
    moment = parse_moment(text["changed_at"])
    if subscription is None:
        yield "unknown_subscription"
    elif moment:
        started = parse_moment(subscription["started_at"])
        ended = parse_moment(subscription["ended_at"])
        is_early = moment.date() < started.date()
        if is_early or (ended and moment.date() > ended.date()):
            yield "outside_subscription"


def known_subscriptions(lines: list[Line]) -> dict[str, dict[str, str]]:
    # One that starts after the as-of day is known all the same: its changes are
    # later still, and not wrong.
    return {
        line.text["subscription_id"]: line.text for line in lines if not line.reasons
    }


def add_reasons_by_repetition(lines: list[Line], key: tuple[str, ...]) -> None:
    """An identical row is a duplicate; another one under its key a conflict."""
    contents: dict[tuple[str, ...], set[tuple[str, ...]]] = defaultdict(set)
    for line in lines:
        content = tuple(line.text.values())
        identifier = tuple(line.text[column] for column in key)
        if content in contents[identifier]:
            line.reasons.append("duplicate_row")
        contents[identifier].add(content)
    for line in lines:
        identifier = tuple(line.text[column] for column in key)
        # Rows without an id have no key in common.
        if all(identifier) and len(contents[identifier]) > 1:
            line.reasons.append("conflicting_id")


def has_no_rate(table: str, text: dict[str, str]) -> bool:
    return currency_of(table, text) not in ("", REPORTING_CURRENCY)


def currency_of(table: str, text: dict[str, str]) -> str:
    if not CONTRACTS[table].has_currency:
        return ""
    return text["currency"].upper() or REPORTING_CURRENCY


def typed(table: str, text: dict[str, str]) -> Row:
    contract = CONTRACTS[table]
    row: Row = {column: value or None for column, value in text.items()}
    for column in contract.dates:
        row[column] = parse_moment(text[column])
    for column in (*contract.amounts, *contract.numbers):
        row[column] = parse_number(text[column])
    for column in contract.booleans:
        row[column] = parse_boolean(text[column])
    if "status" in row:
        row["status"] = folded_status(text["status"]) or None
    if "billing_interval" in row:
        row["billing_interval"] = INTERVALS.get(text["billing_interval"].lower())
    return row


def parse_moment(text: str) -> datetime | None:
    """The instant in UTC; a bare date is its midnight."""
    match = MOMENT.fullmatch(text)
    if not match:
        return None
    year, month, day, hour, minute, second = (int(x or 0) for x in match.groups()[:6])
    micros = int((match[7] or "").ljust(6, "0")[:6])
    try:
        moment = datetime(year, month, day, hour, minute, second, micros)
    except ValueError:
        return None
    offset = timedelta(hours=int(match[10] or 0), minutes=int(match[11] or 0))
    return moment + offset if match[9] == "-" else moment - offset


def parse_number(text: str) -> Decimal | None:
    return rounded(Decimal(text)) if NUMBER.fullmatch(text) else None


def parse_count(text: str) -> int | None:
    number = parse_number(text)
    is_whole = number is not None and number == int(number)
    return int(number) if is_whole and 1 <= number <= 1000 else None


def parse_boolean(text: str) -> bool | None:
    return BOOLEANS.get(text.lower())


def folded(text: str) -> str:
    return text.lower().replace(" ", "_").replace("-", "_")


def folded_status(text: str) -> str:
    return SAME_STATUS.get(folded(text), folded(text))


def rejected_rows(inputs: Inputs) -> list[Row]:
    return [
        {
            "table_name": table,
            "line_number": line.number,
            "row_identifier": "|".join(line.text[c] for c in CONTRACTS[table].key),
            "reasons": "; ".join(line.reasons),
        }
        for table, lines in inputs.lines.items()
        for line in lines
        if line.reasons
    ]


def reconciliation(inputs: Inputs) -> list[Row]:
    """Per table and currency: raw = accepted + rejected + after as-of."""
    rows: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    amounts: dict[tuple[str, str], dict[str, Decimal]] = {}
    for table, lines in inputs.lines.items():
        for line in lines:
            group = (table, currency_of(table, line.text))
            amount = amounts.setdefault(group, defaultdict(Decimal))
            for kind in ("raw", line.outcome):
                rows[group][kind] += 1
                written = line.text.get(CONTRACTS[table].primary_amount, "")
                amount[kind] += parse_number(written) or ZERO
    kinds = ("raw", "accepted", "rejected", "after_as_of")
    return [
        {"table_name": table, "currency": currency}
        | {f"{kind}_rows": rows[table, currency][kind] for kind in kinds}
        | {f"{kind}_amount": amounts[table, currency][kind] for kind in kinds}
        for table, currency in rows
    ]
