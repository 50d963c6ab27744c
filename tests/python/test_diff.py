"""perennial diff: what it says of two commits, and that it touches nothing else.

Small builds are made by hand; a stand-in for dbt, which is a part of the commits
themselves, writes them. One change of the churn definition is built for real.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest
from conftest import PROJECT, opened

from perennial.demo_shop import LAST_DAY
from perennial.diff.demo_build import Built, build_demo
from perennial.diff.page import Review, text, write_page
from perennial.diff.review import compare_builds
from perennial.diff.states import State, lay_out_commit
from perennial.diff.tables import (
    ColumnChange,
    Example,
    MartChange,
    compare_marts,
)

STAND_IN = """
import os, pathlib, time
import duckdb
def cli(arguments):
    print("dbt of", pathlib.Path("name").read_text(), flush=True)
    if pathlib.Path("waits").exists():
        print(f"dbt is {os.getpid()}", flush=True)
        pathlib.Path(os.environ["TMPDIR"], "waiting").touch()
        time.sleep(600)
    for number in (1, 2, 3, 4):
        print(f"10:00:00  {number} of 4 OK created sql table model m{number}")
    target = pathlib.Path(os.environ["DBT_TARGET_PATH"])
    target.mkdir()
    (target / "manifest.json").write_text(pathlib.Path("manifest.json").read_text())
    with duckdb.connect(os.environ["PERENNIAL_WORK_FILE"]) as work:
        work.execute(pathlib.Path("build.sql").read_text())
        demo = pathlib.Path("data/demo/orders.csv").read_text()
        work.execute("create table marts.dim_products as select 1 as product_id,"
                     " ? as demo", [demo])
"""
SQL = """
create schema marts;
create table marts.build_info as
    select
        uuid()::varchar as build_id,
        date '2025-12-31' as as_of_date,
        now()::timestamp as started_at,
        'folder data/demo' as input_origin,
        '{"churn_recognition": "ended_at", "renewal_grace_days": "0"}' as policies;
create table marts.rpt_mrr_monthly as
    select
        date '2025-12-01' as revenue_month,
        1000::decimal(18, 6) as ending_mrr,
        12000::decimal(18, 6) as arr,
        10 as ending_customers;
create table marts.rpt_churn_monthly as
    select
        date '2025-12-01' as revenue_month,
        0.1::double as customer_churn_rate,
        true as is_complete_month;
create table marts.dim_customers as
    select 'files:' || range as customer_key, date '2025-01-01' as first_paid_date
    from range(3);
create table marts.fct_customer_lifetime_value as
    select customer_key, 10::decimal(18, 6) as total_clv from marts.dim_customers;
