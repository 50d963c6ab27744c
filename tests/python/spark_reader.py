"""Reads pages of a shop on Spark until its standard input ends; says what it saw.

Each thread reads in one way: `pinned` as the documentation says, `views` and
`work` without a word on which build.
"""

from __future__ import annotations

import json
import sys
import threading
from collections import Counter
from typing import TYPE_CHECKING

from published import NUMBERED
from spark_shop import target_of

from perennial.spark.session import session_of

if TYPE_CHECKING:
    from pyspark.sql import SparkSession


def read_pinned(spark: SparkSession, name: str) -> set[int]:
    """The builds of a page that asks once which build is published."""
    build = spark.sql(
        f"select build_id from public_{name}.published_builds where is_published"
    ).first()[0]
    return {int(build[:8])}.union(
        spark.sql(
            f"select built_by from {name}_marts.{table} version as of 'build_{build}'"
        ).first()[0]
        for table in NUMBERED
    )


def read_views(spark: SparkSession, name: str) -> set[int]:
    """The builds of a page that reads the views."""
    return {
        spark.sql(f"select built_by from public_{name}.{table}").first()[0]
        for table in NUMBERED
    }


def read_work(spark: SparkSession, name: str) -> set[int]:
    """The builds of a page that reads what dbt builds."""
    return {
        spark.sql(f"select built_by from {name}_marts.{table}").first()[0]
        for table in NUMBERED
    }


WAYS = {"pinned": read_pinned, "views": read_views, "work": read_work}


def main(name: str, *ways: str) -> None:
    """Read in each of these ways at once."""
    counts: Counter[str] = Counter()
    seen: dict[str, set[int]] = {way: set() for way in ways}
    over = threading.Event()

    def read(spark: SparkSession, way: str) -> None:
        while not over.is_set():
            try:
                builds = WAYS[way](spark, name)
            except Exception as error:
                counts[f"{way} failed: {str(error).splitlines()[0]}"] += 1
                continue
            counts[f"{way} pages"] += 1
            counts[f"{way} mixed"] += len(builds) != 1
            seen[way] |= builds

    with session_of(target_of(name)) as spark:
        readers = [
            threading.Thread(target=read, args=[spark.newSession(), way])
            for way in ways
        ]
        for way in set(ways):
            WAYS[way](spark, name)
        print("ready", flush=True)
        for reader in readers:
            reader.start()
        sys.stdin.read()
        over.set()
        for reader in readers:
            reader.join()
    builds = {way: sorted(numbers) for way, numbers in seen.items()}
    print(json.dumps({"counts": counts, "builds": builds}))


if __name__ == "__main__":
    main(*sys.argv[1:])
