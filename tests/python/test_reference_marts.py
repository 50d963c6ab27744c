"""The reference of slices, cohorts, survival, segments, products and platforms.

Each expected number is worked out by hand, beside the case it belongs to.
"""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from lifelines import KaplanMeierFitter
from reference import compute
from reference.survival import survival
from worlds import write_story

Marts = dict[str, list[dict]]
Tell = Callable[..., Marts]
AS_OF = date(2024, 6, 30)
MOVED = ("new", "reactivation", "expansion", "contraction", "churned")


@pytest.fixture
def tell(tmp_path: Path) -> Tell:
    """Writes a story and computes its marts; what is no table is a policy."""

    def told(as_of: date = AS_OF, policies: dict | None = None, **tables: Any) -> Marts:
        folder = write_story(tmp_path / "story", **tables)
        return compute(folder, as_of, **policies or {})

    return told


def sub(number: int, started_at: str, amount: object, **values: object) -> dict:
    usual = {
        **{"subscription_id": f"s{number}", "customer_id": "c1"},
        **{"unit_amount": amount, "billing_interval": "month"},
    }
    return usual | {"started_at": started_at} | values


def change(number: int, changed_at: str, **values: object) -> dict:
    return {"subscription_id": f"s{number}", "changed_at": changed_at} | values


def order(
    customer: str, ordered_at: str, amount: object = 20, **values: object
) -> dict:
    return {
        "order_id": f"{customer}-{ordered_at}",
        "customer_id": customer,
        "ordered_at": ordered_at,
        "gross_amount": amount,
    } | values


def item(number: int, order_id: str, product: str, **values: object) -> dict:
    usual = {"order_item_id": f"i{number}", "quantity": 1, "unit_price": 10}
    return usual | {"order_id": order_id, "product_id": product} | values


def only(rows: list[dict], **wanted: object) -> dict:
    """The one row that has these values."""
    (row,) = [r for r in rows if all(r[c] == value for c, value in wanted.items())]
    return row


def column(rows: list[dict], name: str, key: str = "customer_key") -> dict:
    return {row[key].removeprefix("files:"): row[name] for row in rows}


# --- Slices -----------------------------------------------------------------


def plans_in_march(tell: Tell, price: int) -> dict[str, dict]:
    """Basic 10 becomes pro, pro 40 becomes team 10, and a third one is team 5."""
    marts = tell(
        subscriptions=[
            sub(1, "2024-01-05", 10, plan_id="basic"),
            sub(2, "2024-01-05", 40, plan_id="pro"),
            sub(3, "2024-03-01", 5, plan_id="team"),
        ],
        subscription_changes=[
            change(1, "2024-03-07", plan_id="pro", unit_amount=price),
            change(2, "2024-03-20", plan_id="team", unit_amount=10),
        ],
    )
    return {
        row["slice_value"]: row
        for row in marts["rpt_mrr_by_slice_monthly"]
        if row["slice_name"] == "plan" and row["revenue_month"] == date(2024, 3, 1)
    }


def test_a_gain_is_shared_by_the_slices_that_gain(tell: Tell) -> None:
    # Basic −10, pro +5, team +15: 10 more, half of the 20 that rose.
    march = plans_in_march(tell, 45)

    assert march["pro"]["expansion_mrr"] == Decimal("2.5")
    assert march["pro"]["transfer_mrr"] == Decimal("2.5")
    assert march["team"]["expansion_mrr"] == Decimal("7.5")
    assert march["team"]["transfer_mrr"] == Decimal("7.5")
    assert march["basic"]["contraction_mrr"] == 0
    assert march["basic"]["transfer_mrr"] == -10


def test_a_loss_is_shared_by_the_slices_that_lose(tell: Tell) -> None:
    # Basic −10, pro −10, team +15: 5 less, a quarter of the 20 that fell.
    march = plans_in_march(tell, 30)

    for plan in ("basic", "pro"):
        assert march[plan]["contraction_mrr"] == Decimal("-2.5")
        assert march[plan]["transfer_mrr"] == Decimal("-7.5")
    assert march["team"]["expansion_mrr"] == 0
    assert march["team"]["transfer_mrr"] == 15


def test_without_a_change_of_the_whole_all_is_transfer(tell: Tell) -> None:
    march = plans_in_march(tell, 35)

    transfers = {plan: row["transfer_mrr"] for plan, row in march.items()}
    assert transfers == {"basic": -10, "pro": -5, "team": 15}
    assert all(row[f"{part}_mrr"] == 0 for row in march.values() for part in MOVED)


