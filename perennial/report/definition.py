"""The YAML of a report: what it may hold, and where a mistake in it stands."""

import re
import string
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field
from pydantic import ValidationError as PydanticError

from perennial.report.problem import ReportError

PLACEHOLDERS = ("title", "month", "as_of")
LAST_COMPLETE_MONTH = "last_complete_month"
# Of the addresses that mail servers take, those that need no quoting.
WORD = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
ADDRESS = re.compile(
    rf"(?=.{{1,64}}@){WORD}(\.{WORD})*@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*"
)
SPOKEN = {
    "missing": "is missing",
    "string_type": "is no text",
    "list_type": "is no list",
    "too_short": "is empty",
    "string_too_short": "is empty",
    "int_type": "is no whole number",
}


class DefinitionError(ReportError):
    """What is wrong in the YAML of a report, with file and line."""


def _single_line(text: str) -> str:
    """Refuse what could begin another header of the mail."""
    if not text.isprintable():
        raise ValueError("holds a line break or a control character")
    return text


def _address(text: str) -> str:
    if not ADDRESS.fullmatch(text):
        raise ValueError("is no e-mail address, as in name@example.com")
    return text


def _subject(text: str) -> str:
    try:
        parts = {tuple(part) for _, *part in string.Formatter().parse(text)}
    except ValueError:
        parts = {("", "", None)}
    # A name alone: a width or a conversion behind it could fail or fill a disk.
    allowed_parts = {(name, "", None) for name in PLACEHOLDERS}
    if not parts <= {(None, None, None), *allowed_parts}:
        allowed = ", ".join(f"{{{name}}}" for name in PLACEHOLDERS)
        raise ValueError(f"holds something else in braces than {allowed}")
    return text


def _period(text: str) -> str:
    if text != LAST_COMPLETE_MONTH and not re.fullmatch(
        r"[12][0-9]{3}-(0[1-9]|1[0-2])", text
    ):
        raise ValueError(f"is neither {LAST_COMPLETE_MONTH} nor a month like 2025-11")
    return text


