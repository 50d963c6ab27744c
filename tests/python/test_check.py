"""`perennial check`: what it says of a folder, and that a build agrees."""

import os
import re
from pathlib import Path

import duckdb
import pytest
import yaml
from click.testing import CliRunner, Result
from conftest import run_dbt

from perennial.check import TABLE_NAMES
from perennial.cli import main
from perennial.contract import read_contract
from perennial.lookalikes import COLUMN_NAMES, find_lookalikes

ROOT = Path(__file__).resolve().parents[2]
ORDERS = "order_id,customer_id,ordered_at,gross_amount\n"


def check(folder: Path, **files: str | bytes) -> Result:
    """Write the files (`orders__csv`, `orders___a__csv` below orders/), check them."""
    for key, content in files.items():
        path = folder / key.replace("___", "/").replace("__", ".")
        path.parent.mkdir(exist_ok=True)
        data = content if isinstance(content, bytes) else content.encode()
        path.write_bytes(data)
    return CliRunner().invoke(main, ["check", str(folder)], prog_name="perennial")


def lines_of(result: Result) -> list[str]:
    """The lines, with what was wrapped put back together."""
    return re.sub(r"\n {12}", " ", result.stdout).splitlines()


def test_an_address_in_a_name_is_not_shown(tmp_path: Path) -> None:
    """As a build refuses it."""
    orders = f"{ORDERS}o1,c1,2025-01-05,5\n"
    (tmp_path / "jane@example.com").mkdir()
    (tmp_path / "jane@example.com/orders.csv").write_text(orders)
    (tmp_path / "orders").mkdir()
    for name in ("jane\uff20example.com.csv", "a@1.csv", "part 1@2.csv"):
        (tmp_path / "orders" / name).write_text(orders)
    result = check(tmp_path)

    why = ": *** stands for a name with an e-mail address in it; names of files are"
    assert result.exit_code == 1
    assert problems(result) == [
        f"***/orders.csv{why} published, so rename it",
        f"orders/***.csv{why} published, so rename it",
    ]
    assert "files: 2" in result.stdout
    assert "jane" not in result.stdout


def test_nor_is_one_in_the_path_of_the_folder(tmp_path: Path) -> None:
    folder = tmp_path / "jane@example.com"
    folder.mkdir()
    result = check(folder)

    assert result.exit_code != 0
    assert "/***: a build does not take a path with an e-mail address" in result.output
    assert "jane" not in result.output


def section(result: Result, table: str) -> dict[str, str]:
    """Label -> text of one table; notes are joined."""
    lines = lines_of(result)
    said: dict[str, str] = {}
    for line in lines[lines.index(table) + 1 :]:
        if not line.startswith("  "):
            break
        label, _, text = line.strip().partition(" ")
        said[label] = "; ".join(filter(None, [said.get(label), text.strip()]))
    return said


def problems(result: Result) -> list[str]:
    lines = lines_of(result)
    if "Not ready to build" not in lines:
        return []
    rest = lines[lines.index("Not ready to build") + 1 :]
    return [line.strip() for line in rest[: rest.index("")]]


def printed_vars(result: Result) -> dict:
    """What a shell would hand to dbt."""
    argument = result.stdout.split("--vars '", 1)[1].rsplit("'", 1)[0]
    return yaml.safe_load(argument.replace("'\\''", "'"))


def write_parquet(path: Path, select: str) -> None:
    duckdb.execute(f"copy ({select}) to '{path}' (format parquet)")


# --------------------------------------------------------------------- contract


def test_contract_is_that_of_the_macro():
    contract = read_contract()
    assert len(contract) == 12
    text = (ROOT / "macros/inputs/input_contract.sql").read_text()
    for table in contract.values():
        assert f"'{table.name}': {{" in text
        assert set(table.required) <= set(table.columns)


def test_synonyms_are_of_columns_and_tables_that_exist():
    contract = read_contract()
    columns = {column for table in contract.values() for column in table.columns}
    assert set(COLUMN_NAMES) <= columns
    assert set(TABLE_NAMES) == set(contract)


