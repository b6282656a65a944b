"""A member decides how long a machine of theirs runs: by dialogs on its page, and without script."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.running import Demo

SignIn = Callable[[Page, str], None]
SLUG, NAME = "bio220047-iu", "annotation-db"


@pytest.fixture
def machine(demo: Demo) -> Iterator[str]:
    """Bob's, which does not run; afterwards it has no rules of its own again."""
    with demo.api("bob") as api:
        found = api.get("instances", params={"allocation": SLUG}).json()
        listed = found["items"] if isinstance(found, dict) else found
        pk = next(one["id"] for one in listed if one["name"] == NAME)
        yield pk
        for policy in ("schedule", "lease", "idle"):
            assert api.delete(f"instances/{pk}/policies/{policy}").is_success


@pytest.fixture
def plain(browser: Browser) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": 390, "height": 844}, java_script_enabled=False)
    context.set_default_timeout(15_000)
    yield context.new_page()
    context.close()


def test_a_lease_is_set_extended_and_listed(
    demo: Demo, page: Page, sign_in: SignIn, machine: str, complaints: list[str]
) -> None:
    sign_in(page, "bob")
    page.goto(f"{demo.url}/instances/{machine}/")
    lease = page.locator("#policy-lease")
    lease.get_by_role("button", name="Set up").click()
    dialog = page.locator("#dialog")
    dialog.get_by_label("It ends on").fill(f"{datetime.now(UTC) + timedelta(days=20):%Y-%m-%d}")
    expect(dialog.get_by_text("gone for good")).to_be_visible()
    dialog.get_by_role("button", name="Save").click()
    expect(lease.get_by_text("Ends in")).to_be_visible()
    lease.get_by_role("button", name="Extend by 14 days").click()
    expect(lease.get_by_text("Extended 1 time")).to_be_visible()
    page.goto(f"{demo.url}/allocations/{SLUG}/policies/")
    row = page.get_by_role("row").filter(has_text=NAME)
    expect(row).to_contain_text("Lease")
    expect(row).to_contain_text("Shelved")
    assert complaints == []


def test_a_schedule_is_tried_before_it_is_saved(
    demo: Demo, page: Page, sign_in: SignIn, machine: str, complaints: list[str]
) -> None:
    sign_in(page, "bob")
    page.goto(f"{demo.url}/instances/{machine}/")
    schedule = page.locator("#policy-schedule")
    schedule.get_by_role("button", name="Set up").click()
    dialog = page.locator("#dialog")
    dialog.get_by_label("Outside these hours").select_option("stop")
    dialog.get_by_label("Saturday", exact=True).check()
    dialog.get_by_role("button", name="What would it have done?").click()
    expect(dialog.get_by_text("In the last seven days")).to_be_visible()
    expect(dialog.get_by_text("SU/week instead of")).to_be_visible()
    expect(schedule.get_by_text("None: it runs until somebody puts it away.")).to_be_attached()
    dialog.get_by_role("button", name="Save").click()
    expect(schedule.get_by_text("Runs Mon–Sat 8:00–19:00 (America/Chicago); stopped outside")).to_be_visible()
    schedule.get_by_role("button", name="Keep it running").click()
    expect(schedule.get_by_text("Kept running until")).to_be_visible()
    schedule.get_by_role("button", name="Follow the schedule again").click()
    expect(schedule.get_by_role("button", name="Keep it running")).to_be_visible()
    assert complaints == []


def test_all_of_it_works_without_script(demo: Demo, plain: Page, sign_in: SignIn, machine: str) -> None:
    sign_in(plain, "bob")
    leads_on = plain.get_by_role("link", name="Continue")
    if leads_on.count():
        leads_on.first.click()
    plain.goto(f"{demo.url}/instances/{machine}/policies/")
    plain.locator("#policy-idle").get_by_role("button", name="Set up").click()
    plain.get_by_label("it is put away").select_option("stop")
    plain.get_by_role("button", name="Save").click()
    expect(plain.locator("#policy-idle")).to_contain_text(
        "Stopped after 4 hours in which nothing happens on it"
    )
