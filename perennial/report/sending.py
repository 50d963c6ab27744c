"""Handing a report to a mail server; what fails is said without any address."""

import ipaddress
import os
import smtplib
import socket
import ssl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from email.headerregistry import Address
from email.message import EmailMessage

from perennial.report.message import read_sender
from perennial.report.problem import ReportError
from perennial.report.words import many

PORTS = {"starttls": 587, "tls": 465, "none": 25}
TIMEOUT_SECONDS = 30


@dataclass(frozen=True, repr=False)
class Server:
    """A mail server and how to reach it; never printed, it holds a password."""

    host: str
    port: int
    tls: str
    user: str | None
    password: str | None
    sender: Address

    @property
    def shown(self) -> str:
        """The server as messages name it."""
        return f"the mail server {self.host}:{self.port}"


def read_server(environment: Mapping[str, str] = os.environ) -> Server:
    """The server that the environment names.

    Raises:
        ReportError: a variable is missing or has no value that it can have.
    """
    given = {
        name: environment.get(f"PERENNIAL_SMTP_{name}", "").strip()
        for name in ("HOST", "PORT", "TLS", "USER")
    }
    password = environment.get("PERENNIAL_SMTP_PASSWORD") or None
    if not given["HOST"]:
        raise ReportError(
            "PERENNIAL_SMTP_HOST is not set: name the mail server to send by"
        )
    tls = given["TLS"] or "starttls"
    if tls not in PORTS:
        raise ReportError(f"PERENNIAL_SMTP_TLS is none of {', '.join(PORTS)}")
    port = given["PORT"] or str(PORTS[tls])
    if not port.isdecimal() or not 0 < int(port) < 65536:
        raise ReportError("PERENNIAL_SMTP_PORT is no number between 1 and 65535")
    if bool(given["USER"]) != bool(password):
        raise ReportError(
            "PERENNIAL_SMTP_USER and PERENNIAL_SMTP_PASSWORD belong together: "
            "set both or none"
        )
    if password and tls == "none" and not _is_loopback(given["HOST"]):
        raise ReportError(
            "PERENNIAL_SMTP_TLS is none, and a password would be readable on its "
            "way: set it to starttls or tls"
        )
    if not environment.get("PERENNIAL_REPORT_FROM"):
        raise ReportError(
            "PERENNIAL_REPORT_FROM is not set: name the address to send from"
        )
    return Server(
        host=given["HOST"],
        port=int(port),
        tls=tls,
        user=given["USER"] or None,
        password=password,
        sender=read_sender(environment["PERENNIAL_REPORT_FROM"]),
    )


def send(message: EmailMessage, recipients: list[str], server: Server) -> None:
    """Hand a mail to the server, for all recipients at once.

    Raises:
        ReportError: it was not taken, or not for all of them.
    """
    with _in_words(server, len(recipients)):
        connection = _connected(server)
        try:
            if server.user and server.password:
                connection.login(server.user, server.password)
            # As it was written; send_message would change lines that begin with From.
            refused = connection.sendmail(
                server.sender.addr_spec, recipients, bytes(message)
            )
        finally:
            # The mail is taken or not by now, whatever is answered to a farewell.
            with suppress(smtplib.SMTPException):
                connection.quit()
            connection.close()
    if refused:
        raise ReportError(
            f"{_refused(refused, len(recipients), server)}; it was sent to the others"
        )


def _connected(server: Server) -> smtplib.SMTP:
    context = ssl.create_default_context()
    # The name of this machine is nobody's business.
    greeting = "[127.0.0.1]"
    if server.tls == "tls":
        return smtplib.SMTP_SSL(
            *(server.host, server.port, greeting),
            timeout=TIMEOUT_SECONDS,
            context=context,
        )
    connection = smtplib.SMTP(
        *(server.host, server.port, greeting), timeout=TIMEOUT_SECONDS
    )
    if server.tls == "starttls":
        try:
            connection.starttls(context=context)
        except BaseException:
            connection.close()
            raise
    return connection


@contextmanager
def _in_words(server: Server, recipients: int) -> Iterator[None]:
    """What can go wrong, in words; a server's own may repeat an address."""
    shown = server.shown
    try:
        yield
    except ssl.SSLCertVerificationError as error:
        raise ReportError(
            f"not sent: the certificate of {shown} is not trusted "
            f"({error.verify_message}); name the server as its certificate does, or "
            "set SSL_CERT_FILE to the certificate of who signed it"
        ) from error
    except ssl.SSLError as error:
        raise ReportError(
            f"not sent: {shown} does not speak TLS like this; set "
            "PERENNIAL_SMTP_TLS to starttls (often port 587) or tls (often 465)"
        ) from error
    except smtplib.SMTPNotSupportedError as error:
        what = "TLS" if "STARTTLS" in str(error) else "a login"
        setting = "PERENNIAL_SMTP_TLS" if what == "TLS" else "PERENNIAL_SMTP_USER"
        raise ReportError(
            f"not sent: {shown} does not offer {what}; set {setting} otherwise"
        ) from error
    except smtplib.SMTPAuthenticationError as error:
        raise ReportError(
            f"not sent: {shown} refused the login ({error.smtp_code}); see to "
            "PERENNIAL_SMTP_USER and PERENNIAL_SMTP_PASSWORD"
        ) from error
    except smtplib.SMTPRecipientsRefused as error:
        raise ReportError(
            f"not sent: {_refused(error.recipients, recipients, server)}"
        ) from error
    except smtplib.SMTPSenderRefused as error:
        raise ReportError(
            f"not sent: {shown} refused the sender ({error.smtp_code}); see to "
            "PERENNIAL_REPORT_FROM"
        ) from error
    except smtplib.SMTPResponseException as error:
        raise ReportError(
            f"not sent: {shown} refused the mail ({error.smtp_code})"
        ) from error
    except (TimeoutError, smtplib.SMTPServerDisconnected) as error:
        if isinstance(error, TimeoutError) or isinstance(
            error.__context__, TimeoutError
        ):
            raise ReportError(
                f"not sent: {shown} did not answer in {TIMEOUT_SECONDS} seconds"
            ) from error
        raise ReportError(
            f"not sent: {shown} closed the connection; if it speaks TLS from the "
            "first byte, set PERENNIAL_SMTP_TLS to tls"
        ) from error
    except socket.gaierror as error:
        raise ReportError(
            f"not sent: there is no host {server.host}; see to PERENNIAL_SMTP_HOST"
        ) from error
    except (OSError, smtplib.SMTPException) as error:
        reason = error.strerror if isinstance(error, OSError) else None
        raise ReportError(
            f"not sent: {shown} cannot be reached"
            + (f" ({reason.lower()})" if reason else "")
            + "; see to PERENNIAL_SMTP_HOST and PERENNIAL_SMTP_PORT"
        ) from error


def _refused(refused: Mapping[str, tuple], recipients: int, server: Server) -> str:
    codes = ", ".join(sorted({str(code) for code, _ in refused.values()}))
    return (
        f"{server.shown} refused {len(refused)} of {many(recipients, 'recipient')} "
        f"({codes})"
    )


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
