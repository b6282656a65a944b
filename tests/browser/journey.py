"""One machine's whole life, clicked through: the browser test walks it on the demo cloud, and an operator on a real one:

python -m tests.browser.journey URL PERSON ALLOCATION FLAVOR LARGER [--connect CLOUD USER PASSWORD] [--shots DIR]
"""

import argparse
import os
import re
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from playwright.sync_api import Error, Locator, Page, expect, sync_playwright
from playwright.sync_api import TimeoutError as Late

STEP_SECONDS = 600.0
DIALOG_MS = 60_000.0


@dataclass
class Journey:
    """What is done, on which page, and how long each state took to be seen."""

    page: Page
    url: str
    shots: Path | None = None
    seconds: dict[str, float] = field(default_factory=dict)
    longest: float = STEP_SECONDS

    def shot(self, name: str) -> None:
        if self.shots is not None:
            self.shots.mkdir(parents=True, exist_ok=True)
            self.page.evaluate("scrollTo(0, 0)")  # else the bar stands in the middle of the picture
            self.page.screenshot(path=self.shots / f"{len(self.seconds):02d}-{name}.png", full_page=True)

    def sign_in(self, person: str) -> None:
        self.page.goto(self.url)
        self.page.get_by_role("button", name="Sign in with CILogon").first.click()
        self.page.locator(f'button[data-person="{person}"]').click()
        self.page.wait_for_url(f"{self.url}/**")

    def connect(self, cloud: str, user: str, password: str) -> None:
        """By name and password, in the profile."""
        self.page.goto(f"{self.url}/profile/clouds/{cloud}/connect/password/")
        self.page.get_by_label("User name").fill(user)
        self.page.get_by_label("Password").fill(password)
        self.page.get_by_role("button", name="Connect", exact=True).click()
        self.page.goto(self.url)
        expect(self.page.get_by_role("link", name="Instances").first).to_be_visible(timeout=60_000)
        self.shot("home")

    def launch(
        self, slug: str, flavor: str, name: str, *, key: str = "", volume_gb: int = 0, image: str = ""
    ) -> None:
        """`key`: a public key to put in as a new one. `volume_gb`: the root disk is a volume of this size.

        `image`: the name of one that is not among the operator's.
        """
        self.page.goto(f"{self.url}/allocations/{slug}/launch/")
        self._until("form ready", lambda: self._offers(flavor))
        self.page.locator("label.size-pick", has_text=_exactly(flavor)).locator("input").check()
        self.page.get_by_label("Name", exact=True).fill(name)
        if image:
            self.page.locator("details.images summary").click()
            chosen = self.page.locator(".pick-name", has_text=_exactly(image))
            self.page.locator("details.images label.pick", has=chosen).locator("input").check()
        if key:
            self.page.get_by_label("A new key").check()
            self.page.get_by_label("Name of the new key").fill(f"{name}-key")
            self.page.get_by_label("Public key", exact=True).fill(key)
        if volume_gb:
            self.page.get_by_label("Size of the root volume in GB").fill(str(volume_gb))
        self.shot("launch-form")
        self.page.get_by_role("button", name="Launch", exact=True).last.click()
        self.page.wait_for_url(re.compile(r"/instances/[0-9a-f-]{36}/"))
        self.shot("asked")

    def _offers(self, flavor: str) -> bool:
        """The page fetches itself again once the mirror has read what the cloud offers."""
        try:
            return self.page.locator("label.size-pick", has_text=_exactly(flavor)).count() > 0
        except Error:  # it was just leaving the document
            return False

    @property
    def state(self) -> str:
        return self.page.locator(".status-strip .tag").first.inner_text().strip()

    def until_state(self, what: str, *labels: str) -> None:
        """Waits, without a reload, until the page itself shows one of these."""
        self._until(what, lambda: self.state in labels)
        self.shot(what)

    def until_graphs(self) -> None:
        self._until("first graph", lambda: "CPU" in self.page.locator("[data-latest]").first.inner_text())
        self.shot("graphs")

    def act(self, label: str, *, confirm: Callable[[Page], None] | None = None) -> None:
        """Choose an action from the page's buttons or its menu, and confirm its dialog where it has one."""
        exact = re.compile(rf"^{re.escape(label)}…?$")
        area = self.page.locator("#machine-actions")
        found = area.get_by_role("button", name=exact)
        self._open_menu_for(found)
        asks = found.first.inner_text().strip().endswith("…")
        found.first.click()
        if asks:
            self._answer(label, confirm)

    def _open_menu_for(self, found: Locator) -> None:
        """The menu may be replaced by a newer one in the moment of the click: a person clicks again."""
        menu = self.page.locator("#machine-actions details.menu")
        for _ in range(20):
            if found.first.is_visible():
                return
            with suppress(Late, Error):
                if not menu.evaluate("(one) => one.open"):
                    self.page.get_by_text("More actions").click(timeout=3000)
                found.first.wait_for(state="visible", timeout=2000)
        raise AssertionError(f"no such action: {self.page.locator('#machine-actions').inner_text()!r}")

    def _answer(self, label: str, confirm: Callable[[Page], None] | None) -> None:
        dialog = self.page.locator("#dialog form")
        expect(dialog).to_be_visible(timeout=DIALOG_MS)
        if confirm is not None:
            confirm(self.page)
        self.shot(f"dialog-{label.lower().replace(' ', '-')}")
        dialog.locator("button[type=submit]:not([formaction])").click()
        expect(dialog).to_have_count(0, timeout=DIALOG_MS)

    def _until(self, what: str, condition: Callable[[], bool]) -> None:
        began = time.monotonic()
        while time.monotonic() - began < self.longest:
            if condition():
                self.seconds[what] = time.monotonic() - began
                return
            self.page.wait_for_timeout(200)
        self.shot(f"stuck-{what}")
        raise AssertionError(f"{what}: not within {self.longest:.0f} s; the page shows {self.state!r}")


