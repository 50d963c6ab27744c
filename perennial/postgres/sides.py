"""The schemas of a PostgreSQL database that dbt builds in and readers see."""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from perennial.engines import EngineError, Target
from perennial.kept import name_of
from perennial.publishing import find_public_schema
from perennial.sides import Side
from perennial.warehouse import Build, build_from, identifier

READER = "bi_reader"
# PostgreSQL cuts longer names; a kept one has the start and id of its build.
LONGEST_NAME = 63
ENDING = re.compile(r"_\d{8}t\d{6}_[0-9a-z]+")
LONGEST_PUBLIC_NAME = LONGEST_NAME - len("_20251231t235959_12345678")


@dataclass(frozen=True)
class Schemas:
    """Where tables stand in the database, and who reads what is published."""

    target: Target
    public: str
    reader: str

    @property
    def new(self) -> str:
        """What is being written; nobody else ever sees it."""
        return f"{self.public}_new"

    def kept(self, build: Build) -> str:
        """Where a build goes when another takes its place."""
        return f"{self.public}_{name_of(build).lower().replace('-', '_')}"

    def is_kept(self, schema: str) -> bool:
        """Whether a schema is called as one that was kept."""
        begin, ending = schema[: len(self.public)], schema[len(self.public) :]
        return begin == self.public and bool(ENDING.fullmatch(ending))


def find_schemas(
    target: Target, environment: Mapping[str, str] = os.environ
) -> Schemas:
    """The schemas of a target, and the reader that the environment names.

    Raises:
        EngineError: what readers see cannot be called so.
    """
    public = find_public_schema(target, environment)
    if len(public.encode()) > LONGEST_PUBLIC_NAME:
        raise EngineError(
            f"PERENNIAL_PUBLIC_SCHEMA is {public}; kept builds add 25 letters to it: "
            f"name one of at most {LONGEST_PUBLIC_NAME}"
        )
    reader = environment.get("PERENNIAL_POSTGRES_READER") or READER
    return Schemas(target, public, reader)


class SchemaSide(Side):
    """Some schemas of the database."""

    def __init__(
        self, cursor: Any, name: str, marts: str, target: Target | None = None
    ) -> None:
        """Take the schema of the marts; of what dbt left, the target too."""
        self._cursor = cursor
        self._marts = marts
        self._target = target
        self.name = name
        self.build = self._read_build()

    def find_runs(self) -> str | None:
        """The record of dbt's runs; published schemas have none."""
        return self._find(self._schema_of("utilities"), "dbt_runs")

    def find_mart(self, name: str) -> str | None:
        """A table of the schema of the marts."""
        return self._find(self._marts, name)

    def find_snapshot(self, name: str) -> str | None:
        """A table of the schema of the history."""
        return self._find(self._schema_of("snapshots"), name)

    def columns_of(self, mart: str) -> set[str]:
        """The columns of a table of the schema of the marts."""
        self._cursor.execute(
            """
            select attname
            from pg_attribute
            where
                attrelid = to_regclass(%s)
                and attnum > 0
                and not attisdropped
            """,
            [_named(self._marts, mart)],
        )
        return {name for (name,) in self._cursor.fetchall()}

    @property
    def schema_of_inputs(self) -> str | None:
        """Where the inputs of the build stand, as build_info says it."""
        if "input_origin" not in self.columns_of("build_info"):
            return None
        ((origin,),) = self.rows(
            f"select input_origin from {self.find_mart('build_info')}"
        )
        kind, _, name = str(origin).partition(" ")
        return name.rpartition(".")[2] if kind == "schema" else None

    def rows(self, sql: str) -> list[tuple]:
        """The answer of PostgreSQL."""
        self._cursor.execute(sql)
        return self._cursor.fetchall()

    def _schema_of(self, folder: str) -> str | None:
        return self._target and self._target.schema_of(folder)

    def _find(self, schema: str | None, name: str) -> str | None:
        if schema is None:
            return None
        named = _named(schema, name)
        self._cursor.execute("select to_regclass(%s)", [named])
        return named if self._cursor.fetchone()[0] else None

    def _read_build(self) -> Build | None:
        table = self.find_mart("build_info")
        if table is None:
            return None
        self._cursor.execute(f"select * from {table}")
        names = [column.name for column in self._cursor.description]
        row = self._cursor.fetchone()
        return build_from(dict(zip(names, row, strict=True)) if row else {})


def _named(schema: str, table: str) -> str:
    return f"{identifier(schema)}.{identifier(table)}"
