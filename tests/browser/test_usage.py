"""What a PI asks of a report, what a member is shown of it, and how an operator finds an allocation."""

from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Browser, Page, expect

from tests.browser.running import Demo

SLUG = "bio220047-iu"
PATIENCE = 120_000
SignIn = Callable[[Page, str], None]


def opened(page: Page, url: str, shown: str) -> None:
    """The page, once the workers have told the ledger what ran: a person would load it again."""
    page.goto(url)
    for _ in range(60):
        if page.get_by_role("rowheader", name=shown).count():
            return
        page.wait_for_timeout(1000)
        page.reload()
    raise AssertionError(f"{shown} did not appear on {url}")


def test_a_pi_sees_who_spends_takes_it_along_and_hides_it_from_members(
    page: Page, browser: Browser, demo: Demo, sign_in: SignIn, complaints: list[str], tmp_path: Path
) -> None:
    address = f"{demo.url}/allocations/{SLUG}/usage/?period=grant"
    sign_in(page, "alice")
    opened(page, address, "Bob Okafor")
    page.locator("[data-drawn=true] .main-svg").first.wait_for(timeout=PATIENCE)

    page.get_by_role("link", name="Bob Okafor").click()
    expect(page.get_by_role("link", name="By machine")).to_have_attribute("aria-current", "true")
    expect(page.locator(".usage-table tbody .sub").first).to_have_text("Bob Okafor")
    assert "person=" in page.url and "period=grant" in page.url

    page.get_by_role("columnheader", name="Machine").get_by_role("link").click()
    expect(page.get_by_role("columnheader", name="Machine")).to_have_attribute("aria-sort", "ascending")
    with page.expect_download() as taken:
        page.get_by_role("link", name="CSV").click()
    file = tmp_path / "usage.csv"
    taken.value.save_as(file)
    text = file.read_text(encoding="utf-8-sig")
    assert text.startswith("from,to,person,machine") and "Bob Okafor" in text and "Alice" not in text

    page.goto(address)
    page.get_by_role("button", name="Hide it from members").click()
    expect(page.get_by_role("button", name="Show it to members")).to_be_visible()
    other = browser.new_context(viewport={"width": 390, "height": 844}, reduced_motion="reduce")
    try:
        bob = other.new_page()
        sign_in(bob, "bob")
        opened(bob, address, "Others")
        expect(bob.get_by_role("rowheader", name="Alice Moreau")).to_have_count(0)
        assert bob.evaluate("document.documentElement.scrollWidth") <= 390
    finally:
        other.close()
        page.get_by_role("button", name="Show it to members").click()
    expect(page.get_by_role("button", name="Hide it from members")).to_be_visible()
    assert complaints == []


def test_an_operator_finds_an_allocation_by_its_health(
    page: Page, demo: Demo, sign_in: SignIn, complaints: list[str]
) -> None:
    sign_in(page, "olivia")
    opened(page, f"{demo.url}/operator/allocations/", "PHY220011")
    page.get_by_role("searchbox").fill("wildlife")
    expect(page.get_by_role("rowheader", name="PHY220011")).to_have_count(0)
    expect(page.get_by_role("rowheader", name="CIS220046").first).to_be_visible()
    page.get_by_role("link", name="Clear filters").click()
    page.get_by_role("navigation", name="Health").get_by_role("link", name="Ending").click()
    expect(page.get_by_role("rowheader", name="PHY220011").first).to_be_visible()
    expect(page.get_by_role("rowheader", name="CIS220046")).to_have_count(0)
    assert "health=ending" in page.url
    page.get_by_role("link", name="Rates").first.click()
    expect(page.get_by_text("In force").first).to_be_visible()
    assert complaints == []
