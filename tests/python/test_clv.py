"""The models of predicted value and their backtest against the reference.

What they predict of each customer is in fct_customer_lifetime_value, which
test_customers.py compares.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from comparison import Built, assert_mart_matches

from perennial.headlines import read_headlines

MARTS = ("clv_model_parameters", "rpt_clv_backtest")


@pytest.mark.parametrize("mart", MARTS)
def test_matches_the_reference(built: Built, mart: str) -> None:
    assert_mart_matches(built, mart)


def test_the_headline_is_the_mean_total_of_who_ever_paid(
    demo: Built, demo_scratch: Path
) -> None:
    paying = {
        row["customer_key"]
        for row in demo.expected["dim_customers"]
        if row["first_paid_date"] is not None
    }
    totals = [
        row["total_clv"]
        for row in demo.expected["fct_customer_lifetime_value"]
        if row["customer_key"] in paying
    ]

    (headline,) = [
        one
        for one in read_headlines(demo_scratch / "work.duckdb").numbers
        if one.label.startswith("Average CLV")
    ]
    assert headline.label == "Average CLV, historical + predicted"
    shown = float(headline.value.replace(",", ""))
    assert shown == pytest.approx(float(sum(totals) / len(totals)), abs=0.006)
