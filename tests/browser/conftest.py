import os
import shutil
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, sync_playwright

from tests.browser.running import Demo
from tests.browser.running import demo as running_demo

CHROMIUM = shutil.which("chromium")
FLAGS = [
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
]


def _group(item: pytest.Item) -> str:
    """Journeys through a demo are one process's, in the order of their names; what drives scripts alone goes on beside
    them in another."""
    return "browser" if "demo" in getattr(item, "fixturenames", ()) else "browser-scripts"


# Before xdist looks for the groups.
@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "tests/browser" in str(item.fspath):
            item.add_marker(pytest.mark.browser)
            item.add_marker(pytest.mark.xdist_group(_group(item)))
            if CHROMIUM is None and os.environ.get("CI") != "true":
                item.add_marker(
                    pytest.mark.skip(reason="no chromium here; install it with: apt-get install chromium")
                )


# For this package and no longer: Playwright keeps an event loop in the thread, which no other test may meet.
@pytest.fixture(scope="package")
def demo() -> Iterator[Demo]:
    # Another site than 127.0.0.1, where the clouds are: cookies have to do what they do in production.
    with running_demo(host="localhost") as found:
        yield found


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    assert CHROMIUM is not None, "CI needs chromium: apt-get install chromium"
    with sync_playwright() as playwright:
        found = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield found
        found.close()


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    found = browser.new_context(viewport={"width": 1280, "height": 900}, reduced_motion="reduce")
    found.set_default_timeout(15_000)
    yield found
    found.close()


@pytest.fixture
def page(context: BrowserContext) -> Page:
    return context.new_page()


@pytest.fixture
def complaints(page: Page, demo: Demo) -> list[str]:
    """What the browser complained of on our pages: script errors, refusals of policy, failed requests."""
    heard: list[str] = []

    def console(message: ConsoleMessage) -> None:
        # Not those of the identity provider's own page.
        if message.type == "error" and message.location.get("url", demo.url).startswith(demo.url):
            heard.append(f"{message.text} ({message.location.get('url')})")

    page.on("pageerror", lambda error: heard.append(f"script error: {error}"))
    page.on("console", console)
    return heard


@pytest.fixture
def sign_in(demo: Demo) -> Callable[[Page, str], None]:
    def through_cilogon(page: Page, person: str) -> None:
        page.goto(demo.url)
        page.get_by_role("button", name="Sign in with CILogon").first.click()
        page.locator(f'button[data-person="{person}"]').click()
        page.wait_for_url(f"{demo.url}/**")

    return through_cilogon
