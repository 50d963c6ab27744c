"""What must hold before a build is published: whole, and no step backwards.

Each audit gives findings in words that say what to do. A finding with an
option can be overruled, and then stands in build_info of what is published.
"""

import datetime
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal

import duckdb

from perennial.warehouse import Build, columns_of, find_table

SHOWN_RESTATEMENTS = 20
# build_info tells the start of a build to the second, history more exactly.
ONE_SECOND = datetime.timedelta(seconds=1)


@dataclass(frozen=True)
class Accepted:
    """The audits that a person has overruled, by the options of the command."""

    shrink: bool = False
    as_of: bool = False
    restatement: str | None = None
    lost_history: bool = False
    input: bool = False


@dataclass(frozen=True)
class Finding:
    """One thing that stops a publish, unless it is accepted."""

    message: str
    # As build_info records it once it is accepted.
    summary: str = ""
    is_accepted: bool = False
    # Why numbers of closed months are others, where it is about these.
    reason: str | None = None


@dataclass(frozen=True)
class Audit:
    """What the audits found, and what they could not compare."""

    findings: list[Finding]
    notes: list[str]

    @property
    def stopping(self) -> list[Finding]:
        """The findings that nobody has accepted."""
        return [finding for finding in self.findings if not finding.is_accepted]

    @property
    def reason(self) -> str | None:
        """The reason of the restatement that was found and accepted."""
        reasons = [found.reason for found in self.findings if found.is_accepted]
        return next(filter(None, reasons), None)

    @property
    def accepted(self) -> str | None:
        """The accepted findings as build_info records them."""
        summaries = [found.summary for found in self.findings if found.is_accepted]
        return "; ".join(summaries) or None


def find_incomplete(
    connection: duckdb.DuckDBPyConnection,
    work: Build | None,
    since: datetime.datetime | None = None,
) -> str | None:
    """Why the attached work file is not one whole build; None when it is.

    Args:
        connection: with the work file attached as `work`.
        work: the build of its build_info.
        since: the last run must have begun by then, where a run was just made.
    """
    table = _find_runs(connection)
    if table is None or work is None:
        return (
            "the work file does not say that a build of it is whole: it was built "
            "by an older version, or never to its end; run dbt build"
        )
    row = connection.execute(
        f"""
        select
            invocation_id,
            command,
            started_at,
            ended_at,
            nodes_failed,
            nodes_missing,
            first_failure,
            note
        from {table}
        order by started_at desc, rowid desc
        limit 1
        """
    ).fetchone()
    if row is None:
        return "the work file knows of no run of dbt; run dbt build"
    run_id, command, started_at, ended_at, failed, missing, failure, note = row
    run = f"the last run of dbt on the work file, dbt {command} of {started_at:%F %T}"
    if since is not None and started_at < since:
        return (
            f"dbt did not write to the work file: {run} UTC, is older; name the "
            "target that writes to it, or set PERENNIAL_WORK_FILE"
        )
    if ended_at is None:
        return f"{run} UTC, did not come to its end; run dbt build"
    if failed:
        return (
            f"{run} UTC, had {_many(failed, 'error')}, the first in {failure}; put "
            "it right and run dbt build"
        )
    if note:
        return f"{run} UTC, was given {note}; run dbt build without it"
    if command != "build":
        return f"{run} UTC, may have changed tables; run dbt build"
    if missing:
        return (
            f"{run} UTC, left out {_many(missing, 'model, seed, snapshot or test')}; "
            "run dbt build without --select and --exclude; a unit test that fails "
            "leaves out its model too: run dbt build --exclude-resource-type unit_test"
        )
    if run_id != work.build_id:
        return f"{run} UTC, did not make marts.build_info; run dbt build"
    return None


def _find_runs(connection: duckdb.DuckDBPyConnection) -> str | None:
    """The record of runs: it stands beside the gate of the inputs."""
    row = connection.execute(
        """
        select min(table_schema)
        from information_schema.tables
        where table_catalog = 'work' and table_name = 'util_input_gate'
        """
    ).fetchone()
    schema = row[0] if row else None
    return schema and find_table(connection, "work", "dbt_runs", schema=schema)


