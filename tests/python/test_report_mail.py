"""Reports handed to a real mail server on this machine, and to none."""

from __future__ import annotations

import re
import shutil
import socket
import ssl
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult
from click.testing import Result
from report_desk import RECIPIENTS, SMALL, Desk, Page, rows_of_text

from perennial.report import sending

USER, PASSWORD = "reporter", "correct-horse-battery"
SENDER = "Perennial Reports <reports@example.com>"


class Mailbox:
    """What a mail server received, and what it refuses."""

    def __init__(self, *refused: str) -> None:
        """Refuse some recipients."""
        self.refused = refused
        self.farewell = "221 Bye"
        self.mails: list[tuple[list[str], bytes]] = []

    async def handle_RCPT(
        self, server: Any, session: Any, envelope: Any, address: str, options: Any
    ) -> str:
        """Take a recipient, or say no with the address in it, as servers do."""
        if address in self.refused:
            return f"550 no such user {address}"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        """Keep the mail as it came."""
        self.mails.append((list(envelope.rcpt_tos), bytes(envelope.content)))
        return "250 OK"

    async def handle_QUIT(self, server: Any, session: Any, envelope: Any) -> str:
        """Say goodbye."""
        return self.farewell

    # No property: the server looks at each attribute before there is a mail.
    def only_mail(self) -> EmailMessage:
        """The mail, where there is one."""
        ((_, content),) = self.mails
        return message_from_bytes(content, policy=policy.default)


class Postman(Controller):
    """A server whose own name needs no look-up in the network."""

    def factory(self) -> SMTP:
        """A server for one connection."""
        return SMTP(self.handler, hostname="mail.test", **self.SMTP_kwargs)


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]


@contextmanager
def server(mailbox: Mailbox, **options: Any) -> Iterator[dict[str, str]]:
    """A running server, as the environment names it."""
    postman = Postman(mailbox, hostname="127.0.0.1", port=free_port(), **options)
    postman.start()
    try:
        yield environment(postman.port)
    finally:
        postman.stop()


def environment(port: int, **further: str) -> dict[str, str]:
    return {
        "PERENNIAL_SMTP_HOST": "127.0.0.1",
        "PERENNIAL_SMTP_PORT": str(port),
        "PERENNIAL_SMTP_TLS": "none",
        "PERENNIAL_SMTP_USER": "",
        "PERENNIAL_SMTP_PASSWORD": "",
        "PERENNIAL_REPORT_FROM": SENDER,
        **further,
    }


def authenticator(server: Any, session: Any, envelope: Any, how: str, data: Any):
    given = (data.login.decode(), data.password.decode())
    return AuthResult(success=given == (USER, PASSWORD), handled=False)


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A self-made certificate of 127.0.0.1, and its key."""
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.fail("there is no openssl here: apt-get install openssl")
    folder = tmp_path_factory.mktemp("certificate")
    paths = (folder / "server.pem", folder / "key.pem")
    subprocess.run(
        [
            *(openssl, "req", "-x509", "-newkey", "rsa:2048", "-nodes"),
            *("-out", str(paths[0]), "-keyout", str(paths[1])),
            *("-days", "2", "-subj", "/CN=127.0.0.1"),
            *("-addext", "subjectAltName=IP:127.0.0.1"),
        ],
        check=True,
        capture_output=True,
    )
    return paths


@pytest.fixture
def secured(certificate: tuple[Path, Path]) -> ssl.SSLContext:
    """The server's side of TLS."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*certificate)
    return context


@pytest.fixture
def desk(published_folder: Path, tmp_path: Path) -> Desk:
    """A desk with one small report for two people."""
    made = Desk(tmp_path, published_folder / "published.duckdb")
    made.define("board")
    return made