def test_who_leaves_a_plan_but_stays_is_not_churned_from_it(tell: Tell) -> None:
    marts = tell(
        subscriptions=[
            sub(1, "2024-01-05", 10, plan_id="basic"),
            sub(2, "2024-01-05", 40, plan_id="pro", ended_at="2024-03-10"),
            sub(3, "2024-01-05", 7, plan_id="pro", customer_id="c2"),
            sub(4, "2024-01-05", 8, customer_id="c2", ended_at="2024-03-31"),
        ],
        subscription_changes=[change(3, "2024-03-30", quantity=0)],
    )

    slices = marts["rpt_mrr_by_slice_monthly"]
    march = {"slice_name": "plan", "revenue_month": date(2024, 3, 1)}
    pro = only(slices, **march, slice_value="pro")
    assert (pro["contraction_mrr"], pro["churned_mrr"]) == (-40, -7)
    assert (pro["starting_customers"], pro["churned_customers"]) == (2, 1)
    assert pro["ending_customers"] == 0
    assert pro["customer_churn_rate"] == Decimal("0.5")
    unknown = only(slices, **march, slice_value="unknown")
    assert (unknown["churned_mrr"], unknown["customer_churn_rate"]) == (-8, 1)
    april = march | {"revenue_month": date(2024, 4, 1)}
    assert only(slices, **april, slice_value="pro")["customer_churn_rate"] is None


def test_a_slice_goes_on_from_its_first_day_with_mrr(tell: Tell) -> None:
    marts = tell(
        customers=[{"customer_id": "c1", "country": "DE"}],
        subscriptions=[
            sub(1, "2024-02-10", 10, plan_id="brief", ended_at="2024-02-20"),
            sub(2, "2024-05-10", 120, billing_interval="annual", plan_id="brief"),
        ],
    )

    slices = marts["rpt_mrr_by_slice_monthly"]
    months = defaultdict(list)
    for row in slices:
        one = (row["slice_name"], row["slice_value"])
        months[one].append((row["revenue_month"].month, row["ending_mrr"]))
    always = [(2, 0), (3, 0), (4, 0), (5, 10), (6, 10)]
    assert months == {
        ("plan", "brief"): always,
        ("billing_interval", "month"): [(number, 0) for number in range(2, 7)],
        ("billing_interval", "year"): [(5, 10), (6, 10)],
        ("channel", "unknown"): always,
        ("country", "DE"): always,
        ("source", "files"): always,
    }
    may = {"revenue_month": date(2024, 5, 1), "slice_value": "brief"}
    assert only(slices, **may)["reactivation_mrr"] == 10


def test_slices_sum_to_the_whole(expected_worlds: Marts) -> None:
    parts = ("starting", *MOVED, "ending")
    sums: dict[tuple[str, date], dict[str, Decimal]] = {}
    for row in expected_worlds["rpt_mrr_by_slice_monthly"]:
        group = sums.setdefault(
            (row["slice_name"], row["revenue_month"]), defaultdict(Decimal)
        )
        for part in (*parts, "transfer"):
            group[part] += row[f"{part}_mrr"]
        moved = sum(row[f"{part}_mrr"] for part in (*MOVED, "transfer"))
        assert near(row["starting_mrr"] + moved, row["ending_mrr"])
    whole = {row["revenue_month"]: row for row in expected_worlds["rpt_mrr_monthly"]}

    assert len(sums) == 5 * len(whole)
    for (_, month), group in sums.items():
        assert near(group["transfer"], 0)
        assert all(near(group[part], whole[month][f"{part}_mrr"]) for part in parts)


def near(value: Decimal, other: Decimal | int) -> bool:
    return abs(value - other) < Decimal("1e-15")


# --- Cohorts ----------------------------------------------------------------

FIRST_OF_JANUARY = {"cohort_month": date(2024, 1, 1)}
# January: c1 and c2, 60 and 55 of margin; February: 10 go back; March: 30 more.
BUYERS = [
    order("c1", "2024-01-10", 20, cost_amount=5),
    order("c1", "2024-03-05", 30),
    order("c2", "2024-01-20", 40, refunded_amount=10, refunded_at="2024-02-03"),
    order("c3", "2024-02-01", 15),
]


@pytest.mark.parametrize(
    ("number", "active", "rate", "revenue_rate", "revenue", "margin"),
    [
        (0, 2, "1", "1", "30", "27.5"),
        (1, 0, "0", Fraction(-10, 60), "25", "22.5"),
        (2, 1, "0.5", "0.5", "40", "37.5"),
    ],
)
def test_cohorts_of_buyers(
    tell: Tell,
    number: int,
    active: int,
    rate: str,
    revenue_rate: str,
    revenue: str,
    margin: str,
) -> None:
    rows = tell(date(2024, 3, 31), orders=BUYERS)["rpt_retention_cohorts"]

    row = only(rows, **FIRST_OF_JANUARY, months_since_first=number)
    assert (row["cohort_type"], row["cohort_size"]) == ("orders", 2)
    assert row["active_customers"] == active
    assert row["retention_rate"] == Decimal(rate)
    assert abs(row["revenue_retention_rate"] - as_decimal(revenue_rate)) < 1e-20
    assert row["cumulative_revenue_per_customer"] == Decimal(revenue)
    assert row["cumulative_margin_per_customer"] == Decimal(margin)
    assert len(rows) == 5


def as_decimal(value: str | Fraction) -> Decimal:
    exact = Fraction(value)
    return Decimal(exact.numerator) / exact.denominator


