"""Carol runs a class of three: she sees a machine become ready, speaks to two seats, and runs a command on them."""

import re
from collections.abc import Callable

from playwright.sync_api import Page, expect

from tests.browser.classes import taught
from tests.browser.running import Demo

SignIn = Callable[[Page, str], None]
# A machine is built meanwhile, and reached through a jump host that is built too.
BUILT_MS, REACHED_MS = 120_000, 120_000


def test_a_class_is_seen_becoming_ready_spoken_to_and_sent_a_command(
    demo: Demo, page: Page, sign_in: SignIn, complaints: list[str]
) -> None:
    workshop = taught(demo, by="carol", seats=3, learners=("dave", "bob"))
    sign_in(page, "carol")
    page.goto(f"{demo.url}/workshops/{workshop}/board/")
    tiles = page.locator("#tiles > .tile")
    expect(tiles).to_have_count(3)
    # Pushed: nobody loads the page again.
    expect(page.locator(".counts-words")).to_contain_text("3 of 3 ready", timeout=BUILT_MS)
    expect(tiles.nth(0)).to_contain_text("Joined")
    expect(tiles.nth(0)).to_contain_text("Dave")
    expect(tiles.nth(2)).to_contain_text("Ready")

    # From seat to seat by the keyboard.
    tiles.nth(0).get_by_role("checkbox").focus()
    page.keyboard.press("Space")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Space")
    expect(page.get_by_text("2 selected")).to_be_visible()

    page.get_by_role("button", name="Message").click()
    page.get_by_label("What everybody should read").fill("We begin in a minute")
    page.get_by_role("button", name="Message: 2 seats").click()
    expect(page.get_by_text("Your message is on 2 screens")).to_be_visible()

    for number in (0, 1):
        tiles.nth(number).get_by_role("checkbox").check()
    page.get_by_role("button", name="Run a command").click()
    page.get_by_label("Command", exact=True).fill("uname")
    page.get_by_role("button", name="Run a command: 2 seats").click()
    page.wait_for_url(re.compile(f"/workshops/{workshop}/runs/"))
    expect(page.get_by_text("Linux", exact=False).first).to_be_visible(timeout=REACHED_MS)
    assert complaints == []