@pytest.mark.parametrize("table", read_contract().values(), ids=lambda one: one.name)
def test_no_column_of_the_contract_looks_like_another_by_its_own_name(table):
    """Else a full file would be told to use one column for another."""
    assert find_lookalikes(table, [], table.columns) == {}
    for column in table.columns:
        assert find_lookalikes(table, table.columns, [column]) == {column: [column]}


# ------------------------------------------------------------------- the report


def test_demo_is_ready_to_build():
    result = CliRunner().invoke(main, ["check", str(ROOT / "data/demo")])
    assert result.exit_code == 0, result.stdout
    assert "Ready to build" in result.stdout
    assert printed_vars(result) == {"input_path": str(ROOT / "data/demo")}
    for table in read_contract():
        assert section(result, table)["unused"] == "none"


def test_report_tells_files_columns_rows_and_dates(tmp_path):
    result = check(
        tmp_path,
        orders__csv="order_id;customer_id;Ordered_At;gross_amount;colour\n"
        "o1;c1;2024-05-01;10;red\no2;c1;2024-04-30T23:30:00-02:00;10;blue\n",
    )
    assert result.exit_code == 0, result.stdout
    assert section(result, "orders") == {
        "files": "orders.csv, CSV with semicolon",
        "found": "order_id, customer_id, ordered_at, gross_amount",
        "missing": "subscription_id, currency, status, discount_amount, "
        "refunded_amount, refunded_at, tax_amount, shipping_amount, cost_amount, "
        "platform, loaded_at, deleted_at",
        "unused": "colour",
        "rows": "2",
        "dates": "2024-05-01 to 2024-05-01 (ordered_at)",
    }
    assert any(line.startswith("not there customers") for line in lines_of(result))


def test_lines_are_aligned_and_short(tmp_path):
    result = check(tmp_path, orders__csv=ORDERS)
    labels = re.findall(r"^  (\w+ +)\S", result.stdout, flags=re.MULTILINE)
    assert labels
    assert {len(label) for label in labels} == {10}
    assert all(len(line) <= 88 for line in result.stdout.splitlines())


@pytest.mark.parametrize(
    ("delimiter", "word"), [(",", "comma"), (";", "semicolon"), ("\t", "tab")]
)
def test_delimiter_is_found_when_no_name_is_of_the_contract(tmp_path, delimiter, word):
    header = delimiter.join(["id", "client", "date", "total"])
    row = delimiter.join(["1", "a", "2025-01-01", "5.00"])
    result = check(tmp_path, orders__csv=f"{header}\n{row}\n")
    assert section(result, "orders")["files"] == f"orders.csv, CSV with {word}"
    assert printed_vars(result)["input_columns"] == {
        "orders": {
            "order_id": "id",
            "customer_id": "client",
            "ordered_at": "date",
            "gross_amount": "total",
        }
    }


def test_header_with_a_byte_order_mark_and_quotes_is_read(tmp_path):
    header = '"order_id","customer_id","ordered_at","gross_amount"'
    result = check(tmp_path, orders__csv=f"\ufeff{header}\n1,a,2025-01-01,5\n")
    assert result.exit_code == 0, result.stdout
    assert section(result, "orders")["unused"] == "none"


def test_rows_of_a_quoted_field_over_two_lines_and_of_a_broken_line_count(tmp_path):
    result = check(
        tmp_path,
        orders__csv=ORDERS + '1,"a\nb",2025-01-01,5\n2,c,2025-01-02,5,extra\n',
    )
    said = section(result, "orders")
    assert said["rows"] == "2"
    assert "cannot be split into the columns: 1" in said["note"]
    assert result.exit_code == 0


def test_values_that_are_no_dates_are_counted(tmp_path):
    result = check(
        tmp_path,
        orders__csv=ORDERS + "1,a,2025-01-01,5\n2,a,03/02/2025,5\n3,a,,5\n",
    )
    said = section(result, "orders")
    assert said["dates"] == "2025-01-01 to 2025-01-01 (ordered_at)"
    assert said["note"].startswith("1 of 2 values of ordered_at are not dates")


