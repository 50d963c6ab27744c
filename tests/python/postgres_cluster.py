"""A PostgreSQL server of its own: on loopback, in a temporary folder, then gone.

As root, whom PostgreSQL refuses, it runs as the user postgres. Text is sorted as
in English and not by bytes, as most databases have it: what rests on the order
of text must not pass unseen.

Usage: `python tests/python/postgres_cluster.py` runs one until Ctrl-C and prints
the environment of the target postgres.
"""

from __future__ import annotations

import contextlib
import os
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

HOST = "127.0.0.1"
INSTALLED = Path("/usr/lib/postgresql")
INSTALL = "install it: apt-get install postgresql (macOS: brew install postgresql)"
ADMINISTRATOR = "postgres"
SECONDS_TO_START = 60
SECONDS_TO_STOP = 30
PORTS_TO_TRY = 5
SETTINGS = {
    # It is thrown away: nothing of it has to outlive a power failure.
    "fsync": "off",
    "full_page_writes": "off",
    "synchronous_commit": "off",
    "listen_addresses": HOST,
    "max_connections": "60",
    "max_wal_size": "4GB",
    "shared_buffers": "128MB",
    "timezone": "UTC",
    "log_timezone": "UTC",
}


WATCH = """
import os, shutil, signal, sys, time
sys.stdin.read()
os.kill(int(sys.argv[1]), signal.SIGQUIT)
time.sleep(2)
shutil.rmtree(sys.argv[2], ignore_errors=True)
"""


class ClusterError(Exception):
    """Why there is no server, in words that say what to do."""


@dataclass(frozen=True)
class Cluster:
    """A running server, and one login to one of its databases."""

    host: str
    port: int
    database: str
    user: str
    password: str
    administrator_password: str
    process_id: int

    @property
    def environment(self) -> dict[str, str]:
        """The environment variables of the target postgres."""
        return {
            "PERENNIAL_POSTGRES_HOST": self.host,
            "PERENNIAL_POSTGRES_PORT": str(self.port),
            "PERENNIAL_POSTGRES_DATABASE": self.database,
            "PERENNIAL_POSTGRES_USER": self.user,
            "PERENNIAL_POSTGRES_PASSWORD": self.password,
        }

    def connect(self, user: str | None = None, password: str | None = None) -> Any:
        """A connection to the database, in which each statement is a transaction.

        Args:
            user: whom to log in as; without it, the owner of the database.
            password: of that user.
        """
        import psycopg2

        connection = psycopg2.connect(
            host=self.host,
            port=self.port,
            dbname=self.database,
            user=user or self.user,
            password=password or self.password,
            connect_timeout=10,
        )
        connection.autocommit = True
        return connection

    def administer(self) -> Any:
        """A connection to the database as the one who may do everything."""
        return self.connect(ADMINISTRATOR, self.administrator_password)

    def run(self, *statements: str, user: str | None = None) -> list[tuple]:
        """Run statements as the owner or the administrator; the last one's rows."""
        password = self.administrator_password if user == ADMINISTRATOR else None
        connection = self.connect(user, password)
        try:
            with connection.cursor() as cursor:
                for statement in statements:
                    cursor.execute(statement)
                return cursor.fetchall() if cursor.description else []
        finally:
            connection.close()

    def with_database(self, name: str) -> Cluster:
        """The same server with a new, empty database of the same owner."""
        self.run(f'create database "{name}" owner "{self.user}"', user=ADMINISTRATOR)
        return replace(self, database=name)

    def drop_database(self) -> None:
        """Drop the database, whoever is connected to it."""
        self.with_default().run(
            f'drop database "{self.database}" with (force)', user=ADMINISTRATOR
        )

    def with_default(self) -> Cluster:
        """The same server with the database that every server has."""
        return replace(self, database="postgres")


def find_programs() -> Path:
    """The folder of initdb and postgres, of the newest version there is.

    Raises:
        ClusterError: PostgreSQL is not installed.
    """
    versions = sorted(
        (path for path in INSTALLED.glob("*/bin") if (path / "initdb").exists()),
        key=lambda path: [int(part) for part in path.parent.name.split(".")],
    )
    if versions:
        return versions[-1]
    if found := shutil.which("initdb"):
        return Path(found).resolve().parent
    raise ClusterError(f"no PostgreSQL server found; {INSTALL}")


@contextmanager
def running() -> Iterator[Cluster]:
    """A server with a database perennial, whose owner may do nothing else.

    Raises:
        ClusterError: PostgreSQL is not installed, or does not start.
    """
    programs = find_programs()
    owner = _owner()
    folder = Path(tempfile.mkdtemp(prefix="perennial_postgres_"))
    try:
        if owner:
            os.chown(folder, owner.pw_uid, owner.pw_gid)
        administrator, password = secrets.token_urlsafe(), secrets.token_urlsafe()
        _initialise(programs, folder, owner, administrator)
        server, port = _start(programs, folder, owner)
        watcher = _watch(server, folder)
        try:
            default = Cluster(
                host=HOST,
                port=port,
                database="postgres",
                user="perennial",
                password=password,
                administrator_password=administrator,
                process_id=server.pid,
            )
            _wait_until_ready(default, server, folder)
            default.run(
                f"create role perennial login password '{password}'",
                user=ADMINISTRATOR,
            )
            yield default.with_database("perennial")
        finally:
            watcher.kill()
            watcher.wait()
            watcher.stdin.close()
            _stop(server)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _owner() -> pwd.struct_passwd | None:
    """Whom root runs the server as; None where this is not root."""
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        with contextlib.suppress(KeyError):
            return pwd.getpwnam(name)
    raise ClusterError(f"there is no user postgres to run the server; {INSTALL}")


