"""Personal data: who looks for it in what a build leaves finds none.

Builds that pass and builds that fail, and everything they leave but the work
file, the history and the inputs themselves, which are private: what is
published and exported, logs, artifacts of dbt, docs, messages.
"""

from __future__ import annotations

import csv
import itertools
import json
import re
import shutil
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from hashlib import md5
from pathlib import Path
from typing import Any

import duckdb
import pytest
import yaml
from comparison import Built
from conftest import DEMO, PROJECT, opened, run_dbt, run_perennial
from dbt_sequence import Case, Result, run_cases
from reference import compute
from worlds import write_story

from perennial.contract import CONTRACT_FILE
from perennial.export import export_mart_to_file

AS_OF = "2025-12-31"
# An address from its @ on, plain or as in a URL, and what may stand before it.
DOMAIN = re.compile(rb"(?:@|%40)((?:[\w.-]|[^\x00-\x7f])+[.](?:\w|[^\x00-\x7f])+)")
LOCAL_PART = re.compile(rb"[^\s@\"',;:=<>()\[\]{}|\\/\x00-\x1f]{1,64}$")
DAY = re.compile(rb"(?:19|20)\d\d-\d\d-\d\d")
# Several interests in one cell: single words like books are in every text.
LIST = re.compile(rb"[a-z]+(?:;[a-z]+)+")
# What the reader of a file may see of it: not the files with the raw texts.
PRIVATE = {"work.duckdb", "history.duckdb", "work.duckdb.wal", "input"}
# Readable personal columns of models, by what they come from.
DERIVED = {
    "int_customers_checked": {"email", "birth_date", "interests"},
    "int_customers_unioned": {"birth_date"},
    "int_customers_described": {"birth_date"},
}


# ------------------------------------------------------------------ searching


@dataclass(frozen=True)
class Personal:
    """What the people of an input would not like to be read."""

    addresses: frozenset[bytes]
    birth_dates: frozenset[bytes]
    interests: frozenset[bytes]

    def found_in(self, data: bytes) -> set[bytes]:
        """Which of it stands in some bytes, in capitals or not."""
        folded = small(data)
        return (
            self.known_addresses_in(folded)
            | (self.birth_dates & set(DAY.findall(folded)))
            | (self.interests & set(LIST.findall(folded)))
        )

    def known_addresses_in(self, folded: bytes) -> set[bytes]:
        """The addresses with anything before and behind them.

        By domain, since to look for each of thousands takes too long.
        """
        by_domain: dict[bytes, dict[bytes, bytes]] = defaultdict(dict)
        for address in self.addresses:
            # JSON may write letters beyond ASCII by their numbers.
            as_json = json.dumps(address.decode())[1:-1].encode()
            for spelling in {address, as_json}:
                name, _, domain = spelling.partition(b"@")
                by_domain[domain][name] = address
        found = set()
        for domain, names in by_domain.items():
            lengths = {len(name) for name in names}
            for hit in re.finditer(re.escape(b"@" + domain), folded):
                end = hit.start()
                before = {folded[max(0, end - length) : end] for length in lengths}
                found |= {names[name] for name in before & names.keys()}
        return found


def small(data: bytes) -> bytes:
    """In small letters of any script, and an @ of a web address as one."""
    text = data.decode(errors="replace").lower()
    return text.encode().replace(b"%40", b"@")


def addresses_in(folded: bytes) -> set[bytes]:
    """What looks like an address, from one delimiter to the next."""
    found = set()
    for domain in DOMAIN.finditer(folded):
        before = folded[max(0, domain.start() - 64) : domain.start()]
        if local := LOCAL_PART.search(before):
            found.add(local[0] + b"@" + domain[1].strip(b"."))
    return found


def personal_of(folder: Path) -> Personal:
    """All addresses, wherever they stand, birth dates and lists of interests."""
    addresses: set[bytes] = set()
    for file in folder.glob("*.csv"):
        addresses |= addresses_in(small(file.read_bytes()))
    with (folder / "customers.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    return Personal(
        frozenset(addresses),
        frozenset(row["birth_date"].encode() for row in rows if row["birth_date"]),
        frozenset(row["interests"].encode() for row in rows if ";" in row["interests"]),
    )