def send(desk: Desk, *names: str, **environment: str) -> Result:
    """Send, and see that nobody's secret is in what is said or written."""
    result = desk.run(*names, "--send", **environment)
    written = [
        path.read_bytes() for path in desk.folder.rglob("site/**/*") if path.is_file()
    ]
    for secret in (*RECIPIENTS, "board@", PASSWORD, USER):
        assert secret not in result.output
        assert not [content for content in written if secret.encode() in content]
    return result


def assert_not_sent(result: Result, *words: str) -> None:
    """Exit code 1 and one sentence."""
    assert result.exit_code == 1
    assert isinstance(result.exception, SystemExit)
    assert len(result.stderr.splitlines()) == 1, result.stderr
    for word in words:
        assert word in result.stderr
    assert "sent to" not in result.stdout


# ---------------------------------------------------------------------- received


def test_the_mail_has_text_page_pictures_and_pdf(desk):
    # A line that begins with From is changed on the way, by who is not careful.
    desk.define("board", SMALL.replace("title: Board", "title: From the board"))
    mailbox = Mailbox()
    with server(mailbox) as settings:
        result = send(desk, **settings)
    assert result.exit_code == 0, result.output
    assert result.stdout.splitlines()[-1] == "report board: sent to 2 recipients"
    ((recipients, content),) = mailbox.mails
    assert tuple(recipients) == RECIPIENTS
    mail = mailbox.only_mail()
    kinds = [part.get_content_type() for part in mail.walk()]
    assert kinds == [
        "multipart/mixed",
        "multipart/alternative",
        "text/plain",
        "multipart/related",
        "text/html",
        "image/png",
        "application/pdf",
    ]
    text, html, picture, pdf = [
        part.get_content() for part in mail.walk() if not part.is_multipart()
    ]
    assert text.replace("\r\n", "\n") == desk.text("board")
    page = Page(html)
    assert page.cells == rows_of_text(text)
    (png,) = [part for part in mail.walk() if part.get_content_type() == "image/png"]
    assert page.sources == [f"cid:{png['Content-ID'].strip('<>')}"]
    assert picture.startswith(b"\x89PNG")
    assert pdf == desk.file("board", "pdf").read_bytes()
    assert mail["Subject"] == "From the board, December 2025"
    # Nobody learns who else got it.
    assert mail["To"] == "undisclosed-recipients:;"
    assert mail["Cc"] is mail["Bcc"] is None
    assert not [one for one in RECIPIENTS if one.encode() in content]
    assert mail["From"] == SENDER
    assert mail["Message-ID"].endswith("@example.com>")
    # What was received is what was written, but for the server's line ends.
    written = desk.file("board", "eml").read_bytes()
    assert content.rstrip() == written.rstrip()
    assert len(content) < 300_000
    assert max(map(len, content.split(b"\r\n"))) <= 998


def test_without_send_no_server_is_asked(desk):
    mailbox = Mailbox()
    with server(mailbox) as settings:
        result = desk.run(**settings)
    assert result.exit_code == 0
    assert mailbox.mails == []
    assert "sent" not in result.output


def test_what_is_sent_twice_has_one_id(desk):
    # A name that is none of a message id, which follows from the content alone.
    desk.define("the board's", SMALL)
    mailbox = Mailbox()
    with server(mailbox) as settings:
        send(desk, "the board's", **settings)
        send(desk, "the board's", **settings)
    first, second = (
        message_from_bytes(content, policy=policy.default)["Message-ID"]
        for _, content in mailbox.mails
    )
    assert first == second
    assert re.fullmatch(r"<[0-9a-f]{32}@example\.com>", first)


def test_a_mail_that_was_taken_is_sent_whatever_is_said_at_the_end(desk):
    mailbox = Mailbox()
    mailbox.farewell = "421 too busy for that"
    with server(mailbox) as settings:
        result = send(desk, **settings)
    assert result.exit_code == 0, result.output
    assert len(mailbox.mails) == 1


