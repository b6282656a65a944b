"""Dialogs, toasts, menus, copying, colours and picking in lists, as the scripts do them."""

from typing import Any

import pytest
from playwright.sync_api import Page, Route, expect

from tests.browser.script_page import show

DIALOG = (
    '<form hx-post="/do/" hx-target="#dialog"><h2 id="dialog-title">Delete lab</h2>'
    '<input name="confirm_name" data-must-equal="lab"><button type="submit" data-waits>Delete</button>'
    '<a href="/" data-close>Cancel</a></form>'
)
OPENER = '<button hx-get="/dialog/" hx-target="#dialog">Delete…</button>'
DONE = {
    "HX-Reswap": "none",
    "HX-Trigger": '{"close-dialog": {}, "toast": {"toasts": [{"level": "success", "text": "Deleting <b>lab</b>"}]}}',
}


def deleting(route: Route) -> tuple[int, str, dict[str, str]]:
    return (200, "", DONE) if route.request.method == "POST" else (200, DIALOG, {})


def failing(route: Route) -> tuple[int, str, dict[str, str]]:
    if route.request.method != "POST":
        return 200, DIALOG, {}
    return 409, '<p class="note">It is locked</p>', {"HX-Retarget": "#problems", "HX-Reswap": "innerHTML"}


def opened(page: Page, **options: Any) -> list[str]:
    asked = show(page, OPENER, **options)
    page.get_by_role("button", name="Delete…").click()
    expect(page.locator("#dialog")).to_be_visible()
    return asked


def test_a_dialog_opens_with_its_first_field_in_focus(page: Page, complaints: list[str]) -> None:
    opened(page, answer=deleting)
    assert page.evaluate("document.activeElement.name") == "confirm_name"
    assert complaints == []


@pytest.mark.parametrize("way", ["Escape", "Cancel"])
def test_a_dialog_closes_and_gives_the_focus_back(page: Page, way: str) -> None:
    opened(page, answer=deleting)
    if way == "Escape":
        page.keyboard.press("Escape")
    else:
        page.get_by_text("Cancel").click()
    expect(page.locator("#dialog")).to_be_hidden()
    expect(page.locator("#dialog form")).to_have_count(0)
    assert page.evaluate("document.activeElement.textContent") == "Delete…"


def test_the_button_waits_for_the_right_name(page: Page) -> None:
    opened(page, answer=deleting)
    button, field = page.locator("[data-waits]"), page.locator("[name=confirm_name]")
    expect(button).to_be_disabled()
    field.fill("la")
    expect(button).to_be_disabled()
    field.fill("lab")
    expect(button).to_be_enabled()


def test_what_was_accepted_closes_the_dialog_for_good_and_is_said(page: Page) -> None:
    opened(page, answer=deleting)
    page.locator("[name=confirm_name]").fill("lab")
    page.locator("[data-waits]").click()
    expect(page.locator("#toasts .note-success")).to_contain_text("Deleting <b>lab</b>")
    page.wait_for_timeout(150)
    expect(page.locator("#dialog")).to_be_hidden()
    page.locator("#toasts [data-dismiss]").click()
    expect(page.locator("#toasts .note")).to_have_count(0)


def test_a_problem_closes_the_dialog_and_is_shown_on_the_page(page: Page) -> None:
    opened(page, answer=failing, attributes="")
    page.evaluate("htmx.config.responseHandling = [{code: '...', swap: true}]")
    page.locator("[name=confirm_name]").fill("lab")
    page.locator("[data-waits]").click()
    expect(page.locator("#problems")).to_contain_text("It is locked")
    expect(page.locator("#dialog")).to_be_hidden()


def test_no_answer_is_said(page: Page) -> None:
    show(page, OPENER)
    page.route("**/dialog/", lambda route: route.abort())
    page.get_by_role("button", name="Delete…").click()
    expect(page.locator("#problems")).to_contain_text("No answer")


def test_a_form_is_sent_once_by_a_double_click(page: Page) -> None:
    show(page, '<form method="post" action="/launch/"><button>Launch</button></form>')
    page.evaluate("""() => { window.sent = 0; document.addEventListener('submit', (event) => {
      if (!event.defaultPrevented) window.sent += 1; event.preventDefault(); }); }""")
    page.get_by_role("button", name="Launch").dblclick()
    assert page.evaluate("window.sent") == 1


MENUS = "".join(
    f'<details class="menu"><summary>Menu {n}</summary><div class="menu-sheet"><a href="#a{n}">First {n}</a>'
    f'<a href="#b{n}">Second {n}</a></div></details>'
    for n in (1, 2)
)


def test_menus_close_each_other_and_on_escape(page: Page) -> None:
    show(page, MENUS)
    page.get_by_text("Menu 1").click()
    page.get_by_text("Menu 2").focus()
    page.keyboard.press("Enter")
    assert page.evaluate("[...document.querySelectorAll('details')].map((one) => one.open)") == [False, True]
    page.keyboard.press("Escape")
    assert not page.evaluate("document.querySelector('details[open]')")
    assert page.evaluate("document.activeElement.textContent") == "Menu 2"


