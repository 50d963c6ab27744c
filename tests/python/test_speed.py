"""The benchmark's harness, small; and that no model falls behind its ratio.

Ratios are of CPU seconds within one run, of processes that take turns: a time
would tell of the machine.
"""

import re
import shutil
import sys
from pathlib import Path

import duckdb
import pytest

from benchmarks import worlds as inputs
from perennial.publishing import public_tables

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "benchmarks"))

import speed_report  # noqa: E402
from speed_build import Whole  # noqa: E402
from speed_checksum import (  # noqa: E402
    ALL_COLUMNS,
    ChecksumError,
    checksums_of,
    require_equal,
)
from speed_floors import NEEDED  # noqa: E402
from speed_measure import ChildError, Reading, measure, spread_of  # noqa: E402
from speed_profile import profile  # noqa: E402
from speed_questions import (  # noqa: E402
    CONTENDERS,
    GUARD_CUSTOMERS,
    LEEWAY,
    QUESTIONS,
    RATIOS,
    WITHOUT_SPINE,
    falls_behind,
)
from speed_run import (  # noqa: E402
    SizeResult,
    contenders_of,
    measure_question,
    prepare_questions,
    ratios_to,
)


@pytest.fixture(scope="module")
def questions(tmp_path_factory):
    """Typed tables and compiled models of the guard's size."""
    return prepare_questions(GUARD_CUSTOMERS, tmp_path_factory.mktemp("speed"))


def test_every_question_has_a_ratio():
    assert set(RATIOS) == set(QUESTIONS)


@pytest.mark.parametrize("question", QUESTIONS)
def test_no_model_falls_behind_its_ratio_to_the_floor(questions, question):
    readings = measure_question(question, questions, 3, ("ours", "floor"))
    ratio = spread_of(ratios_to(readings["floor"], readings["ours"]))
    assert not falls_behind(question, ratio.median), (
        f"{QUESTIONS[question].title}: {ratio.median:.2f} times the CPU of the floor "
        f"({ratio.low:.2f} to {ratio.high:.2f}), where {RATIOS[question]} stands in "
        "benchmarks/speed_questions.py"
    )


def test_a_model_may_be_half_above_its_ratio_and_no_more():
    for question, ratio in RATIOS.items():
        assert not falls_behind(question, ratio * LEEWAY)
        assert falls_behind(question, ratio * LEEWAY + 0.01)


@pytest.mark.parametrize("question", QUESTIONS)
def test_all_contenders_have_the_same_answer(questions, question):
    # The floor's is compared where its ratio is.
    others = [one for one in CONTENDERS if one not in ("ours", "floor")]
    readings = measure_question(question, questions, 1, others)
    assert {"pandas", "polars"} <= set(readings)
    assert ("spine" in readings) == (question not in WITHOUT_SPINE)
    for (reading,) in readings.values():
        assert reading.cpu_seconds > 0
        assert reading.wall_seconds > 0
        assert reading.peak_mb > 10


def copy_of(questions: Path, question: str, folder: Path) -> Path:
    """A folder of one question, whose models can be changed."""
    for name in ("models", "answers"):
        shutil.copytree(questions / name, folder / name)
    (folder / "typed").mkdir()
    for table in QUESTIONS[question].inputs:
        shutil.copy(questions / "typed" / f"{table}.parquet", folder / "typed")
    shutil.copy(questions / "relations.json", folder)
    return folder


def change_model(folder: Path, model: str, old: str, new: str) -> None:
    path = folder / "models" / f"{model}.sql"
    sql = path.read_text()
    assert old in sql
    path.write_text(sql.replace(old, new))


def test_a_wrong_value_stops_the_benchmark(questions, tmp_path):
    # Of all customer-months one in some thousands is a millionth too high.
    folder = copy_of(questions, "customer_months", tmp_path)
    change_model(
        folder,
        "fct_customer_mrr",
        "select * from final",
        "select * replace (cast(ending_mrr + case when customer_key = (select "
        "min(customer_key) from final) then 0.000001 else 0 end as decimal(18, 6)) "
        "as ending_mrr) from final",
    )
    with pytest.raises(ChecksumError, match=r"polars .*\n(.*\n)*  ending_mrr: \d+, "):
        measure_question("customer_months", folder, 1, ("ours", "polars"))