def test_two_reports_are_two_mails(desk):
    desk.define(
        "sales", SMALL.replace("Board", "Sales").replace("headlines", "products")
    )
    mailbox = Mailbox()
    with server(mailbox) as settings:
        result = send(desk, **settings)
    assert result.exit_code == 0, result.output
    subjects = [
        message_from_bytes(content, policy=policy.default)["Subject"]
        for _, content in mailbox.mails
    ]
    assert subjects == ["Board, December 2025", "Sales, December 2025"]


@pytest.mark.parametrize("tls", ["starttls", "tls"])
def test_it_is_sent_over_tls_with_a_login(tls, desk, certificate, secured):
    mailbox = Mailbox()
    asked = []

    def ask(*given: Any) -> AuthResult:
        asked.append(given)
        return authenticator(*given)

    how: dict[str, Any] = {"authenticator": ask}
    if tls == "tls":
        # The controller's own SSL: the server believes that it is not secured.
        how |= {"ssl_context": secured, "auth_require_tls": False}
    else:
        how |= {"tls_context": secured, "auth_required": True}
    with server(mailbox, **how) as settings:
        settings |= {
            "PERENNIAL_SMTP_TLS": tls,
            "PERENNIAL_SMTP_USER": USER,
            "PERENNIAL_SMTP_PASSWORD": PASSWORD,
            "SSL_CERT_FILE": str(certificate[0]),
        }
        result = send(desk, **settings)
    assert result.exit_code == 0, result.output
    assert len(asked) == 1
    assert mailbox.only_mail()["Subject"] == "Board, December 2025"


# ----------------------------------------------------------------------- refused


def test_refused_recipients_are_counted_and_not_named(desk):
    mailbox = Mailbox(RECIPIENTS[1])
    with server(mailbox) as settings:
        result = send(desk, **settings)
        assert_not_sent(
            result, "refused 1 of 2 recipients (550); it was sent to the others"
        )
    ((recipients, _),) = mailbox.mails
    assert recipients == [RECIPIENTS[0]]


def test_where_all_recipients_are_refused_nothing_is_sent(desk):
    mailbox = Mailbox(*RECIPIENTS)
    with server(mailbox) as settings:
        assert_not_sent(
            send(desk, **settings), "not sent", "refused 2 of 2 recipients (550)"
        )
    assert mailbox.mails == []


def test_a_report_that_is_refused_does_not_stop_the_next(desk):
    desk.define("alone", SMALL.replace("[ada.board@example.com, ", "["))
    mailbox = Mailbox(RECIPIENTS[1])
    with server(mailbox) as settings:
        result = send(desk, "alone", "board", **settings)
    assert result.exit_code == 1
    assert [line.split(":")[1] for line in result.stderr.splitlines()] == [
        " report alone",
        " report board",
    ]
    assert len(mailbox.mails) == 1


def test_a_wrong_password_is_told_without_it(desk, certificate, secured):
    with server(
        Mailbox(), authenticator=authenticator, tls_context=secured
    ) as settings:
        settings |= {
            "PERENNIAL_SMTP_TLS": "starttls",
            "PERENNIAL_SMTP_USER": USER,
            "PERENNIAL_SMTP_PASSWORD": "wrong-staple",
            "SSL_CERT_FILE": str(certificate[0]),
        }
        result = send(desk, **settings)
    assert_not_sent(result, "refused the login (535)", "PERENNIAL_SMTP_PASSWORD")
    assert "wrong-staple" not in result.output


def test_a_certificate_that_nobody_signed_is_refused(desk, secured):
    mailbox = Mailbox()
    with server(mailbox, tls_context=secured) as settings:
        result = send(desk, **settings | {"PERENNIAL_SMTP_TLS": "starttls"})
    assert_not_sent(result, "is not trusted", "SSL_CERT_FILE")
    assert mailbox.mails == []


def test_a_server_that_offers_no_tls_gets_no_mail(desk):
    mailbox = Mailbox()
    with server(mailbox) as settings:
        result = send(desk, **settings | {"PERENNIAL_SMTP_TLS": "starttls"})
    assert_not_sent(result, "does not offer TLS")
    assert mailbox.mails == []


