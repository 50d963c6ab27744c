"""Movements, customer months, the bridge and closed months against the reference."""

from __future__ import annotations

import pytest
from comparison import Built, assert_mart_matches

MARTS = (
    "fct_mrr_movements",
    "fct_customer_mrr",
    "rpt_mrr_monthly",
    "rpt_closed_months",
)


@pytest.mark.parametrize("mart", MARTS)
def test_matches_the_reference(built: Built, mart: str) -> None:
    assert_mart_matches(built, mart)