def test_a_missing_row_stops_the_benchmark(questions, tmp_path):
    folder = copy_of(questions, "cohorts", tmp_path)
    change_model(
        folder,
        "rpt_retention_cohorts",
        "select * from final",
        "select * from final where cohort_type = 'orders' or months_since_first < 35",
    )
    with pytest.raises(ChecksumError, match=r"rows: [\d,]+, ours [\d,]+"):
        measure_question("cohorts", folder, 1, ("ours", "spine"))


def test_a_slow_model_falls_behind(questions, tmp_path):
    folder = copy_of(questions, "change_points", tmp_path)
    change_model(
        folder,
        "int_mrr_changes",
        "select * from final",
        "select * from final where (select bit_xor(hash(n)) from range(100000000) "
        "as slow (n)) <> 0",
    )
    readings = measure_question("change_points", folder, 1, ("ours", "floor"))
    (ratio,) = ratios_to(readings["floor"], readings["ours"])
    assert falls_behind("change_points", ratio)


def test_a_profile_has_times_and_rows_of_each_model(questions):
    said = profile("cohorts", questions)
    plans = dict(
        zip(
            QUESTIONS["cohorts"].models,
            re.split(r"^(?:int|rpt)_\w+$", said, flags=re.MULTILINE)[1:],
            strict=True,
        )
    )
    times = {
        model: [float(ms) for ms in re.findall(r"^ +([\d.]+) +[\d,]+ ", plan, re.M)]
        for model, plan in plans.items()
    }
    assert all(sum(found) > 0 for found in times.values()), times
    assert "HASH_GROUP_BY" in plans["int_cohort_customers_found"]
    assert "WINDOW" in plans["rpt_retention_cohorts"]


# ----------------------------------------------------------------- checksums


RESULT = """
    select
        'c' || n as customer_key,
        cast(n * 1.25 as decimal(18, 6)) as mrr,
        date '2025-01-01' + n::integer as changed_date,
        n % 2 = 0 as is_even,
        n / 7 as rate,
        case when n > 2 then n end as number
    from range(5) as numbers (n)
"""


def write_result(file: Path, sql: str) -> Path:
    with duckdb.connect(str(file)) as connection:
        connection.execute(f"create table result as {sql}")
    return file


@pytest.fixture
def result(tmp_path):
    return checksums_of(write_result(tmp_path / "result.duckdb", RESULT))


@pytest.mark.parametrize(
    "same",
    [
        "select * from ({}) order by customer_key desc",
        # As data frames have it.
        "select * replace (cast(mrr * 1000000 as bigint) as mrr, "
        "changed_date::timestamp as changed_date) from ({})",
        "select * replace (rate + 1e-13 as rate, number::integer as number) from ({})",
        "select is_even, number, rate, changed_date, mrr, customer_key from ({})",
    ],
)
def test_equal_rows_have_equal_checksums(result, tmp_path, same):
    other = checksums_of(write_result(tmp_path / "other.duckdb", same.format(RESULT)))
    assert other == result


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("customer_key", "'c3 '"),
        ("mrr", "mrr + 0.000001"),
        ("changed_date", "changed_date + 1"),
        ("is_even", "not is_even"),
        ("rate", "rate + 1e-8"),
        ("number", "null"),
    ],
)
def test_one_other_value_is_an_error_that_names_it(result, tmp_path, column, value):
    sql = f"""
        select * replace (
            case when customer_key = 'c3' then {value} else {column} end as {column}
        )
        from ({RESULT})
    """
    other = checksums_of(write_result(tmp_path / "other.duckdb", sql))
    with pytest.raises(ChecksumError) as raised:
        require_equal("a question", "pandas", other, result)
    said = str(raised.value)
    assert "pandas" in said
    assert f"{column}: {other.columns[column]}, ours {result.columns[column]}" in said
    assert ALL_COLUMNS in said