def test_a_month_that_still_runs_says_nothing(tell: Tell) -> None:
    rows = tell(date(2024, 3, 30), orders=BUYERS)["rpt_retention_cohorts"]

    row = only(rows, **FIRST_OF_JANUARY, months_since_first=2)
    assert (row["is_mature"], row["cohort_size"]) == (False, 2)
    assert [column for column, value in row.items() if value is None] == [
        *("active_customers", "retention_rate", "revenue_retention_rate"),
        *("cumulative_revenue_per_customer", "cumulative_margin_per_customer"),
    ]


def test_cohorts_of_subscribers(tell: Tell) -> None:
    marts = tell(
        date(2024, 3, 31),
        subscriptions=[
            sub(1, "2024-01-31", 30),
            sub(2, "2024-01-15", 60, customer_id="c2", ended_at="2024-02-10"),
        ],
        orders=[order("c1", "2024-01-02", 1000)],
    )

    rows = [
        row
        for row in marts["rpt_retention_cohorts"]
        if row["cohort_type"] == "subscriptions"
    ]
    # 90 at the end of January, then 30; terms of 60 + 30, 30 and 30.
    assert [row["active_customers"] for row in rows] == [2, 1, 1]
    assert [row["retention_rate"] for row in rows] == [
        1,
        Decimal("0.5"),
        Decimal("0.5"),
    ]
    third = Decimal(1) / 3
    assert [row["revenue_retention_rate"] for row in rows] == [1, third, third]
    assert [row["cumulative_revenue_per_customer"] for row in rows] == [45, 60, 75]


def test_a_cohort_gone_by_the_end_of_its_first_month_has_no_base(tell: Tell) -> None:
    marts = tell(
        subscriptions=[sub(1, "2024-05-10", 30, ended_at="2024-05-20")],
        orders=[order("c2", "2024-05-10", 0)],
    )

    rates = [
        (row["active_customers"], row["revenue_retention_rate"])
        for row in marts["rpt_retention_cohorts"]
    ]
    assert rates == [(1, None), (0, None), (0, None), (0, None)]


def test_what_came_before_the_first_month_is_in_it(tell: Tell) -> None:
    # Paid in advance; MRR begins with the subscription.
    invoice = {
        **{"invoice_id": "v1", "subscription_id": "s1", "amount_due": 30},
        **{"period_start": "2024-05-01", "period_end": "2024-06-01"},
        **{"paid_at": "2024-03-20"},
    }
    early = order("c2", "2024-05-05", 50, refunded_amount=20, refunded_at="2024-04-30")
    later = order("c2", "2024-06-05", 15)
    marts = tell(
        subscriptions=[sub(1, "2024-05-01", 30)],
        invoices=[invoice],
        orders=[early, later],
    )

    rows = marts["rpt_retention_cohorts"]
    first = {"cohort_month": date(2024, 5, 1), "months_since_first": 0}
    subscribers = only(rows, **first, cohort_type="subscriptions")
    assert subscribers["cumulative_revenue_per_customer"] == 30
    second = first | {"months_since_first": 1}
    buyers = only(rows, **second, cohort_type="orders")
    # 30 in May, 15 in June.
    assert buyers["revenue_retention_rate"] == Decimal("0.5")
    assert buyers["cumulative_revenue_per_customer"] == 45


# --- Survival ---------------------------------------------------------------


def test_survival_by_hand(tell: Tell) -> None:
    marts = tell(
        subscriptions=[
            # Two months, to the day; one month, clamped to the leap day.
            sub(1, "2024-01-10", 30, customer_id="c1", ended_at="2024-03-10"),
            sub(2, "2024-01-31", 30, customer_id="c2", ended_at="2024-02-29"),
            # Running: five months to 1 July, the day after the as-of day.
            sub(3, "2024-01-10", 30, customer_id="c3"),
            sub(4, "2024-02-01", 30, customer_id="c4", ended_at="2024-07-01"),
        ]
    )

    rows = marts["rpt_subscription_survival"]
    unknown = [row for row in rows if row["plan_id"] == "unknown"]
    assert [row["tenure_months"] for row in unknown] == [0, 1, 2, 3, 4, 5]
    assert [row["at_risk"] for row in unknown] == [4, 4, 3, 2, 2, 2]
    assert [row["ended"] for row in unknown] == [0, 1, 1, 0, 0, 0]
    assert [row["survival_rate"] for row in unknown] == [
        *(1, Fraction(3, 4)),
        *[Fraction(1, 2)] * 4,
    ]
    assert (unknown[0]["survival_rate_low"], unknown[0]["survival_rate_high"]) == (1, 1)
    # v = 1 ÷ 12; 1.96 × 0.288675 ÷ 0.287682 = 1.96673; e^1.96673 = 7.1473;
    # 0.75^7.1473 = e^-2.05615 and 0.75^(1 ÷ 7.1473) = e^-0.040251.
    assert unknown[1]["survival_rate_low"] == pytest.approx(0.1279, abs=1e-4)
    assert unknown[1]["survival_rate_high"] == pytest.approx(0.9605, abs=1e-4)
    assert [row | {"plan_id": "unknown"} for row in rows if row not in unknown] == (
        unknown
    )


