"""On the real cloud with 200 servers: from a click to Nova, from Nova to the open page, and what the mirror costs.

`make bench ARGS=lab`. Needs the lab of shared/lab/openstack; the launches make ten real guests, one after another, each
deleted as soon as it was seen. All times are of one clock: browser, proxy and services run on this machine.
"""

import re
import time
from collections.abc import Callable
from typing import Any

from playwright.sync_api import Page, Request, sync_playwright

from tests.bench.figures import Figure, middle, p95
from tests.bench.horizon import changing, lab, portal, proxy, servers
from tests.bench.horizon.shown import OpenList
from tests.browser.conftest import FLAGS

LAUNCHES, CHANGES = 10, 10
# How often Nova is asked for the truth, directly; its answer takes about 70 ms more.
_TRUTH_EVERY = 0.03
_BUILD_SECONDS = 180.0
# Longer than the portal believes that a page is still open.
_NOBODY_SECONDS = 50.0
IDLE_SECONDS, WATCHED_SECONDS = 60.0, 30.0
_ASKED = re.compile(r"/instances/[0-9a-f-]{36}/")
BUILT = {"Active", "Starting up", "Setting up", "Ready"}


def truth(cloud: Any, server_id: str, done: Callable[[dict[str, Any]], bool]) -> float:
    """The time at which Nova was first asked and answered so."""
    end = time.monotonic() + _BUILD_SECONDS
    while time.monotonic() < end:
        asked = time.time()
        answer = cloud.compute.get(f"/servers/{server_id}")
        answer.raise_for_status()
        server = answer.json()["server"]
        if server["status"] == "ERROR":
            raise lab.NoLab(f"The lab could not build a machine: {server.get('fault')}")
        if done(server):
            return asked
        time.sleep(_TRUTH_EVERY)
    raise lab.NoLab(f"A machine of the lab did not get ready within {_BUILD_SECONDS:.0f} s")


def server_id_of(cloud: Any, name: str) -> str:
    end = time.monotonic() + _BUILD_SECONDS
    while time.monotonic() < end:
        found = cloud.compute.get("/servers", params={"name": f"^{name}$"}).json()["servers"]
        if found:
            return str(found[0]["id"])
        time.sleep(0.1)
    raise lab.NoLab(f"{name} did not reach Nova")


def click(page: Page, mine: portal.Portal, name: str) -> float:
    """Fill in the launch form and send it; when the POST left the browser."""
    page.goto(f"{mine.url}/allocations/{mine.slug}/launch/")
    page.locator("label.size-pick", has_text="m3.tiny").first.locator("input").check()
    page.get_by_label("Name", exact=True).fill(name)
    page.locator("input[name=address][value=none]").check()
    page.locator("select[name=network_id]").select_option(label=servers.NETWORK)
    page.wait_for_timeout(1500)  # the preview of cost and quota has come

    def posted(request: Request) -> bool:
        return request.method == "POST" and request.url.endswith("/launch/")

    with page.expect_request_finished(posted) as sent:
        page.get_by_role("button", name="Launch", exact=True).last.click()
    page.wait_for_url(_ASKED)
    return float(sent.value.timing["startTime"]) / 1000


def launches(mine: portal.Portal, counted: proxy.Counting) -> list[Figure]:
    cloud = lab.connect()
    form = mine.context.new_page()
    watched = OpenList.of(mine.context.new_page(), mine.list_url)
    asked, shown = [], []
    for number in range(LAUNCHES):
        name = f"{servers.LAUNCHED}{int(time.time())}-{number}"
        posted = click(form, mine, name)
        server_id = server_id_of(cloud, name)
        try:
            active = truth(cloud, server_id, lambda server: server["status"] == "ACTIVE")
            seen = watched.seen(name, BUILT, posted)
        finally:
            cloud.compute.delete(f"/servers/{server_id}")
        create = next(
            call
            for call in counted.since(posted)
            if call.method == "POST" and call.shape.endswith("/v2.1/servers")
        )
        asked.append(create.at - posted)
        shown.append(seen - active)
        print(
            f"  {name}: create call after {asked[-1]:.3f} s, shown {shown[-1]:.3f} s after ACTIVE", flush=True
        )
    watched.page.close()
    form.close()
    return [
        Figure("click to the create call at Nova, median", middle(asked), "s"),
        Figure("click to the create call at Nova, p95", p95(asked), "s"),
        Figure("ACTIVE to shown in the open list, median", middle(shown), "s"),
        Figure("ACTIVE to shown in the open list, p95", p95(shown), "s"),
    ]


def elsewhere(mine: portal.Portal, standing: list[dict[str, Any]]) -> list[Figure]:
    """Machines stopped with another tool, one after another, while somebody looks at the list."""
    cloud = lab.connect()
    watched = OpenList.of(mine.context.new_page(), mine.list_url)
    late = []
    for server in standing[-CHANGES:]:
        path = f"/servers/{server['id']}"
        began = time.time()
        cloud.compute.post(f"{path}/action", json={"os-stop": None}).raise_for_status()
        try:
            stopped = truth(cloud, server["id"], lambda found: found["status"] == "SHUTOFF")
            late.append(watched.seen(server["name"], {"Stopped"}, began) - stopped)
        finally:
            cloud.compute.post(f"{path}/action", json={"os-start": None}).raise_for_status()
        truth(cloud, server["id"], lambda found: found["status"] == "ACTIVE")
    watched.page.close()
    return [
        Figure("change made elsewhere to shown, median", middle(late), "s"),
        Figure("change made elsewhere to shown, p95", p95(late), "s"),
    ]


def costs(mine: portal.Portal, counted: proxy.Counting, server_ids: list[str]) -> list[Figure]:
    """Calls of the mirror for one project: with nobody there, with one open list, with 5 % of it in transition."""
    page = mine.context.new_page()
    page.goto("about:blank")
    page.wait_for_timeout(_NOBODY_SECONDS * 1000)
    figures = _cost("nobody looks", page, counted, IDLE_SECONDS)
    page.goto(mine.list_url)
    page.wait_for_timeout(8000)
    figures += _cost("one open list", page, counted, WATCHED_SECONDS)
    with changing.in_transition(server_ids[::20]):
        page.wait_for_timeout(8000)
        figures += _cost("one open list, 5 % in transition", page, counted, WATCHED_SECONDS)
    page.close()
    return figures


def _cost(what: str, page: Page, counted: proxy.Counting, seconds: float) -> list[Figure]:
    began = time.time()
    page.wait_for_timeout(seconds * 1000)
    calls = proxy.of_project(counted.since(began), lab.PROJECT)
    busy = sum(call.seconds for call in calls) / seconds * 60
    print(f"  {what}: {proxy.by_shape(calls)}", flush=True)
    return [
        Figure(f"mirror, {what}", len(calls) * 60 / seconds, "calls a minute"),
        Figure(f"mirror, {what}: services busy with them", busy, "s a minute"),
    ]


def run() -> list[Figure]:
    lab.require()
    standing = servers.stand()
    with sync_playwright() as playwright, proxy.counting() as counted:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=FLAGS)
        with portal.portal(browser, counted) as mine:
            figures = launches(mine, counted) + elsewhere(mine, standing)
            figures += costs(mine, counted, [one["id"] for one in standing])
        browser.close()
    return figures