@pytest.mark.parametrize(
    "wrong",
    [
        # Values of two rows exchanged: every column has the same sum.
        "select * replace (case customer_key when 'c3' then 5.0 when 'c4' then 3.75 "
        "else mrr end as mrr) from ({})",
        "select * from ({0}) union all (select * from ({0}) limit 1)",
        "select * from ({0}) union all select * from ({0}) union all select * from "
        "({0})",
        "select * from ({}) where customer_key <> 'c4'",
        "select *, 1 as more from ({})",
        "select * exclude (rate) from ({})",
    ],
)
def test_other_rows_are_an_error(result, tmp_path, wrong):
    sql = wrong.format(RESULT)
    other = checksums_of(write_result(tmp_path / "other.duckdb", sql))
    with pytest.raises(ChecksumError):
        require_equal("a question", "polars", other, result)


def test_equal_rows_do_not_cancel_out(tmp_path):
    ones, twos = (
        checksums_of(
            write_result(
                tmp_path / f"{number}.duckdb",
                f"select {number} as number from range(2)",
            )
        )
        for number in (1, 2)
    )
    with pytest.raises(ChecksumError):
        require_equal("a question", "spine", twos, ones)


# ----------------------------------------------------------------- measuring


def test_a_spread_is_median_lowest_and_highest():
    spread = spread_of([3.0, 1.0, 10.0])
    assert (spread.median, spread.low, spread.high) == (3.0, 1.0, 10.0)
    assert spread_of([1.0, 2.0]).median == 1.5
    assert spread_of([7.0]) == spread_of([7.0, 7.0])


def run_script(folder: Path, text: str) -> tuple[Reading, str]:
    script = folder / "script.py"
    script.write_text(f"import sys\nsys.path.insert(0, {str(ROOT)!r})\n{text}")
    return measure([str(script)])


BUSY = "import time\nwhile time.process_time() < {}: pass\n"
BEGINS = "from benchmarks.speed_measure import say_work_begins\nsay_work_begins()\n"


def test_cpu_is_that_of_the_process_and_sleeping_costs_none(tmp_path):
    reading, said = run_script(
        tmp_path, BUSY.format(0.3) + "time.sleep(0.4)\nprint('done')"
    )
    assert 0.3 <= reading.cpu_seconds < 0.6
    assert reading.wall_seconds >= 0.7
    assert said == "done"


def test_what_is_before_the_work_is_not_counted(tmp_path):
    reading, said = run_script(
        tmp_path, BUSY.format(0.5) + BEGINS + BUSY.format(0.7) + "print('done')"
    )
    assert 0.1 <= reading.cpu_seconds < 0.45
    assert said == "done"


def test_peak_memory_is_what_was_held_at_once(tmp_path):
    # What the process of the tests holds is no part of it.
    here = b"x" * 2**29
    reading, _ = run_script(
        tmp_path, "for _ in range(3):\n    text = b'x' * 2**28\n    del text"
    )
    assert 2**8 < reading.peak_mb < 1.5 * 2**8
    del here


def test_a_failure_has_the_words_of_the_child(tmp_path):
    with pytest.raises(ChildError, match="no such world"):
        run_script(tmp_path, "sys.exit('no such world')")


# ---------------------------------------------------------- floors and tables


def test_every_public_mart_has_its_floor():
    assert sorted(NEEDED) == public_tables(ROOT)


def test_floors_read_columns_that_the_worlds_have(tmp_path):
    inputs.write_world(20, tmp_path)
    with duckdb.connect() as connection:
        columns = {
            table: set(
                connection.sql(f"from '{tmp_path / table}/part.parquet'").columns
            )
            for table in inputs.TABLES
        }
    for mart, needed in NEEDED.items():
        for table, names in needed.items():
            assert set(names) <= columns[table], mart


def reading(cpu: float, peak: float = 100.0) -> Reading:
    return Reading(cpu, cpu, peak)


