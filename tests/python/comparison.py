"""A mart beside the reference: every row, and every column the reference has."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import duckdb

Row = dict[str, Any]
Key = tuple[Any, ...]

KEYS = {
    "dim_customers": ("customer_key",),
    "dim_customer_identities": ("source_name", "customer_id"),
    "fct_orders": ("order_id",),
    "fct_customer_lifetime_value": ("customer_key",),
    "fct_mrr_movements": ("customer_key", "moved_date"),
    "fct_customer_mrr": ("customer_key", "revenue_month"),
    "rpt_mrr_monthly": ("revenue_month",),
    "fct_churn_events": ("customer_key", "churned_date"),
    "rpt_churn_monthly": ("revenue_month",),
    "rpt_churn_reasons_monthly": ("revenue_month", "churn_type", "churn_reason"),
    "fct_subscription_terms": ("subscription_id", "term_number"),
    "rpt_renewals_monthly": ("renewal_month", "billing_interval"),
    "rpt_upcoming_renewals": ("subscription_id",),
    "rpt_trials_monthly": ("revenue_month",),
    "rpt_mrr_by_slice_monthly": ("slice_name", "slice_value", "revenue_month"),
    "rpt_retention_cohorts": ("cohort_type", "cohort_month", "months_since_first"),
    "rpt_subscription_survival": ("plan_id", "billing_interval", "tenure_months"),
    "fct_customer_segments": ("customer_key",),
    "dim_products": ("product_id",),
    "rpt_platform_monthly": ("revenue_month", "platform"),
    "rpt_product_profitability": ("product_id",),
    "rpt_segment_value": ("attribute_name", "attribute_value"),
    "rpt_cac_monthly": ("spend_month", "channel"),
    "rpt_clv_calculator": ("item_name",),
    "clv_model_parameters": ("model_name", "group_name", "parameter_name"),
    "rpt_clv_backtest": ("model_name", "value_decile"),
    "fct_rejected_rows": ("table_name", "line_number"),
    "rpt_input_reconciliation": ("table_name", "currency"),
    "rpt_closed_months": ("closed_month", "metric_name"),
}
RATE = re.compile(
    r"_rate$|_rate_low$|_rate_high$|_ratio$|_share$|_12m$|_yoy$"
    r"|^purchase_frequency$|^lifespan_months$"
)
# Money has six decimals, so most cells agree to the last of them. A product
# of rounded factors does not: metrics.md allows 0.01 at most.
MONEY_TOLERANCE = 0.00001
PRODUCT_TOLERANCE = 0.001
PRODUCTS = ("formula_clv", "churn_based_clv")
# A lifetime of daily terms: one last decimal for each of them.
HISTORY_TOLERANCE = 0.0005
HISTORY = ("historical_revenue", "historical_margin")
# A sum over many rows may differ by the last decimal of each.
SUM_TOLERANCE = 0.001
RATE_TOLERANCE = 1e-9
# A ratio of small sums shows their last decimal: a cost of 0.25 with six
# decimals is known to two millionths of itself.
RATIO_TOLERANCE = 1e-5
RATIOS = ("quick_ratio", "revenue_share")
# Shared out to items, money is smaller still, a few yen or 0.03 euros.
ITEM_TOLERANCE = 1e-4
ITEM_RATIOS = ("margin_rate", "high_value_revenue_share")
# What stems from a fit. Two searches for one optimum end within a small part of
# a standard error of each other, and a prediction moves with the parameters; to
# a person a millionth of it and a cent are nothing. Relative and absolute:
FITTED = {
    "probability_alive": (1e-6, 1e-8),
    "expected_orders_12m": (1e-6, 1e-6),
    "expected_order_value": (1e-6, 1e-5),
    "predicted_order_clv_12m": (1e-6, 0.01),
    "predicted_order_clv_36m": (1e-6, 0.01),
    "predicted_order_clv_lifetime": (1e-6, 0.01),
    "predicted_subscription_clv_12m": (1e-6, 0.01),
    "predicted_subscription_clv_36m": (1e-6, 0.01),
    "predicted_subscription_clv_lifetime": (1e-6, 0.01),
    "predicted_clv": (1e-6, 0.01),
    "total_clv": (1e-6, 0.01),
    # The mart interpolates a grid of quantiles; the reference inverts each law.
    "predicted_clv_low": (0.03, 0.05),
    "predicted_clv_high": (0.03, 0.05),
    "fitted_survival_rate": (1e-5, 1e-8),
    "average_total_clv": (1e-6, 0.01),
    "average_clv": (1e-6, 0.01),
    "clv_index": (1e-5, 1e-6),
    "clv_to_cac_ratio": (1e-5, 1e-5),
    # Along its flattest line the likelihood tells parameters apart least.
    "parameter_value": (1e-5, 1e-9),
    "standard_error": (1e-3, 1e-9),
    "log_likelihood": (1e-9, 1e-4),
}
BACKTEST = (1e-5, 0.001)
BOUNDS = ("predicted_clv_low", "predicted_clv_high")
# Equal but for the last digits, two customers may stand in either order.
EDGE = 0.01
SHOWN = 5


@dataclass(frozen=True)
class Built:
    """One build, its input, and what the reference says of that input."""

    name: str
    folder: Path
    as_of: date
    warehouse: duckdb.DuckDBPyConnection
    expected: dict[str, list[Row]]

    def rows(self, query: str) -> list[Key]:
        """The answer of the built warehouse."""
        return self.warehouse.execute(query).fetchall()


def assert_mart_matches(built: Built, mart: str) -> None:
    """Same keys, and in each row the same values."""
    expected = built.expected[mart]
    actual = mart_rows(built.warehouse, mart, list(expected[0]) if expected else [])
    differences = differing(mart, actual, expected)
    summary = (
        f"{mart} of the {built.name}: {len(differences)} differences, "
        f"{len(actual)} rows in the mart, {len(expected)} in the reference"
    )
    assert not differences, "\n".join([summary, *differences[:SHOWN]])


def assert_marts_match(built: Built) -> None:
    """All of them, for a case that is too small to be told mart by mart."""
    for mart in built.expected:
        assert_mart_matches(built, mart)


def mart_rows(
    warehouse: duckdb.DuckDBPyConnection, mart: str, columns: list[str]
) -> list[Row]:
    selected = ", ".join(map(selection, columns)) or "*"
    cursor = warehouse.execute(f"select {selected} from marts.{mart}")
    names = [column[0] for column in cursor.description]
    return [dict(zip(names, values, strict=True)) for values in cursor.fetchall()]


def selection(column: str) -> str:
    # A date may be kept as one or as its midnight; either says the same.
    if column.endswith(("_date", "_month")) and not column.startswith("is_"):
        return f"cast({column} as date) as {column}"
    if column.endswith("_at"):
        return f"cast({column} as timestamp) as {column}"
    # A key of nothing may be null or empty.
    if column == "row_identifier":
        return f"coalesce({column}, '') as {column}"
    return column


def differing(mart: str, actual: list[Row], expected: list[Row]) -> list[str]:
    key = KEYS[mart]
    found = by_key(actual, key)
    wanted = by_key(expected, key)
    edges = decile_edges(expected) if mart == "fct_customer_lifetime_value" else {}
    differences = [
        f"{name(one)}: twice in the {side}"
        for side, rows, keyed in (
            ("mart", actual, found),
            ("reference", expected, wanted),
        )
        if len(rows) > len(keyed)
        for one in repeated(rows, key)
    ]
    for one in sorted(found.keys() | wanted.keys(), key=str):
        if one not in wanted:
            differences.append(f"{name(one)}: in the mart only: {found[one]}")
        elif one not in found:
            differences.append(f"{name(one)}: in the reference only: {wanted[one]}")
        else:
            rows = (found[one], wanted[one])
            differences += differing_cells(mart, one, *rows, edges)
    return differences


def by_key(rows: list[Row], key: tuple[str, ...]) -> dict[Key, Row]:
    return {tuple(row[column] for column in key): row for row in rows}


def repeated(rows: list[Row], key: tuple[str, ...]) -> set[Key]:
    keys = [tuple(row[column] for column in key) for row in rows]
    return {one for one in keys if keys.count(one) > 1}


def differing_cells(
    mart: str, key: Key, found: Row, wanted: Row, edges: dict[int, float]
) -> list[str]:
    cells = [
        f"{column}: mart {found[column]!s}, reference {wanted[column]!s}"
        for column in wanted
        if not is_same(mart, column, found[column], wanted[column])
        and not (column == "clv_decile" and is_at_edge(found, wanted, edges))
        and not (column in BOUNDS and is_within_an_order(column, found, wanted))
    ]
    return [f"{name(key)}: " + "; ".join(cells)] if cells else []


def is_within_an_order(column: str, found: Row, wanted: Row) -> bool:
    """Whether a bound of whole orders of one value is off by less than one.

    Between two lines of its grid the mart may be anywhere between two steps.
    """
    if "shrunk_mean" not in wanted["clv_method"] or found[column] is None:
        return False
    order = float(wanted["expected_order_value"])
    return abs(float(found[column]) - float(wanted[column])) <= order


def decile_edges(rows: list[Row]) -> dict[int, float]:
    """The smallest total of each tenth."""
    edges: dict[int, float] = {}
    for row in rows:
        if row.get("clv_decile") is not None:
            total = float(row["total_clv"])
            decile = row["clv_decile"]
            edges[decile] = min(total, edges.get(decile, total))
    return edges


def is_at_edge(found: Row, wanted: Row, edges: dict[int, float]) -> bool:
    """Whether the two tenths are neighbours, and both totals where they meet."""
    deciles = (found["clv_decile"], wanted["clv_decile"])
    if None in deciles or abs(deciles[0] - deciles[1]) != 1:
        return False
    edge = edges.get(max(deciles), math.inf)
    totals = [float(row["total_clv"]) for row in (found, wanted)]
    return all(abs(total - edge) <= EDGE + 1e-6 * abs(total) for total in totals)


def is_same(mart: str, column: str, found: object, wanted: object) -> bool:
    if not isinstance(wanted, Decimal | Fraction | float) or found is None:
        return found == wanted and isinstance(found, bool) == isinstance(wanted, bool)
    return abs(float(found) - float(wanted)) <= tolerance(mart, column, float(wanted))


def tolerance(mart: str, column: str, wanted: float) -> float:
    if column in FITTED or mart == "rpt_clv_backtest":
        relative, absolute = FITTED.get(column, BACKTEST)
        return absolute + relative * abs(wanted)
    if column in RATIOS:
        return RATIO_TOLERANCE * max(1.0, abs(wanted))
    if column in ITEM_RATIOS:
        return ITEM_TOLERANCE * max(1.0, abs(wanted))
    if RATE.search(column) or mart == "rpt_clv_calculator":
        return RATE_TOLERANCE * max(1.0, abs(wanted))
    if mart.startswith("rpt_"):
        return SUM_TOLERANCE
    if column in HISTORY:
        return HISTORY_TOLERANCE
    return PRODUCT_TOLERANCE if column in PRODUCTS else MONEY_TOLERANCE


def name(key: Key) -> str:
    return " ".join(map(str, key))