def audit(
    connection: duckdb.DuckDBPyConnection,
    work: Build,
    published: Build | None,
    accepted: Accepted,
    *,
    history: str | None,
    remedy_of_lost_history: str = "bring back a copy of it",
) -> Audit:
    """Compare a whole build with what is published.

    Args:
        connection: with the files attached as `work` and `published`, and the
            history as `history` or within `work`.
        work: the build of the work file.
        published: the build of the published file; None when there is none.
        accepted: what a person has overruled.
        history: alias of the file that holds the history, None if there is none.
        remedy_of_lost_history: what to do when it is gone.
    """
    notes: list[str] = []
    findings = [*_other_history(connection, work, history)]
    if published is None:
        return Audit(findings, notes)
    if published.input_name is None or work.input_name is None:
        notes.append(
            "rows, months and history not compared: the published file or this "
            "build does not say of which input it is"
        )
        return Audit([*findings, *_backwards(work, published, accepted)], notes)
    if published.input_name != work.input_name:
        findings += _other_input(work, published, accepted, notes)
        return Audit(findings, notes)
    findings += [
        *_shrunk(connection, work, accepted, notes),
        *_backwards(work, published, accepted),
        *_restated(connection, work, published, accepted, notes),
        *_lost(connection, published, accepted, history, remedy_of_lost_history),
    ]
    return Audit(findings, notes)


def _other_input(
    work: Build, published: Build, accepted: Accepted, notes: list[str]
) -> Iterator[Finding]:
    if published.input_name == "demo":
        notes.append(f"takes the place of the demo: {work.input_name}")
        return
    yield Finding(
        f"the published file is of the input {published.input_name}, this build of "
        f"{work.input_name}; publish it elsewhere (PERENNIAL_PUBLISHED_FILE), set "
        "history_name if both are one input, or accept it with --accept-input",
        f"input: {published.input_name} to {work.input_name}",
        accepted.input,
    )


def _shrunk(
    connection: duckdb.DuckDBPyConnection,
    work: Build,
    accepted: Accepted,
    notes: list[str],
) -> Iterator[Finding]:
    """Inputs that lost all rows, or more of them than max_shrink_share."""
    table = "rpt_input_reconciliation"
    if not {"table_name", "raw_rows"} <= columns_of(connection, "published", table):
        notes.append(f"rows not compared: the published file lacks marts.{table}")
        return
    rows = connection.execute(
        f"""
        with

        old as (
            select table_name, cast(sum(raw_rows) as bigint) as row_count
            from published.marts.{table}
            group by table_name
        ),

        new as (
            select table_name, cast(sum(raw_rows) as bigint) as row_count
            from work.marts.{table}
            group by table_name
        )

        select old.table_name, old.row_count, coalesce(new.row_count, 0)
        from old
        left join new on old.table_name = new.table_name
        order by old.table_name
        """
    ).fetchall()
    share = work.number("max_shrink_share")
    for name, old, new in rows:
        if old and not new:
            message = f"{name} is gone or empty: it had {old:,} rows"
        elif new < (1 - share) * old:
            message = (
                f"{name} shrunk from {old:,} to {new:,} rows, by more than "
                f"max_shrink_share ({share})"
            )
        else:
            continue
        yield Finding(
            f"{message}; bring all of it and build again, or accept it with "
            "--accept-shrink",
            f"shrink: {name} {old} to {new} rows",
            accepted.shrink,
        )


def _backwards(work: Build, published: Build, accepted: Accepted) -> Iterator[Finding]:
    if work.as_of_date < published.as_of_date:
        yield Finding(
            f"the as-of date moved back from {published.as_of_date} to "
            f"{work.as_of_date}; build as of a later day, or accept it with "
            "--accept-as-of",
            f"as-of: {published.as_of_date} to {work.as_of_date}",
            accepted.as_of,
        )
    if work.started_at < published.started_at:
        yield Finding(
            f"this build began at {work.started_at:%F %T} UTC, before the published "
            f"one ({published.started_at:%F %T}): the clock was set back, or it is "
            "an older work file; set the clock and build again, or accept it with "
            "--accept-as-of",
            f"clock: {published.started_at:%F %T} to {work.started_at:%F %T}",
            accepted.as_of,
        )


def _restated(
    connection: duckdb.DuckDBPyConnection,
    work: Build,
    published: Build,
    accepted: Accepted,
    notes: list[str],
) -> Iterator[Finding]:
    """Closed months that are told otherwise, by more than is tolerated."""
    table = "rpt_closed_months"
    needed = {"closed_month", "metric_name", "metric_value"}
    if published.policy_key is None or not needed <= columns_of(
        connection, "published", table
    ):
        notes.append(
            "months not compared: the published file lacks the policy_key of its "
            f"build, or marts.{table} as it is now"
        )
        return
    if published.policy_key != work.policy_key:
        notes.append(
            "months not compared: the published build was made by other policies"
        )
        return
    moved = find_restatements(connection, work, published)
    if not moved:
        return
    reason = accepted.restatement or work.policy("restatement_reason")
    shown = [
        f"    {month:%Y-%m}  {metric}  {_plain(old)} -> {_plain(new)}"
        for month, metric, old, new in moved[:SHOWN_RESTATEMENTS]
    ]
    if further := len(moved) - len(shown):
        shown.append(f"    and {further:,} more")
    yield Finding(
        f"{_many(len(moved), 'number')} of closed months moved by more than "
        f"restatement_tolerance ({work.number('restatement_tolerance')}) or before "
        "closed_through:\n"
        + "\n".join(shown)
        + "\n  find out why; if it is right, accept it with --accept-restatement "
        "'the reason'",
        f"restatement: {reason}",
        bool(reason),
        reason,
    )


