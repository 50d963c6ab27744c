"""Tell what a folder of input files holds, before dbt builds from it.

Files are found, split and read as the build does it: everything as text, a
fixed CSV dialect, columns by their names. Nothing is written.
"""

import re
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from difflib import get_close_matches
from pathlib import Path

import duckdb
import yaml

from perennial.addresses import masked_path
from perennial.contract import Table, read_contract
from perennial.damage import (
    find_damage,
    find_folders_and_links,
    first_line,
    looks_like_names,
    pattern_of,
)
from perennial.lookalikes import find_lookalikes

FORMS = ("csv", "parquet")
DELIMITERS = {",": "comma", ";": "semicolon", "\t": "tab", "|": "pipe"}
# A file of another name is most likely this table.
TABLE_NAMES = {
    "orders": ("sales", "transactions", "purchases", "baskets", "receipts"),
    "customers": ("clients", "users", "accounts", "members", "households"),
    "subscriptions": ("contracts", "memberships"),
    "subscription_changes": ("subscription_events", "subscription_history"),
    "order_items": ("items", "line_items", "order_lines", "order_details"),
    "products": ("catalog", "catalogue", "skus"),
    "invoices": ("bills", "payments", "charges"),
    "marketing_spend": ("ad_spend", "spend", "campaign_costs"),
    "platform_sessions": ("sessions", "visits", "traffic"),
    "exchange_rates": ("rates", "fx_rates", "currency_rates"),
    "customer_events": ("events", "activities"),
    "customer_feedback": ("feedback", "nps", "surveys", "ratings"),
}
# A few order ids come twice by mistake; more than that are lines of orders.
LEAST_LINE_SHARE = 0.01
# The longest line that is read, in bytes, as in macros/inputs/read_lines.sql.
LONGEST_LINE = 100_000_000
WIDTH = 88
# What a date looks like, as in macros/validation/timestamp_value.sql.
DAY = "[0-9]{4}-[0-9]{2}-[0-9]{2}"
CLOCK = "[T ]([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9]([.][0-9]{1,9})?)?"
OFFSET = "( ?UTC|Z|[+-][0-9]{2}(:?[0-9]{2})?)"


class CheckError(Exception):
    """Why a folder cannot be checked, in one line that says what to do."""


class FileError(Exception):
    """Why one file cannot be read, in one line."""


@dataclass
class InputFile:
    """One file of a table: its columns as written, and how they are read."""

    path: str
    names: list[str]
    relation: str
    # Name in lower case -> SQL that gives it as text.
    columns: dict[str, str]
    delimiter: str = ""


@dataclass
class Finding:
    """What was found of one table, and what speaks against building from it."""

    table: Table
    shown_path: str
    form: str
    files: list[InputFile] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    found: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    unused: list[str] = field(default_factory=list)
    # Contract column -> names that look like it, the likeliest first.
    lookalikes: dict[str, list[str]] = field(default_factory=dict)
    row_count: int = 0
    first_date: date | None = None
    last_date: date | None = None
    has_order_lines: bool = False

    @property
    def mapping(self) -> dict[str, str]:
        """Contract column -> the name that is suggested for it."""
        return {column: names[0] for column, names in self.lookalikes.items()}

    def name_of(self, column: str) -> str | None:
        """Under which name, in lower case, a contract column is here."""
        if column in self.found:
            return column
        name = self.mapping.get(column)
        return None if name is None else name.lower()


@dataclass
class Check:
    """What a folder holds, by table, and what is wrong with it as a whole."""

    folder: str
    findings: list[Finding]
    absent: list[str]
    problems: list[str]

    @property
    def can_be_built(self) -> bool:
        """True when nothing stands against a build as the files are."""
        return not self.problems and not any(
            finding.problems for finding in self.findings
        )