def files_of(folder: Path) -> Iterator[Path]:
    for path in sorted(folder.rglob("*")):
        private = PRIVATE & set(path.relative_to(folder).parts)
        if path.is_file() and not private:
            yield path


def hits(personal: Personal, folder: Path) -> dict[str, set[bytes]]:
    """Per file below the folder what was found in its bytes, or its tables."""
    found = {}
    for path in files_of(folder):
        texts = path.read_bytes()
        if path.suffix == ".duckdb":
            texts += text_of_tables(path)
        if here := personal.found_in(texts):
            found[str(path.relative_to(folder))] = here
    return found


def text_of_tables(file: Path, schema: str = "%") -> bytes:
    """Every cell of a database, since a file compresses what it holds."""
    parts: list[str] = []
    with duckdb.connect(file, read_only=True) as connection:
        tables = connection.execute(
            "select database_name, schema_name, table_name, comment"
            " from duckdb_tables() where schema_name like ?",
            [schema],
        ).fetchall()
        for *names, comment in tables:
            place = ".".join(f'"{name}"' for name in names)
            rows = connection.execute(f"select * from {place}").fetchall()
            parts.append(str(comment))
            parts += [f"{cell}\n" for row in rows for cell in row]
    return "\n".join(parts).encode()


# ----------------------------------------------------------- a build that passes


