"""Draw how predicted lifetime value did, from a built work file.

    calibration   orders predicted by the backtest and what came, by decile
    tracking      repeat purchases per week, expected and actual, before and
                  after the backtest's cut
    survival      renewals observed and fitted, by plan

Example: python benchmarks/plots.py calibration warehouse/work.duckdb out.svg
"""

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb
import numpy as np

if TYPE_CHECKING:
    from matplotlib.axes import Axes

ACTUAL, PREDICTED = "#1b1b1b", "#c8553d"
DECILES = """
    select
        cast(value_decile as integer) as decile,
        predicted_orders / customers as predicted,
        actual_orders / customers as actual,
        naive_predicted_orders / customers as naive
    from marts.rpt_clv_backtest
    where
        value_decile <> 'all'
        and model_name not like 'sbg%' and model_name not like 'constant%'
    order by decile
"""
# The customers of the backtest's cut, and what they bought on each day since
# the first one.
CUT = """
    select
        date_diff('day', first_date, cut_date) as cut_day,
        date_diff('day', first_date, last_date) as last_day
    from intermediate.int_clv_cuts
    cross join (
        select max(cut_date) as last_date from intermediate.int_clv_cuts
        where cut_name = 'as_of'
    )
    where cut_name = 'backtest' and skip_reason is null
"""
STARTS = """
    select date_diff('day', first_date, first_purchase_date) as day, count(*) as n
    from intermediate.int_customers_summarised_for_clv
    inner join intermediate.int_clv_cuts using (cut_name)
    where cut_name = 'backtest'
    group by day
    order by day
"""
REPEATS = """
    select
        date_diff('day', cuts.first_date, purchases.purchase_date) as day,
        count(*) as n
    from intermediate.int_orders_aggregated_to_purchases as purchases
    inner join intermediate.int_customers_summarised_for_clv as customers
        on purchases.customer_key = customers.customer_key
    inner join intermediate.int_clv_cuts as cuts
        on customers.cut_name = cuts.cut_name
    where cuts.cut_name = 'backtest' and not purchases.is_first_purchase
    group by day
    order by day
"""
PARAMETERS = """
    select item_name, value from intermediate.int_clv_models_fitted
    where cut_name = 'backtest' and model_name = 'orders'
        and output_name = 'parameter'
"""
SURVIVAL = """
    select
        plan_id, billing_interval, tenure_months, survival_rate,
        survival_rate_low, survival_rate_high, fitted_survival_rate
    from marts.rpt_subscription_survival
    where (plan_id, billing_interval) in (
        select (plan_id, billing_interval) from marts.rpt_subscription_survival
        where fitted_survival_rate is not null
    )
    order by plan_id, billing_interval, tenure_months
"""


class PlotError(Exception):
    """Why there is nothing to draw, in one line."""


def fetch(connection: duckdb.DuckDBPyConnection, sql: str) -> dict[str, np.ndarray]:
    """The columns of a query as arrays."""
    return connection.sql(sql).fetchnumpy()


def draw_calibration(connection: duckdb.DuckDBPyConnection) -> None:
    """Predicted against actual orders per customer, a pair for each decile."""
    from matplotlib import pyplot

    deciles = fetch(connection, DECILES)
    if not len(deciles["decile"]):
        raise PlotError("the backtest was skipped: nothing to draw")
    _, axes = pyplot.subplots(figsize=(7, 4))
    axes.bar(deciles["decile"], deciles["actual"], color="#d8d8d8", label="actual")
    axes.plot(
        deciles["decile"],
        deciles["predicted"],
        "o-",
        color=PREDICTED,
        label="predicted",
    )
    axes.plot(
        deciles["decile"], deciles["naive"], "x", color=ACTUAL, label="past rate x / T"
    )
    axes.set_xticks(range(1, 11))
    axes.set_xlabel("decile of predicted revenue, 10 the highest")
    _finish(axes, "Orders per customer in the held-out time")


