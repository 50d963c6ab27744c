"""What dct draws, taken apart and put together for our pages."""

import hashlib
import re
from collections.abc import Iterable

FONT_FACE = re.compile(r"@font-face\s*\{[^}]*\}")
SCRIPT = re.compile(r"<script>(.*?)</script>", re.DOTALL)
FONT_SIZE = re.compile(r'(font-size(?:="|:\s*))(\d+(?:\.\d+)?)')
SMALLEST = 12


def taken_apart(document: str) -> tuple[str, list[str]]:
    """A document of dct as its picture, and the styles and scripts to share."""
    start, end = document.index("<svg"), document.rindex("</svg>") + len("</svg>")
    svg = document[start:end]
    fonts = FONT_FACE.findall(svg)
    scripts = SCRIPT.findall(document[end:])
    return FONT_FACE.sub("", svg), [*fonts, *scripts]


def named(assets: Iterable[str]) -> list[tuple[str, str]]:
    """Styles and scripts with the file that each is kept in, once for all pages."""
    files = []
    for text in assets:
        ending = "css" if text.lstrip().startswith("@font-face") else "js"
        digest = hashlib.sha256(text.encode()).hexdigest()[:12]
        files.append((f"assets/{digest}.{ending}", text))
    return files


def with_prefix(svg: str, prefix: str) -> str:
    """A picture whose names are its own beside another one's on the same page."""
    svg = re.sub(r'(\sid=")', rf"\1{prefix}", svg)
    svg = re.sub(r"(url\((?:&quot;|['\"])?#)", rf"\1{prefix}", svg)
    return re.sub(r'(href="#)', rf"\1{prefix}", svg)


def with_readable_text(svg: str) -> str:
    """A picture for phones: the few texts that no style reaches are not too small."""
    return FONT_SIZE.sub(
        lambda found: f"{found[1]}{max(float(found[2]), SMALLEST):g}", svg
    )
