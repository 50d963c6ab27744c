"""Damaged files: every row is accounted for, or the build stops and says why.

The files are in damage.py, and what becomes of them in docs/damaged_inputs.md.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest
from click.testing import CliRunner
from conftest import build_folder, opened
from damage import (
    AS_OF,
    COUNTED,
    DOCUMENT,
    SAID_BY_CHECK,
    SECRET,
    STOPPED,
    Counted,
    Outcomes,
    Read,
    Stopped,
    document,
    good,
    message,
    message_of_build,
    run_corpus,
    write_parquet,
)

from perennial.cli import main as perennial

READ = [
    pytest.param(place, number, id=f"{case.table}: {case.name}")
    for place, cases in enumerate(COUNTED)
    for number, case in enumerate(cases)
]
REFUSED = [
    pytest.param(n, id=case.name)
    for n, case in enumerate(STOPPED)
    if case.is_said_by_dbt
]
SAID_BEFORE_DBT = [
    pytest.param(n, id=case.name)
    for n, case in enumerate(STOPPED)
    if not case.is_said_by_dbt
]
CHECKED = [
    pytest.param(n, id=case.name)
    for n, case in enumerate(STOPPED)
    if case.is_seen_by_check
]
# What no run may print: DuckDB's own words on files, which quote them.
FOREIGN = (
    *("Traceback (most recent call last)", "Original Line", SECRET),
    *("Invalid Input Error", "IO Error", "Binder Error", "Possible fixes"),
    *("TProtocol", "Conversion Error", "state machine"),
)


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory: pytest.TempPathFactory) -> Outcomes:
    """What one process made of every file."""
    return run_corpus(tmp_path_factory.mktemp("damaged"))


def test_the_corpus_has_at_least_sixty_files() -> None:
    assert len(READ) + len(STOPPED) >= 60
    names = [(case.table, case.name) for cases in COUNTED for case in cases]
    assert len(names) == len(set(names))


@pytest.mark.parametrize(("place", "number"), READ)
def test_every_row_of_a_damaged_file_is_accounted_for(
    outcomes: Outcomes, place: int, number: int
) -> None:
    case: Counted = COUNTED[place][number]
    found: Read = outcomes.read[place][number]

    assert (found.raw, found.accepted, found.rejected) == (
        case.accepted + case.rejected,
        case.accepted,
        case.rejected,
    )
    assert (found.after_as_of, found.amount) == (0, Decimal(case.amount))
    assert len(found.reasons) == case.rejected


@pytest.mark.parametrize("number", REFUSED)
def test_what_cannot_be_read_stops_the_build_and_is_named(
    outcomes: Outcomes, number: int
) -> None:
    case: Stopped = STOPPED[number]
    result = outcomes.said[number]
    said = message(outcomes.folders[number], result)

    assert result.returncode == 1
    assert [word for word in case.says if word not in said] == []
    assert [word for word in FOREIGN if word in result.text] == []


@pytest.mark.parametrize("number", SAID_BEFORE_DBT)
def test_what_dbt_cannot_say_is_said_before_it_and_announced_by_it(
    outcomes: Outcomes, number: int
) -> None:
    case: Stopped = STOPPED[number]
    folder, result = outcomes.folders[number], outcomes.said[number]
    said = message_of_build(folder)
    announced = result.text.partition("Encountered an error")[0].splitlines()

    assert [word for word in case.says if word not in said] == []
    assert [word for word in FOREIGN if word in said] == []
    assert result.returncode == 1
    assert any(f"reads all of {folder / case.file};" in line for line in announced)
    assert SECRET not in result.text
    with duckdb.connect(folder.parent / "work.duckdb") as warehouse:
        assert warehouse.execute("from duckdb_tables()").fetchall() == []


@pytest.mark.parametrize("number", CHECKED)
def test_perennial_check_refuses_what_a_build_refuses(
    tmp_path: Path, number: int
) -> None:
    case: Stopped = STOPPED[number]
    (tmp_path / "subscriptions.csv").write_text(good("subscriptions"))
    case.write(tmp_path)
    result = CliRunner().invoke(perennial, ["check", str(tmp_path)])
    problems = result.output.partition("Not ready to build")[2]

    assert result.exit_code == 1
    assert isinstance(result.exception, SystemExit)
    flat = " ".join(problems.split())
    assert [
        word for word in SAID_BY_CHECK.get(case.name, case.says) if word not in flat
    ] == []
    assert [word for word in FOREIGN if word in result.output] == []


def test_a_link_that_leads_nowhere_is_no_silent_absence(tmp_path: Path) -> None:
    (tmp_path / "orders.csv").write_text(good("orders"))
    (tmp_path / "customers.csv").symlink_to(tmp_path / "gone.csv")
    result = CliRunner().invoke(perennial, ["check", str(tmp_path)])

    assert result.exit_code == 1
    assert "customers.csv is a link that leads nowhere" in result.output


def test_the_document_is_what_a_fresh_run_gives(outcomes: Outcomes) -> None:
    assert DOCUMENT.read_text() == document(outcomes), (
        "run `python tests/python/damage.py` and look at the difference"
    )


# --- What a damaged file must not do ----------------------------------------

Warehouse = duckdb.DuckDBPyConnection


@pytest.fixture(scope="module")
def doubtful(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Warehouse]:
    """A build of linked files with odd ids, a year 0 and a very large amount.

    Subscription ids are doubles, as Parquet holds whole numbers with gaps.
    """
    tmp_path = tmp_path_factory.mktemp("doubtful")
    folder = tmp_path / "input"
    folder.mkdir()
    (tmp_path / "elsewhere.csv").write_text(
        "order_id,customer_id,ordered_at,gross_amount\n"
        "o1,c1,0000-01-01,10\n"
        "007,0042,2024-01-01,10\n"
        "7,42,2024-01-01,10\n"
        "1e3,1.0,2024-01-01,999999990000\n"
    )
    (folder / "orders.csv").symlink_to(tmp_path / "elsewhere.csv")
    query = """
        select
            12345678::double as subscription_id, 1e15::double as customer_id,
            date '2024-01-01' as started_at, 10 as unit_amount,
            'month' as billing_interval
    """
    write_parquet(folder / "subscriptions.parquet", query)
    build_folder(folder, AS_OF, tmp_path)
    with opened(tmp_path / "work.duckdb") as warehouse:
        yield warehouse


def test_the_year_0_is_in_no_calendar(doubtful: Warehouse) -> None:
    (found,) = doubtful.execute(
        "select reasons from marts.fct_rejected_rows"
    ).fetchall() or [None]

    assert found == ("invalid_date:ordered_at",)


def test_an_id_that_became_a_double_is_still_the_same_id(
    doubtful: Warehouse,
) -> None:
    (ids,) = doubtful.execute(
        """
        select distinct subscription_id, customer_key
        from marts.fct_subscription_terms
        """
    ).fetchall()

    assert ids == ("12345678", "files:1000000000000000")


def test_ids_keep_their_leading_zeros_also_in_a_linked_file(
    doubtful: Warehouse,
) -> None:
    ids = doubtful.execute(
        "select order_id, customer_key from marts.fct_orders order by all"
    ).fetchall()

    assert ids == [("007", "files:0042"), ("1e3", "files:1.0"), ("7", "files:42")]


def test_an_amount_close_to_the_largest_that_is_accepted_can_be_computed_with(
    doubtful: Warehouse,
) -> None:
    (amount,) = doubtful.execute(
        "select net_revenue from marts.fct_orders where order_id = '1e3'"
    ).fetchone() or [None]

    # Sums are of the same type: twelve nines and one more overflow it.
    assert amount == Decimal(999_999_990_000)