def check_folder(folder: Path) -> Check:
    """Look at every file of the folder."""
    if masked_path(str(folder)) != str(folder):
        raise CheckError(
            f"{masked_path(str(folder))}: a build does not take a path with an e-mail "
            "address in it (***), since it is published; name the folder by a "
            "relative path, or by a link to it"
        )
    if not folder.exists():
        raise CheckError(f"there is no folder {folder}")
    if not folder.is_dir():
        raise CheckError(
            f"{folder} is a file; name the folder that holds it, as input_path does"
        )
    contract = read_contract()
    with duckdb.connect() as connection:
        connection.execute("set TimeZone = 'UTC'")
        files, problems = _sort_files(connection, folder, contract)
        problems += find_folders_and_links(folder, list(contract))
        findings: list[Finding] = []
        for name, forms in files.items():
            if len(forms) > 1:
                shown = ", ".join(path for paths in forms.values() for path in paths)
                problems.append(
                    f"{name} is there in {len(forms)} forms ({shown}): keep one"
                )
            for (suffix, is_folder), paths in forms.items():
                shown_path = f"{name}/" if is_folder else paths[0]
                finding = Finding(contract[name], shown_path, suffix)
                _inspect(connection, folder, finding, paths)
                findings.append(finding)
    if not {"orders", "subscriptions"} & set(files):
        problems.append(
            "no orders and no subscriptions: at least one of the two must be there, "
            "as orders.csv, orders.parquet or a folder orders/ of such files"
        )
    absent = [name for name in contract if name not in files]
    return Check(str(folder), findings, absent, problems)


# ---------------------------------------------------------------- finding files

Forms = dict[tuple[str, bool], list[str]]


def _sort_files(
    connection: duckdb.DuckDBPyConnection, folder: Path, contract: dict[str, Table]
) -> tuple[dict[str, Forms], list[str]]:
    """The files by table and form, and a line for each that matches no table."""
    root = f"{str(folder).rstrip('/')}/"
    pattern = pattern_of(root)
    # ** passes over linked files and folders, * does not.
    listed = connection.execute(
        "select file from glob(?) union select file from glob(?) "
        "union select file from glob(?) order by file",
        [f"{pattern}**", f"{pattern}*", f"{pattern}*/*"],
    ).fetchall()
    found: dict[str, Forms] = {}
    problems: list[str] = []
    for (file,) in listed:
        path = file[len(root) :]
        parts = path.split("/")
        is_folder = len(parts) == 2
        stem = parts[0] if is_folder else re.sub(r"[.][^.]*$", "", parts[0])
        suffix = path.rsplit(".", 1)[-1]
        if parts[-1].startswith("."):
            continue
        if masked_path(path) != path:
            problems.append(
                f"{masked_path(path)}: *** stands for a name with an e-mail address in "
                "it; names of files are published, so rename it"
            )
        elif len(parts) > 2 or suffix not in FORMS or stem not in contract:
            problems.append(_say_stranger(path, contract))
        else:
            forms = found.setdefault(stem, {})
            forms.setdefault((suffix, is_folder), []).append(path)
    return {name: found[name] for name in contract if name in found}, problems


def _say_stranger(path: str, contract: dict[str, Table]) -> str:
    """Why a file is none of the tables, and what it might be."""
    parts = path.split("/")
    if len(parts) > 2:
        return f"{path} matches no table: it lies too deep, two folders down"
    stem = parts[0].split(".")[0].lower()
    by_name = {name: table for table, names in TABLE_NAMES.items() for name in names}
    near = get_close_matches(stem, [*contract, *by_name], n=1, cutoff=0.75)
    table = by_name.get(near[0], near[0]) if near else None
    suffix = path.rsplit(".", 1)[-1]
    if suffix not in FORMS:
        return f"{path} matches no table: only .csv and .parquet files are read"
    if table is None:
        return f"{path} matches no table: the tables are {', '.join(contract)}"
    target = f"{table}/" if len(parts) == 2 else f"{table}.{suffix}"
    source = f"{parts[0]}/" if len(parts) == 2 else path
    return f"{path} matches no table: if it holds {table}, rename {source} to {target}"


# ---------------------------------------------------------------- reading files


def _inspect(
    connection: duckdb.DuckDBPyConnection,
    folder: Path,
    finding: Finding,
    paths: Sequence[str],
) -> None:
    """Open each file, match its columns, count its rows."""
    opened = _open_csv if finding.form == "csv" else _open_parquet
    for path in paths:
        full_path = f"{str(folder).rstrip('/')}/{path}"
        damage = find_damage(Path(full_path), finding.table.name)
        if damage:
            place = f"{path}, " if damage.startswith("line ") else f"{path}: "
            finding.problems.append(place + damage)
            continue
        try:
            finding.files.append(opened(connection, finding.table, full_path, path))
        except FileError as error:
            finding.problems.append(f"{path}: {error}")
    if not finding.files:
        return
    _match_columns(finding)
    try:
        _count_rows(connection, finding)
    except duckdb.Error as error:
        finding.problems.append(
            f"{finding.shown_path}: cannot be read: {_say_cause(error)}"
        )


