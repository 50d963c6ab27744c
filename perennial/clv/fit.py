"""All models of all cuts: from counted rows to the table of what was fitted."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from perennial.clv.estimate import Estimate
from perennial.clv.order_value import fit_order_value
from perennial.clv.orders import fit_orders
from perennial.clv.quadrature import close_nodes, far_nodes, near_nodes
from perennial.clv.ranges import range_grid
from perennial.clv.renewals import fit_renewals
from perennial.clv.rows import Rows

Columns = dict[str, np.ndarray]
TABLES = ("cells", "value_cells", "renewals")

# The backtest compares expectations; only what is published has a range.
RANGED_CUT = "as_of"
# Renewals are predicted over three years, however short a lifetime is.
LEAST_DAYS_AHEAD = 36 * 365 / 12


def fit_models(
    cuts: Columns, cells: Columns, value_cells: Columns, renewals: Columns
) -> Columns:
    """Fit every model to every cut that is used.

    Each argument has the columns of its table as arrays (n,): int_clv_cuts,
    int_clv_cells, int_clv_value_cells, int_renewals_aggregated_to_tenures.
    Returns the columns of int_clv_models_fitted (rows.COLUMNS). The order of
    the rows given does not matter. Never raises for what those tables hold.
    """
    tables = dict(zip(TABLES, (cells, value_cells, renewals), strict=True))
    return fit_cuts(cuts, lambda table, name: _of_cut(tables[table], name))


def fit_cuts(cuts: Columns, of_cut: Callable[[str, str], Columns]) -> Columns:
    """Do what `fit_models` does, asking for the rows of one cut at a time.

    of_cut("cells", "as_of") returns the columns of that table and cut, also
    "value_cells" and "renewals"; their cut_name is not needed.
    """
    rows = Rows()
    skipped = _texts(cuts["skip_reason"])
    names = _texts(cuts["cut_name"])
    for place in np.argsort(names.astype(str)):
        if skipped[place] is None:
            name = names[place]
            cut = {column: values[place] for column, values in cuts.items()}
            tables = (
                {column: _plain(values) for column, values in table.items()}
                for table in (of_cut(each, name) for each in TABLES)
            )
            _fit_cut(rows, name, cut, *tables)
    return rows.to_columns()


def _fit_cut(
    rows: Rows, name: str, cut: dict, cells: Columns, values: Columns, renewals: Columns
) -> None:
    """The models of one cut."""
    orders = fit_orders(
        cells["frequency"],
        cells["recency_days"],
        cells["age_days"],
        cells["customer_count"],
    )
    add_estimate(rows, orders, cut_name=name, model_name="orders")
    if orders.status == "bg_nbd":
        _add_nodes(rows, name, orders, np.unique(cells["frequency"]))
    order_value = fit_order_value(
        values["purchase_kind"],
        values["purchase_count"],
        values["mean_value"],
        values["customer_count"],
    )
    add_estimate(rows, order_value, cut_name=name, model_name="order_value")
    if name == RANGED_CUT:
        _add_ranges(rows, name, orders, order_value, cells, float(cut["horizon_days"]))
    ahead = max(cut["lifetime_days"], cut["horizon_days"], LEAST_DAYS_AHEAD)
    _add_renewals(rows, name, renewals, float(ahead))


def add_estimate(rows: Rows, estimate: Estimate, **keys: str) -> None:
    """Rows of one model: its status, its parameters, its points if any."""
    rows.add(
        **keys,
        output_name="status",
        item_name=estimate.status,
        value=estimate.customers,
        argument=np.nan if estimate.log_likelihood is None else estimate.log_likelihood,
        note=estimate.reason,
    )
    named = [*zip(estimate.names, estimate.values, strict=True)]
    for position, (item, value) in enumerate([*named, *estimate.extras.items()], 1):
        error = (
            estimate.standard_errors[position - 1] if position <= len(named) else None
        )
        rows.add(
            **keys,
            output_name="parameter",
            item_name=item,
            position=position,
            value=value,
            standard_error=np.nan if error is None else error,
        )
    points = estimate.points()
    for column, item in enumerate(estimate.names):
        rows.add(
            **keys,
            output_name="point",
            item_name=item,
            position=np.arange(1, len(points) + 1),
            value=points[:, column],
        )


def _add_nodes(rows: Rows, name: str, orders: Estimate, frequency: np.ndarray) -> None:
    """Nodes of each frequency; those of no weight are left out."""
    for rule, nodes in (
        ("close", close_nodes),
        ("near", near_nodes),
        ("far", far_nodes),
    ):
        p, w = nodes(orders["a"], orders["b"], frequency)
        position = np.broadcast_to(np.arange(1, p.shape[1] + 1), p.shape)
        counts = w > 0
        rows.add(
            cut_name=name,
            model_name="orders",
            output_name="node",
            item_name=rule,
            frequency=np.broadcast_to(frequency[:, np.newaxis], p.shape)[counts],
            position=position[counts],
            argument=p[counts],
            value=w[counts],
        )


def _add_ranges(
    rows: Rows,
    name: str,
    orders: Estimate,
    order_value: Estimate,
    cells: Columns,
    horizon_days: float,
) -> None:
    """The grid of quantiles, and where each frequency stands on it."""
    grid = range_grid(
        orders,
        order_value,
        np.unique(cells["frequency"]),
        np.unique(cells["age_days"]),
        horizon_days,
    )
    for output, columns in (
        ("range_frequency", grid.range_frequency),
        ("range", grid.range),
        ("range_grid", grid.range_grid),
    ):
        rows.add(cut_name=name, model_name="orders", output_name=output, **columns)


def _add_renewals(
    rows: Rows, name: str, renewals: Columns, lifetime_days: float
) -> None:
    """Each group's model, and its survival renewal by renewal."""
    groups = fit_renewals(
        renewals["plan_id"],
        renewals["term_name"],
        renewals["renewal_number"],
        renewals["due"],
        renewals["lost"],
        renewals["starts"],
        renewals["term_length_days"],
        lifetime_days,
    )
    for group in groups:
        keys = {
            "cut_name": name,
            "model_name": "renewals",
            "plan_id": group.plan_id,
            "term_name": group.term_name,
        }
        add_estimate(rows, group.estimate, **keys)
        rows.add(
            **keys,
            output_name="survival",
            position=np.arange(len(group.survival)),
            value=group.survival,
            argument=group.predictive_survival,
        )


def _of_cut(table: Columns, name: str) -> Columns:
    """The rows of one cut."""
    mine = _texts(table["cut_name"]) == name
    return {column: values[mine] for column, values in table.items()}


def _texts(values: np.ndarray) -> np.ndarray:
    """Texts as objects, null as None."""
    # A plain None would ask for numpy's own filling, which is a word.
    return np.where(np.ma.getmaskarray(values), None, np.ma.getdata(values))


def _plain(values: np.ndarray) -> np.ndarray:
    """Without a mask: null is None in texts, and nan in numbers, as floats."""
    if not np.ma.is_masked(values):
        return np.ma.getdata(values)
    if values.dtype.kind in "iufb":
        return np.ma.filled(values.astype(float), np.nan)
    return _texts(values)
