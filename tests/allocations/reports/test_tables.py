"""Sums, shares and the layers of the chart."""

from datetime import date, timedelta
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from allocations.reports.charts import bars, plain
from allocations.reports.tables import (
    OTHERS,
    Row,
    Spent,
    bands,
    by_key,
    masked,
    ordered,
    share,
    total,
)

DAY = date(2026, 11, 2)


def line(key: str, su: str, resource: str = "cpu", owner: str = "1", day: date = DAY) -> Spent:
    return Spent(key, owner, resource, Decimal(su), day)


def row(key: str, su: str, **resources: str) -> Row:
    by = {name: Decimal(value) for name, value in resources.items()}
    return Row(key, key, "", Decimal(su), Decimal(0), by)


LINES = st.lists(
    st.builds(
        Spent,
        key=st.sampled_from("abcdefghijkl"),
        owner=st.sampled_from(["1", "2", ""]),
        resource=st.sampled_from(["cpu", "gpu"]),
        su=st.decimals(-100, 1000, places=6),
        day=st.dates(DAY, DAY + timedelta(days=40)),
    )
)


@given(LINES)
def test_nothing_is_lost_by_grouping(lines: list[Spent]) -> None:
    grouped = by_key(lines)
    assert sum((sum(one.values()) for one in grouped.values()), Decimal(0)) == total(lines)


@given(LINES, st.integers(2, 9))
def test_nothing_is_lost_when_the_small_ones_are_put_together(lines: list[Spent], most: int) -> None:
    stretches = [DAY + timedelta(days=number) for number in range(41)]
    found = bands(lines, {}, stretches, "day", most)
    assert len(found) <= most
    assert sum((band.total for band in found), Decimal(0)) == total(lines)


@given(LINES, st.sampled_from(["1", "2", "3"]))
def test_hiding_others_changes_no_total_and_names_nobody_else(lines: list[Spent], own: str) -> None:
    hidden = masked(lines, own)
    assert total(hidden) == total(lines)
    assert {one.owner for one in hidden} <= {own, OTHERS, ""}
    assert [one for one in hidden if one.owner == own] == [one for one in lines if one.owner == own]


def test_who_may_see_everything_is_shown_everything() -> None:
    lines = [line("a", "1"), line("b", "2", owner="2")]
    assert masked(lines, None) == lines


def test_what_nobody_caused_stays_apart_for_everybody() -> None:
    assert masked([line("", "5", owner="")], "1")[0].key == ""


def test_the_largest_comes_first() -> None:
    assert list(by_key([line("a", "1"), line("b", "3"), line("a", "1", "gpu")])) == ["b", "a"]


def test_rows_are_sorted_by_name_total_or_resource() -> None:
    rows = [row("b", "3", cpu="3"), row("a", "1", gpu="1"), row("C", "2", cpu="1", gpu="1")]
    assert [one.key for one in ordered(rows, "name")] == ["a", "b", "C"]
    assert [one.key for one in ordered(rows, "-name")] == ["C", "b", "a"]
    assert [one.key for one in ordered(rows, "-su")] == ["b", "C", "a"]
    assert [one.key for one in ordered(rows, "-gpu")] == ["a", "C", "b"]
    assert [one.key for one in ordered(rows, "cpu")] == ["a", "C", "b"]


def test_a_sort_that_nobody_knows_keeps_all_rows() -> None:
    assert len(ordered([row("a", "1"), row("b", "2")], "'; drop table")) == 2


def test_a_share_of_nothing_is_nothing() -> None:
    assert share(Decimal(5), Decimal(0)) == 0
    assert share(Decimal(1), Decimal(3)) == Decimal("33.3")


def test_stretches_without_spending_are_in_the_chart() -> None:
    stretches = [DAY, DAY + timedelta(days=1), DAY + timedelta(days=2)]
    [band] = bands([line("a", "4", day=stretches[2])], {"a": "Alice"}, stretches, "day", 9)
    assert (band.name, list(band.su)) == ("Alice", [Decimal(0), Decimal(0), Decimal(4)])


def test_the_figure_is_one_that_plotly_takes() -> None:
    import plotly.graph_objects as go

    stretches = [DAY, DAY + timedelta(days=1)]
    found = bands([line(key, "2") for key in "abcdefghijklm"], {}, stretches, "day", 9)
    figure = bars(found, stretches, "day")
    go.Figure(data=figure["data"], layout=figure["layout"])
    assert figure["data"][-1]["name"] == "5 more"
    assert figure["layout"]["showlegend"] is True


def test_a_name_cannot_bring_markup_into_the_chart() -> None:
    assert plain('<a href="javascript:x">&') == '&lt;a href="javascript:x"&gt;&amp;'
    assert len(plain("x" * 300)) == 39
