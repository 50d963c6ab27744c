"""The input contract: which raw rows are used, which are rejected, and why."""

from __future__ import annotations

import csv
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from .contract import AMOUNTS, BOOLEANS, CONTRACTS, DATES, IDS, NUMBERS
from .numbers import ZERO
from .parsing import (
    INTERVALS,
    STATUSES,
    day_in,
    folded_status,
    parse_boolean,
    parse_count,
    parse_end,
    parse_number,
    parse_rate,
    parse_score,
)
from .policies import Policies
from .rates import Rates
from .unreadable import (
    unreadable,
    unreadable_currency,
    unreadable_list,
    unreadable_text,
    unreadable_word,
)

Row = dict[str, Any]
Text = dict[str, str]
NUMBER_PARSERS: dict[str, Callable[[str], object]] = {
    "count": parse_count,
    "rate": parse_rate,
    "score": parse_score,
}
# What of a cell is left where it may hold what is personal.
MASKS: dict[str, Callable[[str], str]] = {
    "id": unreadable,
    "ids": unreadable_list,
    "text": unreadable_text,
    "category": unreadable_word,
    "currency": unreadable_currency,
}
# Of a key that is shown as written.
KEY_MASKS = {"id": unreadable, "text": unreadable_text}
# Kept as they are: the address is matched by, the others are not shown.
PERSONAL = {("customers", "email"), ("customers", "interests")}
# A table is judged after those it points to.
ORDER = (
    *("exchange_rates", "customers", "products", "orders", "order_items"),
    *("subscriptions", "subscription_changes", "invoices", "marketing_spend"),
    *("platform_sessions", "customer_events", "customer_feedback"),
)
PARENTS = {
    "order_items": ("orders", "order_id"),
    "subscription_changes": ("subscriptions", "subscription_id"),
    "invoices": ("subscriptions", "subscription_id"),
}
# Kinds of keys that go by what they mean, where they mean anything.
READ_KEYS = DATES | {"currency", "id", "text"}
DELETED = "deleted_row"
CURRENCY_TABLES = ("orders", "subscriptions", "invoices", "marketing_spend")


@dataclass
class Line:
    """One raw row: its texts, their meaning, and what became of it."""

    number: int
    text: Text
    values: Row = field(default_factory=dict)
    reasons: list[str] = field(default_factory=list)
    is_after_as_of: bool = False

    @property
    def outcome(self) -> str:
        if self.reasons:
            return "rejected"
        return "after_as_of" if self.is_after_as_of else "accepted"


@dataclass
class Inputs:
    """All raw rows, by table, and the rates to read their money by."""

    lines: dict[str, list[Line]]
    rates: Rates
    # Set by identity.py: the one customer that each id belongs to.
    customer_keys: dict[str, str] = field(default_factory=dict)

    def accepted(self, table: str) -> list[Row]:
        """The rows that count, with typed values and None for what is absent."""
        return [line.values for line in self.lines[table] if line.outcome == "accepted"]


def read_inputs(folder: Path, as_of: date, policies: Policies) -> Inputs:
    rates = Rates(policies.reporting_currency, {})
    inputs = Inputs({}, rates)
    for table in ORDER:
        inputs.lines[table] = read_lines(folder, table, policies)
        judge(table, inputs, as_of, policies)
        if table == "exchange_rates":
            for row in inputs.accepted(table):
                of_currency = rates.by_currency.setdefault(row["currency"], {})
                of_currency[row["rate_date"]] = row["rate"]
    return inputs


def read_lines(folder: Path, table: str, policies: Policies) -> list[Line]:
    path = folder / f"{table}.csv"
    if not path.exists():
        return []
    columns = CONTRACTS[table].kinds
    with path.open(newline="", encoding="utf-8") as file:
        reader = csv.DictReader(file)
        lines = [
            Line(reader.line_num, {c: (row.get(c) or "").strip() for c in columns})
            for row in reader
        ]
    for line in lines:
        line.values = typed(table, masked(table, line.text), policies)
    return lines


def masked(table: str, text: Text) -> Text:
    """The cells without what is personal, where it has no place."""
    kinds = CONTRACTS[table].kinds
    return {
        column: cell
        if (table, column) in PERSONAL
        else MASKS.get(kinds[column], str)(cell)
        for column, cell in text.items()
    }


def judge(table: str, inputs: Inputs, as_of: date, policies: Policies) -> None:
    lines = inputs.lines[table]
    parents = known_parents(table, inputs)
    required = CONTRACTS[table].required
    if policies.full_snapshot and any(line.values["loaded_at"] for line in lines):
        lines = of_last_export(lines)
        required = [*required, "loaded_at"]
    for line in lines:
        if line.values["deleted_at"]:
            line.reasons = [*absences(table, line, CONTRACTS[table].key), DELETED]
            continue
        line.reasons = list(reasons_by_value(table, line, required))
        line.reasons += reasons_by_parent(table, line.values, parents)
        if has_no_rate(table, line.values, inputs.rates):
            line.reasons.append("missing_exchange_rate")
        day = dated(table, line.values, parents)
        line.is_after_as_of = day is not None and day > as_of
    if table == "orders" and policies.order_grain == "line":
        add_conflicts_between_lines(lines)
    elif CONTRACTS[table].key:
        add_reasons_by_repetition(lines, table)


