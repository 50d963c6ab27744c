"""The project's own models on simulated purchases: one side of clv.py.

The SQL is what dbt compiles from the models, the fit is the Python model
itself; run here in one connection of one process, so that CPU seconds and
memory are theirs and not dbt's.
"""

import importlib.util
import json
import os
import subprocess
import sys
import time
from dataclasses import dataclass
from datetime import date, timedelta
from graphlib import TopologicalSorter
from pathlib import Path
from typing import Any
from unittest.mock import patch

import duckdb
import numpy as np
from clv_lifetimes import YEAR_DAYS, Purchases, Scores, Summary

PROJECT = Path(__file__).resolve().parents[1]
TARGET = "int_customers_predicted_by_orders"
# What stands before the models of value, as the models name it: the simulated
# orders, a clock, and no subscriptions.
FIRST_DAY = date(2022, 1, 1)
LAST_DAY = FIRST_DAY + timedelta(days=3 * YEAR_DAYS - 1)
INPUTS = {
    "int_orders_valued": """
        select
            cast(customer as varchar) as customer_key,
            cast('{first_day}' as date) + cast(day as integer) as order_date,
            cast(cents as decimal(18, 6)) / 100 as net_revenue,
            cast(cents as decimal(18, 6)) / 100 as gross_margin,
            false as is_subscription_billing
        from purchases
    """,
    "util_as_of_date": "select date '{last_day}' as as_of_date",
    "int_subscriptions_split_into_terms": """
        select cast(null as date) as term_start_date where false
    """,
    "int_renewals_aggregated_to_tenures": """
        select
            '' as cut_name, '' as plan_id, '' as term_name,
            1 as renewal_number, 1 as due, 1 as lost, 1 as starts,
            cast(1 as double) as term_length_days
        where false
    """,
}
# Of whom something is new: a question of daily runs only.
TRACKED = "int_customers_tracked"
SUMMARY = "int_customers_summarised_for_clv"
FIT = "int_clv_models_estimated"
STEPS = "int_clv_steps"
EXPECTED = "int_clv_purchases_expected"
# What lifetimes gives too; of other columns only the names are needed.
OUTPUTS = {
    EXPECTED: ("expected_orders_12m", "discounted_orders_12m"),
    TARGET: (
        "probability_alive",
        "expected_orders_12m",
        "expected_order_value",
        "order_clv_12m",
    ),
}
KEYS = ("cut_name", "customer_key", "frequency", "age_days")
# What only the ranges need.
RANGES = (
    "int_clv_purchase_chances_averaged",
    "int_clv_range_corners",
    "int_clv_bounds_placed",
    "int_clv_ranges_interpolated",
)


class CompileError(Exception):
    """Why dbt could not compile the models."""


@dataclass(frozen=True)
class Model:
    """A model: its file, its table, and its SQL unless it is Python."""

    path: Path
    relation: str
    sql: str | None
    is_input: bool


def compile_models(folder: Path, variables: dict[str, Any]) -> dict[str, Model]:
    """The models up to TARGET, in the order they run.

    dbt compiles them into `folder`; the file of the work database is made
    there too, as work.duckdb.
    """
    outcome = subprocess.run(
        [
            *(sys.executable, "-m", "dbt.cli.main", "compile"),
            *("--select", f"+{TARGET}", "--vars", json.dumps(variables)),
            "--quiet",
        ],
        cwd=PROJECT,
        env={
            **os.environ,
            "PERENNIAL_WORK_FILE": str(folder / "work.duckdb"),
            "PERENNIAL_HISTORY_FILE": str(folder / "history.duckdb"),
            "DBT_TARGET_PATH": str(folder / "target"),
            "DBT_LOG_PATH": str(folder / "logs"),
            "DBT_PROFILES_DIR": str(PROJECT),
            "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
        },
        capture_output=True,
        text=True,
        check=False,
    )
    if outcome.returncode:
        raise CompileError(f"dbt compile failed:\n{outcome.stdout}{outcome.stderr}")
    return find_models(folder)


def find_models(folder: Path) -> dict[str, Model]:
    """The models that dbt compiled into `folder`, in the order they run."""
    manifest = json.loads((folder / "target/manifest.json").read_text())
    nodes = {
        node["name"]: node
        for node in manifest["nodes"].values()
        if node["resource_type"] in ("model", "seed")
    }
    needed, waiting = {}, [TARGET]
    while waiting:
        name = waiting.pop()
        if name not in needed:
            parents = [] if name in INPUTS else nodes[name]["depends_on"]["nodes"]
            names = [parent.rsplit(".", 1)[1] for parent in parents]
            needed[name] = [parent for parent in names if parent != TRACKED]
            waiting += needed[name]
    models = {}
    for name in TopologicalSorter(needed).static_order():
        source = nodes[name]["original_file_path"]
        compiled = folder / "target/compiled/perennial" / source
        is_sql = source.endswith(".sql") and name not in INPUTS
        models[name] = Model(
            path=PROJECT / source,
            relation=nodes[name]["relation_name"],
            sql=compiled.read_text() if is_sql else None,
            is_input=name in INPUTS,
        )
    return models


