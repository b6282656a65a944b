"""The menu of allocations when there are a hundred and twenty: found by typing, by keyboard alone, fresh when it opens."""

from collections.abc import Iterator

import pytest
from django.template.loader import render_to_string
from playwright.sync_api import Page, Route, expect

from tests.browser.script_page import show

REGIONS = ("IU", "TACC", "ASU")


def places() -> str:
    """The fragment as the portal renders it: forty allocations in three regions, and a cloud without any."""
    sections = []
    for region in REGIONS:
        items = "".join(
            f'<li data-name="BIO{number:06} Grasses {number}"><a href="/allocations/bio{number:06}-{region.lower()}/">'
            f"<span>BIO{number:06}</span></a></li>"
            for number in range(40)
        )
        sections.append(
            f'<section data-place="Demo cloud {region}"><h2>Demo cloud {region}</h2><ul>{items}</ul></section>'
        )
    campus = '<section data-place="Campus cloud"><h2>Campus cloud</h2><a href="/profile/clouds/">Connect</a></section>'
    return "".join([*sections, campus])


def menu() -> str:
    """The bar's own template, with one allocation in it until the rest is fetched."""
    one = {"name": "BIO000000", "title": "", "url": "/allocations/bio000000-iu/", "current": True}
    bar = {
        "current": {"cloud": "Demo cloud", "region": "IU", "name": "BIO000000"},
        "groups": [{"cloud": "Demo cloud", "region": "IU", "allocations": [one]}],
        "count": 120,
        "searched": True,
        "switch": "/home/switch/?kind=instances:list&at=bio000000-iu",
    }
    return render_to_string("_bar_switch.html", {"bar": bar, "words": {"project": "allocation"}})


def answered(route: Route) -> tuple[int, str, dict[str, str]]:
    return 200, places(), {}


@pytest.fixture
def asked(page: Page) -> Iterator[list[str]]:
    yield show(page, menu(), extra=("switch",), answer=answered)


def opened(page: Page) -> None:
    page.locator("summary").click()
    expect(page.locator(".switch-places li")).to_have_count(120)


def shown(page: Page) -> list[str]:
    links = page.locator(".switch-places li:visible a").all()
    return [str(link.get_attribute("href")) for link in links]


def test_it_is_fetched_each_time_it_opens_and_not_when_it_closes(page: Page, asked: list[str]) -> None:
    opened(page)
    page.locator("summary").click()
    page.wait_for_timeout(200)
    assert sum("/home/switch/" in path for path in asked) == 1
    opened(page)
    page.wait_for_timeout(200)
    assert sum("/home/switch/" in path for path in asked) == 2


def test_typing_leaves_what_fits_by_name_title_and_place(
    page: Page, asked: list[str], complaints: list[str]
) -> None:
    opened(page)
    page.get_by_role("searchbox").fill("bio000017")
    assert shown(page) == [f"/allocations/bio000017-{region.lower()}/" for region in REGIONS]
    page.get_by_role("searchbox").fill("tacc grasses 17")
    assert shown(page) == ["/allocations/bio000017-tacc/"]
    page.get_by_role("searchbox").fill("campus")
    assert shown(page) == []
    expect(page.get_by_role("link", name="Connect", exact=True)).to_be_visible()
    page.get_by_role("searchbox").fill("nothing of the kind")
    expect(page.locator("[data-switch-none]")).to_be_visible()
    page.get_by_role("searchbox").fill("")
    assert len(shown(page)) == 120
    assert complaints == []


def test_one_is_reached_without_a_mouse(page: Page, asked: list[str]) -> None:
    page.locator("summary").focus()
    page.keyboard.press("Enter")
    expect(page.locator(".switch-places li")).to_have_count(120)
    expect(page.get_by_role("searchbox")).to_be_focused()
    page.keyboard.type("asu 39")
    page.keyboard.press("ArrowDown")
    focused = page.evaluate("document.activeElement.getAttribute('href')")
    assert focused == "/allocations/bio000039-asu/"
    page.keyboard.press("Escape")
    expect(page.locator(".menu-sheet")).to_be_hidden()
    assert page.evaluate("document.activeElement.tagName") == "SUMMARY"


def test_return_goes_to_the_first_that_fits(page: Page, asked: list[str]) -> None:
    opened(page)
    page.get_by_role("searchbox").fill("asu 39")
    page.evaluate(
        "addEventListener('click', (e) => { window.went = e.target.closest('a')?.pathname; e.preventDefault(); })"
    )
    page.keyboard.press("Enter")
    assert page.evaluate("window.went") == "/allocations/bio000039-asu/"


def test_what_was_typed_before_the_answer_came_still_counts(page: Page, asked: list[str]) -> None:
    page.locator("summary").click()
    page.get_by_role("searchbox").fill("iu 3")
    expect(page.locator(".switch-places li")).to_have_count(120)
    assert all(address.endswith("-iu/") for address in shown(page))
    assert shown(page)
