"""Fit the models of predicted value for an engine that runs no Python models.

dbt builds what they are fitted to and hands it over; dbt writes back what was
fitted. So whatever engine the target names, the fit is the one of DuckDB, and
the same SQL scores with it.
"""

import contextlib
import datetime
import decimal
import io
import json
import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from dbt.cli.main import dbtRunner, dbtRunnerResult

from perennial.build import BuildError, Say, run_dbt_build
from perennial.clv.fit import fit_models
from perennial.clv.rows import INTEGERS

INPUTS = {
    "cuts": "int_clv_cuts",
    "cells": "int_clv_cells",
    "value_cells": "int_clv_value_cells",
    "renewals": "int_renewals_aggregated_to_tenures",
}


class FitError(Exception):
    """Why nothing was fitted, in one line that says what to do."""


@dataclass(frozen=True)
class FittedModel:
    """What became of one model: its status and the reason, in words."""

    cut_name: str
    model_name: str
    group_name: str
    status: str
    reason: str


def fit_through_dbt(options: Iterable[str]) -> list[FittedModel]:
    """Fit on what dbt builds, and write the fit back through dbt.

    Args:
        options: what dbt is given at each step, like `--target` and `--vars`.

    Returns:
        The status of each model, as written to the table fitted.clv_models.

    Raises:
        FitError: a step of dbt failed; its own messages went to stdout.
    """
    options = list(options)
    _run(
        "build",
        *(part for name in INPUTS.values() for part in ("--select", f"+{name}")),
        # A fit is no build, and tells no numbers that later ones could restate.
        *("--exclude", "snap_builds"),
        *("--exclude-resource-type", "test"),
        *("--exclude-resource-type", "unit_test"),
        options=options,
    )
    tables = {
        argument: _read(f"select * from {{{{ ref('{model}') }}}}", options)
        for argument, model in INPUTS.items()
    }
    fingerprints = _read("{{ perennial.clv_fingerprints() }}", options)
    columns = fit_models(**tables)
    _run(
        "run-operation",
        "write_fitted_models",
        *("--args", json.dumps({"rows": _json_rows(columns, fingerprints)})),
        options=options,
    )
    return _statuses(columns)


def fit_and_build(
    target_name: str,
    variables: dict[str, object],
    say: Say,
    between: Callable[[], None] = lambda: None,
) -> datetime.datetime:
    """Fit, then run `dbt build`, both with the same variables.

    Args:
        target_name: of the profile.
        variables: of the build.
        say: takes the lines that a person wants to see.
        between: called when the fit has ended, however it ended.

    Returns:
        A moment before the build began, in UTC.

    Raises:
        BuildError: the fit or the build failed.
    """
    options = ["--target", target_name, "--vars", json.dumps(variables, default=str)]
    try:
        fit_through_dbt(options)
    except FitError as error:
        raise BuildError(f"{error}. Nothing was published") from error
    finally:
        between()
    return run_dbt_build(variables, target_name, Path(), say)


def _run(command: str, *arguments: str, options: list[str]) -> dbtRunnerResult:
    outcome = dbtRunner().invoke([command, "--quiet", *arguments, *options])
    if not outcome.success:
        # One line, as all errors of the command are.
        cause = " ".join(str(outcome.exception or "its messages are above").split())
        raise FitError(f"dbt {command} failed: {cause}")
    return outcome


def _read(sql: str, options: list[str]) -> dict[str, np.ndarray]:
    """The rows of a query, column by column; dbt prints them, and is not heard."""
    # Nor are they logged: with a million customers they are as many lines.
    quietly = ("--log-level-file", "none", "--limit", "-1")
    with contextlib.redirect_stdout(io.StringIO()):
        outcome = _run("show", "--inline", sql, *quietly, options=options)
    table = outcome.result.results[0].agate_table
    return {
        name.lower(): _array(table.columns[name].values())
        for name in table.column_names
    }


def _array(values: Iterable[Any]) -> np.ndarray:
    """Numbers and days as such, everything else as objects with None."""
    values = list(values)
    present = [value for value in values if value is not None]
    if present and len(present) == len(values):
        if all(isinstance(value, decimal.Decimal | int | float) for value in present):
            return np.array([float(value) for value in values])
        if all(isinstance(value, datetime.date) for value in present):
            return np.array(values, dtype="datetime64[D]")
    return np.array(values, dtype=object)


def _json_rows(
    columns: dict[str, np.ndarray], fingerprints: dict[str, np.ndarray]
) -> str:
    """All rows as JSON; what they were fitted on comes last."""
    plain = [
        [
            int(value) if name in INTEGERS and value is not None else value
            for value in map(_plain, column)
        ]
        for name, column in columns.items()
    ]
    rows = list(zip(*plain, strict=True))
    pairs = zip(fingerprints["cut_name"], fingerprints["fingerprint"], strict=True)
    for cut_name, fingerprint in pairs:
        known = {"cut_name": cut_name, "output_name": "fitted_on", "note": fingerprint}
        rows.append(tuple(known.get(name) for name in columns))
    return json.dumps(rows)


def _plain(value: Any) -> Any:
    """A value of a numpy column as JSON has it; what is no number is null."""
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value


def _statuses(columns: dict[str, np.ndarray]) -> list[FittedModel]:
    return [
        FittedModel(
            cut_name=columns["cut_name"][row],
            model_name=columns["model_name"][row],
            group_name=", ".join(
                filter(None, (columns["plan_id"][row], columns["term_name"][row]))
            )
            or "all",
            status=columns["item_name"][row],
            reason=columns["note"][row],
        )
        for row in np.flatnonzero(columns["output_name"] == "status")
    ]
