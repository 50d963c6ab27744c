"""Breaks the models on purpose, one fault at a time, and names who notices.

A test that stays green on a broken model is worth nothing. Each mutation is a
mistake that has been made somewhere; it is applied to a copy of the project,
`dbt build` runs on it, then, where that stays green, the Python tests, and the
first tests that fail are printed. A mutation that no test catches makes the run
fail.

Usage: `make mutations`, or `python tests/mutations.py [part of a name ...]`.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

PROJECT = Path(__file__).parents[1]
LEFT_OUT = shutil.ignore_patterns(
    ".git", ".venv", "target", "logs", "*.duckdb", "*.wal", "__pycache__"
)
SUBSCRIPTIONS = "models/intermediate/subscriptions"
VALUE = "models/intermediate/value"


@dataclass(frozen=True)
class Mutation:
    """One fault: in `file`, `old` becomes `new`."""

    name: str
    file: str
    old: str
    new: str


MUTATIONS = (
    Mutation(
        "a build that left nodes out is recorded as whole",
        "macros/runs/record_run.sql",
        "        and node.unique_id not in reached %}",
        "        and not reached %}",
    ),
    Mutation(
        "an order that is at full price no longer touches nobody",
        "models/intermediate/customers/int_customers_tracked.sql",
        "        orders.*,\n        reduced_orders.order_id is null as is_full_price\n",
        "        orders.*\n",
    ),
    Mutation(
        "a term that ends touches nobody",
        "models/intermediate/customers/int_customers_tracked.sql",
        "        'term_end_date', 'term_end_date + ' ~ grace_days,\n",
        "",
    ),
    Mutation(
        "of a customer who has gone the rows stay",
        "models/intermediate/customers/int_customers_tracked.sql",
        "    full join {{ this }} as known_before",
        "    left join {{ this }} as known_before",
    ),
    Mutation(
        "the last of several exports is an earlier one",
        "macros/validation/earlier_export.sql",
        "~ ' < '\n",
        "~ ' <= '\n",
    ),
    Mutation(
        "the last export may be of any size",
        "macros/validation/earlier_export.sql",
        "rows[0] < (1 - policy(",
        "rows[0] < (0 - policy(",
    ),
    Mutation(
        "of several first orders of a moment the last one is the first",
        "models/marts/customers/fct_orders.sql",
        "        min(orders.order_id) as order_id",
        "        max(orders.order_id) as order_id",
    ),
    Mutation(
        "what was deleted is asked for all that an order needs",
        "macros/validation/typed_rows.sql",
        "        ~ reasons_where(_presence_rules(contract, relation, key))",
        "        ~ reasons_where(\n"
        "            _presence_rules(contract, relation, contract.required)\n"
        "        )",
    ),
    Mutation(
        "the changes of a deleted subscription are of an unknown one",
        "macros/validation/taken_back.sql",
        "~ \", 'deleted_row') = 'deleted_row'\"",
        "~ \", '') = ''\"",
    ),
    Mutation(
        "the hash of the inputs takes an empty cell for a missing one",
        "macros/inputs/content_hash.sql",
        """column ~ ", '-')\"""",
        """column ~ ", '0:')\"""",
    ),
    Mutation(
        "the month that still runs is told as closed",
        "models/marts/quality/rpt_closed_months.sql",
        "    where is_complete_month\n\n),\n\nrevenues",
        "),\n\nrevenues",
    ),
    Mutation(
        "the movement ladder asks for a rise before it asks for zero",
        "macros/metrics/classify_mrr_movement.sql",
        "        when {{ mrr_before }} = 0 and {{ has_paid_before }}",
        "        when {{ mrr_after }} > {{ mrr_before }} and {{ has_paid_before }}\n"
        "            then 'expansion'\n"
        "        when {{ mrr_before }} = 0 and {{ has_paid_before }}",
    ),
    Mutation(
        "a month that ends on the as-of day is not complete (< for <=)",
        "models/utilities/util_months.sql",
        "        <= cast({{ dbt.dateadd('day', 1, as_of_date()) }} as date)",
        "        < cast({{ dbt.dateadd('day', 1, as_of_date()) }} as date)",
    ),
    Mutation(
        "what ends on the as-of day has not ended (< for <=)",
        f"{SUBSCRIPTIONS}/int_mrr_changes.sql",
        "where valid_to <= {{ as_of_date() }}",
        "where valid_to < {{ as_of_date() }}",
    ),
    Mutation(
        "the discount is added",
        "macros/metrics/recurring_amounts.sql",
        "        - case when discount_is_recurring",
        "        + case when discount_is_recurring",
    ),
    Mutation(
        "a month has four weeks",
        "seeds/billing_intervals.csv",
        "week,365,84,",
        "week,4,1,",
    ),
    Mutation(
        "a trial counts as paying",
        "macros/metrics/recurring_amounts.sql",
        """ | join("', '") }}'""",
        """ | join("', '") }}', 'trialing'""",
    ),
    Mutation(
        "churn is dated a day late",
        f"{SUBSCRIPTIONS}/int_mrr_changes.sql",
        "        valid_to as changed_date,",
        "        cast({{ dbt.dateadd('day', 1, 'valid_to') }} as date)"
        " as changed_date,",
    ),
    Mutation(
        "a refund is ignored",
        "models/intermediate/customers/int_orders_valued.sql",
        "            - refunded_until_now\n",
        "",
    ),
    Mutation(
        "the lifespan of the churn-based value has no cap",
        "models/intermediate/value/int_customers_valued_by_churn.sql",
        "        churn_rate * {{ policy('max_lifetime_months') }} < 1 as is_capped",
        "        churn_rate < 0 as is_capped",
    ),
    Mutation(
        "the lifespan of the formula has no cap",
        "models/intermediate/value/int_lifespans_estimated.sql",
        "(1 - retention_rate) * {{ policy('max_lifetime_months') }}",
        "(1 - retention_rate) * 1000000",
    ),
    Mutation(
        "an item at its list price is below it",
        "models/intermediate/customers/int_order_items_priced.sql",
        "charged_amount < list_amount",
        "charged_amount <= list_amount",
    ),
    Mutation(
        "two signs make a high-value customer",
        "models/marts/customers/fct_customer_segments.sql",
        "            and scores.has_several_orders\n",
        "",
    ),
    Mutation(
        "a segment with one period has a lifespan of its own",
        "models/intermediate/value/int_lifespans_estimated.sql",
        "least_periods = 30",
        "least_periods = 1",
    ),
    Mutation(
        "the grace of a gap is a day longer",
        f"{SUBSCRIPTIONS}/int_mrr_gaps_bridged.sql",
        "'gap_days <= ' ~ grace_days",
        "'gap_days <= 1 + ' ~ grace_days",
    ),
    Mutation(
        "a gap over a month's end is a full month",
        f"{SUBSCRIPTIONS}/int_mrr_gaps_bridged.sql",
        "case when fell_date = fell_month then 1 else 2 end",
        "case when fell_date = fell_month then 1 else 1 end",
    ),
    Mutation(
        "who asked to cancel keeps its MRR to the end",
        "macros/metrics/mrr_recognised_to.sql",
        "            then {{ cancel_requested_date }}",
        "            then {{ valid_to }}",
    ),
    Mutation(
        "an invoice that overlaps another one is a term",
        f"{SUBSCRIPTIONS}/int_invoice_periods_found.sql",
        "        invoices.period_start_date >= invoices.earlier_end_date\n        or ",
        "        1 = 1 or invoices.period_start_date >= invoices.earlier_end_date"
        "\n        or ",
    ),
    Mutation(
        "one subscription renews each of several in full",
        f"{SUBSCRIPTIONS}/int_term_renewals_found.sql",
        "            beginning_mrr - coalesce(sum(mrr_due) over (",
        "            beginning_mrr - 0 * coalesce(sum(mrr_due) over (",
    ),
    Mutation(
        "customers are matched with their neighbours only",
        "models/intermediate/customers/int_customers_matched.sql",
        "            min(label_{{ round - 1 }}) over (",
        "            min(source_customer_key) over (",
    ),
    Mutation(
        "the account created last speaks first",
        "models/intermediate/customers/int_customers_described.sql",
        "described.created_at asc nulls last",
        "described.created_at desc nulls last",
    ),
    Mutation(
        "what moves between slices is an expansion",
        f"{SUBSCRIPTIONS}/int_mrr_slices_split_into_movements.sql",
        "            when customer_change in (gained_mrr, lost_mrr)",
        "            when customer_change <> 0",
    ),
    Mutation(
        "who ended before is still at risk",
        f"{SUBSCRIPTIONS}/int_paying_spells_aggregated_to_tenures.sql",
        "            order by tenures.tenure_months desc",
        "            order by tenures.tenure_months asc",
    ),
    Mutation(
        "what was seen outranks the changes input",
        f"{SUBSCRIPTIONS}/int_subscription_changes_known.sql",
        "                seen.changed_date < first_named.{{ column }}_named_date",
        "                seen.changed_date is not null",
    ),
    Mutation(
        "the balance runs over all customers",
        "models/marts/finance/fct_customer_mrr.sql",
        "        cast(sum(mrr_change) over (\n"
        "            partition by customer_key order by changed_month",
        "        cast(sum(mrr_change) over (\n            order by changed_month",
    ),
    Mutation(
        "a duplicate order counts twice",
        "macros/validation/repeated_rows.sql",
        "case when row_rank > 1 then 'duplicate_row; ' else '' end",
        "''",
    ),
    Mutation(
        "the first month to come is not discounted",
        f"{VALUE}/int_clv_steps.sql",
        "exp(-least(numbers.step / 12 * ln",
        "exp(-least((numbers.step - 1) / 12 * ln",
    ),
    Mutation(
        "the backtest sees what came after its cut",
        f"{VALUE}/int_customers_summarised_for_clv.sql",
        "on purchases.purchase_date <= cuts.cut_date",
        "on purchases.purchase_date <= cuts.cut_date or 1 = 1",
    ),
    Mutation(
        "whether one is alive forgets how often one bought",
        "macros/metrics/probability_alive.sql",
        "({{ parameters }}.r + {{ cells }}.frequency) * ln(",
        "({{ parameters }}.r) * ln(",
    ),
    Mutation(
        "what is predicted is revenue, not margin",
        f"{VALUE}/int_customers_predicted_by_orders.sql",
        "'valued.expected_order_value * valued.margin_rate'",
        "'valued.expected_order_value'",
    ),
    Mutation(
        "the renewal made last is counted once more",
        f"{VALUE}/int_renewals_expected.sql",
        "and states.renewals_made < curves.renewal_number",
        "and states.renewals_made <= curves.renewal_number",
    ),
    Mutation(
        "a term that gave way to another interval was due",
        f"{VALUE}/int_renewals_aggregated_to_tenures.sql",
        "and terms.renewal_status in ('renewed', 'late', 'lost')",
        "and terms.renewal_status <> 'open'",
    ),
    Mutation(
        "a high bound is that of the mean's likely side (a tenth for nine)",
        f"{VALUE}/int_clv_bounds_placed.sql",
        "        'high' as bound_name,\n        0.1e0 as share_above",
        "        'high' as bound_name,\n        0.9e0 as share_above",
    ),
)