"""
KEYS = {
    "build_info": ("build_id",),
    "dim_customers": ("customer_key",),
    "dim_products": ("product_id",),
    "fct_customer_lifetime_value": ("customer_key",),
    "rpt_churn_monthly": ("revenue_month",),
    "rpt_mrr_monthly": ("revenue_month",),
}


def manifest_of(keys: dict[str, tuple[str, ...]], *tests: str) -> str:
    """A manifest with these marts, a test for the key of each, and further tests."""
    nodes: dict[str, dict] = {}
    for name, columns in keys.items():
        nodes[f"model.p.{name}"] = {
            "resource_type": "model",
            "access": "public",
            "name": name,
        }
        nodes[f"test.p.sound_rows_{name}"] = {
            "resource_type": "test",
            "name": f"sound_rows_{name}",
            "attached_node": f"model.p.{name}",
            "test_metadata": {
                "name": "sound_rows",
                "kwargs": {"primary_key": list(columns)},
            },
        }
    for name in tests:
        nodes[f"test.p.{name}"] = {"resource_type": "test", "name": name}
    return json.dumps({"nodes": nodes, "unit_tests": {}})


# ------------------------------------------------------------- small repositories


@dataclass(frozen=True)
class Repository:
    """A project in a checkout of git, and the folder for temporary files."""

    folder: Path
    temporary: Path

    def git(self, *arguments: str) -> str:
        done = subprocess.run(
            [
                *("git", "-c", "user.name=a", "-c", "user.email=a@example.org"),
                *("-c", "commit.gpgsign=false", *arguments),
            ],
            cwd=self.folder,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def write(self, **files: str) -> None:
        """Write files: `_` of a name is `/` where it is twice."""
        for name, content in files.items():
            path = self.folder / name.replace("__", "/").replace("_dot_", ".")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(content, encoding="utf-8")

    def commit(self, name: str, **files: str) -> None:
        """Commit files under a name, which becomes a tag."""
        self.write(name=name, **files)
        self.git("add", "--all")
        self.git("commit", "--quiet", "--message", f"Commit {name}")
        self.git("tag", name)

    def command(self, *arguments: str) -> list[str]:
        return [sys.executable, "-m", "perennial", "diff", *arguments]

    @property
    def environment(self) -> dict[str, str]:
        return {
            **os.environ,
            "TMPDIR": str(self.temporary),
            "PYTHONPATH": str(PROJECT),
            # What a user may have set; none of it may be used.
            "PERENNIAL_WORK_FILE": str(self.folder / "mine.duckdb"),
            "PERENNIAL_HISTORY_FILE": str(self.folder / "my_history.duckdb"),
            "DBT_TARGET_PATH": str(self.folder / "my_target"),
        }

    def diff(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            self.command(*arguments),
            cwd=self.folder,
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
        )

    def files(self) -> dict[str, bytes]:
        return {
            str(path.relative_to(self.folder)): path.read_bytes()
            for path in sorted(self.folder.rglob("*"))
            if path.is_file() and path.relative_to(self.folder).parts[:1] != (".git",)
        }


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    """A project whose commit `base` is built by the stand-in."""
    made = Repository(tmp_path / "project", tmp_path / "temporary")
    made.folder.mkdir()
    made.temporary.mkdir()
    made.git("init", "--quiet")
    made.commit(
        "base",
        dbt____init___dot_py="",
        build_dot_sql=SQL,
        manifest_dot_json=manifest_of(KEYS),
        requirements_dot_txt="dbt==1\n",
        data__demo__orders_dot_csv="1",
    )
    (made.folder / "dbt/cli").mkdir(parents=True, exist_ok=True)
    for name, content in (
        ("dbt/__init__.py", ""),
        ("dbt/cli/__init__.py", ""),
        ("dbt/cli/main.py", STAND_IN),
    ):
        (made.folder / name).write_text(content)
    made.git("add", "--all")
    made.git("commit", "--quiet", "--amend", "--no-edit")
    made.git("tag", "--force", "base")
    return made


def page_of(outcome: subprocess.CompletedProcess[str]) -> str:
    assert outcome.returncode == 0, outcome.stderr
    return outcome.stdout


# ---------------------------------------------------------------- the whole command


def test_a_changed_number_is_told_with_its_headline_and_its_setting(repository):
    repository.commit(
        "head",
        build_dot_sql=SQL.replace("1000::", "900::").replace("ended_at", "asked_at"),
        manifest_dot_json=manifest_of(KEYS, "assert_something"),
    )
    outcome = repository.diff("base", "--head", "head")
    page = page_of(outcome)
    assert "| MRR | 1,000.00 | **900.00** | marts.rpt_mrr_monthly, 2025-12 |" in page
    assert "| ARR | 12,000.00 | 12,000.00 |" in page
    assert "| churn_recognition | ended_at | asked_at |" in page
    assert "renewal_grace_days" not in page
    assert "**1 of 6 marts changed.**" in page
    assert "| ending_mrr | 1 | sum | 1,000 | 900 | 2025-12-01: 1,000 → 900 |" in page
    assert "- added: assert_something" in page
    assert "*Commit base*" in page
    assert "4 of 4 tables and tests" in outcome.stderr
    assert "4 of 4" not in page


def test_a_commit_that_changes_no_number_is_one_line(repository):
    repository.commit("head", README_dot_md="Only words.")
    page = page_of(repository.diff("base", "--head", "head"))
    assert "**Nothing changed**: 6 marts with 10 rows are the same in both." in page
    assert "|" not in page


def test_the_same_files_are_not_built(repository):
    outcome = repository.diff("base")
    assert "their files are the same, so nothing was built" in page_of(outcome)
    assert "building" not in outcome.stderr


def test_the_working_tree_is_compared_with_all_that_git_would_take(repository):
    repository.commit("rules", _dot_gitignore="ignored.sql\n")
    repository.write(build_dot_sql=SQL.replace("1000::", "800::"))
    (repository.folder / "ignored.sql").write_text("never read")
    # As a file that git does not know yet.
    repository.git("rm", "--cached", "--quiet", "build.sql")
    page = page_of(repository.diff("rules"))
    assert "the working tree" in page
    assert "*with what is not committed*" in page
    assert "**800.00**" in page


def test_nothing_of_the_users_is_touched_and_nothing_left_over(repository):
    repository.commit("head", build_dot_sql=SQL.replace("1000::", "900::"))
    (repository.folder / "mine.duckdb").write_text("no database")
    before = repository.files(), repository.git("status", "--porcelain")
    page_of(repository.diff("base"))
    assert (repository.files(), repository.git("status", "--porcelain")) == before
    assert repository.git("worktree", "list").count("\n") == 0
    assert list(repository.temporary.iterdir()) == []


def test_both_are_built_on_the_demo_of_the_new_one(repository):
    repository.commit("head", data__demo__orders_dot_csv="2")
    page = page_of(repository.diff("base"))
    assert "> data/demo differs. Both are built on the new one" in page
    assert "**Nothing changed**" in page


def test_other_requirements_are_said(repository):
    repository.commit("head", requirements_dot_txt="dbt==2\n")
    page = page_of(repository.diff("base"))
    assert "> requirements.txt differs. Both are built with what is installed" in page


def test_a_base_that_went_on_is_said(repository):
    repository.git("checkout", "--quiet", "-b", "branch")
    repository.commit("head", build_dot_sql=SQL.replace("1000::", "900::"))
    repository.git("checkout", "--quiet", "-b", "main_line", "base")
    repository.commit("later", README_dot_md="Words.")
    repository.commit("later_base", README_dot_md="More words.")
    page = page_of(repository.diff("later_base", "--head", "head"))
    assert "> Commits of the base that the other side lacks: 2." in page
    assert "git merge-base" in page


def test_the_page_goes_to_a_file(repository, tmp_path):
    repository.commit("head", README_dot_md="Only words.")
    outcome = repository.diff("base", "--output", str(tmp_path / "page.md"))
    assert (outcome.returncode, outcome.stdout) == (0, "")
    assert "**Nothing changed**" in (tmp_path / "page.md").read_text("utf-8")


# ------------------------------------------------------------------ how it fails


def assert_fails(outcome: subprocess.CompletedProcess[str], *words: str) -> None:
    assert (outcome.returncode, outcome.stdout) == (1, "")
    assert (
        "Traceback (most recent call last):\n" not in outcome.stderr.split("Error:")[0]
    )
    for word in words:
        assert word in outcome.stderr


@pytest.mark.parametrize("name", ["no-such-branch", "--upload-pack=x", "HEAD:name", ""])
def test_a_commit_that_is_not_known_is_a_sentence(repository, name):
    assert_fails(
        repository.diff("--", name), f"Error: git knows no commit {name!r}", "git fetch"
    )


def test_a_clone_without_history_is_told_how_to_get_it(repository):
    base = repository.git("rev-parse", "base")
    repository.commit("head", README_dot_md="Only words.")
    clone = repository.folder.with_name("clone")
    repository.git("clone", "--depth=1", repository.folder.as_uri(), str(clone))
    outcome = Repository(clone, repository.temporary).diff(base)
    assert_fails(outcome, f"git knows no commit '{base}'", "git fetch --unshallow")


def test_a_folder_without_git_is_a_sentence(repository):
    shutil.rmtree(repository.folder / ".git")
    outcome = repository.diff("base")
    assert_fails(outcome, "is no checkout of git", "go to a clone")


def test_a_machine_without_git_is_a_sentence(repository, monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    assert_fails(repository.diff("base"), "git is not installed")


def test_a_project_without_a_demo_is_a_sentence(repository):
    shutil.rmtree(repository.folder / "data")
    assert_fails(repository.diff("base"), "the working tree", "has no data/demo")


@pytest.mark.parametrize("broken", ["base", "head"])
def test_a_commit_that_cannot_be_built_is_named_with_the_end_of_its_output(
    repository, broken
):
    repository.commit("odd", build_dot_sql=SQL + "select * from nowhere;")
    repository.commit("even", build_dot_sql=SQL)
    names = {"base": ("odd", "even"), "head": ("even", "odd")}[broken]
    outcome = repository.diff(names[0], "--head", names[1])
    assert_fails(outcome, "Error: odd (", "cannot be built", "nowhere does not exist")
    assert list(repository.temporary.iterdir()) == []


def test_a_page_that_cannot_be_written_is_a_sentence(repository):
    repository.commit("head", README_dot_md="Only words.")
    outcome = repository.diff("base", "--output", "no/such/folder.md")
    assert_fails(outcome, "cannot write no/such/folder.md: No such file")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_both_builds_and_leaves_nothing(repository, number):
    repository.commit("head", waits="yes")
    process = subprocess.Popen(
        repository.command("base"),
        cwd=repository.folder,
        env=repository.environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    while not (repository.temporary / "waiting").exists():
        assert process.poll() is None, process.communicate()
    process.send_signal(number)
    said, errors = process.communicate(timeout=60)
    assert (process.returncode, said) == (128 + number, "")
    assert f"Error: stopped by {number.name}; nothing was compared" in errors
    (repository.temporary / "waiting").unlink()
    assert list(repository.temporary.iterdir()) == []


# ------------------------------------------------------------------ the comparison


def change_of(
    tmp_path: Path, old: str, new: str, key: tuple[str, ...] = ("id",)
) -> MartChange:
    """What became of a mart `m`, of which the queries give old and new rows."""
    for name, query in (("old", old), ("new", new)):
        with duckdb.connect(str(tmp_path / f"{name}.duckdb")) as file:
            file.execute(f"create schema marts; create table marts.m as {query}")
    files = tmp_path / "old.duckdb", tmp_path / "new.duckdb"
    (change,) = compare_marts(*files, {"m": key}, {"m": key})
    return change


def test_rows_are_told_apart_by_their_key(tmp_path):
    change = change_of(
        tmp_path,
        "select range as id, 1 as n from range(10)",
        "select range as id, case range when 5 then 9 else 1 end as n"
        " from range(3, 20)",
    )
    assert (change.old_rows, change.new_rows) == (10, 17)
    assert (change.added_rows, change.removed_rows, change.changed_rows) == (10, 3, 1)
    assert change.removed_keys == [(0,), (1,), (2,)]
    assert change.added_keys == [(10,), (11,), (12,), (13,), (14,)]
    (column,) = change.columns
    assert (column.name, column.changed_rows) == ("n", 1)
    assert (column.measure, column.old, column.new) == ("sum", 10, 25)
    assert [(one.key, one.old, one.new) for one in column.examples] == [((5,), 1, 9)]


def test_a_key_that_is_empty_is_a_key(tmp_path):
    rows = "select * from (values (null, 'a', 1), ('x', 'a', 2)) as t (id, part, n)"
    assert not change_of(tmp_path, rows, rows, ("id", "part")).is_changed


def test_the_largest_differences_come_first(tmp_path):
    change = change_of(
        tmp_path,
        "select range as id, 0::decimal(18, 6) as mrr from range(9)",
        "select range as id, (range - 6)::decimal(18, 6) as mrr from range(9)",
    )
    (column,) = change.columns
    assert column.changed_rows == 8
    assert [example.key for example in column.examples] == [(0,), (1,), (2,)]


def test_decimals_are_compared_exactly_and_floats_nearly(tmp_path):
    assert not change_of(
        tmp_path,
        "select 1 as id, 1e9::double as f, 0.1::double as g",
        "select 1 as id, 1e9::double + 0.5 as f, 0.1::double + 1e-12 as g",
    ).is_changed
    (tmp_path / "old.duckdb").unlink()
    (tmp_path / "new.duckdb").unlink()
    change = change_of(
        tmp_path,
        "select 1 as id, 1::decimal(18, 6) as d, 0.1::double as f",
        "select 1 as id, 1.000001::decimal(18, 6) as d, 0.1001::double as f",
    )
    assert [column.name for column in change.columns] == ["d", "f"]
    assert change.columns[0].new == Decimal("1.000001")


@pytest.mark.parametrize(
    ("old", "new", "is_changed"),
    [
        ("null::double", "null::double", False),
        ("null::double", "0::double", True),
        ("'nan'::double", "'nan'::double", False),
        ("'nan'::double", "1::double", True),
        ("'inf'::double", "'inf'::double", False),
        ("'inf'::double", "'-inf'::double", True),
        ("'inf'::double", "1::double", True),
        ("null::varchar", "''", True),
    ],
)
def test_values_that_are_none_are_values(tmp_path, old, new, is_changed):
    change = change_of(
        tmp_path, f"select 1 as id, {old} as v", f"select 1 as id, {new} as v"
    )
    assert change.changed_rows == is_changed


def test_columns_that_come_go_and_change_their_type(tmp_path):
    change = change_of(
        tmp_path,
        "select range as id, range as gone, 1::int as n, 'a' as t from range(3)",
        "select range as id, 'x' as came, 1::double as n, 'a' as t from range(3)",
    )
    assert change.added_columns == {"came": "VARCHAR"}
    assert change.removed_columns == {"gone": "BIGINT"}
    assert change.retyped_columns == {"n": ("INTEGER", "DOUBLE")}
    assert change.changed_rows == 0
    assert change.is_changed


def test_a_column_with_all_values_of_another_is_that_one_renamed(tmp_path):
    change = change_of(
        tmp_path,
        "select range as id, range * 2 as before, null::int as empty from range(3)",
        "select range as id, range * 2 as after, null::int as void from range(3)",
    )
    assert change.renamed_columns == {"before": "after"}
    assert (change.added_columns, change.removed_columns) == (
        {"void": "INTEGER"},
        {"empty": "INTEGER"},
    )


@pytest.mark.parametrize(
    ("key", "old", "words"),
    [
        ((), "select 1 as id, 2 as n", "no test says"),
        (("other",), "select 1 as id, 2 as n", r"its key \(other\) is not in both"),
        (("id",), "select 1 as id, 2 as n from range(2)", "repeats in the base"),
    ],
)
def test_rows_without_a_key_are_not_compared_one_by_one(tmp_path, key, old, words):
    change = change_of(tmp_path, old, "select 1 as id, 3 as n", key)
    assert re.search(words, change.not_by_row)
    assert (change.added_rows, change.changed_rows) == (0, 0)


def test_rows_that_are_numbers_of_many_kinds_are_not_summed(tmp_path):
    change = change_of(
        tmp_path,
        "select 'mrr' as metric_name, 1 as n",
        "select 'mrr' as metric_name, 2 as n",
        ("metric_name",),
    )
    (column,) = change.columns
    assert (column.changed_rows, column.measure, column.old) == (1, "", None)


def test_a_mart_that_came_and_one_that_went_are_told(tmp_path):
    for name in ("old", "new"):
        with duckdb.connect(str(tmp_path / f"{name}.duckdb")) as file:
            file.execute(
                f"create schema marts; create table marts.{name}_mart as select 1 as id"
            )
    came, went = compare_marts(
        *(tmp_path / "old.duckdb", tmp_path / "new.duckdb"),
        *({"old_mart": ("id",)}, {"new_mart": ("id",)}),
    )
    assert (came.name, came.old_rows, came.new_rows) == ("new_mart", None, 1)
    assert (went.name, went.old_rows, went.new_rows) == ("old_mart", 1, None)


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("plain_name", "plain_name"),
        ("a|b <img src=x> `c`", "a\\|b \\<img src=x\\> \\`c\\`"),
        ("two\nlines", "two lines"),
        ("_x_", "\\_x\\_"),
        ("ann@example.org", "\\*\\*\\*"),
        ("y" * 60, "y" * 39 + "…"),
    ],
)
def test_a_text_stays_in_its_cell_and_shows_no_address(value, shown):
    assert text(value) == shown


def test_a_page_is_no_longer_than_a_comment_may_be():
    state = State("name", "c0ffee", "What it does", Path())
    columns = [
        ColumnChange(f"column_{n}", 1, "sum", 1, 2, (Example(("k" * 40,), 1, 2),) * 3)
        for n in range(30)
    ]
    marts = [
        MartChange(f"mart_{n}", 1, 1, ("id",), changed_rows=1, columns=columns)
        for n in range(40)
    ]
    lengths = []
    # One of them is long alone: the others still have room.
    for count in (2, 40):
        marts[0].columns = columns * 20 if count == 40 else columns
        review = Review(
            *(state, state, "2025-12-31", [], [], []), marts[:count], ["a_test"], []
        )
        page = write_page(review)
        told = set(re.findall(r"<b>(mart_[0-9]+)</b>", page))
        _, _, left_out = page.partition("Not told of column by column")
        named = set(re.findall(r"mart_[0-9]+", left_out.partition("\n")[0]))
        assert told | named == {f"mart_{n}" for n in range(count)}
        assert not told & named
        assert ("mart_0" in named) == (count == 40)
        assert page.count("<details>") == page.count("</details>") == len(told)
        assert "- added: a_test" in page
        lengths.append(len(page))
    assert lengths[0] < 20_000
    assert 50_000 < lengths[1] <= 65_536


# ------------------------------------------------------- a real change of churn


@dataclass(frozen=True)
class Change:
    """Two states that were built for real, and what is said of them."""

    page: str
    base: Path
    head: Path


@pytest.fixture(scope="module")
def churn_change(tmp_path_factory: pytest.TempPathFactory) -> Change:
    """Churn counts on the day of the request, not at the end of the service."""
    folder = tmp_path_factory.mktemp("churn")
    clone = folder / "clone"
    shutil.copytree(
        PROJECT,
        clone,
        ignore=shutil.ignore_patterns(
            *(".git", ".venv", "__pycache__", ".*_cache", "target", "logs", "site"),
            *("*.duckdb", "*.wal"),
        ),
    )
    made = Repository(clone, folder)
    made.git("init", "--quiet")
    made.commit("before")
    presets = clone / "macros/policies/presets.sql"
    content = presets.read_text("utf-8")
    changed = content.replace("'ended_at'", "'cancel_requested_at'", 1)
    assert changed != content
    presets.write_text(changed, "utf-8")
    made.commit("after")
    states: list[State] = []
    builds: list[Built] = []
    for name in ("before", "after"):
        states.append(lay_out_commit(clone, name, folder / name))
        builds.append(
            build_demo(states[-1], folder / f"{name}_build", str(LAST_DAY), print)
        )
    return Change(
        write_page(compare_builds(*states, *builds, [])),
        *(built.warehouse for built in builds),
    )


@pytest.fixture(scope="module")
def both(churn_change: Change) -> Iterator[duckdb.DuckDBPyConnection]:
    """Both builds, attached as `old` and `new`."""
    with duckdb.connect() as connection:
        connection.execute(f"attach '{churn_change.base}' as old (read_only)")
        connection.execute(f"attach '{churn_change.head}' as new (read_only)")
        yield connection


def ask(connection: duckdb.DuckDBPyConnection, query: str) -> tuple:
    row = connection.execute(query).fetchone()
    assert row
    return row


def test_a_change_of_the_churn_definition_shows_in_headlines_and_settings(
    churn_change, both
):
    old, new = ask(
        both,
        "select o.ending_mrr, n.ending_mrr from old.marts.rpt_mrr_monthly as o"
        " inner join new.marts.rpt_mrr_monthly as n using (revenue_month)"
        " order by revenue_month desc limit 1",
    )
    assert old != new
    assert f"| MRR | {old:,.2f} | **{new:,.2f}** |" in churn_change.page
    assert "| churn_recognition | ended_at | cancel_requested_at |" in churn_change.page


def test_its_rows_are_counted_as_a_query_of_both_files_counts_them(churn_change, both):
    events = "marts.fct_churn_events"
    counts = [
        ask(both, f"select count(*) from {query}")[0]
        for query in (
            f"old.{events}",
            f"new.{events}",
            f"(select customer_key, churned_date from new.{events}"
            f" except select customer_key, churned_date from old.{events})",
            f"(select customer_key, churned_date from old.{events}"
            f" except select customer_key, churned_date from new.{events})",
        )
    ]
    assert min(counts) > 0
    assert "| fct_churn_events | {} | {} | {} | {} | 0 |".format(*counts) in (
        churn_change.page
    )


def test_its_cells_are_counted_and_summed_as_a_query_says(churn_change, both):
    changed, old, new = ask(
        both,
        "select count(*) filter (o.churned_customers <> n.churned_customers),"
        " sum(o.churned_customers), sum(n.churned_customers)"
        " from old.marts.rpt_churn_monthly as o"
        " inner join new.marts.rpt_churn_monthly as n using (revenue_month)",
    )
    assert changed > 0
    month, before, after = ask(
        both,
        "select revenue_month, o.churned_customers, n.churned_customers"
        " from old.marts.rpt_churn_monthly as o"
        " inner join new.marts.rpt_churn_monthly as n using (revenue_month)"
        " order by abs(o.churned_customers - n.churned_customers) desc, revenue_month"
        " limit 1",
    )
    assert (
        f"| churned_customers | {changed} | sum | {old} | {new} |"
        f" {month}: {before} → {after};" in churn_change.page
    )


def test_what_does_not_depend_on_churn_is_not_in_it(churn_change):
    overview = churn_change.page.partition("### Tables")[2].partition("<details>")[0]
    changed = set(re.findall(r"^\| (\w+_\w+) \|", overview, re.MULTILINE))
    assert {"fct_churn_events", "rpt_churn_monthly", "rpt_mrr_monthly"} <= changed
    assert not changed & {"fct_orders", "rpt_cac_monthly", "clv_model_parameters"}
    assert "@" not in churn_change.page


def test_two_builds_of_one_state_do_not_differ(churn_change, demo_scratch):
    with opened(demo_scratch / "work.duckdb") as built:
        marts = built.execute(
            "select table_name from information_schema.tables"
            " where table_schema = 'marts'"
        ).fetchall()
    keys = {name: KEYS.get(name, ()) for (name,) in marts}
    declared = json.loads((demo_scratch / "target/manifest.json").read_text("utf-8"))
    for node in declared["nodes"].values():
        metadata = node.get("test_metadata") or {}
        name = (node.get("attached_node") or "").rpartition(".")[2]
        if name in keys and metadata.get("kwargs", {}).get("primary_key"):
            keys[name] = tuple(metadata["kwargs"]["primary_key"])
    found = compare_marts(
        *(churn_change.base, demo_scratch / "work.duckdb"), *(keys, keys)
    )
    assert [one.name for one in found if one.is_changed] == []
    assert {one.name for one in found if one.not_by_row} == {
        "build_info",
        "rpt_restatements",
    }
