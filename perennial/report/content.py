"""What a section is made of; text, HTML and PDF show the same of it."""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Table:
    """Rows below their headings; the first column is words, the rest numbers.

    Args:
        headings: one for each column.
        rows: all cells as they are shown.
        wordy: columns beside the first that hold words, by number.
        has_total: whether the last row sums the others up.
    """

    headings: tuple[str, ...]
    rows: list[tuple[str, ...]]
    wordy: tuple[int, ...] = ()
    has_total: bool = False

    def is_words(self, column: int) -> bool:
        """Whether a column is set to the left."""
        return column == 0 or column in self.wordy


@dataclass(frozen=True)
class Picture:
    """A picture as PNG, and in words for who does not see it."""

    name: str
    alt: str
    png: bytes
    width: int
    height: int


@dataclass(frozen=True)
class Section:
    """A heading with its marts, a sentence, pictures and a table."""

    name: str
    title: str
    marts: tuple[str, ...]
    says: str
    picture: Picture | None = None
    tables: list[Table] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    @property
    def sources(self) -> str:
        """The marts in which all of it stands."""
        return ", ".join(f"marts.{mart}" for mart in self.marts)


@dataclass(frozen=True)
class Content:
    """All that a report tells, as shown."""

    title: str
    month: str
    as_of: str
    currency: str
    build: str
    schedule: str | None
    sections: list[Section]

    @property
    def foot(self) -> list[str]:
        """What stands below the last section."""
        lines = [
            f"Build {self.build}. Customers are shown by key. What each number "
            "means: docs/metrics.md."
        ]
        return [*lines, f"Schedule: {self.schedule}."] if self.schedule else lines
