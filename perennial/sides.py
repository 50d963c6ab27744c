"""What is asked of a build to publish it, whichever engine holds its tables.

A side is what dbt left, what is published, or the history. It answers plain SQL
that every engine reads; what is compared is small, and compared here.
"""

from abc import ABC, abstractmethod

import duckdb

from perennial.warehouse import Build, columns_of, find_table, quoted, read_build


class Side(ABC):
    """The tables of one build, or of the history of all."""

    # In words, as a sentence begins or goes on: "the work file".
    name: str
    build: Build | None

    @abstractmethod
    def find_runs(self) -> str | None:
        """The record of dbt's runs, as SQL names it; None if there is none."""

    @abstractmethod
    def find_mart(self, name: str) -> str | None:
        """A public table, as SQL names it; None if it is not there."""

    @abstractmethod
    def find_snapshot(self, name: str) -> str | None:
        """A table of the history, as SQL names it; None if it is not there."""

    @abstractmethod
    def columns_of(self, mart: str) -> set[str]:
        """The columns of a public table; none where it is not there."""

    @abstractmethod
    def rows(self, sql: str) -> list[tuple]:
        """The answer to a query that every engine understands."""

    def literal(self, text: str) -> str:
        """A text as a literal of SQL."""
        return quoted(text)


class FileSide(Side):
    """A DuckDB file that is attached to a connection."""

    def __init__(
        self, connection: duckdb.DuckDBPyConnection, alias: str, name: str
    ) -> None:
        """Read which build it holds, if it is one."""
        self._connection = connection
        self._alias = alias
        self.name = name
        self.build = read_build(connection, alias)

    def find_runs(self) -> str | None:
        """The record stands beside the gate of the inputs, wherever that is."""
        row = self._connection.execute(
            """
            select min(table_schema)
            from information_schema.tables
            where table_catalog = ? and table_name = 'util_input_gate'
            """,
            [self._alias],
        ).fetchone()
        schema = row[0] if row else None
        return schema and self._find("dbt_runs", schema)

    def find_mart(self, name: str) -> str | None:
        """A table of the schema marts."""
        return self._find(name, "marts")

    def find_snapshot(self, name: str) -> str | None:
        """A table of any schema: a project may keep its history elsewhere."""
        return self._find(name)

    def columns_of(self, mart: str) -> set[str]:
        """The columns of a table of the schema marts."""
        return columns_of(self._connection, self._alias, mart)

    def rows(self, sql: str) -> list[tuple]:
        """The answer of DuckDB."""
        return self._connection.execute(sql).fetchall()

    def _find(self, name: str, schema: str | None = None) -> str | None:
        return find_table(self._connection, self._alias, name, schema)
