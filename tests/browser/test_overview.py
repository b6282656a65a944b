"""A PI looks when the GPUs run out, ticks a machine and sees the date move; plans a class; takes everything that is hers."""

import io
import zipfile
from collections.abc import Callable

from playwright.sync_api import Page, expect

from tests.browser.running import Demo

SignIn = Callable[[Page, str], None]


def test_ticking_a_machine_moves_the_day_on_which_it_runs_out(
    page: Page, demo: Demo, sign_in: SignIn, complaints: list[str]
) -> None:
    sign_in(page, "alice")
    page.goto(f"{demo.url}/allocations/cis220046-iu/?resource=gpu")
    expect(page.get_by_role("heading", name="When GPU runs out")).to_be_visible()
    expect(page.get_by_text("the GPU service units run out on")).to_be_visible()
    expect(page.locator(".burndown[data-drawn]")).to_be_visible(timeout=30_000)
    page.get_by_label("Shelve trainer-duo").check()
    expect(page.get_by_text("If you shelve this instance,")).to_be_visible()
    # The tick is kept, so that the next one adds to it.
    expect(page.get_by_label("Shelve trainer-duo")).to_be_checked()
    page.get_by_label("Shelve trainer-a100").check()
    expect(page.get_by_text("If you shelve these two instances")).to_be_visible()
    expect(page.locator(".burndown[data-drawn]")).to_be_visible()
    page.get_by_role("link", name="CPU", exact=True).click()
    expect(page.get_by_role("heading", name="When CPU runs out")).to_be_visible()
    assert complaints == []


def test_a_class_is_planned_and_handed_on(
    page: Page, demo: Demo, sign_in: SignIn, complaints: list[str]
) -> None:
    sign_in(page, "carol")
    page.goto(demo.url)
    page.get_by_role("link", name="What if").click()
    page.get_by_label("It is for").select_option("class")
    page.get_by_label("Line 1: flavor").select_option("m3.quad")
    page.get_by_label("Line 1: how many").fill("40")
    page.get_by_label("Line 1: times a week").fill("1")
    page.get_by_label("Line 1: hours each time").fill("3")
    page.get_by_label("Line 1: weeks").fill("15")
    page.get_by_role("button", name="Work it out").click()
    expect(page.get_by_text("yes, the smallest that is")).to_be_visible()
    assert "7,200 SU (CPU)" in page.get_by_role("textbox", name="Text of the request").input_value()
    page.goto(page.get_by_role("textbox", name="The address of this plan").input_value())
    expect(page.get_by_label("Line 1: students")).to_have_value("40")
    assert complaints == []


def test_everything_that_is_ones_own_is_made_and_fetched(
    page: Page, demo: Demo, sign_in: SignIn, complaints: list[str]
) -> None:
    sign_in(page, "bob")
    page.goto(f"{demo.url}/profile/export/")
    page.get_by_role("button", name="Make an export").click()
    fetch = page.get_by_role("link", name="Fetch it").first
    expect(fetch).to_be_visible(timeout=60_000)
    with page.expect_download() as download:
        fetch.click()
    archive = zipfile.ZipFile(io.BytesIO(download.value.path().read_bytes()))
    assert {"machines.json", "usage.csv", "README.txt"} <= set(archive.namelist())
    assert complaints == []
