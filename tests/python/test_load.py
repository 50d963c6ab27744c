"""`perennial load`: files into PostgreSQL as they are, all of them or none.

What a build makes of loaded tables is held against what DuckDB makes of the
files, damaged ones and odd text included. What stands in the way of a load is
tried with a few rows, without reading files.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest
from click.testing import CliRunner, Result
from conftest import PROJECT, environment_of, profile_here, run_dbt
from damage import AS_OF, COUNTED, STOPPED, Counted, good, write_case
from damage import Stopped as StoppedCase
from postgres_cluster import Cluster

from perennial.cli import main as perennial
from perennial.engines import Target, read_target
from perennial.loading import LoadError
from perennial.loading import postgres as loading
from perennial.loading.staging import PLACES, Staged, StagedTable

# One case of the corpus of damaged files for each table; orders are odd text.
DAMAGED = {
    "customers": "a quote that is never closed",
    "order_items": "line ends in a quoted cell",
    "products": "one id for two products",
    "subscriptions": "instants and nulls",
    "subscription_changes": "blank lines",
    "invoices": "a quote that opens on the last line",
    "marketing_spend": "CRLF, a quoted line feed, and Latin-1",
    "platform_sessions": "semicolons",
    "exchange_rates": "rates as doubles",
    "customer_events": "a field of nearly two megabytes",
    "customer_feedback": "several files in a folder",
}
ODD_ORDERS = "\r\n".join(
    (
        "Nr,customer_id,ordered_at,gross_amount,platform,status",
        '007,c1,2024-01-01, 1e5,"",paid',
        r"\N,c\1,2024-01-01,10,\t\\,\.",
        '\\.,c2,2024-01-02,10,"a ""b"" \'c\'",',
        'o4,"c\n4",2024-01-02,10,"x\ty\n\nz",null',
        "o5,漢字,2024-01-02,10,🙂é\u00a0,",
        'o6,c1,2024-01-02,10,"{""a"": 1}",$$',
        "o7,c1",
        "o8,c1,2024-01-02,10,a\rb,",
        "7,c1,2024-01-02,10,,",
        "",
    )
).replace("a\rb", '"a\rb"')
MAPPING = {"orders": {"order_id": "Nr"}}
VARIABLES = {
    "as_of_date": AS_OF.isoformat(),
    "max_rejected_share": 1.0,
    "input_columns": MAPPING,
}
SELECTED = ("--select", "+fct_rejected_rows", "+rpt_input_reconciliation")
STAGED_TABLES = ("orders", *DAMAGED)


def case_of(table: str, name: str) -> Counted:
    (found,) = (
        case
        for cases in COUNTED
        for case in cases
        if (case.table, case.name) == (table, name)
    )
    return found


def stopped_case(name: str) -> StoppedCase:
    (found,) = (case for case in STOPPED if case.name == name)
    return found


def run(
    cluster: Cluster, scratch: Path, module: str, *arguments: str
) -> subprocess.CompletedProcess[str]:
    """A command in a process of its own, for the target postgres."""
    return subprocess.run(
        [sys.executable, "-m", module, *arguments, "--target", "postgres"],
        cwd=PROJECT,
        env={**environment_of(scratch), **cluster.environment},
        capture_output=True,
        text=True,
        check=False,
    )


def run_load(
    folder: Path, cluster: Cluster, scratch: Path, *more: str
) -> subprocess.CompletedProcess[str]:
    """The command."""
    return run(cluster, scratch, "perennial", "load", str(folder), *more)


def run_dbt_on(
    cluster: Cluster, scratch: Path, *arguments: str, **variables: Any
) -> subprocess.CompletedProcess[str]:
    """Run dbt on what is loaded there."""
    given = json.dumps(variables | {"input_schema": "raw"})
    return run(cluster, scratch, "dbt.cli.main", *arguments, "--vars", given)


# --- What a build makes of loaded tables ------------------------------------


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One input with a damaged file for each table, and orders of odd text."""
    folder = tmp_path_factory.mktemp("damaged_input") / "input"
    folder.mkdir()
    for table, name in DAMAGED.items():
        write_case(folder, case_of(table, name))
    (folder / "orders.csv").write_bytes(ODD_ORDERS.encode())
    return folder


