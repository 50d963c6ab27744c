"""What was found, as Markdown for a pull request: numbers first, then the tables."""

import datetime
import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from perennial.addresses import ADDRESS
from perennial.diff.states import State
from perennial.diff.tables import (
    OF_ONE_BUILD,
    TOLERANCE,
    ColumnChange,
    Example,
    MartChange,
)

LONGEST_TEXT = 40
MOST_NAMES = 20
# What GitHub takes as one comment.
LONGEST_PAGE = 65_536
# What Markdown or HTML would take for its own; _ only where a word ends.
SPECIAL = re.compile(r"([\\`*\[\]<>|~#&]|(?<!\w)_|_(?!\w))")
NO_VALUE = "(none)"


@dataclass(frozen=True)
class Review:
    """All that is told of two states of the project."""

    base: State
    head: State
    as_of: str
    # Sentences on what the comparison itself depends on.
    notes: Sequence[str]
    # Label, old value, new value, and where it stands.
    headlines: Sequence[tuple[str, str, str, str]]
    # Name, old value, new value; None where one does not have it.
    settings: Sequence[tuple[str, str | None, str | None]]
    marts: Sequence[MartChange]
    added_tests: Sequence[str]
    removed_tests: Sequence[str]


def write_page(review: Review) -> str:
    """The page; one line in the middle of it where nothing changed."""
    changed = [mart for mart in review.marts if mart.is_changed]
    settings = [row for row in review.settings if row[1] != row[2]]
    parts = [_head(review)]
    parts += [f"> {note}" for note in review.notes]
    if not (changed or settings or review.added_tests or review.removed_tests):
        parts.append(f"**Nothing changed**: {_alike(review.marts)}.")
        return _joined(parts)
    if changed:
        parts += [_summary(changed, review.marts), *_headlines(review)]
    else:
        parts.append(f"**No public number changed**: {_alike(review.marts)}.")
    parts += _settings(settings)
    if changed:
        parts.append(_overview(changed))
    end = [*_tests(review), _foot()]
    room = LONGEST_PAGE - len(_joined([*parts, *end]))
    return _joined([*parts, *_details(changed, room), *end])


def _details(changed: Sequence[MartChange], room: int) -> list[str]:
    """What is told of each mart, as far as it fits in; then which are left out."""
    shown: list[str] = []
    left_out: list[str] = []
    room -= len(_left_out([mart.name for mart in changed])) + 2
    for mart in changed:
        told = _joined(_mart(mart))
        if len(told) + 1 <= room:
            shown += _mart(mart)
            room -= len(told) + 1
        else:
            left_out.append(mart.name)
    return [*shown, _left_out(left_out)] if left_out else shown


def _left_out(names: Sequence[str]) -> str:
    return (
        f"Not told of column by column, since a comment on GitHub holds no more than "
        f"{LONGEST_PAGE:,} characters: {', '.join(map(text, names))}."
    )


def _joined(parts: Sequence[str]) -> str:
    return "\n\n".join(parts) + "\n"


def same_files_page(base: State, head: State) -> str:
    """The page where there was nothing to build."""
    return (
        f"{_title(base, head)}\n\n"
        "**Nothing changed**: their files are the same, so nothing was built.\n"
    )


def _title(base: State, head: State) -> str:
    return (
        f"## What changed in public numbers\n\nFrom {_state(base)} to {_state(head)}."
    )


def _head(review: Review) -> str:
    return (
        f"{_title(review.base, review.head)} Both built on the demo of the latter, "
        f"as of {review.as_of}."
    )


def _state(state: State) -> str:
    return f"{text(state.shown)} *{text(state.subject, 72)}*"


def _alike(marts: Sequence[MartChange]) -> str:
    rows = sum(mart.new_rows or 0 for mart in marts)
    return f"{len(marts)} marts with {rows:,} rows are the same in both"


def _summary(changed: Sequence[MartChange], marts: Sequence[MartChange]) -> str:
    counts = {
        "added": [m for m in changed if m.old_rows is None],
        "removed": [m for m in changed if m.new_rows is None],
    }
    told = [
        f"{len(found)} {word}: {', '.join(text(m.name) for m in found)}"
        for word, found in counts.items()
        if found
    ]
    both = [m for m in changed if m.old_rows is not None and m.new_rows is not None]
    told.insert(0, f"{len(both)} of {len(marts)} marts changed")
    return f"**{'; '.join(told)}.**"


def _headlines(review: Review) -> list[str]:
    rows = [
        (
            text(label),
            text(old),
            f"**{text(new)}**" if new != old else text(new),
            text(table),
        )
        for label, old, new, table in review.headlines
    ]
    if not rows:
        return []
    return ["### Headlines", _table(("number", "before", "after", "from"), rows)]


def _settings(settings: Sequence[tuple[str, str | None, str | None]]) -> list[str]:
    if not settings:
        return []
    rows = [
        (
            text(name),
            "not there" if old is None else text(old),
            "not there" if new is None else text(new),
        )
        for name, old, new in settings
    ]
    return ["### Settings", _table(("variable", "before", "after"), rows)]


