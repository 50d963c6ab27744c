"""The mail: text, HTML with its pictures, and the PDF."""

import datetime
import hashlib
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, parseaddr

from perennial.report.content import Content
from perennial.report.definition import ADDRESS, Definition
from perennial.report.page import picture_ids
from perennial.report.problem import ReportError

NO_SENDER = "perennial@localhost"


def read_sender(text: str | None) -> Address:
    """The sender, as an address or as `Name <address>`.

    Raises:
        ReportError: it is none; the message does not repeat it.
    """
    given = text or NO_SENDER
    name, address = parseaddr(given)
    if not ADDRESS.fullmatch(address) or not given.isprintable():
        raise ReportError(
            "PERENNIAL_REPORT_FROM is no e-mail address; give it like "
            "reports@example.com or Reports <reports@example.com>"
        )
    return Address(display_name=name or "perennial", addr_spec=address)


def write_message(
    definition: Definition,
    content: Content,
    name: str,
    sender: Address,
    *,
    text: str,
    html: str,
    pdf: bytes,
    date: datetime.datetime,
) -> EmailMessage:
    """The mail of one report.

    Everything but the date follows from the published file, the definition and
    the sender: the id of the message and what divides its parts are hashes.
    """
    message = EmailMessage(policy=SMTP)
    message["Subject"] = definition.subject.format(
        title=definition.title, month=content.month, as_of=content.as_of
    )
    message["From"] = sender
    # Who gets it is the envelope's: no recipient learns of another.
    message["To"] = "undisclosed-recipients:;"
    message["Date"] = format_datetime(date)
    # Programs that answer mail by themselves leave it alone.
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(text, cte="quoted-printable")
    message.add_alternative(html, subtype="html", cte="quoted-printable")
    page = message.get_payload(1)
    for identity, section in zip(picture_ids(content), content.sections, strict=True):
        if section.picture:
            page.add_related(
                section.picture.png,
                *("image", "png"),
                cid=f"<{identity}>",
                filename=f"{identity}.png",
                disposition="inline",
            )
    message.add_attachment(
        pdf, maintype="application", subtype="pdf", filename=f"{name}.pdf"
    )
    seed = hashlib.sha256("\0".join((name, str(message["Subject"]))).encode())
    for part in (text.encode(), html.encode(), pdf):
        seed.update(part)
    identity = seed.hexdigest()[:32]
    message["Message-ID"] = f"<{identity}@{sender.domain}>"
    for number, part in enumerate(
        part for part in message.walk() if part.is_multipart()
    ):
        part.set_boundary(f"=_{identity}_{number}")
    return message