def of_last_export(lines: list[Line]) -> list[Line]:
    """Those that a later export has not replaced; the others are told so."""
    arrived = [line.values["loaded_at"] for line in lines]
    last = max(at for at in arrived if at)
    kept = []
    for line, at in zip(lines, arrived, strict=True):
        if at and at < last:
            line.reasons = ["earlier_export"]
        else:
            kept.append(line)
    return kept


# --- Values -----------------------------------------------------------------


def typed(table: str, text: Text, policies: Policies) -> Row:
    """What each cell means; beside each instant the day of the reporting zone."""
    row: Row = {column: value or None for column, value in text.items()}
    for column, kind in CONTRACTS[table].kinds.items():
        cell = text[column]
        if kind in DATES:
            row |= typed_date(column, kind, cell, policies)
        elif kind in AMOUNTS | NUMBERS:
            row[column] = NUMBER_PARSERS.get(kind, parse_number)(cell)
        elif kind == "boolean":
            row[column] = parse_boolean(cell)
        elif kind == "interval":
            row[column] = INTERVALS.get(cell.lower())
        elif kind == "currency":
            row[column] = cell or policies.reporting_currency
        elif column == "status":
            row[column] = folded_status(cell) or None
    return row


def typed_date(column: str, kind: str, text: str, policies: Policies) -> Row:
    is_inclusive = kind == "end_timestamp" and policies.inclusive_end_dates
    moment = parse_end(text, policies.source_zone, is_inclusive)
    day = day_in(moment, policies.zone) if moment else None
    if kind == "date":
        return {column: day}
    return {column: moment, day_column(column): day}


def day_column(column: str) -> str:
    """Where the day of an instant is kept."""
    return column if column.endswith("_date") else column.removesuffix("_at") + "_date"


def dated(table: str, row: Row, parents: dict[str, Row]) -> date | None:
    """The day that must not lie after the as-of day."""
    if table == "invoices":
        return row["paid_date"] or row["period_start_date"]
    if table == "order_items":
        return parents.get(row["order_id"], {}).get("ordered_date")
    column = CONTRACTS[table].dated_by
    return row[day_column(column)] if column else None


# --- Reasons of a row alone -------------------------------------------------


def reasons_by_value(
    table: str, line: Line, required: Collection[str]
) -> Iterator[str]:
    """Everything that can be said of a row without looking at another one."""
    contract, text = CONTRACTS[table], line.text
    yield from absences(table, line, required)
    for name, kinds in (
        ("date", DATES),
        ("amount", AMOUNTS),
        ("number", NUMBERS),
        ("boolean", BOOLEANS),
    ):
        for column in contract.of(kinds):
            if text[column] and line.values[column] is None:
                yield f"invalid_{name}:{column}"
    for column in contract.of({"amount", "number"}):
        if (line.values[column] or ZERO) < 0:
            yield f"negative_amount:{column}"
    yield from reasons_by_kind(table, line.text, line.values)


def absences(table: str, line: Line, columns: Collection[str]) -> Iterator[str]:
    """What has to be said and is not: ids first."""
    contract = CONTRACTS[table]
    absent = [c for c in contract.kinds if c in columns and not line.text[c]]
    ids = contract.of(IDS)
    yield from (f"missing_id:{column}" for column in absent if column in ids)
    yield from (f"missing_value:{column}" for column in absent if column not in ids)


def reasons_by_kind(table: str, text: Text, row: Row) -> Iterator[str]:
    if table.startswith("subscription"):
        if row["status"] and row["status"] not in STATUSES:
            yield "unknown_status"
        if text["billing_interval"] and not row["billing_interval"]:
            yield "unknown_billing_interval"
    if table == "subscriptions":
        if is_before(row["ended_date"], row["started_date"]):
            yield "end_before_start"
        if row["status"] in ("cancelled", "expired") and not text["ended_at"]:
            yield "ended_without_date"
    if table == "invoices" and is_before(
        row["period_end_date"], row["period_start_date"]
    ):
        yield "end_before_start"
    if table == "exchange_rates" and row["rate"] == 0:
        yield "rate_not_positive"


def is_before(day: date | None, other: date | None) -> bool:
    return day is not None and other is not None and day < other


def has_no_rate(table: str, row: Row, rates: Rates) -> bool:
    if table not in CURRENCY_TABLES:
        return False
    return rates.on(row["currency"], rate_day(table, row)) is None


def rate_day(table: str, row: Row) -> date | None:
    """The day by whose rate the row's money is read."""
    if table == "orders":
        return row["ordered_date"]
    if table == "invoices":
        return row["paid_date"] or row["period_start_date"]
    if table == "subscriptions":
        return first_paying_day(row)
    return row["spend_date"]


def first_paying_day(row: Row) -> date | None:
    """The end of the trial where it has one, else the start."""
    start, trial_end = row["started_date"], row["trial_ends_date"]
    return trial_end if start and trial_end and trial_end > start else start


