"""The graphs of a machine in a real browser: drawn, followed, and readable without them."""

import time
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page

from tests.browser.running import Demo

# Of BIO220047, made by Exosphere: its graphs come from the lines on its console.
MACHINE = "assembly-main"
POINTS = "document.querySelector('[data-chart=cpu] [data-plot]').data[0].y.length"
TRACE = "document.querySelector('[data-chart={name}] [data-plot]').data[{index}].{what}"


def address(demo: Demo) -> str:
    with demo.api("alice") as api:
        for allocation in api.get("allocations").json():
            found = api.get("instances", params={"allocation": allocation["slug"], "q": MACHINE}).json()[
                "items"
            ]
            if found:
                return f"{demo.url}/instances/{found[0]['id']}/metrics/graphs/"
    raise AssertionError(f"the demo has no {MACHINE}")


@pytest.fixture
def graphs(page: Page, demo: Demo, sign_in: Callable[[Page, str], None]) -> Page:
    sign_in(page, "alice")
    page.goto(address(demo))
    page.wait_for_selector("[data-graphs][data-drawn]")
    return page


def bring(page: Page, *samples: dict[str, Any]) -> None:
    """As live.js does when the socket brings samples; then wait for the drawing."""
    last = round(samples[-1]["t"] * 1000)
    page.evaluate(
        """(samples) => {
          const instance = document.querySelector('[data-graphs]').dataset.instance;
          document.body.dispatchEvent(new CustomEvent('samples', {detail: {instance, samples}}));
        }""",
        list(samples),
    )
    page.wait_for_selector(f"[data-graphs][data-drawn='{last}']")


def sample(at: float, **fields: Any) -> dict[str, Any]:
    return {
        "t": at,
        "cpu": 10,
        "ram": 20,
        "disk": 30,
        "gpus": None,
        "net_in": None,
        "net_out": None,
        **fields,
    }


def test_a_machine_is_drawn_without_a_complaint_of_the_browser(graphs: Page, complaints: list[str]) -> None:
    graphs.reload()
    graphs.wait_for_selector("[data-graphs][data-drawn]")
    for name in ("cpu", "ram", "disk"):
        box = graphs.locator(f"[data-chart={name}] .main-svg").first.bounding_box()
        assert box is not None and box["width"] > 200 and box["height"] > 100
    assert graphs.locator("[data-chart=gpus]").is_hidden()
    assert complaints == []


def test_samples_of_the_socket_are_added(graphs: Page) -> None:
    before, now = graphs.evaluate(POINTS), time.time()
    bring(graphs, sample(now, cpu=77))
    bring(graphs, sample(now + 5, cpu=88))
    assert graphs.evaluate(POINTS) >= before + 2
    assert "CPU 88 %" in graphs.locator("[data-latest]").inner_text()


def test_samples_of_another_machine_are_not(graphs: Page) -> None:
    before = graphs.evaluate(POINTS)
    graphs.evaluate(
        "document.body.dispatchEvent(new CustomEvent('samples', {detail: {instance: 'other', samples: [{t: 1, cpu: 1}]}}))"
    )
    graphs.wait_for_timeout(300)
    assert graphs.evaluate(POINTS) == before


def test_a_silence_is_a_gap_in_the_line(graphs: Page) -> None:
    now = time.time()
    bring(graphs, *(sample(now + 5 * index) for index in range(40)))
    bring(graphs, sample(now + 600))
    assert graphs.evaluate(TRACE.format(name="cpu", index=0, what="y.at(-2)")) is None
    assert graphs.evaluate(TRACE.format(name="cpu", index=0, what="connectgaps")) is False


def test_each_gpu_gets_its_line_when_it_appears(graphs: Page) -> None:
    gpus = [{"util": 40, "mem": 50}, {"util": None, "mem": None}, {"util": 60, "mem": None}]
    bring(graphs, sample(time.time(), gpus=gpus))
    chart = graphs.locator("[data-chart=gpus]")
    assert chart.is_visible()
    names = graphs.evaluate(
        "document.querySelector('[data-chart=gpus] [data-plot]').data.map((trace) => trace.name)"
    )
    assert names == ["GPU 0", "GPU 0 memory", "GPU 1", "GPU 2"]
    assert chart.locator("[data-now]").inner_text() == "40 % · not measured · 60 %"


@pytest.mark.parametrize("range_", ["1h", "24h", "7d"])
def test_a_range_is_fetched_and_drawn(graphs: Page, range_: str) -> None:
    with graphs.expect_response(lambda answer: f"range={range_}" in answer.url) as answered:
        graphs.click(f"[data-range='{range_}']")
    assert answered.value.ok
    assert graphs.locator(f"[data-range='{range_}']").get_attribute("aria-pressed") == "true"
    assert graphs.locator("[data-range='30m']").get_attribute("aria-pressed") == "false"


def test_a_range_that_cannot_be_read_is_said(graphs: Page) -> None:
    graphs.route("**/metrics/?range=*", lambda route: route.abort())
    graphs.click("[data-range='7d']")
    graphs.wait_for_selector("[data-graphs-problem]:not([hidden])")


def test_the_values_are_there_as_a_table_and_follow(graphs: Page) -> None:
    graphs.click("[data-table] summary")
    bring(graphs, sample(time.time(), cpu=33.3))
    assert "33.3 %" in graphs.locator("[data-rows] tr").first.inner_text()


def test_the_colours_follow_the_theme(graphs: Page) -> None:
    colour = TRACE.format(name="cpu", index=0, what="line.color")
    light = graphs.evaluate(colour)
    graphs.emulate_media(color_scheme="dark")
    end = time.monotonic() + 15
    while graphs.evaluate(colour) == light and time.monotonic() < end:
        graphs.wait_for_timeout(200)
    assert graphs.evaluate(colour) != light


def test_without_plotly_the_table_is_still_there(
    page: Page, demo: Demo, sign_in: Callable[[Page, str], None]
) -> None:
    sign_in(page, "alice")
    page.route("**/plotly*", lambda route: route.abort())
    page.goto(address(demo))
    page.wait_for_selector("[data-graphs-problem]:not([hidden])")
    page.click("[data-table] summary")
    assert page.locator("[data-rows] tr").count() >= 1