Restatement = tuple[datetime.date, str, Decimal, Decimal]


def find_restatements(
    connection: duckdb.DuckDBPyConnection, work: Build, published: Build
) -> list[Restatement]:
    """Month, metric, old and new value of what moved too far, by month.

    Compared are the months that were over for both builds. What one of them
    does not tell of such a month is 0.
    """
    rows = connection.execute(
        """
        with

        last_day as (
            select
                least(cast($old_as_of as date), cast($new_as_of as date)) as as_of
        ),

        old as (
            select closed_month, metric_name, metric_value
            from published.marts.rpt_closed_months
        ),

        new as (
            select closed_month, metric_name, metric_value
            from work.marts.rpt_closed_months
        ),

        compared as (
            select
                coalesce(old.closed_month, new.closed_month) as closed_month,
                coalesce(old.metric_name, new.metric_name) as metric_name,
                coalesce(old.metric_value, 0) as old_value,
                coalesce(new.metric_value, 0) as new_value
            from old
            full join new
                on
                    old.closed_month = new.closed_month
                    and old.metric_name = new.metric_name
        )

        select compared.*
        from compared
        cross join last_day
        where
            compared.old_value <> compared.new_value
            and last_day(compared.closed_month) <= last_day.as_of
        order by closed_month, metric_name
        """,
        {"old_as_of": published.as_of_date, "new_as_of": work.as_of_date},
    ).fetchall()
    tolerance = work.number("restatement_tolerance")
    closed_through = work.policy("closed_through")[:10]
    return [
        (month, metric, old, new)
        for month, metric, old, new in rows
        if abs(new - old) > tolerance * abs(old)
        or (closed_through and month.isoformat()[:10] <= closed_through)
    ]


def _other_history(
    connection: duckdb.DuckDBPyConnection, work: Build, history: str | None
) -> Iterator[Finding]:
    """A history that was lost or brought back after the build.

    What the build tells of the past, it has from the history it saw. Nobody can
    accept another one: to build again is all it takes.
    """
    if "history_since" not in columns_of(connection, "work", "build_info"):
        yield Finding(
            "the work file does not say with which history it was built: it is of "
            "an older version; run dbt build"
        )
        return
    row = connection.execute("select history_since from work.marts.build_info")
    (seen,) = row.fetchone() or (None,)
    table = history and find_table(connection, history, "snap_builds")
    known = None
    if table:
        row = connection.execute(
            f"select min(told_at) from {table} where input_name = ?",
            [work.input_name],
        )
        (known,) = row.fetchone() or (None,)
    if known == seen:
        return
    begins = f"begins at {known:%F %T} UTC" if known else "has no build of this input"
    saw = f"one from {seen:%F %T} UTC" if seen else "none"
    yield Finding(
        "the history is not the one this build was made with: it "
        f"{begins}, and the build saw {saw}; run dbt build"
    )


def _lost(
    connection: duckdb.DuckDBPyConnection,
    published: Build,
    accepted: Accepted,
    history: str | None,
    remedy: str,
) -> Iterator[Finding]:
    table = history and find_table(connection, history, "snap_builds")
    if table:
        known = connection.execute(
            f"select count(*) from {table} where input_name = ? and told_at < ?",
            [published.input_name, published.started_at + ONE_SECOND],
        ).fetchone()
        if known and known[0]:
            return
    yield Finding(
        f"the history knows no build of {published.input_name} as old as the "
        "published one: the history file was lost, and with it what closed months "
        f"were told; {remedy}, or accept it with --accept-lost-history",
        "history: lost",
        accepted.lost_history,
    )


def _many(count: int, thing: str) -> str:
    return f"{count:,} {thing}{'' if count == 1 else 's'}"


def _plain(value: Decimal) -> str:
    """A value without the zeros that say nothing."""
    text = f"{value:,.6f}".rstrip("0")
    return text + "00" if text.endswith(".") else text


def format_findings(findings: Iterable[Finding]) -> str:
    """The findings that stop a publish, one below the other."""
    return "\n".join(f"  - {finding.message}" for finding in findings)