def main() -> int:
    """Run the mutations whose name has one of the words; all without words."""
    words = sys.argv[1:]
    wanted = [m for m in MUTATIONS if not words or any(w in m.name for w in words)]
    missed = [m.name for m in wanted if not caught(m)]
    print(f"{len(wanted) - len(missed)} of {len(wanted)} mutations caught")
    return 1 if missed or not wanted else 0


def caught(mutation: Mutation) -> bool:
    """Whether a test fails on the mutated copy; prints the first that do."""
    with tempfile.TemporaryDirectory() as scratch:
        copy = Path(scratch) / "project"
        shutil.copytree(PROJECT, copy, ignore=LEFT_OUT)
        apply(mutation, copy)
        failed = failing_dbt_tests(copy) or failing_python_tests(copy)
    print(f"{'caught' if failed else 'MISSED'}: {mutation.name}")
    for name in failed[:6]:
        print(f"    {name}")
    if len(failed) > 6:
        print(f"    and {len(failed) - 6} more")
    sys.stdout.flush()
    return bool(failed)


def apply(mutation: Mutation, copy: Path) -> None:
    """Change the file; a text that is not there once would test nothing."""
    file = copy / mutation.file
    text = file.read_text()
    if text.count(mutation.old) != 1:
        found = text.count(mutation.old)
        where = f"{found} places to change in {mutation.file}"
        raise SystemExit(f"{mutation.name}: {where}")
    file.write_text(text.replace(mutation.old, mutation.new))


