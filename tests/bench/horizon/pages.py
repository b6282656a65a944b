"""One view of a page of machines, seen twice: by a plain HTTP client, and in Chromium until its table is complete."""

import time
from dataclasses import dataclass, field

import httpx
from playwright.sync_api import Browser, BrowserContext, Page

from tests.bench.horizon import lab
from tests.bench.horizon.portal import VIEW

# The first frame in which the last row of the table is there and visible. Both pages are watched alike.
_WATCH = """
window.tableComplete = new Promise((done) => {
  const look = () => {
    const rows = document.querySelectorAll("%s");
    if (rows.length >= %d && rows[rows.length - 1].checkVisibility()) done(performance.now());
    else requestAnimationFrame(look);
  };
  requestAnimationFrame(look);
})
"""
HORIZON_ROWS = "#instances tbody tr[data-object-id]"
OUR_ROWS = "#list tbody tr[id^=row-]"
_VIEW_SECONDS = 120.0


@dataclass
class View:
    """A page with so many rows, and what each look at it took."""

    name: str
    context: BrowserContext
    url: str
    selector: str
    rows: int
    mark: str
    # Seen in each round; 2: in every other one, where a look takes long.
    every: int = 1
    server: list[float] = field(default_factory=list)
    complete: list[float] = field(default_factory=list)
    _page: Page | None = None

    def fetch(self) -> None:
        """Seconds until the last byte of the page itself."""
        jar = {one["name"]: one["value"] for one in self.context.cookies(self.url)}
        with httpx.Client(cookies=jar, timeout=_VIEW_SECONDS) as client:
            began = time.perf_counter()
            answer = client.get(self.url)
            took = time.perf_counter() - began
        shown = answer.text.count(self.mark)
        if answer.status_code != 200 or shown != self.rows:
            raise lab.NoLab(f"{self.name}: status {answer.status_code}, {shown} rows instead of {self.rows}")
        self.server.append(took)

    def look(self) -> None:
        """Seconds from the start of the navigation to the frame with the whole table, browser cache warm."""
        if self._page is None:
            self._page = self.context.new_page()
            self._page.add_init_script(_WATCH % (self.selector, self.rows))
        self._page.goto(self.url, wait_until="commit", timeout=_VIEW_SECONDS * 1000)
        self.complete.append(float(self._page.evaluate("window.tableComplete")) / 1000)
        self._page.wait_for_load_state("load")

    def rest(self, seconds: float) -> None:
        """Let the page's scripts do what they do after the load."""
        assert self._page is not None
        self._page.wait_for_timeout(seconds * 1000)

    def forget(self) -> None:
        self.server.clear()
        self.complete.clear()

    def close(self) -> None:
        if self._page is not None:
            self._page.close()


def sign_in(browser: Browser, url: str, rows: int) -> BrowserContext:
    """At Horizon, by its form, with a page size as its own settings page would store it."""
    context = browser.new_context(viewport=VIEW)  # type: ignore[arg-type]
    page = context.new_page()
    page.set_default_timeout(_VIEW_SECONDS * 1000)
    page.goto(f"{url}/auth/login/")
    page.locator("input[name=username]").fill(lab.PERSON)
    page.locator("input[name=password]").fill(lab.PASSWORD)
    page.locator("button[type=submit], input[type=submit]").first.click()
    page.wait_for_url(lambda address: "/auth/" not in address)
    page.close()
    context.add_cookies([{"name": "API_RESULT_PAGE_SIZE", "value": str(rows), "url": url}])
    return context
