"""Audits: what stops a publish, what it says, and how it is overruled."""

from __future__ import annotations

import errno
import os
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest
from published import FIRST_DAY, MONTHS, Left, Shop

from perennial import publish
from perennial.publishing import PublishError


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    """A shop whose first build is published."""
    shop = Shop(tmp_path / "shop")
    shop.build(1)
    shop.publish()
    return shop


def stopped(shop: Shop) -> str:
    """What stops the publish, which changes no file."""
    before = shop.files()
    with pytest.raises(PublishError) as stop:
        shop.publish()
    assert shop.files() == before
    assert shop.number() == 1
    return str(stop.value)


def accepted(shop: Shop, **options: Any) -> str | None:
    """What build_info says was overruled, once it was."""
    shop.publish(**options)
    ((audits,),) = shop.rows("select accepted_audits from marts.build_info")
    return audits


def test_a_build_that_is_like_the_last_one_is_published(shop):
    shop.build(2)
    assert accepted(shop) is None
    assert shop.number() == 2


def test_a_stop_says_that_the_published_file_is_as_it_was(shop):
    shop.build(2, rows={"orders": 10})
    assert stopped(shop).startswith(
        "not published, and the published file is as it was:\n  - "
    )


def test_all_that_stops_is_said_at_once(shop):
    shop.build(2, rows={"orders": 10, "customers": 0}, as_of=date(2025, 2, 1))
    message = stopped(shop)
    assert message.count("\n  - ") == 3


def test_accepting_one_thing_accepts_no_other(shop):
    shop.build(2, rows={"orders": 10}, as_of=date(2025, 2, 1))
    with pytest.raises(PublishError, match="as-of date moved back") as stop:
        shop.publish(shrink=True)
    assert "shrunk" not in str(stop.value)


# ------------------------------------------------------------------------ shrunk


@pytest.mark.parametrize("rows", [{"orders": 80}, {"orders": 100}, {"orders": 10_000}])
def test_inputs_may_grow_and_shrink_a_little(shop, rows):
    shop.build(2, rows=rows)
    assert accepted(shop) is None


def test_an_input_below_the_share_has_shrunk(shop):
    shop.build(2, rows={"orders": 79})
    message = stopped(shop)
    assert "orders shrunk from 100 to 79 rows" in message
    assert "max_shrink_share (0.2)" in message
    assert "--accept-shrink" in message
    assert accepted(shop, shrink=True) == "shrink: orders 100 to 79 rows"


def test_earlier_exports_are_no_rows_of_an_input(shop):
    """Of 180 rows 101 are of an export that the last one has replaced."""
    shop.build(
        2,
        rows={"orders": 180},
        further_sql="create table marts.fct_rejected_rows as"
        " select 'orders' as table_name, 'earlier_export' as reasons from range(101)"
        " union all select 'orders', 'missing_id:order_id' from range(50)",
    )
    assert "orders shrunk from 100 to 79 rows" in stopped(shop)


def test_the_share_is_the_policy_of_the_new_build(shop):
    shop.build(2, rows={"orders": 50}, max_shrink_share=0.5)
    assert accepted(shop) is None


def test_an_input_without_rows_is_gone_whatever_the_share(shop):
    shop.build(2, rows={"customers": 0}, max_shrink_share=1)
    assert "customers is gone or empty: it had 50 rows" in stopped(shop)
    assert accepted(shop, shrink=True) == "shrink: customers 50 to 0 rows"


def test_an_input_that_is_not_there_any_more_is_gone(shop):
    shop.build(
        2,
        further_sql="delete from marts.rpt_input_reconciliation"
        " where table_name = 'orders'",
    )
    assert "orders is gone or empty: it had 100 rows" in stopped(shop)


def test_an_input_that_was_empty_may_stay_so(tmp_path):
    shop = Shop(tmp_path / "shop")
    shop.build(1, rows={"products": 0})
    shop.publish()
    shop.build(2, rows={"products": 0})
    assert accepted(shop) is None


# --------------------------------------------------------------------- backwards


def test_the_as_of_date_does_not_move_back(shop):
    shop.build(2, as_of=date(2025, 2, 27))
    message = stopped(shop)
    assert "the as-of date moved back from 2025-02-28 to 2025-02-27" in message
    assert accepted(shop, as_of=True) == "as-of: 2025-02-28 to 2025-02-27"


