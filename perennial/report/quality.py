"""The section about the input: what was rejected, reconciled, told otherwise."""

from perennial.report.content import Section, Table
from perennial.report.definition import DataQuality
from perennial.report.reading import Reading
from perennial.report.words import amount, count, many, one_line, short_month

MOST_RESTATEMENTS = 5


def data_quality(reading: Reading, index: int, choice: DataQuality) -> Section:
    """Rejected rows by reason, reconciliation, restatements, accepted audits."""
    counted = reading.row(
        """
        select
            coalesce(sum(raw_rows), 0) as raw_rows,
            coalesce(sum(accepted_rows), 0) as accepted_rows,
            coalesce(sum(rejected_rows), 0) as rejected_rows,
            coalesce(sum(after_as_of_rows), 0) as after_as_of_rows,
            count(*) filter (
                where raw_rows <> accepted_rows + rejected_rows + after_as_of_rows
                or raw_amount
                <> accepted_amount + rejected_amount + after_as_of_amount
            ) as differing
        from marts.rpt_input_reconciliation
        """
    )
    raw, rejected = counted["raw_rows"], counted["rejected_rows"]
    share = f" ({float(rejected) / float(raw) * 100:.2f} %)" if raw else ""
    reasons = reading.rows(
        """
        select table_name, reasons, count(*) as row_count
        from marts.fct_rejected_rows
        group by table_name, reasons
        order by row_count desc, table_name, reasons
        """
    )
    tables = []
    if reasons:
        rows = [
            (
                one_line(row["table_name"]),
                one_line(row["reasons"]),
                count(row["row_count"]),
            )
            for row in reasons[: choice.reasons]
        ]
        further = reasons[choice.reasons :]
        if further:
            left = sum(row["row_count"] for row in further)
            rows.append((many(len(further), "further kind"), "", count(left)))
        tables.append(Table(("Rejected in", "Reason", "Rows"), rows, wordy=(1,)))
    if counted["differing"]:
        adds_up = (
            f"{many(counted['differing'], 'table')} with rows or amounts that do not "
            "add up; see marts.rpt_input_reconciliation."
        )
    else:
        adds_up = (
            f"{count(raw)} rows read = {count(counted['accepted_rows'])} accepted + "
            f"{count(rejected)} rejected + {count(counted['after_as_of_rows'])} after "
            "the as-of date; amounts add up too, table by table."
        )
    notes = [f"Reconciliation: {adds_up}"]
    restated = reading.rows(
        """
        select restated_month, metric_name, old_value, new_value, reason
        from marts.rpt_restatements
        where build_id = $build_id
        order by restated_month desc, metric_name
        """,
        build_id=reading.build.build_id,
    )
    if restated:
        tables.append(
            Table(
                ("Restated", "Metric", "Told before", "Told now"),
                [
                    (
                        short_month(row["restated_month"]),
                        one_line(row["metric_name"]),
                        amount(row["old_value"]),
                        amount(row["new_value"]),
                    )
                    for row in restated[:MOST_RESTATEMENTS]
                ],
                wordy=(1,),
            )
        )
        notes.append(
            f"Restated: this build tells {many(len(restated), 'number')} of months "
            "that were over otherwise than the build before; "
            + _reasons(row["reason"] for row in restated)
        )
    else:
        notes.append(
            "Restated: nothing; no month that was over is told otherwise than before."
        )
    accepted = reading.build.accepted_audits
    notes.append(f"Accepted audits: {_whole(accepted) if accepted else 'none'}.")
    return Section(
        name="data_quality",
        title="Data quality",
        marts=(
            *("rpt_input_reconciliation", "fct_rejected_rows"),
            *("rpt_restatements", "build_info"),
        ),
        says=f"{count(rejected)} of {count(raw)} input rows were rejected{share}; "
        f"{many(len(restated), 'number') if restated else 'no number'} of closed "
        "months moved.",
        tables=tables,
        notes=notes,
    )


def _reasons(given) -> str:
    known = sorted({_whole(reason) for reason in given if reason})
    return f"the reason given: {'; '.join(known)}." if known else "no reason is given."


def _whole(text: str) -> str:
    """A text of a person on one line, part by part: the whole may be long."""
    return "; ".join(one_line(part) for part in text.split("; "))
