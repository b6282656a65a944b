"""Carol gives her class a link; a newcomer without any allocation takes the last seat, and somebody from elsewhere waits."""

from collections.abc import Callable

from playwright.sync_api import Browser, Page, expect

from tests.browser.classes import TITLE, taught
from tests.browser.running import Demo

SignIn = Callable[[Page, str], None]


def comes(page: Page, demo: Demo, code: str, person: str) -> None:
    """From the slide to the workshop: the code, the sign-in, the page that says what it is."""
    page.goto(f"{demo.url}/w/join/")
    page.get_by_label("Code on the slide").fill(code.lower())
    page.get_by_role("button", name="Go on").click()
    page.get_by_role("button", name="Sign in with CILogon").click()
    page.locator(f'button[data-person="{person}"]').click()
    expect(page.get_by_role("heading", name=f"Join {TITLE}")).to_be_visible()


def test_a_class_comes_in_by_its_link(
    demo: Demo, browser: Browser, page: Page, sign_in: SignIn, complaints: list[str]
) -> None:
    workshop = taught(demo, by="carol", seats=1)
    sign_in(page, "carol")
    page.goto(f"{demo.url}/workshops/{workshop}/roster/add/")
    page.get_by_label("Or type or paste").fill("Ada Lovelace <ada@example.edu>\nnobody at all\n")
    page.get_by_role("button", name="Look at the list").click()
    expect(page.get_by_role("row", name="2 nobody at all")).to_contain_text("no e-mail address")
    page.get_by_role("button", name="Add 1 person").click()
    expect(page.get_by_role("row", name="Ada Lovelace")).to_contain_text("Invited")

    # The one seat is kept for Ada; without her it is for whoever comes by the link.
    page.get_by_role("checkbox", name="Choose Ada Lovelace").check()
    page.get_by_label("What to do with those chosen").select_option("Remove")
    page.get_by_role("button", name="Do it").click()
    page.get_by_role("button", name="Remove", exact=True).click()
    expect(page.get_by_text("1 of 1")).to_be_visible()
    page.goto(f"{demo.url}/workshops/{workshop}/roster/entry/")
    page.get_by_role("button", name="Make the link").click()
    code = page.locator(".entry-code").inner_text()

    with browser.new_context() as first, browser.new_context() as second:
        newcomer, visitor = first.new_page(), second.new_page()
        comes(newcomer, demo, code, "newbie")
        newcomer.get_by_role("button", name="Join").click()
        newcomer.wait_for_url(f"**/w/{workshop}/")

        # Of an identity provider that the portal takes nobody else from.
        comes(visitor, demo, code, "mallory")
        expect(visitor.get_by_text("All seats are taken now")).to_be_visible()
        visitor.get_by_role("button", name="Join").click()
        visitor.wait_for_url(f"**/w/{workshop}/")
        visitor.goto(f"{demo.url}/profile/tokens/")
        expect(visitor.get_by_text("You are here for a workshop")).to_be_visible()

    page.goto(f"{demo.url}/workshops/{workshop}/roster/")
    expect(page.get_by_role("row", name="Nia Novak")).to_contain_text("seat 1")
    expect(page.get_by_role("row", name="Mallory Stark")).to_contain_text("place 1 in line")
    assert complaints == []