@pytest.fixture(scope="module")
def passed(demo_scratch: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The demo as built, then published, exported and documented."""
    folder = tmp_path_factory.mktemp("passed") / "build"
    # A copy: other tests hold the work file open, and dbt wants it alone.
    shutil.copytree(demo_scratch, folder)
    told = run_perennial("publish", folder=folder)
    assert told.returncode == 0, told.stdout + told.stderr
    (folder / "publish.txt").write_text(told.stdout + told.stderr)
    with duckdb.connect(folder / "published.duckdb", read_only=True) as connection:
        marts = [
            name
            for (name,) in connection.execute(
                "select table_name from duckdb_tables()"
            ).fetchall()
        ]
    assert len(marts) > 20
    for mart in marts:
        export_mart_to_file(folder / "published.duckdb", mart, folder / f"{mart}.csv")
    docs = run_dbt("docs", "generate", "--static", scratch=folder)
    (folder / "docs.txt").write_text(docs.stdout + docs.stderr)
    return folder


def test_the_search_finds_everything_in_the_input() -> None:
    personal = personal_of(DEMO)
    found: set[bytes] = set()
    for file in DEMO.glob("*.csv"):
        found |= personal.found_in(file.read_bytes())

    assert found == personal.addresses | personal.birth_dates | personal.interests
    assert len(personal.addresses) > 2_000
    assert len(personal.birth_dates) > 500
    assert len(personal.interests) > 20


@pytest.mark.parametrize(
    "text",
    [
        "x-jane@example.com",
        "orders/jane@example.com.csv",
        "jane@example.community",
        "mailto:Jane%40Example.com?subject=x",
        "c1jane@example.comc2",
    ],
)
def test_the_search_finds_an_address_with_something_attached(text: str) -> None:
    personal = Personal(frozenset([b"jane@example.com"]), frozenset(), frozenset())

    assert personal.found_in(text.encode()) == {b"jane@example.com"}


def test_the_search_knows_domains_beyond_ascii(tmp_path: Path) -> None:
    file = tmp_path / "orders.csv"
    file.write_text("o1,Jörg@BÜCHER.example,5\n", encoding="utf-8")
    addresses = addresses_in(small(file.read_bytes()))
    personal = Personal(frozenset(addresses), frozenset(), frozenset())

    assert addresses == {"jörg@bücher.example".encode()}
    for written in (file.read_text(), json.dumps("to jörg@bücher.example.")):
        assert personal.found_in(written.encode()) == addresses


def test_the_search_finds_them_in_the_private_work_file(passed: Path) -> None:
    """Else a search of tables that finds nothing would say nothing."""
    personal = personal_of(DEMO)
    staged = personal.found_in(text_of_tables(passed / "work.duckdb", "staging"))

    assert staged == personal.addresses | personal.birth_dates | personal.interests


def test_nothing_personal_is_in_what_a_build_that_passes_leaves(passed: Path) -> None:
    names = {path.name for path in files_of(passed)}
    assert names >= {
        *("published.duckdb", "dbt.log", "run_results.json", "manifest.json"),
        *("catalog.json", "static_index.html", "dim_customers.csv"),
        *("fct_rejected_rows.csv", "stg_files__customers.sql"),
    }

    assert hits(personal_of(DEMO), passed) == {}


# ------------------------------------------------------------ builds that fail


CUSTOMERS = (DEMO / "customers.csv").read_text(encoding="utf-8").splitlines()
HEADER, PEOPLE = CUSTOMERS[0], CUSTOMERS[1:]
GIVEN = [line.split(",") for line in PEOPLE]
# The addresses of twenty people, as orders of guests have them.
GUESTS = [cells[2] for cells in GIVEN if "@" in cells[2]][:20]
ORDERS = "order_id,customer_id,ordered_at,gross_amount,currency,status,platform\n"


def good_orders() -> str:
    lines = [f"o{n},{guest},2025-01-05,5,,," for n, guest in enumerate(GUESTS)]
    return ORDERS + "\n".join(lines) + "\n"


def bad_orders() -> str:
    """Rows that cannot be used, with an address in every kind of column."""
    lines = []
    for n, guest in enumerate(GUESTS):
        cells = [f"o{n}", f"c{n}", "2025-01-05", "5", "", "", ""]
        cells[n % 7] = guest
        cells[2 + n % 2] = f"{guest} {GIVEN[n][7]}" if n % 3 else "no day"
        lines.append(",".join(cells))
    return ORDERS + "\n".join(lines) + "\n"


def chained_customers() -> str:
    """Guests who each list the address of the next one as another id."""
    lines = ["customer_id,email,external_customer_ids"]
    lines += [f"{one},{one},files:{other}" for one, other in itertools.pairwise(GUESTS)]
    return "\n".join(lines) + "\n"


def broken_customers() -> str:
    """Lines with too many fields, and a quote that is never closed."""
    lines = [f"{line},{line}" if n < 6 else line for n, line in enumerate(PEOPLE[:40])]
    return "\n".join([HEADER, *lines, '"' + PEOPLE[41]]) + "\n"


FAILED: dict[str, tuple[dict[str, str], dict[str, Any], str]] = {
    "too many bad rows": (
        {"orders.csv": bad_orders()},
        {},
        "rows of orders can not be used",
    ),
    "broken lines": (
        {"customers.csv": broken_customers(), "orders.csv": good_orders()},
        {},
        "customers",
    ),
    "no header": (
        {"customers.csv": "\n".join(PEOPLE[:9]) + "\n", "orders.csv": good_orders()},
        {},
        "customers.csv",
    ),
    "an address as the name of a file": (
        {f"orders/{GUESTS[0]}.csv": good_orders()},
        {},
        "orders/***.csv: *** stands for a name with an e-mail address in it",
    ),
    "an address as the name of a folder": (
        {"orders.csv": good_orders(), f"{GUESTS[0]}/orders.csv": good_orders()},
        {},
        "/***/orders.csv: *** stands for a name with an e-mail address in it",
    ),
    "a chain of addresses": (
        {"customers.csv": chained_customers(), "orders.csv": good_orders()},
        {},
        "matched through a chain",
    ),
    "rejected rows": (
        {"orders.csv": bad_orders(), "customers.csv": broken_customers()},
        {"max_rejected_share": 1.0},
        "",
    ),
}


@pytest.fixture(scope="module")
def failed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[Result, Path]]:
    """Each failing build and its folder; the last one shows its bad rows."""
    folder = tmp_path_factory.mktemp("failed")
    cases = []
    for name, (files, policies, _) in FAILED.items():
        source = folder / name / "input"
        source.mkdir(parents=True)
        for file, content in files.items():
            (source / file).parent.mkdir(exist_ok=True)
            (source / file).write_text(content, encoding="utf-8")
        given = {"input_path": str(source), "as_of_date": AS_OF, **policies}
        arguments = ["build", "--vars", json.dumps(given), "--select"]
        arguments += ["+fct_rejected_rows", "+dim_customer_identities"]
        arguments += ["--exclude-resource-type", "test", "unit_test"]
        cases.append(Case(arguments, str(folder / name / "work.duckdb")))
    results = run_cases(cases, folder / "dbt")
    # Logs and artifacts of all of them are in one folder.
    for name, result in zip(FAILED, results, strict=True):
        (folder / name / "printed.txt").write_text(result.text)
    return {
        name: (result, folder) for name, result in zip(FAILED, results, strict=True)
    }


def personal_of_failed(folder: Path) -> Personal:
    sources = [folder / name / "input" for name in FAILED]
    found = [
        addresses_in(small(file.read_bytes()))
        for source in sources
        for file in source.rglob("*.csv")
    ]
    whole = personal_of(DEMO)
    return Personal(
        frozenset(one for addresses in found for one in addresses),
        whole.birth_dates,
        whole.interests,
    )


@pytest.mark.parametrize("name", FAILED)
def test_nothing_personal_is_in_what_a_build_that_fails_says(
    name: str, failed: dict[str, tuple[Result, Path]]
) -> None:
    result, folder = failed[name]
    said = FAILED[name][2]

    assert result.returncode == (1 if said else 0), result.text
    assert said in result.text
    assert personal_of_failed(folder).found_in(result.text.encode()) == set()


def test_nothing_personal_is_in_what_builds_that_fail_leave(
    failed: dict[str, tuple[Result, Path]],
) -> None:
    folder = failed["no header"][1]
    personal = personal_of_failed(folder)
    assert len(personal.addresses) >= 40
    assert {path.name for path in files_of(folder)} >= {"dbt.log", "run_results.json"}

    assert hits(personal, folder) == {}
    for name in FAILED:
        work_file = folder / name / "work.duckdb"
        if work_file.exists():
            assert personal.found_in(text_of_tables(work_file, "marts")) == set()


def test_rejected_rows_tell_of_addresses_by_their_hash(
    failed: dict[str, tuple[Result, Path]],
) -> None:
    result, folder = failed["rejected rows"]
    assert result.returncode == 0, result.text
    with opened(folder / "rejected rows/work.duckdb") as warehouse:
        rows = warehouse.execute(
            "select line_number, row_identifier, raw_row, currency_as_written"
            " from marts.fct_rejected_rows where table_name = 'orders'"
            " order by line_number"
        ).fetchall()
        (broken,) = warehouse.execute(
            "select count(*) from marts.fct_rejected_rows"
            " where table_name = 'customers'"
        ).fetchone()
    assert broken >= 6
    assert rows[0][1] == hashed(GUESTS[0])
    assert f"order_id={hashed(GUESTS[0])}, customer_id=c0" in rows[0][2]
    assert f"order_id=o1, customer_id={hashed(GUESTS[1])}" in rows[1][2]
    assert "currency=~personal" in rows[4][2]
    assert rows[4][3] == "~personal"
    assert "status=~personal" in rows[5][2]


def test_a_data_test_that_fails_shows_no_value(passed: Path, tmp_path: Path) -> None:
    """Not even where a mart held an address."""
    folder = tmp_path / "build"
    folder.mkdir()
    shutil.copy(passed / "work.duckdb", folder)
    shutil.copy(passed / "history.duckdb", folder)
    address = GUESTS[0]
    with duckdb.connect(folder / "work.duckdb") as warehouse:
        warehouse.execute(
            "update marts.dim_customers set customer_status = ?", [address]
        )

    tested = run_dbt("test", "--select", "dim_customers", scratch=folder, check=False)

    assert tested.returncode == 1
    assert "customer_status is none of prospect, active" in tested.stdout
    (folder / "printed.txt").write_text(tested.stdout + tested.stderr)
    assert hits(personal_of(DEMO), folder) == {}


# -------------------------------------------------------------------- masking


def hashed(address: str) -> str:
    plain = address.lower()
    own = "" if plain == address else f":{md5(address.encode()).hexdigest()[:8]}"
    return f"~email:{md5(plain.encode()).hexdigest()}{own}"


ANN, BOB, BIG_ANN = "ann@example.com", "bob@example.com", "Ann@Example.com"
# One key beside an address, and what is none.
SLIPPED = [
    "jane.doe@@example.com",
    "jane.doe @example.com",
    "jane.doe@ example.com",
    "jane.doe  @ @ example.com",
    "jane.doe@example .com",
    "jane.doe@example. com",
    "jane.doe\uff20example.com",
    "jane.doe\ufe6bexample\uff0ecom",
    "jane.doe%40example.com",
    "jane.doe@example\u3002com",
    "Jane.Doe\u00a0@example.com",
    "ask jane.doe\t@example.com now",
]
NO_ADDRESS = ["a@b", "app @ home. Late", "3 @ 1.50 each", "@home", "40%", "a%40b"]
LONG = "I was not happy with the colour of the third pan that I bought"
MASKED = {
    "customers": [
        {"customer_id": "c1", "email": ANN, "acquisition_channel": f"by {BOB}"},
        {"customer_id": "c2", "external_customer_ids": f"x;{BOB};files:{BIG_ANN}"},
        {"customer_id": "c3", "external_customer_ids": f"Bob <{BOB}>", "country": "DE"},
        {"customer_id": "c4", "external_customer_ids": f"Bob <{BOB}>"},
        {"customer_id": "c5", "external_customer_ids": f"Jane Doe:{ANN};x;files:"},
        {"customer_id": "c6", "external_customer_ids": f"jane:{ANN};;files: {ANN}"},
        {"customer_id": "c7", "external_customer_ids": f"jane:{ANN};jane:7"},
        {"customer_id": "c8", "external_customer_ids": ";".join(SLIPPED)},
        {"customer_id": SLIPPED[0], "country": "NL"},
    ],
    "orders": [
        {"order_id": ANN, "customer_id": ANN, "platform": BOB},
        {"order_id": BIG_ANN, "customer_id": BOB, "status": LONG},
        {"order_id": f"for {BOB} 1", "customer_id": "c3", "platform": "app @ home"},
        {"order_id": "o4", "customer_id": "c3", "currency": BOB},
        {"order_id": "o5", "customer_id": "c3", "currency": LONG},
        {"order_id": "o6", "customer_id": "c4", "status": f"Refused by {ANN}"},
        {"order_id": "o7", "customer_id": "c4", "status": "x" * 40},
        {"order_id": f" {BOB} ", "customer_id": "c4"},
        {"order_id": BOB, "customer_id": "c4", "platform": "web"},
        *({"order_id": one, "customer_id": one, "platform": one} for one in SLIPPED),
        *(
            {"order_id": one, "customer_id": f"n{n}", "platform": one, "status": one}
            for n, one in enumerate(NO_ADDRESS)
        ),
        *(
            {"order_id": f"{one}/", "customer_id": "c1", "platform": one}
            | {"status": one, "ordered_at": one}
            for one in SLIPPED
        ),
    ],
    "order_items": [
        {"order_item_id": f"{ANN}-1", "order_id": ANN, "product_id": BOB},
        {"order_item_id": BOB, "order_id": BIG_ANN, "product_id": "p2"},
        {"order_item_id": "i3", "order_id": "unknown@example.com", "product_id": "p2"},
    ],
    "products": [
        {"product_id": BOB, "product_name": f"Mug of {ANN}", "category": ANN},
        {"product_id": "p2", "product_name": LONG, "category": LONG},
    ],
    "subscriptions": [
        {"subscription_id": ANN, "customer_id": BIG_ANN, "plan_id": BOB}
        | {"ended_at": "2024-03-01", "cancel_reason": LONG},
        {"subscription_id": "s2", "customer_id": "c1", "plan_id": "basic"}
        | {"ended_at": "2024-03-01", "cancel_reason": f"moved to {BOB}"},
    ],
    "subscription_changes": [
        {"subscription_id": ANN, "changed_at": "2024-02-01", "unit_amount": "12"},
        {"subscription_id": BIG_ANN, "changed_at": "2024-02-01", "unit_amount": "12"},
    ],
    "invoices": [
        {"invoice_id": f"{ANN}/7", "subscription_id": ANN, "period_start": "2024-01-01"}
        | {"period_end": "2024-02-01", "amount_due": "10", "status": f"by {ANN}"},
    ],
    "marketing_spend": [
        {"spend_date": "2024-01-05", "channel": f"by {BOB}", "amount": "5"},
    ],
    "platform_sessions": [
        {"session_date": "2024-01-05", "platform": ANN, "sessions": "5"},
        {"session_date": "2024-01-05", "platform": BOB, "sessions": "7"},
    ],
    "customer_events": [
        {"event_id": ANN, "customer_id": "c1", "occurred_at": "2024-01-05"}
        | {"event_type": f"mail to {ANN}", "channel": BOB},
    ],
    "customer_feedback": [
        {"feedback_id": BOB, "customer_id": ANN, "submitted_at": "2024-01-05"}
        | {"score": "9"},
    ],
}
EVERY = {
    "orders": {"ordered_at": "2024-01-05", "gross_amount": "5"},
    "order_items": {"quantity": "1", "unit_price": "5"},
    "subscriptions": {
        **{"started_at": "2024-01-01", "unit_amount": "10"},
        "billing_interval": "month",
    },
}
COMPARED = {
    "dim_customer_identities": "customer_id, customer_key, matched_by, match_round",
    "fct_orders": "order_id, customer_key, platform, order_status",
    "dim_products": "product_id, product_name, category",
    "fct_rejected_rows": "table_name, line_number, row_identifier, reasons",
    "rpt_input_reconciliation": "table_name, currency, raw_rows, rejected_rows",
    "dim_customers": "customer_key, acquisition_channel, platform, country",
    "fct_churn_events": "customer_key, churn_reason, churned_mrr",
}


@pytest.fixture(scope="module")
def masked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Built]:
    """An address in every column that takes any text, beside the reference."""
    folder = tmp_path_factory.mktemp("masked")
    source = write_story(
        folder / "input",
        **{
            table: [EVERY.get(table, {}) | row for row in rows]
            for table, rows in MASKED.items()
        },
    )
    given = {"input_path": str(source), "as_of_date": "2024-06-30"}
    given |= {"max_rejected_share": 1.0}
    models = [f"+{mart}" for mart in COMPARED]
    models += ["+int_customer_events_unioned"]
    arguments = ["build", "--vars", json.dumps(given), "--select", *models]
    arguments += ["+rpt_platform_monthly", "+rpt_cac_monthly"]
    arguments += ["--exclude-resource-type", "test", "unit_test"]
    work_file = folder / "build/work.duckdb"
    work_file.parent.mkdir()
    (result,) = run_cases([Case(arguments, str(work_file))], folder / "dbt")
    assert result.returncode == 0, result.text
    as_of = date(2024, 6, 30)
    with opened(work_file) as warehouse:
        yield Built("masked", source, as_of, warehouse, compute(source, as_of))


@pytest.mark.parametrize("mart", COMPARED)
def test_masked_inputs_give_what_the_reference_says(masked: Built, mart: str) -> None:
    columns = COMPARED[mart].split(", ")
    found = masked.rows(f"select {COMPARED[mart]} from marts.{mart}")
    expected = [tuple(row[c] for c in columns) for row in masked.expected[mart]]

    assert sorted(found, key=str) == sorted(expected, key=str)
    assert found


def test_no_model_after_the_inputs_holds_an_address(masked: Built) -> None:
    personal = Personal(
        frozenset(one.encode() for one in (ANN, BOB, "unknown@example.com")),
        frozenset(),
        frozenset(),
    )
    found = {}
    for schema, table, column in masked.rows(
        "select table_schema, table_name, column_name from information_schema.columns"
        " where table_schema in ('intermediate', 'marts', 'utilities')"
    ):
        if column in DERIVED.get(table, ()):
            continue
        cells = masked.rows(f'select "{column}" from {schema}.{table}')
        if here := personal.found_in(str(cells).encode()):
            found[f"{table}.{column}"] = here

    assert found == {}


def test_nor_one_that_a_hand_has_slipped_on(masked: Built) -> None:
    found = set()
    for schema, table, column in masked.rows(
        "select table_schema, table_name, column_name from information_schema.columns"
        " where table_schema in ('intermediate', 'marts', 'utilities')"
    ):
        cells = masked.rows(f'select "{column}" from {schema}.{table}')
        if re.search("jane|doe", str(cells), re.IGNORECASE):
            found.add(f"{table}.{column}")

    # In a list "jane:7" is no address, and has a readable source.
    assert found <= {
        "int_customers_checked.external_customer_ids",
        "int_customers_unioned.external_customer_ids",
        "int_external_ids_listed.external_id",
    }
    listed = str(masked.rows("from intermediate.int_external_ids_listed"))
    assert re.findall("jane[^']*", listed, re.IGNORECASE) == ["jane:7"]


def test_what_is_no_address_stays(masked: Built) -> None:
    kept = masked.rows("select order_id, platform from marts.fct_orders")

    assert {(one, one) for one in NO_ADDRESS} <= set(kept)


def test_ids_are_told_by_their_hash_in_every_table(masked: Built) -> None:
    ids = [one for (one,) in masked.rows("select order_id from marts.fct_orders")]

    assert {hashed(ANN), hashed(BIG_ANN), "o6", "o7"} <= set(ids)
    assert f"~personal:{md5(f'for {BOB} 1'.encode()).hexdigest()}" in ids
    # Two rows of one id, with blanks around it or not, are in conflict.
    assert hashed(BOB) not in ids
    assert masked.rows(
        "select distinct subscription_id from intermediate.int_invoices_unioned"
    ) == [(hashed(ANN),)]


def test_two_addresses_as_part_of_a_key_are_one_key(masked: Built) -> None:
    """Of a platform no hash is left: docs/reject_reasons.md says so."""
    assert (
        masked.rows(
            "select row_identifier, reasons from marts.fct_rejected_rows"
            " where table_name = 'platform_sessions'"
        )
        == [("2024-01-05|~personal", "conflicting_id")] * 2
    )


# ----------------------------------------------------------------------- tags


def test_the_columns_that_hold_personal_values_are_tagged(demo_scratch: Path) -> None:
    manifest = json.loads((demo_scratch / "target/manifest.json").read_text())
    tagged = {
        (node["name"], column["name"])
        for node in (*manifest["nodes"].values(), *manifest["sources"].values())
        for column in node.get("columns", {}).values()
        if "personal" in column["tags"]
    }
    expected = {
        (f"stg_files__{table}", column)
        for table, columns in personal_columns().items()
        for column in columns
    }
    expected |= {(model, c) for model, columns in DERIVED.items() for c in columns}

    assert tagged == expected
    assert not any(name.startswith(("dim_", "fct_", "rpt_")) for name, _ in tagged)


def test_no_other_model_has_a_column_of_such_a_name(demo: Built) -> None:
    """What is derived keeps its name: another model would read it."""
    names = {column for columns in personal_columns().values() for column in columns}
    found = {
        (table, column)
        for table, column in demo.rows(
            "select table_name, column_name from information_schema.columns"
            " where table_schema <> 'staging'"
        )
        if column in names
    }

    assert found == {(model, c) for model, columns in DERIVED.items() for c in columns}


def personal_columns() -> dict[str, list[str]]:
    """The contract's own list."""
    text = (PROJECT / CONTRACT_FILE).read_text()
    table, found = "", {}
    for line in text.splitlines():
        if one := re.match(r" {8}'(\w+)': \{", line):
            table = one[1]
        if one := re.match(r" {12}'personal': (\[.*\])", line):
            found[table] = yaml.safe_load(one[1])
    assert found
    return found