def _open_csv(
    connection: duckdb.DuckDBPyConnection, table: Table, full_path: str, path: str
) -> InputFile:
    """The header, split by the delimiter that yields the most known names."""
    header = first_line(Path(full_path)).decode("utf-8", "replace")
    splits = {
        delimiter: [
            re.sub(r'^[\s"\ufeff]+|[\s"]+$', "", name)
            for name in header.split(delimiter)
        ]
        for delimiter in DELIMITERS
    }
    delimiter = max(splits, key=lambda one: _count_known(table, splits[one]))
    if any(part.count('"') % 2 for part in header.split(delimiter)):
        raise FileError(
            "a name in line 1, the header, holds the delimiter of the file, in "
            "quotes; give the column another name"
        )
    names = splits[delimiter]
    known, alike, _ = _count_known(table, names)
    is_whole = set(table.required) <= {name.lower() for name in names}
    if not is_whole and not looks_like_names(names, has_known=known + alike > 0):
        values = f"{len(names)} value{'s do' if len(names) > 1 else ' does'}"
        raise FileError(
            f"line 1 has to name the columns, and its {values} not look like names"
        )
    types = ", ".join(f"'c{place}': 'varchar'" for place in range(len(names)))
    relation = (
        f"read_csv({_text(pattern_of(full_path))}, header = false, skip = 1, "
        "auto_detect = false, hive_partitioning = false, "
        f"delim = {_text(delimiter)}, quote = '\"', escape = '\"', "
        f"strict_mode = true, columns = {{{types}}}, "
        f"max_line_size = {LONGEST_LINE}, "
        "store_rejects = true, rejects_table = 'rejects', rejects_scan = 'scans')"
    )
    columns = {name.lower(): f"c{place}" for place, name in enumerate(names)}
    return InputFile(path, names, relation, columns, DELIMITERS[delimiter])


def _count_known(table: Table, names: list[str]) -> tuple[int, int, int]:
    """Names of the contract, names that look like one, names at all."""
    folded = [name.lower() for name in names]
    known = [name for name in folded if name in table.columns]
    missing = [column for column in table.columns if column not in known]
    alike = find_lookalikes(table, missing, set(names))
    return len(known), len(alike), len(names)


def _open_parquet(
    connection: duckdb.DuckDBPyConnection, table: Table, full_path: str, path: str
) -> InputFile:
    relation = (
        f"read_parquet({_text(pattern_of(full_path))}, hive_partitioning = false)"
    )
    try:
        names = [
            row[0]
            for row in connection.execute(
                f"describe select * from {relation}"
            ).fetchall()
        ]
    except duckdb.Error as error:
        raise FileError(f"cannot be read: {_say_cause(error)}") from error
    columns = {
        name.lower(): f'cast("{name.replace(chr(34), chr(34) * 2)}" as varchar)'
        for name in names
    }
    return InputFile(path, names, relation, columns)


def _match_columns(finding: Finding) -> None:
    """Sort the files' columns and the contract's into found, missing, unused."""
    table = finding.table
    for file in finding.files:
        folded = [name.lower() for name in file.names]
        for name in sorted({name for name in folded if folded.count(name) > 1}):
            shown = f"the column {name}" if name in table.columns else "a column"
            finding.problems.append(f"{file.path} names {shown} twice")
    # A column that only some of the files have is missing in the others.
    in_all = set.intersection(*(set(file.columns) for file in finding.files))
    names = {name.lower(): name for file in finding.files for name in file.names}
    finding.found = [column for column in table.columns if column in in_all]
    missing = [column for column in table.columns if column not in in_all]
    finding.missing = sorted(missing, key=lambda column: column not in table.required)
    finding.unused = [
        name
        for folded, name in names.items()
        if folded and folded not in table.columns and "@" not in folded
    ]
    finding.lookalikes = find_lookalikes(
        table, missing, [name for name in finding.unused if name.lower() in in_all]
    )
    if set(missing) & set(table.required) - set(finding.lookalikes):
        finding.unused = _without_strange_names(finding)
    for column in missing:
        holders = [file.path for file in finding.files if column in file.columns]
        if holders:
            finding.notes.append(
                f"{column} is not in all files, only in {', '.join(holders)}"
            )
    for column in finding.missing:
        if column in table.required:
            finding.problems.append(f"{finding.shown_path} has no column {column}")


