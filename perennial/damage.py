"""Say of an input file why it cannot be read, in words and without its text.

The build refuses the same files in the same words
(`macros/inputs/stop_on_damaged_files.sql`, `read_csv_file.sql`); only that a
link leads nowhere, that a file may not be opened, or that the values of a
Parquet file cannot be read, a macro cannot tell.
"""

import mmap
import re
from collections.abc import Iterable
from pathlib import Path

import duckdb

PARQUET_MARK = b"PAR1"
# The marks of a Parquet file, and the length of its table of contents.
LEAST_PARQUET = 12
LINE_ENDS = {
    b"\r\n": "a carriage return and a line feed",
    b"\n": "a line feed",
    b"\r": "a carriage return",
}
SEVERAL = "several ways"


def find_damage(path: Path, table: str) -> str | None:
    """Why the file cannot be read; none when its lines or its parts can be."""
    try:
        if path.stat().st_size == 0:
            return (
                "the file is empty, not even a Parquet file without rows"
                if path.suffix == ".parquet"
                else f"the first line is empty; it has to name the columns of {table}"
            )
        with (
            path.open("rb") as file,
            mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content,
        ):
            if path.suffix == ".parquet":
                return _parquet_damage(content) or _unreadable_parquet(path)
            return _header_damage(first_line(path), table) or _mixed_ends(content)
    except OSError as error:
        return f"the file cannot be opened: {(error.strerror or 'unknown').lower()}"


def first_line(path: Path) -> bytes:
    """The bytes before the first end of a line."""
    with path.open("rb") as file:
        return re.split(b"[\r\n]", file.readline(1_000_000), maxsplit=1)[0]


def pattern_of(path: str) -> str:
    """The path for DuckDB, which takes each for a pattern: a[1].csv for a1.csv."""
    return re.sub(r"([*?[])", r"[\1]", path)


def find_damaged_parquet(folder: Path, tables: Iterable[str]) -> str | None:
    """The first Parquet file of the tables that cannot be read, and why.

    dbt could say it in DuckDB's words only, and partly without the file.
    """
    for table in tables:
        for path in (
            folder / f"{table}.parquet",
            *sorted((folder / table).glob("[!.]*.parquet")),
        ):
            damage = find_damage(path, table) if path.is_file() else None
            if damage:
                return f"{path}: {damage}"
    return None


def find_folders_and_links(folder: Path, tables: list[str]) -> list[str]:
    """What bears the name of a file of a table and is none."""
    problems = []
    for entry in sorted(folder.iterdir()):
        table, _, suffix = entry.name.partition(".")
        if table not in tables or suffix not in ("", "csv", "parquet"):
            continue
        if entry.is_symlink() and not entry.exists():
            problems.append(f"{entry.name} is a link that leads nowhere")
        elif suffix and entry.is_dir():
            problems.append(
                f"{entry.name} is a folder, and has the name of a file; a folder of "
                f"part files is called {table}"
            )
        elif entry.is_dir() and not any(entry.iterdir()):
            problems.append(f"{entry.name} is a folder without a file in it")
    return problems


def looks_like_names(names: list[str], has_known: bool) -> bool:
    """Whether a first line is a header, so that it may be shown."""
    return has_known and all(
        re.match(r"([^\W\d][^@]{0,59})?$", name)
        and not re.search(r"[0-9]{4}|^[A-Za-z]{0,3}[-_ ]?[0-9]+$", name)
        for name in names
    )


def _parquet_damage(content: mmap.mmap) -> str | None:
    size = len(content)
    if size < LEAST_PARQUET or content[:4] != PARQUET_MARK:
        return "this is no Parquet file, whatever its name says"
    if content[-4:] != PARQUET_MARK:
        return (
            "the end of this Parquet file is missing, as after a broken transfer; "
            "fetch it again"
        )
    if int.from_bytes(content[-8:-4], "little") + LEAST_PARQUET > size:
        return "the table of contents of this Parquet file is damaged; fetch it again"
    return None


def _unreadable_parquet(path: Path) -> str | None:
    """Whether any value cannot be read; DuckDB says so in words of its own."""
    relation = _relation_of(path)
    with duckdb.connect() as connection:
        try:
            connection.execute(f"describe select * from {relation}").fetchall()
        except duckdb.Error:
            return (
                "the table of contents of this Parquet file is damaged; fetch it again"
            )
        try:
            connection.execute(
                f"select bit_xor(hash(read_row)) from {relation} as read_row"
            ).fetchall()
        except duckdb.OutOfMemoryException:
            return "reading it needs more memory than there is"
        except duckdb.Error:
            return "the values of this Parquet file are damaged; fetch it again"
    return None


def _relation_of(path: Path) -> str:
    pattern = pattern_of(str(path)).replace("'", "''")
    return f"read_parquet('{pattern}', hive_partitioning = false)"


def _header_damage(line: bytes, table: str) -> str | None:
    if not line:
        return f"the first line is empty; it has to name the columns of {table}"
    if line.startswith(PARQUET_MARK):
        return f"this is a Parquet file; call it {table}.parquet"
    if line.startswith(b"PK") and line[2:3] < b" ":
        return "this is a workbook or a ZIP archive; save it as CSV in UTF-8"
    if line.startswith(b"\x1f"):
        return "this file is compressed; unpack it"
    if line.count(b"\0") > 0.3 * len(line):
        return "this file is in UTF-16; save it as CSV in UTF-8"
    if b"\0" in line:
        return "line 1 holds NUL bytes; export the file again"
    if line.count(b'"') % 2:
        return "a quote opens in line 1, the header, and is not closed there"
    return None


def _mixed_ends(content: mmap.mmap) -> str | None:
    """The first line outside quotes that ends unlike the first one."""
    first = _ends_after(content, rb"")
    kind = _kind_of_ends(first)
    if kind is None:
        return None
    if kind == SEVERAL:
        how = "two carriage returns and a line feed" if first == b"\r\r\n" else kind
        return (
            f"line 1: this line ends in {how}; save the file with a line feed at the "
            "end of each line"
        )
    (end,) = (end for end, name in LINE_ENDS.items() if name == kind)
    other = _ends_after(content, end)
    if not other:
        return None
    start = content[: _length_of_good(content, end)]
    line_number = len(re.findall(rb"[^\r\n]+", start))
    whole = re.search(rb"[\r\n]*$", start[-100:])[0] + other
    return (
        f"line {line_number}: this line ends in {_kind_of_ends(whole)}, the first "
        f"one in {kind}. Line ends of several kinds can not be told from text; save "
        "the file with one kind"
    )


def _ends_after(content: mmap.mmap, end: bytes) -> bytes:
    """The ends of lines, outside quotes, after the lines that end so."""
    start = _length_of_good(content, end)
    return re.match(rb"[\r\n]*", content[start : start + 100])[0]


def _length_of_good(content: mmap.mmap, end: bytes) -> int:
    """Up to where only such ends are outside quotes."""
    ends = b"|" + end if end else b""
    return re.match(rb'(?:[^"\r\n]++|"[^"]*+"' + ends + rb")*+", content).end()


def _kind_of_ends(ends: bytes) -> str | None:
    """What ends that follow each other are; blank lines have some too."""
    for end, kind in LINE_ENDS.items():
        if ends and not ends.replace(end, b""):
            return kind
    return SEVERAL if ends else None
