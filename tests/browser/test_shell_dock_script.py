"""The dock of shells beside a page, as its scripts do it."""

import json

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.shell_page import MACHINE, OTHER, SESSION, Portal, Shell, dock_page, unharmed

__all__ = ["unharmed"]  # a fixture of every test here
ONE, TWO = SESSION.format(1), SESSION.format(2)


@pytest.fixture
def portal() -> Portal:
    return Portal()


def tabs(page: Page) -> Locator:
    return page.get_by_role("tab")


def opened(page: Page, portal: Portal, name: str = "lab", sockets: int = 1) -> Shell:
    """Another shell of the dock, connected."""
    page.get_by_role("link", name=f"Shell on {name}").click()
    shell = Shell(page, portal, ".dock-panel[data-active] .term")
    shell.wait(sockets)
    shell.opened()
    shell.put(f"{name}$ ")
    shell.shows(f"{name}$")
    return shell


def keys_go_there(page: Page) -> None:
    expect(page.locator(".dock-panel[data-active] .xterm-helper-textarea")).to_be_focused()


def stored(page: Page) -> dict[str, object]:
    found: dict[str, object] = page.evaluate("() => JSON.parse(sessionStorage.getItem('remote.dock'))")
    return found


def test_nothing_of_it_is_fetched_before_its_first_use(page: Page, portal: Portal) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    dock_page(page, portal)
    assert not [url for url in asked if "xterm" in url or "/remote/dock/" in url or "terminal.js" in url]
    opened(page, portal)
    assert [url for url in asked if "xterm.js" in url]


def test_a_link_opens_a_shell_beside_the_page_and_gives_it_the_keys(page: Page, portal: Portal) -> None:
    dock_page(page, portal)
    shell = opened(page, portal)
    assert page.url == "http://portal.test/"
    expect(tabs(page)).to_have_count(1)
    keys_go_there(page)
    page.keyboard.type("ls\n")
    shell.has_typed("ls\r")
    assert portal.asked == [{"kind": "shell"}]


def test_a_link_opens_its_page_where_that_is_asked_for(page: Page, portal: Portal) -> None:
    dock_page(page, portal)
    with page.context.expect_page():
        page.get_by_role("link", name="Shell on lab").click(modifiers=["Control"])
    expect(page.locator("#dock")).to_have_count(0)


def test_on_a_phone_the_link_leads_to_the_page(page: Page, portal: Portal) -> None:
    page.set_viewport_size({"width": 390, "height": 800})
    dock_page(page, portal)
    page.get_by_role("link", name="Shell on lab").click()
    page.wait_for_url(f"**/instances/{MACHINE}/shell/")


def test_several_machines_have_a_tab_each(page: Page, portal: Portal) -> None:
    dock_page(page, portal)
    opened(page, portal)
    second = opened(page, portal, "node", 2)
    expect(tabs(page)).to_have_count(2)
    keys_go_there(page)
    page.keyboard.type("w")
    second.has_typed("w")
    tabs(page).first.click()
    expect(page.locator(".dock-panel[data-active] .xterm-rows")).to_contain_text("lab$")
    page.get_by_role("link", name="Shell on node").click()
    expect(tabs(page)).to_have_count(2)
    expect(tabs(page).last).to_have_attribute("aria-selected", "true")


def test_the_same_machine_again_is_another_shell_with_a_number(page: Page, portal: Portal) -> None:
    dock_page(page, portal)
    opened(page, portal)
    opened(page, portal, "lab", 2)
    expect(tabs(page).last).to_contain_text("lab 2")
    assert [one.get("resume") for one in portal.asked] == [None, None]


def test_tabs_are_moved_through_by_keys(page: Page, portal: Portal) -> None:
    dock_page(page, portal)
    opened(page, portal)
    opened(page, portal, "node", 2)
    tabs(page).last.focus()
    page.keyboard.press("ArrowLeft")
    expect(tabs(page).first).to_be_focused()
    expect(tabs(page).first).to_have_attribute("aria-selected", "true")
    page.keyboard.press("ArrowLeft")
    expect(tabs(page).last).to_be_focused()


def test_another_page_takes_the_shells_up_again(page: Page, portal: Portal) -> None:
    dock_page(page, portal)
    opened(page, portal)
    opened(page, portal, "node", 2)
    page.reload()
    expect(tabs(page)).to_have_count(2)
    page.wait_for_function("() => window.shells().length === 2")
    assert sorted(one["resume"] for one in portal.asked[2:]) == [ONE, TWO]
    assert all(not path.endswith("/end/") for path in portal.paths)


def test_only_names_and_ids_are_remembered(page: Page, portal: Portal) -> None:
    dock_page(page, portal)
    opened(page, portal)
    assert stored(page) == {
        "tabs": [{"instance": MACHINE, "name": "lab", "session": ONE}],
        "active": 0,
        "folded": False,
    }
    assert "t1" not in json.dumps(page.evaluate("() => [{...localStorage}, {...sessionStorage}]"))


@pytest.mark.parametrize("state", ["nonsense", "null", '{"tabs": []}'])
def test_what_was_remembered_wrongly_opens_nothing(page: Page, portal: Portal, state: str) -> None:
    dock_page(page, portal, init=f"try {{ sessionStorage.setItem('remote.dock', '{state}') }} catch {{}}")
    page.wait_for_timeout(200)
    expect(page.locator("#dock")).to_have_count(0)
    assert portal.asked == []


