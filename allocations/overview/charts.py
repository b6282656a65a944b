"""The burn-down as a figure for Plotly, in plain JSON; static/js/figure.js gives it the page's colours. Pure."""

from collections.abc import Sequence
from typing import Any

from allocations.overview.burndown import Burndown, Point

HEIGHT = 320
_HOVER = "%{x|%-d %b %Y}: %{y:,.0f} SU<extra>%{fullData.name}</extra>"


def figure(found: Burndown) -> dict[str, Any]:
    """{"data": […], "layout": {…}}: what was left, what is left, and where it leads."""
    traces = [
        _range(found),
        _line("Not metered by the portal", found.before, hue=5, dash="dot"),
        _line("Left", found.metered, hue=0, width=2),
        _reported(found),
        _line("Likely, by the days of late", found.likely, hue=3, dash="dashdot"),
        _line("At today's burn", found.ahead, hue=1, dash="dash", width=2),
    ]
    return {"data": [trace for group in traces for trace in group], "layout": _layout(found)}


def _line(
    name: str, points: Sequence[Point], *, hue: int, dash: str = "solid", width: float = 1.5
) -> list[dict[str, Any]]:
    if not points:
        return []
    return [
        {
            "type": "scatter",
            "mode": "lines" if len(points) > 1 else "markers",
            "name": name,
            "x": [_time(point) for point in points],
            "y": [float(point.left) for point in points],
            "line": {"dash": dash, "width": width},
            "hovertemplate": _HOVER,
            "meta": {"hue": hue},
        }
    ]


def _reported(found: Burndown) -> list[dict[str, Any]]:
    """The provider's own figure, as a mark: ours is an estimate from there on."""
    if found.reported is None:
        return []
    (trace,) = _line("As the provider reported", [found.reported], hue=2)
    return [{**trace, "marker": {"size": 9, "symbol": "diamond"}}]


def _range(found: Burndown) -> list[dict[str, Any]]:
    if not found.low:
        return []
    (high,) = _line("Upper edge", found.high, hue=3, width=0)
    (low,) = _line("Range", found.low, hue=3, width=0)
    return [
        {**high, "showlegend": False, "hoverinfo": "skip", "hovertemplate": None},
        {**low, "fill": "tonexty", "hoverinfo": "skip", "hovertemplate": None},
    ]


def _time(point: Point) -> str:
    return point.at.strftime("%Y-%m-%d %H:%M")


def _layout(found: Burndown) -> dict[str, Any]:
    end = found.ends_at.strftime("%Y-%m-%d %H:%M")
    return {
        "height": HEIGHT,
        "margin": {"l": 64, "r": 12, "t": 12, "b": 36},
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "hovermode": "closest",
        "dragmode": False,
        "showlegend": True,
        "legend": {"orientation": "h", "x": 0, "y": -0.14, "yanchor": "top"},
        "xaxis": {
            "type": "date",
            "fixedrange": True,
            "showgrid": False,
            "nticks": 6,
            "tickformat": "%-d %b<br>%Y",
            "automargin": True,
        },
        "yaxis": {
            "rangemode": "tozero",
            "fixedrange": True,
            "tickformat": ",.3~s",
            "title": {"text": "SU left"},
            "automargin": True,
        },
        "shapes": [_upright(end, "bad"), _upright(found.now.strftime("%Y-%m-%d %H:%M"), "ink-3")],
        "annotations": [
            {
                "x": end,
                "y": 1,
                "yref": "paper",
                "text": "ends",
                "showarrow": False,
                "xanchor": "right",
                "yanchor": "top",
            }
        ],
    }


def _upright(at: str, tone: str) -> dict[str, Any]:
    return {
        "type": "line",
        "x0": at,
        "x1": at,
        "yref": "paper",
        "y0": 0,
        "y1": 1,
        "line": {"width": 1, "dash": "dot"},
        "name": tone,
    }
