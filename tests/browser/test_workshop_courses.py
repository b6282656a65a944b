"""An instructor makes a workshop: the form says what it costs and what stands in the way, it is planned, it has a page."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browser.running import Demo

SignIn = Callable[[Page, str], None]
SLUG, TITLE = "tra220028-iu", "Plots for beginners"


@pytest.fixture
def afterwards(demo: Demo) -> Callable[[Page], None]:
    """What was planned is cancelled, so that nothing of it is built for later journeys."""

    def cancel(page: Page) -> None:
        page.locator("summary", has_text="More").click()
        page.get_by_role("link", name="Cancel it").click()
        page.locator("#dialog").get_by_role("button", name="Cancel it").click()
        expect(page.get_by_text("nothing is built, and nobody can join")).to_be_visible()

    return cancel


def test_a_workshop_of_three_seats_is_made_and_planned(
    demo: Demo, page: Page, sign_in: SignIn, complaints: list[str], afterwards: Callable[[Page], None]
) -> None:
    sign_in(page, "carol")
    page.goto(f"{demo.url}/allocations/{SLUG}/workshops/")
    page.get_by_role("link", name="New workshop").click()
    page.get_by_label("Title").fill(TITLE)
    page.get_by_label("Seats").fill("180")
    preflight = page.locator("#preview")
    expect(preflight.get_by_text("180 seats + 9 spares")).to_be_visible()
    expect(preflight.locator(".problem-title", has_text="Not enough machines")).to_be_visible()
    letter = re.compile("please raise the quota of our allocation")
    expect(preflight.get_by_label("Request for more quota")).to_have_value(letter)
    page.get_by_label("Seats").fill("3")
    expect(preflight.get_by_text("3 seats + 1 spare of")).to_be_visible()
    expect(preflight.get_by_text("Nothing in the way")).to_be_visible()
    page.get_by_role("button", name="Plan it…").click()
    page.get_by_role("button", name="Plan it:").click()
    expect(page.get_by_role("heading", name=TITLE)).to_be_visible()
    expect(page.get_by_text("4 machines begin to be built")).to_be_visible()
    expect(page.get_by_text("0 of 3 ready, 3 waiting")).to_be_visible(timeout=15_000)
    page.goto(f"{demo.url}/workshops/")
    expect(page.get_by_role("row").filter(has_text=TITLE)).to_contain_text("Planned")
    page.get_by_role("link", name=TITLE).click()
    afterwards(page)
    assert complaints == []
