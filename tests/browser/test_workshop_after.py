"""Carol calls a class off whose machine is there already: she sees it go, and the proof that nothing is left."""

from collections.abc import Callable

from playwright.sync_api import Page, expect

from tests.browser.classes import taught
from tests.browser.running import Demo

SignIn = Callable[[Page, str], None]
BUILT_MS, REMOVED_MS = 120_000, 120_000


def test_what_was_made_for_a_class_is_removed_and_counted_before_ones_eyes(
    demo: Demo, page: Page, sign_in: SignIn, complaints: list[str]
) -> None:
    workshop = taught(demo, by="carol", seats=1, learners=("dave",))
    sign_in(page, "carol")
    page.goto(f"{demo.url}/workshops/{workshop}/board/")
    expect(page.locator(".counts-words")).to_contain_text("1 of 1 ready", timeout=BUILT_MS)

    page.goto(f"{demo.url}/workshops/{workshop}/report/")
    expect(page.get_by_role("row", name="Dave")).to_be_visible()
    page.get_by_role("link", name="What is left").click()
    expect(page.get_by_role("heading", name="It is not over")).to_be_visible()

    page.goto(f"{demo.url}/workshops/{workshop}/do/cancel/")
    page.get_by_role("button", name="Cancel it").click()
    page.wait_for_url(f"{demo.url}/workshops/{workshop}/")
    page.goto(f"{demo.url}/workshops/{workshop}/left/")
    # Pushed, as the machine, its port and its firewall group go one after the other.
    expect(page.get_by_role("heading", name="Nothing is left")).to_be_visible(timeout=REMOVED_MS)
    for kind in ("Machines", "Network ports", "Security groups"):
        expect(page.get_by_role("row", name=kind)).to_contain_text("0")
    expect(page.get_by_text("Had been made")).to_contain_text("machines 1")
    assert complaints == []