def test_a_build_that_began_before_the_published_one_is_not_newer(shop):
    shop.build(2, began=FIRST_DAY)
    message = stopped(shop)
    assert "before the published one (2025-03-02 06:00:00)" in message
    assert "--accept-as-of" in message
    assert accepted(shop, as_of=True) == (
        "clock: 2025-03-02 06:00:00 to 2025-03-01 06:00:00"
    )


# ------------------------------------------------------------------ restatements


def moved(**values: str) -> dict[tuple[str, str], str]:
    """The months as they were, but for some values of January."""
    return MONTHS | {("2025-01", metric): value for metric, value in values.items()}


@pytest.mark.parametrize("mrr", ["1020", "980", "1000"])
def test_a_closed_month_may_move_within_the_tolerance(shop, mrr):
    shop.build(2, months=moved(mrr=mrr))
    assert accepted(shop) is None


@pytest.mark.parametrize("mrr", ["1020.01", "979.99", "0", "-1000"])
def test_a_closed_month_that_moves_further_stops(shop, mrr):
    shop.build(2, months=moved(mrr=mrr))
    assert "1 number of closed months moved by more than" in stopped(shop)


def test_the_message_has_month_metric_old_and_new(shop):
    shop.build(2, months=moved(mrr="1234.5", customers="12"))
    message = stopped(shop)
    assert "    2025-01  customers  10.00 -> 12.00\n" in message
    assert "    2025-01  mrr  1,000.00 -> 1,234.5\n" in message
    assert "--accept-restatement 'the reason'" in message


def test_a_month_that_is_told_no_more_has_moved_to_nothing(shop):
    months = {key: value for key, value in MONTHS.items() if key[1] != "net_revenue"}
    shop.build(2, months=months)
    assert "2025-01  net_revenue  500.00 -> 0.00" in stopped(shop)


def test_a_closed_month_that_told_nothing_has_moved_from_nothing(shop):
    shop.build(2, months=MONTHS | {("2024-12", "net_revenue"): "0.01"})
    assert "2024-12  net_revenue  0.00 -> 0.01" in stopped(shop)


def test_a_month_that_was_not_over_is_not_compared(shop):
    shop.build(2, as_of=date(2025, 3, 31), months=MONTHS | {("2025-03", "mrr"): "3000"})
    assert accepted(shop) is None


def test_a_month_that_is_not_over_any_more_is_not_compared(shop):
    months = {key: value for key, value in MONTHS.items() if key[0] != "2025-02"}
    shop.build(2, as_of=date(2025, 2, 10), months=months)
    assert accepted(shop, as_of=True) == "as-of: 2025-02-28 to 2025-02-10"


def test_of_many_numbers_the_first_twenty_are_shown(shop):
    years = [f"{year}-{month:02d}" for year in (2022, 2023) for month in range(1, 13)]
    shop.build(2, months=MONTHS | {(month, "mrr"): "1" for month in years})
    message = stopped(shop)
    assert message.count(" -> ") == 20
    assert "2022-01  mrr" in message
    assert "2023-08  mrr" in message
    assert "2023-09" not in message
    assert "and 4 more" in message


def test_the_tolerance_is_the_policy_of_the_new_build(shop):
    shop.build(2, months=moved(mrr="1499"), restatement_tolerance=0.5)
    assert accepted(shop) is None


def test_up_to_closed_through_nothing_moves_at_all(shop):
    shop.build(
        2,
        months=moved(mrr="1000.000001") | {("2025-02", "mrr"): "2000.000001"},
        closed_through="2025-01-31",
    )
    message = stopped(shop)
    assert "2025-01  mrr  1,000.00 -> 1,000.000001" in message
    assert "2025-02" not in message


def test_other_policies_tell_other_months_and_are_not_compared(shop):
    shop.build(2, months=moved(mrr="1"), policy_key="other")
    assert (
        "note: months not compared: the published build was made by other"
        in (shop.publish()[0])
    )
    assert shop.number() == 2


def test_the_reason_of_a_restatement_is_written_down_where_it_is_read(shop):
    shop.build(2, months=moved(mrr="1"))
    assert accepted(shop, restatement="two shops' refunds") == (
        "restatement: two shops' refunds"
    )
    assert shop.rows("select reason from marts.rpt_restatements") == [
        ("two shops' refunds",)
    ]
    assert shop.rows(
        "select told_at, reason from snapshots.snap_closed_months order by told_at",
        shop.places.history,
    ) == [
        (FIRST_DAY + timedelta(days=1, microseconds=932794), ""),
        (FIRST_DAY + timedelta(days=2, microseconds=932794), "two shops' refunds"),
    ]


