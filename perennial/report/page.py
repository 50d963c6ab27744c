"""A report's content as HTML, as text and as PDF."""

import base64
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jinja2

from perennial.report.content import Content, Table
from perennial.report.problem import ReportError

TEMPLATE = "page.html.j2"
NOT_INSTALLED = "which is not installed; make setup-bi installs it"
NO_PANGO = (
    "the PDF needs the library Pango, which this machine lacks; install it: "
    "apt-get install libpango-1.0-0 libpangoft2-1.0-0 on Debian and Ubuntu, "
    "brew install pango on macOS"
)
# A sheet of A4 in millimetres, and by how much it is enlarged for what is long:
# the page is laid out on the larger sheet and then made smaller.
SHEET = (210, 297)
STEPS = [1 + 0.1 * step for step in range(16)]


def write_html(content: Content, sources: list[str]) -> str:
    """The page, each style where it is used.

    Args:
        content: what it tells.
        sources: where each section's picture is; empty where it has none.

    Raises:
        ReportError: what moves the styles is not installed.
    """
    try:
        import css_inline
    except ImportError as error:
        raise ReportError(f"the HTML needs css-inline, {NOT_INSTALLED}") from error
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    page = environment.get_template(TEMPLATE).render(
        content=content, pictures=sources, foot=content.foot
    )
    inliner = css_inline.CSSInliner(keep_at_rules=True, load_remote_stylesheets=False)
    return inliner.inline(page)


def picture_ids(content: Content) -> list[str]:
    """A name for each section's picture; empty where it has none."""
    return [
        f"{section.picture.name}-{number}" if section.picture else ""
        for number, section in enumerate(content.sections, start=1)
    ]


def embedded(content: Content) -> list[str]:
    """Each picture within the page itself."""
    return [
        "data:image/png;base64," + base64.b64encode(section.picture.png).decode()
        if section.picture
        else ""
        for section in content.sections
    ]


def write_pdf(html: str) -> bytes:
    """The page on one sheet of A4; on more only where it would be too small.

    Raises:
        ReportError: what makes PDFs is not installed.
    """
    try:
        import weasyprint
        from weasyprint.urls import URLFetcher
    except ImportError as error:
        raise ReportError(f"the PDF needs weasyprint, {NOT_INSTALLED}") from error
    except OSError as error:
        raise ReportError(NO_PANGO) from error
    # Nothing from elsewhere: the pictures are in the page.
    page = weasyprint.HTML(
        string=html, url_fetcher=URLFetcher(allowed_protocols=("data",))
    )

    def laid_out(scale: float) -> Any:
        width, height = (side * scale for side in SHEET)
        sheet = f"@page {{ size: {width}mm {height}mm; margin: {8 * scale}mm }}"
        return page.render(stylesheets=[weasyprint.CSS(string=sheet)])

    # The largest print that fits: halving, since a larger sheet always holds more.
    low, high = 0, len(STEPS) - 1
    while low < high:
        middle = (low + high) // 2
        if len(laid_out(STEPS[middle]).pages) == 1:
            high = middle
        else:
            low = middle + 1
    return laid_out(STEPS[low]).write_pdf(zoom=1 / STEPS[low])


def write_text(content: Content) -> str:
    """The same as text, for programs and people who want no HTML."""
    return "\n".join(_lines(content)) + "\n"


def _lines(content: Content) -> Iterator[str]:
    title = f"{content.title}, {content.month}"
    yield title
    yield "=" * len(title)
    yield f"As of {content.as_of}. Money in {content.currency}."
    for section in content.sections:
        yield ""
        yield section.title
        yield "-" * len(section.title)
        yield section.says
        for table in section.tables:
            yield ""
            yield from _aligned(table)
        if section.tables:
            yield ""
        yield from section.notes
        yield f"Source: {section.sources}"
    yield ""
    yield "-- "
    yield from content.foot


def _aligned(table: Table) -> Iterator[str]:
    rows = [table.headings, *table.rows]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        yield "  ".join(
            f"{cell:<{width}}" if table.is_words(number) else f"{cell:>{width}}"
            for number, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