def _identity(folder: Path, owner: pwd.struct_passwd | None) -> dict[str, Any]:
    """How a program of PostgreSQL is started: as whom, where, with what in hand."""
    options: dict[str, Any] = {
        "cwd": folder,
        "env": {"PATH": os.environ.get("PATH", ""), "LC_ALL": "C", "TZ": "UTC"},
        "stdin": subprocess.DEVNULL,
    }
    if owner:
        options |= {"user": owner.pw_uid, "group": owner.pw_gid, "extra_groups": []}
    return options


def _initialise(
    programs: Path, folder: Path, owner: pwd.struct_passwd | None, password: str
) -> None:
    secret = folder / "password"
    secret.touch(0o600)
    secret.write_text(password, encoding="utf-8")
    if owner:
        os.chown(secret, owner.pw_uid, owner.pw_gid)
    made = subprocess.run(
        [
            *(programs / "initdb", "--pgdata", folder / "data", "--no-sync"),
            *("--username", ADMINISTRATOR, "--pwfile", secret),
            *("--auth", "scram-sha-256", "--encoding", "UTF8", "--locale", "C"),
            *("--locale-provider", "icu", "--icu-locale", "en-US"),
        ],
        **_identity(folder, owner),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    secret.unlink()
    if made.returncode:
        raise ClusterError(
            f"initdb failed; version 15 or newer is needed:\n{made.stdout}"
        )


def _start(
    programs: Path, folder: Path, owner: pwd.struct_passwd | None
) -> tuple[subprocess.Popen[bytes], int]:
    """Start the server on a free port, another one where it was just taken."""
    log = folder / "log"
    for _ in range(PORTS_TO_TRY):
        port = _free_port()
        settings = SETTINGS | {"port": str(port), "unix_socket_directories": folder}
        with log.open("wb") as written:
            server = subprocess.Popen(
                [
                    *(programs / "postgres", "-D", folder / "data"),
                    *(
                        part
                        for name, value in settings.items()
                        for part in ("-c", f"{name}={value}")
                    ),
                ],
                **_identity(folder, owner),
                stdout=written,
                stderr=subprocess.STDOUT,
                # Ctrl-C is for the tests, which then stop the server.
                start_new_session=True,
            )
        if _listens(server, port):
            return server, port
        _stop(server)
        if "could not bind" not in log.read_text(errors="replace"):
            break
    raise ClusterError(f"PostgreSQL did not start:\n{log.read_text(errors='replace')}")


def _watch(server: subprocess.Popen[bytes], folder: Path) -> subprocess.Popen[bytes]:
    """End the server when this process is gone, however it went: its pipe ends."""
    return subprocess.Popen(
        [sys.executable, "-c", WATCH, str(server.pid), folder],
        stdin=subprocess.PIPE,
        start_new_session=True,
    )


def _free_port() -> int:
    with socket.socket() as bound:
        bound.bind((HOST, 0))
        return bound.getsockname()[1]


def _listens(server: subprocess.Popen[bytes], port: int) -> bool:
    """Whether the server comes to listen; False when it ends instead."""
    deadline = time.monotonic() + SECONDS_TO_START
    while time.monotonic() < deadline and server.poll() is None:
        with contextlib.suppress(OSError), socket.create_connection((HOST, port), 1):
            return True
        time.sleep(0.05)
    return False


def _wait_until_ready(
    cluster: Cluster, server: subprocess.Popen[bytes], folder: Path
) -> None:
    """Wait until it answers: it listens a little before."""
    import psycopg2

    deadline = time.monotonic() + SECONDS_TO_START
    while True:
        try:
            cluster.administer().close()
            return
        except psycopg2.OperationalError as error:
            if server.poll() is not None or time.monotonic() > deadline:
                log = (folder / "log").read_text(errors="replace")
                raise ClusterError(
                    f"PostgreSQL does not answer: {error}\n{log}"
                ) from error
        time.sleep(0.05)


def _stop(server: subprocess.Popen[bytes]) -> None:
    """End the server and its processes: at once, but in order if it can."""
    for number in (signal.SIGINT, signal.SIGQUIT, signal.SIGKILL):
        if server.poll() is not None:
            return
        server.send_signal(number)
        with contextlib.suppress(subprocess.TimeoutExpired):
            server.wait(SECONDS_TO_STOP)


def main() -> int:
    """Run a server until Ctrl-C or SIGTERM, and print its environment."""

    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    try:
        with running() as cluster:
            for name, value in cluster.environment.items():
                print(f"export {name}={value}")
            print("# runs until Ctrl-C", flush=True)
            while True:
                signal.pause()
    except KeyboardInterrupt:
        return 0
    except ClusterError as error:
        print(f"Error: {error}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    raise SystemExit(main())