def test_the_reason_is_not_that_of_other_inputs_and_policies(shop):
    shop.remember(Left(2, input_name="elsewhere"))
    shop.remember(Left(2, policy_key="other key"))
    shop.build(2, months=moved(mrr="1"))
    shop.publish(restatement="why")
    assert shop.rows(
        "select input_name, policy_key from snapshots.snap_closed_months"
        " where reason = 'why'",
        shop.places.history,
    ) == [("shop", "key")]


def test_a_build_that_was_given_the_reason_needs_no_option(shop):
    shop.build(2, months=moved(mrr="1"), restatement_reason="late refunds")
    assert accepted(shop) == "restatement: late refunds"


def test_the_reason_of_the_build_reaches_what_an_earlier_one_told(shop):
    """The snapshot had the row before anybody gave a reason."""
    shop.build(2, months=moved(mrr="1"))
    assert "closed months moved" in stopped(shop)
    # The third build tells the same: the snapshot has no new row for it.
    shop.build(3, months=moved(mrr="1"), restatement_reason="late", history=False)
    shop.note_history("shop")
    shop.publish()
    told = "select reason from snapshots.snap_closed_months order by told_at"
    copy = shop.places.kept / shop.kept()[-1]
    for file in (shop.places.history, copy):
        assert shop.rows(told, file) == [("",), ("late",)]
    assert shop.rows("select reason from marts.rpt_restatements") == [("late",)]


def test_a_reason_is_written_only_where_something_was_restated(shop):
    shop.build(2)
    assert accepted(shop, restatement="in case") is None
    assert shop.rows("select reason from marts.rpt_restatements") == [(None,)]
    assert shop.rows(
        "select distinct reason from snapshots.snap_closed_months",
        shop.places.history,
    ) == [("",)]


def test_a_publish_that_fails_leaves_no_reason(shop, monkeypatch):
    shop.build(2, months=moved(mrr="1"))
    before = shop.places.history.read_bytes()

    def refuse(*_paths):
        raise OSError(errno.EIO, "Input/output error", "published.duckdb")

    monkeypatch.setattr(os, "replace", refuse)
    with pytest.raises(PublishError, match="as it was"):
        shop.publish(restatement="why")
    assert shop.places.history.read_bytes() == before


def test_a_reason_that_did_not_reach_the_history_does_so_the_next_time(
    shop, monkeypatch
):
    shop.build(2, months=moved(mrr="1"))
    with monkeypatch.context() as patched:
        works = publish._explain

        def fail(source, history, build):
            if history == shop.places.history:
                raise OSError(errno.EIO, "Input/output error")
            works(source, history, build)

        patched.setattr(publish, "_explain", fail)
        said = shop.publish(restatement="why")
    assert "warning: published, but the reason is not in the history" in said[-1]
    assert shop.number() == 2
    assert "already published" in shop.publish()[0]
    assert ("why",) in shop.rows(
        "select reason from snapshots.snap_closed_months", shop.places.history
    )


def test_a_reason_without_words_is_none(shop):
    shop.build(2, months=moved(mrr="1"))
    result = shop.run("publish", "--accept-restatement", " ")
    assert result.exit_code == 2
    assert "give the reason in words" in result.stderr
    assert shop.number() == 1


# ----------------------------------------------------------------------- history


def test_a_history_that_was_deleted_is_lost(shop):
    shop.places.history.unlink()
    shop.build(2)
    message = stopped(shop)
    assert "the history knows no build of shop as old as the published one" in message
    # The message names the copy that brings it back.
    (copy,) = shop.places.kept.glob("*_history.duckdb")
    assert f"copy {copy} to {shop.places.history}" in message
    copy.rename(shop.places.history)
    # What the build told of the past it had from the empty history.
    message = stopped(shop)
    assert "the history is not the one this build was made with" in message
    assert "run dbt build" in message
    with pytest.raises(PublishError, match="not the one this build was made with"):
        shop.publish(lost_history=True)
    shop.build(2)
    shop.publish()
    assert shop.number() == 2