def test_parquet_is_read_whatever_its_types(tmp_path):
    write_parquet(
        tmp_path / "orders.parquet",
        "select 1 as order_id, 2 as customer_id, 9.5 as gross_amount, "
        "timestamp '2025-03-04 23:00:00' as ordered_at",
    )
    result = check(tmp_path)
    assert result.exit_code == 0, result.stdout
    said = section(result, "orders")
    assert said["files"] == "orders.parquet, Parquet"
    assert said["dates"] == "2025-03-04 to 2025-03-04 (ordered_at)"


def test_folder_of_files_is_one_table(tmp_path):
    result = check(
        tmp_path,
        orders___a__csv=ORDERS + "1,a,2025-01-01,5\n",
        orders___b__csv=ORDERS.strip() + ",status\n2,a,2025-01-03,5,paid\n",
    )
    assert result.exit_code == 0, result.stdout
    said = section(result, "orders")
    assert said["files"] == "orders/, CSV with comma, files: 2"
    assert said["rows"] == "2"
    assert said["dates"] == "2025-01-01 to 2025-01-03 (ordered_at)"
    assert said["note"] == "status is not in all files, only in orders/b.csv"


# ------------------------------------------------------------------- look-alikes


def suggest(table: str, *names: str) -> dict[str, str]:
    contract = read_contract()[table]
    missing = [column for column in contract.columns if column not in names]
    unused = [name for name in names if name not in contract.columns]
    found = find_lookalikes(contract, missing, unused)
    return {column: alike[0] for column, alike in found.items()}


def test_complete_journey_is_understood():
    """Baskets of households: a retailer's own words, and columns to leave alone."""
    assert suggest(
        "orders",
        *("household_id", "store_id", "basket_id", "product_id", "quantity"),
        *("sales_value", "retail_disc", "coupon_disc", "coupon_match_disc", "week"),
        "transaction_timestamp",
    ) == {
        "order_id": "basket_id",
        "customer_id": "household_id",
        "ordered_at": "transaction_timestamp",
        "gross_amount": "sales_value",
    }


def test_shop_export_is_understood():
    assert suggest(
        "orders",
        *("id", "customer", "created_at", "subtotal", "total", "total_tax"),
        *("total_discounts", "financial_status", "currency"),
    ) == {
        "order_id": "id",
        "customer_id": "customer",
        "ordered_at": "created_at",
        "gross_amount": "subtotal",
        "status": "financial_status",
        "discount_amount": "total_discounts",
        "tax_amount": "total_tax",
    }


def test_billing_export_is_understood():
    assert suggest(
        "subscriptions",
        *("id", "account_id", "start_date", "end_date", "price", "interval"),
        *("canceled_at", "plan"),
    ) == {
        "subscription_id": "id",
        "customer_id": "account_id",
        "started_at": "start_date",
        "ended_at": "end_date",
        "unit_amount": "price",
        "billing_interval": "interval",
        "cancel_requested_at": "canceled_at",
        "plan_id": "plan",
    }


@pytest.mark.parametrize(
    ("table", "name", "column"),
    [
        ("customers", "email_address", "email"),
        ("customers", "E-Mail", "email"),
        ("customers", "user_id", "customer_id"),
        ("customers", "costumer_id", "customer_id"),
        ("orders", "client_id", "customer_id"),
        ("orders", "OrderDate", "ordered_at"),
        ("orders", "Order Number", "order_id"),
        ("orders", "InvoiceNo", "order_id"),
        ("orders", "amount", "gross_amount"),
        ("order_items", "sku", "product_id"),
        ("order_items", "qty", "quantity"),
        ("products", "title", "product_name"),
        ("marketing_spend", "date", "spend_date"),
        ("exchange_rates", "date", "rate_date"),
        ("customer_feedback", "nps_score", "score"),
    ],
)
def test_common_names_are_understood(table, name, column):
    assert suggest(table, name) == {column: name}


@pytest.mark.parametrize(
    "name", ["store_id", "week", "weight", "notes", "discount_rate"]
)
def test_other_names_are_left_alone(name):
    known = ["order_id", "customer_id", "ordered_at", "gross_amount"]
    assert suggest("orders", *known, name) == {}


