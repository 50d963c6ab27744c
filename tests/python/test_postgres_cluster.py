"""The PostgreSQL that tests run on: its own, for itself, and gone afterwards."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import postgres_cluster
import psycopg2
import pytest
from postgres_cluster import ClusterError, find_programs, running

SCRIPT = Path(postgres_cluster.__file__)


def is_running(process_id: int) -> bool:
    with contextlib.suppress(ProcessLookupError):
        os.kill(process_id, 0)
        return True
    return False


def folder_of(cluster) -> Path:
    ((data,),) = cluster.run("show data_directory", user="postgres")
    return Path(data).parent


def test_it_is_gone_with_its_folder_also_after_a_failure():
    with pytest.raises(ZeroDivisionError), running() as cluster:
        folder = folder_of(cluster)
        # Someone who is still connected does not keep it.
        held = cluster.connect()
        assert folder.is_dir()
        assert is_running(cluster.process_id)
        _ = 1 / 0
    assert not held.closed
    assert not folder.exists()
    assert not is_running(cluster.process_id)


def test_it_ends_when_the_tests_are_killed():
    process = subprocess.Popen(
        [sys.executable, SCRIPT], stdout=subprocess.PIPE, text=True
    )
    said = [process.stdout.readline() for _ in range(6)]
    port = int(said[1].rsplit("=", 1)[1])
    process.kill()
    process.wait()
    process.stdout.close()
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        with socket.socket() as tried:
            if tried.connect_ex(("127.0.0.1", port)):
                return
        time.sleep(0.1)
    raise AssertionError("it still listens")


def test_a_wrong_password_is_refused(postgres):
    with pytest.raises(psycopg2.OperationalError, match="password authentication"):
        postgres.connect(password="wrong")


def test_it_listens_on_loopback_only(postgres):
    ((addresses,),) = postgres.run("show listen_addresses")
    assert addresses == "127.0.0.1"


def test_its_user_owns_a_database_and_may_do_nothing_else(postgres):
    ((role,),) = postgres.run(
        "select row(rolsuper, rolcreaterole, rolcreatedb, rolreplication)::text"
        " from pg_roles where rolname = current_user"
    )
    assert role == "(f,f,f,f)"
    postgres.run("create schema anything", "create table anything.at_all (a int)")


def test_text_is_sorted_as_in_english(postgres):
    assert postgres.run("select 'a' < 'B'") == [(True,)]


def test_without_postgresql_it_says_what_to_install(monkeypatch, tmp_path):
    monkeypatch.setattr(postgres_cluster, "INSTALLED", tmp_path)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ClusterError, match="apt-get install postgresql"):
        find_programs()


def test_the_newest_version_is_taken_by_number(monkeypatch, tmp_path):
    monkeypatch.setattr(postgres_cluster, "INSTALLED", tmp_path)
    for version in ("9.6", "15", "16"):
        (tmp_path / version / "bin").mkdir(parents=True)
        (tmp_path / version / "bin/initdb").touch()
    (tmp_path / "17/bin").mkdir(parents=True)
    assert find_programs() == tmp_path / "16/bin"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_by_hand_it_runs_until_it_is_stopped_and_prints_the_environment(number):
    process = subprocess.Popen(
        [sys.executable, SCRIPT], stdout=subprocess.PIPE, text=True
    )
    try:
        said = [process.stdout.readline() for _ in range(6)]
        environment = dict(
            line.removeprefix("export ").strip().split("=", 1) for line in said[:5]
        )
        connection = psycopg2.connect(
            host=environment["PERENNIAL_POSTGRES_HOST"],
            port=environment["PERENNIAL_POSTGRES_PORT"],
            dbname=environment["PERENNIAL_POSTGRES_DATABASE"],
            user=environment["PERENNIAL_POSTGRES_USER"],
            password=environment["PERENNIAL_POSTGRES_PASSWORD"],
        )
        with connection.cursor() as cursor:
            cursor.execute("select current_setting('port')")
            assert cursor.fetchone() == (environment["PERENNIAL_POSTGRES_PORT"],)
        connection.close()
        process.send_signal(number)
        assert process.wait(30) == 0
    finally:
        process.kill()
        process.stdout.close()
    with pytest.raises(psycopg2.OperationalError, match="refused"):
        psycopg2.connect(host="127.0.0.1", port=environment["PERENNIAL_POSTGRES_PORT"])
