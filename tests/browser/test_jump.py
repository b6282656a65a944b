"""A machine without a public address on the whole demo: a jump host by one click, and a shell through it."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.journey import Journey
from tests.browser.running import Demo
from tests.lab.guest_portal import LabPortal
from tests.lab.remote_page import Shell

SLUG = "bio220047-iu"
READY_MS, PROMPT_SECONDS = 120_000, 90.0
SignIn = Callable[[Page, str], None]


@pytest.fixture
def hidden(demo: Demo, page: Page, sign_in: SignIn) -> str:
    """The id of a machine that has no public address, launched by the form."""
    sign_in(page, "alice")
    journey = Journey(page, demo.url, longest=120)
    page.goto(f"{demo.url}/allocations/{SLUG}/launch/")
    page.locator("label.size-pick", has_text=re.compile(r"^\s*m3.tiny")).locator("input").check()
    page.get_by_label("Name", exact=True).fill("no-address")
    page.locator("input[name=address][value=none]").check()
    page.get_by_role("button", name="Launch", exact=True).last.click()
    page.wait_for_url(re.compile(r"/instances/[0-9a-f-]{36}/"))
    journey.until_state("ready", "Ready")
    return page.url.rstrip("/").rsplit("/", 1)[1]


def test_a_machine_without_an_address_is_reached_after_one_click(
    demo: Demo, page: Page, hidden: str, complaints: list[str]
) -> None:
    page.reload()
    offer = page.locator("#way-in")
    expect(offer.get_by_role("link", name="Give it a public address")).to_be_visible()
    offer.get_by_role("link", name="Use a jump host").click()
    expect(page.get_by_role("heading", name="Jump host", exact=True)).to_be_visible()
    expect(page.locator("#jump")).to_contain_text("1 SU per hour")
    page.get_by_role("button", name="Make the jump host").click()
    # Without a reload: what the cloud and the guest say of it comes by itself.
    expect(page.locator("#jump .tag-ok")).to_have_text("Ready", timeout=READY_MS)
    expect(page.locator("#jump")).to_contain_text("BIO220047-jump")
    assert complaints == []
    nobody = Path()
    shell = Shell(page, LabPortal(demo.url, 0, nobody, nobody), hidden)
    shell.open(PROMPT_SECONDS)
    assert "no-address" in shell.run("hostname")
    shell.type("exit")
    shell.until(lambda: "has ended" in shell.shown, "the end")
    _remove(demo, page)


def _remove(demo: Demo, page: Page) -> None:
    """The others' tests count the machines."""
    page.goto(f"{demo.url}/allocations/{SLUG}/jump-host/")
    page.get_by_text("Remove it").click()
    page.get_by_role("button", name="Remove the jump host").click()
    expect(page.get_by_role("button", name="Make the jump host")).to_be_visible()
