"""The layouts of the graphs."""

import json

import plotly.graph_objects as go
import pytest

from instances.metrics.charts import CHARTS, figures
from instances.metrics.points import Point
from instances.metrics.series import columns


@pytest.mark.parametrize("name", [chart.name for chart in CHARTS])
def test_plotly_knows_every_word_of_a_layout(name: str) -> None:
    go.Figure(layout=figures()[name]["layout"])


def test_layouts_are_json_as_they_are() -> None:
    assert json.loads(json.dumps(figures())) == figures()


def test_every_column_is_one_that_the_series_has() -> None:
    series = columns([])
    for chart in CHARTS:
        for column, _ in chart.columns:
            assert column in (("util", "mem") if chart.name == "gpus" else series), column


@pytest.mark.parametrize(("name", "limits"), [("cpu", [95]), ("ram", [95]), ("disk", [90, 95]), ("net", [])])
def test_the_limits_of_the_alerts_are_drawn(name: str, limits: list[float]) -> None:
    assert [shape["y0"] for shape in figures()[name]["layout"].get("shapes", [])] == limits


def test_percentages_have_one_scale_so_that_graphs_can_be_compared() -> None:
    scales = {name: figure["layout"]["yaxis"].get("range") for name, figure in figures().items()}
    assert scales["cpu"] == scales["ram"] == scales["disk"] == scales["gpus"] == [0, 103]
    assert scales["net"] is None


def test_no_measure_of_a_point_is_forgotten() -> None:
    # How many are logged in is said in words above the graphs.
    drawn = {column for chart in CHARTS for column, _ in chart.columns} | {"gpus", "at", "logins"}
    assert set(Point._fields) <= drawn
