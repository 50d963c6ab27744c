"""Who reads what is published on PostgreSQL: one role, and only that schema."""

from typing import Any

from perennial.engines import EngineError
from perennial.postgres.sides import Schemas
from perennial.warehouse import identifier


def check_reader(cursor: Any, schemas: Schemas, inputs: str | None) -> None:
    """Have the role of the readers, which may read nothing but what is published.

    Args:
        cursor: of the transaction that publishes.
        schemas: where everything stands.
        inputs: the schema of the inputs, if they are in one.

    Raises:
        EngineError: it is missing and cannot be made, or it may read too much.
    """
    reader = schemas.reader
    cursor.execute(
        "select rolsuper, pg_has_role(oid, current_user, 'member')"
        " from pg_roles where rolname = %s",
        [reader],
    )
    role = cursor.fetchone()
    if role is None:
        _make_reader(cursor, reader)
        return
    if any(role):
        raise EngineError(
            f"the role {reader} may do all that the one who publishes may, and it "
            "is to read what is published only; name another with "
            "PERENNIAL_POSTGRES_READER"
        )
    cursor.execute(
        """
        select nspname
        from pg_namespace
        where
            (nspname like %s or nspname = %s)
            and has_schema_privilege(%s, oid, 'usage')
        order by nspname
        """,
        [schemas.target.schema.replace("_", r"\_") + r"\_%", inputs, reader],
    )
    if open_to_it := [name for (name,) in cursor.fetchall()]:
        raise EngineError(
            f"the role {reader} may use {', '.join(open_to_it)}, where addresses "
            "and birth dates may be; revoke it: "
            + "; ".join(
                f"revoke all on schema {identifier(name)} from {identifier(reader)}"
                for name in open_to_it
            )
        )


def _make_reader(cursor: Any, reader: str) -> None:
    cursor.execute(
        "select rolcreaterole or rolsuper from pg_roles where rolname = current_user"
    )
    if not cursor.fetchone()[0]:
        raise EngineError(
            f"there is no role {reader}, and this login may not make one; an "
            f"administrator runs: create role {identifier(reader)} nologin"
        )
    cursor.execute(f"create role {identifier(reader)} nologin")


def open_to_reader(cursor: Any, schema: str, reader: str) -> None:
    """Let the reader read a schema's tables."""
    name, role = identifier(schema), identifier(reader)
    cursor.execute(f"grant usage on schema {name} to {role}")
    cursor.execute(f"grant select on all tables in schema {name} to {role}")


def close_to_reader(cursor: Any, schema: str, reader: str) -> None:
    """Let the reader see nothing of a schema any more."""
    cursor.execute(
        f"revoke all on schema {identifier(schema)} from {identifier(reader)}"
    )
