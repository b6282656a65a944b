"""A real guest on the lab cloud, from the click to its deletion, and what the portal sets up inside it:

python -m tests.lab.guest [--flavor NAME] [--larger NAME] [--image NAME] [--volume-gb N] [--push-url URL] [--shots DIR] [--brief]

Signs in, connects as carol, launches Debian through the form in Chromium, looks inside by SSH, then restarts, resizes, shelves
and unshelves it, and measures each time until its samples are on the open page again. Ends with 1 when a check failed.
"""

import argparse
import itertools
import os
import shutil
import socket
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from contextlib import nullcontext
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Literal

from playwright.sync_api import Page, sync_playwright

from instances import console
from tests.browser.conftest import FLAGS
from tests.browser.journey import Journey, pick_size
from tests.lab import guest_checks
from tests.lab.guest_checks import Check
from tests.lab.guest_portal import LabPortal, lab_portal, new_key, public_half
from tests.lab.guest_ssh import Guest

SLUG, CLOUD, ACCOUNT, PASSWORD = "tra220028-iu", "lab", "carol", "labpass"
LIVE = ("Starting up", "Setting up", "Ready", "Setup failed")
SCHEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")
PUSHED_APART = 15.0
STEP_SECONDS, REACHED_SECONDS = 1200.0, 300.0


@dataclass
class Walk:
    """One guest, on one open page that is never reloaded."""

    journey: Journey
    portal: LabPortal
    guest: Guest
    instance: str
    seconds: dict[str, float] = field(default_factory=dict)
    checks: list[Check] = field(default_factory=list)

    @property
    def page(self) -> Page:
        return self.journey.page

    def note(self, what: str, seconds: float) -> None:
        self.seconds[what] = seconds
        say(f"  {what}: {seconds:.1f} s")

    def check(self, *found: Check) -> None:
        self.check_all(found)

    def check_all(self, found: Iterable[Check]) -> None:
        for one in found:
            self.checks.append(one)
            say(f"  {'ok  ' if one.passed else 'FAIL'} {one.name}{'' if one.passed else ': ' + one.found}")

    def told(self) -> console.Reading:
        """What the guest says on its console, as the portal shows it."""
        answer = self.page.request.get(f"{self.portal.url}/instances/{self.instance}/console-log/")
        with self.page.context.new_page() as beside:
            beside.set_content(answer.text())
            log = beside.locator("pre.log")
            return console.read(log.inner_text() if log.count() else "")

    def latest(self) -> float:
        """The time of the newest sample on the page, 0 before the first."""
        shown = self.page.locator("[data-latest] time")
        text = shown.get_attribute("datetime") if shown.count() else None
        return datetime.fromisoformat(text).timestamp() if text else 0.0


def say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def banner(address: str) -> bool:
    """Whether an sshd answers there."""
    try:
        with socket.create_connection((address, 22), timeout=1) as link:
            link.settimeout(3)
            return link.recv(4) == b"SSH-"
    except OSError:
        return False


def watch_birth(walk: Walk) -> None:
    """Notes when each stage of the launch is first seen, counted from the click."""
    began = time.monotonic()
    page, address = walk.page, ""

    def sshd() -> bool:
        nonlocal address
        address = address or public_address(page)
        return bool(address) and banner(address)

    stages: dict[str, Callable[[], bool]] = {
        "ACTIVE shown": lambda: walk.journey.state in LIVE,
        "sshd answers": sshd,
        "first graph": lambda: walk.latest() > 0,
        "ready": lambda: walk.journey.state in ("Ready", "Setup failed"),
    }
    while stages and time.monotonic() - began < STEP_SECONDS:
        for what in [what for what, seen in stages.items() if seen()]:
            walk.note(what, time.monotonic() - began)
            walk.journey.shot(what.replace(" ", "-"))
            del stages[what]
        page.wait_for_timeout(500)
    walk.guest = Guest(address, walk.guest.key, walk.guest.folder)
    walk.check(Check("every stage was seen", not stages, ", ".join(stages)))
    walk.check(Check("its set-up is shown complete", walk.journey.state == "Ready", walk.journey.state))


def public_address(page: Page) -> str:
    found = page.locator("dl.facts dt", has_text="Public address").locator(
        "xpath=following-sibling::dd[1]/span[1]"
    )
    return found.first.inner_text().strip() if found.count() else ""


def first_login(walk: Walk) -> None:
    told = walk.told()
    keys = told.host_keys
    walk.guest.trust(keys)
    walk.check(
        Check("host keys are on the console", bool(keys)),
        Check("Exosphere's set-up status is on the console", told.setup is not None, str(told.setup)),
        Check("Exosphere's usage lines are on the console", bool(told.usage)),
    )
    walk.guest.until_reached(REACHED_SECONDS)
    public_key = public_half(walk.guest.key)
    walk.check_all(guest_checks.everything(walk.guest, walk.portal, walk.instance, keys, public_key))


def pushes(walk: Walk) -> None:
    """Through the tunnel: samples come every few seconds. Before, the agent waits, and console lines come each minute."""
    times = [walk.latest()]

    def flowing() -> bool:
        if walk.latest() > times[-1]:
            times.append(walk.latest())
        return len(times) > 1 and times[-1] - times[-2] <= PUSHED_APART

    until(walk, flowing, "pushed samples on the page")
    del times[:-1]
    end = time.monotonic() + 45
    while time.monotonic() < end:
        flowing()
        walk.page.wait_for_timeout(300)
    apart = max((later - sooner for sooner, later in itertools.pairwise(times)), default=45.0)
    walk.check(
        Check(
            f"pushed samples come at most {PUSHED_APART:.0f} s apart", apart <= PUSHED_APART, f"{apart:.1f} s"
        )
    )


