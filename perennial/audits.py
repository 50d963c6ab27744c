"""What must hold before a build is published: whole, and no step backwards.

Each audit gives findings in words that say what to do. A finding with an
option can be overruled, and then stands in build_info of what is published.
"""

import calendar
import datetime
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal

from perennial.sides import Side
from perennial.warehouse import Build

SHOWN_RESTATEMENTS = 20
CLOSED_MONTHS = "rpt_closed_months"
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


def find_incomplete(work: Side, since: datetime.datetime | None = None) -> str | None:
    """Why what dbt left is not one whole build; None when it is.

    Args:
        work: what dbt left.
        since: the last run must have begun by then, where a run was just made.
    """
    table = work.find_runs()
    if table is None or work.build is None:
        return (
            f"{work.name} does not say that a build of it is whole: it was built "
            "by an older version, or never to its end; run dbt build"
        )
    runs = work.rows(
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
        order by started_at desc, ended_at desc nulls first
        limit 1
        """
    )
    if not runs:
        return f"{work.name} knows of no run of dbt; run dbt build"
    run_id, command, started_at, ended_at, failed, missing, failure, note = runs[0]
    run = f"the last run of dbt on {work.name}, dbt {command} of {started_at:%F %T}"
    if since is not None and started_at < since:
        return (
            f"dbt did not write to {work.name}: {run} UTC, is older; name the "
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
    if run_id != work.build.build_id:
        return f"{run} UTC, did not make marts.build_info; run dbt build"
    return None


@dataclass(frozen=True)
class Words:
    """What to say of a place, where it is not the same for all engines."""

    elsewhere: str = "PERENNIAL_PUBLISHED_FILE"
    history: str = "the history file"
    remedy_of_lost_history: str = "bring back a copy of it"


def audit(
    work: Side,
    published: Side | None,
    history: Side | None,
    accepted: Accepted,
    words: Words,
) -> Audit:
    """Compare a whole build with what is published.

    Args:
        work: what dbt left; it holds a build.
        published: what it takes the place of; None when there is nothing.
        history: what holds the history, None if nothing does.
        accepted: what a person has overruled.
        words: what to say of the place.
    """
    notes: list[str] = []
    new, old = work.build, published and published.build
    findings = [*_other_history(work, history)]
    if published is None or old is None:
        return Audit(findings, notes)
    if old.input_name is None or new.input_name is None:
        notes.append(
            f"rows, months and history not compared: {published.name} or this "
            "build does not say of which input it is"
        )
        return Audit([*findings, *_backwards(new, old, accepted)], notes)
    if old.input_name != new.input_name:
        findings += _other_input(work, published, accepted, notes, words)
        return Audit(findings, notes)
    findings += [
        *_shrunk(work, published, accepted, notes),
        *_backwards(new, old, accepted),
        *_restated(work, published, accepted, notes),
        *_lost(old, accepted, history, words),
    ]
    return Audit(findings, notes)


def _other_input(
    work: Side, published: Side, accepted: Accepted, notes: list[str], words: Words
) -> Iterator[Finding]:
    new, old = work.build.input_name, published.build.input_name
    if old == "demo":
        notes.append(f"takes the place of the demo: {new}")
        return
    yield Finding(
        f"{published.name} is of the input {old}, this build of {new}; publish it "
        f"elsewhere ({words.elsewhere}), set history_name if both are one input, or "
        "accept it with --accept-input",
        f"input: {old} to {new}",
        accepted.input,
    )


def _shrunk(
    work: Side, published: Side, accepted: Accepted, notes: list[str]
) -> Iterator[Finding]:
    """Inputs that lost all rows, or more of them than max_shrink_share."""
    table = "rpt_input_reconciliation"
    if not {"table_name", "raw_rows"} <= published.columns_of(table):
        notes.append(f"rows not compared: {published.name} lacks marts.{table}")
        return
    before, now = (_brought_rows(side, table) for side in (published, work))
    share = work.build.number("max_shrink_share")
    for name, old in sorted(before.items()):
        new = now.get(name, 0)
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


def _brought_rows(side: Side, reconciliation: str) -> dict[str, int]:
    """Rows by input table; of several exports of a table, those of the last."""
    counted = f"select table_name, raw_rows from {side.find_mart(reconciliation)}"
    rejected = "fct_rejected_rows"
    if "reasons" in side.columns_of(rejected):
        counted += f"""
            union all
            select table_name, -1
            from {side.find_mart(rejected)}
            where reasons = 'earlier_export'"""
    return dict(
        side.rows(
            f"""
            select table_name, cast(sum(raw_rows) as bigint) as row_count
            from ({counted}) as counted
            group by table_name
            """
        )
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
    work: Side, published: Side, accepted: Accepted, notes: list[str]
) -> Iterator[Finding]:
    """Closed months that are told otherwise, by more than is tolerated."""
    needed = {"closed_month", "metric_name", "metric_value"}
    if published.build.policy_key is None or not needed <= published.columns_of(
        CLOSED_MONTHS
    ):
        notes.append(
            f"months not compared: {published.name} lacks the policy_key of its "
            f"build, or marts.{CLOSED_MONTHS} as it is now"
        )
        return
    if published.build.policy_key != work.build.policy_key:
        notes.append(
            "months not compared: the published build was made by other policies"
        )
        return
    moved = find_restatements(work, published)
    if not moved:
        return
    reason = accepted.restatement or work.build.policy("restatement_reason")
    tolerance = work.build.number("restatement_tolerance")
    shown = [
        f"    {month:%Y-%m}  {metric}  {_plain(old)} -> {_plain(new)}"
        for month, metric, old, new in moved[:SHOWN_RESTATEMENTS]
    ]
    if further := len(moved) - len(shown):
        shown.append(f"    and {further:,} more")
    yield Finding(
        f"{_many(len(moved), 'number')} of closed months moved by more than "
        f"restatement_tolerance ({tolerance}) or before closed_through:\n"
        + "\n".join(shown)
        + "\n  find out why; if it is right, accept it with --accept-restatement "
        "'the reason'",
        f"restatement: {reason}",
        bool(reason),
        reason,
    )


Restatement = tuple[datetime.date, str, Decimal, Decimal]


def find_restatements(work: Side, published: Side) -> list[Restatement]:
    """Month, metric, old and new value of what moved too far, by month.

    Compared are the months that were over for both builds. What one of them
    does not tell of such a month is 0.
    """
    before, now = _closed_months(published), _closed_months(work)
    as_of = min(published.build.as_of_date, work.build.as_of_date)
    tolerance = work.build.number("restatement_tolerance")
    closed_through = work.build.policy("closed_through")[:10]
    moved = []
    for month, metric in sorted({*before, *now}):
        old, new = (told.get((month, metric)) or Decimal(0) for told in (before, now))
        if old == new or _last_day(month) > as_of:
            continue
        if abs(new - old) > tolerance * abs(old) or (
            closed_through and month.isoformat() <= closed_through
        ):
            moved.append((month, metric, old, new))
    return moved


def _closed_months(side: Side) -> dict[tuple[datetime.date, str], Decimal]:
    rows = side.rows(
        f"""
        select closed_month, metric_name, metric_value
        from {side.find_mart(CLOSED_MONTHS)}
        """
    )
    return {(month, metric): value for month, metric, value in rows}


def _last_day(month: datetime.date) -> datetime.date:
    return month.replace(day=calendar.monthrange(month.year, month.month)[1])


def _other_history(work: Side, history: Side | None) -> Iterator[Finding]:
    """A history that was lost or brought back after the build.

    What the build tells of the past, it has from the history it saw. Nobody can
    accept another one: to build again is all it takes.
    """
    if "history_since" not in work.columns_of("build_info"):
        yield Finding(
            f"{work.name} does not say with which history it was built: it is of "
            "an older version; run dbt build"
        )
        return
    ((seen,),) = work.rows(f"select history_since from {work.find_mart('build_info')}")
    known = _find_begin(history, work.build.input_name)
    if known == seen:
        return
    begins = f"begins at {known:%F %T} UTC" if known else "has no build of this input"
    saw = f"one from {seen:%F %T} UTC" if seen else "none"
    yield Finding(
        "the history is not the one this build was made with: it "
        f"{begins}, and the build saw {saw}; run dbt build"
    )


def _lost(
    published: Build, accepted: Accepted, history: Side | None, words: Words
) -> Iterator[Finding]:
    begin = _find_begin(history, published.input_name)
    if begin and begin < published.started_at + ONE_SECOND:
        return
    yield Finding(
        f"the history knows no build of {published.input_name} as old as the "
        f"published one: {words.history} was lost, and with it what closed months "
        f"were told; {words.remedy_of_lost_history}, or accept it with "
        "--accept-lost-history",
        "history: lost",
        accepted.lost_history,
    )


def _find_begin(
    history: Side | None, input_name: str | None
) -> datetime.datetime | None:
    """When the history was told of an input for the first time."""
    table = history and history.find_snapshot("snap_builds")
    if not table or input_name is None:
        return None
    ((begin,),) = history.rows(
        f"select min(told_at) from {table}"
        f" where input_name = {history.literal(input_name)}"
    )
    return begin


def _many(count: int, thing: str) -> str:
    return f"{count:,} {thing}{'' if count == 1 else 's'}"


def _plain(value: Decimal) -> str:
    """A value without the zeros that say nothing."""
    text = f"{value:,.6f}".rstrip("0")
    return text + "00" if text.endswith(".") else text


def format_findings(findings: Iterable[Finding]) -> str:
    """The findings that stop a publish, one below the other."""
    return "\n".join(f"  - {finding.message}" for finding in findings)
