"""What a published file holds, and whether it is wholly one build's."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

import duckdb

# What differs between two builds of one input, in whichever folder, and may.
OF_THE_BUILD = {
    "build_info": (
        *("build_id", "started_at", "published_at", "accepted_audits"),
        # Policies name the folder of the input.
        *("input_origin", "input_name", "policies", "history_since"),
    ),
    "fct_rejected_rows": ("file_name",),
    "rpt_restatements": ("build_id", "restated_at"),
}

Contents = dict[str, str]


class BrokenPromiseError(Exception):
    """What was promised and is not so, in one line."""


@dataclass(frozen=True)
class Found:
    """A file that holds wholly one known build."""

    name: str
    build_id: str


def read_contents(file: Path) -> Contents:
    """A hash of the rows of each mart, in any order."""
    with duckdb.connect(file, read_only=True) as connection:
        return {
            mart: read_mart(connection, mart) for mart in names_of_marts(connection)
        }


def names_of_marts(connection: duckdb.DuckDBPyConnection) -> list[str]:
    """The tables that the public reads."""
    rows = connection.execute(
        "select table_name from duckdb_tables() where schema_name = 'marts' order by 1"
    ).fetchall()
    return [name for (name,) in rows]


def read_mart(connection: duckdb.DuckDBPyConnection, mart: str) -> str:
    """The rows of one mart as one number, in any order."""
    left_out = set(OF_THE_BUILD.get(mart, ()))
    there = {
        name for name, *_ in connection.execute(f"describe marts.{mart}").fetchall()
    }
    exclude = ", ".join(sorted(left_out & there))
    columns = f"* exclude ({exclude})" if exclude else "*"
    count, total = connection.execute(
        f"""
        select count(*), coalesce(sum(cast(hash(one_row) as hugeint)), 0)
        from (select {columns} from marts.{mart}) as one_row
        """
    ).fetchone() or (0, 0)
    return f"{count} rows, {total}"


def read_build_id(file: Path) -> str:
    """Of which build the file says to be."""
    with duckdb.connect(file, read_only=True) as connection:
        rows = connection.execute("select build_id from marts.build_info").fetchall()
    if len(rows) != 1:
        raise BrokenPromiseError(f"build_info has {len(rows)} rows")
    return rows[0][0]


def find_whole(
    file: Path, known: dict[str, Contents], but_for: tuple[str, ...] = ()
) -> Found:
    """Which known build the file wholly holds, but for some marts.

    Raises BrokenPromiseError where it can't be read, where something stands
    beside it that belongs to it, and where it is no known build's as a whole.
    """
    beside = Path(f"{file}.wal")
    if beside.exists():
        raise BrokenPromiseError(f"{beside.name} stands beside the published file")
    try:
        found = read_contents(file)
        build_id = read_build_id(file)
    except duckdb.Error as error:
        line = str(error).splitlines()[0]
        raise BrokenPromiseError(f"{file.name} is unreadable: {line}") from error
    for name, contents in known.items():
        if {**found, **{mart: contents.get(mart) for mart in but_for}} == contents:
            return Found(name, build_id)
    raise BrokenPromiseError(f"{file.name} is mixed: {describe(found, known)}")


def describe(found: Contents, known: dict[str, Contents]) -> str:
    """How many marts are whose, for a file that is nobody's as a whole."""
    parts = []
    for name, contents in known.items():
        alike = sum(found.get(mart) == rows for mart, rows in contents.items())
        parts.append(f"{alike} of {len(contents)} marts are those of {name}")
    strange = [
        mart
        for mart, rows in found.items()
        if all(contents.get(mart) != rows for contents in known.values())
    ]
    if strange:
        parts.append(f"of none: {', '.join(strange)}")
    return "; ".join(parts)


def digest(file: Path) -> str:
    """The bytes of a file, as a hash."""
    with file.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()
