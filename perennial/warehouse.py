"""What the publishing steps read of a DuckDB file, each error in plain words."""

import datetime
import json
import os
import re
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

import duckdb

from perennial import durable
from perennial.causes import cause_of

# What a policy is where the build is of a version that did not have it.
DEFAULTS = {
    "max_shrink_share": "0.2",
    "restatement_tolerance": "0.02",
    "closed_through": "",
    "keep_builds": "3",
}
SETTINGS = {
    "memory_limit": "PERENNIAL_MEMORY_LIMIT",
    "temp_directory": "PERENNIAL_TEMP_DIRECTORY",
    "threads": "PERENNIAL_THREADS",
}
LOCKED = re.compile(r"[Cc]onflicting lock is held in (.*?)\. See")
# Parts of what DuckDB says of a file, in lower case.
NO_DATABASE = "not a valid duckdb"
BROKEN = ("read enough bytes", "corrupt", "checksum", "serializ", "internal error")


class WarehouseError(Exception):
    """Why a file cannot be read, in one line that says what to do."""


class DamagedError(WarehouseError):
    """What is in a file is not what was written to it."""


class HeldError(WarehouseError):
    """Another process has the file open."""


@dataclass(frozen=True)
class Build:
    """The row of a file's build_info; what its version did not have is None."""

    build_id: str
    started_at: datetime.datetime
    as_of_date: datetime.date
    input_name: str | None
    policy_key: str | None
    published_at: datetime.datetime | None
    accepted_audits: str | None
    policies: dict[str, str]

    def policy(self, name: str) -> str:
        """The value of a policy as text; empty where it is not set."""
        value = str(self.policies.get(name, DEFAULTS.get(name, "")))
        return "" if value == "None" else value

    def number(self, name: str) -> Decimal:
        """The value of a policy that is a number.

        Raises:
            WarehouseError: it is none; build_info was changed by hand.
        """
        try:
            return Decimal(self.policy(name))
        except InvalidOperation as error:
            raise WarehouseError(
                f"{name} in build_info is {self.policy(name)!r}, which is no number; "
                "run dbt build"
            ) from error


