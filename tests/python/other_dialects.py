"""SQL of one engine in the words of another, or why that cannot be."""

from __future__ import annotations

import json
from pathlib import Path

import sqlglot
from sqlglot import ErrorLevel, exp
from sqlglot.dialects import Postgres
from sqlglot.errors import SqlglotError


class PostgresNullsAnywhere(Postgres):
    """PostgreSQL where it does not matter where nulls are sorted.

    What models sort by in a window is never null; where it may be, they say
    where nulls go. BigQuery sorts them first and has no words for it there.
    """

    NULL_ORDERING = "nulls_are_small"


# Dialect -> the one it is translated from: nearest in types and functions. The
# adapter of Databricks takes the macros of Spark.
SOURCES = {
    "snowflake": "postgres",
    "bigquery": PostgresNullsAnywhere,
    "redshift": "postgres",
    "databricks": "spark",
}
COMPILED = {"model", "snapshot", "test", "analysis"}
FROM_POSTGRES = [name for name, source in SOURCES.items() if source != "spark"]


def sql_of_nodes(manifest: Path) -> dict[str, str]:
    """Node to its SQL, of all that was compiled."""
    nodes = json.loads(manifest.read_text(encoding="utf-8"))["nodes"]
    return {
        name: node["compiled_code"]
        for name, node in nodes.items()
        if node["resource_type"] in COMPILED
        and node["language"] == "sql"
        and node.get("compiled_code")
    }


def fault_of(sql: str, dialect: str) -> str:
    """Why the SQL of its source cannot be said in a dialect; empty if it can."""
    try:
        for statement in sqlglot.parse(sql, read=SOURCES[dialect]):
            spelled_out = with_windows_spelled_out(with_joined_numbers(statement))
            translated = spelled_out.sql(
                dialect=dialect, unsupported_level=ErrorLevel.RAISE
            )
            sqlglot.parse_one(translated, read=dialect)
    except SqlglotError as error:
        return " ".join(str(error).split())[:300]
    return ""


def with_joined_numbers(statement: exp.Expression) -> exp.Expression:
    """The same with the join by range of default__join_numbers.

    PostgreSQL counts for each row instead, in words that are its own.
    """
    for series in statement.find_all(exp.ExplodingGenerateSeries):
        lateral = series.parent
        alias = lateral.args["alias"]
        (column,) = alias.columns
        number = exp.column(column.name, table=alias.name)
        joined = exp.Join(
            this=exp.to_table(alias.name),
            kind="INNER",
            on=exp.LTE(this=number, expression=series.args["end"].copy()),
        )
        lateral.parent.replace(joined)
    return statement


def with_windows_spelled_out(statement: exp.Expression) -> exp.Expression:
    """The same with each named window where it is used: sqlglot loses the names."""
    for select in statement.find_all(exp.Select):
        named = {window.name: window for window in select.args.get("windows") or ()}
        for window in select.find_all(exp.Window):
            if window.alias not in named or window.parent is select:
                continue
            definition = named[window.alias].copy()
            window.set("alias", None)
            for part in ("partition_by", "order", "spec"):
                window.set(part, definition.args.get(part))
        select.set("windows", None)
    return statement
