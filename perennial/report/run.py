"""All reports of a run: written to their folders and, if asked for, sent."""

import datetime
import os
from collections.abc import Callable
from pathlib import Path

import duckdb

from perennial.places import Places
from perennial.report.definition import read_definition
from perennial.report.message import read_sender, write_message
from perennial.report.page import (
    embedded,
    picture_ids,
    write_html,
    write_pdf,
    write_text,
)
from perennial.report.problem import ReportError
from perennial.report.sections import read_content
from perennial.report.sending import Server, read_server, send
from perennial.report.words import many
from perennial.warehouse import (
    Build,
    first_line,
    opened_build,
)

DEFINITIONS = Path("reports")
OUTPUT = Path("site/reports")


def find_definitions(names: tuple[str, ...]) -> list[Path]:
    """The files of the reports that are named, or of all.

    Raises:
        ReportError: there is none of a name, or none at all.
    """
    known = {path.stem: path for path in sorted(DEFINITIONS.glob("*.yml"))}
    if not known:
        raise ReportError(f"there is no report: {DEFINITIONS} holds no .yml file")
    for name in names:
        if name not in known:
            raise ReportError(
                f"there is no report {name!r} in {DEFINITIONS}; there are "
                f"{', '.join(known)}"
            )
    return [known[name] for name in dict.fromkeys(names)] or list(known.values())


def run_reports(
    places: Places,
    names: tuple[str, ...],
    output: Path,
    is_sent: bool,
    say: Callable[[str], None],
) -> list[str]:
    """Write each report, and send it if asked for.

    Args:
        places: where the published file is.
        names: of the reports; all where none is named.
        output: the folder that holds a folder for each report.
        is_sent: whether a mail server is asked at all.
        say: takes a line for each thing that was done.

    Returns:
        What failed, one line for each report: it does not stop the others.

    Raises:
        ReportError: no report could be begun.
        WarehouseError: the published file cannot be read.
    """
    paths = find_definitions(names)
    server = read_server() if is_sent else None
    failures = []
    with opened_build(places.published) as (connection, build):
        for path in paths:
            try:
                _run_report(connection, build, path, output, server, say)
            except ReportError as error:
                text = str(error)
                is_named = text.startswith(str(path))
                failures.append(text if is_named else f"report {path.stem}: {text}")
    return failures


def _run_report(
    connection: duckdb.DuckDBPyConnection,
    build: Build,
    path: Path,
    output: Path,
    server: Server | None,
    say: Callable[[str], None],
) -> None:
    written = read_definition(path)
    recipients = written.definition.recipients
    if server and not recipients:
        raise written.error(("recipients",), "there are no recipients to send it to")
    try:
        content = read_content(connection, build, written)
    except (duckdb.CatalogException, duckdb.BinderException) as error:
        raise ReportError(
            f"the published file lacks what it needs ({first_line(error)}); build "
            "and publish it anew"
        ) from error
    page = write_html(content, embedded(content))
    text, pdf = write_text(content), write_pdf(page)
    message = write_message(
        written.definition,
        content,
        written.name,
        server.sender
        if server
        else read_sender(os.environ.get("PERENNIAL_REPORT_FROM")),
        text=text,
        html=write_html(
            content, [name and f"cid:{name}" for name in picture_ids(content)]
        ),
        pdf=pdf,
        date=datetime.datetime.now(datetime.UTC).replace(microsecond=0),
    )
    folder = output / written.name
    _write(
        folder,
        {
            f"{written.name}.eml": bytes(message),
            f"{written.name}.html": page.encode(),
            f"{written.name}.txt": text.encode(),
            f"{written.name}.pdf": pdf,
        },
    )
    say(f"report {written.name}: {folder}, of {content.month}, build {content.build}")
    if server:
        send(message, recipients, server)
        say(f"report {written.name}: sent to {many(len(recipients), 'recipient')}")


def _write(folder: Path, files: dict[str, bytes]) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, content in files.items():
            (folder / name).write_bytes(content)
    except OSError as error:
        raise ReportError(
            f"cannot write to {folder}: {error.strerror}; name a folder that can be "
            "written with --output"
        ) from error