def draw_tracking(connection: duckdb.DuckDBPyConnection) -> None:
    """Repeat purchases by week, of each week and added up."""
    from matplotlib import pyplot

    spans = connection.sql(CUT).fetchall()
    if not spans:
        raise PlotError("the backtest was skipped: nothing to draw")
    cut_day, last_day = spans[0]
    weeks = np.arange(0, last_day + 1, 7)
    repeats = fetch(connection, REPEATS)
    counted = np.bincount(repeats["day"], repeats["n"], last_day + 1)
    actual = np.concatenate(([0.0], np.cumsum(counted)))[weeks]
    parameters = dict(connection.sql(PARAMETERS).fetchall())
    if "a" not in parameters:
        raise PlotError("the backtest's model is not BG/NBD: nothing to draw")
    starts = fetch(connection, STARTS)
    expected = expect_repeats(parameters, starts["day"], starts["n"], weeks)
    _, (weekly, added) = pyplot.subplots(1, 2, figsize=(10, 4))
    number = np.arange(1, len(weeks))
    for axes, shape in ((weekly, np.diff), (added, lambda values: values[1:])):
        axes.plot(number, shape(actual), color=ACTUAL, label="actual")
        axes.plot(number, shape(expected), color=PREDICTED, label="expected")
        axes.axvline(cut_day / 7, color="#888888", linestyle=":", label="cut")
        axes.set_xlabel("week")
    _finish(weekly, "Repeat purchases per week")
    _finish(added, "Repeat purchases, cumulative")


def expect_repeats(
    parameters: dict[str, float], start: np.ndarray, count: np.ndarray, day: np.ndarray
) -> np.ndarray:
    """Repeat purchases that BG/NBD expects until each day, of all customers.

    `count` customers start on each day of `start`. Fader, Hardie and Lee
    (2005), equation 9, as the sum over the nodes of the dropout probability.
    """
    from perennial.clv.quadrature import far_nodes

    nodes = far_nodes(parameters["a"], parameters["b"], np.zeros(1))
    chance, weight = (values[0] for values in nodes)
    age = np.maximum(day[:, None] - start[None, :], 0)
    reach = np.arange(int(age.max()) + 1) / parameters["alpha"]
    terms = -np.expm1(-parameters["r"] * np.log1p(np.outer(reach, chance)))
    return (terms @ (weight / chance))[age] @ count


def draw_survival(connection: duckdb.DuckDBPyConnection) -> None:
    """Observed with its range, and fitted, one panel per plan and interval."""
    from matplotlib import pyplot

    rows = fetch(connection, SURVIVAL)
    groups = sorted(set(zip(rows["plan_id"], rows["billing_interval"], strict=True)))
    if not groups:
        raise PlotError("no plan has a fitted survival: nothing to draw")
    width = 4 * len(groups)
    _, panels = pyplot.subplots(
        1, len(groups), figsize=(width, 4), sharey=True, squeeze=False
    )
    for axes, (plan_id, interval) in zip(panels[0], groups, strict=True):
        mine = (rows["plan_id"] == plan_id) & (rows["billing_interval"] == interval)
        columns = {
            name: np.ma.filled(np.ma.asarray(rows[name][mine], float), np.nan)
            for name in list(rows)[2:]
        }
        months = columns["tenure_months"]
        axes.fill_between(
            months,
            columns["survival_rate_low"],
            columns["survival_rate_high"],
            step="post",
            color="#d8d8d8",
        )
        axes.step(
            months,
            columns["survival_rate"],
            where="post",
            color=ACTUAL,
            label="observed",
        )
        axes.step(
            months,
            columns["fitted_survival_rate"],
            where="post",
            color=PREDICTED,
            label="fitted",
        )
        axes.set_xlabel("months since the start")
        axes.set_ylim(0, 1.02)
        _finish(axes, f"{plan_id}, {interval}")


def _finish(axes: "Axes", title: str) -> None:
    axes.set_title(title, loc="left", fontsize=10)
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(frameon=False)


PLOTS = {
    "calibration": draw_calibration,
    "tracking": draw_tracking,
    "survival": draw_survival,
}


def draw(plot: str, work_file: Path, target: Path) -> None:
    """Draw one plot of a work file; the same file gives the same bytes."""
    import matplotlib

    matplotlib.use("Agg")
    matplotlib.rcParams |= {"svg.hashsalt": "perennial", "svg.fonttype": "none"}
    from matplotlib import pyplot

    with duckdb.connect(str(work_file), read_only=True) as connection:
        PLOTS[plot](connection)
    target.parent.mkdir(parents=True, exist_ok=True)
    metadata = {"Date": None} if target.suffix == ".svg" else None
    pyplot.tight_layout()
    pyplot.savefig(target, metadata=metadata)
    pyplot.close()


def main() -> int:
    """Run the command line; returns its exit code."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("plot", choices=PLOTS)
    parser.add_argument("work_file", type=Path)
    parser.add_argument("target", type=Path, help="an .svg or .png to write")
    arguments = parser.parse_args()
    try:
        draw(arguments.plot, arguments.work_file, arguments.target)
    except (PlotError, duckdb.Error) as error:
        print(f"Error: {str(error).splitlines()[0]}", file=sys.stderr)
        return 1
    print(arguments.target)
    return 0


if __name__ == "__main__":
    # From the root, like the project's other commands.
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
    sys.exit(main())
