"""What a shell on a real guest must do, and what must end it."""

import re
import time
from collections.abc import Iterator

from instances.principals import principal
from tests.lab.guest_checks import Check
from tests.lab.guest_portal import new_key
from tests.lab.guest_ssh import Guest
from tests.lab.remote_page import Shell
from tests.lab.remote_parts import Lab, say

# Emulated processors take seconds for one login, so figures here compare nothing: they say what was seen.
FLOOD_SECONDS = 5.0
CTRL_C_SECONDS = 1.5


def shell(lab: Lab) -> Iterator[Check]:
    say(f"  set up after {lab.until_ready(lab.machine):.0f} s")
    one = lab.shell(lab.machine)
    say(f"  first click to prompt: {one.open(180):.1f} s")
    one.page.reload(wait_until="commit")
    began = time.monotonic()
    one.until(lambda: one.opened and bool(one.text.strip()), "the shell after a reload")
    say(f"  reload to what was on the screen: {time.monotonic() - began:.1f} s")
    found = one.run("id -un; tty; echo $TERM")
    yield Check("it is the machine's login on a terminal", "exouser" in found and "/dev/pts/" in found, found)
    yield Check("what is typed comes back, letters of all kinds", "żółw 🚀 ñ" in one.run("echo 'żółw 🚀 ñ'"))
    began = time.monotonic()
    one.run("true")
    say(f"  a command and its end, with marks: {time.monotonic() - began:.2f} s")
    before = one.run("stty size")
    one.page.set_viewport_size({"width": 900, "height": 600})
    one.page.wait_for_timeout(800)
    after = one.run("stty size")
    rows, columns = (int(part) for part in after.split()[-2:])
    smaller = (rows, columns) < tuple(int(part) for part in before.split()[-2:])
    yield Check("the terminal has the size of the window", smaller and rows > 10, f"{before} {after}")
    listed = lab.context.request.get(f"{lab.portal.url}/instances/{lab.machine.id}/connections/").text()
    yield Check("the page of connections shows it", "Carol" in listed)
    one.type("exit")
    ended = one.until(lambda: "has ended" in one.shown, "the end")
    yield Check("leaving the shell ends it, in words", ended < 20, one.shown[:200])
    one.page.close()


def kept(lab: Lab) -> Iterator[Check]:
    one = lab.shell(lab.machine)
    one.open(180)
    opened = next((word for word in one.words if word["t"] == "open"), {})
    how = str(opened.get("kept", "?"))
    has_tmux = "tmux" in one.run("command -v tmux")
    yield Check("the page says what keeps it", how == ("tmux" if has_tmux else "portal"), f"{how} {has_tmux}")
    mark = f"kept{time.monotonic_ns()}"
    one.run(f"export KEPT={mark}")
    one.cut()
    one.page.wait_for_timeout(300)
    back = one.until(lambda: len(one.words) > 0 and one.at_prompt(), "the page is back")
    say(f"  socket cut to prompt: {back:.1f} s")
    yield Check("the same shell goes on after the socket was cut", mark in one.run("echo $KEPT"))
    one.type("exit")
    one.page.wait_for_timeout(2000)
    one.page.close()


def flood(lab: Lab) -> Iterator[Check]:
    """Ctrl-C acts while the machine prints as fast as it can."""
    one = lab.shell(lab.machine)
    one.open(180)
    one.forget()
    one.type("yes 'a line of a flood that nobody reads' | cat")
    began = time.monotonic()
    one.page.wait_for_timeout(FLOOD_SECONDS * 1000)
    seen = one.received
    say(f"  a flood came at {seen / (time.monotonic() - began) / 1e6:.2f} MB/s")
    one.page.keyboard.press("Control+C")
    acted = one.until(one.at_prompt, "a prompt after Ctrl-C", 30)
    say(f"  Ctrl-C to prompt: {acted:.2f} s")
    yield Check(
        f"Ctrl-C in a flood acts within {CTRL_C_SECONDS} s", acted <= CTRL_C_SECONDS, f"{acted:.2f} s"
    )
    yield Check("the shell goes on", "alive" in one.run("echo alive"))
    one.type("exit")
    one.page.wait_for_timeout(1000)
    one.page.close()


