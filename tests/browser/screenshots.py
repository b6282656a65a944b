"""`make screenshots`: the README's pages into docs/img; every page, at two widths and in both schemes, into screenshots/."""

import sys
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

from tests.browser.conftest import FLAGS
from tests.browser.journey import Journey
from tests.browser.running import ROOT, Demo, demo

SLUG, GPU_SLUG = "bio220047-iu", "cis220046-iu"
README = ROOT / "docs/img"
ALL = ROOT / "screenshots"


def pages(running: Demo) -> dict[str, str]:
    with running.api("alice") as api:
        found = api.get("instances", params={"allocation": GPU_SLUG, "q": "trainer-duo"}).json()["items"]
    return {
        "home": "/",
        "instances": f"/allocations/{SLUG}/instances/",
        "launch": f"/allocations/{SLUG}/launch/",
        "instance": f"/instances/{found[0]['id']}/",
        "console-log": f"/instances/{found[0]['id']}/?tab=console",
        "resize": f"/instances/{found[0]['id']}/actions/snapshot/",
        "profile": "/profile/",
        "tokens": "/profile/tokens/",
        "clouds": "/profile/clouds/",
    }


def signed_in(browser: Browser, running: Demo, width: int, scheme: str) -> Page:
    context = browser.new_context(
        viewport={"width": width, "height": 900},
        color_scheme=scheme,  # type: ignore[arg-type]
        reduced_motion="reduce",
    )
    page = context.new_page()
    Journey(page, running.url).sign_in("alice")
    return page


def take(browser: Browser, running: Demo) -> None:
    found = pages(running)
    for width in (1280, 390):
        for scheme in ("light", "dark"):
            page = signed_in(browser, running, width, scheme)
            for name, path in found.items():
                page.goto(running.url + path)
                page.wait_for_timeout(3500 if name == "instance" else 1200)
                page.screenshot(path=ALL / f"{name}-{width}-{scheme}.png", full_page=True)
                if (width, scheme) == (1280, "light") and name in {"home", "instances", "launch", "instance"}:
                    page.screenshot(path=README / f"{name}.png")
            page.context.close()


def main() -> int:
    for folder in (README, ALL):
        Path(folder).mkdir(parents=True, exist_ok=True)
    with demo(speed=10) as running, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=FLAGS)
        take(browser, running)
        browser.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