def _without_strange_names(finding: Finding) -> list[str]:
    """Names like those of the contract; the others, which may be data, counted."""
    alike = {name for names in finding.lookalikes.values() for name in names}
    shown = [name for name in finding.unused if name in alike]
    more = len(finding.unused) - len(shown)
    return [*shown, f"{more} more that are not shown"] if more else shown


def _count_rows(connection: duckdb.DuckDBPyConnection, finding: Finding) -> None:
    """Rows and dates; in orders also whether a row is a line of one."""
    dated_by = finding.table.dated_by
    wanted = {"dated": finding.name_of(dated_by) if dated_by else None}
    if finding.table.name == "orders":
        wanted["order_id"] = finding.name_of("order_id")
    unreadable = 0
    connection.execute("drop table if exists read_rows")
    for number, file in enumerate(finding.files):
        select = ", ".join(
            f"nullif(trim({_column(file, name)}), '') as {alias}"
            for alias, name in wanted.items()
        )
        if finding.table.name == "orders":
            select += f", {_rest_of_order(finding, file)} as rest"
        connection.execute(
            ("insert into read_rows " if number else "create temp table read_rows as ")
            + f"select {select} from {file.relation}"
        )
        if finding.form == "csv":
            unreadable += _take_rejects(connection)
    (finding.row_count,) = connection.execute(
        "select count(*) from read_rows"
    ).fetchone()
    finding.row_count += unreadable
    if unreadable:
        finding.notes.append(
            f"lines that cannot be split into the columns: {unreadable:,}; "
            "a build rejects them as unreadable_line"
        )
    if wanted["dated"] is not None:
        _find_dates(connection, finding, wanted["dated"])
    if wanted.get("order_id") is not None:
        _find_lines(connection, finding)


def _take_rejects(connection: duckdb.DuckDBPyConnection) -> int:
    """How many lines of the last read could not be split."""
    (count,) = connection.execute("select count(distinct line) from rejects").fetchone()
    connection.execute("drop table rejects")
    connection.execute("drop table scans")
    return count


def _find_dates(
    connection: duckdb.DuckDBPyConnection, finding: Finding, name: str
) -> None:
    given, valid, finding.first_date, finding.last_date = connection.execute(f"""
        select count(dated), count(day), min(day), max(day)
        from (
            select
                dated,
                cast(case
                    when regexp_full_match(dated, '{DAY}({CLOCK})?')
                        then try_cast(dated as timestamp)
                    when regexp_full_match(dated, '{DAY}{CLOCK}{OFFSET}')
                        then timezone('UTC', try_cast(dated as timestamptz))
                end as date) as day
            from read_rows
        )
    """).fetchone()
    if given > valid:
        finding.notes.append(
            f"{given - valid:,} of {given:,} values of {name} are not dates "
            "such as 2025-12-31 or 2025-12-31T23:59:59Z"
        )


def _find_lines(connection: duckdb.DuckDBPyConnection, finding: Finding) -> None:
    """Order ids that repeat are lines of orders, if the rest of them agrees."""
    rows, orders, differing = connection.execute("""
        select
            coalesce(sum(row_count), 0),
            count(*),
            count(*) filter (where first_rest <> last_rest)
        from (
            select
                count(*) as row_count,
                min(rest) as first_rest,
                max(rest) as last_rest
            from read_rows
            where order_id is not null
            group by order_id
        )
    """).fetchone()
    further = rows - orders
    if further == 0:
        return
    if further <= LEAST_LINE_SHARE * rows:
        finding.notes.append(
            f"rows that repeat the order_id of another row: {further:,}"
        )
        return
    finding.has_order_lines = True
    note = f"{rows:,} rows have {orders:,} order ids: order_grain: line adds them up"
    if differing:
        note += (
            f"; in {differing:,} orders the lines differ in more than amounts "
            "and would be rejected as conflicting_id"
        )
    finding.notes.append(note)


