"""One mart as CSV for a spreadsheet, which must not run what it holds.

A spreadsheet takes a cell for a formula by how it begins, whatever wrote it:
a product named `=HYPERLINK(...)` would call home from the reader's desk. Such
texts get a leading apostrophe, as OWASP advises for CSV injection. Numbers and
dates are written by us and stay what they are.
"""

import csv
import datetime
import io
import os
import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from decimal import Decimal
from difflib import get_close_matches
from pathlib import Path
from typing import Any, TextIO

import duckdb

from perennial.durable import remove_quietly, sync, temporary_of
from perennial.warehouse import identifier, opened_published

ROWS_AT_ONCE = 10_000
# Blanks of every kind, and what is not seen at all.
UNSEEN = r"[\s\x00-\x1f\u200b-\u200f\u2060\ufeff]"
# Half width and, as some spreadsheets read them too, full width.
OPERATOR = "[=+\\-@＝＋－＠]"
FORMULA = re.compile(rf"[\t\r\n]|{UNSEEN}*{OPERATOR}")
# Where lists are separated by semicolons a spreadsheet splits cells at them,
# and then the quotes of this file no longer hold a line break.
FORMULA_WITHIN = re.compile(rf"(;{UNSEEN}*|(?<=\S)[\t\r\n]{UNSEEN}*)(?={OPERATOR})")


class ExportError(Exception):
    """Why a mart cannot be exported, in one line that says what to do."""


def export_mart(published: Path, mart: str, stream: TextIO) -> int:
    """Write a mart of the published file as CSV, in the mart's own order.

    Args:
        published: the published file; it is opened read-only.
        mart: name of the mart, with or without `marts.`.
        stream: takes the text; a file has to be opened with newline="".

    Returns:
        How many rows were written, the header not counted.

    Raises:
        ExportError: there is no mart of that name.
        WarehouseError: the file is missing, in use or damaged.
        OSError: the stream takes no more.
    """
    with opened_mart(published, mart) as (columns, rows):
        return write_csv(stream, columns, rows)


def export_mart_to_file(published: Path, mart: str, output: Path) -> int:
    """Write a mart as a CSV file, which is there in full or not at all.

    Args:
        published: the published file.
        mart: name of the mart.
        output: the file; one that is there is replaced in one step.

    Returns:
        How many rows were written.

    Raises:
        ExportError: there is no such mart, or the file cannot be written.
        WarehouseError: the published file cannot be read.
    """
    if output.exists() and not output.is_file():
        kind = "a folder" if output.is_dir() else "no ordinary file"
        raise ExportError(f"{output} is {kind}; name a file, or leave out --output")
    temporary = temporary_of(output)
    with opened_mart(published, mart) as (columns, rows):
        try:
            with temporary.open("w", encoding="utf-8", newline="") as stream:
                count = write_csv(stream, columns, rows)
            sync(temporary)
            os.replace(temporary, output)  # noqa: PTH105
            sync(output.parent)
        except OSError as error:
            raise ExportError(
                f"cannot write {output}: {error.strerror}; name a file that can "
                "be written with --output"
            ) from error
        finally:
            remove_quietly(temporary)
    return count


@contextmanager
def opened_mart(
    published: Path, mart: str
) -> Iterator[tuple[list[str], Iterator[Sequence[Any]]]]:
    """The columns and rows of a mart, a part at a time: of any size.

    Raises:
        ExportError: there is no mart of that name.
        WarehouseError: the file is missing, in use or damaged.
    """
    with opened_published(published) as connection:
        name = _find_mart(connection, mart)
        found = connection.execute(f"select * from opened.marts.{identifier(name)}")
        yield [column[0] for column in found.description or ()], _rows_of(found)


def write_csv(
    stream: TextIO, columns: Sequence[str], rows: Iterable[Sequence[Any]]
) -> int:
    """Write rows as CSV with a header; how many there were.

    For the export and for whatever else sends tables to people.

    Raises:
        OSError: the stream takes no more.
    """
    # Line ends of RFC 4180: with others the csv module leaves a lone CR bare.
    writer = csv.writer(stream, lineterminator="\r\n")
    writer.writerow([as_cell(column) for column in columns])
    count = 0
    for row in rows:
        writer.writerow([as_cell(value) for value in row])
        count += 1
    return count


def as_cell(value: Any) -> str:
    """A value as a cell: empty for none, plain digits, ISO dates, safe text."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float | Decimal):
        # No exponents: 0E-6 and 1e-07 are texts to many a reader.
        number = Decimal(repr(value)) if isinstance(value, float) else value
        return format(number, "f")
    if isinstance(value, datetime.datetime):
        return value.isoformat(sep=" ")
    if isinstance(value, datetime.date):
        return value.isoformat()
    return as_safe_text(str(value))


def as_safe_text(text: str) -> str:
    """A text that no spreadsheet runs: an apostrophe stands where it would."""
    escaped = FORMULA_WITHIN.sub(r"\1'", text)
    return f"'{escaped}" if FORMULA.match(text) else escaped


@contextmanager
def text_stream(binary: Any) -> Iterator[TextIO]:
    """Standard output as UTF-8 with line ends as they are; it stays open."""
    stream = io.TextIOWrapper(binary, encoding="utf-8", newline="")
    try:
        yield stream
        stream.flush()
    finally:
        stream.detach()


def _rows_of(found: duckdb.DuckDBPyConnection) -> Iterator[Sequence[Any]]:
    while rows := found.fetchmany(ROWS_AT_ONCE):
        yield from rows


def _find_mart(connection: duckdb.DuckDBPyConnection, mart: str) -> str:
    found = connection.execute(
        """
        select table_name
        from information_schema.tables
        where table_catalog = 'opened' and table_schema = 'marts'
        order by table_name
        """
    ).fetchall()
    names = [name for (name,) in found]
    wanted = mart.strip().lower().removeprefix("marts.")
    if wanted in names:
        return wanted
    nearest = get_close_matches(wanted, names, n=1)
    hint = f" (did you mean {nearest[0]}?)" if nearest else ""
    listed = f"the marts are {', '.join(names)}" if names else "the file holds none"
    raise ExportError(f"there is no mart {mart}{hint}; {listed}")
