"""`make screenshots`: the README's pages into docs/img; every page, at two widths and in both schemes, into screenshots/."""

import sys
import time
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page, sync_playwright

from tests.bench.bench_launches import body, until_offered
from tests.browser.conftest import FLAGS
from tests.browser.journey import Journey
from tests.browser.running import ROOT, Demo, demo

SLUG, GPU_SLUG = "bio220047-iu", "cis220046-iu"
README = ROOT / "docs/img"
ALL = ROOT / "screenshots"


# What the README shows, and pages that take a while until they are as people see them.
SHOWN = {"home", "instances", "launch", "instance", "board", "seat"}
SLOW = {"instance", "shell", "files", "board", "seat"}


def pages(running: Demo) -> dict[str, tuple[str, str]]:
    """Name → who looks at it, and where it is."""
    with running.api("alice") as api:
        found = launched(api)
    of_alice = {name: ("alice", path) for name, path in _of_alice(found["id"]).items()}
    return of_alice | _of_the_class(running)


def _of_the_class(running: Demo) -> dict[str, tuple[str, str]]:
    """The demo's class, which has begun when Alice's machine has reported for a while."""
    with running.api("carol") as api:
        [found] = api.get("workshops").raise_for_status().json()["workshops"]
    at = f"/workshops/{found['id']}/"
    of_carol = {
        "workshops": "/workshops/",
        "workshop": at,
        "workshop-new": f"/allocations/{found['allocation']}/workshops/new/",
        "board": f"{at}board/",
        "room": f"{at}board/room/",
        "roster": f"{at}roster/",
        "report": f"{at}report/",
        "seat-files": f"{at}files/",
    }
    return {name: ("carol", path) for name, path in of_carol.items()} | {
        "seat": ("dave", f"/w/{found['id']}/")
    }


def _of_alice(machine: str) -> dict[str, str]:
    return {
        "home": "/",
        "instances": f"/allocations/{SLUG}/instances/",
        "launch": f"/allocations/{SLUG}/launch/",
        "instance": f"/instances/{machine}/",
        "console-log": f"/instances/{machine}/?tab=console",
        "resize": f"/instances/{machine}/actions/resize/",
        "delete": f"/instances/{machine}/actions/delete/",
        "shell": f"/instances/{machine}/shell/",
        "files": f"/instances/{machine}/files/",
        "ports": f"/instances/{machine}/ports/",
        "ssh": f"/instances/{machine}/ssh/",
        "connections": f"/instances/{machine}/connections/",
        "connections-allocation": f"/allocations/{GPU_SLUG}/connections/",
        "allocation": f"/allocations/{SLUG}/",
        "usage": f"/allocations/{SLUG}/usage/",
        "members": f"/allocations/{SLUG}/members/",
        "budgets": f"/allocations/{SLUG}/budgets/",
        "policies": f"/allocations/{GPU_SLUG}/policies/",
        "advice": f"/allocations/{SLUG}/advice/",
        "planner": f"/allocations/{SLUG}/planner/",
        "quota": f"/allocations/{SLUG}/quota/",
        "trail": f"/allocations/{SLUG}/trail/",
        "save": f"/allocations/{SLUG}/save-my-data/",
        "notices": "/notices/",
        "rates": "/rates/",
        "profile": "/profile/",
        "tokens": "/profile/tokens/",
        "clouds": "/profile/clouds/",
    }


def launched(api: Any) -> dict[str, Any]:
    """A machine with two GPUs that has reported for a while."""
    until_offered(api, GPU_SLUG)
    asked = {**body(api, GPU_SLUG, "wildlife-classifier", 1), "address": "automatic"}
    flavors = api.get("flavors", params={"allocation": GPU_SLUG}).json()
    asked["flavor_id"] = next(flavor["id"] for flavor in flavors if flavor["name"] == "g4.2xl")
    made = api.post("instances", json=asked).raise_for_status().json()["operations"][0]
    end = time.monotonic() + 120
    while time.monotonic() < end:
        found: dict[str, Any] = api.get(f"instances/{made['target_id']}").json()
        if found["ready_at"]:
            time.sleep(90)
            return found
        time.sleep(1)
    raise RuntimeError("the machine for the screenshots never became ready")


def signed_in(browser: Browser, running: Demo, person: str, width: int, scheme: str) -> Page:
    context = browser.new_context(
        viewport={"width": width, "height": 900},
        color_scheme=scheme,  # type: ignore[arg-type]
        reduced_motion="reduce",
    )
    page = context.new_page()
    Journey(page, running.url).sign_in(person)
    return page


def take(browser: Browser, running: Demo) -> None:
    found = pages(running)
    for width in (1280, 390):
        for scheme in ("light", "dark"):
            people = {
                person: signed_in(browser, running, person, width, scheme)
                for person in sorted({who for who, _ in found.values()})
            }
            for name, (person, path) in found.items():
                _one(people[person], running.url + path, name, width, scheme)
            for page in people.values():
                page.context.close()


def _one(page: Page, address: str, name: str, width: int, scheme: str) -> None:
    page.goto(address)
    page.wait_for_timeout(3500 if name in SLOW else 1200)
    page.screenshot(path=ALL / f"{name}-{width}-{scheme}.png", full_page=True)
    if (width, scheme) == (1280, "light") and name in SHOWN:
        page.screenshot(path=README / f"{name}.png")


def main() -> int:
    for folder in (README, ALL):
        Path(folder).mkdir(parents=True, exist_ok=True)
    with demo(speed=10, options=["--class"]) as running, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=FLAGS)
        take(browser, running)
        browser.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