def _as_list(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


def _as_choice(value: Any) -> Any:
    """A section that is only named is one without choices."""
    return {"name": value} if isinstance(value, str) else value


Line = Annotated[str, Field(min_length=1, max_length=200), AfterValidator(_single_line)]
Values = Annotated[list[Line], BeforeValidator(_as_list)]
Rows = Annotated[int, Field(ge=1, le=20)]


class Strict(BaseModel):
    """Nothing that is not known, nothing that is not of its type."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class Headlines(Strict):
    """The headline numbers."""

    name: Literal["headlines"]


class Bridge(Strict):
    """The MRR bridge, of all or of one slice."""

    name: Literal["bridge"]
    plan: Line | None = None
    billing_interval: Line | None = None
    channel: Line | None = None
    country: Line | None = None


class Customers(Strict):
    """How many customers are listed, and which may be."""

    customers: Rows = 5
    channel: Values = []
    platform: Values = []
    country: Values = []
    plan: Values = []


class BestCustomers(Customers):
    """The customers of the highest lifetime value."""

    name: Literal["best_customers"]


class AtRiskCustomers(Customers):
    """The customers that are about to be lost."""

    name: Literal["at_risk_customers"]


class Products(Strict):
    """The products that earned most."""

    name: Literal["products"]
    products: Rows = 5
    category: Values = []


class Conversion(Strict):
    """Visits that became orders."""

    name: Literal["conversion"]
    platform: Values = []


class Renewals(Strict):
    """Terms that end soon."""

    name: Literal["renewals"]
    plan: Values = []


class DataQuality(Strict):
    """What the input was worth, and what moved."""

    name: Literal["data_quality"]
    reasons: Rows = 5


Choice = Annotated[
    Annotated[
        Headlines
        | Bridge
        | BestCustomers
        | AtRiskCustomers
        | Products
        | Conversion
        | Renewals
        | DataQuality,
        Field(discriminator="name"),
    ],
    BeforeValidator(_as_choice),
]
CHOICES: dict[str, type[Strict]] = {
    "headlines": Headlines,
    "bridge": Bridge,
    "best_customers": BestCustomers,
    "at_risk_customers": AtRiskCustomers,
    "products": Products,
    "conversion": Conversion,
    "renewals": Renewals,
    "data_quality": DataQuality,
}


class Definition(Strict):
    """One report: what it shows, and to whom it goes."""

    title: Line
    subject: Annotated[Line, AfterValidator(_subject)] = "{title}, {month}"
    schedule: Line | None = None
    period: Annotated[Line, AfterValidator(_period)] = LAST_COMPLETE_MONTH
    recipients: list[Annotated[str, AfterValidator(_address)]] = []
    sections: Annotated[list[Choice], Field(min_length=1)]


class Written:
    """A definition, with the lines in which its parts are written."""

    def __init__(self, path: Path, definition: Definition, root: yaml.Node) -> None:
        """Keep the tree of the file for its line numbers."""
        self.name = path.stem
        self.path = path
        self.definition = definition
        self._root = root

    def error(self, place: tuple[int | str, ...], cause: str) -> DefinitionError:
        """An error about a part of the file."""
        return _error(self.path, _line_of(self._root, place), cause)


def read_definition(path: Path) -> Written:
    """Read and check the YAML of one report.

    Raises:
        DefinitionError: it cannot be read, or holds what a report does not know.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        cause = error.strerror if isinstance(error, OSError) else "it is no UTF-8"
        raise DefinitionError(f"{path} cannot be read: {cause}") from error
    try:
        root = yaml.compose(text, Loader=yaml.SafeLoader)
        content = yaml.safe_load(text)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        # The library's own words would show the line, and a recipient in it.
        raise _error(path, mark.line + 1 if mark else 1, "this is no YAML") from error
    except yaml.YAMLError as error:
        raise _error(path, 1, "it holds a character that YAML does not take") from error
    if not isinstance(root, yaml.MappingNode):
        raise _error(path, 1, f"give it {_listed(Definition.model_fields)}")
    _refuse_repeated_keys(path, root)
    try:
        definition = Definition.model_validate(content)
    except PydanticError as error:
        raise _in_words(path, root, error) from error
    return Written(path, definition, root)


def _refuse_repeated_keys(path: Path, node: yaml.Node) -> None:
    """YAML keeps the last of two; the other would be dropped in silence."""
    if isinstance(node, yaml.SequenceNode):
        for item in node.value:
            _refuse_repeated_keys(path, item)
    if isinstance(node, yaml.MappingNode):
        seen = set()
        for key, value in node.value:
            if key.value in seen:
                raise _error(
                    path, key.start_mark.line + 1, f"{_shown(key.value)} is there twice"
                )
            seen.add(key.value)
            _refuse_repeated_keys(path, value)


def _in_words(path: Path, root: yaml.Node, error: PydanticError) -> DefinitionError:
    """The first of what pydantic found, in the order of the file.

    What is missing comes last: it may be there under a name that is unknown.
    """
    found = [
        (one["type"] == "missing", _line_of(root, one["loc"]), _cause(one))
        for one in error.errors(include_url=False)
    ]
    _, line, cause = min(found)
    return _error(path, line, cause)


def _cause(error: Any) -> str:
    place, kind = error["loc"], error["type"]
    if kind == "extra_forbidden":
        model = CHOICES.get(str(place[-2])) if len(place) > 1 else Definition
        allowed = _listed(model.model_fields if model else ())
        of = f"the section {place[-2]}" if len(place) > 1 else "a report"
        return f"{_shown(place[-1])} is unknown; {of} has {allowed}"
    if kind in ("union_tag_invalid", "union_tag_not_found"):
        given = error["ctx"].get("tag")
        section = f"section {_shown(given)} is unknown" if given else "no section"
        return f"{section}; there are {_listed(CHOICES)}"
    # Never the value: it may be an address.
    named = [
        str(step + 1) if isinstance(step, int) else str(step)
        for number, step in enumerate(place)
        # After the number of a section stands its name, which is not written so.
        if number != 2 or place[0] != "sections"
    ]
    what = " ".join(named)
    if kind == "value_error":
        return f"{what} {error['ctx']['error']}"
    if kind in ("greater_than_equal", "less_than_equal"):
        return f"{what} is not between 1 and 20"
    if kind == "string_too_long":
        return f"{what} is longer than {error['ctx']['max_length']} characters"
    if kind == "missing":
        return f"{what} is missing; give it"
    return f"{what} {SPOKEN.get(kind, 'has a value that it cannot have')}"


def _line_of(node: yaml.Node, place: tuple[int | str, ...]) -> int:
    """The line of a part; of what is not there, that of what it lacks in."""
    line = node.start_mark.line + 1
    for step in place:
        if isinstance(node, yaml.SequenceNode) and isinstance(step, int):
            node = node.value[step]
            line = node.start_mark.line + 1
        elif isinstance(node, yaml.MappingNode):
            for key, value in node.value:
                if key.value == step:
                    line, node = key.start_mark.line + 1, value
    return line


def _error(path: Path, line: int, cause: str) -> DefinitionError:
    return DefinitionError(f"{path}, line {line}: {cause}")


def _listed(names: Any) -> str:
    return ", ".join(names)


def _shown(name: object) -> str:
    """A name as written, unless it may be a person's address."""
    text = str(name)
    return repr(text) if "@" not in text and len(text) < 60 else "a name"
