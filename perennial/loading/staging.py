"""Read the files as every build does: dbt's staging models, in a temporary file.

So a file that a build refuses is refused here in the same words, and each line
that cannot be split has its place and cause before it reaches another engine.
"""

import json
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import duckdb

from perennial.build import Say, check_inputs, dbt_environment, run_dbt_to_end
from perennial.contract import read_contract
from perennial.warehouse import SETTINGS, attach, engine

# What a row of a loaded table has beside the columns of the contract; by them
# the build knows such a table: macros/inputs/read_input.sql.
PLACES = ("file_name", "line_number", "line_count", "unreadable_because")
NUMBERS = ("line_number", "line_count")
UNCHANGED = "Nothing was loaded"


@dataclass(frozen=True)
class StagedTable:
    """The rows of one table of the contract, and where DuckDB has them."""

    name: str
    relation: str
    columns: tuple[str, ...]
    # Rows that were split, and lines that could not be.
    row_count: int
    unreadable_count: int


@dataclass(frozen=True)
class Staged:
    """What a folder holds, ready to be copied."""

    connection: duckdb.DuckDBPyConnection
    tables: list[StagedTable]
    # Tables of the contract that the folder does not have.
    absent: list[str]


@contextmanager
def staged(
    folder: Path, variables: dict[str, object], say: Say, temporary: Path
) -> Iterator[Staged]:
    """Read a folder, and have its rows at hand.

    Args:
        folder: of the files.
        variables: of a build; those that say how files are read matter.
        say: takes the lines that a person wants to see.
        temporary: a folder of the caller's, which it removes.

    Raises:
        BuildError: the files cannot be read; what dbt says of them was said.
        WarehouseError: an environment variable has no value for DuckDB.
    """
    variables = {**variables, "input_path": str(folder)}
    check_inputs(variables, UNCHANGED)
    work = temporary / "work.duckdb"
    _run_staging(variables, work, say)
    contract = read_contract()
    brought = {name for name in contract if _is_brought(folder, name)}
    with engine(temporary) as connection:
        attach(connection, work, "opened", what="what was read", remedy="load again")
        yield Staged(
            connection,
            [
                _describe(connection, name, tuple(table.columns))
                for name, table in contract.items()
                if name in brought
            ],
            [name for name in contract if name not in brought],
        )


@contextmanager
def temporary_folder(parent: Path | None = None) -> Iterator[Path]:
    """A folder for as long as it is needed, where large files may stand.

    Args:
        parent: whose rights it has, for others who may look into that one;
            without it, nobody else may look into it.
    """
    place = parent or os.environ.get("PERENNIAL_TEMP_DIRECTORY")
    with tempfile.TemporaryDirectory(prefix="perennial_load_", dir=place) as name:
        folder = Path(name).resolve()
        if parent:
            folder.chmod(parent.stat().st_mode)
        yield folder


def _run_staging(variables: dict[str, object], work: Path, say: Say) -> None:
    """Run the models, then hold what they read against the lines of the files."""
    given = json.dumps(variables, default=str)
    profile = _write_profile(work)
    environment = {
        **dbt_environment(),
        "DBT_TARGET_PATH": str(work.with_name("target")),
        "DBT_LOG_PATH": str(work.with_name("logs")),
    }
    options = (
        *("--profiles-dir", str(profile.parent), "--profile", "perennial_load"),
        *("--target", "duckdb", "--vars", given),
    )
    failed = "the files cannot be loaded as they are"
    for command in (
        ("run", "--select", "perennial.staging"),
        ("run-operation", "stop_on_half_read_inputs"),
    ):
        run_dbt_to_end(
            ["--no-use-colors", *command, *options],
            *(failed, UNCHANGED, work.parent, say, environment),
        )


def _write_profile(work: Path) -> Path:
    """A profile with one target, whatever the user's own has."""
    settings = {name: os.environ.get(place) for name, place in SETTINGS.items()}
    output = {
        "type": "duckdb",
        "path": str(work),
        "schema": "main",
        "threads": 4,
        "module_paths": ["."],
        "settings": {"TimeZone": "UTC"},
        "config_options": {name: value for name, value in settings.items() if value},
    }
    path = work.with_name("profiles.yml")
    # JSON is YAML, and needs no one to quote it.
    path.write_text(
        json.dumps(
            {"perennial_load": {"target": "duckdb", "outputs": {"duckdb": output}}}
        ),
        encoding="utf-8",
    )
    return path


def _is_brought(folder: Path, name: str) -> bool:
    """Whether a folder has a table, in any of the forms that a build reads."""
    return (folder / name).is_dir() or any(
        (folder / f"{name}{ending}").exists() for ending in (".csv", ".parquet")
    )


def _describe(
    connection: duckdb.DuckDBPyConnection, name: str, columns: tuple[str, ...]
) -> StagedTable:
    relation = f"opened.staging.stg_files__{name}"
    row = connection.execute(
        f"select count(*), count(unreadable_because) from {relation}"
    ).fetchone()
    rows, unreadable = row or (0, 0)
    return StagedTable(
        name, relation, (*PLACES, *columns), rows - unreadable, unreadable
    )


def find_nul(staged: Staged, table: StagedTable) -> str | None:
    """The first cell with a NUL character: "orders.csv, line 7: platform"."""
    for column in table.columns:
        if column in PLACES:
            continue
        row = staged.connection.execute(
            f"select file_name, line_number from {table.relation} "
            f"where contains({column}, chr(0)) order by file_name, line_number limit 1"
        ).fetchone()
        if row:
            return f"{row[0]}, {place_word(row[0])} {row[1]}: {column}"
    return None


def place_word(file_name: str) -> str:
    """What a place in a file is counted in."""
    return "line" if file_name.endswith(".csv") else "row"