def test_what_ends_on_the_as_of_day_has_ended(tell: Tell) -> None:
    marts = tell(
        subscriptions=[
            sub(1, "2024-05-31", 30, ended_at="2024-06-30"),
            sub(2, "2024-05-31", 30, customer_id="c2", ended_at="2024-07-01"),
        ]
    )

    # One month, clamped, of the first; of the other too, but it goes on.
    last = only(marts["rpt_subscription_survival"], plan_id="all", tenure_months=1)
    assert (last["at_risk"], last["ended"]) == (2, 1)


def test_what_is_replaced_on_the_same_day_has_not_ended(tell: Tell) -> None:
    marts = tell(
        subscriptions=[
            sub(1, "2024-01-10", 30, plan_id="a", ended_at="2024-03-10"),
            sub(2, "2024-03-10", 30, plan_id="b", ended_at="2024-05-09"),
            sub(3, "2024-05-10", 30, plan_id="c"),
            sub(4, "2024-05-09", 30, plan_id="d", customer_id="c2"),
        ],
        subscription_changes=[
            change(3, "2024-06-10", billing_interval="year", plan_id="e"),
        ],
    )

    rows = marts["rpt_subscription_survival"]
    last = {(row["plan_id"], row["billing_interval"]): row for row in rows}
    tenures = {one: row["tenure_months"] for one, row in last.items()}
    assert tenures == {
        **{("a", "month"): 2, ("b", "month"): 1, ("c", "month"): 1},
        **{("d", "month"): 1, ("e", "year"): 0},
        **{("all", "month"): 2, ("all", "year"): 0},
    }
    # Only b ended: another customer's start, and one a day late, are none.
    ended = {row["plan_id"] for row in rows if row["ended"]}
    assert ended == {"b", "all"}
    assert last["b", "month"]["survival_rate"] == 0
    assert last["b", "month"]["survival_rate_high"] == 0
    assert sum(row["ended"] for row in rows if row["plan_id"] == "all") == 1


@pytest.mark.parametrize("seed", range(8))
def test_survival_is_that_of_lifelines(seed: int) -> None:
    rng = random.Random(seed)
    share = rng.choice((0.2, 0.6, 1.0))
    lives = [
        (rng.randint(0, 24), rng.random() < share) for _ in range(rng.randint(1, 60))
    ]
    months, ended = zip(*lives, strict=True)
    fitter = KaplanMeierFitter().fit(months, ended)
    survived = fitter.survival_function_["KM_estimate"]
    low, high = (fitter.confidence_interval_[c] for c in BAND)

    for row in survival(lives):
        tenure = row["tenure_months"]
        # lifelines has a line where something happened; it holds until the next.
        line = max(t for t in survived.index if t <= tenure)
        assert float(row["survival_rate"]) == pytest.approx(survived[line], abs=1e-12)
        if 0 < row["survival_rate"] < 1:
            assert row["survival_rate_low"] == pytest.approx(low[line], rel=1e-9)
            assert row["survival_rate_high"] == pytest.approx(high[line], rel=1e-9)


BAND = ("KM_estimate_lower_0.95", "KM_estimate_upper_0.95")


# --- RFM --------------------------------------------------------------------


def test_five_customers_have_the_five_scores(tell: Tell) -> None:
    # c1 bought once and long ago, c5 five times and lately; c1 paid the most.
    orders = [
        order(f"c{n}", f"2024-0{n}-{day + 10}", 1 if n > 1 else 900)
        for n in range(1, 6)
        for day in range(n)
    ]
    rows = tell(orders=orders, customers=[{"customer_id": "c6"}])[
        "fct_customer_segments"
    ]

    scores = {
        row["customer_key"]: tuple(
            row[f"{name}_score"] for name in ("recency", "frequency", "monetary")
        )
        for row in rows
    }
    assert scores == {
        **{"files:c1": (1, 1, 5), "files:c2": (2, 2, 1), "files:c3": (3, 3, 2)},
        **{"files:c4": (4, 4, 3), "files:c5": (5, 5, 4)},
        **{"files:c6": (None, None, None)},
    }
    assert column(rows, "rfm_segment") == {
        **{"c1": "hibernating", "c2": "hibernating", "c3": "needs_attention"},
        **{"c4": "loyal", "c5": "champions", "c6": "no_orders"},
    }
    last = only(rows, customer_key="files:c5")
    assert (last["recency_days"], last["frequency"], last["monetary_value"]) == (
        *(47, 5, 5),  # from 14 May to 30 June
    )
    nobody = only(rows, customer_key="files:c6")
    assert (nobody["recency_days"], nobody["frequency"]) == (None, 0)
    assert nobody["is_repeat_customer"] is False


def test_equal_values_have_one_score(tell: Tell) -> None:
    # Nobody is worse than the first two; 2 of 4 are than c3, 3 of 4 than c4.
    counts = {"c1": 1, "c2": 1, "c3": 2, "c4": 9}
    orders = [
        order(customer, f"2024-05-{day + 10}")
        for customer, count in counts.items()
        for day in range(count)
    ]
    rows = tell(orders=orders)["fct_customer_segments"]

    assert column(rows, "frequency_score") == {"c1": 1, "c2": 1, "c3": 3, "c4": 4}
    assert column(rows, "is_repeat_customer") == {
        **{"c1": False, "c2": False, "c3": True, "c4": True},
    }


