"""The command line: what it writes and prints, and how it fails."""

import csv
import hashlib
import io
import re
import subprocess
import sys
from collections import defaultdict
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest
from click.testing import CliRunner, Result

from perennial.cli import main
from perennial.demo import COLUMNS
from perennial.demo_dirty import DIRTY_ROWS
from perennial.demo_stories import tell_stories
from perennial.failures import painted

ROOT = Path(__file__).resolve().parents[2]
DEMO = ROOT / "data" / "demo"
COMMANDS = sorted(main.commands)


def run(*args: str, **env: str) -> Result:
    return CliRunner().invoke(main, args, env=env, prog_name="perennial")


def file_hashes(folder: Path) -> dict[str, str]:
    return {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.iterdir())
    }


def read_table(folder: Path, table: str) -> list[dict[str, str]]:
    with (folder / f"{table}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def assert_is_clear_error(result: Result, *words: str) -> None:
    """Non-zero, one line on stderr, nothing on stdout, no traceback."""
    assert result.exit_code == 1
    assert isinstance(result.exception, SystemExit)
    assert result.stdout == ""
    assert result.stderr.startswith("Error: ")
    assert len(result.stderr.splitlines()) == 1
    for word in words:
        assert word in result.stderr


# ---------------------------------------------------------------- every command


@pytest.mark.parametrize("command", COMMANDS)
def test_help_of_each_command_says_what_it_does_and_gives_an_example(command):
    result = run(command, "--help")
    assert result.exit_code == 0
    assert "Example:" in result.stdout
    assert f"  perennial {command}" in result.stdout


def test_help_lists_every_command_with_what_it_does_in_full():
    result = run("--help")
    assert result.exit_code == 0
    _, _, listed = result.stdout.partition("Commands:\n")
    assert {line.split()[0] for line in listed.splitlines()} == set(COMMANDS)
    assert "..." not in listed


def test_package_runs_as_a_module():
    result = subprocess.run(
        [sys.executable, "-m", "perennial", "--version"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0
    assert result.stdout.startswith("perennial, version ")


def test_unknown_command_is_an_error_that_names_it():
    result = run("no-such-command")
    assert result.exit_code == 2
    assert "no-such-command" in result.stderr
    assert isinstance(result.exception, SystemExit)


# ------------------------------------------------------------------ how it ends


class Screen(io.StringIO):
    """What a terminal is to a program that writes to it."""

    def isatty(self) -> bool:
        return True


def test_what_fails_ends_with_1_and_what_is_called_wrongly_with_2(tmp_path):
    assert run("headlines", PERENNIAL_PUBLISHED_FILE=str(tmp_path / "x")).exit_code == 1
    assert run("headlines", "--no-such-option").exit_code == 2
    assert run("check").exit_code == 2
    assert run("--version").exit_code == 0


def test_a_command_that_ctrl_c_stops_ends_with_130_and_a_sentence(monkeypatch):
    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("perennial.cli.write_demo", stop)
    result = run("demo")
    assert result.exit_code == 130
    assert result.stderr == "Error: stopped by SIGINT\n"


@pytest.mark.parametrize(
    ("environment", "is_coloured"),
    [({}, True), ({"NO_COLOR": "1"}, False), ({"TERM": "dumb"}, False)],
)
def test_colours_are_for_terminals_whose_user_wants_them(
    monkeypatch, environment, is_coloured
):
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert ("\x1b[31m" in painted("Error:", Screen(), fg="red")) is is_coloured
    assert painted("Error:", io.StringIO(), fg="red") == "Error:"


def test_the_exit_codes_of_the_docs_are_those_of_the_help():
    told = (ROOT / "docs/operations.md").read_text(encoding="utf-8")
    section = told.partition("\n## Exit codes\n")[2].partition("\n## ")[0]
    assert re.findall(r"^\| (\d+) \|", section, re.MULTILINE) == ["0", "1", "2", "130"]
    for code in ("0", "1", "2", "130"):
        assert re.search(rf"\b{code}\b", run("--help").stdout)


# ------------------------------------------------------------------------- demo


@pytest.fixture(scope="module")
def demo(tmp_path_factory) -> Path:
    """The demo, written anew."""
    folder = tmp_path_factory.mktemp("demo") / "files"
    result = run("demo", "--output", str(folder))
    assert result.exit_code == 0, result.stderr
    return folder


def test_demo_is_byte_identical_to_the_committed_files(demo):
    assert file_hashes(demo) == file_hashes(DEMO)


def test_demo_is_byte_identical_in_another_process(demo, tmp_path):
    subprocess.run(
        [sys.executable, "-m", "perennial", "demo", "--output", str(tmp_path)],
        cwd=ROOT,
        env={"PYTHONHASHSEED": "12345"},
        capture_output=True,
        check=True,
    )
    assert file_hashes(tmp_path) == file_hashes(demo)


def test_demo_of_another_seed_is_another_shop_with_the_same_stories(demo, tmp_path):
    assert run("demo", "--output", str(tmp_path), "--seed", "7").exit_code == 0
    told = len(tell_stories()["customers"])
    ours, theirs = read_table(demo, "customers"), read_table(tmp_path, "customers")
    assert ours[:told] == theirs[:told]
    assert ours[told:] != theirs[told:]


def test_demo_is_smaller_than_three_megabytes(demo):
    assert sum(path.stat().st_size for path in demo.iterdir()) < 3_000_000


def test_demo_prints_each_file_with_its_rows(demo, tmp_path):
    result = run("demo", "--output", str(tmp_path))
    for table in COLUMNS:
        assert f"{table}.csv  {len(read_table(demo, table))} rows" in result.stdout


def test_demo_has_its_columns_and_lf_line_ends(demo):
    for table, columns in COLUMNS.items():
        content = (demo / f"{table}.csv").read_bytes()
        assert content.splitlines()[0].decode() == ",".join(columns)
        assert b"\r" not in content


def test_demo_keeps_bad_rows_too_few_to_stop_a_build(demo):
    """Below one in a hundred; of products, which are forty in all, below five."""
    for table, rows in DIRTY_ROWS.items():
        is_rare = len(rows) / len(read_table(demo, table)) < 0.01
        assert is_rare or (table == "products" and len(rows) < 5)


def test_demo_ends_with_the_last_day_of_2025(demo):
    dates = [
        row[column][:10]
        for table, column in (
            ("orders", "ordered_at"),
            ("orders", "refunded_at"),
            ("subscriptions", "started_at"),
            ("subscription_changes", "changed_at"),
            ("invoices", "paid_at"),
            ("marketing_spend", "spend_date"),
            ("platform_sessions", "session_date"),
            ("customer_events", "occurred_at"),
            ("customer_feedback", "submitted_at"),
        )
        for row in read_table(demo, table)
    ]
    assert max(dates) == "2025-12-31"


def test_demo_items_add_up_to_nearly_every_order(demo):
    """A few orders miss an item, as in life; every good order has one."""
    totals: dict[str, Decimal] = defaultdict(Decimal)
    for item in read_table(demo, "order_items"):
        if item["quantity"].isdigit():
            amount = int(item["quantity"]) * Decimal(item["unit_price"])
            totals[item["order_id"]] += amount
    dirty = {row["order_id"] for row in DIRTY_ROWS["orders"]}
    orders = [
        order for order in read_table(demo, "orders") if order["order_id"] not in dirty
    ]
    assert orders
    assert all(order["order_id"] in totals for order in orders)
    differing = [
        order
        for order in orders
        if totals[order["order_id"]] != Decimal(order["gross_amount"])
    ]
    assert 0 < len(differing) < 0.005 * len(orders)


def test_demo_sells_some_items_below_their_list_price(demo):
    list_prices = {
        row["product_id"]: row["list_price"] for row in read_table(demo, "products")
    }
    items = read_table(demo, "order_items")
    below = [
        item
        for item in items
        if Decimal(item["unit_price"])
        < Decimal(item["list_price"] or list_prices[item["product_id"]])
    ]
    assert 0.01 < len(below) / len(items) < 0.2


def test_demo_is_partly_in_other_currencies(demo):
    rated = {row["currency"] for row in read_table(demo, "exchange_rates")}
    for table in ("orders", "subscriptions", "invoices"):
        rows = read_table(demo, table)
        foreign = [row["currency"] for row in rows if row["currency"] in rated]
        assert set(foreign) == {"EUR", "GBP"}
        assert 0.05 < len(foreign) / len(rows) < 0.12


def test_demo_spends_on_channels_that_its_customers_come_by(demo):
    channels = {row["acquisition_channel"] for row in read_table(demo, "customers")}
    paid = {row["channel"] for row in read_table(demo, "marketing_spend")} - {""}
    assert paid == {"paid_search", "social", "email", "partner"}
    assert paid < channels


def test_demo_shares_an_e_mail_only_between_the_accounts_of_one_customer(demo):
    """Equal addresses make two accounts one customer: that is one story."""
    accounts: dict[str, list[str]] = defaultdict(list)
    for row in read_table(demo, "customers"):
        accounts[row["email"].lower()].append(row["customer_id"])
    assert "" not in accounts
    shared = [ids for ids in accounts.values() if len(ids) > 1]
    assert shared == [["uma-two-accounts", "uma-two-accounts-2"]]


def test_demo_subscriptions_show_the_state_of_their_last_change(demo):
    last_known: dict[str, dict[str, str]] = {}
    for change in read_table(demo, "subscription_changes"):
        state = last_known.setdefault(change["subscription_id"], {})
        state.update({name: value for name, value in change.items() if value})
    for row in read_table(demo, "subscriptions"):
        for name, value in last_known.get(row["subscription_id"], {}).items():
            is_over = name == "status" and row["status"] == "cancelled"
            if name in row and not is_over:
                assert row[name] == value, (row["subscription_id"], name)


def test_demo_into_a_file_is_a_clear_error(tmp_path):
    taken = tmp_path / "taken"
    taken.write_text("not a folder")
    assert_is_clear_error(run("demo", "--output", str(taken)), "taken", "--output")


def test_demo_with_a_seed_that_is_no_number_is_an_error_that_says_so(tmp_path):
    result = run("demo", "--output", str(tmp_path / "demo"), "--seed", "seven")
    assert result.exit_code == 2
    assert "'seven' is not a valid integer" in result.stderr
    assert not (tmp_path / "demo").exists()


# -------------------------------------------------------------------- headlines

PUBLISHED_SQL = """
create schema marts;
create table marts.build_info as
    select
        date '2025-12-30' as as_of_date,
        'folder data/demo' as input_origin;
create table marts.rpt_mrr_monthly as
    select *
    from (values
        (date '2025-11-01', 900.0::decimal(18, 6), 10800.0::decimal(18, 6), 9),
        (date '2025-12-01', 1234.567, 14814.804, 12)
    ) as months (revenue_month, ending_mrr, arr, ending_customers);
create table marts.rpt_churn_monthly as
    select *
    from (values
        (date '2025-10-01', 0.5::decimal(18, 6), true),
        (date '2025-11-01', 0.0345, true),
        (date '2025-12-01', 0.9, false)
    ) as months (revenue_month, customer_churn_rate, is_complete_month);
create table marts.dim_customers as
    select *
    from (values
        ('files:a', date '2025-01-01'),
        ('files:b', date '2025-01-01'),
        ('files:prospect', null)
    ) as customers (customer_key, first_paid_date);
create table marts.fct_customer_lifetime_value as
    select *
    from (values
        ('files:a', 100.005::decimal(18, 6)),
        ('files:b', 50.0),
        ('files:prospect', 0.0)
    ) as customers (customer_key, total_clv);
"""


def make_published(tmp_path: Path, further_sql: str = "") -> str:
    path = tmp_path / "published_of_test.duckdb"
    with duckdb.connect(str(path)) as connection:
        connection.execute(PUBLISHED_SQL + further_sql)
    return str(path)


def headlines_of(published: str) -> str:
    result = run("headlines", PERENNIAL_PUBLISHED_FILE=published)
    assert result.exit_code == 0, result.stderr
    return result.stdout


def test_headlines_are_aligned_and_name_date_input_and_tables(tmp_path):
    clv = "Average CLV, historical + predicted"
    assert headlines_of(make_published(tmp_path)).splitlines() == [
        f"{'As of':<35}  2025-12-30",
        f"{'Input':<35}  data/demo (the bundled demo)",
        f"{'MRR':<35}   1,234.57  marts.rpt_mrr_monthly, 2025-12",
        f"{'ARR':<35}  14,814.80  marts.rpt_mrr_monthly, 2025-12",
        f"{'Active customers':<35}         12  marts.rpt_mrr_monthly, 2025-12",
        f"{'Customer churn rate':<35}      3.5 %  marts.rpt_churn_monthly, 2025-11",
        f"{clv:<35}      75.00  marts.fct_customer_lifetime_value",
    ]


def test_headlines_without_subscriptions_say_that_there_are_none(tmp_path):
    text = headlines_of(
        make_published(
            tmp_path,
            "delete from marts.rpt_mrr_monthly; delete from marts.rpt_churn_monthly;",
        )
    )
    assert text.count("none: no subscriptions in this input") == 4
    assert "75.00" in text


def test_headlines_without_a_complete_month_say_so(tmp_path):
    text = headlines_of(
        make_published(
            tmp_path, "delete from marts.rpt_churn_monthly where is_complete_month"
        )
    )
    assert "none: no complete month" in text


def test_headlines_name_the_users_own_folder(tmp_path):
    text = headlines_of(
        make_published(
            tmp_path,
            "update marts.build_info set input_origin = 'folder shop'",
        )
    )
    assert "  shop\n" in text
    assert "demo" not in text


def test_headlines_without_a_published_file_say_what_to_do(tmp_path):
    missing = str(tmp_path / "missing.duckdb")
    assert_is_clear_error(
        run("headlines", PERENNIAL_PUBLISHED_FILE=missing), missing, "perennial publish"
    )


def test_headlines_of_a_locked_file_say_what_to_do(tmp_path):
    published = make_published(tmp_path)
    hold = "import duckdb, sys; c = duckdb.connect(sys.argv[1]); print(1, flush=True)"
    with subprocess.Popen(
        [sys.executable, "-c", f"{hold}; sys.stdin.read()", published],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as holder:
        holder.stdout.readline()
        result = run("headlines", PERENNIAL_PUBLISHED_FILE=published)
        holder.stdin.close()
    assert_is_clear_error(result, published, "in use by another process")


def test_headlines_of_a_file_that_is_no_database_say_so(tmp_path):
    no_database = tmp_path / "text.duckdb"
    no_database.write_text("not a database " * 1000)
    assert_is_clear_error(
        run("headlines", PERENNIAL_PUBLISHED_FILE=str(no_database)),
        f"{no_database} is no DuckDB file",
    )


def test_headlines_of_an_older_version_say_which_table_is_missing(tmp_path):
    published = make_published(tmp_path, "drop table marts.rpt_churn_monthly")
    assert_is_clear_error(
        run("headlines", PERENNIAL_PUBLISHED_FILE=published),
        "rpt_churn_monthly",
        "build and publish it anew",
    )


def test_headlines_of_an_empty_database_say_what_to_do(tmp_path):
    empty = tmp_path / "empty.duckdb"
    duckdb.connect(str(empty)).close()
    assert_is_clear_error(
        run("headlines", PERENNIAL_PUBLISHED_FILE=str(empty)), "publish it anew"
    )