def failing_dbt_tests(copy: Path) -> list[str]:
    """Unit tests and data tests that a `dbt build` of the demo turns red."""
    command = [sys.executable, "-m", "dbt.cli.main", "--no-use-colors", "build"]
    outcome = run(command, copy)
    return re.findall(r"Failure in ((?:unit_)?test \S+)", outcome)


def failing_python_tests(copy: Path) -> list[str]:
    """Python tests that compare the marts with the reference or an identity."""
    modules = [
        f"tests/python/test_{name}.py"
        for name in (
            *("mrr", "churn", "renewals", "customers", "orders", "identities"),
            *("clv", "clv_scores"),
        )
    ]
    outcome = run([sys.executable, "-m", "pytest", "-q", *modules], copy)
    return re.findall(r"^(?:FAILED|ERROR) (\S+)", outcome, re.MULTILINE)


def run(command: list[str], copy: Path) -> str:
    """The output of a command in the copy, whatever its exit code."""
    environment = {
        **os.environ,
        "DBT_PROFILES_DIR": str(copy),
        "DBT_TARGET_PATH": str(copy / "target"),
        "DBT_LOG_PATH": str(copy / "logs"),
        "PERENNIAL_WORK_FILE": str(copy / "work.duckdb"),
        "PERENNIAL_HISTORY_FILE": str(copy / "history.duckdb"),
    }
    outcome = subprocess.run(
        command, cwd=copy, env=environment, capture_output=True, text=True, check=False
    )
    return outcome.stdout + outcome.stderr


if __name__ == "__main__":
    sys.exit(main())