def result_of(customers: int, ours: float, others: float = 10.0) -> SizeResult:
    """One where the floor takes a second and each contender of others as much."""
    seconds = {"ours": ours, "floor": 1.0}
    return SizeResult(
        customers,
        {"orders": 12 * customers},
        Whole(
            models=[reading(ours)],
            with_tests=[reading(2 * ours)],
            publish=[reading(1.0)],
            floors={"one": [reading(0.5)], "other": [reading(1.5)]},
        ),
        {
            question: {
                contender: [reading(seconds.get(contender, others))]
                for contender in contenders_of(question)
            }
            for question in QUESTIONS
        },
    )


def verdicts_of(*results: SizeResult) -> dict[str, tuple[float, bool]]:
    return {
        verdict.target: (verdict.measured.median, verdict.is_met)
        for verdict in speed_report.judge(results)
    }


def test_targets_are_judged_by_what_was_measured():
    good, bad = (
        verdicts_of(result_of(1_000_000, 1.0)),
        verdicts_of(result_of(1_000_000, 7.0)),
    )
    assert good["MRR change points, × floor"] == (1.0, True)
    assert bad["MRR change points, × floor"] == (7.0, False)
    assert bad["cohorts, × floor"] == (7.0, True)
    assert good["cohorts, spine × ours"] == (10.0, True)
    assert bad["cohorts, pandas × ours"] == (pytest.approx(10 / 7), False)
    assert bad["cohorts, polars × ours"] == (pytest.approx(10 / 7), True)
    ways = "all marts to the published file, "
    assert good[f"{ways}models alone, × sum of floors"] == (1.0, True)
    assert good[f"{ways}data tests too, × sum of floors"] == (1.5, True)
    assert bad[f"{ways}data tests too, × sum of floors"] == (7.5, False)


def test_growth_is_judged_from_a_tenth_of_the_customers():
    steep = verdicts_of(result_of(100_000, 1.0), result_of(1_000_000, 12.0))
    flat = verdicts_of(result_of(100_000, 1.0), result_of(1_000_000, 9.0))
    name = "cohorts, growth from 100,000 to 1,000,000"
    assert (steep[name], flat[name]) == ((12.0, False), (9.0, True))
    assert not any("growth" in one for one in verdicts_of(result_of(100_000, 1.0)))


def test_tables_say_which_target_is_not_met():
    text = speed_report.write_tables("a machine", [result_of(100_000, 7.0)], "p.svg")
    assert (
        "| MRR change points, × floor | at most 1 × | 7.00 (7.00–7.00) × | **not"
        in (text)
    )
    assert "| cohorts, × floor | at most 12 × | 7.00 (7.00–7.00) × | met |" in text
    assert "the targets are for 1,000,000" in text
    assert "![CPU seconds by customers](p.svg)" in text


def test_only_what_is_between_the_markers_is_replaced():
    document = f"before\n{speed_report.BEGIN}\nold\n{speed_report.END}\nafter\n"
    once = speed_report.put_between_markers(document, "new")
    assert once.startswith("before\n") and once.endswith("\nafter\n")
    assert "new" in once and "old" not in once
    assert speed_report.put_between_markers(once, "new") == once
    with pytest.raises(speed_report.ReportError):
        speed_report.put_between_markers("nothing", "new")


def test_the_results_have_a_place_for_the_tables():
    document = (ROOT / "benchmarks/RESULTS.md").read_text(encoding="utf-8")
    speed_report.put_between_markers(document, "new")


def test_the_plot_is_the_same_for_the_same_readings(tmp_path):
    from speed_plot import draw_growth

    results = [result_of(10_000, 1.0), result_of(100_000, 9.0)]
    for name in ("first.svg", "second.svg"):
        draw_growth(results, tmp_path / name)
    first, second = (
        (tmp_path / name).read_text() for name in ("first.svg", "second.svg")
    )
    assert first == second
    for question in QUESTIONS.values():
        assert question.title in first
