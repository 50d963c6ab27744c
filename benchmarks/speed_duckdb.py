"""The contenders that DuckDB runs: the project's models, the floor, the spine.

Each writes the table `result` of a database file of its own, with DuckDB's own
choice of threads, as the project does.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb
from speed_floors import scan_of
from speed_inputs import answer_of, model_sql, relations, typed
from speed_questions import QUESTIONS
from speed_spine import SPINES


def run(contender: str, question: str, folder: Path, result: Path) -> None:
    """Answer a question from the typed tables of `folder` into a new file."""
    answer = {"ours": run_ours, "floor": run_floor, "spine": run_spine}[contender]
    with opened(result) as connection:
        answer(connection, question, folder)


@contextmanager
def opened(result: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection to the file under the name that compiled SQL has for it."""
    with duckdb.connect() as connection:
        connection.execute("set TimeZone = 'UTC'")
        connection.execute(f"attach '{result}' as work")
        connection.execute("use work")
        yield connection


def prepare_ours(
    connection: duckdb.DuckDBPyConnection, question: str, folder: Path
) -> None:
    """Make the schemas that the compiled SQL names, and its inputs as views."""
    names = relations(folder)
    for schema in sorted({relation.rsplit(".", 1)[0] for relation in names.values()}):
        connection.execute(f"create schema if not exists {schema}")
    for table in QUESTIONS[question].inputs:
        connection.execute(
            f"create view {names[table]} as select * from '{typed(folder, table)}'"
        )


def run_ours(
    connection: duckdb.DuckDBPyConnection, question: str, folder: Path
) -> None:
    """The project's compiled models, each into its table as in a build."""
    prepare_ours(connection, question, folder)
    names = relations(folder)
    *before, last = QUESTIONS[question].models
    for model in before:
        sql = model_sql(folder, model)
        connection.execute(f"create table {names[model]} as {sql}")
    connection.execute(f"create table result as {model_sql(folder, last)}")


def run_floor(
    connection: duckdb.DuckDBPyConnection, question: str, folder: Path
) -> None:
    """Read every value that is needed, then write the answer that is known."""
    for table, columns in QUESTIONS[question].inputs.items():
        connection.execute(scan_of(f"'{typed(folder, table)}'", columns))
    connection.execute(
        f"create table result as select * from '{answer_of(folder, question)}'"
    )


def run_spine(
    connection: duckdb.DuckDBPyConnection, question: str, folder: Path
) -> None:
    """The usual playbook's SQL on views of the typed tables."""
    for table in QUESTIONS[question].inputs:
        connection.execute(
            f"create view {table} as select * from '{typed(folder, table)}'"
        )
    connection.execute(f"create table result as {SPINES[question]}")
