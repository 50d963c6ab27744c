"""The revenue of a subscription comes by one road; orders may come in lines."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

import pytest
from comparison import Built, assert_marts_match
from conftest import story_built

AS_OF = date(2024, 6, 30)
STARTS = ("2024-04-10", "2024-05-10", "2024-06-10")
ENDS = ("2024-05-10", "2024-06-10", "2024-07-10")

Row = dict[str, str]


def sub(story: str) -> Row:
    return {
        **{"subscription_id": story, "customer_id": story, "started_at": STARTS[0]},
        **{"unit_amount": "30", "billing_interval": "month"},
    }


def billing(story: str, number: int, **values: str) -> Row:
    usual = {
        **{"order_id": f"{story}-{number}", "customer_id": story},
        **{"ordered_at": STARTS[number], "gross_amount": "30"},
    }
    return usual | {"subscription_id": story} | values


def invoice(story: str, number: int, **values: str) -> Row:
    usual = {
        **{"invoice_id": f"{story}-{number}", "subscription_id": story},
        **{"period_start": STARTS[number], "period_end": ENDS[number]},
        **{"amount_due": "35.70", "tax_amount": "5.70", "status": "paid"},
    }
    return usual | {"paid_at": STARTS[number]} | values


def billings(story: str) -> list[Row]:
    return [billing(story, number) for number in range(3)]


def invoices(story: str, **values: str) -> list[Row]:
    return [invoice(story, number, **values) for number in range(3)]


# What each customer brought, and by which road.
EXPECTED = {
    "terms": (90, "terms"),
    "orders": (90, "subscription_orders"),
    "invoices": (90, "invoices"),
    "all at once": (90, "invoices"),
    "and a purchase": (97, "orders+invoices"),
    "one is void": (60, "invoices"),
    "one is unpaid": (60, "invoices"),
    "one is partly paid": (66, "invoices"),
    "all are void": (90, "terms"),
    "void beside orders": (90, "subscription_orders"),
    "all are unpaid": (0, "invoices"),
    "refunded invoice": (80, "invoices"),
    "refunded order": (80, "subscription_orders"),
    "refunded in full": (60, "invoices"),
    "paid tomorrow": (60, "invoices"),
    "cancelled billings": (90, "terms"),
    "another one's invoices": (90, "terms"),
    "two subscriptions": (180, "invoices+terms"),
}
SECOND = sub("two subscriptions") | {"subscription_id": "second"}
STORY: dict[str, list[Row]] = {
    "subscriptions": [*map(sub, EXPECTED), SECOND],
    "orders": [
        *billings("orders"),
        *billings("all at once"),
        billing("and a purchase", 0, subscription_id="", gross_amount="7"),
        *billings("void beside orders"),
        *billings("refunded order")[1:],
        billing("refunded order", 0, refunded_amount="10", refunded_at="2024-06-01"),
        *(row | {"status": "cancelled"} for row in billings("cancelled billings")),
    ],
    "invoices": [
        *invoices("invoices"),
        *invoices("all at once"),
        *invoices("and a purchase"),
        *invoices("one is void")[1:],
        invoice("one is void", 0, status="Void"),
        *invoices("one is unpaid")[1:],
        invoice("one is unpaid", 0, status="open", paid_at=""),
        *invoices("one is partly paid")[1:],
        invoice("one is partly paid", 0, amount_paid="11.70"),
        *invoices("all are void", status="voided"),
        *invoices("void beside orders", status="uncollectible"),
        *invoices("all are unpaid", amount_paid="0"),
        *invoices("refunded invoice")[1:],
        invoice("refunded invoice", 0, amount_refunded="10"),
        *invoices("refunded in full")[1:],
        invoice("refunded in full", 0, amount_refunded="30"),
        *invoices("paid tomorrow")[:2],
        invoice("paid tomorrow", 2, paid_at="2024-07-01"),
        *(row | {"subscription_id": "nobody's"} for row in invoices("stray")),
        *invoices("two subscriptions"),
    ],
}


def line(story: str, gross_amount: str, **values: str) -> Row:
    usual = {"order_id": story, "customer_id": story, "ordered_at": "2024-05-01"}
    return usual | {"gross_amount": gross_amount} | values


# Rows of one order_id, and what the order then is: its gross amount and margin.
LINES: dict[str, tuple[list[Row], tuple[int, int] | None]] = {
    "equal lines": ([line("equal lines", "10")] * 2, (20, 20)),
    "known costs": ([line("known costs", "10", cost_amount="4")] * 2, (20, 12)),
    "a cost is missing": (
        [
            line("a cost is missing", "10", cost_amount="4"),
            line("a cost is missing", "10"),
        ],
        (20, 20),
    ),
    "two days": (
        [line("two days", "10"), line("two days", "10", ordered_at="2024-05-02")],
        None,
    ),
    "two customers": (
        [line("two customers", "10"), line("two customers", "10", customer_id="x")],
        None,
    ),
    # Exported once more, with another amount: its sum would be no order at all.
    "exported again": (
        [
            line("exported again", "10", loaded_at="2024-06-01"),
            line("exported again", "11", loaded_at="2024-06-02"),
        ],
        None,
    ),
}
STORY["orders"] += [row for rows, _ in LINES.values() for row in rows]


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Built]:
    scratch = tmp_path_factory.mktemp("roads")
    with story_built(scratch, AS_OF, STORY, order_grain="line") as story:
        yield story


@pytest.mark.parametrize("story", EXPECTED)
def test_the_same_money_is_one_sum_by_each_road(built: Built, story: str) -> None:
    (found,) = built.rows(
        f"""
        select historical_revenue, historical_margin, revenue_source
        from marts.fct_customer_lifetime_value
        where customer_key = 'files:' || $${story}$$
        """
    )
    revenue, source = EXPECTED[story]

    assert found == (revenue, revenue, source)


def test_invoices_of_no_subscription_are_rejected(built: Built) -> None:
    ((count,),) = built.rows(
        """
        select count(*)
        from marts.fct_rejected_rows
        where reasons = 'unknown_subscription'
        """
    )

    assert count == 3


def test_an_invoice_that_is_paid_tomorrow_is_after_as_of(built: Built) -> None:
    ((late,),) = built.rows(
        """
        select after_as_of_rows
        from marts.rpt_input_reconciliation
        where table_name = 'invoices'
        """
    )

    assert late == 1


@pytest.mark.parametrize("story", LINES)
def test_the_lines_of_an_order_are_summed_or_contradict_each_other(
    built: Built, story: str
) -> None:
    found = built.rows(
        f"""
        select gross_amount, gross_margin
        from marts.fct_orders
        where order_id = '{story}'
        """
    )
    order = LINES[story][1]

    assert found == ([order] if order else [])


def test_all_marts_match_the_reference(built: Built) -> None:
    assert_marts_match(built)