def test_it_is_minimised_and_the_shells_go_on(page: Page, portal: Portal) -> None:
    dock_page(page, portal)
    shell = opened(page, portal)
    page.get_by_role("button", name="Minimise").click()
    expect(page.locator(".dock-body")).to_be_hidden()
    shell.put("more")
    page.reload()
    expect(page.get_by_role("button", name="Show the shells")).to_be_visible()
    expect(page.locator(".dock-body")).to_be_hidden()
    tabs(page).first.click()
    expect(page.locator(".dock-body")).to_be_visible()


def test_its_height_changes_by_keys_and_by_hand_and_is_remembered(page: Page, portal: Portal) -> None:
    dock_page(page, portal)
    shell = opened(page, portal)
    edge = page.get_by_role("separator", name="Height of the shells")
    before = page.locator("#dock").bounding_box()
    assert before is not None
    edge.focus()
    page.keyboard.press("ArrowUp")
    page.keyboard.press("ArrowUp")
    expect(edge).to_have_attribute("aria-valuenow", "52")
    # The dock moves up softly: a hand takes hold of it where it has come to rest.
    page.wait_for_timeout(400)
    box = edge.bounding_box()
    assert box is not None
    page.mouse.move(600, box["y"] + box["height"] / 2)
    page.mouse.down()
    page.mouse.move(600, 180, steps=4)
    page.mouse.up()
    expect(edge).to_have_attribute("aria-valuenow", "80")
    page.wait_for_timeout(250)
    rows = [one["rows"] for one in shell.texts() if one["t"] == "size"]
    assert rows[-1] > rows[0]
    page.reload()
    expect(edge).to_have_attribute("aria-valuenow", "80")


def test_the_page_below_can_be_scrolled_free_of_it(page: Page, portal: Portal) -> None:
    dock_page(page, portal)
    opened(page, portal)
    room = "() => [parseFloat(getComputedStyle(document.body).paddingBottom), document.getElementById('dock').offsetHeight]"
    padding, height = page.evaluate(room)
    assert padding == height > 100


def test_a_tab_is_closed_after_a_question_and_ends_its_shell_only(page: Page, portal: Portal) -> None:
    dock_page(page, portal)
    opened(page, portal)
    opened(page, portal, "node", 2)
    page.get_by_role("button", name="Close the shell on node").click()
    page.get_by_role("button", name="Cancel").click()
    expect(tabs(page)).to_have_count(2)
    page.get_by_role("button", name="Close the shell on node").click()
    page.get_by_role("button", name="End the shell").click()
    expect(tabs(page)).to_have_count(1)
    assert [path for path in portal.paths if path.endswith("/end/")] == [f"POST /remote/{TWO}/end/"]
    expect(page.locator(".dock-panel[data-active] .xterm-rows")).to_contain_text("lab$")


def test_the_last_tab_takes_the_dock_along(page: Page, portal: Portal) -> None:
    dock_page(page, portal)
    opened(page, portal)
    page.get_by_role("button", name="Close the shell on lab").click()
    page.get_by_role("button", name="End the shell").click()
    expect(page.locator("#dock")).to_be_hidden()
    # The page has its room back, as soon as it has moved.
    expect(page.locator("body")).to_have_css("padding-bottom", "0px")
    assert stored(page)["tabs"] == []


def test_a_shell_moves_to_a_tab_of_the_browser_and_is_not_ended(page: Page, portal: Portal) -> None:
    dock_page(page, portal)
    opened(page, portal)
    page.get_by_role("button", name="Open in a tab of its own").click()
    assert page.evaluate("window.opened[0]") == [
        f"/instances/{MACHINE}/shell/?session={ONE}",
        "_blank",
        "noopener",
    ]
    expect(page.locator("#dock")).to_be_hidden()
    assert not [path for path in portal.paths if path.endswith("/end/")]


def test_a_bell_behind_marks_its_tab(page: Page, portal: Portal) -> None:
    dock_page(page, portal)
    opened(page, portal)
    opened(page, portal, "node", 2)
    page.evaluate(
        "window.shells()[0].dispatchEvent(new MessageEvent('message', { data: new Uint8Array([7]).buffer }))"
    )
    first = page.locator(".dock-tab").first
    expect(first).to_have_attribute("data-rings", "")
    tabs(page).first.click()
    expect(first).not_to_have_attribute("data-rings", "")


def test_each_tab_says_how_its_shell_stands(page: Page, portal: Portal) -> None:
    dock_page(page, portal)
    shell = opened(page, portal)
    expect(tabs(page).first).to_contain_text("connected")
    shell.say(t="end", reason="exited", words="The shell was left.", again=False)
    expect(tabs(page).first).to_contain_text("ended")
    # A shell that has ended does not stand in the way of a new one.
    page.get_by_role("link", name="Shell on lab").click()
    expect(tabs(page)).to_have_count(2)


def test_a_dock_that_cannot_be_fetched_leads_to_the_page(page: Page, portal: Portal) -> None:
    dock_page(page, portal)
    page.route("**/remote/dock/", lambda route: route.abort())
    page.get_by_role("link", name="Shell on node").click()
    page.wait_for_url(f"**/instances/{OTHER}/shell/")
