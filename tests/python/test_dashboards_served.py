"""The interactive server: what is published now, for this machine, by any key."""

from __future__ import annotations

import html
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.parse
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pytest
from browser import Browser
from conftest import PROJECT, environment_of
from dashboard_projects import with_other_mrr

# What somebody could write into the address of a page.
STRANGE_KEYS = (
    "nobody",
    "files:o'hara",
    "x' or 1=1 --",
    "x'; drop table marts.dim_customers; --",
    "{{ 7 * 191 }}",
    "<script>document.title = 'taken'</script>",
    "../../etc/passwd",
    "100%25 é ☃",
)


@dataclass
class Served:
    """A server that runs, and the file that it reads."""

    port: int
    file: Path
    process: subprocess.Popen[bytes]

    def address(self, board: str, **variables: str) -> str:
        """Of a board, with a value for some of its variables."""
        query = f"?{urllib.parse.urlencode(variables)}" if variables else ""
        return f"http://127.0.0.1:{self.port}/{board}/{query}"

    def text(self, board: str, **variables: str) -> str:
        """All that a page says."""
        with urllib.request.urlopen(self.address(board, **variables)) as answer:
            page = answer.read().decode()
        picture = page[page.index("<svg") : page.rindex("</svg>")]
        drawn = re.sub(r"<style.*?</style>", "", picture, flags=re.DOTALL)
        said = html.unescape(re.sub(r"<[^>]+>", " ", drawn))
        return " ".join(said.split())


@pytest.fixture(scope="module")
def served(
    published_folder: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("served")
    file = Path(shutil.copy(published_folder / "published.duckdb", folder))
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    said = folder / "said.txt"
    with said.open("wb") as output:
        server = subprocess.Popen(
            [sys.executable, "-m", "perennial", "serve", "--port", str(port)],
            cwd=PROJECT,
            env=environment_of(folder),
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        wait_for(port, server, said)
        yield Served(port, file, server)
    finally:
        if is_answered("127.0.0.1", port):
            os.killpg(server.pid, signal.SIGKILL)
        server.wait(timeout=30)


def wait_for(port: int, server: subprocess.Popen[bytes], said: Path) -> None:
    """Until the server answers; it says why when it does not begin."""
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        if server.poll() is not None:
            pytest.fail(f"the server ended: {said.read_text()}")
        if is_answered("127.0.0.1", port):
            return
        time.sleep(0.2)
    pytest.fail(f"no answer from port {port}")


def is_answered(address: str, port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(5)
        return probe.connect_ex((address, port)) == 0


def test_what_is_published_while_the_server_runs_is_on_its_next_page(
    served: Served, browser: Browser
) -> None:
    for mrr in (23456, 65432):
        new = served.file.with_name("new.duckdb")
        shutil.copy(served.file, new)
        with_other_mrr(new, mrr)
        os.replace(new, served.file)  # noqa: PTH105
        with browser.open(served.address("revenue")) as opened:
            opened.page.wait_for_selector(f"text={mrr:,}", timeout=60_000)
            here = (f"http://127.0.0.1:{served.port}/", "ws://127.0.0.1")
            left = [url for url in opened.strange_requests if not url.startswith(here)]
            assert left == []


def test_only_this_machine_can_open_the_server(served: Served) -> None:
    # Another address of the loopback interface: who listens everywhere answers.
    assert is_answered("127.0.0.1", served.port)
    assert not is_answered("127.0.0.2", served.port)


def test_a_customer_is_found_by_key(served: Served) -> None:
    with duckdb.connect(served.file, read_only=True) as connection:
        key, value = connection.execute(
            """
            select customer_key, total_clv from marts.fct_customer_lifetime_value
            order by total_clv desc limit 1 offset 1
            """
        ).fetchone()
    text = served.text("customer", customer_key=key)
    assert f"$ {value:,.0f} Total CLV" in text
    assert f"{key} Customer" in text


def test_a_key_that_is_none_is_told_and_nothing_else_whatever_it_holds(
    served: Served,
) -> None:
    for key in STRANGE_KEYS:
        text = served.text("customer", customer_key=key)
        assert f'There is no customer with the key "{key}"' in text
        assert "Total CLV" not in text
    with duckdb.connect(served.file, read_only=True) as connection:
        (left,) = connection.execute(
            "select count(*) from marts.dim_customers"
        ).fetchone()
    assert left > 1000


def test_a_script_in_the_address_of_a_page_does_not_run(
    served: Served, browser: Browser
) -> None:
    script = "<script>document.title = 'taken'</script>"
    with browser.open(served.address("customer", customer_key=script)) as opened:
        opened.page.wait_for_selector("text=There is no customer", timeout=60_000)
        assert opened.page.title() != "taken"


# The last of this file: the server is gone after it.
def test_a_signal_to_the_command_ends_the_server_too(served: Served) -> None:
    served.process.terminate()
    assert served.process.wait(timeout=30) == 128 + signal.SIGTERM
    assert not is_answered("127.0.0.1", served.port)
