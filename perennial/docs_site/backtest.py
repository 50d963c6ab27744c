"""How far off the last backtest was: its numbers, and plots of its deciles."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from perennial.warehouse import opened_published

ACTUAL, PREDICTED, PAST = "#c3cad3", "#c8553d", "#1b1b1b"


@dataclass(frozen=True)
class Tested:
    """One model of the backtest: its row for all, and a row for each decile."""

    name: str
    total: dict[str, Any]
    deciles: list[dict[str, Any]]

    @property
    def is_of_renewals(self) -> bool:
        """Whether its units are subscriptions and its orders renewals."""
        return self.name.startswith(("sbg", "constant"))


@dataclass(frozen=True)
class Backtest:
    """What the published file says of it."""

    models: list[Tested]
    reason: str
    cut_date: str | None
    held_out_days: int | None


def read_backtest(published: Path) -> Backtest:
    """Read rpt_clv_backtest.

    Raises:
        WarehouseError: the published file cannot be read.
    """
    with opened_published(published) as connection:
        found = connection.execute(
            """
            select * from opened.marts.rpt_clv_backtest
            order by model_name, try_cast(value_decile as integer) desc
            """
        )
        names = [column[0] for column in found.description or ()]
        rows = [dict(zip(names, row, strict=True)) for row in found.fetchall()]
    run = [row for row in rows if row["backtest_status"] == "run"]
    models = [
        Tested(
            name=row["model_name"],
            total=row,
            deciles=[
                one
                for one in run
                if one["model_name"] == row["model_name"]
                and one["value_decile"] != "all"
            ],
        )
        for row in run
        if row["value_decile"] == "all"
    ]
    first = rows[0]
    return Backtest(
        models=models,
        reason=first["backtest_reason"],
        cut_date=first["cut_date"] and f"{first['cut_date']:%Y-%m-%d}",
        held_out_days=first["held_out_days"],
    )


def plot(tested: Tested, what: str, width: int = 400) -> str:
    """Predicted beside actual by decile, as SVG.

    Args:
        tested: a model of the backtest.
        what: `orders` or `revenue`.
        width: of the plot in pixels.
    """
    # Here, since nothing else needs it, and it takes a moment.
    import vl_convert

    series = {"actual": f"actual_{what}", "predicted": f"predicted_{what}"}
    if what == "orders":
        series["past rate"] = "naive_predicted_orders"
    unit, event = (
        ("subscription", "renewals")
        if tested.is_of_renewals
        else ("customer", "orders")
    )
    title = f"{(event if what == 'orders' else what).capitalize()} per {unit}"
    rows = [
        {
            "decile": int(row["value_decile"]),
            "series": name,
            "value": float(row[column] or 0) / row["customers"],
        }
        for row in tested.deciles
        for name, column in series.items()
    ]
    colours = dict(zip(series, (ACTUAL, PREDICTED, PAST), strict=False))
    shared = {
        "x": {
            "field": "decile",
            "type": "ordinal",
            "axis": {"title": "decile of predicted revenue, 10 the highest"},
        },
        "y": {"field": "value", "type": "quantitative", "axis": {"title": None}},
        "color": {
            "field": "series",
            "scale": {"domain": list(colours), "range": list(colours.values())},
            "legend": {"title": None, "orient": "top"},
        },
    }

    def layer(mark: dict[str, Any], name: str) -> dict[str, Any]:
        return {
            "mark": mark,
            "transform": [{"filter": {"field": "series", "equal": name}}],
            "encoding": shared,
        }

    marks = {
        "actual": {"type": "bar", "width": {"band": 0.7}},
        "predicted": {"type": "line", "point": {"size": 60}, "strokeWidth": 2},
        "past rate": {"type": "point", "shape": "cross", "size": 50, "filled": True},
    }
    return vl_convert.vegalite_to_svg(
        {
            "$schema": "https://vega.github.io/schema/vega-lite/v5.json",
            "width": width,
            "height": 260,
            "background": "transparent",
            "title": title,
            "data": {"values": rows},
            "layer": [layer(marks[name], name) for name in series],
            "config": {
                "font": "sans-serif",
                "axis": {
                    "grid": False,
                    "labelAngle": 0,
                    "labelFontSize": 12,
                    "titleFontSize": 12,
                    "titleFontWeight": "normal",
                },
                "axisY": {"grid": True, "gridColor": "#e6e9ee"},
                "legend": {"labelFontSize": 12},
                "title": {"anchor": "start", "fontSize": 14},
                "view": {"stroke": None},
            },
        }
    )
