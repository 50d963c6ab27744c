"""Views that show each public table as it was published, for who reads one.

One after the other is pointed at another build: two of them may be of two
builds while that goes on.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from perennial.spark.session import said
from perennial.spark.sides import Namespaces, tag_of
from perennial.warehouse import Build

if TYPE_CHECKING:
    from pyspark.sql import SparkSession


def write_views(
    spark: "SparkSession", namespaces: Namespaces, tables: list[str], build: Build
) -> Iterator[str]:
    """Point the views at a build, and say what could not be."""
    from py4j.protocol import Py4JError
    from pyspark.errors import PySparkException

    for table in tables:
        try:
            spark.sql(
                f"create or replace view {namespaces.view(table)} as select * from "
                f"{namespaces.mart(table)} version as of '{tag_of(build.build_id)}'"
            )
        except (Py4JError, PySparkException) as error:
            name = namespaces.view(table).replace("`", "")
            yield f"the view {name} does not show this build: {said(error)}"