def whole_life(journey: Journey, slug: str, flavor: str, larger: str, name: str) -> None:
    """Launch, watch, suspend, resume, resize, shelve, unshelve, delete."""
    journey.launch(slug, flavor, name)
    journey.until_state("building", "Building", "Starting up", "Setting up", "Ready")
    journey.until_state("booted", "Starting up", "Setting up", "Ready")
    journey.until_state("ready", "Ready")
    journey.until_graphs()
    journey.act("Suspend")
    journey.until_state("suspended", "Suspended")
    journey.act("Resume")
    journey.until_state("resumed", "Ready", "Active")
    journey.act("Resize", confirm=lambda page: pick_size(page, larger))
    journey.until_state("resized", "Awaiting resize confirmation")
    journey.act("Confirm resize")
    journey.until_state("resize confirmed", "Ready", "Active")
    journey.act("Shelve")
    journey.until_state("shelved", "Shelved")
    journey.act("Unshelve")
    journey.until_state("unshelved", "Ready", "Active")
    journey.act("Delete", confirm=lambda page: page.get_by_label(f"Type {name} to go on").fill(name))
    journey._until("deleted", lambda: _gone(journey.page))
    journey.shot("deleted")


def pick_size(page: Page, flavor: str) -> None:
    page.locator("#dialog label.size-pick", has_text=_exactly(flavor)).locator("input").check()


def _exactly(text: str) -> re.Pattern[str]:
    return re.compile(rf"^{re.escape(text)}$")


def _gone(page: Page) -> bool:
    return "/instances/" in page.url and page.get_by_text("This machine was deleted").count() > 0


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    for name in ("url", "person", "allocation", "flavor", "larger"):
        parser.add_argument(name)
    parser.add_argument("--connect", nargs=3, metavar=("CLOUD", "USER", "PASSWORD"))
    parser.add_argument("--shots", type=Path)
    given = parser.parse_args()
    from tests.browser.conftest import FLAGS

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=FLAGS)
        page = browser.new_page(viewport={"width": 1280, "height": 900})
        page.set_default_timeout(30_000)
        journey = Journey(page, given.url, given.shots)
        journey.sign_in(given.person)
        if given.connect:
            journey.connect(*given.connect)
        try:
            whole_life(journey, given.allocation, given.flavor, given.larger, f"journey-{os.getpid()}")
        finally:
            for what, seconds in journey.seconds.items():
                sys.stdout.write(f"{what}: {seconds:.1f} s\n")
        browser.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
