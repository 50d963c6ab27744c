"""Turn the CDNOW purchases into an orders.csv of the input contract.

CDNOW was a music shop; its purchases of 1997-98 are the field's standard
example for customer lifetime value. They come with the test dependency
`lifetimes`: 69,659 purchases of 23,570 customers, or as a sample every tenth
customer.

Example: python benchmarks/cdnow.py /tmp/cdnow --sample
"""

import argparse
import csv
import sys
from collections import Counter
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

COLUMNS = ("order_id", "customer_id", "ordered_at", "gross_amount")


class CdnowError(Exception):
    """Why there are no CDNOW files, in one line that says what to do."""


def find_purchases(is_sample: bool) -> Path:
    """The raw text file; `lifetimes` is not imported, since it needs pandas."""
    package = find_spec("lifetimes")
    if package is None or not package.submodule_search_locations:
        raise CdnowError(
            "the package lifetimes, which holds the CDNOW files, is not "
            "installed; install it with: pip install -r requirements-dev.txt"
        )
    name = "CDNOW_sample.txt" if is_sample else "CDNOW_master.txt"
    path = Path(package.submodule_search_locations[0]) / "datasets" / name
    if not path.is_file():
        raise CdnowError(f"the installed package lifetimes has no file {name}")
    return path


def read_orders(path: Path) -> Iterator[dict[str, str]]:
    """One order per line of the file.

    A line is customer, date as yyyymmdd, number of CDs, dollars; the sample
    has its own customer number as a second column. A customer's orders of one
    day are told apart by their sequence.
    """
    orders_of_day: Counter[tuple[str, str]] = Counter()
    for line in path.read_text(encoding="ascii").splitlines():
        fields = line.split()
        if not fields or not fields[0].isdigit():
            continue
        customer_id, (day, _, dollars) = fields[0], fields[-3:]
        orders_of_day[customer_id, day] += 1
        sequence = orders_of_day[customer_id, day]
        yield {
            "order_id": f"{customer_id}-{day}-{sequence}",
            "customer_id": customer_id,
            "ordered_at": f"{day[:4]}-{day[4:6]}-{day[6:]}",
            "gross_amount": dollars,
        }


def write_orders(folder: Path, is_sample: bool) -> int:
    """Write the orders to `folder`/orders.csv; returns their number."""
    orders = list(read_orders(find_purchases(is_sample)))
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "orders.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(orders)
    return len(orders)


def main() -> int:
    """Run the command line; returns its exit code."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path, help="where to write orders.csv")
    parser.add_argument(
        "--sample", action="store_true", help="every tenth customer only"
    )
    arguments = parser.parse_args()
    try:
        count = write_orders(arguments.folder, arguments.sample)
    except CdnowError as error:
        print(f"Error: {error}", file=sys.stderr)
        return 1
    except OSError as error:
        print(
            f"Error: cannot write to {arguments.folder}: {error.strerror}",
            file=sys.stderr,
        )
        return 1
    print(f"{arguments.folder / 'orders.csv'}  {count} rows")
    return 0


if __name__ == "__main__":
    sys.exit(main())
