"""A real cloud with 200 servers: our page of machines against Horizon's, in turn, in one run on one machine.

`make bench ARGS="horizon --keep"`. Needs the lab cloud of shared/lab/openstack and Debian's openstack-dashboard. Stands up
the servers (ten minutes on a quiet machine) and, with --keep, leaves them for the next run.
Horizon that is timed talks to the cloud directly; calls are counted on a second one behind the counting proxy.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import httpx
from playwright.sync_api import Browser, sync_playwright

from tests.bench.bench_metrics import web_pid
from tests.bench.figures import Figure, middle
from tests.bench.horizon import dashboard, lab, pages, portal, proxy, servers
from tests.bench.horizon.pages import View
from tests.browser.conftest import FLAGS

ROUNDS = 6
COUNTED_VIEWS = 2
HORIZON_PATH = "/project/instances/"


@dataclass
class Stage:
    browser: Browser
    portal: portal.Portal
    ours: proxy.Counting
    horizon: str
    counted_horizon: str
    theirs: proxy.Counting
    server_ids: list[str]


@contextmanager
def stage() -> Iterator[Stage]:
    lab.require()
    dashboard.require()
    standing = servers.stand()
    with sync_playwright() as playwright, proxy.counting() as ours, proxy.counting() as theirs:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=FLAGS)
        with (
            portal.portal(browser, ours) as mine,
            dashboard.dashboard(lab.AUTH_URL) as direct,
            dashboard.dashboard(theirs.auth_url) as counted,
        ):
            ours.watch("web", web_pid(mine.demo.process.pid))
            yield Stage(browser, mine, ours, direct, counted, theirs, [one["id"] for one in standing])
        browser.close()


def our_pages(mine: portal.Portal) -> list[View]:
    """All pages of the list, 50 rows each, by following its own links."""
    found: list[View] = []
    url = mine.list_url
    cookies = {"sessionid": mine.session()}
    while url:
        text = httpx.get(url, cookies=cookies, timeout=60).raise_for_status().text
        rows = text.count('<tr id="row-')
        name = f"ours, page {len(found) + 1}"
        found.append(View(name, mine.context, url, pages.OUR_ROWS, rows, '<tr id="row-'))
        link = re.search(r'href="([^"]*\?after=[^"]*)"', text)
        url = f"{mine.url}{link[1]}" if link else ""
    return found


def horizon_view(browser: Browser, url: str, rows: int) -> View:
    context = pages.sign_in(browser, url, rows)
    name = f"Horizon, {rows} rows"
    return View(name, context, url + HORIZON_PATH, pages.HORIZON_ROWS, rows, "data-object-id=")


def time_views(views: list[View]) -> None:
    """Once to warm up, then each in turn, round after round."""
    for number in range(ROUNDS + 1):
        for view in views:
            if number % view.every:
                continue
            view.fetch()
            view.look()
            if number == 0:
                view.forget()
    for view in views:
        view.close()
        for what, seconds in (("server", view.server), ("table complete", view.complete)):
            print(f"  {view.name}: {what} {spread(seconds)}", flush=True)


def spread(seconds: list[float]) -> str:
    return f"median {middle(seconds):.3f} s ({min(seconds):.3f} to {max(seconds):.3f}, n={len(seconds)})"


def speed(found: Stage) -> list[Figure]:
    ours = our_pages(found.portal)
    theirs = {rows: horizon_view(found.browser, found.horizon, rows) for rows in (50, 20, servers.COUNT)}
    theirs[servers.COUNT].every = 2
    time_views([view for rows, view in theirs.items() for view in ([*ours, view] if rows == 50 else [view])])
    first, equal = ours[0], theirs[50]
    all_ours = sum(middle(view.complete) for view in ours)
    return [
        Figure("ours, 50 rows, server", middle(first.server), "s"),
        Figure("Horizon, 50 rows, server", middle(equal.server), "s"),
        Figure("server, Horizon to ours", middle(equal.server) / middle(first.server), "x", least=10),
        Figure("ours, 50 rows, complete in Chromium", middle(first.complete), "s"),
        Figure("Horizon, 50 rows, complete in Chromium", middle(equal.complete), "s"),
        Figure("complete, Horizon to ours", middle(equal.complete) / middle(first.complete), "x", least=10),
        Figure("Horizon, its usual 20 rows, complete", middle(theirs[20].complete), "s"),
        Figure("Horizon, all rows on one page, complete", middle(theirs[servers.COUNT].complete), "s"),
        Figure(f"ours, all rows on {len(ours)} pages one after another, complete", all_ours, "s"),
    ]


def view_calls(found: Stage, rows: int) -> float:
    """Of one view of Horizon's page, its scripts' requests included, after one that does not count."""
    view = horizon_view(found.browser, found.counted_horizon, rows)
    seen = []
    for _ in range(COUNTED_VIEWS + 1):
        before = len(found.theirs.calls)
        view.look()
        view.rest(1.5)
        seen.append(len(found.theirs.calls) - before)
    print(f"  {view.name}: {proxy.by_shape(found.theirs.calls[-seen[-1] :])}", flush=True)
    view.close()
    return middle(seen[1:])


def calls(found: Stage) -> list[Figure]:
    """Of one view. Ours: whatever comes over a connection of the web process; the workers read on their own clock."""
    figures = [
        Figure(f"Horizon, {rows} rows: calls of a view", view_calls(found, rows), "calls")
        for rows in (20, 50, servers.COUNT)
    ]
    web = [call for call in found.ours.calls if call.process == "web"]
    return [*figures, Figure("ours: calls of all views together", len(web), "calls", most=0)]


def run() -> list[Figure]:
    with stage() as found:
        return [*speed(found), *calls(found)]