def test_a_server_that_offers_no_login_gets_no_mail(desk):
    with server(Mailbox()) as settings:
        settings |= {
            "PERENNIAL_SMTP_USER": USER,
            "PERENNIAL_SMTP_PASSWORD": PASSWORD,
        }
        assert_not_sent(send(desk, **settings), "does not offer a login")


def test_tls_from_the_first_byte_where_there_is_none_is_told(desk):
    with server(Mailbox()) as settings:
        result = send(desk, **settings | {"PERENNIAL_SMTP_TLS": "tls"})
    assert_not_sent(result, "does not speak TLS like this")


def test_no_server_is_told_and_the_report_is_written(desk):
    port = free_port()
    result = send(desk, **environment(port))
    assert_not_sent(result, f"127.0.0.1:{port} cannot be reached (connection refused)")
    assert desk.file("board", "eml").exists()


def test_a_host_that_is_not_there_is_told(desk, monkeypatch):
    def unknown(*_: Any, **__: Any) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    settings = environment(25, PERENNIAL_SMTP_HOST="mail.invalid")
    assert_not_sent(send(desk, **settings), "there is no host mail.invalid")


def test_a_server_that_says_nothing_is_given_up(desk, monkeypatch):
    monkeypatch.setattr(sending, "TIMEOUT_SECONDS", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        settings = environment(silent.getsockname()[1])
        assert_not_sent(send(desk, **settings), "did not answer in 0.2 seconds")


def test_a_server_that_hangs_up_is_told(desk):
    def hang_up(listening: socket.socket) -> None:
        connection, _ = listening.accept()
        connection.close()

    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=hang_up, args=(listening,))
        thread.start()
        settings = environment(listening.getsockname()[1])
        result = send(desk, **settings)
        thread.join()
    assert_not_sent(result, "not sent: the mail server")


# ----------------------------------------------------------------------- settings

WRONG = {
    "no host": ({"HOST": ""}, "PERENNIAL_SMTP_HOST is not set"),
    "a TLS that is none": ({"TLS": "ssl"}, "is none of starttls, tls, none"),
    "a port that is none": ({"PORT": "smtp"}, "PERENNIAL_SMTP_PORT is no number"),
    "a user alone": ({"USER": USER}, "PERENNIAL_SMTP_PASSWORD belong together"),
    "a password that all can read": (
        {"HOST": "mail.example.com", "USER": USER, "PASSWORD": PASSWORD},
        "a password would be readable on its way",
    ),
}


@pytest.mark.parametrize("what", WRONG)
def test_settings_that_cannot_be_are_told_before_anything_is_done(what, desk):
    given, words = WRONG[what]
    settings = environment(25) | {
        f"PERENNIAL_SMTP_{name}": value for name, value in given.items()
    }
    assert_not_sent(send(desk, **settings), words)
    assert not (desk.folder / "site").exists()


@pytest.mark.parametrize(
    ("sender", "words"),
    [
        ("", "PERENNIAL_REPORT_FROM is not set"),
        ("nobody", "PERENNIAL_REPORT_FROM is no e-mail address"),
        ("a..b@example.com", "PERENNIAL_REPORT_FROM is no e-mail address"),
        ("a@example.com\nBcc: eve@example.com", "is no e-mail address"),
    ],
)
def test_a_sender_that_is_none_is_told(sender, words, desk):
    settings = environment(25, PERENNIAL_REPORT_FROM=sender)
    result = send(desk, **settings)
    assert_not_sent(result, words)
    assert "eve" not in result.output


def test_a_report_for_nobody_cannot_be_sent(desk):
    desk.define("board", "title: Board\nrecipients: []\nsections: [headlines]\n")
    mailbox = Mailbox()
    with server(mailbox) as settings:
        result = send(desk, **settings)
    assert_not_sent(result, "reports/board.yml, line 2: there are no recipients")
    assert mailbox.mails == []
