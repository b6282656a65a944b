"""A PI and her people in two browsers: an invitation is used, a role changes, somebody goes and comes back."""

import re
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.running import Demo

SignIn = Callable[[Page, str], None]
SLUG = "cis220046-iu"
# For what a worker has to do, or a sign-in to bring about.
LATER_MS = 60_000


@pytest.fixture
def other(browser: Browser) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": 390, "height": 844}, reduced_motion="reduce")
    context.set_default_timeout(15_000)
    yield context.new_page()
    context.close()


def members(demo: Demo) -> str:
    return f"{demo.url}/allocations/{SLUG}/members/"


def test_an_invitation_is_made_used_and_seen_at_once(
    demo: Demo, page: Page, other: Page, sign_in: SignIn, complaints: list[str]
) -> None:
    # Asked for, and not yet in: other journeys look for somebody without any project.
    demo.control("POST", "access", {"pending_seconds": 3_000_000})
    sign_in(page, "alice")
    page.goto(members(demo) + "invitations/")
    page.get_by_label("Note for yourselves").fill("summer school")
    page.get_by_label("Uses at most").fill("1")
    page.get_by_role("button", name="Make the link").click()
    link = page.locator("#invitation-link").inner_text()
    page.goto(members(demo))
    expect(page.get_by_role("heading", name="Members")).to_be_visible()
    other.goto(link)
    assert link.rstrip("/").rpartition("/")[2] not in other.url
    other.get_by_role("button", name="Sign in with CILogon").first.click()
    other.locator('button[data-person="newbie"]').click()
    other.get_by_role("button", name="Join as member").click()
    expect(other.get_by_text("You have asked to be added to CIS220046")).to_be_visible()
    # The PI's page shows it without a click.
    expect(page.locator("#members-beside").get_by_text("newbie").first).to_be_visible(timeout=LATER_MS)
    page.goto(members(demo) + "invitations/")
    expect(page.get_by_text("1 of 1").first).to_be_visible()
    assert complaints == []


def test_a_role_is_changed_in_a_dialog_and_back(
    demo: Demo, page: Page, sign_in: SignIn, complaints: list[str]
) -> None:
    sign_in(page, "alice")
    page.goto(members(demo))
    for role in ("Teaching assistant", "Member"):
        page.get_by_role("button", name=re.compile("^Role of Dave")).click()
        page.get_by_role("radio", name=role).check()
        page.get_by_role("button", name="Change role", exact=True).click()
        expect(page.get_by_text(f"is {role.lower()} now")).to_be_visible()
        page.get_by_role("link", name="Done").click()
        expect(page.locator("#members tr", has_text="dave").get_by_text(role)).to_be_visible()
    expect(page.get_by_text("has another role").first).to_be_visible()
    assert complaints == []


def test_somebody_who_is_removed_is_out_at_once_and_comes_back_when_added_again(
    demo: Demo, page: Page, other: Page, sign_in: SignIn
) -> None:
    demo.control("POST", "access", {"pending_seconds": 0})
    sign_in(other, "dave")
    other.goto(f"{demo.url}/allocations/{SLUG}/instances/")
    expect(other.get_by_role("heading", name="Instances")).to_be_visible()
    sign_in(page, "alice")
    page.goto(members(demo))
    page.get_by_role("link", name=re.compile("^Remove Dave")).click()
    expect(page.get_by_role("heading", name=re.compile("leaves behind"))).to_be_visible()
    for leave in page.get_by_role("radio", name="Leave as it is").all():
        leave.check()
    page.get_by_role("button", name=re.compile("^Remove Dave")).click()
    expect(page.get_by_role("heading", name=re.compile("was removed"))).to_be_visible()
    assert other.goto(f"{demo.url}/allocations/{SLUG}/instances/").status == 404  # type: ignore[union-attr]
    # The cloud still lists him, and signing in again does not bring him back.
    other.context.clear_cookies()
    sign_in(other, "dave")
    assert other.goto(f"{demo.url}/allocations/{SLUG}/instances/").status == 404  # type: ignore[union-attr]
    page.goto(members(demo) + "add/")
    page.get_by_label("Or a list of IDs").fill("dave")
    page.get_by_role("button", name="Look at the list").click()
    expect(page.get_by_text(re.compile("Removed here by Alice"))).to_be_visible()
    page.get_by_role("button", name=re.compile("^Ask for 1")).click()
    expect(page.get_by_role("heading", name="Members")).to_be_visible()
    expect(page.locator("#members tr", has_text="dave").get_by_text("active", exact=True)).to_be_visible(
        timeout=LATER_MS
    )
    other.context.clear_cookies()
    sign_in(other, "dave")
    expect(other.locator(f'main a[href*="/allocations/{SLUG}/"]').first).to_be_visible(timeout=LATER_MS)