def test_billings_of_subscriptions_are_no_habit(tell: Tell) -> None:
    billing = order("c1", "2024-05-01", subscription_id="s1")
    (row,) = tell(orders=[billing])["fct_customer_segments"]

    assert (row["frequency"], row["rfm_segment"]) == (0, "no_orders")


# --- High value -------------------------------------------------------------

# Average 75, 20 and 10, so the middle is 20. Half of c1's are at full price;
# one of c2's is a year old to the day.
WORTHY = [
    order("c1", "2024-01-01", 100),
    order("c1", "2024-02-01", 100, discount_amount=50),
    order("c2", "2023-06-30"),
    order("c2", "2024-06-30"),
    order("c3", "2024-06-01", 10),
]


@pytest.mark.parametrize(
    ("policies", "mark", "who"),
    [
        ({}, "has_full_price_share", {"c1", "c2", "c3"}),
        (
            {"high_value_full_price_share": Decimal("0.51")},
            *("has_full_price_share", {"c2", "c3"}),
        ),
        ({}, "has_several_orders", {"c1"}),
        ({"high_value_period_months": 13}, "has_several_orders", {"c1", "c2"}),
        # Both of c1 are after 31 December, one after 31 January.
        ({"high_value_period_months": 6}, "has_several_orders", {"c1"}),
        ({"high_value_period_months": 5}, "has_several_orders", set()),
        ({}, "has_high_average_order_value", {"c1"}),
        ({}, "is_high_value", {"c1"}),
        ({"high_value_full_price_share": Decimal("0.51")}, "is_high_value", set()),
    ],
)
def test_marks_of_high_value(
    tell: Tell, policies: dict, mark: str, who: set[str]
) -> None:
    marts = tell(policies=policies, orders=WORTHY, customers=[{"customer_id": "c4"}])

    marks = column(marts["fct_customer_segments"], mark)
    assert {customer for customer, holds in marks.items() if holds} == who


def test_the_middle_of_two_lies_between_them(tell: Tell) -> None:
    orders = [order("c1", "2024-06-01", 10), order("c2", "2024-06-01", 11)]
    rows = tell(orders=orders)["fct_customer_segments"]

    marks = column(rows, "has_high_average_order_value")
    assert marks == {"c1": False, "c2": True}


# --- Feedback and events ----------------------------------------------------


@pytest.mark.parametrize(
    ("answers", "band"),
    [
        ([], "none"),
        ([("f1", "2024-05-01", 10)], "promoter"),
        ([("f1", "2024-05-01", 9)], "promoter"),
        ([("f1", "2024-05-01", 8)], "passive"),
        ([("f1", "2024-05-01", 7)], "passive"),
        ([("f1", "2024-05-01", 6)], "detractor"),
        ([("f1", "2024-05-01", 0)], "detractor"),
        ([("f2", "2024-05-01", 0), ("f1", "2024-05-02", 10)], "promoter"),
        ([("f10", "2024-05-01", 0), ("f9", "2024-05-01", 10)], "promoter"),
        (
            [("f1", "2024-05-01T10:00Z", 8), ("f2", "2024-05-01T12:00+02", 1)],
            "detractor",
        ),
        # Not said yet.
        ([("f1", "2024-05-01", 10), ("f2", "2024-07-01", 0)], "promoter"),
    ],
)
def test_the_last_answer_is_the_band(tell: Tell, answers: list, band: str) -> None:
    columns = ("feedback_id", "submitted_at", "score")
    feedback = [
        dict(zip(columns, answer, strict=True)) | {"customer_id": "c1"}
        for answer in answers
    ]
    (row,) = tell(orders=[order("c1", "2024-05-01")], customer_feedback=feedback)[
        "fct_customer_segments"
    ]

    assert row["feedback_band"] == band


def test_events_are_counted_of_those_who_are_customers(tell: Tell) -> None:
    happened = (("c1", "2024-05-01T10:00Z"), ("c1", "2024-05-02T23:30-02:00"))
    happened += (("c1", "2024-07-01"), ("stranger", "2024-05-05"))
    events = [
        {"event_id": n, "customer_id": who, "occurred_at": at, "event_type": "use"}
        for n, (who, at) in enumerate(happened)
    ]
    rows = tell(
        customers=[{"customer_id": "c1"}, {"customer_id": "c2"}],
        orders=[order("c1", "2024-05-01")],
        customer_events=events,
    )["fct_customer_segments"]

    assert column(rows, "event_count") == {"c1": 2, "c2": 0}
    assert column(rows, "last_event_at") == {
        **{"c1": datetime(2024, 5, 3, 1, 30), "c2": None},
    }


# --- Full price and products ------------------------------------------------

RATES = [{"rate_date": "2024-01-01", "currency": "EUR", "rate": 2}]
SHELF = [{"product_id": "p1", "list_price": 10, "unit_cost": 4}]