# --- Reasons that lie in other rows -----------------------------------------


def known_parents(table: str, inputs: Inputs) -> dict[str, Row]:
    """The rows that rows of this table point to, by id.

    One that starts after the as-of day is known all the same: what belongs to it
    is later still, and not wrong.
    """
    if table not in PARENTS:
        return {}
    parent, key = PARENTS[table]
    known: dict[str, Row] = {}
    for line in inputs.lines[parent]:
        # Where both are there, as of lines of an order, those that count win.
        if not line.reasons:
            known[line.values[key]] = line.values
        elif line.reasons == [DELETED]:
            known.setdefault(line.values[key], line.values)
    return known


def reasons_by_parent(table: str, row: Row, parents: dict[str, Row]) -> Iterator[str]:
    if table not in PARENTS or row[PARENTS[table][1]] is None:
        return
    parent = parents.get(row[PARENTS[table][1]])
    if parent and parent["deleted_at"]:
        yield DELETED
    elif parent is None:
        yield "unknown_order" if table == "order_items" else "unknown_subscription"
    elif table == "subscription_changes":
        day = row["changed_date"]
        is_early = is_before(day, parent["started_date"])
        if is_early or is_before(parent["ended_date"], day):
            yield "outside_subscription"


def content(line: Line) -> tuple[str, ...]:
    """What the row says, whenever it arrived."""
    return tuple(text for column, text in line.text.items() if column != "loaded_at")


def identifier(line: Line, table: str) -> tuple[object, ...]:
    """The key by its meaning: one day can be written in several ways."""
    contract = CONTRACTS[table]
    return tuple(
        (contract.kinds[c] in READ_KEYS and line.values[c]) or line.text[c]
        for c in contract.key
    )


def add_reasons_by_repetition(lines: list[Line], table: str) -> None:
    """An identical row is a duplicate; another one under its key a conflict."""
    groups: dict[tuple[object, ...], list[Line]] = defaultdict(list)
    for line in lines:
        groups[identifier(line, table)].append(line)
    for key, group in groups.items():
        mark_duplicates(group)
        # Rows without an id have no key in common.
        if all(key):
            mark_contradicted(group)


def arrivals(group: list[Line]) -> list[datetime]:
    """When each row arrived; all at once unless every one of them says so."""
    arrived = [line.values["loaded_at"] for line in group]
    return [datetime.min] * len(group) if None in arrived else arrived


def mark_duplicates(group: list[Line]) -> None:
    """Of identical rows the one that arrived last stays, else the first."""
    stays: dict[tuple[str, ...], tuple[datetime, int]] = {}
    ranks = [
        (at, -line.number) for line, at in zip(group, arrivals(group), strict=True)
    ]
    for line, rank in zip(group, ranks, strict=True):
        stays[content(line)] = max(rank, stays.get(content(line), rank))
    for line, rank in zip(group, ranks, strict=True):
        if rank != stays[content(line)]:
            line.reasons.append("duplicate_row")


def mark_contradicted(group: list[Line]) -> None:
    """Those that arrived last win over the earlier, where they agree."""
    arrived = arrivals(group)
    last = [line for line, at in zip(group, arrived, strict=True) if at == max(arrived)]
    newest = {content(line) for line in last}
    for line in group:
        if line in last and len(newest) > 1:
            line.reasons.append("conflicting_id")
        if line not in last and newest != {content(line)}:
            line.reasons.append("superseded_row")


def add_conflicts_between_lines(lines: list[Line]) -> None:
    """Lines of one order say the same of everything but amounts, while it is kept."""
    lines = [line for line in lines if not line.values["deleted_at"]]
    amounts = set(CONTRACTS["orders"].of(AMOUNTS))
    said: dict[str, set[tuple[str, ...]]] = defaultdict(set)
    for line in lines:
        said[line.text["order_id"]].add(without(line.text, amounts))
    for line in lines:
        if line.text["order_id"] and len(said[line.text["order_id"]]) > 1:
            line.reasons.append("conflicting_id")


def without(text: Text, columns: set[str]) -> tuple[str, ...]:
    return tuple(cell for column, cell in text.items() if column not in columns)


# --- The marts --------------------------------------------------------------


def rejected_rows(inputs: Inputs) -> list[Row]:
    return [
        {
            "table_name": table,
            "line_number": line.number,
            "row_identifier": "|".join(shown_key(line, table)),
            "reasons": "; ".join(line.reasons),
        }
        for table, lines in inputs.lines.items()
        for line in lines
        if line.reasons
    ]


def shown_key(line: Line, table: str) -> Iterator[str]:
    """The key as written, without what is personal in it."""
    contract = CONTRACTS[table]
    for column in contract.key:
        mask = KEY_MASKS.get(contract.kinds[column], unreadable_word)
        yield mask(line.text[column])


def reconciliation(inputs: Inputs) -> list[Row]:
    """Per table and currency: raw = accepted + rejected + after as-of."""
    rows: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    amounts: dict[tuple[str, str], dict[str, Decimal]] = {}
    for table, lines in inputs.lines.items():
        for line in lines:
            group = (table, line.values.get("currency", ""))
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
