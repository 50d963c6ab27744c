"""A real browser for the pages: what it asks for, what it complains of, what it shows.

Debian's Chromium, because playwright's own would be a download.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
LOCAL = ("file:", "data:", "blob:", "about:")
# Marks carry characters without width, for the tooltips of dct.
MARKERS = dict.fromkeys(map(ord, "\u200b\u200c\u200d\u2060\u2061\u2062\u2063\u2064"))
READ_CHARTS = """
kind => {
  const charts = {};
  for (const one of document.querySelectorAll(`.board.${kind} [data-chart-id]`)) {
    const said = charts[one.dataset.chartId] ??= [];
    for (const text of one.querySelectorAll("text")) said.push(text.textContent);
    for (const mark of one.querySelectorAll("[aria-label]"))
      said.push(mark.getAttribute("aria-label"));
  }
  return charts;
}
"""
READ_SIZES = """
() => {
  const sizes = [];
  const leaves = document.querySelectorAll(".board svg text, .board svg tspan");
  for (const leaf of leaves) {
    const own = [...leaf.childNodes].filter(n => n.nodeType === 3)
      .map(n => n.textContent.trim()).join("");
    if (!own || !leaf.getBoundingClientRect().width) continue;
    const matrix = leaf.getScreenCTM();
    const size = parseFloat(getComputedStyle(leaf).fontSize);
    sizes.push([size * Math.hypot(matrix.a, matrix.b), own]);
  }
  return sizes;
}
"""


def find_chromium() -> str:
    """The browser of this machine; without one the test fails and says so."""
    for name in NAMES:
        if found := shutil.which(name):
            return found
    pytest.fail(
        "no Chromium found, in which every page is opened; install it: "
        "apt-get install chromium"
    )


@dataclass
class Opened:
    """A page that was opened, and what the browser had to say of it."""

    page: Any
    requests: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)

    @property
    def strange_requests(self) -> list[str]:
        """What left the machine, or tried to."""
        return [url for url in self.requests if not url.startswith(LOCAL)]

    def charts(self, kind: str = "wide") -> dict[str, list[str]]:
        """All texts and labels of each chart, with a plain minus."""
        found: dict[str, list[str]] = self.page.evaluate(READ_CHARTS, kind)
        return {
            chart: [text.translate(MARKERS).replace("−", "-") for text in texts]
            for chart, texts in found.items()
        }

    def text_sizes(self) -> list[tuple[float, str]]:
        """The size in pixels at which each text of the boards is seen."""
        return [(size, text) for size, text in self.page.evaluate(READ_SIZES)]

    def scrolls_sideways(self) -> bool:
        """Whether the page is wider than the window."""
        return self.page.evaluate(
            "() => document.documentElement.scrollWidth > window.innerWidth"
        )


@dataclass
class Browser:
    """One running Chromium."""

    running: Any

    @contextmanager
    def open(self, address: str | Path, width: int = 1280) -> Iterator[Opened]:
        """Open a file or an address in a window of a width."""
        url = address.resolve().as_uri() if isinstance(address, Path) else address
        context = self.running.new_context(viewport={"width": width, "height": 844})
        opened = Opened(context.new_page())
        opened.page.on("request", lambda asked: opened.requests.append(asked.url))
        opened.page.on("pageerror", lambda error: opened.problems.append(str(error)))
        opened.page.on("requestfailed", lambda a: opened.problems.append(a.url))
        opened.page.on(
            "console",
            lambda said: (
                opened.problems.append(said.text)
                if said.type in ("error", "warning")
                else None
            ),
        )
        opened.page.goto(url)
        yield opened
        context.close()


@contextmanager
def started() -> Iterator[Browser]:
    """Chromium without a window; root may not have its sandbox."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        running = playwright.chromium.launch(
            executable_path=find_chromium(), args=["--no-sandbox"]
        )
        yield Browser(running)
        running.close()
