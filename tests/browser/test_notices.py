"""In the demo: the bell moves by itself, a webhook is tried, an announcement is seen, and an operator looks as somebody."""

import re
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.running import Demo
from tests.portal.notices.receiver import Receiver

SignIn = Callable[[Page, str], None]
READY_MS = 150_000


@pytest.fixture
def second(browser: Browser) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": 390, "height": 800}, reduced_motion="reduce")
    context.set_default_timeout(15_000)
    yield context.new_page()
    context.close()


def launch(demo: Demo, name: str) -> None:
    with demo.api("alice") as api:
        where = {"allocation": "bio220047-iu"}
        images, flavors = api.get("images", params=where).json(), api.get("flavors", params=where).json()
        asked = {
            **where,
            "name": name,
            "image_id": next(one["id"] for one in images if "Ubuntu" in one["name"]),
            "flavor_id": next(one["id"] for one in flavors if not one["blocked"]),
        }
        api.post("instances", json=asked).raise_for_status()


def test_a_person_is_told_and_so_is_their_program(
    page: Page, demo: Demo, sign_in: SignIn, complaints: list[str]
) -> None:
    sign_in(page, "alice")
    with demo.api("alice") as api:
        api.post("notices/read", json={}).raise_for_status()
    with Receiver(b"HTTP/1.1 204 No Content\r\n\r\n") as receiver:
        page.goto(f"{demo.url}/profile/webhooks/")
        page.get_by_label("Name").fill("lab chat")
        page.get_by_label("Address").fill(f"http://127.0.0.1:{receiver.port}/in")
        page.get_by_role("button", name="Add webhook").click()
        expect(page.locator("#plain-secret")).to_have_text(re.compile("^whsec_"))
        page.get_by_role("link", name="lab chat").click()
        page.get_by_role("button", name="Send a test").click()
        expect(page.locator("#sendings")).to_contain_text("arrived, 204", timeout=60_000)
    assert b"webhook-signature: v1," in receiver.got
    page.get_by_role("button", name="Remove").click()
    expect(page.locator("#content")).to_contain_text("lab chat is removed")

    page.goto(f"{demo.url}/profile/")
    expect(page.locator(".bell-count")).to_have_count(0)
    launch(demo, "bell-node")
    expect(page.locator(".bell-count")).to_be_visible(timeout=READY_MS)
    page.locator("#bell").click()
    page.get_by_role("link", name="bell-node is ready").click()
    expect(page.get_by_role("heading", name="bell-node")).to_be_visible()
    assert complaints == []


def test_an_operator_announces_and_looks_and_can_do_nothing(
    page: Page, second: Page, demo: Demo, sign_in: SignIn
) -> None:
    sign_in(page, "olivia")
    page.goto(f"{demo.url}/operator/announcements/")
    page.get_by_label("Text").fill("Maintenance of the journey")
    page.get_by_label("Until").fill("2099-01-01T00:00")
    page.get_by_role("button", name="Publish").click()
    expect(page.locator("#content")).to_contain_text("for a year at most")
    start = page.get_by_label("From").input_value()
    page.get_by_label("Until").fill(f"{int(start[:4]) + 1}{start[4:7]}-01T00:00")
    page.get_by_role("button", name="Publish").click()
    expect(page.locator(".note-info").first).to_contain_text("Maintenance of the journey")

    sign_in(second, "bob")
    second.goto(f"{demo.url}/profile/notices/")
    expect(second.locator("#content")).to_contain_text("Maintenance of the journey")
    second.get_by_role("button", name="Put away: Maintenance of the journey").click()
    expect(second.locator("#content")).not_to_contain_text("Maintenance of the journey")

    page.goto(f"{demo.url}/operator/people/?q=bob")
    page.get_by_label(re.compile("Why you look as Bob")).fill("ticket 4711: cannot log in")
    page.get_by_role("button", name=re.compile("Look as Bob")).click()
    expect(page.locator(".looking")).to_contain_text(re.compile("Olivia.* looks as .*Bob"))
    page.goto(f"{demo.url}/profile/notices/")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("heading", name="You are only looking")).to_be_visible()
    page.get_by_role("button", name="Stop looking").click()
    expect(page.locator("#content")).to_contain_text("You are yourself again")

    second.goto(f"{demo.url}/profile/")
    expect(second.locator("#content")).to_contain_text("ticket 4711: cannot log in")
    page.goto(f"{demo.url}/operator/announcements/")
    page.get_by_role("button", name=re.compile(r"End now\s*: Maintenance of the journey")).click()
    expect(page.locator("#content")).to_contain_text("It is shown no more")
