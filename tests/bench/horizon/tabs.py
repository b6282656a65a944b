"""Twenty open tabs of one page, left alone: how many calls reach the cloud meanwhile."""

import time
from dataclasses import dataclass

from playwright.sync_api import BrowserContext, Page

from tests.bench.horizon.lab import PROJECT
from tests.bench.horizon.proxy import Call, Counting, by_shape, of_project

TABS = 20
WINDOW_SECONDS = 30.0
_LOAD_SECONDS = 180.0


@dataclass(frozen=True)
class Window:
    name: str
    calls: list[Call]
    seconds: float

    @property
    def a_minute(self) -> float:
        return len(self.calls) * 60 / self.seconds

    def __str__(self) -> str:
        shapes = ", ".join(f"{shape} × {count}" for shape, count in by_shape(self.calls).items())
        return f"{self.name}: {self.a_minute:.0f} calls a minute ({shapes or 'none'})"


def open_tabs(context: BrowserContext, url: str, ready: str) -> list[Page]:
    """All of them loaded; a browser's own first requests are over then."""
    tabs = []
    for _ in range(TABS):
        page = context.new_page()
        page.goto(url, wait_until="commit", timeout=_LOAD_SECONDS * 1000)
        tabs.append(page)
    for page in tabs:
        page.wait_for_selector(ready, timeout=_LOAD_SECONDS * 1000)
    return tabs


def watch(name: str, page: Page, counted: Counting, seconds: float = WINDOW_SECONDS) -> Window:
    """`page` is any of the browser, so that its events go on while we wait."""
    began = time.time()
    page.wait_for_timeout(seconds * 1000)
    return Window(name, of_project(counted.since(began), PROJECT), time.time() - began)
