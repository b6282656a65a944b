"""What a first view weighs: every byte that Chromium takes over the wire, and whether the page reads without script."""

from typing import Any

from playwright.sync_api import Page, sync_playwright

from tests.bench.bench_launches import allocation
from tests.bench.figures import Figure
from tests.browser.conftest import FLAGS
from tests.browser.running import Demo, demo

KB = 1024


def weigh(page: Page, url: str) -> float:
    """Encoded bytes of all answers, cache empty."""
    session = page.context.new_cdp_session(page)
    session.send("Network.enable")
    session.send("Network.setCacheDisabled", {"cacheDisabled": True})
    total = [0.0]
    session.on(
        "Network.loadingFinished", lambda event: total.__setitem__(0, total[0] + event["encodedDataLength"])
    )
    page.goto(url, wait_until="load")
    page.wait_for_timeout(3000)
    session.detach()
    return total[0]


def signed_in(browser: Any, running: Demo, script: bool) -> Page:
    context = browser.new_context(java_script_enabled=script, viewport={"width": 1280, "height": 900})
    page: Page = context.new_page()
    page.goto(running.url)
    page.get_by_role("button", name="Sign in with CILogon").first.click()
    page.locator('button[data-person="alice"]').click()
    page.wait_for_url(f"{running.url}/**")
    return page


def run() -> list[Figure]:
    with demo() as running, sync_playwright() as playwright, running.api("alice") as api:
        slug = allocation(api)
        machines = api.get("instances", params={"allocation": slug, "status": "Active"}).json()["items"]
        machine = next(one for one in machines if one["status"] == "ACTIVE")
        pages = {
            "instances page": (f"{running.url}/allocations/{slug}/instances/", 200, machine["name"]),
            "instance page with graphs": (f"{running.url}/instances/{machine['id']}/", 700, machine["name"]),
        }
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=FLAGS)
        with_script, without = signed_in(browser, running, True), signed_in(browser, running, False)
        figures = []
        for name, (url, most, words) in pages.items():
            figures.append(Figure(name, weigh(with_script, url) / KB, "KB", most=most))
            without.goto(url)
            readable = without.get_by_text(words).first.is_visible()
            figures.append(Figure(f"{name} readable before script", float(readable), "", least=1))
        browser.close()
    return figures