def host_key(lab: Lab) -> Iterator[Check]:
    """Another machine's key behind the address: nothing is typed into it."""
    one = lab.shell(lab.machine)
    one.open(180)
    kept = "/root/kept-keys"
    one.run(f"sudo sh -c 'mkdir -p {kept}; cp -p /etc/ssh/ssh_host_*_key* {kept}/'")
    one.run("sudo sh -c 'rm /etc/ssh/ssh_host_*; ssh-keygen -q -A; systemctl reload ssh'", 120)
    two = lab.shell(lab.machine)
    two.page.goto(f"{lab.portal.url}/instances/{lab.machine.id}/shell/")
    two.until(lambda: "host key" in two.shown.lower(), "the refusal")
    yield Check("a changed host key stops it, and says so", "changed" in two.shown.lower(), two.shown[:300])
    lab.shot("host-key")
    two.page.close()
    one.run(f"sudo sh -c 'rm /etc/ssh/ssh_host_*; cp -p {kept}/* /etc/ssh/; systemctl reload ssh'")
    again = lab.shell(lab.machine)
    yield Check("with the keys that its console told it opens again", again.open(180) > 0)
    again.page.close()
    one.type("exit")
    one.page.close()


def certificates(lab: Lab) -> Iterator[Check]:
    """What the portal's own authority signs for other machines and logins opens nothing here."""
    address = lab.machine.address or lab.public_address(lab.machine.id)
    guest = Guest(address, new_key(lab.portal.folder / f"none-{time.monotonic_ns()}"), lab.portal.folder)
    one = lab.shell(lab.machine)
    one.open(180)
    keys = re.findall(r"(?:ssh-|ecdsa-)\S+ [A-Za-z0-9+/=]+", one.run("cat /etc/ssh/ssh_host_*_key.pub"))
    guest.trust(tuple(keys))
    one.type("exit")
    one.page.close()
    cases = {
        "one for this machine and login logs in": (principal(lab.machine.id, "exouser"), True),
        "one for the other machine is refused": (principal(lab.hidden.id, "exouser"), False),
        "one for the jump host's login is refused": (principal(lab.machine.id, "heliojump"), False),
        "one for the machine without a login is refused": (lab.machine.id, False),
    }
    for name, (whom, allowed) in cases.items():
        done = guest.run("id -un", key=guest.certificate(lab.portal.authority, whom))
        yield Check(f"certificates: {name}", (done.code == 0) is allowed, done.text + done.error)


def restart(lab: Lab) -> Iterator[Check]:
    one = lab.shell(lab.machine)
    one.open(180)
    one.forget()
    lab.act(lab.machine.id, "hard_reboot")
    lost = one.until(lambda: _told(one), "words about the loss", 180)
    say(f"  restart asked to words in the open shell: {lost:.0f} s")
    yield Check("a restart in mid-session is told", True)
    lab.shot("restarted")
    lab.until_status(lab.machine.id, "ACTIVE")
    two = lab.shell(lab.machine)
    two.page.goto(f"{lab.portal.url}/instances/{lab.machine.id}/shell/", wait_until="commit")
    back = two.until(two.at_prompt, "a prompt after the restart", 420)
    say(f"  ACTIVE to a prompt, without a click: {back:.0f} s")
    yield Check("the page waits for the machine, and opens by itself", True)
    two.type("exit")
    one.page.close()
    two.page.close()


def _told(one: Shell) -> bool:
    return any(word["t"] in ("lost", "end", "problem") for word in one.words)


def signed_out(lab: Lab) -> Iterator[Check]:
    one = lab.shell(lab.machine)
    one.open(240)
    one.forget()
    page = lab.page()
    page.goto(f"{lab.portal.url}/accounts/logout/")
    page.locator("main").get_by_role("button", name=re.compile("Sign out")).click()
    ended = one.until(lambda: "signed out" in one.shown.lower() or _told(one), "the end", 30)
    yield Check("signing out ends an open shell at once", ended < 10, f"{ended:.1f} s; {one.shown[:200]}")
    say(f"  sign-out to its end: {ended:.1f} s")
    page.close()
    one.page.close()
    from tests.browser.journey import Journey

    again = lab.page()
    Journey(again, lab.portal.url).sign_in("carol")
    again.close()


def shelved(lab: Lab) -> Iterator[Check]:
    one = lab.shell(lab.machine)
    one.open(240)
    one.forget()
    lab.act(lab.machine.id, "shelve")
    ended = one.until(lambda: _told(one), "words about the end", 240)
    yield Check("shelving in mid-session is told", True)
    say(f"  shelving asked to words in the open shell: {ended:.0f} s")
    lab.until_status(lab.machine.id, "SHELVED_OFFLOADED", "SHELVED")
    two = lab.shell(lab.machine)
    two.page.goto(f"{lab.portal.url}/instances/{lab.machine.id}/shell/")
    two.until(lambda: "shelved" in two.shown.lower(), "words")
    yield Check(
        "a shelved machine says what it is and what to do", "unshelve" in two.shown.lower(), two.shown[:300]
    )
    two.page.close()
    one.page.close()
