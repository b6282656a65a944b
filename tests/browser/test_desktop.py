"""The web desktop on the demo cloud, in a real browser: shown, typed to, shared for looking on, and a hostile screen."""

import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.machines import launched
from tests.browser.running import Demo

SLUG = "bio220047-iu"
SignIn = Callable[[Page, str], None]
# A picture of the screen's foot, where what is typed stands; above it clock and meters move by themselves.
PICTURE = """(() => {
  const all = document.querySelector('#desk canvas');
  const foot = Object.assign(document.createElement('canvas'), { width: all.width, height: 110 });
  foot.getContext('2d').drawImage(all, 0, 110 - all.height);
  return foot.toDataURL();
})()"""
# Violations of our policy, as the browser reports them.
WATCH = """window.violations = [];
document.addEventListener('securitypolicyviolation', (event) => window.violations.push(event.violatedDirective));"""


@pytest.fixture(scope="module")
def machine(demo: Demo) -> Iterator[dict[str, Any]]:
    """Alice's machine with a desktop, running and reachable."""
    with demo.api("alice") as api:
        yield launched(api, SLUG, "desk", desktop=True)


def opened(page: Page, demo: Demo, machine: dict[str, Any], query: str = "") -> None:
    page.add_init_script(WATCH)
    page.goto(f"{demo.url}/instances/{machine['id']}/desktop/{query}")
    expect(page.locator("#desk [data-part=cover]")).to_be_hidden(timeout=40_000)


def changes(page: Page, before: str, seconds: float = 10) -> bool:
    end = time.monotonic() + seconds
    while page.evaluate(PICTURE) == before and time.monotonic() < end:
        page.wait_for_timeout(100)
    return bool(page.evaluate(PICTURE) != before)


def trouble(demo: Demo, machine: dict[str, Any], **what: str) -> None:
    demo.control("PATCH", f"servers/{machine['server_id']}/guest", what)


def test_the_screen_is_shown_and_what_is_typed_appears_on_it(
    demo: Demo, machine: dict[str, Any], page: Page, sign_in: SignIn, complaints: list[str]
) -> None:
    sign_in(page, "alice")
    page.goto(f"{demo.url}/instances/{machine['id']}/")
    page.get_by_role("link", name="Desktop", exact=True).click()
    expect(page.locator("#desk [data-part=state-word]")).to_have_text("connected", timeout=40_000)
    before = page.evaluate(PICTURE)
    page.locator("#desk canvas").click()
    page.keyboard.type("hello desk")
    assert changes(page, before)
    # Keys that the browser keeps to itself come from the menu.
    page.get_by_label("Keys", exact=True).first.click()
    page.get_by_role("button", name="Ctrl+Alt+Delete").click()
    page.get_by_role("button", name="Close the desktop").click()
    expect(page.get_by_role("heading", name="The desktop is closed")).to_be_visible()
    page.get_by_role("button", name="Connect again").click()
    expect(page.locator("#desk [data-part=cover]")).to_be_hidden(timeout=40_000)
    assert complaints == []


def test_nothing_of_it_breaks_the_policy_of_content(
    demo: Demo, machine: dict[str, Any], page: Page, sign_in: SignIn
) -> None:
    sign_in(page, "alice")
    opened(page, demo, machine)
    page.get_by_label("Clipboard", exact=True).click()
    page.get_by_label("Clipboard of the desktop", exact=True).last.fill("text")
    page.get_by_role("button", name="To the desktop").click()
    page.get_by_label("Size, quality and more").click()
    page.locator("[data-pref=quality]").select_option("low")
    page.locator("[data-pref=size]").select_option("fit")
    with page.expect_download() as saved:
        page.get_by_label("Save a picture of the screen").click()
    assert saved.value.suggested_filename.startswith("desk-")
    assert page.evaluate("window.violations") == []
    # What was chosen is remembered.
    opened(page, demo, machine)
    assert page.evaluate("document.querySelector('[data-pref=quality]').value") == "low"


def test_who_is_invited_to_look_on_sees_it_and_cannot_act(
    demo: Demo, machine: dict[str, Any], page: Page, browser: Browser, sign_in: SignIn
) -> None:
    sign_in(page, "alice")
    opened(page, demo, machine)
    page.get_by_role("button", name="Share", exact=True).click()
    dialog = page.locator("#dialog")
    expect(dialog).to_be_visible()
    guest = browser.new_context(viewport={"width": 1000, "height": 700}).new_page()
    sign_in(guest, "bob")
    join = invited(page, "Bob")
    guest.goto(f"{demo.url}/instances/{machine['id']}/desktop/?share={join}")
    expect(guest.locator("#desk [data-part=state-word]")).to_have_text("You look on", timeout=40_000)
    # The buttons are off; and a page that would not keep to that is not heard by the server.
    expect(guest.locator("[data-chord='Ctrl+Alt+Delete']")).to_be_disabled()
    before = page.evaluate(PICTURE)
    guest.locator("#desk canvas").click()
    guest.keyboard.type("may I")
    assert not changes(page, before, seconds=1.5)
    guest.context.close()


def invited(page: Page, name: str) -> str:
    """The id of an invitation to look on, made in the owner's dialog."""
    dialog = page.locator("#dialog")
    dialog.get_by_label("Name, or whole ACCESS id").fill(name)
    dialog.get_by_role("radio", name=name).first.check()
    dialog.get_by_role("button", name="Invite", exact=True).click()
    form = dialog.locator("form[action^='/remote/shares/']").first
    expect(form).to_be_visible()
    return str(form.get_attribute("action")).split("/")[3]


@pytest.mark.parametrize("how", ["garbage", "gigantic", "cut-text"])
def test_a_hostile_screen_is_refused_and_the_page_goes_on(
    demo: Demo, machine: dict[str, Any], page: Page, sign_in: SignIn, how: str
) -> None:
    sign_in(page, "alice")
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.add_init_script(WATCH)
    trouble(demo, machine, vnc=how)
    try:
        page.goto(f"{demo.url}/instances/{machine['id']}/desktop/")
        expect(page.get_by_role("heading", name="What the machine sends is no screen")).to_be_visible(
            timeout=60_000
        )
        assert page.evaluate("window.violations") == [] and errors == []
        memory = page.evaluate("performance.memory.usedJSHeapSize")
        assert memory < 200 * 1024 * 1024
    finally:
        trouble(demo, machine, vnc="")
    page.get_by_role("button", name="Connect again").click()
    expect(page.locator("#desk [data-part=cover]")).to_be_hidden(timeout=40_000)


def test_a_machine_without_a_network_offers_its_screen_from_the_cloud(
    demo: Demo, machine: dict[str, Any], page: Page, sign_in: SignIn
) -> None:
    sign_in(page, "alice")
    page.goto(f"{demo.url}/instances/{machine['id']}/screen/")
    page.get_by_role("button", name="Open the screen").click()
    page.wait_for_url("**/vnc_auto.html**", timeout=30_000)
    expect(page.locator("#screen")).to_be_visible()
