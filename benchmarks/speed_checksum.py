"""What a result holds, as numbers that are equal only for equal rows.

Sums of hashes, so that the order of rows does not matter. Money is compared in
whole millionths, whether it comes as decimals or as whole numbers; doubles with
nine digits after the point; days and moments as moments.

Run as a script, it prints what the table `result` of each of some files holds.
"""

import argparse
import json
from dataclasses import asdict, dataclass
from pathlib import Path

import duckdb

ALL_COLUMNS = "all columns together"


class ChecksumError(Exception):
    """That two contenders have not the same answer, and where they differ."""


@dataclass(frozen=True)
class Checksums:
    """Rows of a result, and the sum of hashes of each column."""

    rows: int
    # Column -> sum of the hashes of its values; ALL_COLUMNS -> of whole rows.
    columns: dict[str, int]


def checksums_of(file: Path) -> Checksums:
    """Read the table `result` of a database file."""
    with duckdb.connect(str(file), read_only=True) as connection:
        types = connection.execute(
            "select column_name, data_type from duckdb_columns() "
            "where table_name = 'result' order by column_name"
        ).fetchall()
        values = {name: comparable(name, data_type) for name, data_type in types}
        hashed = {name: f"hash({value})" for name, value in values.items()}
        hashed[ALL_COLUMNS] = f"hash({', '.join(values.values())})"
        sums = ", ".join(f"sum({one}::hugeint)" for one in hashed.values())
        ((rows, *found),) = connection.execute(
            f"select count(*), {sums} from result"
        ).fetchall()
    sums_of = (int(one or 0) for one in found)
    return Checksums(rows, dict(zip(hashed, sums_of, strict=True)))


def comparable(name: str, data_type: str) -> str:
    """The column as an expression that says equal for what is meant as equal."""
    if data_type.startswith("DECIMAL"):
        return f'cast("{name}" * 1000000 as bigint)'
    if "INT" in data_type:
        return f'cast("{name}" as bigint)'
    if data_type in ("DOUBLE", "FLOAT"):
        return f'round(cast("{name}" as double), 9)'
    if data_type == "DATE" or data_type.startswith("TIMESTAMP"):
        return f'cast("{name}" as timestamp)'
    if data_type == "BOOLEAN":
        return f'"{name}"'
    # Categories of data frames are enums, whose hash is that of a number.
    return f'cast("{name}" as varchar)'


def require_equal(
    question: str, contender: str, theirs: Checksums, ours: Checksums
) -> None:
    """Raise an error that names what differs, with both values."""
    if theirs == ours:
        return
    differences = [f"rows: {theirs.rows:,}, ours {ours.rows:,}"]
    for name in sorted({*theirs.columns, *ours.columns}):
        mine, other = ours.columns.get(name), theirs.columns.get(name)
        if mine != other:
            differences.append(f"{name}: {other}, ours {mine}")
    raise ChecksumError(
        f"{contender} has another answer to {question} than ours:\n  "
        + "\n  ".join(differences)
    )


def main() -> None:
    """Print the checksums as JSON; copy the first result if that is asked for."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("files", type=Path, nargs="+")
    parser.add_argument("--copy", type=Path, help="a Parquet file to write")
    arguments = parser.parse_args()
    print(json.dumps([asdict(checksums_of(file)) for file in arguments.files]))
    if arguments.copy:
        with duckdb.connect(str(arguments.files[0]), read_only=True) as connection:
            connection.execute(f"copy result to '{arguments.copy}'")


if __name__ == "__main__":
    main()
