"""Load a folder: read it, then copy what was read to the engine of the target."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from perennial.build import Say
from perennial.contract import read_contract
from perennial.engines import read_target
from perennial.loading.problem import LoadError
from perennial.loading.staging import staged, temporary_folder

# A name that every engine takes without quotes.
SCHEMA_NAME = re.compile(r"[a-z_][a-z0-9_]{0,62}")


@dataclass(frozen=True)
class LoadedTable:
    """What became of one table of the contract."""

    name: str
    # None where the folder does not have the table.
    row_count: int | None
    unreadable_count: int

    @property
    def in_words(self) -> str:
        """Rows that were split, and lines that could not be."""
        if self.row_count is None:
            return "absent"
        lines = self.unreadable_count
        left = f", {lines} line{'s' if lines > 1 else ''} that could not be split"
        return f"{self.row_count} rows{left if lines else ''}"


def load_folder(
    folder: Path,
    target_name: str,
    schema: str,
    variables: dict[str, object],
    staging_folder: Path | None,
    say: Say,
    before_commit: Callable[[], None],
) -> list[LoadedTable]:
    """Replace the input tables of a schema by the files of a folder.

    Args:
        folder: of the files.
        target_name: of dbt's profile.
        schema: of the tables; made if it is not there.
        variables: of a build; those that say how files are read matter.
        staging_folder: which all workers of a Spark cluster see under this path.
        say: takes the lines that a person wants to see.
        before_commit: called when all that is left is to make it so.

    Raises:
        LoadError, EngineError, BuildError, WarehouseError: why nothing was loaded.
    """
    if not folder.is_dir():
        raise LoadError(f"there is no folder {folder}")
    if not SCHEMA_NAME.fullmatch(schema):
        raise LoadError(
            f"--schema {schema} is no plain name: small letters, digits and "
            "underscores, like raw"
        )
    for name in ("input_path", "input_schema"):
        if name in variables:
            raise LoadError(f"{name} is given by FOLDER and --schema, not in --vars")
    target = read_target(target_name, variables)
    names = list(read_contract())
    if target.engine == "postgres":
        # Here, because the parts that each needs are optional.
        from perennial.loading.postgres import check_postgres, load_postgres

        check_postgres(target, schema, names)
        with (
            temporary_folder() as temporary,
            staged(folder, variables, say, temporary) as read,
        ):
            load_postgres(target, schema, read, before_commit)
    elif target.engine == "spark":
        from perennial.loading.spark import check_spark, load_spark
        from perennial.spark.session import session_of

        with session_of(target) as spark:
            check_spark(spark, schema, names)
            with (
                temporary_folder() as temporary,
                staged(folder, variables, say, temporary) as read,
                temporary_folder(staging_folder or temporary) as shared,
            ):
                load_spark(spark, schema, read, shared, before_commit)
    else:
        raise LoadError(
            f"the target {target.name} is {target.engine}; files are loaded into "
            "postgres and spark. DuckDB reads them as they are: dbt build --vars "
            f"'{{input_path: {folder}}}'"
        )
    counts = {table.name: table for table in read.tables}
    return [
        LoadedTable(name, counts[name].row_count, counts[name].unreadable_count)
        if name in counts
        else LoadedTable(name, None, 0)
        for name in names
    ]