@pytest.fixture(scope="module")
def from_files(
    folder: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[duckdb.DuckDBPyConnection]:
    """What DuckDB makes of the files."""
    scratch = tmp_path_factory.mktemp("from_files")
    given = json.dumps(VARIABLES | {"input_path": str(folder)})
    run_dbt("run", *SELECTED, "--vars", given, scratch=scratch)
    with duckdb.connect(scratch / "work.duckdb", read_only=True) as connection:
        yield connection


@pytest.fixture(scope="module")
def cluster(postgres_server: Cluster) -> Iterator[Cluster]:
    """A database for what is loaded and built."""
    database = postgres_server.with_database("loaded")
    yield database
    database.drop_database()


@pytest.fixture(scope="module")
def said(
    folder: Path, cluster: Cluster, tmp_path_factory: pytest.TempPathFactory
) -> str:
    """What a load of the folder says."""
    scratch = tmp_path_factory.mktemp("load")
    outcome = run_load(folder, cluster, scratch, "--vars", json.dumps(VARIABLES))
    assert outcome.returncode == 0, outcome.stdout + outcome.stderr
    # Neither work file nor logs: what was read may be personal.
    assert list(scratch.iterdir()) == []
    return outcome.stdout


@pytest.fixture(scope="module")
def built(said: str, cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> str:
    """What dbt says that builds from the loaded tables, with the same mapping."""
    scratch = tmp_path_factory.mktemp("from_tables")
    outcome = run_dbt_on(cluster, scratch, "run", *SELECTED, **VARIABLES)
    assert outcome.returncode == 0, outcome.stdout + outcome.stderr
    return outcome.stdout


def rows_of_both(
    from_files: duckdb.DuckDBPyConnection, cluster: Cluster, schema: str, table: str
) -> tuple[list[tuple], list[tuple]]:
    """All rows of a table by column name, as both engines have them."""
    names = [
        name
        for (name,) in from_files.execute(
            "select column_name from duckdb_columns() where table_name = ?"
            " order by column_name",
            [table],
        ).fetchall()
    ]
    columns = ", ".join(names)
    theirs = from_files.execute(f"select {columns} from {schema}.{table}").fetchall()
    ours = cluster.run(f"select {columns} from perennial_{schema}.{table}")
    return sorted(map(tuple, ours), key=repr), sorted(theirs, key=repr)


@pytest.mark.parametrize("table", STAGED_TABLES)
def test_every_cell_and_place_is_as_duckdb_reads_it_from_the_files(
    from_files: duckdb.DuckDBPyConnection, built: str, cluster: Cluster, table: str
) -> None:
    ours, theirs = rows_of_both(from_files, cluster, "staging", f"stg_files__{table}")
    assert len(theirs) > 0
    assert ours == theirs


@pytest.mark.parametrize("mart", ["fct_rejected_rows", "rpt_input_reconciliation"])
def test_rejected_rows_and_reconciliation_are_those_of_the_files(
    from_files: duckdb.DuckDBPyConnection, built: str, cluster: Cluster, mart: str
) -> None:
    ours, theirs = rows_of_both(from_files, cluster, "marts", mart)
    assert len(theirs) > 10
    assert ours == theirs


def test_text_stays_text(said: str, cluster: Cluster) -> None:
    rows = cluster.run(
        "select line_number, line_count, order_id, customer_id, gross_amount,"
        " platform, status from raw.orders where unreadable_because is null"
        " order by line_number"
    )
    assert rows == [
        (2, 1, "007", "c1", " 1e5", None, "paid"),
        (3, 1, r"\N", r"c\1", "10", r"\t\\", r"\."),
        (4, 1, r"\.", "c2", "10", "a \"b\" 'c'", None),
        (5, 3, "o4", "c\n4", "10", "x\ty\n\nz", "null"),
        (8, 1, "o5", "漢字", "10", "🙂é\u00a0", None),
        (9, 1, "o6", "c1", "10", '{"a": 1}', "$$"),
        (11, 2, "o8", "c1", "10", "a\rb", None),
        (13, 1, "7", "c1", "10", None, None),
    ]


def test_it_says_per_table_what_was_loaded_and_what_to_run_next(said: str) -> None:
    lines = said.splitlines()
    assert "  orders                  8 rows, 1 line that could not be split" in lines
    assert "  customers               5 rows, 3 lines that could not be split" in lines
    assert "  dbt build --target postgres --vars '{input_schema: raw}'" in lines


def test_the_build_counts_lines_as_the_files_have_them(said: str, built: str) -> None:
    """Announced per table: lines of the file, those in quoted cells too."""

    def counts(text: str) -> dict[str, str]:
        words = (line.split() for line in text.splitlines())
        return {line[1]: line[-2] for line in words if line and line[-1] == "rows"} | {}

    announced = {
        table: count for table, count in counts(built).items() if table in STAGED_TABLES
    }
    assert announced == {
        table: count for table, count in counts(said).items() if table in STAGED_TABLES
    }
    assert announced["orders"] == "12"
    assert len(announced) == len(STAGED_TABLES)


def test_too_many_rejects_stop_with_file_and_line(
    said: str, cluster: Cluster, tmp_path: Path, folder: Path
) -> None:
    outcome = run_dbt_on(
        *(cluster, tmp_path, "run", "--select", "+util_input_gate"),
        **VARIABLES | {"max_rejected_share": 0.01},
    )
    assert outcome.returncode == 1
    text = " ".join(outcome.stdout.split())
    assert f"The first is {folder}/order_items.csv, line 2. Is orders whole?" in text


def test_a_build_stops_at_a_load_that_has_not_ended(
    built: str, cluster: Cluster, tmp_path: Path
) -> None:
    """Spark only leaves such a mark; it is looked for on every engine."""
    cluster.run("create table raw.perennial_load_in_progress (note text)")
    outcome = run_dbt_on(
        cluster, tmp_path, "run", "--select", "stg_files__products", **VARIABLES
    )
    cluster.run("drop table raw.perennial_load_in_progress")

    assert outcome.returncode != 0
    said = " ".join(outcome.stdout.split())
    assert "a perennial load into schema raw has not ended" in said


def test_a_second_load_replaces_tables_and_drops_those_that_are_gone(
    built: str, cluster: Cluster, tmp_path: Path
) -> None:
    (tmp_path / "orders.csv").write_text(good("orders"))
    (tmp_path / "products.csv").write_text("product_id\n")
    outcome = run_load(tmp_path, cluster, tmp_path)

    assert outcome.returncode == 0, outcome.stdout + outcome.stderr
    assert "  customers               absent" in outcome.stdout.splitlines()
    tables = cluster.run(
        "select tablename from pg_tables where schemaname = 'raw' order by 1"
    )
    assert tables == [("orders",), ("products",)]
    assert cluster.run("select count(*) from raw.orders") == [(5,)]


@pytest.mark.parametrize(
    "name",
    [
        # Found by dbt before it reads, by counting lines after it, and before dbt.
        "a missing column",
        "a quote that swallows half of the file",
        "a Parquet file with damaged values",
    ],
)
def test_what_a_build_refuses_a_load_refuses_in_the_same_words(
    postgres: Cluster, tmp_path: Path, name: str
) -> None:
    case = stopped_case(name)
    folder = tmp_path / "input"
    folder.mkdir()
    case.write(folder)
    outcome = run_load(folder, postgres, tmp_path)
    said = " ".join((outcome.stdout + outcome.stderr).split())

    assert outcome.returncode == 1
    assert [word for word in case.says if word not in said] == []
    assert outcome.stderr.splitlines()[-1].endswith("Nothing was loaded")
    assert postgres.run("select * from pg_tables where schemaname = 'raw'") == []


# --- What stands in the way -------------------------------------------------

COLUMNS = ("order_id", "platform")


@pytest.fixture
def target(postgres: Cluster) -> Iterator[Target]:
    """The target of the profile, with an empty database."""
    with profile_here(postgres.environment):
        yield read_target("postgres")


@pytest.fixture
def connection() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        yield connection


def staged(connection: duckdb.DuckDBPyConnection, query: str, *absent: str) -> Staged:
    """Orders with the ids and platforms of a query, as if they had been read."""
    connection.execute(
        "create or replace table orders as select 'orders.csv' as file_name, "
        "1 + row_number() over () as line_number, 1 as line_count, "
        f"null as unreadable_because, * from ({query}) as t (order_id, platform)"
    )
    orders = StagedTable("orders", "orders", (*PLACES, *COLUMNS), 1, 0)
    return Staged(connection, [orders], list(absent))


def load(target: Target, rows: Staged, **more: Any) -> None:
    loading.load_postgres(target, "raw", rows, more.get("before_commit", lambda: None))


def loaded(postgres: Cluster) -> list[tuple]:
    return postgres.run("select order_id, platform from raw.orders order by 1")


def test_a_nul_character_is_refused_with_its_file_and_line(
    postgres: Cluster, target: Target, connection: duckdb.DuckDBPyConnection
) -> None:
    load(target, staged(connection, "values ('a', 'web')"))
    with pytest.raises(LoadError) as error:
        load(target, staged(connection, "values ('a', 'b'), ('c', 'w'||chr(0)||'b')"))

    assert str(error.value) == (
        "orders.csv, line 3: platform holds a NUL character, which PostgreSQL cannot "
        "store; export the file again without it"
    )
    assert loaded(postgres) == [("a", "web")]


def test_a_load_that_fails_at_its_end_leaves_all_as_it_was(
    postgres: Cluster, target: Target, connection: duckdb.DuckDBPyConnection
) -> None:
    def stop() -> None:
        raise KeyboardInterrupt

    load(target, staged(connection, "values ('old', 'web')"))
    with pytest.raises(KeyboardInterrupt):
        load(target, staged(connection, "values ('new', 'x')"), before_commit=stop)

    assert loaded(postgres) == [("old", "web")]
    assert postgres.run("select tablename from pg_tables where schemaname = 'raw'") == [
        ("orders",)
    ]


def test_readers_see_the_old_rows_until_all_are_there(
    postgres: Cluster, target: Target, connection: duckdb.DuckDBPyConnection
) -> None:
    load(target, staged(connection, "values ('old', 'web')"))
    seen = []
    original = loading._lines

    def look(*arguments: Any) -> Iterator[bytes]:
        for piece in original(*arguments):
            seen.append(loaded(postgres))
            yield piece

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(loading, "_lines", look)
        load(target, staged(connection, "values ('new', 'x')"))

    assert seen == [[("old", "web")]]
    assert loaded(postgres) == [("new", "x")]


def test_a_table_in_use_is_waited_for_and_then_named(
    postgres: Cluster,
    target: Target,
    connection: duckdb.DuckDBPyConnection,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(loading, "LOCK_PATIENCE", "200ms")
    load(target, staged(connection, "values ('old', 'web')"))
    reader = postgres.connect()
    reader.autocommit = False
    with reader.cursor() as cursor:
        cursor.execute("select * from raw.orders")
        with pytest.raises(LoadError, match="a table of the schema raw is in use by"):
            load(target, staged(connection, "values ('new', 'x')"))
    reader.close()

    assert loaded(postgres) == [("old", "web")]


def test_two_loads_into_one_schema_do_not_mix(
    postgres: Cluster, target: Target, connection: duckdb.DuckDBPyConnection
) -> None:
    def load_again() -> None:
        with duckdb.connect() as other:
            load(target, staged(other, "values ('second', 'x')"))

    with pytest.raises(LoadError) as error:
        load(
            target,
            staged(connection, "values ('first', 'web')"),
            before_commit=load_again,
        )
    assert str(error.value).startswith(
        "another perennial load is filling the schema raw; wait"
    )


def test_what_depends_on_a_table_is_named(
    postgres: Cluster, target: Target, connection: duckdb.DuckDBPyConnection
) -> None:
    load(target, staged(connection, "values ('old', 'web')"))
    postgres.run("create view big as select * from raw.orders")
    with pytest.raises(LoadError) as error:
        load(target, staged(connection, "values ('new', 'x')"))

    assert "view big depends on table raw.orders" in str(error.value)
    assert loaded(postgres) == [("old", "web")]


def test_rows_are_sent_in_pieces(
    postgres: Cluster, target: Target, connection: duckdb.DuckDBPyConnection
) -> None:
    """A hundred megabytes in pieces that are a fraction of it."""
    sizes = []
    original = loading._lines

    def measure(*arguments: Any) -> Iterator[bytes]:
        for piece in original(*arguments):
            sizes.append(len(piece))
            yield piece

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(loading, "_lines", measure)
        load(
            target,
            staged(
                connection, "select 'o'||i, repeat('x', 1000) from range(100000) t(i)"
            ),
        )

    assert postgres.run("select count(*) from raw.orders") == [(100_000,)]
    assert max(sizes) < 3_000_000
    assert sum(sizes) > 100_000_000


def run_in_process(folder: Path, *more: str) -> Result:
    return CliRunner().invoke(
        perennial, ["load", str(folder), "--target", "postgres", *more]
    )


def assert_is_one_sentence(result: Result, *words: str) -> None:
    assert result.exit_code == 1
    assert isinstance(result.exception, SystemExit)
    (line,) = result.stderr.splitlines()
    assert line.startswith("Error: ")
    assert [word for word in words if word not in line] == []


@pytest.mark.parametrize(
    ("statements", "words"),
    [
        (
            ["create schema raw", "create view raw.orders as select 1 as order_id"],
            "raw.orders is a view, and is not replaced",
        ),
        (
            ["create schema raw", "create table raw.customers (id int)"],
            "raw.customers is no table that perennial load made, and is not replaced",
        ),
    ],
)
def test_what_was_not_loaded_is_never_replaced(
    postgres: Cluster,
    target: Target,
    tmp_path: Path,
    statements: list[str],
    words: str,
) -> None:
    postgres.run(*statements)
    assert_is_one_sentence(run_in_process(tmp_path), words, "--schema")


@pytest.mark.parametrize(
    ("statement", "words"),
    [
        (None, "reader may not make the schema raw; have its owner grant create on"),
        (
            "create schema raw",
            "reader may not fill the schema raw; have its owner grant usage, create",
        ),
    ],
)
def test_who_may_not_fill_the_schema_is_told_before_anything_is_read(
    postgres: Cluster,
    target: Target,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    statement: str | None,
    words: str,
) -> None:
    if statement:
        postgres.run(statement)
    postgres.run(
        "drop role if exists reader",
        "create role reader login password 'quiet'",
        user="postgres",
    )
    monkeypatch.setenv("PERENNIAL_POSTGRES_USER", "reader")
    monkeypatch.setenv("PERENNIAL_POSTGRES_PASSWORD", "quiet")
    assert_is_one_sentence(run_in_process(tmp_path), words)


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("PERENNIAL_POSTGRES_PORT", "1", "Connection refused"),
        ("PERENNIAL_POSTGRES_PASSWORD", "hush-hush", "password authentication failed"),
        ("PERENNIAL_POSTGRES_DATABASE", "nowhere", 'database "nowhere" does not exist'),
        ("PERENNIAL_POSTGRES_DATABASE", None, "PERENNIAL_POSTGRES_DATABASE is not set"),
        ("PERENNIAL_POSTGRES_PASSWORD", None, "PERENNIAL_POSTGRES_PASSWORD is not set"),
    ],
)
def test_a_server_that_cannot_be_used_is_one_sentence_without_the_password(
    target: Target,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    value: str | None,
    words: str,
) -> None:
    if value is None:
        monkeypatch.delenv(name)
    else:
        monkeypatch.setenv(name, value)
    result = run_in_process(tmp_path)

    assert_is_one_sentence(result, words)
    assert "hush-hush" not in result.output
    assert target.credentials.password not in result.output


@pytest.mark.parametrize(
    ("module", "words"),
    [
        ("dbt.adapters.postgres", "dbt-postgres is not installed; run make setup-po"),
        ("psycopg2", "import of psycopg2 halted; None in sys.modules; run make setup"),
    ],
)
def test_a_part_that_is_missing_is_named_with_what_installs_it(
    tmp_path: Path, module: str, words: str
) -> None:
    call = f"import sys; sys.modules['{module}'] = None; import perennial.cli as cli"
    arguments = ["load", str(tmp_path), "--target", "postgres"]
    outcome = subprocess.run(
        [sys.executable, "-c", f"{call}; cli.main({arguments})"],
        cwd=PROJECT,
        env=environment_of(tmp_path)
        | dict.fromkeys(
            (f"PERENNIAL_POSTGRES_{n}" for n in ("DATABASE", "USER", "PASSWORD")), "x"
        ),
        capture_output=True,
        text=True,
        check=False,
    )
    assert outcome.returncode == 1
    (line,) = outcome.stderr.splitlines()
    assert words in line


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--schema", "Raw data"), "--schema Raw data is no plain name"),
        (
            ("--vars", "{input_schema: raw}"),
            "input_schema is given by FOLDER and --sch",
        ),
        (("--vars", "["), "--vars is no YAML"),
        (("--target", "duckdb"), "files are loaded into postgres and spark. DuckDB"),
        (("--target", "nowhere"), "does not have a target named 'nowhere'"),
    ],
)
def test_a_call_that_cannot_be_meant_is_one_sentence(
    target: Target, tmp_path: Path, arguments: tuple[str, ...], words: str
) -> None:
    assert_is_one_sentence(run_in_process(tmp_path, *arguments), words)


def test_a_folder_that_is_not_there_is_named(target: Target, tmp_path: Path) -> None:
    folder = tmp_path / "gone"
    assert_is_one_sentence(run_in_process(folder), f"there is no folder {folder}")


def test_a_database_that_cannot_hold_every_letter_is_refused(
    target: Target, postgres: Cluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = f"{postgres.database}_latin"
    postgres.run(
        f"create database {name} owner {postgres.user} encoding 'LATIN1' "
        "lc_collate 'C' lc_ctype 'C' locale_provider libc template template0",
        user="postgres",
    )
    monkeypatch.setenv("PERENNIAL_POSTGRES_DATABASE", name)
    assert_is_one_sentence(run_in_process(tmp_path), "holds text in LATIN1")
    postgres.run(f"drop database {name}", user="postgres")


def test_a_profile_is_read_without_showing_the_password(target: Target) -> None:
    assert target.credentials.password not in repr(target)
    assert target.schema_of("marts") == "perennial_marts"