@pytest.mark.parametrize(
    ("items", "values", "is_full"),
    [
        ([], {}, True),
        ([], {"discount_amount": "0.01"}, False),
        ([{}], {}, True),
        ([{"unit_price": "9.99"}], {}, False),
        ([{"unit_price": 11}], {}, True),
        ([{"quantity": 3, "discount_amount": "0.01"}], {}, False),
        # What is charged above the list price may be taken off again.
        ([{"quantity": 2, "unit_price": 11, "discount_amount": 2}], {}, True),
        ([{"quantity": 2, "unit_price": 11, "discount_amount": "2.01"}], {}, False),
        ([{"unit_price": 8, "list_price": 8}], {}, True),
        ([{"list_price": "10.01"}], {}, False),
        ([{"unit_price": 1, "quantity": 0}], {}, True),
        ([{"quantity": 0, "discount_amount": 1}], {}, True),
        ([{}, {"unit_price": 9}], {}, False),
        # Its product's price is in dollars, so it says nothing of euros.
        ([{"unit_price": 9}], {"currency": "eur"}, True),
        ([{"unit_price": 9}], {"currency": "usd"}, False),
        ([{"unit_price": 9, "list_price": 10}], {"currency": "EUR"}, False),
        ([{"unit_price": 9, "discount_amount": 1}], {"currency": "EUR"}, False),
        ([{"product_id": "unheard-of", "unit_price": 1}], {}, True),
        ([{"product_id": "unheard-of", "discount_amount": 1}], {}, False),
    ],
)
def test_full_price(tell: Tell, items: list[dict], values: dict, is_full: bool) -> None:
    (row,) = tell(
        orders=[order("c1", "2024-05-01", order_id="o1", **values)],
        order_items=[item(n, "o1", "p1") | one for n, one in enumerate(items)],
        products=SHELF,
        exchange_rates=RATES,
    )["fct_orders"]

    assert row["is_full_price"] is is_full


def test_the_revenue_of_an_order_is_shared_by_its_items(tell: Tell) -> None:
    # 54 over 18, 9 and 27: 18, 9 and 27. Margin of the order: 54 − 13.5 = 40.5.
    marts = tell(
        orders=[
            order("c1", "2024-05-01", 60, discount_amount=6, cost_amount="13.5")
            | {"order_id": "o1"}
        ],
        order_items=[
            item(1, "o1", "p1", quantity=2, discount_amount=2, unit_cost=5),
            item(2, "o1", "p1", unit_price=9),
            item(3, "o1", "p2", quantity=3, unit_price=9),
        ],
        products=SHELF,
    )

    rows = marts["rpt_product_profitability"]
    first, second = only(rows, product_id="p1"), only(rows, product_id="p2")
    assert (first["units"], first["net_revenue"]) == (3, 27)
    # 18 − 2 × 5, and 9 − 4.
    assert first["gross_margin"] == 13
    assert abs(first["margin_rate"] - Decimal(13) / 27) < Decimal("1e-20")
    # 27 ÷ 54 of 40.5.
    assert (second["net_revenue"], second["gross_margin"]) == (27, Decimal("20.25"))
    assert second["margin_rate"] == Decimal("0.75")


def test_costs_of_items_are_in_the_currency_of_their_order(tell: Tell) -> None:
    # 20 euros are 40 dollars: less 3 euros, less 4 dollars.
    marts = tell(
        orders=[order("c1", "2024-05-01", order_id="o1", currency="EUR")],
        order_items=[
            item(1, "o1", "p1", unit_cost=3),
            item(2, "o1", "p1"),
        ],
        products=SHELF,
        exchange_rates=RATES,
    )

    (row,) = marts["rpt_product_profitability"]
    assert (row["net_revenue"], row["gross_margin"]) == (40, 30)


def test_items_without_an_amount_share_evenly(tell: Tell) -> None:
    marts = tell(
        orders=[order("c1", "2024-05-01", 30, order_id="o1")],
        order_items=[
            item(1, "o1", "p2", unit_price=0),
            item(2, "o1", "p2", discount_amount=11),
            item(3, "o1", "p3", quantity=0),
        ],
    )

    rows = marts["rpt_product_profitability"]
    assert column(rows, "net_revenue", "product_id") == {"p2": 20, "p3": 10}
    assert column(rows, "units", "product_id") == {"p2": 2, "p3": 0}


def test_products_are_named_or_sold(tell: Tell) -> None:
    marts = tell(
        orders=[
            order("c1", "2024-05-01", order_id="o1"),
            order("c1", "2024-05-02", order_id="o2", status="cancelled"),
        ],
        order_items=[item(1, "o1", "p2"), item(2, "o2", "p3")],
        products=[
            *SHELF,
            {"product_id": "p4", "product_name": "Mug", "category": "kitchen"},
        ],
    )

    columns = ("product_id", "product_name", "category", "list_price", "unit_cost")
    assert [tuple(r[c] for c in columns) for r in marts["dim_products"]] == [
        ("p1", "unknown", "unknown", 10, 4),
        ("p2", "unknown", "unknown", None, None),
        ("p4", "Mug", "kitchen", None, None),
    ]
    sold = column(marts["rpt_product_profitability"], "customers", "product_id")
    assert sold == {"p2": 1}