def _rest_of_order(finding: Finding, file: InputFile) -> str:
    """What has to be alike on all lines of an order: all that is no amount."""
    parts = [
        f"coalesce(trim({_column(file, finding.name_of(column))}), '')"
        for column, kind in finding.table.columns.items()
        if kind != "amount" and column not in ("order_id", "loaded_at")
    ]
    return " || chr(31) || ".join(parts)


def _column(file: InputFile, name: str | None) -> str:
    """SQL of a column that may not be there."""
    return file.columns.get(name or "", "cast(null as varchar)")


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"


def _say_cause(error: duckdb.Error) -> str:
    """In our words: DuckDB's may quote the data."""
    if isinstance(error, duckdb.OutOfMemoryException):
        return "it needs more memory than there is"
    return "its content is damaged; fetch it again"


# ---------------------------------------------------------------------- showing


def format_check(check: Check) -> str:
    """The report as aligned plain text, with what to paste at its end."""
    parts = [f"Folder {check.folder}"]
    parts += [_format_finding(finding) for finding in check.findings]
    if check.absent:
        parts.append(_format_line("not there", ", ".join(check.absent), indent=""))
    problems = [
        *check.problems,
        *(line for finding in check.findings for line in finding.problems),
    ]
    if problems:
        parts.append("\n".join(["Not ready to build", *(f"  {p}" for p in problems)]))
    parts.append(_format_command(check))
    return "\n\n".join(part for part in parts if part)


def _format_finding(finding: Finding) -> str:
    lines = [finding.table.name, _format_line("files", _say_files(finding))]
    if finding.files:
        missing = [
            f"{column} (required)" if column in finding.table.required else column
            for column in finding.missing
        ]
        lines += [
            _format_line("found", ", ".join(finding.found) or "none"),
            _format_line("missing", ", ".join(missing) or "none"),
            _format_line("unused", ", ".join(finding.unused) or "none"),
            _format_line("rows", f"{finding.row_count:,}"),
            _format_line("dates", _say_dates(finding)),
        ]
    lines += [_format_line("note", note) for note in finding.notes]
    return "\n".join(lines)


def _say_files(finding: Finding) -> str:
    delimiters = sorted({file.delimiter for file in finding.files if file.delimiter})
    form = {"csv": "CSV", "parquet": "Parquet"}[finding.form]
    said = f"{finding.shown_path}, {form}"
    if delimiters:
        said += f" with {' and '.join(delimiters)}"
    if finding.shown_path.endswith("/"):
        said += f", files: {len(finding.files)}"
    return said


def _say_dates(finding: Finding) -> str:
    column = finding.table.dated_by
    if column is None:
        return "none: rows of this table have no date of their own"
    name = finding.name_of(column)
    if name is None:
        return f"none: {column} is missing"
    if finding.first_date is None:
        return f"none in {name}"
    return f"{finding.first_date} to {finding.last_date} ({name})"


def _format_line(label: str, text: str, indent: str = "  ") -> str:
    first = f"{indent}{label:<9} "
    return textwrap.fill(
        text,
        WIDTH,
        initial_indent=first,
        subsequent_indent=" " * len(first),
        break_long_words=False,
        break_on_hyphens=False,
    )


def _format_command(check: Check) -> str:
    """The build with the mapping, as YAML that a shell takes as one argument."""
    if not check.findings:
        return ""
    lines = [f"input_path: {_scalar(check.folder)}"]
    has_lines = any(finding.has_order_lines for finding in check.findings)
    if has_lines:
        lines.append("order_grain: line")
    mapped = [finding for finding in check.findings if finding.mapping]
    if mapped:
        lines.append("input_columns:")
    for finding in mapped:
        lines.append(f"  {finding.table.name}:")
        for column, (name, *others) in finding.lookalikes.items():
            hint = f"  # or {', '.join(others)}" if others else ""
            lines.append(f"    {column}: {_scalar(name)}{hint}")
    content = "\n".join(lines).replace("'", "'\\''")
    if mapped:
        intro = "Names that look alike, to be checked by you, then pasted"
    elif check.can_be_built:
        intro = "Ready to build"
    else:
        intro = "Once that is mended"
    return f"{intro}:\n\ndbt build --vars '\n{content}\n'"


def _scalar(value: str) -> str:
    """A text as YAML, in quotes only where it needs them."""
    dumped: str = yaml.safe_dump(value, width=10_000, allow_unicode=True)
    return dumped.removesuffix("\n").removesuffix("\n...")
