"""Two clouds, one of them with two regions, side by side in a real browser: what one does is nothing to the other."""

import re
import time
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.journey import Journey
from tests.browser.running import Demo
from tests.browser.running import demo as running_demo

IU, TACC, CAMPUS = "bio220047-iu", "bio220047-tacc", "hydrology-main"
SignIn = Callable[[Page, str], None]


# In the place of the package's demo: this one has a second cloud.
@pytest.fixture(scope="module")
def demo() -> Iterator[Demo]:
    with running_demo(options=["--second-cloud"]) as found:
        yield found


@pytest.fixture(autouse=True)
def mended(demo: Demo) -> Iterator[None]:
    yield
    for cloud in ("cloud", "campus"):
        demo.control("DELETE", "faults", cloud=cloud)


def open_switch(page: Page) -> None:
    page.locator("[data-switch] > summary").click()
    expect(page.locator(".switch-running").first).to_be_visible()


def connect_campus(page: Page, demo: Demo) -> None:
    """From the menu of the bar, by name and password, as the cloud wants it."""
    page.goto(demo.url)
    open_switch(page)
    if page.get_by_role("link", name="Connect Campus cloud").count() == 0:
        return
    page.get_by_role("link", name="Connect Campus cloud").click()
    page.goto(f"{demo.url}/profile/clouds/campus/connect/password/")
    page.get_by_label("Name", exact=False).first.fill("amoreau")
    page.locator("input[type=password]").fill("demo")
    page.locator("main form button").first.click()
    page.goto(demo.url)
    expect(page.locator("#home-parts")).to_contain_text("hydrology", timeout=30_000)


def test_a_cloud_that_was_not_connected_is_connected_from_the_bar_and_stands_beside_the_other(
    demo: Demo, page: Page, sign_in: SignIn, complaints: list[str]
) -> None:
    sign_in(page, "alice")
    connect_campus(page, demo)
    open_switch(page)
    shown = page.locator(".switch-places")
    expect(shown).to_contain_text("Campus cloud/Main building")
    expect(shown).to_contain_text("Texas Advanced Computing Center")
    page.get_by_role("link", name="hydrology").first.click()
    expect(page).to_have_url(f"{demo.url}/allocations/{CAMPUS}/instances/")
    expect(page.get_by_role("link", name="gauge-reader", exact=True)).to_be_visible(timeout=30_000)
    expect(page.locator(".bar-nav")).to_contain_text("Virtual machines")
    assert complaints == []


def test_a_switch_keeps_the_kind_of_page_and_is_remembered_on_another_device(
    demo: Demo, browser: Browser, page: Page, sign_in: SignIn
) -> None:
    sign_in(page, "alice")
    page.goto(f"{demo.url}/allocations/{IU}/launch/")
    open_switch(page)
    page.locator(f'.switch-places a[href="/allocations/{TACC}/launch/"]').click()
    expect(page).to_have_url(f"{demo.url}/allocations/{TACC}/launch/")
    other = browser.new_context().new_page()
    sign_in(other, "alice")
    other.goto(f"{demo.url}/profile/tokens/")
    expect(other.locator(".bar-where")).to_contain_text("Texas Advanced Computing Center")
    other.context.close()


def test_a_link_into_another_region_switches_the_bar_and_survives_the_sign_in(demo: Demo, page: Page) -> None:
    page.goto(f"{demo.url}/allocations/{TACC}/instances/?q=mirror")
    page.locator("main").get_by_role("button", name="Sign in with CILogon").first.click()
    page.locator('button[data-person="alice"]').click()
    expect(page).to_have_url(f"{demo.url}/allocations/{TACC}/instances/?q=mirror")
    expect(page.locator(".bar-where")).to_contain_text("Texas Advanced Computing Center")
    expect(page.get_by_role("link", name="mirror-site", exact=True)).to_be_visible()