def test_products_of_high_value_customers(tell: Tell) -> None:
    # Of 100 + 50 + 20 + 20 + 10 the first 150 are of c1.
    items = [
        item(number, f"{row['customer_id']}-{row['ordered_at']}", "p1")
        for number, row in enumerate(WORTHY)
    ]
    (row,) = tell(orders=WORTHY, order_items=items)["rpt_product_profitability"]

    assert row["customers"] == 3
    assert abs(row["high_value_customer_share"] - Decimal(1) / 3) < Decimal("1e-20")
    assert row["high_value_revenue_share"] == Decimal("0.75")


# --- Platforms --------------------------------------------------------------


def test_platforms_by_month(tell: Tell) -> None:
    visits = (
        *(("2024-05-01", "Web", 30), ("2024-05-31", "web", 10)),
        *(("2024-05-02", "tv", 5), ("2024-06-01", "web", 0), ("2024-07-01", "web", 9)),
    )
    marts = tell(
        date(2024, 6, 29),
        platform_sessions=[
            {"session_date": day, "platform": name, "sessions": count}
            for day, name, count in visits
        ],
        orders=[
            order("c1", "2024-05-03", 20, platform="WEB"),
            order("c2", "2024-05-03", 25, platform=" web "),
            order("c1", "2024-05-04", 7, refunded_amount=3, refunded_at="2024-06-02"),
            order("c1", "2024-06-05", 11, platform="web"),
            order("c1", "2024-05-05", platform="web", subscription_id="s1"),
            order("c1", "2024-05-06", platform="web", status="failed"),
        ],
    )

    columns = ("revenue_month", "platform", "sessions", "orders", "conversion_rate")
    columns += ("net_revenue", "average_order_value", "is_complete_month")
    may, june = date(2024, 5, 1), date(2024, 6, 1)
    found = [tuple(r[c] for c in columns) for r in marts["rpt_platform_monthly"]]
    assert found == [
        (may, "tv", 5, 0, 0, 0, None, True),
        (may, "unknown", None, 1, None, 4, 4, True),
        (may, "web", 40, 2, Decimal("0.05"), 45, Decimal("22.5"), True),
        (june, "web", 0, 1, None, 11, 11, False),
    ]


# --- Worth of segments ------------------------------------------------------


@pytest.fixture(scope="module")
def crowd(tmp_path_factory: pytest.TempPathFactory) -> Marts:
    """Forty buy once, forty come back: two full quarters.

    Nobody is worse than those who came once, 40 of 80 than the others: scores
    of 1 and of 1 + floor(200 ÷ 80) = 3, so hibernating and needs_attention.
    """
    once = [order(f"a{n}", "2024-01-01", 10) for n in range(40)]
    again = [
        order(f"b{n}", day, amount)
        for n in range(40)
        for day, amount in (("2024-01-01", 20), ("2024-04-01", 40))
    ]
    # Nine of those who came back are of DE: too few to say how long they stay.
    people = [{"customer_id": f"b{n}", "country": "DE"} for n in range(9)]
    people.append({"customer_id": "prospect"})
    folder = tmp_path_factory.mktemp("crowd") / "story"
    return compute(write_story(folder, orders=[*once, *again], customers=people), AS_OF)


@pytest.mark.parametrize(
    ("segment", "column", "value"),
    [
        ("hibernating", "customers", 40),
        ("hibernating", "revenue", 400),
        ("hibernating", "revenue_share", Fraction(1, 7)),
        ("hibernating", "repeat_rate", 0),
        ("hibernating", "average_order_value", 10),
        ("hibernating", "purchase_frequency", Fraction(1, 3)),
        ("hibernating", "lifespan_months", 3),  # nobody came again
        ("hibernating", "formula_clv", 10),
        ("hibernating", "high_value_customer_share", 0),
        ("needs_attention", "revenue_share", Fraction(6, 7)),
        ("needs_attention", "repeat_rate", 1),
        ("needs_attention", "average_order_value", 30),
        ("needs_attention", "purchase_frequency", Fraction(1, 3)),
        ("needs_attention", "lifespan_months", 60),  # all of them did
        ("needs_attention", "formula_clv", 600),
        ("needs_attention", "high_value_customer_share", 1),
        ("no_orders", "customers", 0),
        ("no_orders", "average_total_clv", None),
        ("no_orders", "revenue", 0),
        ("no_orders", "repeat_rate", None),
        ("no_orders", "formula_clv", None),
        ("no_orders", "lifespan_months", 6),
    ],
)
def test_the_worth_of_a_segment(
    crowd: Marts, segment: str, column: str, value: object
) -> None:
    about = {"attribute_name": "segment", "attribute_value": segment}
    row = only(crowd["rpt_segment_value"], **about)

    if value is None:
        assert row[column] is None
    else:
        assert abs(Fraction(row[column]) - Fraction(value)) < Fraction(1, 10**20)