def test_arrows_move_in_a_menu(page: Page) -> None:
    show(page, MENUS)
    page.get_by_text("Menu 1").click()
    for expected in ("First 1", "Second 1", "First 1"):
        page.keyboard.press("ArrowDown")
        assert page.evaluate("document.activeElement.textContent") == expected


def test_a_link_that_acts_as_a_button_answers_to_the_space_bar(page: Page) -> None:
    show(page, '<a role="button" href="#done">Stop…</a>')
    page.get_by_role("button", name="Stop…").focus()
    page.keyboard.press(" ")
    assert page.url.endswith("#done")


def test_the_colours_chosen_stay(page: Page) -> None:
    choice = '<fieldset hidden data-theme-choice><button data-theme-value="dark">Dark</button></fieldset>'
    show(page, choice)
    page.get_by_role("button", name="Dark").click()
    assert page.evaluate("document.documentElement.dataset.bsTheme") == "dark"
    page.reload()
    assert page.evaluate("document.documentElement.dataset.bsTheme") == "dark"
    assert page.get_by_role("button", name="Dark").get_attribute("aria-pressed") == "true"


ROWS = "".join(
    f'<tr id="row-{n}"><td><input type="checkbox" form="bulk" name="id" value="m{n}"></td><td>m{n}</td></tr>'
    for n in range(1, 6)
)
LIST = (
    '<section id="list" hx-get="/rows/" hx-trigger="list:refetch from:body" hx-swap="outerHTML">'
    '<form id="bulk" data-total="9"><span data-picked></span><label data-all-box hidden><input type="checkbox" '
    'name="all" value="1"></label></form><table><thead><tr><th><input type="checkbox" data-pick-all hidden></th>'
    f"</tr></thead><tbody>{ROWS}</tbody></table></section>"
)


def rows(route: Route) -> tuple[int, str, dict[str, str]]:
    return 200, LIST, {}


def picked(page: Page) -> str:
    return page.locator("[data-picked]").inner_text()


def test_all_on_the_page_and_then_all_that_match(page: Page) -> None:
    show(page, LIST, extra=("list",))
    page.locator("[data-pick-all]").check()
    assert picked(page) == "5 selected"
    page.locator("[data-all-box] input").check()
    assert picked(page) == "9 selected"
    page.locator("[value=m2]").uncheck()
    assert picked(page) == "4 selected"
    expect(page.locator("[data-all-box]")).to_be_hidden()


def test_shift_and_click_pick_a_range(page: Page) -> None:
    show(page, LIST, extra=("list",))
    page.locator("[value=m2]").click()
    page.locator("[value=m4]").click(modifiers=["Shift"])
    assert picked(page) == "3 selected"


def test_picks_stay_when_the_list_is_fetched_again(page: Page) -> None:
    asked = show(page, LIST, extra=("list",), answer=rows)
    page.locator("[value=m3]").check()
    page.evaluate("document.body.dispatchEvent(new CustomEvent('list:refetch'))")
    page.wait_for_function("document.querySelector('[value=m3]').checked")
    assert asked == ["/rows/"]
    assert picked(page) == "1 selected"


def test_many_changes_make_one_fetch(page: Page) -> None:
    asked = show(page, LIST, extra=("list",), answer=rows)
    page.evaluate(
        "for (let n = 0; n < 50; n++) document.body.dispatchEvent(new CustomEvent('instances:changed'))"
    )
    page.wait_for_timeout(1800)
    assert asked == ["/rows/"]


def test_a_bulk_action_that_was_accepted_empties_the_choice(page: Page) -> None:
    show(page, LIST, extra=("list",))
    page.locator("[value=m3]").check()
    page.evaluate("document.body.dispatchEvent(new CustomEvent('bulk-done'))")
    assert picked(page) == "Tick machines to act on several at once."
    assert not page.locator("[value=m3]").is_checked()


FORM = (
    '<form id="launch"><input type="radio" name="image_id" value="i1" data-sizes="s1" checked>'
    '<input type="radio" name="image_id" value="i2"><table><tr><td><input type="radio" name="flavor_id" value="s1">'
    '</td></tr><tr><td><input type="radio" name="flavor_id" value="s2"></td></tr></table>'
    '<div id="preview" hx-post="/preview/" hx-trigger="change from:#launch delay:50ms"></div></form>'
)


def test_sizes_that_a_system_does_not_run_on_cannot_be_chosen(page: Page) -> None:
    show(page, FORM, extra=("launch",))
    expect(page.locator("[value=s2]")).to_be_disabled()
    page.locator("[value=i2]").check()
    expect(page.locator("[value=s2]")).to_be_enabled()
    page.locator("[value=s2]").check()
    page.locator("[value=i1]").check()
    assert not page.locator("[value=s2]").is_checked()


def test_the_cost_is_worked_out_again_when_the_quota_changed(page: Page) -> None:
    asked = show(page, FORM, extra=("launch",))
    page.evaluate("""() => { for (const name of ['allocation:changed', 'instances:changed', 'instances:catalogue'])
      document.body.dispatchEvent(new CustomEvent(name)); }""")
    page.wait_for_timeout(2200)
    assert asked == ["/preview/"]
