"""Two people in two browsers on one shell of the demo: looking on, typing by the owner's word, the end, and the replay."""

import re
import time
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.running import Demo

SignIn = Callable[[Page, str], None]
READY_SECONDS = 120.0
WITHOUT_WEBGL = """
const context = HTMLCanvasElement.prototype.getContext;
HTMLCanvasElement.prototype.getContext = function (kind, ...rest) {
  return kind === 'webgl2' ? null : context.call(this, kind, ...rest); };
"""


@pytest.fixture(scope="module")
def machine(demo: Demo) -> str:
    """A machine of bob's that the portal launched, and that therefore lets its certificates in."""
    with demo.api("bob") as api:
        where = {"allocation": "bio220047-iu"}
        images, flavors = api.get("images", params=where).json(), api.get("flavors", params=where).json()
        asked = {
            **where,
            "name": "share-lab",
            "image_id": next(one["id"] for one in images if "Ubuntu" in one["name"]),
            "flavor_id": next(one["id"] for one in flavors if not one["blocked"]),
        }
        answer = api.post("instances", json=asked)
        assert answer.status_code == 202, answer.text
        found = str(answer.json()["operations"][0]["target_id"])
        end = time.monotonic() + READY_SECONDS
        while not api.get(f"instances/{found}").json()["ready_at"]:
            assert time.monotonic() < end, "the machine did not become ready"
            time.sleep(1)
    return found


@pytest.fixture
def guest(browser: Browser) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": 1280, "height": 900}, reduced_motion="reduce")
    context.set_default_timeout(15_000)
    yield context.new_page()
    context.close()


@pytest.fixture(autouse=True)
def drawn_as_text(page: Page, guest: Page) -> None:
    """Terminals are drawn with elements, which a test can read, and not by the graphics card."""
    for one in (page, guest):
        one.add_init_script(WITHOUT_WEBGL)


def on_screen(page: Page) -> str:
    return str(page.locator(".xterm-rows").first.inner_text()).replace("\xa0", " ")


def type_in(page: Page, text: str) -> None:
    page.locator(".xterm-helper-textarea").first.focus()
    page.keyboard.type(text)
    page.keyboard.press("Enter")


def shows(page: Page, text: str, seconds: float = 15) -> None:
    end = time.monotonic() + seconds
    while text not in on_screen(page):
        assert time.monotonic() < end, on_screen(page)
        page.wait_for_timeout(100)


def test_a_shell_is_shared_watched_typed_in_recorded_and_replayed(
    demo: Demo, page: Page, guest: Page, sign_in: SignIn, machine: str, complaints: list[str]
) -> None:
    sign_in(page, "bob")
    sign_in(guest, "dave")
    page.goto(f"{demo.url}/instances/{machine}/shell/")
    expect(page.locator('[data-part="state-word"]')).to_have_text("connected", timeout=30_000)

    page.get_by_role("button", name="Share", exact=True).click()
    page.get_by_role("button", name="Record from now on").click()
    expect(page.get_by_role("button", name="Stop recording")).to_be_visible()
    # The dialog has just been swapped in: htmx listens to its fields once it has settled.
    expect(page.locator("#dialog .htmx-added")).to_have_count(0)
    page.get_by_label("Name, or whole ACCESS id").press_sequentially("dave", delay=60)
    expect(page.get_by_text("Dave Brandt")).to_be_visible()
    page.get_by_role("button", name="Invite", exact=True).click()
    expect(page.locator("#share-now")).to_contain_text("Dave Brandt")
    recording = page.get_by_role("link", name="What there is so far").get_attribute("href")
    page.get_by_role("link", name="Done").click()

    # The guest is told where they are, and reads what it means before they join.
    guest.get_by_role("status").get_by_role("link", name="Look at it").click()
    expect(guest.get_by_role("heading", name="Bob Okafor invites you to a shell")).to_be_visible()
    expect(guest.get_by_text("It is being recorded")).to_be_visible()
    guest.get_by_role("link", name="Join").click()
    expect(guest.get_by_text("You are watching")).to_be_visible()
    expect(page.get_by_label("Who is on this shell")).to_contain_text("Dave Brandt")

    type_in(page, "echo seen-$((40+2))")
    shows(guest, "seen-42")
    type_in(guest, "echo intruded-$((1+1))")
    type_in(page, "echo next-$((1+2))")
    shows(page, "next-3")
    assert "intruded" not in on_screen(page)

    page.get_by_role("button", name="Share", exact=True).click()
    page.locator("#share-now").get_by_role("button", name="Let type").first.click()
    expect(guest.get_by_text("You are watching")).to_be_hidden()
    page.get_by_role("link", name="Done").click()
    type_in(guest, "echo typed-$((2+2))")
    shows(page, "typed-4")

    page.get_by_role("button", name="Share", exact=True).click()
    page.get_by_role("button", name="Stop recording").click()
    page.get_by_role("button", name="End all sharing").click()
    expect(guest.get_by_text("The owner ended the sharing.", exact=True)).to_be_visible()
    expect(page.get_by_text("yours alone")).to_be_visible()

    page.goto(f"{demo.url}{recording}")
    expect(page.get_by_role("button", name="Play", exact=True).first).to_be_enabled()
    page.locator("#player").focus()
    page.keyboard.press("End")
    expect(page.locator(".player-screen .xterm-rows")).to_contain_text("typed-4")
    page.keyboard.press("Home")
    expect(page.locator('[data-part="time"]')).to_have_text("0:00")
    page.keyboard.press(" ")
    expect(page.locator('[data-part="time"]')).not_to_have_text("0:00", timeout=10_000)
    assert [one for one in complaints if "favicon" not in one] == []


def test_the_pi_sees_who_is_connected_and_ends_it(
    demo: Demo, page: Page, guest: Page, sign_in: SignIn, machine: str
) -> None:
    sign_in(page, "bob")
    sign_in(guest, "alice")
    page.goto(f"{demo.url}/instances/{machine}/shell/")
    expect(page.locator('[data-part="state-word"]')).to_have_text("connected", timeout=30_000)
    guest.goto(f"{demo.url}/instances/{machine}/connections/?live=1")
    guest.get_by_role("button", name=re.compile("End the shell of Bob Okafor")).first.click()
    guest.get_by_role("button", name="End it").click()
    expect(page.locator('[data-part="state-word"]')).to_have_text("ended")
    guest.goto(f"{demo.url}/instances/{machine}/connections/")
    expect(guest.locator("#connections")).to_contain_text("It was ended from the portal. (Alice Moreau)")
