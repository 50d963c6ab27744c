"""Small pictures as PNG, from Vega-Lite; the same numbers give the same bytes."""

import functools
import json
from typing import Any

from perennial.report.content import Picture
from perennial.report.problem import ReportError

# The colours keep their meaning in every picture.
TOTAL, GAIN, LOSS = "#44546a", "#0f7b6c", "#c2410c"
WIDTH = 584
# Twice the pixels: phones show them small and sharp.
SCALE = 2
CONFIG: dict[str, Any] = {
    "font": "Liberation Sans, Arial, Helvetica, sans-serif",
    "view": {"stroke": None},
    "background": "white",
    "axis": {
        "labelColor": "#44546a",
        "labelFontSize": 12,
        "titleColor": "#44546a",
        "titleFontSize": 12,
        "titleFontWeight": "normal",
        "gridColor": "#e8ebef",
        "domainColor": "#c3cad3",
        "ticks": False,
        "labelPadding": 6,
    },
    "legend": {
        "labelFontSize": 12,
        "labelColor": "#44546a",
        "title": None,
        "orient": "top",
        "offset": 4,
    },
}


@functools.cache
def _draw(spec: str) -> bytes:
    try:
        import vl_convert
    except ImportError as error:
        raise ReportError(
            "the pictures need vl-convert, which is not installed; make setup-bi "
            "installs it (it does not come with Python 3.14 yet)"
        ) from error
    try:
        return vl_convert.vegalite_to_png(
            spec, vl_version="5.20", scale=SCALE, allowed_base_urls=[]
        )
    except ValueError as error:
        raise ReportError(
            "a picture could not be drawn: vl-convert does not take its description"
        ) from error


def _picture(name: str, alt: str, height: int, spec: dict[str, Any]) -> Picture:
    whole = {
        "$schema": "https://vega.github.io/schema/vega-lite/v5.json",
        "width": WIDTH,
        "height": height,
        "autosize": {"type": "fit", "contains": "padding"},
        "padding": 2,
        "config": CONFIG,
        **spec,
    }
    png = _draw(json.dumps(whole, sort_keys=True))
    return Picture(name, alt, png, WIDTH, height)


def waterfall_axis(steps: list[tuple[str, float, bool]]) -> tuple[float, float]:
    """Where the axis of a waterfall begins and ends.

    It begins above 0 where the steps are small beside the totals, which are then
    cut off below.

    Args:
        steps: as of the waterfall.
    """
    levels: list[float] = []
    for _, value, is_total in steps:
        levels.append(value if is_total else levels[-1] + value)
    low, high = min(levels), max(levels)
    room = max(high - low, high * 0.01, 1.0)
    return max(low - room * 0.35, 0.0), high + room * 0.18


def waterfall(
    name: str, alt: str, currency: str, steps: list[tuple[str, float, bool]]
) -> Picture:
    """Steps from a start to an end.

    Args:
        name: of the picture.
        alt: the picture in words.
        currency: of the axis.
        steps: label, value, and whether it is a total rather than a step.
    """
    bars: list[dict[str, Any]] = []
    level = 0.0
    for label, value, is_total in steps:
        begin, end = (0.0, value) if is_total else (level, level + value)
        level = end
        kind = "total" if is_total else ("gain" if value >= 0 else "loss")
        shown = f"{value:,.0f}" if is_total else f"{value:+,.0f}"
        bars.append(
            {
                "step": label,
                "low": min(begin, end),
                "high": max(begin, end),
                "kind": kind,
                "shown": shown,
            }
        )
    low, top = waterfall_axis(steps)
    for bar in bars:
        bar["low"] = max(bar["low"], low)
    x = {
        "field": "step",
        "type": "nominal",
        "sort": [step[0] for step in steps],
        "axis": {"title": None, "labelAngle": 0, "grid": False},
        "scale": {"paddingInner": 0.25},
    }
    scale = {"domain": [low, top], "zero": False, "nice": False}
    axis = {"title": f"MRR, {currency}", "format": ",.0f", "tickCount": 5}
    return _picture(
        name,
        alt,
        230,
        {
            "data": {"values": bars},
            "layer": [
                {
                    "mark": {"type": "bar"},
                    "encoding": {
                        "x": x,
                        "y": {
                            "field": "low",
                            "type": "quantitative",
                            "scale": scale,
                            "axis": axis,
                        },
                        "y2": {"field": "high"},
                        "color": {
                            "field": "kind",
                            "type": "nominal",
                            "legend": None,
                            "scale": {
                                "domain": ["total", "gain", "loss"],
                                "range": [TOTAL, GAIN, LOSS],
                            },
                        },
                    },
                },
                {
                    "mark": {
                        "type": "text",
                        "dy": -8,
                        "fontSize": 12,
                        "color": "#1f2937",
                    },
                    "encoding": {
                        "x": x,
                        "y": {"field": "high", "type": "quantitative", "scale": scale},
                        "text": {"field": "shown", "type": "nominal"},
                    },
                },
            ],
        },
    )


def lines(
    name: str, alt: str, title: str, series: dict[str, list[tuple[str, float]]]
) -> Picture:
    """One line for each series, over months as ISO dates."""
    values = [
        {"series": label, "month": month, "value": value}
        for label, points in series.items()
        for month, value in points
    ]
    return _picture(
        name,
        alt,
        190,
        {
            "data": {"values": values},
            "mark": {
                "type": "line",
                "point": {"size": 24, "filled": True},
                "strokeWidth": 2.5,
            },
            "encoding": {
                "x": {
                    "field": "month",
                    "type": "ordinal",
                    "timeUnit": "utcyearmonth",
                    "axis": {
                        "title": None,
                        "format": "%b %y",
                        "labelAngle": 0,
                        "grid": False,
                        "labelOverlap": "greedy",
                        "labelSeparation": 12,
                    },
                },
                "y": {
                    "field": "value",
                    "type": "quantitative",
                    "scale": {"zero": True},
                    "axis": {"title": title, "format": ",.0f", "tickCount": 4},
                },
                "color": _colours(list(series)),
            },
        },
    )


def bars(
    name: str,
    alt: str,
    titles: tuple[str, str],
    values: list[tuple[str, float, str]],
) -> Picture:
    """One bar for each label, with words above it.

    Args:
        name: of the picture.
        alt: the picture in words.
        titles: of the axes, across and up.
        values: label, value, and the words above the bar.
    """
    across, up = titles
    x = {
        "field": "label",
        "type": "nominal",
        "sort": [label for label, _, _ in values],
        "axis": {"title": across, "labelAngle": 0, "grid": False},
        "scale": {"paddingInner": 0.25},
    }
    y = {
        "field": "value",
        "type": "quantitative",
        "axis": {"title": up, "format": ",.0f", "tickCount": 4},
    }
    return _picture(
        name,
        alt,
        180,
        {
            "data": {
                "values": [
                    {"label": label, "value": value, "shown": shown}
                    for label, value, shown in values
                ]
            },
            "encoding": {"x": x, "y": y},
            "layer": [
                {"mark": {"type": "bar", "color": TOTAL}},
                {
                    "mark": {
                        "type": "text",
                        "dy": -8,
                        "fontSize": 12,
                        "color": "#1f2937",
                    },
                    "encoding": {"text": {"field": "shown", "type": "nominal"}},
                },
            ],
        },
    )


def _colours(names: list[str]) -> dict[str, Any]:
    return {
        "field": "series",
        "type": "nominal",
        "sort": names,
        "legend": {} if len(names) > 1 else None,
        "scale": {"domain": names, "range": [TOTAL, GAIN][: len(names)]},
    }