def test_a_history_of_another_shop_of_that_name_is_not_the_builds(tmp_path):
    shop = Shop(tmp_path / "shop")
    shop.build(1)
    with duckdb.connect(str(shop.places.history)) as history:
        history.execute("update snapshots.snap_builds set told_at = '2024-01-01'")
    with pytest.raises(PublishError, match="begins at 2024-01-01 00:00:00 UTC"):
        shop.publish()


def test_a_work_file_that_knows_no_history_is_of_an_older_version(shop):
    shop.build(2, further_sql="alter table marts.build_info drop policy_key")
    with duckdb.connect(str(shop.places.work)) as work:
        work.execute("alter table marts.build_info drop history_since")
    assert "does not say with which history" in stopped(shop)


def test_a_lost_history_can_be_accepted(shop):
    shop.places.history.unlink()
    shop.build(2)
    assert accepted(shop, lost_history=True) == "history: lost"


def test_no_history_at_all_is_a_lost_one(shop):
    shop.places.history.unlink()
    shop.build(2, history=False)
    assert "the history file was lost" in stopped(shop)


def test_a_history_within_the_work_file_is_one_too(shop):
    shop.places.history.unlink()
    shop.build(
        2,
        history=False,
        further_sql="create schema snapshots; create table snapshots.snap_builds as"
        " select 'shop' as input_name, timestamp '2025-03-01' as told_at;"
        " update marts.build_info set history_since = timestamp '2025-03-01'",
    )
    said = shop.publish()
    assert any("the history stands in the work file: no copy" in line for line in said)
    assert shop.number() == 2


# ------------------------------------------------------------------ other inputs


def test_another_input_does_not_take_the_place(shop):
    shop.build(2, input_name="other", rows={"orders": 1})
    message = stopped(shop)
    assert "is of the input shop, this build of other" in message
    # Nothing else is compared: they have nothing to do with each other.
    assert message.count("\n  - ") == 1
    assert accepted(shop, input=True) == "input: shop to other"


def test_the_demo_does_not_take_the_place_of_a_shop(shop):
    shop.build(2, input_name="demo")
    assert "is of the input shop, this build of demo" in stopped(shop)


def test_a_shop_takes_the_place_of_the_demo_and_it_is_said(tmp_path):
    shop = Shop(tmp_path / "shop")
    shop.build(1, input_name="demo")
    shop.publish()
    shop.build(2, input_name="shop", rows={"orders": 1})
    assert "note: takes the place of the demo: shop" in shop.publish()
    assert shop.number() == 2


# ---------------------------------------------------------------- older versions


def test_without_names_of_inputs_time_is_compared_all_the_same(shop):
    with duckdb.connect(str(shop.places.published)) as published:
        published.execute("alter table marts.build_info drop input_name")
    shop.build(2, as_of=date(2025, 2, 1), began=FIRST_DAY)
    message = stopped(shop)
    assert "the as-of date moved back" in message
    assert "before the published one" in message


# ------------------------------------------------------------- no published file


def test_without_a_published_file_the_newest_kept_one_is_compared(shop):
    shop.build(2)
    shop.publish()
    shop.places.published.unlink()
    shop.build(3, rows={"orders": 10})
    with pytest.raises(PublishError, match="orders shrunk from 100 to 10 rows"):
        shop.publish()
    assert not shop.places.published.exists()
    said = shop.publish(shrink=True)
    assert "compared with the kept build 00000001" in said[0]
    assert shop.number() == 3


def test_the_first_publish_has_nothing_to_be_compared_with(shop):
    shop.places.published.unlink()
    shop.build(2)
    (said,) = shop.publish()
    assert said.startswith("published: ")


@pytest.mark.parametrize(
    ("change", "note"),
    [
        ("drop table marts.rpt_closed_months", "months not compared"),
        ("drop table marts.rpt_input_reconciliation", "rows not compared"),
        ("alter table marts.build_info drop policy_key", "months not compared"),
        ("alter table marts.build_info drop input_name", "history not compared"),
        ("alter table marts.rpt_closed_months drop metric_value", "months not"),
        ("alter table marts.build_info drop policies", None),
        ("alter table marts.build_info drop accepted_audits", None),
    ],
)
def test_what_an_older_version_did_not_have_is_not_compared(shop, change, note):
    with duckdb.connect(str(shop.places.published)) as published:
        published.execute(change)
    shop.build(2)
    notes = [line for line in shop.publish() if line.startswith("note: ")]
    assert [note in line for line in notes] == ([True] if note else [])
    assert shop.number() == 2