def test_a_segment_is_worth_what_its_members_are(crowd: Marts) -> None:
    totals = column(crowd["fct_customer_lifetime_value"], "total_clv")
    once = sum(totals[f"a{n}"] for n in range(40)) / 40
    again = sum(totals[f"b{n}"] for n in range(40)) / 40
    rows = {
        row["attribute_value"]: row
        for row in crowd["rpt_segment_value"]
        if row["attribute_name"] == "segment"
    }

    # Ten, and sixty, are earned already.
    assert once > 10 and again > 60
    assert rows["hibernating"]["average_total_clv"] == once
    assert rows["needs_attention"]["average_total_clv"] == again
    index = rows["hibernating"]["clv_index"]
    assert near(index, once / ((once + again) / 2))


def test_the_frequency_of_a_group_is_over_the_periods_in_which_it_bought(
    tell: Tell,
) -> None:
    # Two full quarters from 15 December to 15 June: three orders of c1 in two of
    # its quarters and one of c2 in one; the last order is in none.
    orders = [
        *(order("c1", "2023-12-15"), order("c1", "2024-02-01")),
        *(order("c1", "2024-04-01"), order("c2", "2024-05-01")),
        order("c2", "2024-06-20"),
    ]
    row = only(
        tell(orders=orders)["rpt_segment_value"],
        attribute_name="plan",
        attribute_value="none",
    )

    assert abs(row["purchase_frequency"] - Decimal(4) / 9) < Decimal("1e-20")


def test_a_small_group_lasts_as_long_as_everybody(crowd: Marts) -> None:
    # Of 80 who bought in the first quarter 40 came again: 3 ÷ (1 − 0.5) months.
    countries = {
        row["attribute_value"]: row["lifespan_months"]
        for row in crowd["rpt_segment_value"]
        if row["attribute_name"] == "country"
    }

    # Of the 71 others 31 came again: 3 × 71 ÷ 40.
    assert countries == {"DE": 6, "unknown": Decimal("5.325")}


def test_every_attribute_has_all_customers(crowd: Marts) -> None:
    revenue: dict[str, Decimal] = defaultdict(Decimal)
    for row in crowd["rpt_segment_value"]:
        revenue[row["attribute_name"]] += row["revenue"]

    assert set(revenue) == {
        *("segment", "channel", "platform", "country", "age_band", "gender"),
        *("income_band", "plan", "feedback_band"),
    }
    assert set(revenue.values()) == {2800}


def test_a_customer_lasts_as_long_as_its_segment(crowd: Marts) -> None:
    rows = crowd["fct_customer_lifetime_value"]

    lifespans = column(rows, "lifespan_months")
    assert (lifespans["a0"], lifespans["b0"], lifespans["prospect"]) == (3, 60, None)
    # 10 × 1 ÷ 3 × 3 and 30 × 1 ÷ 3 × 60.
    worth = column(rows, "formula_clv")
    assert abs(worth["a0"] - 10) < Decimal("1e-20")
    assert abs(worth["b0"] - 600) < Decimal("1e-20")


def test_the_plan_is_the_current_one_or_none(tell: Tell) -> None:
    marts = tell(
        subscriptions=[
            sub(1, "2024-05-01", 30, plan_id="pro"),
            sub(2, "2024-05-01", 30, customer_id="c2", plan_id="pro")
            | {"ended_at": "2024-06-01"},
        ]
    )

    plans = {
        row["attribute_value"]: (row["customers"], row["revenue"])
        for row in marts["rpt_segment_value"]
        if row["attribute_name"] == "plan"
    }
    assert plans == {"pro": (1, 60), "none": (1, 30)}


# --- Closed months ----------------------------------------------------------


def test_a_month_that_is_over_is_told_with_its_mrr_customers_and_money(
    tell: Tell,
) -> None:
    marts = tell(
        as_of=date(2024, 4, 29),
        orders=[
            # Forty in January, ten of it back on the first day of March.
            order("c1", "2024-01-31", 40, refunded_amount=10, refunded_at="2024-03-01"),
            # April is not over on its 29th day.
            order("c1", "2024-04-29", 7),
        ],
        subscriptions=[sub(1, "2024-02-10", 30, ended_at="2024-04-10")],
    )

    told = {
        (row["closed_month"].month, row["metric_name"]): row["metric_value"]
        for row in marts["rpt_closed_months"]
    }
    # Terms begin on 10 February, 10 March, and not on 10 April.
    assert told == {
        (1, "net_revenue"): 40,
        **{(2, "mrr"): 30, (2, "customers"): 1, (2, "net_revenue"): 30},
        **{(3, "mrr"): 30, (3, "customers"): 1, (3, "net_revenue"): 20},
    }


def test_on_its_last_day_a_month_is_over(tell: Tell) -> None:
    marts = tell(as_of=date(2024, 4, 30), subscriptions=[sub(1, "2024-04-30", 30)])

    assert {row["closed_month"] for row in marts["rpt_closed_months"]} == {
        date(2024, 4, 1)
    }


def test_money_that_sums_to_nothing_is_told_and_no_money_is_not(tell: Tell) -> None:
    orders = [
        order("c1", "2024-01-05", 9, refunded_amount=9, refunded_at="2024-01-20"),
        order("c1", "2024-03-05", 9),
    ]
    rows = tell(orders=orders)["rpt_closed_months"]

    told = {row["closed_month"].month: row["metric_value"] for row in rows}
    assert told == {1: 0, 3: 9}
