"""A folder of reports beside a published file, and what was made of them."""

from __future__ import annotations

import os
import re
from email import message_from_bytes, policy
from email.message import EmailMessage
from html.parser import HTMLParser
from pathlib import Path

from click.testing import CliRunner, Result

from perennial.cli import main

RECIPIENTS = ("ada.board@example.com", "grace.board@example.com")
SMALL = """\
title: Board
recipients: [ada.board@example.com, grace.board@example.com]
sections: [headlines]
"""


class Desk:
    """A folder in which reports are defined and written."""

    def __init__(self, folder: Path, published: Path) -> None:
        """Make the folder, with no report in it."""
        self.folder = folder
        self.environment = {"PERENNIAL_PUBLISHED_FILE": str(published)}
        (folder / "reports").mkdir()
        (folder / "warehouse").mkdir()

    def define(self, name: str, text: str = SMALL) -> None:
        """Write a definition."""
        (self.folder / "reports" / f"{name}.yml").write_text(text, encoding="utf-8")

    def run(self, *arguments: str, **environment: str) -> Result:
        """`perennial report` in the folder."""
        here = Path.cwd()
        os.chdir(self.folder)
        try:
            return CliRunner().invoke(
                main, ["report", *arguments], env=self.environment | environment
            )
        finally:
            os.chdir(here)

    def file(self, name: str, ending: str) -> Path:
        """A file of a report that was written."""
        return self.folder / "site/reports" / name / f"{name}.{ending}"

    def text(self, name: str) -> str:
        """The text of a report that was written."""
        return self.file(name, "txt").read_text(encoding="utf-8")

    def mail(self, name: str) -> EmailMessage:
        """The mail of a report that was written."""
        return message_from_bytes(
            self.file(name, "eml").read_bytes(), policy=policy.default
        )


def rows_of_text(text: str) -> list[list[str]]:
    """The cells of each line that has several, two blanks or more apart."""
    return [
        cells
        for line in text.splitlines()
        if len(cells := re.split(r" {2,}", line.strip())) > 1
    ]


class Page(HTMLParser):
    """The texts of a page, and its table rows of numbers by cell."""

    def __init__(self, html: str) -> None:
        """Read it."""
        super().__init__()
        self.rows: list[list[str]] = []
        self.texts: list[str] = []
        self.sources: list[str] = []
        self.alts: list[str] = []
        self._is_cell = False
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag == "tr":
            self.rows.append([])
        self._is_cell = tag == "th" or (
            tag == "td" and "cell" in (given.get("class") or "")
        )
        if self._is_cell:
            self.rows[-1].append("")
        if tag == "img":
            self.sources.append(given["src"] or "")
            self.alts.append(given["alt"] or "")

    def handle_endtag(self, tag: str) -> None:
        if tag in ("td", "th"):
            self._is_cell = False

    def handle_data(self, data: str) -> None:
        if self._is_cell:
            self.rows[-1][-1] += data
        elif data.strip():
            self.texts.append(data.strip())

    @property
    def cells(self) -> list[list[str]]:
        """The rows, without cells that are empty."""
        kept = [[cell for cell in row if cell] for row in self.rows]
        return [row for row in kept if len(row) > 1]
