"""The stacked bars of a usage report as a figure of Plotly. Pure; static/js/figure.js gives it the page's colours."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from allocations.reports.periods import bucket_title
from allocations.reports.tables import Band

HEIGHT = 300
_HUES = 9


def bars(bands: Sequence[Band], stretches: Sequence[date], every: str) -> dict[str, Any]:
    """One bar per stretch of time, in it a part for each of the largest rows."""
    titles = [bucket_title(bucket, every) for bucket in stretches]
    return {
        "data": [_bar(band, titles, hue % _HUES) for hue, band in enumerate(bands)],
        "layout": {
            "height": HEIGHT,
            "barmode": "relative",
            "bargap": 0.25,
            "margin": {"l": 56, "r": 8, "t": 8, "b": 32},
            "paper_bgcolor": "rgba(0,0,0,0)",
            "plot_bgcolor": "rgba(0,0,0,0)",
            "hovermode": "x unified",
            "dragmode": False,
            "showlegend": len(bands) > 1,
            "legend": {"orientation": "h", "x": 0, "y": 1.02, "yanchor": "bottom", "traceorder": "normal"},
            "xaxis": {
                "type": "category",
                "fixedrange": True,
                "automargin": True,
                "nticks": 12,
                "showgrid": False,
            },
            "yaxis": {"rangemode": "tozero", "fixedrange": True, "title": {"text": "SU"}, "tickformat": "~s"},
        },
    }


def _bar(band: Band, titles: Sequence[str], hue: int) -> dict[str, Any]:
    return {
        "type": "bar",
        "name": plain(band.name),
        "x": list(titles),
        "y": [_number(su) for su in band.su],
        "meta": {"hue": hue},
        "hovertemplate": "%{y:,.1f} SU",
    }


def plain(name: str) -> str:
    """Plotly reads a little HTML in names, and these are chosen by people."""
    found = name.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return found if len(found) <= 40 else f"{found[:38]}…"


def _number(su: Decimal) -> float:
    return float(round(su, 3))