@contextmanager
def engine(temporary: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection to no file, to which files are attached.

    Args:
        temporary: where it may put what does not fit into memory, unless
            PERENNIAL_TEMP_DIRECTORY says otherwise.

    Raises:
        WarehouseError: an environment variable has no value for DuckDB.
    """
    with duckdb.connect() as connection:
        connection.execute("set timezone = 'UTC'")
        connection.execute(f"set temp_directory = {quoted(str(temporary))}")
        for setting, name in SETTINGS.items():
            if value := os.environ.get(name):
                try:
                    connection.execute(f"set {setting} = {quoted(value)}")
                except duckdb.Error as error:
                    raise WarehouseError(
                        f"{name} is {value!r}, which DuckDB does not take as "
                        f"{setting} ({first_line(error)}); set it otherwise, or not"
                    ) from error
        yield connection


def attach(
    connection: duckdb.DuckDBPyConnection,
    path: Path,
    alias: str,
    *,
    what: str,
    remedy: str,
    options: str = "read_only",
    remedy_of_damage: str | None = None,
) -> None:
    """Attach a file that must be there.

    Args:
        connection: of `engine`.
        path: the file.
        alias: its name in the connection's SQL.
        what: the file in words, like "the work file".
        remedy: what to do when it is missing or damaged.
        options: those of DuckDB's attach.
        remedy_of_damage: what to do when it is damaged, if that is another.

    Raises:
        DamagedError: it is no database, or none any more.
        WarehouseError: it is missing, or held by another process.
    """
    if not path.is_file():
        kind = "is a folder" if path.is_dir() else "is not there"
        raise WarehouseError(f"{what} {path} {kind}; {remedy}")
    if not os.access(path, os.R_OK):
        raise WarehouseError(f"{what} {path} may not be read; allow it (chmod)")
    try:
        connection.execute(f"attach {quoted(str(path))} as {alias} ({options})")
    except duckdb.Error as error:
        raise in_words(error, path, what, remedy_of_damage or remedy) from error


@contextmanager
def opened(
    path: Path, what: str, remedy: str, remedy_of_damage: str | None = None
) -> Iterator[duckdb.DuckDBPyConnection]:
    """A file to read from, attached as `opened`; all errors are in words.

    Args:
        path: the file.
        what: the file in words, like "the published file".
        remedy: what to do when it is missing.
        remedy_of_damage: what to do when it is damaged, if that is another.

    Raises:
        DamagedError: it is no database, or a part of it cannot be read.
        WarehouseError: it is missing, or held by another process.
    """
    with engine(path.parent) as connection:
        attach(
            connection,
            path,
            "opened",
            what=what,
            remedy=remedy,
            remedy_of_damage=remedy_of_damage,
        )
        try:
            yield connection
        except duckdb.Error as error:
            raise in_words(error, path, what, remedy_of_damage or remedy) from error


def opened_published(path: Path) -> AbstractContextManager[duckdb.DuckDBPyConnection]:
    """The published file as readers open it; see `opened`."""
    return opened(
        path,
        "the published file",
        "run perennial build or perennial publish, or set "
        "PERENNIAL_PUBLISHED_FILE to where it is",
        "perennial rollback brings an earlier build back",
    )


def read_to_end(connection: duckdb.DuckDBPyConnection, alias: str) -> None:
    """Read every row of every table: DuckDB checks each block that it reads.

    Raises:
        duckdb.Error: a block is damaged.
    """
    for schema, table in connection.execute(
        "select schema_name, table_name from duckdb_tables() where database_name = ?",
        [alias],
    ).fetchall():
        name = f"{alias}.{identifier(schema)}.{identifier(table)}"
        connection.execute(f"select bit_xor(hash(columns(*))) from {name}").fetchall()


def drop_log(path: Path, what: str, remedy: str) -> None:
    """Delete the log that a writer left beside a published file.

    What is in it was never published, and would be read into the file that
    takes this one's place.

    Raises:
        HeldError: the writer still has the file open.
    """
    if not durable.wal_of(path).exists():
        return
    with engine(path.parent) as connection:
        try:
            attach(connection, path, "opened", what=what, remedy=remedy)
        except HeldError:
            raise
        except WarehouseError:
            # A log that does not fit is a reason to delete it.
            pass
    durable.remove(durable.wal_of(path))


def in_words(error: Exception, path: Path, what: str, remedy: str) -> WarehouseError:
    """What DuckDB says of a file, and what to do."""
    said = first_line(error)
    if "WAL does not match" in said:
        log = durable.wal_of(path)
        return WarehouseError(
            f"{what} {path} and its log {log} are not of one time; if the file was "
            f"brought back from a copy, delete {log}"
        )
    if held := LOCKED.search(said):
        return HeldError(
            f"{what} {path} is in use by another process, {held.group(1)}; wait "
            "until it is done, or close the program that holds it"
        )
    if cause := cause_of(said, path.parent):
        return WarehouseError(f"{what} {path} cannot be read: {cause}")
    if NO_DATABASE in said.lower():
        return DamagedError(f"{what} {path} is no DuckDB file; {remedy}")
    if any(words in said.lower() for words in BROKEN):
        return DamagedError(f"{what} {path} is damaged; {remedy}")
    return WarehouseError(f"{what} {path} cannot be read ({said}); {remedy}")


def read_build(connection: duckdb.DuckDBPyConnection, alias: str) -> Build | None:
    """The build that an attached file holds; None where there is none."""
    if not find_table(connection, alias, "build_info", schema="marts"):
        return None
    rows = connection.execute(f"select * from {alias}.marts.build_info")
    names = [column[0] for column in rows.description or ()]
    row = rows.fetchone()
    return build_from(dict(zip(names, row, strict=True)) if row else {})


def build_from(known: dict[str, Any]) -> Build | None:
    """The build of a row of build_info; None where that names no build."""
    if not all(known.get(name) for name in ("build_id", "started_at", "as_of_date")):
        return None
    return Build(
        build_id=known["build_id"],
        started_at=known["started_at"],
        as_of_date=known["as_of_date"],
        input_name=known.get("input_name"),
        policy_key=known.get("policy_key"),
        published_at=known.get("published_at"),
        accepted_audits=known.get("accepted_audits"),
        policies=json.loads(known.get("policies") or "{}"),
    )


def read_build_of(path: Path, what: str, remedy: str) -> Build:
    """The build of a file that is opened for this only.

    Raises:
        DamagedError: it cannot be read any more.
        WarehouseError: the file is none that perennial has published.
    """
    with opened(path, what, remedy) as connection:
        build = read_build(connection, "opened")
    if build is None:
        raise WarehouseError(f"{what} {path} holds no marts.build_info; {remedy}")
    return build


@contextmanager
def opened_build(path: Path) -> Iterator[tuple[duckdb.DuckDBPyConnection, Build]]:
    """The published file with its marts at hand as `marts.<name>`, and its build.

    Raises:
        DamagedError: it cannot be read any more.
        WarehouseError: it is missing, or none that perennial has published.
    """
    with opened_published(path) as connection:
        build = read_build(connection, "opened")
        if build is None:
            raise WarehouseError(
                f"the published file {path} holds no marts.build_info; build and "
                "publish it anew"
            )
        connection.execute("use opened")
        yield connection, build


def is_damaged(path: Path) -> bool:
    """Whether something of a file that can be opened cannot be read."""
    try:
        with opened(path, "the file", "") as connection:
            read_to_end(connection, "opened")
    except WarehouseError:
        return True
    return False


def find_table(
    connection: duckdb.DuckDBPyConnection,
    alias: str,
    name: str,
    schema: str | None = None,
) -> str | None:
    """A table of an attached file with its schema, quoted; None if not there.

    Of several schemas with such a table it is the first by name.
    """
    row = connection.execute(
        """
        select table_schema
        from information_schema.tables
        where
            table_catalog = ?
            and table_name = ?
            and table_schema = coalesce(?, table_schema)
        order by table_schema
        limit 1
        """,
        [alias, name, schema],
    ).fetchone()
    return f"{alias}.{identifier(row[0])}.{identifier(name)}" if row else None


def columns_of(
    connection: duckdb.DuckDBPyConnection, alias: str, name: str
) -> set[str]:
    """The columns of a mart; none where the mart is not there."""
    rows = connection.execute(
        """
        select column_name
        from information_schema.columns
        where table_catalog = ? and table_schema = 'marts' and table_name = ?
        """,
        [alias, name],
    ).fetchall()
    return {column for (column,) in rows}


def quoted(text: str) -> str:
    """A text as a literal of SQL."""
    return "'" + text.replace("'", "''") + "'"


def identifier(name: str) -> str:
    """A name as SQL takes any name."""
    return '"' + name.replace('"', '""') + '"'


def first_line(error: Exception) -> str:
    """The cause without DuckDB's further lines, which may show data."""
    return str(error).splitlines()[0]
