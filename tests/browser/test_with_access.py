"""From the PI's search to the newcomer's own allocation: found at ACCESS, asked for, pending, in.

The last of the journeys by its name: `newbie`, who has no project in the others, has one afterwards.
"""

import re
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.running import Demo

SignIn = Callable[[Page, str], None]
SLUG = "bio220047-iu"
# For what workers have to do.
LATER_MS = 60_000


@pytest.fixture
def other(browser: Browser) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": 390, "height": 844}, reduced_motion="reduce")
    context.set_default_timeout(15_000)
    yield context.new_page()
    context.close()


def test_somebody_is_found_at_access_asked_for_and_let_in(
    demo: Demo, page: Page, other: Page, sign_in: SignIn, complaints: list[str]
) -> None:
    demo.control("POST", "access", {"pending_seconds": 3_000_000})
    sign_in(page, "alice")
    page.goto(f"{demo.url}/allocations/{SLUG}/members/add/")
    page.get_by_label("Search by name or ID").fill("novak")
    page.get_by_role("button", name="Search").click()
    page.get_by_role("checkbox", name=re.compile("Nia Novak")).check(timeout=LATER_MS)
    page.get_by_role("button", name="Look at the list").click()
    page.get_by_role("button", name=re.compile("^Ask for 1")).click()
    row = page.locator("#members tr", has_text="newbie")
    expect(row.get_by_text(re.compile("at ACCESS since .* can take four hours"))).to_be_visible(
        timeout=LATER_MS
    )
    sign_in(other, "newbie")
    assert other.goto(f"{demo.url}/allocations/{SLUG}/members/").status == 404  # type: ignore[union-attr]

    demo.control("POST", "access", {"finish": True})
    expect(row.get_by_text("active", exact=True)).to_be_visible(timeout=LATER_MS)
    other.context.clear_cookies()
    sign_in(other, "newbie")
    expect(other.locator(f'main a[href*="/allocations/{SLUG}/"]').first).to_be_visible(timeout=LATER_MS)
    assert complaints == []
