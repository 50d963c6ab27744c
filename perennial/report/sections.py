"""Which function makes which section, and the content of a whole report."""

from collections.abc import Callable
from typing import Any

import duckdb

from perennial.report.content import Content, Section
from perennial.report.definition import Written
from perennial.report.money import bridge, headline_numbers, renewals
from perennial.report.people import at_risk_customers, best_customers
from perennial.report.quality import data_quality
from perennial.report.reading import Reading, find_month
from perennial.report.sales import conversion, products
from perennial.warehouse import Build

SECTIONS: dict[str, Callable[[Reading, int, Any], Section]] = {
    "headlines": headline_numbers,
    "bridge": bridge,
    "best_customers": best_customers,
    "at_risk_customers": at_risk_customers,
    "products": products,
    "conversion": conversion,
    "renewals": renewals,
    "data_quality": data_quality,
}


def read_content(
    connection: duckdb.DuckDBPyConnection, build: Build, written: Written
) -> Content:
    """All that a report tells of a published file.

    Args:
        connection: with the published file in use.
        build: the build that it holds.
        written: the definition of the report.

    Raises:
        DefinitionError: a filter names what the file does not have.
        duckdb.Error: the file is of another version, or damaged.
    """
    reading = Reading(connection, build, find_month(written, build), written)
    sections = [
        SECTIONS[choice.name](reading, index, choice)
        for index, choice in enumerate(written.definition.sections)
    ]
    return Content(
        title=written.definition.title,
        month=reading.month_in_words,
        as_of=str(reading.as_of),
        currency=build.policy("reporting_currency"),
        build=build.build_id[:8],
        schedule=written.definition.schedule,
        sections=sections,
    )
