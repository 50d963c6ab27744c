"""Days and months are cut in the reporting zone, west and far east of a month end."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime

import pytest
from comparison import Built, assert_marts_match
from conftest import story_built

AS_OF = date(2024, 10, 31)
BERLIN, TONGATAPU = "Europe/Berlin", "Pacific/Tongatapu"

# What is written, the instant of UTC it means, and the day it falls on.
BERLIN_TIMES = {
    "last of March": ("2024-03-31T21:59:59Z", "2024-03-31 21:59:59", "2024-03-31"),
    "first of April": ("2024-03-31T22:00Z", "2024-03-31 22:00:00", "2024-04-01"),
    "winter month edge": ("2024-01-31T23:00Z", "2024-01-31 23:00:00", "2024-02-01"),
    "before spring": ("2024-03-31T01:30", "2024-03-31 00:30:00", "2024-03-31"),
    "after spring": ("2024-03-31 03:30", "2024-03-31 01:30:00", "2024-03-31"),
    "before autumn": ("2024-10-27T01:30:00", "2024-10-26 23:30:00", "2024-10-27"),
    "after autumn": ("2024-10-27T03:30:00", "2024-10-27 02:30:00", "2024-10-27"),
    "first two o'clock": ("2024-10-27T02:30+02", "2024-10-27 00:30:00", "2024-10-27"),
    "second two o'clock": ("2024-10-27T02:30+01", "2024-10-27 01:30:00", "2024-10-27"),
    "from the east": ("2024-05-01T00:30+05:00", "2024-04-30 19:30:00", "2024-04-30"),
    "from the west": ("2024-04-30T20:00-0700", "2024-05-01 03:00:00", "2024-05-01"),
    "bare in summer": ("2024-05-01", "2024-04-30 22:00:00", "2024-05-01"),
    "bare in winter": ("2024-02-01", "2024-01-31 23:00:00", "2024-02-01"),
    "last of all": ("2024-10-31T22:59:59Z", "2024-10-31 22:59:59", "2024-10-31"),
    "too late": ("2024-10-31T23:00Z", None, None),
}
TONGATAPU_TIMES = {
    "last of March": ("2024-03-31T10:59:59Z", "2024-03-31 10:59:59", "2024-03-31"),
    "first of April": ("2024-03-31T11:00Z", "2024-03-31 11:00:00", "2024-04-01"),
    "new year": ("2023-12-31T11:00:00Z", "2023-12-31 11:00:00", "2024-01-01"),
    "a day ahead": ("2024-05-01T00:00-11:00", "2024-05-01 11:00:00", "2024-05-02"),
    "at home": ("2024-05-01T00:30+13:00", "2024-04-30 11:30:00", "2024-05-01"),
    "bare": ("2024-05-01", "2024-04-30 11:00:00", "2024-05-01"),
    "no offset": ("2024-05-01 12:59", "2024-04-30 23:59:00", "2024-05-01"),
    "last of all": ("2024-10-31T10:59:59Z", "2024-10-31 10:59:59", "2024-10-31"),
    "too late": ("2024-10-31T11:00Z", None, None),
}
TIMES = {BERLIN: BERLIN_TIMES, TONGATAPU: TONGATAPU_TIMES}

# When a subscription starts and ends, and on which days it comes and goes.
BERLIN_SPANS = {
    "edges": ("2024-03-31T22:30Z", "2024-04-30T22:00Z", "2024-04-01", "2024-05-01"),
    # The last day with service: the first without is the day after.
    "bare": ("2024-03-01", "2024-04-30", "2024-03-01", "2024-05-01"),
    "leap": ("2024-01-10", "2024-02-28", "2024-01-10", "2024-02-29"),
    "one day": ("2024-03-01", "2024-03-01", "2024-03-01", "2024-03-02"),
    "timed": ("2024-03-01", "2024-04-30T00:00", "2024-03-01", "2024-04-30"),
    "until now": ("2024-03-01", "2024-10-31", "2024-03-01", None),
}
TONGATAPU_SPANS = {
    "edges": ("2024-03-31T11:00Z", "2024-04-30T11:00Z", "2024-04-01", "2024-05-01"),
    "bare": ("2024-03-01", "2024-04-30", "2024-03-01", "2024-04-30"),
    "until now": ("2024-03-01", "2024-10-31", "2024-03-01", "2024-10-31"),
}
SPANS = {BERLIN: BERLIN_SPANS, TONGATAPU: TONGATAPU_SPANS}


def story(zone: str) -> dict[str, list[dict]]:
    orders = [
        {
            **{"order_id": name, "customer_id": f"{name}-c"},
            **{"ordered_at": written, "gross_amount": "1"},
        }
        for name, (written, *_) in TIMES[zone].items()
    ]
    subs = [
        {
            **{"subscription_id": name, "customer_id": f"{name}-s"},
            **{"started_at": start, "ended_at": end, "unit_amount": "10"},
            **{"billing_interval": "month"},
        }
        for name, (start, end, *_) in SPANS[zone].items()
    ]
    return {"orders": orders, "subscriptions": subs}


@pytest.fixture(scope="module", params=[BERLIN, TONGATAPU])
def zone(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture(scope="module")
def built(zone: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Built]:
    policies = {
        "reporting_timezone": zone,
        "inclusive_end_dates": zone == BERLIN,
    }
    scratch = tmp_path_factory.mktemp("zone")
    with story_built(scratch, AS_OF, story(zone), **policies) as told:
        yield told


def test_all_marts_match_the_reference(built: Built) -> None:
    assert_marts_match(built)


def test_each_way_to_write_a_time_is_one_instant_and_one_day(
    built: Built, zone: str
) -> None:
    found = built.rows("select order_id, ordered_at, order_date from marts.fct_orders")
    expected = [
        (name, datetime.fromisoformat(moment), date.fromisoformat(day))
        for name, (_, moment, day) in TIMES[zone].items()
        if moment
    ]

    assert sorted(found) == sorted(expected)


def test_what_happens_after_the_end_of_the_as_of_day_is_kept_out(built: Built) -> None:
    ((late,),) = built.rows(
        """
        select after_as_of_rows
        from marts.rpt_input_reconciliation
        where table_name = 'orders'
        """
    )

    assert late == 1


def test_subscriptions_come_and_go_on_days_of_the_zone(built: Built, zone: str) -> None:
    found = built.rows(
        """
        select
            customer_key,
            strftime(min(moved_date), '%Y-%m-%d'),
            strftime(max(moved_date) filter (where mrr_after = 0), '%Y-%m-%d')
        from marts.fct_mrr_movements
        group by customer_key
        """
    )
    expected = [
        (f"files:{name}-s", came, went)
        for name, (_, _, came, went) in SPANS[zone].items()
    ]

    assert sorted(found) == sorted(expected)
