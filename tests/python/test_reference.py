"""The reference itself, by examples worked by hand.

It is held to be right because it is simple. These say so once more, with the
numbers that a person finds with a calendar and a pencil.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from reference import compute
from reference.months import add_months, whole_months
from reference.parsing import parse_moment, parse_number
from worlds import write_story

Marts = dict[str, list[dict]]
Tell = Callable[..., Marts]
AS_OF = date(2024, 6, 30)


@pytest.fixture
def tell(tmp_path: Path) -> Tell:
    """Writes a story and computes its marts."""

    def told(as_of: date = AS_OF, **tables: list[dict]) -> Marts:
        return compute(write_story(tmp_path / "story", **tables), as_of)

    return told


def sub(started_at: str = "2024-01-10", **values: object) -> dict:
    usual = {
        **{"subscription_id": "s1", "customer_id": "c1", "unit_amount": 30},
        **{"billing_interval": "month", "started_at": started_at},
    }
    return usual | values


def change(changed_at: str, **values: object) -> dict:
    return {"subscription_id": "s1", "changed_at": changed_at} | values


def order(ordered_at: str, **values: object) -> dict:
    usual = {"order_id": f"o-{ordered_at}", "customer_id": "c1", "gross_amount": 20}
    return usual | {"ordered_at": ordered_at} | values


def moves(marts: Marts) -> list[tuple[str, str, Decimal]]:
    return [
        (row["moved_date"].isoformat(), row["movement_type"], row["mrr_change"])
        for row in marts["fct_mrr_movements"]
    ]


def terms(marts: Marts) -> list[tuple[str, str, str]]:
    return [
        (
            row["term_start_date"].isoformat(),
            row["term_end_date"].isoformat(),
            row["renewal_status"],
        )
        for row in marts["fct_subscription_terms"]
    ]


def month(marts: Marts, mart: str, first: str) -> dict:
    (row,) = [r for r in marts[mart] if r["revenue_month"].isoformat() == first]
    return row


# --- MRR --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("interval", "count", "amount", "mrr"),
    [
        ("day", 1, 12, "365"),
        ("day", 30, 30, "30.416667"),
        ("week", 1, 84, "365"),
        ("week", 2, 84, "182.5"),
        ("month", "", 30, "30"),
        ("month", 6, 30, "5"),
        ("quarter", 1, 30, "10"),
        ("year", 1, 120, "10"),
        ("year", 1, 10, "0.833333"),
        # 0.0000005 is rounded away from zero.
        ("month", 2, "0.000001", "0.000001"),
    ],
)
def test_each_interval_has_its_share_of_a_month(
    tell: Tell, interval: str, count: object, amount: object, mrr: str
) -> None:
    price = {"billing_interval": interval, "billing_interval_count": count}
    marts = tell(subscriptions=[sub(**price, unit_amount=amount)])

    assert moves(marts) == [("2024-01-10", "new", Decimal(mrr))]


def test_quantity_multiplies_and_a_recurring_discount_is_taken_once(
    tell: Tell,
) -> None:
    marts = tell(subscriptions=[sub(quantity=3, discount_amount=15)])

    assert moves(marts) == [("2024-01-10", "new", 75)]


def test_a_discount_that_does_not_recur_leaves_mrr_alone(tell: Tell) -> None:
    coupon = {"discount_amount": 15, "discount_is_recurring": "no"}

    assert moves(tell(subscriptions=[sub(**coupon)])) == [("2024-01-10", "new", 30)]


def test_a_discount_above_the_price_is_no_negative_mrr(tell: Tell) -> None:
    assert moves(tell(subscriptions=[sub(discount_amount=31)])) == []


# --- Versions and status ----------------------------------------------------


def test_an_empty_cell_of_a_change_means_unchanged_and_zero_removes(
    tell: Tell,
) -> None:
    marts = tell(
        subscriptions=[sub(discount_amount=10)],
        subscription_changes=[
            change("2024-02-01", unit_amount=50),
            change("2024-03-01", discount_amount=0),
        ],
    )

    assert [change for *_, change in moves(marts)] == [20, 20, 10]


def test_the_last_change_of_a_day_holds(tell: Tell) -> None:
    marts = tell(
        subscriptions=[sub()],
        subscription_changes=[
            change("2024-02-01T18:00", quantity=2),
            change("2024-02-01T19:30+02:00", quantity=5),
        ],
    )

    assert moves(marts)[1:] == [("2024-02-01", "expansion", 30)]


def test_a_trial_pays_from_its_end_on(tell: Tell) -> None:
    marts = tell(subscriptions=[sub(trial_ends_at="2024-01-24")])

    assert moves(marts) == [("2024-01-24", "new", 30)]


def test_the_end_of_a_trial_means_nothing_once_a_change_named_a_status(
    tell: Tell,
) -> None:
    marts = tell(
        subscriptions=[sub(trial_ends_at="2024-01-24")],
        subscription_changes=[change("2024-01-15", status="paused")],
    )

    assert moves(marts) == []


def test_unpaid_without_a_change_holds_from_the_running_term_on(tell: Tell) -> None:
    marts = tell(subscriptions=[sub(status="unpaid")])

    assert moves(marts) == [("2024-01-10", "new", 30), ("2024-06-10", "churn", -30)]
    assert terms(marts)[-1] == ("2024-05-10", "2024-06-10", "lost")
    assert marts["fct_churn_events"][0]["churn_type"] == "involuntary"


def test_unpaid_holds_from_a_later_change_of_status_within_the_term(
    tell: Tell,
) -> None:
    marts = tell(
        subscriptions=[sub(status="unpaid")],
        subscription_changes=[change("2024-06-20", status="active")],
    )

    assert moves(marts)[-1] == ("2024-06-20", "churn", -30)


def test_unpaid_rows_that_a_change_explains_are_left_alone(tell: Tell) -> None:
    marts = tell(
        subscriptions=[sub(status="unpaid")],
        subscription_changes=[change("2024-03-03", status="unpaid")],
    )

    assert moves(marts)[-1] == ("2024-03-03", "churn", -30)


def test_past_due_keeps_paying(tell: Tell) -> None:
    assert len(moves(tell(subscriptions=[sub(status="Past-Due")]))) == 1


def test_an_unpaid_row_that_has_ended_paid_until_its_end(tell: Tell) -> None:
    marts = tell(subscriptions=[sub(status="unpaid", ended_at="2024-04-01")])

    assert moves(marts)[-1] == ("2024-04-01", "churn", -30)


@pytest.mark.parametrize("status", ["incomplete", "incomplete_expired", "trialing"])
def test_some_statuses_never_pay(tell: Tell, status: str) -> None:
    assert moves(tell(subscriptions=[sub(status=status)])) == []


# --- Movements --------------------------------------------------------------


def test_a_switch_on_one_day_is_an_expansion(tell: Tell) -> None:
    marts = tell(
        subscriptions=[
            sub(ended_at="2024-03-05"),
            sub("2024-03-05", subscription_id="s2", unit_amount=50),
        ]
    )

    assert moves(marts) == [("2024-01-10", "new", 30), ("2024-03-05", "expansion", 20)]


def test_what_starts_and_ends_on_one_day_is_no_movement(tell: Tell) -> None:
    assert moves(tell(subscriptions=[sub(ended_at="2024-01-10T23:59")])) == []


def test_a_return_is_a_reactivation(tell: Tell) -> None:
    marts = tell(
        subscriptions=[
            sub(ended_at="2024-03-05"),
            sub("2024-03-07", subscription_id="s2"),
        ]
    )

    assert [kind for _, kind, _ in moves(marts)] == ["new", "churn", "reactivation"]
    (event,) = marts["fct_churn_events"]
    assert event["reactivated_date"] == date(2024, 3, 7)
    assert event["is_netted_churn"] is False
    march = month(marts, "fct_customer_mrr", "2024-03-01")
    assert march["movement_type"] == "retained"


def test_the_end_of_one_of_two_subscriptions_is_a_contraction(tell: Tell) -> None:
    marts = tell(subscriptions=[sub(ended_at="2024-03-05"), sub(subscription_id="s2")])

    assert moves(marts)[-1] == ("2024-03-05", "contraction", -30)


def test_a_planned_end_is_not_churn_yet(tell: Tell) -> None:
    marts = tell(subscriptions=[sub(ended_at="2024-07-01", status="cancelled")])

    assert len(moves(marts)) == 1
    assert marts["dim_customers"][0]["current_mrr"] == 30


def test_who_comes_and_goes_within_a_month_is_inactive_in_it(tell: Tell) -> None:
    marts = tell(subscriptions=[sub(ended_at="2024-01-20")])

    january = month(marts, "fct_customer_mrr", "2024-01-01")
    assert january["movement_type"] == "inactive"
    assert len(marts["fct_customer_mrr"]) == 6


def test_the_monthly_bridge_and_its_rates(tell: Tell) -> None:
    marts = tell(
        subscriptions=[
            sub(ended_at="2024-03-20"),
            sub(subscription_id="s2", customer_id="c2", unit_amount=70),
            sub("2024-03-01", subscription_id="s3", customer_id="c3"),
        ],
        subscription_changes=[
            {
                **{"subscription_id": "s2", "changed_at": "2024-03-10"},
                **{"unit_amount": 80},
            },
        ],
    )

    march = month(marts, "rpt_mrr_monthly", "2024-03-01")
    assert march["starting_mrr"] == 100
    assert march["new_mrr"] == 30
    assert march["expansion_mrr"] == 10
    assert march["churned_mrr"] == -30
    assert march["ending_mrr"] == 110
    assert march["arr"] == 1320
    assert march["arpa"] == 55
    assert march["quick_ratio"] == Decimal(40) / 30
    churn = month(marts, "rpt_churn_monthly", "2024-03-01")
    assert churn["customer_churn_rate"] == Decimal("0.5")
    assert churn["annualised_customer_churn_rate"] == 1 - Decimal("0.5") ** 12
    assert churn["gross_revenue_churn_rate"] == Decimal("0.3")
    assert churn["net_revenue_churn_rate"] == Decimal("0.2")


def test_twelve_month_rates_follow_the_customers_of_a_year_ago(tell: Tell) -> None:
    marts = tell(
        subscriptions=[
            sub("2023-05-01", ended_at="2024-01-01"),
            sub("2023-05-01", subscription_id="s2", customer_id="c2", unit_amount=70),
            sub("2023-05-01", subscription_id="s3", customer_id="c3", unit_amount=100),
            sub("2024-06-01", subscription_id="s4", customer_id="c4"),
        ],
        subscription_changes=[
            change("2024-02-01", subscription_id="s2", unit_amount=90),
            change("2024-02-01", subscription_id="s3", unit_amount=50),
        ],
    )

    june = month(marts, "rpt_churn_monthly", "2024-06-01")
    assert june["net_revenue_retention_12m"] == Decimal("0.7")  # 140 / 200
    assert june["gross_revenue_retention_12m"] == Decimal("0.6")  # 120 / 200
    growth = month(marts, "rpt_mrr_monthly", "2024-06-01")["arr_growth_yoy"]
    assert growth == Decimal("-0.15")  # 170 / 200 - 1


def test_a_running_month_has_no_annual_and_no_trailing_figures(tell: Tell) -> None:
    marts = tell(date(2024, 6, 29), subscriptions=[sub("2023-05-01")])

    june = month(marts, "rpt_churn_monthly", "2024-06-01")
    assert june["is_complete_month"] is False
    assert june["customer_churn_rate"] == 0
    assert june["annualised_customer_churn_rate"] is None
    assert june["net_revenue_retention_12m"] is None
    assert month(marts, "rpt_mrr_monthly", "2024-06-01")["arr_growth_yoy"] is None


# --- Churn ------------------------------------------------------------------


def test_the_reason_is_that_of_the_largest_then_of_the_smallest_id(
    tell: Tell,
) -> None:
    end = {"ended_at": "2024-03-05"}
    small = sub(**end, unit_amount=10, cancel_reason="small")
    second = sub(**end, subscription_id="s3", cancel_reason="second")
    first = sub(**end, subscription_id="s2", cancel_reason=" Too Expensive ")
    (event,) = tell(subscriptions=[small, second, first])["fct_churn_events"]

    assert event["churn_reason"] == "too_expensive"
    assert event["churned_mrr"] == -70
    assert event["tenure_months"] == 1


def test_a_subscription_that_pays_again_gives_no_reason(tell: Tell) -> None:
    marts = tell(
        subscriptions=[sub(ended_at="2024-06-20", cancel_reason="moved")],
        subscription_changes=[
            change("2024-02-20", status="paused"),
            change("2024-04-02", status="active"),
        ],
    )

    first, last = marts["fct_churn_events"]
    assert (first["churn_reason"], last["churn_reason"]) == ("unknown", "moved")


def test_only_the_last_fall_of_a_month_is_netted(tell: Tell) -> None:
    marts = tell(
        subscriptions=[
            sub(ended_at="2024-03-05"),
            sub("2024-03-07", subscription_id="s2", ended_at="2024-03-20"),
        ]
    )

    assert [event["is_netted_churn"] for event in marts["fct_churn_events"]] == [
        *(False, True),
    ]
    (reason,) = marts["rpt_churn_reasons_monthly"]
    assert (reason["churned_customers"], reason["churned_mrr"]) == (1, -30)


@pytest.mark.parametrize(
    ("values", "churn_type"),
    [
        ({"cancel_reason": "payment_failed"}, "involuntary"),
        ({"cancel_reason": "Payment Failed", "is_involuntary": "f"}, "voluntary"),
        ({"is_involuntary": "1"}, "involuntary"),
        ({}, "voluntary"),
    ],
)
def test_involuntary_is_said_or_a_failed_payment(
    tell: Tell, values: dict, churn_type: str
) -> None:
    (event,) = tell(subscriptions=[sub(**values, ended_at="2024-03-05")])[
        "fct_churn_events"
    ]

    assert event["churn_type"] == churn_type


# --- Terms ------------------------------------------------------------------


def test_terms_from_31_january_end_on_the_last_day_of_short_months(
    tell: Tell,
) -> None:
    starts = [start for start, *_ in terms(tell(subscriptions=[sub("2024-01-31")]))]

    assert starts == [
        *("2024-01-31", "2024-02-29", "2024-03-31"),
        *("2024-04-30", "2024-05-31", "2024-06-30"),
    ]


def test_years_from_29_february_come_back_to_it(tell: Tell) -> None:
    yearly = sub("2020-02-29", billing_interval="year")

    assert [start for start, *_ in terms(tell(subscriptions=[yearly]))] == [
        *("2020-02-29", "2021-02-28", "2022-02-28", "2023-02-28", "2024-02-29"),
    ]


def test_a_pause_ends_the_term_and_anchors_the_next_anew(tell: Tell) -> None:
    marts = tell(
        subscriptions=[sub("2024-04-10")],
        subscription_changes=[
            change("2024-05-15", status="paused"),
            change("2024-06-01", status="active"),
        ],
    )

    assert terms(marts) == [
        ("2024-04-10", "2024-05-10", "renewed"),
        ("2024-05-10", "2024-05-15", "lost"),
        ("2024-06-01", "2024-07-01", "open"),
    ]


def test_another_interval_within_a_term_replaces_it(tell: Tell) -> None:
    marts = tell(
        subscriptions=[sub("2024-04-10")],
        subscription_changes=[change("2024-05-15", billing_interval="year")],
    )

    assert terms(marts)[1:] == [
        ("2024-05-10", "2024-05-15", "replaced"),
        ("2024-05-15", "2025-05-15", "open"),
    ]


def test_another_interval_on_the_boundary_renews_at_most_what_was_due(
    tell: Tell,
) -> None:
    marts = tell(
        subscriptions=[sub("2024-04-10")],
        subscription_changes=[
            change("2024-05-10", billing_interval="year", unit_amount=240),
        ],
    )

    assert terms(marts)[0] == ("2024-04-10", "2024-05-10", "renewed")
    assert marts["fct_subscription_terms"][0]["mrr_due"] == 30
    assert marts["fct_subscription_terms"][0]["mrr_renewed"] == 20


def test_a_price_change_does_not_cut_the_term(tell: Tell) -> None:
    marts = tell(
        subscriptions=[sub("2024-05-10")],
        subscription_changes=[change("2024-05-20", unit_amount=45)],
    )

    assert len(terms(marts)) == 2
    assert marts["fct_subscription_terms"][0]["mrr_due"] == 45


def test_a_planned_end_cuts_the_open_term(tell: Tell) -> None:
    marts = tell(subscriptions=[sub("2024-06-10", ended_at="2024-07-02")])

    assert terms(marts) == [("2024-06-10", "2024-07-02", "open")]


def test_a_term_that_ends_on_the_as_of_day_is_settled(tell: Tell) -> None:
    lost = sub("2024-05-30", ended_at="2024-06-30")
    renewed = sub("2024-05-30", subscription_id="s2")
    marts = tell(subscriptions=[lost, renewed])

    statuses = [status for *_, status in terms(marts)]
    assert statuses == ["lost", "renewed", "open"]


def test_renewal_rates_by_interval_and_for_all(tell: Tell) -> None:
    marts = tell(
        subscriptions=[
            sub("2024-04-10", ended_at="2024-05-10"),
            sub("2024-04-12", subscription_id="s2", unit_amount=90),
            sub("2024-04-30", subscription_id="s3", billing_interval="day"),
        ],
        subscription_changes=[
            change("2024-05-02", subscription_id="s3", status="paused"),
        ],
    )

    may = {
        row["billing_interval"]: row
        for row in marts["rpt_renewals_monthly"]
        if row["renewal_month"] == date(2024, 5, 1)
    }
    assert may.keys() == {"month", "day", "all"}
    assert may["month"]["renewal_rate"] == Decimal("0.5")
    assert may["month"]["value_renewal_rate"] == Decimal("0.75")
    assert (may["day"]["terms_due"], may["day"]["terms_renewed"]) == (2, 1)
    assert (may["all"]["terms_due"], may["all"]["terms_renewed"]) == (4, 2)


# --- Orders and value -------------------------------------------------------


def test_a_refund_counts_on_its_own_day(tell: Tell) -> None:
    refund = {"refunded_amount": 5, "discount_amount": 2, "cost_amount": 4}
    past = order("2024-05-01", **refund, refunded_at="2024-06-30T23:00Z")
    future = order("2024-05-02", **refund, refunded_at="2024-07-01")
    rows = tell(orders=[past, future])["fct_orders"]

    assert [row["net_revenue"] for row in rows] == [13, 18]
    assert [row["gross_margin"] for row in rows] == [9, 14]


def test_the_first_order_is_no_billing_and_ties_go_to_the_smaller_id(
    tell: Tell,
) -> None:
    rows = tell(
        orders=[
            order("2024-05-01", subscription_id="s1"),
            order("2024-05-02", order_id="b"),
            order("2024-05-02T00:00Z", order_id="a"),
            order("2024-04-01", status="Canceled"),
        ]
    )["fct_orders"]

    assert [row["order_id"] for row in rows if row["is_first_order"]] == ["a"]
    assert len(rows) == 3


def test_terms_are_the_revenue_of_a_subscription_without_billings(
    tell: Tell,
) -> None:
    marts = tell(
        subscriptions=[
            sub("2024-04-10", ended_at="2024-05-20"),
            sub("2024-04-10", subscription_id="s2"),
        ],
        orders=[
            order("2024-04-10", subscription_id="s2", cost_amount=1),
            order("2024-04-11", gross_amount=7),
        ],
    )

    (value,) = marts["fct_customer_lifetime_value"]
    assert value["historical_revenue"] == 87  # 2 terms of 30, 20 billed, 7 bought
    assert value["historical_margin"] == 86
    assert value["revenue_source"] == "orders+subscription_orders+terms"
    assert (value["order_count"], value["average_order_value"]) == (1, 7)


def test_a_one_time_discount_is_taken_once_until_it_is_given_again(
    tell: Tell,
) -> None:
    coupon = {"discount_amount": 5, "discount_is_recurring": "false"}
    marts = tell(
        subscriptions=[sub("2024-01-10", **coupon, ended_at="2024-06-20")],
        subscription_changes=[
            change("2024-02-01", unit_amount=40),  # the same run
            change("2024-03-01", discount_amount=0),
            change("2024-05-01", discount_amount=5),
        ],
    )

    (value,) = marts["fct_customer_lifetime_value"]
    assert value["historical_revenue"] == 25 + 40 + 40 + 40 + 35 + 40


def test_formula_clv_is_worked_over_full_quarters(tell: Tell) -> None:
    # Quarters from 15 Aug 2023: c1 buys in the 1st (twice) and 2nd, c2 in the 1st
    # and 3rd. Stayed 1 of 3 (c1, c2 in the first, c1 in the second).
    days = ("2023-08-15", "2023-09-01", "2023-12-01", "2024-06-01")
    mine = [order(day, gross_amount=30) for day in days]
    theirs = [
        order(day, order_id=f"c2-{day}", customer_id="c2")
        for day in ("2023-10-01", "2024-03-01")
    ]
    values = tell(orders=[*mine, *theirs])["fct_customer_lifetime_value"]

    assert values[0]["average_order_value"] == 30
    assert values[0]["purchase_frequency"] == Decimal("0.5")  # 3 / 2 periods / 3
    assert values[0]["lifespan_months"] == Decimal("4.5")  # 3 / (1 - 1/3)
    assert values[0]["formula_clv"] == Decimal("67.5")


def test_a_short_history_is_cut_into_shorter_periods(tell: Tell) -> None:
    two_months = tell(orders=[order("2024-05-01"), order("2024-06-01")])
    (value,) = two_months["fct_customer_lifetime_value"]

    assert value["purchase_frequency"] == 1
    assert value["lifespan_months"] == 60
    too_short = tell(orders=[order("2024-05-02")])
    (value,) = too_short["fct_customer_lifetime_value"]
    assert value["purchase_frequency"] is None
    assert value["formula_clv"] is None


def test_churn_based_clv_is_mrr_over_churn(tell: Tell) -> None:
    # In January to June one of 2, then none of 1 five times: c = 1 / 7.
    marts = tell(
        subscriptions=[
            sub("2023-12-01", ended_at="2024-01-15"),
            sub("2023-12-01", subscription_id="s2", customer_id="c2"),
            sub(
                "2024-06-01",
                **{"subscription_id": "s3", "customer_id": "c3"},
                **{"billing_interval": "year", "unit_amount": 120},
            ),
        ],
        customers=[{"customer_id": "c4"}],
    )

    worth = {
        row["customer_key"]: row["churn_based_clv"]
        for row in marts["fct_customer_lifetime_value"]
    }
    assert worth["files:c1"] == 0
    assert abs(worth["files:c2"] - 210) < Decimal("1e-20")
    # Nobody had a yearly one at a month's start: the rate of all.
    assert abs(worth["files:c3"] - 70) < Decimal("1e-20")
    assert worth["files:c4"] is None


def test_without_churn_the_lifetime_is_capped(tell: Tell) -> None:
    (value,) = tell(subscriptions=[sub()])["fct_customer_lifetime_value"]

    assert value["churn_based_clv"] == 1800
    assert value["churn_based_clv_is_capped"] is True


# --- Customers --------------------------------------------------------------


@pytest.mark.parametrize(
    ("tables", "status"),
    [
        ({"customers": [{"customer_id": "c1"}]}, "prospect"),
        ({"orders": [order("2024-06-01", gross_amount=0)]}, "prospect"),
        ({"subscriptions": [sub()]}, "active"),
        ({"orders": [order("2023-07-01")]}, "active"),  # 365 days before
        ({"orders": [order("2023-06-30")]}, "lapsed"),
        ({"subscriptions": [sub(ended_at="2024-02-01")]}, "churned"),
    ],
)
def test_customer_status_by_what_was_paid(
    tell: Tell, tables: dict, status: str
) -> None:
    (customer,) = tell(**tables)["dim_customers"]

    assert customer["customer_status"] == status


def test_age_is_counted_in_full_years(tell: Tell) -> None:
    births = ("1999-06-30", "1999-07-01", "1959-06-30", "")
    rows = [
        {"customer_id": str(number), "birth_date": birth}
        for number, birth in enumerate(births)
    ]
    bands = [row["age_band"] for row in tell(customers=rows)["dim_customers"]]

    assert bands == ["25-34", "under 25", "65+", "unknown"]


def test_the_plan_is_that_of_the_largest_subscription(tell: Tell) -> None:
    marts = tell(
        subscriptions=[
            sub(subscription_id="s2", plan_id="b"),
            sub(plan_id="a"),
            sub(subscription_id="s0", plan_id="c", unit_amount=1),
        ]
    )

    assert marts["dim_customers"][0]["current_plan_id"] == "a"


# --- Inputs -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2024-03-01", datetime(2024, 3, 1)),
        ("2024-03-01T00:30+02:00", datetime(2024, 2, 29, 22, 30)),
        ("2024-02-29 23:30:00.5-0200", datetime(2024, 3, 1, 1, 30, 0, 500_000)),
        ("2024-03-01T10:00Z", datetime(2024, 3, 1, 10)),
        ("2024-03-01T10:00+02", datetime(2024, 3, 1, 8)),
        ("03/02/2026", None),
        ("2023-02-29", None),
        ("2024-03-01T24:10", None),
        ("2024-3-1", None),
    ],
)
def test_moments_are_read_in_utc(text: str, moment: datetime | None) -> None:
    assert parse_moment(text) == moment


@pytest.mark.parametrize("text", ["1,50", "NaN", "inf", "$5", "1e3", "1" * 13, "5."])
def test_what_is_no_plain_number_is_invalid(text: str) -> None:
    assert parse_number(text) is None


@pytest.mark.parametrize(("text", "value"), [(".5", "0.5"), ("+1", "1"), ("-2.0", -2)])
def test_plain_numbers_are_read(text: str, value: object) -> None:
    assert parse_number(text) == Decimal(value)


def test_reasons_are_given_in_the_order_of_the_contract(tell: Tell) -> None:
    bad = order("soon", order_id="", gross_amount="x", cost_amount=-1, currency="eur")
    (row,) = tell(orders=[bad])["fct_rejected_rows"]

    assert row["line_number"] == 2
    assert row["reasons"] == (
        "missing_id:order_id; invalid_date:ordered_at; invalid_amount:gross_amount; "
        "negative_amount:cost_amount; missing_exchange_rate"
    )


def test_the_first_of_identical_rows_stays_and_conflicts_all_go(tell: Tell) -> None:
    same = order("2024-05-01")
    other = order("2024-05-02")
    marts = tell(orders=[same, other, same, other | {"gross_amount": 1}, other])

    rejected = marts["fct_rejected_rows"]
    assert [(row["line_number"], row["reasons"]) for row in rejected] == [
        (3, "conflicting_id"),
        (4, "duplicate_row"),
        (5, "conflicting_id"),
        (6, "duplicate_row; conflicting_id"),
    ]
    assert [row["order_id"] for row in marts["fct_orders"]] == ["o-2024-05-01"]


def test_changes_stay_within_an_accepted_subscription(tell: Tell) -> None:
    marts = tell(
        subscriptions=[
            sub(ended_at="2024-03-01"),
            sub(subscription_id="s2", status="?"),
            sub("2024-08-01", subscription_id="s3"),
        ],
        subscription_changes=[
            change("2024-01-09"),
            change("2024-01-10"),
            change("2024-03-01"),
            change("2024-03-02"),
            change("2024-02-01", subscription_id="s2"),
            change("2024-08-02", subscription_id="s3"),
        ],
    )

    rejected = [
        (row["line_number"], row["reasons"])
        for row in marts["fct_rejected_rows"]
        if row["table_name"] == "subscription_changes"
    ]
    assert rejected == [
        (2, "outside_subscription"),
        (5, "outside_subscription"),
        (6, "unknown_subscription"),
    ]


def test_the_reconciliation_is_by_currency_as_written(tell: Tell) -> None:
    rows = tell(
        orders=[
            order("2024-05-01"),
            order("2024-05-02", currency="usd", gross_amount="oops"),
            order("2024-05-03", currency="eur", gross_amount=5),
            order("2024-07-01", gross_amount=3),
        ]
    )["rpt_input_reconciliation"]

    dollars, euros = rows
    assert (dollars["raw_rows"], dollars["raw_amount"]) == (3, 23)
    assert (dollars["accepted_rows"], dollars["accepted_amount"]) == (1, 20)
    assert (dollars["rejected_rows"], dollars["rejected_amount"]) == (1, 0)
    assert (dollars["after_as_of_rows"], dollars["after_as_of_amount"]) == (1, 3)
    assert (euros["currency"], euros["rejected_amount"]) == ("EUR", 5)


# --- Calendar ---------------------------------------------------------------


def test_months_are_clamped_to_their_last_day() -> None:
    assert add_months(date(2024, 1, 31), 1) == date(2024, 2, 29)
    assert add_months(date(2024, 2, 29), -12) == date(2023, 2, 28)
    assert whole_months(date(2024, 1, 31), date(2024, 2, 28)) == 0
    assert whole_months(date(2024, 1, 31), date(2024, 2, 29)) == 1