def until(walk: Walk, condition: Callable[[], bool], what: str, seconds: float = STEP_SECONDS) -> float:
    began = time.monotonic()
    while not condition():
        if time.monotonic() - began > seconds:
            walk.journey.shot(f"stuck-{what.replace(' ', '-')}")
            raise AssertionError(f"{what}: not within {seconds:.0f} s; the page shows {walk.journey.state!r}")
        walk.page.wait_for_timeout(300)
    walk.note(what, time.monotonic() - began)
    return time.monotonic() - began


def act(walk: Walk, label: str, *between: tuple[str, str], state: str = "Ready", size: str = "") -> None:
    """One action, and those that belong to it, then everything must be as before."""
    say(label)
    keys = set(walk.told().host_keys)
    walk.journey.act(label, confirm=lambda page: fill_in(page, size))
    for shown, following in between:
        until(walk, lambda shown=shown: walk.journey.state == shown, f"{label}: {shown}")  # type: ignore[misc]
        walk.journey.act(following)
    until(walk, lambda: walk.journey.state != state, f"{label}: begun", REACHED_SECONDS)
    until(walk, lambda: walk.journey.state == state, f"{label}: {state}")
    back = time.time()
    until(walk, lambda: walk.latest() > back, f"{label}: next sample on the page")
    walk.journey.shot(label.lower().replace(" ", "-"))
    walk.guest.until_reached(REACHED_SECONDS)
    walk.check_all(guest_checks.service(walk.guest))
    until(walk, lambda: told_again(walk, keys), f"{label}: console", REACHED_SECONDS)
    walk.check_all(guest_checks.host_keys(walk.guest, walk.told().host_keys))
    walk.check_all(guest_checks.settled(walk.guest, walk.instance))


def fill_in(page: Page, size: str) -> None:
    """What a dialog asks for. A shelved machine keeps its address here, since the tunnel leads there."""
    if size:
        pick_size(page, size)
    keep = page.locator("#dialog [name=keep]")
    if keep.count():
        keep.check()


def told_again(walk: Walk, keys: set[str]) -> bool:
    """Whether the console says after a restart what it said before: the same host keys, and that it is set up."""
    told = walk.told()
    return set(told.host_keys) == keys and told.setup is not None and told.setup.status == "complete"


def life(walk: Walk, larger: str) -> None:
    act(walk, "Reboot")
    act(walk, "Hard reboot")
    act(walk, "Stop", ("Stopped", "Start"))
    act(walk, "Resize", ("Awaiting resize confirmation", "Confirm resize"), size=larger)
    act(walk, "Shelve", ("Shelved", "Unshelve"))


def portraits(walk: Walk, name: str) -> None:
    """The page on a desk and on a phone, by day and by night."""
    for width in (1280, 390):
        for scheme in SCHEMES:
            walk.page.set_viewport_size({"width": width, "height": 900})
            walk.page.emulate_media(color_scheme=scheme)
            walk.page.wait_for_timeout(1000)
            walk.journey.shot(f"{name}-{width}-{scheme}")
    walk.page.set_viewport_size({"width": 1280, "height": 900})
    walk.page.emulate_media(color_scheme="light")


def delete(walk: Walk, name: str) -> None:
    """Also after a failure, which may have left a dialog open."""
    walk.page.goto(f"{walk.portal.url}/instances/{walk.instance}/")
    walk.journey.act("Delete", confirm=lambda page: page.get_by_label(f"Type {name} to go on").fill(name))
    until(walk, lambda: walk.page.get_by_text("This machine was deleted").count() > 0, "deleted")
    walk.journey.shot("deleted")


def walk_through(portal: LabPortal, page: Page, given: argparse.Namespace) -> Walk:
    name = f"guest-{os.getpid()}"
    journey = Journey(page, portal.url, given.shots)
    journey.sign_in(given.person)
    journey.connect(CLOUD, ACCOUNT, PASSWORD)
    key = new_key(portal.folder / "person")
    journey.launch(
        SLUG, given.flavor, name, key=public_half(key), volume_gb=given.volume_gb, image=given.image
    )
    instance = page.url.rstrip("/").rsplit("/", 1)[1]
    walk = Walk(journey, portal, Guest("", key, portal.folder), instance)
    try:
        watch_birth(walk)
        first_login(walk)
        with walk.guest.tunnel(portal.port) if given.push_url is None else nullcontext():
            if given.push_url is None:
                pushes(walk)
            if given.shots is not None:
                portraits(walk, "machine")
            if not given.brief:
                life(walk, given.larger)
    finally:
        delete(walk, name)
    return walk


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--flavor", default="m3.tiny")
    parser.add_argument("--larger", default="m3.small")
    parser.add_argument("--person", default="carol", help="who signs in to the portal")
    parser.add_argument("--volume-gb", type=int, default=0, help="its root disk is a volume of this size")
    parser.add_argument("--image", default="", help="the name of another image than the lab's Debian")
    parser.add_argument("--push-url", help="what guests are told instead of the portal; '' for none")
    parser.add_argument("--shots", type=Path)
    parser.add_argument("--brief", action="store_true", help="no actions")
    given = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="helio-guest-"))
    try:
        with lab_portal(folder, push_url=given.push_url) as portal, sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=FLAGS)
            page = browser.new_context(viewport={"width": 1280, "height": 900}).new_page()
            page.set_default_timeout(90_000)
            walk = walk_through(portal, page, given)
            browser.close()
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    say("load of this machine (1, 5, 15 minutes): " + " ".join(f"{load:.1f}" for load in os.getloadavg()))
    failed = [check for check in walk.checks if not check.passed]
    say(f"{len(walk.checks) - len(failed)} checks passed, {len(failed)} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
