"""A PI sets a budget and limits, the member sees them and is held to them, and is free again when they are gone."""

import re
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.running import Demo

SignIn = Callable[[Page, str], None]
SLUG = "phy220011-iu"
# For what a push or a fetch has to bring.
LATER_MS = 30_000


@pytest.fixture
def other(browser: Browser) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": 390, "height": 844}, reduced_motion="reduce")
    context.set_default_timeout(15_000)
    yield context.new_page()
    context.close()


def budgets(demo: Demo) -> str:
    return f"{demo.url}/allocations/{SLUG}/budgets/"


def opened(page: Page, label: str) -> None:
    page.get_by_role("button", name=label).first.click()
    expect(page.locator("#dialog form")).to_be_visible()


def test_a_budget_is_set_seen_by_whom_it_binds_holds_them_and_is_taken_away(
    demo: Demo, page: Page, other: Page, sign_in: SignIn, complaints: list[str]
) -> None:
    sign_in(page, "bob")  # who is PI of it himself: a budget set on a PI binds the PI
    page.goto(budgets(demo))
    opened(page, "Set a budget…")
    page.get_by_label("For", exact=True).select_option(label="Bob Okafor")
    page.get_by_label("Service units (SU)").fill("0")
    page.get_by_label("In each").select_option("day")
    page.get_by_role("button", name="Set budget").click()
    row = page.locator(".budget-table tr", has_text="Bob Okafor")
    expect(row.get_by_text("blocked", exact=True)).to_be_visible()
    expect(page.get_by_text("nothing new is started from it")).to_be_visible()

    # On a phone, on the start page, and when something is launched.
    sign_in(other, "bob")
    card = other.locator(".card-of", has_text="PHY220011").first
    card.locator(".panel-foot").scroll_into_view_if_needed()
    expect(card.get_by_text("0 of 0 SU left today")).to_be_visible(timeout=LATER_MS)
    other.goto(f"{demo.url}/allocations/{SLUG}/launch/")
    expect(other.get_by_text("The budget is spent").first).to_be_visible()
    other.get_by_role("button", name="Launch", exact=True).last.click()
    expect(other.locator(".problem-title", has_text="The budget is spent").first).to_be_visible()

    # The dialog says what is wrong, and keeps what was entered.
    row.get_by_role("button", name="Change…").click()
    page.get_by_label("Service units (SU)").fill("5000")
    page.locator("summary", has_text="Only on certain days").click()
    page.get_by_label("First day").fill("2026-12-31")
    page.get_by_label("Last day").fill("2026-12-01")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Its last day lies before its first.")).to_be_visible()
    expect(page.get_by_label("Service units (SU)")).to_have_value("5000")
    page.get_by_label("First day").fill("")
    page.get_by_label("Last day").fill("")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text(re.compile(r"SU: 0 → 5000"))).to_be_visible()

    row.get_by_role("button", name="Change…").click()
    page.get_by_role("button", name="Delete…").click()
    page.get_by_role("button", name="Delete", exact=True).click()
    expect(page.locator("#set-title")).to_be_visible()
    expect(row).to_have_count(0)
    # A refusal is an answer; nothing else was complained of.
    assert [one for one in complaints if not re.search("status of 422|Error Code 422", one)] == []


def test_limits_are_set_and_emptied_without_script(demo: Demo, browser: Browser, sign_in: SignIn) -> None:
    context = browser.new_context(java_script_enabled=False)
    context.set_default_timeout(15_000)
    page = context.new_page()
    sign_in(page, "bob")
    page.goto(budgets(demo))
    page.get_by_role("button", name="Set limits…").click()
    page.get_by_label("GPUs of one person at a time (0: none)").fill("0")
    page.get_by_role("button", name="Set limits").click()
    expect(page.get_by_role("cell", name="no GPUs")).to_be_visible()
    page.get_by_role("button", name=re.compile("Change….*limits")).click()
    page.get_by_label("GPUs of one person at a time (0: none)").fill("")
    page.get_by_role("button", name="Set limits").click()
    expect(page.get_by_role("cell", name="no GPUs")).to_have_count(0)
    context.close()