def _overview(changed: Sequence[MartChange]) -> str:
    rows = []
    for mart in changed:
        if mart.old_rows is None or mart.new_rows is None:
            is_new = mart.old_rows is None
            rows.append(
                (
                    text(mart.name),
                    "" if is_new else f"{mart.old_rows:,}",
                    f"{mart.new_rows:,}" if is_new else "",
                    *("", "", ""),
                    "new mart" if is_new else "removed mart",
                )
            )
            continue
        by_row = (mart.added_rows, mart.removed_rows, mart.changed_rows)
        rows.append(
            (
                text(mart.name),
                f"{mart.old_rows:,}",
                f"{mart.new_rows:,}",
                *(("?",) * 3 if mart.not_by_row else map("{:,}".format, by_row)),
                _columns_in_words(mart),
            )
        )
    head = ("mart", "rows before", "after", "added", "removed", "changed", "columns")
    return "### Tables\n\n" + _table(head, rows)


def _columns_in_words(mart: MartChange) -> str:
    counts = {
        "added": mart.added_columns,
        "removed": mart.removed_columns,
        "renamed": mart.renamed_columns,
        "of another type": mart.retyped_columns,
    }
    return ", ".join(f"{len(found)} {word}" for word, found in counts.items() if found)


def _mart(mart: MartChange) -> list[str]:
    if mart.new_rows is None:
        return []
    if mart.old_rows is None:
        columns = _names(list(mart.added_columns))
        return [f"**{text(mart.name)}** is new, with the columns {columns}."]
    lines = []
    for name, type_name in mart.added_columns.items():
        lines.append(f"- column added: {text(name)} ({text(type_name)})")
    for name, type_name in mart.removed_columns.items():
        lines.append(f"- column removed: {text(name)} ({text(type_name)})")
    for old, new in mart.renamed_columns.items():
        lines.append(f"- column renamed, by its values: {text(old)} is now {text(new)}")
    for name, (old, new) in mart.retyped_columns.items():
        lines.append(f"- type changed: {text(name)} from {text(old)} to {text(new)}")
    if mart.not_by_row:
        lines.append(f"- rows not compared one by one: {text(mart.not_by_row, 200)}")
    for word, count, keys in (
        ("added", mart.added_rows, mart.added_keys),
        ("removed", mart.removed_rows, mart.removed_keys),
    ):
        if count:
            shown = "; ".join(_key(key) for key in keys)
            more = f"; and {count - len(keys):,} more" if count > len(keys) else ""
            lines.append(f"- rows {word}: {shown}{more}")
    parts = [
        f"<details><summary><b>{text(mart.name)}</b>, by {_names(mart.key)}</summary>"
        if mart.key
        else f"<details><summary><b>{text(mart.name)}</b></summary>"
    ]
    if lines:
        parts.append("\n".join(lines))
    if mart.columns:
        head = ("column", "rows changed", "of all rows", "before", "after")
        parts.append(
            _table(
                (*head, "largest differences"),
                [_column(column) for column in mart.columns],
            )
        )
    return [*parts, "</details>"]


def _column(column: ColumnChange) -> tuple[str, ...]:
    old, new = _two(column.old, column.new) if column.measure else ("", "")
    return (
        text(column.name),
        f"{column.changed_rows:,}",
        column.measure,
        *(old, new),
        "; ".join(_example(example) for example in column.examples),
    )


def _example(example: Example) -> str:
    old, new = _two(example.old, example.new)
    return f"{_key(example.key)}: {old} → {new}"


def _tests(review: Review) -> list[str]:
    lines = [
        f"- {word}: {_names(names)}"
        for word, names in (
            ("added", review.added_tests),
            ("removed", review.removed_tests),
        )
        if names
    ]
    return ["### Tests", "\n".join(lines)] if lines else []


def _foot() -> str:
    return (
        f"<sub>Decimals, dates and texts are compared exactly, floats to {TOLERANCE:g} "
        f"of their size. Rows of {' and '.join(map(text, OF_ONE_BUILD))} are left "
        "out: they say which build it is, and what earlier builds told.</sub>"
    )


# ------------------------------------------------------------------------- text


def text(value: str, longest: int = LONGEST_TEXT) -> str:
    """A text as it stands, whatever is in it; an e-mail address is not shown."""
    if ADDRESS.search(value):
        return "\\*\\*\\*"
    plain = " ".join(value.split())
    cut = plain if len(plain) <= longest else plain[: longest - 1] + "…"
    return SPECIAL.sub(r"\\\1", cut)


def _key(key: Sequence[Any]) -> str:
    return ", ".join(_value(part) for part in key)


def _two(old: Any, new: Any) -> tuple[str, str]:
    """Two values as short as they can be while they differ."""
    if isinstance(old, float) and isinstance(new, float):
        for digits in (6, 10, 17):
            shown = f"{old:,.{digits}g}", f"{new:,.{digits}g}"
            if shown[0] != shown[1] or old == new:
                return shown
    return _value(old), _value(new)


def _value(value: Any) -> str:
    if value is None:
        return NO_VALUE
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, Decimal):
        shown = f"{value:,f}"
        return shown.rstrip("0").rstrip(".") if "." in shown else shown
    if isinstance(value, float):
        return f"{value:,.6g}"
    if isinstance(value, datetime.date):
        return value.isoformat()
    return text(str(value)) or '""'


def _names(names: Sequence[str]) -> str:
    shown = ", ".join(text(name, 120) for name in names[:MOST_NAMES])
    more = len(names) - MOST_NAMES
    return f"{shown} and {more:,} more" if more > 0 else shown


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