class Ours:
    """The models, run one after another in one connection."""

    def __init__(self, file: Path, models: dict[str, Model]) -> None:
        self.connection = duckdb.connect(str(file))
        self.connection.execute("set TimeZone = 'UTC'")
        self.models = models

    def put(
        self,
        purchases: Purchases,
        first_day: date = FIRST_DAY,
        last_day: date = LAST_DAY,
    ) -> None:
        """Write the purchases, a clock and no subscriptions as the inputs.

        The days of the purchases count from `first_day`.
        """
        self.connection.register("purchases", vars(purchases))
        for name, model in self.models.items():
            if model.is_input:
                sql = INPUTS[name].format(first_day=first_day, last_day=last_day)
                self._write(model, sql)
        self.connection.unregister("purchases")
        self.connection.execute("checkpoint")

    def run(self) -> dict[str, float]:
        """Run all models; CPU seconds of each."""
        seconds = {}
        for name, model in self.models.items():
            if not model.is_input:
                began = time.process_time()
                self._run_one(model)
                seconds[name] = time.process_time() - began
        return seconds

    def run_like_lifetimes(self) -> dict[str, float]:
        """Run what lifetimes does too, from the summary on; CPU seconds.

        Without ranges, other horizons, and the months after the twelfth. What
        a run of all models has left of the ranges is emptied first.
        """
        names = list(self.models)
        again = [
            name
            for name in names[names.index(SUMMARY) + 1 :]
            if not self.models[name].is_input and name not in RANGES
        ]
        # Dropping the tables of the run before is no part of the cost.
        for name in again:
            self.connection.execute(f"drop table {self.models[name].relation}")
        for name in RANGES:
            self.connection.execute(f"delete from {self.models[name].relation}")
        self.connection.execute("checkpoint")
        seconds = {}
        for name in again:
            began = time.process_time()
            # The fit makes their tables.
            with patch("perennial.clv.fit._add_ranges"):
                self._run_one(self.models[name], only=OUTPUTS.get(name))
            seconds[name] = time.process_time() - began
            if name == STEPS:
                self.connection.execute(
                    f"delete from {self.models[name].relation} where step > 12"
                )
        return seconds

    def seconds_of_handing_over(self) -> float:
        """CPU seconds of the last model if it gives arrays, like lifetimes.

        The table it else writes is half of its cost.
        """
        columns = ", ".join(OUTPUTS[TARGET])
        began = time.process_time()
        sql = f"select {columns} from ({self.models[TARGET].sql})"
        self.connection.sql(sql).fetchnumpy()
        return time.process_time() - began

    def _run_one(self, model: Model, only: tuple[str, ...] | None = None) -> None:
        """Run a model; of its measures `only` these, the others null."""
        if model.sql is None:
            self._run_python(model)
        elif only is None:
            self._write(model, model.sql)
        else:
            columns = self.connection.sql(f"select * from ({model.sql})").columns
            chosen = (
                name if name in (*KEYS, *only) else f"cast(null as double) as {name}"
                for name in columns
            )
            self._write(model, f"select {', '.join(chosen)} from ({model.sql})")

    def seconds_of_ranges(self, seconds: dict[str, float]) -> float:
        """CPU seconds of a run that only ranges need; the fit's are taken anew."""
        whole = []
        for target in ("no_such_name", "_add_ranges"):
            began = time.process_time()
            with patch(f"perennial.clv.fit.{target}", create=True):
                self._run_one(self.models[FIT])
            whole.append(time.process_time() - began)
        # Everything is as before: the last run was without ranges.
        self._run_one(self.models[FIT])
        return whole[0] - whole[1] + sum(seconds[name] for name in RANGES)

    def summary(self) -> Summary:
        """What the models know of each customer, sorted by key."""
        columns = self.connection.sql(
            "select frequency, recency_days, age_days, coalesce(mean_value, 0) as mean "
            f"from {self.models[SUMMARY].relation} "
            "where cut_name = 'as_of' order by customer_key"
        ).fetchnumpy()
        return Summary(*(np.asarray(one, float) for one in columns.values()))

    def scores(self) -> Scores:
        """What the models predict, sorted like the summary; no seconds."""
        parameters = dict(
            self.connection.sql(
                f"select item_name, value from {self.models[FIT].relation} "
                "where cut_name = 'as_of' and output_name = 'parameter'"
            ).fetchall()
        )
        columns = self.connection.sql(
            "select probability_alive, expected_orders_12m, expected_order_value, "
            f"order_clv_12m from {self.models[TARGET].relation} "
            "where cut_name = 'as_of' order by customer_key"
        ).fetchnumpy()
        return Scores(
            parameters, *(np.asarray(one, float) for one in columns.values()), {}
        )

    def forecasts(self) -> tuple[np.ndarray, np.ndarray]:
        """Customers' numbers and their expected orders after the backtest's cut."""
        columns = self.connection.sql(
            "select cast(customer_key as bigint) as customer, expected_orders_horizon "
            f"from {self.models[TARGET].relation} where cut_name = 'backtest'"
        ).fetchnumpy()
        customer, expected = (np.asarray(one, float) for one in columns.values())
        return customer, expected

    def _write(self, model: Model, sql: str) -> None:
        schema = model.relation.rsplit(".", 1)[0]
        self.connection.execute(f"create schema if not exists {schema}")
        self.connection.execute(f"create or replace table {model.relation} as {sql}")

    def _run_python(self, model: Model) -> None:
        """The Python model, with as much of dbt as it uses."""
        if str(PROJECT) not in sys.path:
            sys.path.insert(0, str(PROJECT))
        spec = importlib.util.spec_from_file_location("fitted", model.path)
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        fitted_rows = module.model(_Dbt(self), self.connection)
        self.connection.register("fitted_rows", fitted_rows)
        self._write(model, "select * from fitted_rows")
        self.connection.unregister("fitted_rows")


class _Dbt:
    """What a Python model asks dbt for: relations by name."""

    def __init__(self, ours: Ours) -> None:
        self._ours = ours

    def config(self, *_: Any, **__: Any) -> None:
        """Nothing to configure here."""

    def ref(self, name: str) -> duckdb.DuckDBPyRelation:
        """The table of a model."""
        relation = self._ours.models[name].relation
        return self._ours.connection.table(relation.replace('"', ""))
