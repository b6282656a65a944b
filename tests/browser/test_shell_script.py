"""The terminal as its scripts do it: opening, typing, copying, searching."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.shell_page import OPEN, PROBLEM, SESSION, Portal, connected, paste, shell_page, unharmed

__all__ = ["unharmed"]  # a fixture of every test here


# Within our policy.


@pytest.mark.parametrize(("webgl", "drawn"), [("true", "webgl"), ("false", "dom")])
def test_colours_are_shown_without_breaking_the_policy(page: Page, webgl: str, drawn: str) -> None:
    shell = shell_page(page, init=f"window.webgl = {webgl};")
    shell.wait()
    shell.opened()
    shell.put(
        "\x1b[1;31mred\x1b[0m \x1b[38;2;10;200;30mtrue\x1b[48;2;1;2;3mground\x1b[0m \x1b[4:3mwave\x1b[0m ok"
    )
    page.wait_for_timeout(200)
    assert shell.part("screen").get_attribute("data-drawn") == drawn
    if drawn == "dom":
        shell.shows("red trueground wave ok")
        green = shell.screen.locator("span", has_text="ground").evaluate(
            "(one) => getComputedStyle(one).backgroundColor"
        )
        assert green == "rgb(1, 2, 3)"
    page.evaluate("document.querySelector('[data-pref=palette]').value = 'contrast'")
    page.locator("[data-pref=palette]").dispatch_event("input")
    assert page.evaluate("window.violations") == []


# Opening.


def test_a_ticket_is_asked_for_by_post_and_travels_in_no_address(page: Page) -> None:
    shell = connected(page)
    assert shell.portal.paths[0] == f"POST {OPEN}"
    assert shell.portal.asked == [{"kind": "shell"}]
    assert page.evaluate("window.shells()[0].protocols") == ["heliosphere", "ticket.t1"]
    assert page.evaluate("window.shells()[0].url") == "ws://portal.test/ws/remote/shell/"
    start = shell.texts()[0]
    assert start["t"] == "start"
    assert start["have"] == 0
    assert start["cols"] > 80
    assert start["rows"] > 20


def test_tmux_keeps_new_shells_unless_the_person_prefers_the_mouse(page: Page) -> None:
    shell = connected(page)
    assert shell.texts()[0]["keep"] == "auto"
    page.locator("summary.term-tool").click()
    page.locator("[data-pref=tmux]").uncheck()
    page.reload()
    shell.wait()
    assert shell.texts()[0]["keep"] == "portal"


def test_the_stages_are_told_in_words(page: Page) -> None:
    shell = shell_page(page)
    shell.wait()
    shell.say(t="stage", stage="connecting", words="Connecting to lab …")
    expect(shell.part("cover")).to_contain_text("Connecting to lab …")
    shell.say(t="stage", stage="starting", words="Starting the shell …")
    expect(shell.part("cover")).to_contain_text("Starting the shell …")
    shell.opened()
    expect(shell.part("cover")).to_be_hidden()
    expect(shell.part("state-word")).to_have_text("connected")
    expect(shell.part("said")).to_have_text("Connected as ubuntu")


def test_the_address_of_the_page_holds_the_session_and_a_reload_comes_back_to_it(page: Page) -> None:
    shell = connected(page)
    assert page.url.endswith(f"?session={SESSION.format(1)}")
    page.reload()
    shell.wait()
    assert shell.portal.asked[-1] == {"kind": "shell", "resume": SESSION.format(1)}


@pytest.mark.parametrize("error", ["remote:resume", "portal:not-found"])
def test_a_page_that_comes_back_too_late_opens_a_new_shell_and_says_so(page: Page, error: str) -> None:
    portal = Portal()
    shell = connected(page, portal=portal)
    portal.problem, portal.status = {**PROBLEM, "id": error}, 409
    page.evaluate(
        "fetch = ((real) => async (...all) => { const answer = await real(...all); return answer; })(fetch)"
    )
    page.reload()
    expect(shell.part("notice")).to_contain_text("this is a new one")
    assert portal.asked[-1] == {"kind": "shell"}
    # What refuses the new one too is shown.
    expect(shell.part("title")).to_have_text("It has no address")


# Typing.


def test_keys_go_to_the_machine_and_output_to_the_screen(page: Page) -> None:
    shell = connected(page)
    page.keyboard.type("echo grün")
    page.keyboard.press("Enter")
    page.keyboard.press("Control+C")
    page.keyboard.press("Tab")
    shell.has_typed("echo grün\r\x03\t")
    shell.put("grün ✓ 日本\r\n")
    shell.shows("grün ✓ 日本")


def test_the_mouse_is_reported_to_programs_that_ask_for_it(page: Page) -> None:
    shell = connected(page)
    shell.put("\x1b[?1000h\x1b[?1006h")
    page.wait_for_timeout(100)
    shell.screen.click(position={"x": 40, "y": 30}, force=True)
    assert re.search(r"\x1b\[<0;\d+;\d+M\x1b\[<0;\d+;\d+m", shell.typed())


def test_a_new_size_of_the_window_is_told_once_it_rests(page: Page) -> None:
    shell = connected(page)
    before = shell.texts()[0]
    page.set_viewport_size({"width": 800, "height": 500})
    page.wait_for_function(
        "() => window.shells()[0].sent.some((one) => typeof one === 'string' && JSON.parse(one).cols < 110)"
    )
    last = [one for one in shell.texts() if one["t"] == "size"][-1]
    assert last["cols"] < before["cols"]
    assert last["rows"] < before["rows"]


def test_what_was_drawn_is_acknowledged(page: Page) -> None:
    shell = connected(page)
    shell.put(b"x" * 100_000)
    page.wait_for_function(
        "() => window.shells()[0].sent.some((one) => typeof one === 'string' && JSON.parse(one).n === 100005)"
    )
    acks = [one["n"] for one in shell.texts() if one["t"] == "ack"]
    assert acks == sorted(acks)
    assert acks[-1] == 100_005


# The clipboard.


def test_one_line_is_pasted_at_once(page: Page) -> None:
    shell = connected(page)
    paste(page, "ls -l")
    shell.has_typed("ls -l")


def test_several_lines_are_shown_before_they_run(page: Page) -> None:
    shell = connected(page)
    paste(page, "cd /tmp\nrm -rf x\n")
    dialog = page.locator("dialog.term-confirm")
    expect(dialog).to_contain_text("Paste 2 lines?")
    expect(dialog).to_contain_text("each line end as the Enter key")
    expect(dialog.locator("pre")).to_have_text("cd /tmp\nrm -rf x")
    assert shell.typed() == ""
    dialog.get_by_role("button", name="Paste").click()
    page.wait_for_function("() => window.shells()[0].sent.some((one) => typeof one !== 'string')")
    shell.has_typed("cd /tmp\rrm -rf x\r")


def test_a_paste_that_was_put_away_runs_nothing(page: Page) -> None:
    shell = connected(page)
    for way in ("Cancel", "Escape"):
        paste(page, "one\ntwo")
        if way == "Cancel":
            page.get_by_role("button", name="Cancel").click()
        else:
            page.keyboard.press("Escape")
        expect(page.locator("dialog.term-confirm")).to_have_count(0)
    assert shell.typed() == ""


def test_bracketed_paste_is_respected_and_cannot_be_left_by_what_is_pasted(page: Page) -> None:
    shell = connected(page)
    shell.put("\x1b[?2004h")
    page.wait_for_timeout(100)
    paste(page, "a\x1b[201~\nb")
    expect(page.locator("dialog.term-confirm")).to_contain_text("as one piece")
    page.get_by_role("button", name="Paste").last.click()
    page.wait_for_function("() => window.shells()[0].sent.some((one) => typeof one !== 'string')")
    shell.has_typed("\x1b[200~a[201~\rb\x1b[201~")


def test_the_paste_button_reads_the_clipboard_or_gives_a_box(page: Page) -> None:
    shell = connected(page, init="window.clip = 'uptime';")
    shell.do("paste")
    page.wait_for_function("() => window.shells()[0].sent.some((one) => typeof one !== 'string')")
    shell.has_typed("uptime")
    page.evaluate("window.noClipboard = true")
    shell.do("paste")
    page.get_by_label("What to paste").fill("whoami")
    page.get_by_role("button", name="On to the shell").click()
    page.wait_for_function(
        "() => window.shells()[0].sent.filter((one) => typeof one !== 'string').length > 1"
    )
    shell.has_typed("uptimewhoami")


def test_a_selection_is_copied_and_by_key_again(page: Page) -> None:
    shell = connected(page)
    shell.put("\r\nneedle here")
    shell.shows("needle")
    shell.screen.get_by_text("needle here").dblclick(position={"x": 8, "y": 5}, force=True)
    page.wait_for_function("() => window.copied.length === 1")
    page.keyboard.press("Control+Shift+C")
    page.wait_for_function("() => window.copied.length === 2")
    assert page.evaluate("window.copied") == ["needle", "needle"]
    assert shell.typed() == ""


def test_the_machine_neither_writes_nor_reads_the_clipboard(page: Page) -> None:
    shell = connected(page, init="window.clip = 'secret';")
    shell.put("\x1b]52;c;ZXZpbA==\x07\x1b]52;c;?\x07done")
    shell.shows("done")
    page.wait_for_timeout(100)
    assert page.evaluate("window.copied") == []
    assert shell.typed() == ""


# Hostile words of the machine.


def test_a_title_of_the_machine_never_stands_alone(page: Page) -> None:
    shell = connected(page)
    shell.put("\x1b]0;Sign in to Heliosphere\u202eevil<b>" + "x" * 200 + "\x07.")
    page.wait_for_function("document.title.startsWith('lab: ')")
    title = page.title()
    assert title.startswith("lab: Sign in to Heliosphereevil<b>xxx")
    assert len(title) == len("lab: ") + 80


def test_a_link_is_opened_only_after_its_whole_address_was_shown(page: Page) -> None:
    shell = connected(page)
    shell.put("\r\n\x1b]8;;https://evil.example/path\x1b\\https://bank.example\x1b]8;;\x1b\\ end")
    shell.shows("bank")
    shell.screen.get_by_text("https://bank.example").hover(position={"x": 30, "y": 5}, force=True)
    page.wait_for_timeout(100)
    shell.screen.get_by_text("https://bank.example").click(position={"x": 30, "y": 5}, force=True)
    dialog = page.locator("dialog.term-confirm")
    expect(dialog).to_contain_text("Open evil.example?")
    expect(dialog.locator("pre")).to_have_text("https://evil.example/path")
    assert page.evaluate("window.opened") == []
    dialog.get_by_role("button", name="Open the link").click()
    page.wait_for_function("() => window.opened.length === 1")
    assert page.evaluate("window.opened[0]") == ["https://evil.example/path", "_blank", "noopener,noreferrer"]


def test_a_link_that_is_no_web_address_leads_nowhere(page: Page) -> None:
    shell = connected(page)
    shell.put("\r\n\x1b]8;;javascript:alert(1)\x1b\\click me please\x1b]8;;\x1b\\ ")
    shell.shows("click me")
    shell.screen.get_by_text("click me please").click(position={"x": 30, "y": 5}, force=True)
    page.wait_for_timeout(150)
    expect(page.locator("dialog.term-confirm")).to_have_count(0)


def test_the_bell_is_seen_not_heard(page: Page) -> None:
    shell = connected(page)
    shell.put("\x07")
    expect(page.locator(".term.term-rings")).to_have_count(1)
    expect(page.locator(".term.term-rings")).to_have_count(0)


# Tools.


def test_search_finds_counts_and_leaves(page: Page) -> None:
    shell = connected(page)
    shell.put("\r\napple\r\nbanana\r\nApple pie\r\n")
    # xterm looks again a moment after each output, and would do so between our keys.
    page.wait_for_timeout(400)
    page.keyboard.press("Control+Shift+F")
    field = shell.part("search-words")
    expect(field).to_be_focused()
    field.fill("apple")
    expect(shell.part("search-count")).to_have_text(re.compile(r"^\d of 2$"))
    # The panel took lines from the terminal: xterm looks once more after that too.
    page.wait_for_timeout(400)
    first = shell.part("search-count").inner_text()
    field.press("Enter")
    expect(shell.part("search-count")).not_to_have_text(first)
    field.press("Shift+Enter")
    expect(shell.part("search-count")).to_have_text(first)
    shell.part("search-case").check()
    expect(shell.part("search-count")).to_have_text("1 of 1")
    field.fill("cherry")
    expect(shell.part("search-count")).to_have_text("no match")
    field.press("Escape")
    expect(shell.part("search")).to_be_hidden()
    expect(page.locator(".xterm-helper-textarea")).to_be_focused()
    assert shell.typed() == ""


def test_the_text_grows_by_key_and_is_remembered(page: Page) -> None:
    shell = connected(page)
    page.keyboard.press("Control++")
    page.keyboard.press("Control++")
    page.keyboard.press("Control+-")
    expect(shell.part("size-shown")).to_have_text("15")
    page.reload()
    shell.wait()
    expect(shell.part("size-shown")).to_have_text("15")
    shell.opened()
    page.locator(".xterm-helper-textarea").focus()
    page.keyboard.press("Control+0")
    expect(shell.part("size-shown")).to_have_text("14")


def test_colours_follow_the_page_until_one_chooses(page: Page) -> None:
    shell = connected(page)
    ground = "() => document.querySelector('.term').style.getPropertyValue('--term-ground')"
    assert page.evaluate(ground) == "#fbfbf8"
    page.evaluate(
        "document.documentElement.dataset.bsTheme = 'dark'; document.dispatchEvent(new CustomEvent('theme-changed'))"
    )
    assert page.evaluate(ground) == "#0d1319"
    page.locator("summary.term-tool").click()
    page.locator("[data-pref=palette]").select_option("solarized-light")
    assert page.evaluate(ground) == "#fdf6e3"
    page.reload()
    shell.wait()
    assert page.evaluate(ground) == "#fdf6e3"


def test_what_was_remembered_wrongly_does_no_harm(page: Page) -> None:
    bad = '{"fontSize": 9999, "palette": 7, "scrollback": "x"}'
    shell = shell_page(page, init=f"try {{ localStorage.setItem('remote.terminal', '{bad}') }} catch {{}}")
    shell.wait()
    expect(shell.part("size-shown")).to_have_text("32")


def test_what_scrolled_by_is_downloaded_as_text_with_broken_lines_whole(page: Page) -> None:
    shell = connected(page)
    long = "0123456789" * 40
    shell.put("\r\n".join([f"line {n}" for n in range(200)]) + f"\r\n{long}\r\n")
    shell.shows("line 199")
    page.locator("summary.term-tool").click()
    with page.expect_download() as download:
        shell.do("download")
    assert re.fullmatch(r"lab-shell-[\d-]+\.txt", download.value.suggested_filename)
    text = download.value.path().read_text()
    assert text.startswith("lab$ line 0\nline 1\n")
    assert f"\n{long}\n" in text


def test_clear_forgets_what_scrolled_away(page: Page) -> None:
    shell = connected(page)
    shell.put("\r\n".join(f"line {n}" for n in range(300)))
    shell.shows("line 299")
    page.locator("summary.term-tool").click()
    shell.do("clear")
    with page.expect_download() as download:
        page.locator("summary.term-tool").click()
        shell.do("download")
    assert download.value.path().read_text() == "line 299\n"


def test_output_is_spoken_where_that_is_wanted(page: Page) -> None:
    shell = connected(page)
    page.locator("summary.term-tool").click()
    page.locator("[data-pref=screenReader]").check()
    page.keyboard.press("Escape")
    shell.put("\r\nspoken words\r\n")
    expect(page.locator(".xterm-accessibility")).to_contain_text("spoken words")


def test_the_keyboard_can_leave_the_terminal(page: Page) -> None:
    shell = connected(page)
    page.keyboard.press("Tab")
    shell.has_typed("\t")
    page.keyboard.press("Control+F6")
    expect(page.locator("[data-do=search]")).to_be_focused()
    page.keyboard.press("Tab")
    expect(page.locator("[data-do=paste]")).to_be_focused()
    shell.has_typed("\t")
    assert "Control F6" in (page.locator(".xterm-helper-textarea").get_attribute("aria-label") or "")


def test_full_screen_and_back(page: Page) -> None:
    shell = connected(page)
    shell.do("full")
    page.wait_for_function("() => document.fullscreenElement?.classList.contains('term')")
    expect(page.locator("[data-do=full]")).to_have_attribute("aria-pressed", "true")
    shell.do("full")
    page.wait_for_function("() => !document.fullscreenElement")
    expect(page.locator("[data-do=full]")).to_have_attribute("aria-pressed", "false")


def test_the_bar_of_keys_types_what_phones_lack(page: Page) -> None:
    shell = connected(page)
    page.locator("summary.term-tool").click()
    page.locator("[data-pref=keyBar]").check()
    page.keyboard.press("Escape")
    keys = shell.part("keys")
    for name in ("Esc", "Tab", "Up"):
        keys.get_by_role("button", name=name, exact=True).click()
    keys.get_by_role("button", name="Ctrl").click()
    expect(keys.get_by_role("button", name="Ctrl")).to_have_attribute("aria-pressed", "true")
    page.keyboard.type("cx")
    keys.get_by_role("button", name="Alt").click()
    page.keyboard.type("b")
    keys.get_by_role("button", name="Ctrl").click()
    keys.get_by_role("button", name="Right").click()
    keys.get_by_role("button", name="|").click()
    shell.has_typed("\x1b\t\x1b[A\x03x\x1bb\x1b[1;5C|")
    shell.put("\x1b[?1h")
    page.wait_for_timeout(100)
    keys.get_by_role("button", name="Down").click()
    assert shell.typed().endswith("\x1bOB")