def test_the_menu_works_by_keyboard_alone(demo: Demo, page: Page, sign_in: SignIn) -> None:
    sign_in(page, "alice")
    page.goto(f"{demo.url}/allocations/{IU}/instances/")
    page.locator("[data-switch] > summary").focus()
    page.keyboard.press("Enter")
    expect(page.locator(".switch-running").first).to_be_visible()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(r"/allocations/cis220046-iu/instances/"))
    page.locator("[data-switch] > summary").focus()
    page.keyboard.press("Enter")
    page.keyboard.press("Escape")
    expect(page.locator("[data-switch] .menu-sheet")).to_be_hidden()


@pytest.mark.parametrize("action", ["hang", "status"])
def test_while_one_cloud_is_down_nothing_of_the_other_slows_or_breaks_and_the_first_is_named(
    demo: Demo, page: Page, sign_in: SignIn, action: str
) -> None:
    sign_in(page, "alice")
    connect_campus(page, demo)
    demo.control("POST", "faults", {"action": action, "status": 503}, cloud="campus")
    # Somebody looks at what is down, so that the portal tries to read it often.
    page.goto(f"{demo.url}/allocations/{CAMPUS}/instances/")
    second = page.context.new_page()
    journey = Journey(second, demo.url, longest=120)
    journey.launch(IU, "m3.tiny", f"beside-{action}")
    journey.until_state("ready", "Ready")
    began = time.monotonic()
    second.goto(f"{demo.url}/allocations/{IU}/instances/")
    expect(second.get_by_role("link", name=f"beside-{action}", exact=True)).to_be_visible()
    assert time.monotonic() - began < 5
    second.goto(demo.url)
    parts = second.locator("#home-parts")
    expect(parts).to_contain_text("Campus cloud / Main building does not answer", timeout=90_000)
    assert "Indiana University does not answer" not in parts.inner_text()
    open_switch(second)
    expect(second.locator(".switch-places")).to_contain_text("No answer since")


def test_a_region_that_does_not_answer_is_named_and_the_other_launches(
    demo: Demo, page: Page, sign_in: SignIn
) -> None:
    sign_in(page, "alice")
    demo.control("POST", "faults", {"action": "status", "status": 503, "region": "TACC"})
    page.goto(f"{demo.url}/allocations/{TACC}/instances/")
    second = page.context.new_page()
    journey = Journey(second, demo.url, longest=120)
    journey.launch(IU, "m3.tiny", "beside-tacc")
    journey.until_state("ready", "Ready")
    second.goto(demo.url)
    expect(second.locator("#home-parts")).to_contain_text("Texas Advanced Computing Center", timeout=30_000)
    expect(second.locator("#home-parts")).to_contain_text(
        re.compile("Texas.*does not answer"), timeout=120_000
    )


def test_what_was_launched_while_its_cloud_was_down_goes_on_when_it_is_back(
    demo: Demo, page: Page, sign_in: SignIn
) -> None:
    sign_in(page, "alice")
    connect_campus(page, demo)
    # What it offers was read while it was there.
    page.goto(f"{demo.url}/allocations/{CAMPUS}/launch/")
    expect(page.locator("label.size-pick", has_text="small").first).to_be_visible(timeout=60_000)
    demo.control("POST", "faults", {"action": "status", "status": 503}, cloud="campus")
    journey = Journey(page, demo.url, longest=180)
    journey.launch(CAMPUS, "small", "waits")
    page.wait_for_timeout(5000)
    demo.control("DELETE", "faults", cloud="campus")
    journey.until_state("ready", "Ready")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1280])
def test_the_bar_and_its_menu_fit_every_window(
    demo: Demo, browser: Browser, sign_in: SignIn, width: int, scheme: str
) -> None:
    context = browser.new_context(viewport={"width": width, "height": 800}, color_scheme=scheme)  # type: ignore[arg-type]
    page = context.new_page()
    sign_in(page, "alice")
    for path in (f"/allocations/{TACC}/instances/", "/profile/", "/profile/tokens/", "/nowhere/", "/"):
        page.goto(demo.url + path)
        expect(page.locator(".bar-what")).to_be_visible()
        open_switch(page)
        assert page.evaluate("document.documentElement.scrollWidth") <= width, path
        sheet = page.locator("[data-switch] .menu-sheet").bounding_box()
        assert sheet is not None and sheet["x"] >= 0 and sheet["x"] + sheet["width"] <= width, path
    context.close()
