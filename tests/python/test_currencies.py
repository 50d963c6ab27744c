"""Money of several currencies: which rate, and what a moving rate must not do."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from decimal import Decimal

import pytest
from comparison import Built, assert_marts_match
from conftest import story_built

AS_OF = date(2024, 6, 30)
POLICIES = ("subscription_start", "version_start")


def rate(day: str, currency: str, value: str) -> dict[str, str]:
    return {"rate_date": day, "currency": currency, "rate": value}


def sub(name: str, currency: str, **values: str) -> dict[str, str]:
    usual = {
        **{"subscription_id": name, "customer_id": f"{name}-c", "currency": currency},
        **{"started_at": "2024-01-15", "unit_amount": "100"},
        **{"billing_interval": "month"},
    }
    return usual | values


def order(name: str, day: str, currency: str, **values: str) -> dict[str, str]:
    usual = {
        **{"order_id": name, "customer_id": f"{name}-c", "ordered_at": day},
        **{"gross_amount": "50", "currency": currency},
    }
    return usual | values


STORY = {
    "exchange_rates": [
        rate("2024-01-01", "EUR", "1.00"),
        rate("2024-03-01", "eur", "1.20"),
        rate("2024-05-01", "EUR", "0.80"),
        rate("2024-02-01", "GBP", "1.25"),
        # The reporting currency is 1, whatever the table says.
        rate("2024-01-01", "USD", "0.5"),
        rate("2024-01-01", "IDR", "0.0000613"),
    ],
    "subscriptions": [
        sub("moved", "EUR"),
        sub("raised", "EUR"),
        sub("tried", "EUR", trial_ends_at="2024-03-15"),
        sub("coupon", "EUR", discount_amount="10", discount_is_recurring="no"),
        sub("plain", ""),
        sub("unrated", "CHF"),
    ],
    "subscription_changes": [
        {"subscription_id": "moved", "changed_at": "2024-04-01", "plan_id": "pro"},
        {"subscription_id": "raised", "changed_at": "2024-04-01", "unit_amount": "110"},
        {"subscription_id": "coupon", "changed_at": "2024-04-01", "plan_id": "pro"},
    ],
    "orders": [
        order("before", "2024-02-29", "EUR"),
        order(
            *("on-the-day", "2024-03-01", "eur"),
            **{"discount_amount": "5", "refunded_amount": "10", "cost_amount": "20"},
            refunded_at="2024-05-02",
        ),
        order("too-early", "2024-01-31", "GBP"),
        order("first-rate", "2024-02-01", "gbp"),
        order("empty", "2024-03-01", ""),
        order("small", "2024-03-01", "IDR", gross_amount="1000000"),
        order("unrated", "2024-03-01", "CHF"),
    ],
    "invoices": [
        {
            **{"invoice_id": "unrated", "subscription_id": "plain"},
            **{"period_start": "2024-02-01", "period_end": "2024-03-01"},
            **{"amount_due": "100", "currency": "CHF"},
        },
    ],
    "marketing_spend": [
        {"spend_date": day, "channel": "ads", "amount": "10", "currency": currency}
        for day, currency in (
            *(("2024-03-05", "EUR"), ("2024-05-05", "EUR"), ("2024-05-06", "")),
            ("2024-05-07", "CHF"),
        )
    ],
}


@pytest.fixture(scope="module", params=POLICIES)
def built(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Built]:
    scratch = tmp_path_factory.mktemp("currencies")
    with story_built(scratch, AS_OF, STORY, fx_rate_policy=request.param) as story:
        yield story


@pytest.fixture
def is_fixed(request: pytest.FixtureRequest, built: Built) -> bool:
    """Whether a subscription keeps its first rate in this build."""
    return "subscription_start" in request.node.name


def moves(built: Built, name: str) -> list[tuple]:
    return built.rows(
        f"""
        select strftime(moved_date, '%Y-%m-%d'), movement_type, mrr_change
        from marts.fct_mrr_movements
        where customer_key = 'files:{name}-c'
        order by moved_date
        """
    )


def test_all_marts_match_the_reference(built: Built) -> None:
    assert_marts_match(built)


def test_a_rate_that_moves_by_a_fifth_is_expansion_only_when_asked_for(
    built: Built, is_fixed: bool
) -> None:
    new, *later = moves(built, "moved")

    assert new == ("2024-01-15", "new", 100)
    assert later == ([] if is_fixed else [("2024-04-01", "expansion", 20)])


def test_a_real_raise_is_expansion_at_the_rate_of_the_policy(
    built: Built, is_fixed: bool
) -> None:
    (raised,) = moves(built, "raised")[1:]

    assert raised == ("2024-04-01", "expansion", 10 if is_fixed else 32)


def test_a_trial_is_read_at_the_rate_of_its_first_paying_day(built: Built) -> None:
    assert moves(built, "tried") == [("2024-03-15", "new", 120)]


def test_a_discount_that_is_given_once_is_taken_once(
    built: Built, is_fixed: bool
) -> None:
    ((revenue,),) = built.rows(
        """
        select historical_revenue
        from marts.fct_customer_lifetime_value
        where customer_key = 'files:coupon-c'
        """
    )

    # Terms from 15 January to 15 June; those from April on at the new rate.
    assert revenue == (90 + 5 * 100 if is_fixed else 90 + 2 * 100 + 3 * 120)


def test_all_amounts_of_an_order_have_the_rate_of_its_day(built: Built) -> None:
    orders = built.rows(
        """
        select order_id, gross_amount, discount_amount, refunded_amount, gross_margin
        from marts.fct_orders
        order by order_id
        """
    )

    assert orders == [
        ("before", 50, 0, 0, 50),
        ("empty", 50, 0, 0, 50),
        ("first-rate", Decimal("62.5"), 0, 0, Decimal("62.5")),
        ("on-the-day", 60, 6, 12, 18),
        ("small", Decimal("61.3"), 0, 0, Decimal("61.3")),
    ]


def test_without_a_rate_a_row_is_rejected_and_never_taken_one_to_one(
    built: Built,
) -> None:
    rejected = built.rows(
        """
        select table_name, line_number, row_identifier
        from marts.fct_rejected_rows
        where reasons = 'missing_exchange_rate'
        order by all
        """
    )

    assert rejected == [
        ("invoices", 2, "unrated"),
        ("marketing_spend", 5, ""),
        ("orders", 4, "too-early"),
        ("orders", 8, "unrated"),
        ("subscriptions", 7, "unrated"),
    ]


def test_spend_has_the_rate_of_its_day(built: Built) -> None:
    spent = built.rows(
        """
        select month(spend_month), spend
        from marts.rpt_cac_monthly
        where channel = 'ads'
        order by spend_month
        """
    )

    assert spent == [(3, 12), (5, 18)]


def test_the_reconciliation_is_by_currency_as_written(built: Built) -> None:
    orders = built.rows(
        """
        select currency, raw_rows, accepted_rows, rejected_rows, raw_amount
        from marts.rpt_input_reconciliation
        where table_name = 'orders'
        order by currency
        """
    )

    assert orders == [
        ("CHF", 1, 0, 1, 50),
        ("EUR", 2, 2, 0, 100),
        ("GBP", 2, 1, 1, 100),
        ("IDR", 1, 1, 0, 1000000),
        ("USD", 1, 1, 0, 50),
    ]
