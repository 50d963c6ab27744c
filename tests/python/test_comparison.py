"""The comparison sees what it has to see: agreement proves nothing otherwise."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import pytest
from comparison import differing

ROW = {"customer_key": "files:w001-c1", "mrr": Decimal("9.99"), "churn_rate": None}


def differences(**values: object) -> list[str]:
    return differing("dim_customers", [ROW | values], [ROW])


@pytest.mark.parametrize("mrr", [Decimal("9.990001"), 9.99])
def test_equal_rows_are_no_difference(mrr: object) -> None:
    assert differences(mrr=mrr) == []


@pytest.mark.parametrize(
    "values", [{"mrr": Decimal("9.9901")}, {"mrr": None}, {"churn_rate": 0.0}]
)
def test_another_value_is_shown_with_both_sides(values: dict) -> None:
    (message,) = differences(**values)

    assert message.startswith("files:w001-c1: ")
    assert "mart " in message
    assert "reference " in message


def test_a_missing_an_extra_and_a_repeated_row_are_shown() -> None:
    other = ROW | {"customer_key": "files:w002-c1"}
    messages = differing("dim_customers", [other, other], [ROW])

    assert [message.split(":")[2].split(" {")[0].strip() for message in messages] == [
        *("twice in the mart", "in the reference only", "in the mart only"),
    ]


def test_rates_are_held_to_nine_digits() -> None:
    found, wanted = (
        ROW | {"churn_rate": 0.50000001},
        ROW | {"churn_rate": Decimal("0.5")},
    )

    assert differing("dim_customers", [found], [wanted]) != []


@pytest.mark.parametrize("wanted", [Fraction(1, 3), 1 / 3, Decimal(1) / 3])
def test_a_rate_may_be_a_fraction_a_float_or_a_decimal(wanted: object) -> None:
    (found, other) = (ROW | {"churn_rate": rate} for rate in (1 / 3, 0.3333333))

    assert differing("dim_customers", [found], [ROW | {"churn_rate": wanted}]) == []
    assert differing("dim_customers", [other], [ROW | {"churn_rate": wanted}]) != []


def bounds(method: str, high: float) -> list[str]:
    row = {
        **{"customer_key": "c1", "predicted_clv_high": 20.0, "clv_method": method},
        **{"expected_order_value": 9.0, "total_clv": 1.0, "clv_decile": None},
    }
    changed = row | {"predicted_clv_high": high}
    return differing("fct_customer_lifetime_value", [changed], [row])


def test_a_bound_of_whole_orders_may_be_one_order_off() -> None:
    assert not bounds("nbd+shrunk_mean", 28)
    assert bounds("nbd+shrunk_mean", 30)
    assert not bounds("bg_nbd+gamma_gamma", 20.6)
    assert bounds("bg_nbd+gamma_gamma", 21)


def deciles(found: int, total: float) -> list[str]:
    rows = [
        {"customer_key": "c1", "total_clv": Decimal(99), "clv_decile": 1},
        {"customer_key": "c2", "total_clv": Decimal(100), "clv_decile": 2},
        {"customer_key": "c3", "total_clv": Decimal("100.003"), "clv_decile": 2},
    ]
    changed = {"total_clv": total, "clv_decile": found}
    actual = [*rows[:2], rows[2] | changed]
    return differing("fct_customer_lifetime_value", actual, rows)


def test_who_stands_at_the_edge_of_a_tenth_may_be_in_either() -> None:
    assert not deciles(1, 100.003)
    assert deciles(3, 100.003)
    assert deciles(1, 100.5)
