"""Pure: the layouts of the graphs, checked by plotly itself, so that the browser gets none it does not know.

Colours are the page's own and change with its theme: static/js/charts.js sets them.
"""

from dataclasses import dataclass
from functools import cache
from typing import Any

from instances.metrics.alerts import DISK_DANGER, DISK_WARNING, LOAD_LIMIT

HEIGHT = 190


@dataclass(frozen=True, slots=True)
class Chart:
    """One graph. `columns` are the series' columns it draws, each with its name in the legend."""

    name: str
    title: str
    unit: str
    columns: tuple[tuple[str, str], ...]
    limits: tuple[float, ...] = ()


CHARTS = (
    Chart("cpu", "CPU", "%", (("cpu", "CPU"), ("cpu_peak", "peak")), (LOAD_LIMIT,)),
    Chart("ram", "Memory", "%", (("ram", "memory"), ("ram_peak", "peak")), (LOAD_LIMIT,)),
    Chart("disk", "Root disk", "%", (("disk", "root disk"),), (DISK_WARNING, DISK_DANGER)),
    Chart("gpus", "GPU", "%", (("util", "GPU"), ("mem", "memory")), ()),
    Chart("net", "Network", "B/s", (("net_in", "received"), ("net_out", "sent")), ()),
    Chart("io", "Disk activity", "B/s", (("disk_read", "read"), ("disk_write", "written")), ()),
)


@cache
def figures() -> dict[str, dict[str, Any]]:
    """By chart name: title, unit, columns and the layout for Plotly.react, as JSON takes them."""
    return {
        chart.name: {
            "title": chart.title,
            "unit": chart.unit,
            "columns": [list(column) for column in chart.columns],
            "layout": _layout(chart),
        }
        for chart in CHARTS
    }


def _layout(chart: Chart) -> dict[str, Any]:
    # plotly takes most of a second to import, so only the process that draws pays for it.
    import plotly.graph_objects as go

    percent = chart.unit == "%"
    yaxis = {
        "rangemode": "tozero",
        "fixedrange": True,
        "ticksuffix": " %" if percent else "B/s",
        "tickformat": "" if percent else "~s",
        **({"range": [0, 103], "dtick": 25} if percent else {}),
    }
    layout = go.Layout(
        height=HEIGHT,
        margin={"l": 56, "r": 8, "t": 8, "b": 36},
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
        showlegend=False,
        hovermode="x unified",
        dragmode=False,
        xaxis={"type": "date", "fixedrange": True, "showgrid": False, "nticks": 6},
        yaxis=yaxis,
        shapes=[_limit_line(limit) for limit in chart.limits],
    )
    plain: dict[str, Any] = layout.to_plotly_json()
    return plain


def _limit_line(value: float) -> dict[str, Any]:
    return {
        "type": "line",
        "xref": "paper",
        "x0": 0,
        "x1": 1,
        "y0": value,
        "y1": value,
        "line": {"width": 1, "dash": "dot"},
    }
