"""The terminal as its scripts do it: losing the connection and coming back, ends, problems, and others on it."""

import re
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.shell_page import (
    MACHINE,
    OPEN,
    PROBLEM,
    SESSION,
    Portal,
    connected,
    paste,
    shell_page,
    unharmed,
)

__all__ = ["unharmed"]  # a fixture of every test here


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
    shell.has_typed("ls")


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
