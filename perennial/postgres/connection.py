"""Connections to PostgreSQL as the profile describes them, each error in words."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from perennial.engines import EngineError, Target

if TYPE_CHECKING:
    from psycopg2.extensions import connection as Connection

# Fields of dbt's adapter that libpq knows by the same name; 0 is no value.
SAME_NAMES = (
    *("host", "port", "user", "password", "connect_timeout", "keepalives_idle"),
    *("sslmode", "sslcert", "sslkey", "sslrootcert"),
)


@contextmanager
def connected(target: Target) -> Iterator["Connection"]:
    """A connection; what is not committed at the end is undone.

    Raises:
        EngineError: the server cannot be reached, refuses the login, or could not
            do what it was asked.
    """
    psycopg2 = _client()
    try:
        connection = _connect(psycopg2, target)
    except psycopg2.Error as error:
        raise EngineError(
            f"cannot connect to PostgreSQL as the target {target.name} says: "
            f"{_connect_problem(error)}"
        ) from error
    try:
        yield connection
    except psycopg2.Error as error:
        raise EngineError(f"PostgreSQL says: {said(error)}") from error
    finally:
        connection.close()


def said(error: Exception) -> str:
    """What PostgreSQL says, without the lines that may show data."""
    primary = getattr(getattr(error, "diag", None), "message_primary", None)
    text = primary or (str(error).splitlines() or ["nothing"])[0]
    return text.removeprefix("FATAL:").strip()


def _client() -> Any:
    try:
        import psycopg2
    except ImportError as error:
        raise EngineError(
            "psycopg2 is not installed; run make setup-postgres, or pip install "
            "perennial[postgres]"
        ) from error
    return psycopg2


def _connect(psycopg2: Any, target: Target) -> "Connection":
    credentials = target.credentials
    given = {name: getattr(credentials, name, None) for name in SAME_NAMES}
    connection = psycopg2.connect(
        **{name: value for name, value in given.items() if value},
        dbname=credentials.database,
        application_name="perennial",
        client_encoding="UTF8",
    )
    if credentials.role:
        with connection.cursor() as cursor:
            cursor.execute("select set_config('role', %s, false)", [credentials.role])
        connection.commit()
    return connection


def _connect_problem(error: Exception) -> str:
    """The cause, without the hint whether a server is running there."""
    text = (str(error).strip().splitlines() or ["no cause given"])[0]
    return text.replace("FATAL:  ", "")