def test_a_name_that_is_there_is_never_mapped(tmp_path):
    result = check(
        tmp_path, orders__csv=ORDERS.strip() + ",id,created_at\n1,a,2025-01-01,5,9,9\n"
    )
    assert result.exit_code == 0
    assert "input_columns" not in printed_vars(result)


def test_a_second_candidate_stands_in_a_comment(tmp_path):
    result = check(
        tmp_path,
        orders__csv="order_id,customer_id,ordered_at,subtotal,total\n",
    )
    assert "    gross_amount: subtotal  # or total" in result.stdout.splitlines()


def test_names_that_yaml_or_a_shell_would_misread_are_quoted(tmp_path):
    folder = tmp_path / "it's here"
    folder.mkdir()
    header = 'order_id,customer_id,ordered_at,"subtotal",Client\'s E-Mail,on'
    result = check(folder, orders__csv=header + "\n")
    assert printed_vars(result) == {
        "input_path": str(folder),
        "input_columns": {"orders": {"gross_amount": "subtotal"}},
    }


def test_order_ids_that_repeat_are_lines_of_orders(tmp_path):
    result = check(
        tmp_path,
        orders__csv=ORDERS + "1,a,2025-01-01,5\n1,a,2025-01-01,5\n2,b,2025-01-02,7\n",
    )
    assert result.exit_code == 0
    assert printed_vars(result)["order_grain"] == "line"
    assert "3 rows have 2 order ids" in section(result, "orders")["note"]


def test_lines_that_contradict_each_other_are_told(tmp_path):
    result = check(
        tmp_path,
        orders__csv=ORDERS + "1,a,2025-01-01,5\n1,b,2025-01-01,5\n2,b,2025-01-02,7\n",
    )
    assert "in 1 orders the lines differ" in section(result, "orders")["note"]


def test_a_single_repeated_order_id_is_no_line(tmp_path):
    rows = "".join(f"{number},a,2025-01-01,5\n" for number in range(200))
    result = check(tmp_path, orders__csv=ORDERS + rows + "7,a,2025-01-01,5\n")
    assert "order_grain" not in printed_vars(result)
    assert "repeat the order_id of another row: 1" in section(result, "orders")["note"]


# ---------------------------------------------------------------------- failures


def test_missing_required_column_fails_and_stands_first(tmp_path):
    result = check(tmp_path, orders__csv="order_id,customer_id,status,gross_amount\n")
    assert result.exit_code == 1
    assert problems(result) == ["orders.csv has no column ordered_at"]
    assert section(result, "orders")["missing"].startswith(
        "ordered_at (required), subscription_id, "
    )


@pytest.mark.parametrize(
    ("file", "words"),
    [
        ("transactions__csv", "if it holds orders, rename transactions.csv to orders"),
        ("ordres__csv", "if it holds orders, rename ordres.csv to orders.csv"),
        ("Orders__csv", "if it holds orders"),
        ("baskets___a__csv", "if it holds orders, rename baskets/ to orders/"),
        ("readme__txt", "only .csv and .parquet files are read"),
        ("orders__csv__gz", "only .csv and .parquet files are read"),
        ("zebra__csv", "the tables are customers, orders"),
    ],
)
def test_file_of_no_table_is_one_clear_line(tmp_path, file, words):
    result = check(
        tmp_path,
        subscription_changes__csv="subscription_id,changed_at\n",
        **{file: "x"},
    )
    assert result.exit_code == 1
    name = file.replace("___", "/").replace("__", ".")
    assert [line for line in problems(result) if name in line and words in line]


def test_hidden_file_is_no_matter(tmp_path):
    (tmp_path / ".DS_Store").write_text("x")
    assert check(tmp_path, orders__csv=ORDERS).exit_code == 0


def test_two_forms_of_one_table_are_one_clear_line(tmp_path):
    write_parquet(tmp_path / "orders.parquet", "select 1 as order_id")
    result = check(tmp_path, orders__csv=ORDERS)
    assert result.exit_code == 1
    line = "orders is there in 2 forms (orders.csv, orders.parquet): keep one"
    assert line in problems(result)


