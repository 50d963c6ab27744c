"""The input contract, read from the macro that dbt goes by: it is written once."""

from dataclasses import dataclass
from pathlib import Path

from jinja2 import Environment, TemplateError

CONTRACT_FILE = Path("macros/inputs/input_contract.sql")
DATE_KINDS = ("date", "timestamp", "end_timestamp")


class ContractError(Exception):
    """Why the contract cannot be read, in one line that says what to do."""


@dataclass(frozen=True)
class Table:
    """What one input table may and must hold."""

    name: str
    key: tuple[str, ...]
    required: tuple[str, ...]
    # Column -> kind, in the contract's order.
    columns: dict[str, str]
    amount: str | None
    # The column that dates a row, where the table itself has one.
    dated_by: str | None


def read_contract() -> dict[str, Table]:
    """Every table of the contract by name, in its order."""
    path = _find_file()
    returned: list[dict] = []
    # dbt's `return` hands a value out of a macro; here it is kept.
    environment = Environment(extensions=["jinja2.ext.do"])
    environment.globals["return"] = returned.append
    try:
        template = environment.from_string(path.read_text(encoding="utf-8"))
        template.module.input_contract()
    except (OSError, TemplateError, AttributeError) as error:
        raise ContractError(
            f"the input contract {path} cannot be read: {error}"
        ) from error
    return {name: _make_table(name, entry) for name, entry in returned[0].items()}


def _find_file() -> Path:
    """Beside the package, as in a clone; else below the working folder."""
    for root in (Path(__file__).resolve().parents[1], Path.cwd()):
        if (root / CONTRACT_FILE).is_file():
            return root / CONTRACT_FILE
    raise ContractError(
        f"there is no {CONTRACT_FILE.as_posix()}, which holds the input contract; "
        "run this in the folder of the dbt project perennial"
    )


def _make_table(name: str, entry: dict) -> Table:
    columns = entry["columns"]
    dated_by = [entry.get("dated_by"), entry.get("clock")]
    return Table(
        name=name,
        key=tuple(entry["key"]),
        required=tuple(entry["required"]),
        columns=dict(columns),
        amount=entry.get("amount"),
        dated_by=next((column for column in dated_by if column in columns), None),
    )
