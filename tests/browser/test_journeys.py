"""The product as people use it, in a real browser, on the whole demo: every process, real protocols."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.journey import Journey, whole_life
from tests.browser.running import Demo

SLUG = "bio220047-iu"
SignIn = Callable[[Page, str], None]


def test_one_machine_lives_its_whole_life_in_the_page(demo: Demo, page: Page, complaints: list[str]) -> None:
    journey = Journey(page, demo.url, longest=120)
    journey.sign_in("alice")
    whole_life(journey, SLUG, "m3.tiny", "m3.small", "whole-life")
    assert complaints == []


def test_a_machine_made_elsewhere_appears_and_leaves_without_a_reload(
    demo: Demo, page: Page, sign_in: SignIn
) -> None:
    sign_in(page, "alice")
    page.goto(f"{demo.url}/allocations/{SLUG}/instances/")
    expect(page.get_by_role("link", name="assembly-main", exact=True)).to_be_visible()
    made = demo.control("POST", "servers", {"project": "BIO220047", "user": "bob", "name": "from-horizon"})
    expect(page.get_by_role("link", name="from-horizon", exact=True)).to_be_visible(timeout=30_000)
    demo.control("DELETE", f"servers/{made['server']['id']}?now=1")
    expect(page.get_by_role("link", name="from-horizon", exact=True)).to_have_count(0, timeout=30_000)


def test_a_hostile_name_from_the_cloud_is_only_text(
    demo: Demo, page: Page, sign_in: SignIn, complaints: list[str]
) -> None:
    name = '"><img src=x onerror=document.title=1><script>alert(1)</script>'
    made = demo.control("POST", "servers", {"project": "BIO220047", "user": "bob", "name": name})
    sign_in(page, "alice")
    page.goto(f"{demo.url}/allocations/{SLUG}/instances/")
    link = page.get_by_role("link", name=name, exact=True)
    expect(link).to_be_visible(timeout=30_000)
    link.click()
    expect(page.get_by_role("heading", name=name)).to_be_visible()
    assert page.title() != "1"
    assert complaints == []
    demo.control("DELETE", f"servers/{made['server']['id']}?now=1")


def test_two_viewers_see_the_same_change(demo: Demo, browser: Browser, page: Page, sign_in: SignIn) -> None:
    sign_in(page, "alice")
    other = browser.new_context().new_page()
    sign_in(other, "bob")
    for viewer in (page, other):
        viewer.goto(f"{demo.url}/allocations/{SLUG}/instances/")
    row = "#list tr:has-text('blast-node')"
    page.locator(row).get_by_role("checkbox").check()
    page.get_by_role("button", name="Stop").or_(page.get_by_role("link", name="Stop")).first.click()
    page.locator("#dialog .btn-primary[type=submit]").click()
    for viewer in (page, other):
        expect(viewer.locator(row)).to_contain_text("Stopped", timeout=40_000)
    other.context.close()


def test_somebody_of_a_foreign_identity_provider_is_told_which_rule_refused_them(
    demo: Demo, page: Page, sign_in: SignIn
) -> None:
    sign_in(page, "mallory")
    expect(page.locator("main")).to_contain_text("Evil Example")
    page.goto(demo.url)
    expect(page.get_by_role("button", name="Sign in with CILogon").first).to_be_visible()


def test_somebody_without_an_allocation_is_told_why_and_what_to_do(
    demo: Demo, page: Page, sign_in: SignIn
) -> None:
    sign_in(page, "newbie")
    page.goto(f"{demo.url}/")
    expect(page.locator("main")).to_contain_text("four hours", timeout=20_000)


def test_signing_out_ends_the_open_pages_too(demo: Demo, page: Page, sign_in: SignIn) -> None:
    sign_in(page, "carol")
    second = page.context.new_page()
    second.goto(demo.url)
    page.goto(f"{demo.url}/accounts/logout/")
    page.locator("main").get_by_role("button", name=re.compile("Sign out")).click()
    expect(second.locator("body")).to_contain_text(
        re.compile("signed out|Sign in", re.IGNORECASE), timeout=15_000
    )


PAGES = [
    "/",
    f"/allocations/{SLUG}/instances/",
    f"/allocations/{SLUG}/launch/",
    "/profile/",
    "/profile/tokens/",
    "/profile/clouds/",
]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1280])
def test_no_page_is_wider_than_the_window_or_complains(
    demo: Demo, browser: Browser, sign_in: SignIn, width: int, scheme: str
) -> None:
    context = browser.new_context(viewport={"width": width, "height": 800}, color_scheme=scheme)  # type: ignore[arg-type]
    page = context.new_page()
    heard: list[str] = []
    page.on("pageerror", lambda error: heard.append(str(error)))
    sign_in(page, "alice")
    page.on("console", lambda said: heard.append(said.text) if said.type == "error" else None)
    for path in PAGES:
        page.goto(demo.url + path)
        page.wait_for_timeout(500)
        assert page.evaluate("document.documentElement.scrollWidth") <= width, path
    context.close()
    assert heard == []


def test_the_pages_read_and_work_without_script(demo: Demo, browser: Browser, sign_in: SignIn) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    sign_in(page, "alice")
    page.goto(f"{demo.url}/allocations/{SLUG}/instances/?q=assembly")
    _rename(page, demo, "assembly-main", "assembly-main-2")
    _rename(page, demo, "assembly-main-2", "assembly-main")  # which other journeys look for
    context.close()


def _rename(page: Page, demo: Demo, old: str, new: str) -> None:
    page.get_by_role("link", name=old, exact=True).click()
    expect(page.get_by_role("heading", name=old)).to_be_visible()
    page.get_by_text("More actions").click()
    page.get_by_role("button", name="Rename…").click()
    page.get_by_label("New name").fill(new)
    page.get_by_role("button", name="Rename", exact=True).click()
    link = page.get_by_role("link", name=new, exact=True)
    for _ in range(20):  # nothing is pushed to a page without scripts
        page.goto(f"{demo.url}/allocations/{SLUG}/instances/?q={new}")
        if link.count():
            break
        page.wait_for_timeout(500)
    expect(link).to_be_visible()