def test_empty_file_is_one_clear_line(tmp_path):
    result = check(tmp_path, orders__csv="", customers__parquet="")
    assert result.exit_code == 1
    assert problems(result) == [
        "customers.parquet: the file is empty, not even a Parquet file without rows",
        "orders.csv: the first line is empty; it has to name the columns of orders",
    ]


def test_unreadable_file_is_one_clear_line(tmp_path):
    result = check(tmp_path, orders__csv=ORDERS, customers__parquet="no Parquet at all")
    assert result.exit_code == 1
    assert problems(result) == [
        "customers.parquet: this is no Parquet file, whatever its name says"
    ]


def test_line_in_another_encoding_is_counted_and_not_shown(tmp_path):
    row = "1,Müller,2025-01-01,5\n".encode("latin-1")
    result = check(tmp_path, orders__csv=ORDERS.encode() + row)
    assert result.exit_code == 0
    assert "lines that cannot be split into the columns: 1" in result.stdout
    assert "ller" not in result.stdout


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
def test_file_without_permission_is_one_clear_line(tmp_path):
    (tmp_path / "orders.csv").write_text(ORDERS)
    (tmp_path / "orders.csv").chmod(0)
    result = check(tmp_path)
    assert result.exit_code == 1
    assert problems(result) == [
        "orders.csv: the file cannot be opened: permission denied"
    ]


def test_column_that_is_there_twice_is_one_clear_line(tmp_path):
    result = check(tmp_path, orders__csv=ORDERS.strip() + ",Order_ID\n")
    assert result.exit_code == 1
    assert problems(result) == ["orders.csv names the column order_id twice"]


def test_a_file_without_a_header_is_told_and_not_shown(tmp_path):
    result = check(
        tmp_path,
        **{
            "customers.csv": "c1,ann@example.com,1985-12-10,DE\nc2,b@example.com,,\n",
            "orders.csv": "order_id,customer_id,ordered_at,gross_amount,Ann@x.org\n",
        },
    )
    assert result.exit_code == 1
    assert problems(result) == [
        "customers.csv: line 1 has to name the columns, and its 4 values do not look "
        "like names"
    ]
    for cell in ("ann@", "1985", "DE", "x.org"):
        assert cell not in result.stdout


def test_folder_without_orders_and_subscriptions_fails(tmp_path):
    result = check(tmp_path, customers__csv="customer_id\n")
    assert result.exit_code == 1
    (line,) = problems(result)
    assert line.startswith("no orders and no subscriptions")


@pytest.mark.parametrize("kind", ["nothing", "a file"])
def test_path_that_is_no_folder_is_a_clear_error(tmp_path, kind):
    path = tmp_path / "shop.csv"
    if kind == "a file":
        path.write_text("x")
    result = CliRunner().invoke(main, ["check", str(path)], prog_name="perennial")
    assert result.exit_code == 1
    assert result.stdout == ""
    assert result.stderr.startswith("Error: ")
    assert len(result.stderr.splitlines()) == 1


# ------------------------------------------------------------- what dbt makes of it


def test_what_is_printed_builds(tmp_path):
    """The mapping, the delimiter and the grain, as dbt understands them."""
    folder, scratch = tmp_path / "shop", tmp_path / "scratch"
    folder.mkdir()
    scratch.mkdir()
    result = check(
        folder,
        orders__csv="Basket ID;client;date;subtotal;total;sku\n"
        "1;a;2025-01-01;5.00;6.00;x\n1;a;2025-01-01;2.50;3.00;y\n"
        "2;b;2025-01-02;7.00;8.40;x\n",
        customers__csv="id,email_address\na,a@example.com\nb,b@example.com\n",
    )
    assert result.exit_code == 1
    argument = result.stdout.split("--vars '", 1)[1].rsplit("'", 1)[0]
    run_dbt("build", "--vars", argument, scratch=scratch)
    with duckdb.connect(str(scratch / "work.duckdb"), read_only=True) as built:
        orders = built.execute(
            "select order_id, net_revenue from marts.fct_orders order by order_id"
        ).fetchall()
    assert [(order_id, float(revenue)) for order_id, revenue in orders] == [
        ("1", 7.5),
        ("2", 7.0),
    ]
