"""The terminal as its scripts do it: typing, copying, searching, losing the connection and coming back."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.shell_page import MACHINE, OPEN, SESSION, Portal, connected, shell_page

OLD = "01980000-0000-7000-8000-0000000000ff"
PROBLEM = {
    "id": "remote:no-address",
    "title": "It has no address",
    "what": "What.",
    "means": "Means.",
    "todo": "Todo.",
}


@pytest.fixture(autouse=True)
def clean(page: Page) -> Iterator[None]:
    """Nothing here may break our policy or throw."""
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    yield
    assert errors == []
    assert page.evaluate("window.violations") == []


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
    assert shell.typed() == "echo grün\r\x03\t"
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


def paste(page: Page, text: str) -> None:
    page.evaluate(
        """(text) => { const data = new DataTransfer(); data.setData('text/plain', text);
        document.querySelector('.xterm-helper-textarea').dispatchEvent(new ClipboardEvent('paste',
          { clipboardData: data, bubbles: true, cancelable: true })); }""",
        text,
    )


def test_one_line_is_pasted_at_once(page: Page) -> None:
    shell = connected(page)
    paste(page, "ls -l")
    assert shell.typed() == "ls -l"


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
    assert shell.typed() == "cd /tmp\rrm -rf x\r"


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
    assert shell.typed() == "\x1b[200~a[201~\rb\x1b[201~"


def test_the_paste_button_reads_the_clipboard_or_gives_a_box(page: Page) -> None:
    shell = connected(page, init="window.clip = 'uptime';")
    shell.do("paste")
    page.wait_for_function("() => window.shells()[0].sent.some((one) => typeof one !== 'string')")
    assert shell.typed() == "uptime"
    page.evaluate("window.noClipboard = true")
    shell.do("paste")
    page.get_by_label("What to paste").fill("whoami")
    page.get_by_role("button", name="On to the shell").click()
    page.wait_for_function(
        "() => window.shells()[0].sent.filter((one) => typeof one !== 'string').length > 1"
    )
    assert shell.typed() == "uptimewhoami"


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
    page.keyboard.press("Control+Shift+F")
    field = shell.part("search-words")
    expect(field).to_be_focused()
    field.fill("apple")
    expect(shell.part("search-count")).to_have_text(re.compile(r"^\d of 2$"))
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
    assert shell.typed() == "\t"
    page.keyboard.press("Control+F6")
    expect(page.locator("[data-do=search]")).to_be_focused()
    page.keyboard.press("Tab")
    expect(page.locator("[data-do=paste]")).to_be_focused()
    assert shell.typed() == "\t"
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
    assert shell.typed() == "\x1b\t\x1b[A\x03x\x1bb\x1b[1;5C|"
    shell.put("\x1b[?1h")
    page.wait_for_timeout(100)
    keys.get_by_role("button", name="Down").click()
    assert shell.typed().endswith("\x1bOB")


# Losing it and coming back.


def test_a_lost_connection_comes_back_into_the_same_session(page: Page) -> None:
    shell = connected(page)
    shell.put("12345")
    shell.shows("lab$ 12345")
    shell.close(1006)
    expect(shell.part("down")).to_be_visible()
    expect(shell.part("down-words")).to_contain_text("lost")
    shell.wait(sockets=2)
    assert shell.portal.asked[-1] == {"kind": "shell", "resume": SESSION.format(1)}
    assert shell.texts()[0]["have"] == 10
    shell.opened(offset=8)
    # What it has already is not shown twice.
    shell.put("45678")
    shell.shows("lab$ 12345678")
    expect(shell.part("down")).to_be_hidden()


def test_what_was_missed_beyond_memory_begins_anew(page: Page) -> None:
    shell = connected(page)
    shell.close(1006)
    shell.wait(sockets=2)
    shell.opened(offset=9000, reset=True)
    shell.put("fresh")
    shell.shows("fresh")
    expect(shell.screen).not_to_contain_text("lab$")
    page.wait_for_function(
        "() => window.shells().at(-1).sent.some((one) => typeof one === 'string' && JSON.parse(one).n === 9005)"
    )


QUESTIONS = "\x1b[c\x1b[>c\x1b[6n\x1b[?25$p\x1b]10;?\x07\x1b]11;?\x1b\\\x1bP$qm\x1b\\"


def test_questions_of_the_past_are_not_answered_again(page: Page) -> None:
    shell = shell_page(page)
    shell.wait()
    past = f"old {QUESTIONS} end"
    shell.opened(reset=True, replay=len(past))
    shell.put(past)
    shell.shows("end")
    page.wait_for_timeout(200)
    assert shell.typed() == ""
    # Those of the present are, and keys were never in question.
    page.keyboard.type("k")
    shell.put("\x1b[6n")
    page.wait_for_timeout(200)
    assert re.fullmatch(r"k\x1b\[\d+;\d+R", shell.typed())


def test_waits_grow_and_a_button_does_not_wait(page: Page) -> None:
    portal = Portal()
    shell = connected(page, portal=portal)
    portal.status = 503
    shell.close(1006)
    page.wait_for_timeout(2500)
    tries = len(portal.asked)
    assert 2 <= tries <= 5
    expect(shell.part("down-words")).to_contain_text("busy or being updated")
    portal.status = 200
    shell.do("retry")
    shell.wait(sockets=2)
    assert len(portal.asked) == tries + 1


def test_being_online_again_does_not_wait_either(page: Page) -> None:
    portal = Portal()
    shell = connected(page, portal=portal)
    portal.status, portal.headers = 503, {"Retry-After": "60"}
    shell.close(1006)
    page.wait_for_function(
        "() => document.querySelector('[data-part=down-count]').textContent.includes('60')", timeout=5000
    )
    portal.status, portal.headers = 200, {}
    page.evaluate("window.dispatchEvent(new Event('online'))")
    shell.wait(sockets=2)


def test_a_socket_that_slept_is_found_dead(page: Page) -> None:
    page.clock.install()
    shell = shell_page(page)
    page.clock.run_for(1000)
    shell.wait()
    shell.opened()
    shell.say(t="pong")
    page.clock.run_for(23_000)
    assert {"t": "ping"} in shell.texts()
    page.clock.run_for(9_000)
    page.clock.run_for(2_000)
    shell.wait(sockets=2)
    assert shell.portal.asked[-1]["resume"] == SESSION.format(1)


def test_a_socket_that_answers_is_left_alone(page: Page) -> None:
    page.clock.install()
    shell = shell_page(page)
    page.clock.run_for(1000)
    shell.wait()
    shell.opened()
    for _ in range(4):
        page.clock.run_for(23_000)
        shell.say(t="pong")
    assert page.evaluate("window.shells().length") == 1


@pytest.mark.parametrize(
    ("code", "words"), [(4401, "signed out"), (4403, "may not connect"), (4429, "Too much was open")]
)
def test_what_is_closed_for_good_is_not_asked_for_again(page: Page, code: int, words: str) -> None:
    shell = connected(page)
    shell.close(code)
    expect(shell.part("cover")).to_contain_text(words)
    page.wait_for_timeout(1200)
    assert len(shell.portal.asked) == 1


def test_another_process_is_asked_at_once(page: Page) -> None:
    shell = connected(page)
    shell.close(4409)
    shell.wait(sockets=2)
    assert shell.portal.asked[-1]["resume"] == SESSION.format(1)


# Its end.


def test_an_end_says_why_and_offers_a_new_one(page: Page) -> None:
    shell = connected(page)
    shell.say(t="end", reason="exited", words="The shell was left.", again=False)
    shell.close(1000)
    panel = shell.part("cover")
    expect(panel).to_contain_text("The shell was left.")
    expect(panel.get_by_role("button", name="Reconnect")).to_be_hidden()
    panel.get_by_role("button", name="Look at what it printed").click()
    shell.shows("lab$")
    expect(panel).to_be_hidden()


def test_a_new_shell_takes_the_place_of_the_old(page: Page) -> None:
    shell = connected(page)
    shell.say(t="end", reason="exited", words="The shell was left.", again=False)
    page.get_by_role("button", name="Open a new shell").click()
    shell.wait(sockets=2)
    assert shell.portal.asked[-1] == {"kind": "shell"}
    assert shell.texts()[0]["have"] == 0
    assert page.url.endswith(SESSION.format(2))


def test_what_may_come_again_is_taken_up_without_asking(page: Page) -> None:
    shell = connected(page)
    shell.say(t="end", reason="shutdown", words="The portal’s server was restarted.", again=True)
    expect(shell.part("down-words")).to_contain_text("restarted")
    shell.wait(sockets=2)
    assert shell.portal.asked[-1]["resume"] == SESSION.format(1)


def test_a_shell_that_was_opened_elsewhere_can_be_brought_back(page: Page) -> None:
    shell = connected(page)
    shell.say(t="end", reason="moved", words="You opened it in another place.", again=False)
    page.get_by_role("button", name="Bring it back here").click()
    shell.wait(sockets=2)
    assert shell.portal.asked[-1]["resume"] == SESSION.format(1)


def test_ending_a_live_shell_is_asked_twice(page: Page) -> None:
    shell = connected(page)
    shell.do("end")
    page.get_by_role("button", name="Cancel").click()
    assert f"POST /remote/{SESSION.format(1)}/end/" not in shell.portal.paths
    shell.do("end")
    page.get_by_role("button", name="End the shell").click()
    expect(shell.part("cover")).to_contain_text("You closed it.")
    assert f"POST /remote/{SESSION.format(1)}/end/" in shell.portal.paths
    page.wait_for_timeout(900)
    assert len(shell.portal.asked) == 1


# Problems.


def repairing(**more: Any) -> dict[str, Any]:
    return {**PROBLEM, **more}


def test_a_problem_tells_what_it_means_and_what_to_do(page: Page) -> None:
    portal = Portal()
    portal.status = 409
    portal.problem = repairing(
        repairs=[
            {"label": "Give it an address", "url": "/instances/x/actions/assign_address/", "method": "get"},
            {"label": "Read again", "url": "/instances/x/console-log/", "method": "post"},
            {"label": "Elsewhere", "url": "https://evil.example/", "method": "get"},
        ]
    )
    shell = shell_page(page, portal=portal)
    panel = shell.part("cover")
    for words in ("It has no address", "What.", "Means.", "Todo.", "remote:no-address"):
        expect(panel).to_contain_text(words)
    panel.get_by_role("button", name="Give it an address").click()
    expect(page.locator("#dialog")).to_have_count(1)
    expect(page.locator("#dialog")).to_contain_text("another page")
    assert "GET /instances/x/actions/assign_address/" in portal.paths
    page.keyboard.press("Escape")
    expect(panel.get_by_text("Elsewhere")).to_have_count(0)
    portal.problem, portal.status = None, 200
    panel.get_by_role("button", name="Read again").click()
    shell.wait()
    assert "POST /instances/x/console-log/" in portal.paths


def test_a_machine_that_boots_is_asked_again_without_a_click(page: Page) -> None:
    portal = Portal()
    portal.problem, portal.status, portal.headers = repairing(id="remote:other"), 409, {"Retry-After": "1"}
    shell = shell_page(page, portal=portal)
    expect(shell.part("again")).to_be_visible()
    portal.problem, portal.status = None, 200
    shell.wait()


def test_a_problem_over_the_socket_stays_when_the_socket_closes(page: Page) -> None:
    shell = shell_page(page)
    shell.wait()
    shell.say(t="problem", **repairing(id="remote:host-key"))
    shell.say(t="end", reason="failed", words="The machine could not be reached.", again=False)
    shell.close(1000)
    expect(shell.part("title")).to_have_text("It has no address")
    page.wait_for_timeout(800)
    assert len(shell.portal.asked) == 1


def test_an_account_that_nobody_knows_is_asked_for(page: Page) -> None:
    portal = Portal()
    portal.problem, portal.status = repairing(id="remote:no-login"), 409
    shell = shell_page(page, portal=portal)
    portal.problem, portal.status = None, 200
    page.get_by_label("User name on the machine").fill("rocky")
    page.get_by_role("button", name="Connect").click()
    shell.wait()
    assert portal.asked[-1] == {"kind": "shell", "login": "rocky"}


# Keys and passwords of one's own.


def test_a_private_key_is_given_and_given_again_after_a_loss(page: Page) -> None:
    shell = shell_page(page)
    shell.wait()
    shell.say(t="ask", what="key", words="It was made elsewhere.", login="ubuntu")
    expect(shell.part("cover")).to_contain_text("memory of this page")
    page.get_by_role("button", name="Sign in to the machine").click()
    expect(shell.part("error")).to_contain_text("Choose the file")
    page.get_by_label("…or paste it").fill("ssh-ed25519 AAAA me")
    page.get_by_role("button", name="Sign in to the machine").click()
    expect(shell.part("error")).to_contain_text("public half")
    key = "-----BEGIN OPENSSH PRIVATE KEY-----\nabc\n-----END OPENSSH PRIVATE KEY-----"
    page.get_by_label("Private key").first.set_input_files(
        {"name": "id_ed25519", "mimeType": "text/plain", "buffer": key.encode()}
    )
    expect(page.get_by_label("…or paste it")).to_have_value(key)
    page.get_by_label("Its passphrase").fill("hunter2")
    page.get_by_role("button", name="Sign in to the machine").click()
    given = {"key": f"{key}\n", "passphrase": "hunter2"}
    assert shell.texts()[-1] == {"t": "secret", **given, "login": "ubuntu"}
    stored = page.evaluate("() => JSON.stringify([{...localStorage}, {...sessionStorage}])")
    assert "hunter2" not in stored
    assert "PRIVATE KEY" not in stored
    shell.opened()
    shell.close(1006)
    shell.wait(sockets=2)
    start = shell.texts()[0]
    assert {name: start[name] for name in given} == given


def test_a_password_is_asked_for_and_a_key_can_be_used_instead(page: Page) -> None:
    # Above what the graphics card draws, too.
    shell = shell_page(page, init="window.webgl = true;")
    shell.wait()
    shell.say(t="ask", what="password", words="Its password.", login="root")
    page.get_by_label("Password").fill("pw")
    page.get_by_role("button", name="Use a key instead").click()
    expect(page.get_by_label("Password")).to_be_hidden()
    page.get_by_role("button", name="Use a password instead").click()
    page.get_by_label("User name on the machine").first.fill("admin")
    page.get_by_role("button", name="Sign in to the machine").click()
    assert shell.texts()[-1] == {"t": "secret", "password": "pw", "login": "admin"}


def test_a_passphrase_that_another_portal_keeps_is_one_click(page: Page) -> None:
    shell = shell_page(page)
    shell.wait()
    shell.say(t="ask", what="key", words="Made elsewhere.", login="exouser", stored=False)
    expect(shell.part("stored")).to_be_hidden()
    shell.say(t="ask", what="key", words="Made elsewhere.", login="exouser", stored=True)
    page.get_by_role("button", name="Use the passphrase that Exosphere keeps").click()
    assert shell.texts()[-1] == {"t": "secret", "stored": True, "login": ""}


# Others.


def test_who_is_on_it_is_shown_and_who_types(page: Page) -> None:
    shell = connected(page)
    me = {"id": "1", "name": "Ann", "mode": "own", "you": True, "typing": False}
    shell.say(t="who", who=[me])
    expect(shell.part("who")).to_be_hidden()
    shell.say(
        t="who", who=[me, {"id": "2", "name": "<b>Bob</b>", "mode": "type", "you": False, "typing": True}]
    )
    expect(shell.part("who")).to_contain_text("<b>Bob</b> typing")
    expect(shell.part("said")).to_have_text("On this shell with you: <b>Bob</b>")


def test_a_recording_is_announced_to_all(page: Page) -> None:
    shell = connected(page)
    expect(shell.part("recording")).to_be_hidden()
    shell.say(t="recording", on=True, by="Ann")
    expect(shell.part("recording")).to_be_visible()
    expect(shell.part("said")).to_have_text("This shell is being recorded by Ann")
    shell.say(t="recording", on=False, by="Ann")
    expect(shell.part("recording")).to_be_hidden()


def guest_on(page: Page, mode: str) -> Any:
    shell = shell_page(page, guest=True)
    shell.wait()
    shell.opened(mode=mode)
    owner = {"id": "1", "name": "Ann", "mode": "own", "you": False, "typing": False}
    shell.say(t="who", who=[owner, {"id": "2", "name": "Bob", "mode": mode, "you": True, "typing": False}])
    shell.say(t="size", cols=200, rows=60)
    shell.put("theirs$ ")
    shell.shows("theirs$")
    return shell


def test_who_looks_on_types_nothing_and_sees_the_owners_size(page: Page) -> None:
    shell = guest_on(page, "view")
    expect(shell.part("watching")).to_contain_text("You are watching Ann’s shell")
    page.locator(".xterm-helper-textarea").focus()
    page.keyboard.type("rm -rf /")
    paste(page, "x")
    assert shell.typed() == ""
    assert not [one for one in shell.texts() if one["t"] == "size"]
    page.wait_for_function("() => document.querySelectorAll('.xterm-rows > div').length === 60")
    assert shell.part("screen").evaluate("(one) => one.scrollWidth <= one.clientWidth + 1")
    expect(page.locator("[data-do=share]")).to_be_hidden()


def test_who_may_type_is_heard_and_may_be_silenced_at_once(page: Page) -> None:
    shell = guest_on(page, "type")
    expect(shell.part("watching")).to_contain_text("may type in it")
    page.locator(".xterm-helper-textarea").focus()
    page.keyboard.type("ls")
    shell.say(t="mode", mode="view")
    expect(shell.part("watching")).to_contain_text("What you type is not sent")
    page.keyboard.type("rm")
    assert shell.typed() == "ls"


def test_a_guest_leaves_and_ends_nothing(page: Page) -> None:
    shell = guest_on(page, "view")
    page.get_by_role("button", name="Leave").click()
    expect(shell.part("cover")).to_contain_text("You left it.")
    assert not any("/end/" in path for path in shell.portal.paths)
    assert "session=" not in page.url


def test_the_share_dialog_is_the_sessions(page: Page) -> None:
    shell = connected(page)
    shell.do("share")
    page.wait_for_function("() => true")
    expect(page.locator("[data-do=share]")).to_be_visible()
    page.wait_for_timeout(200)
    assert f"GET /remote/{SESSION.format(1)}/share/" in shell.portal.paths
    assert MACHINE in OPEN
