"""Predicted value, its models and their backtest against the reference."""

from __future__ import annotations

import pytest
from comparison import Built, assert_mart_matches

MARTS = (
    "fct_customer_lifetime_value",
    "clv_model_parameters",
    "rpt_clv_backtest",
)


@pytest.mark.parametrize("mart", MARTS)
def test_matches_the_reference(built: Built, mart: str) -> None:
    assert_mart_matches(built, mart)
