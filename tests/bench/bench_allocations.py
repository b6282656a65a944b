"""Pages of allocations, at 1,500 of them with 7,500 people, 5,000 machines and a month of ledger: queries and time."""

import time
from typing import Any

from tests.bench.bench_pages import measure
from tests.bench.crowd import fill
from tests.bench.database import portal_in_this_process
from tests.bench.figures import Figure, middle

_ROUNDS = 15


def client_of(user: Any) -> Any:
    from django.test import Client

    client = Client()
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return client


def page(name: str, user: Any, url: str, most_ms: float, queries: int | None = None) -> list[Figure]:
    """`queries`: how many the same page may ask in a small allocation, where that is known."""
    client = client_of(user)
    asked, seconds, calls = measure(client, url)
    return [
        Figure(f"{name}: queries", asked, "", most=queries),
        Figure(f"{name}: cloud calls", calls, "", most=0),
        Figure(f"{name}: median time", seconds * 1000, "ms", most=most_ms),
        Figure(f"{name}: of it, time of one core", core_time(client, url) * 1000, "ms"),
    ]


def core_time(client: Any, url: str) -> float:
    """What the portal itself used of a core: the same on a machine that is busy with other things."""
    times = []
    for _ in range(_ROUNDS):
        began = time.process_time()
        client.get(url)
        times.append(time.process_time() - began)
    return middle(times)


def run() -> list[Figure]:
    with portal_in_this_process():
        from django.urls import reverse

        crowd = fill()
        figures = refreshed()
        detail = [reverse("allocations:detail", args=[one.slug]) for one in (crowd.usual, crowd.largest)]
        usage = [reverse("reports:usage", args=[one.slug]) for one in (crowd.usual, crowd.largest)]
        figures += page("home of a PI", crowd.usual_pi, reverse("home"), 60)
        usual = page("allocation of 3 machines", crowd.usual_pi, detail[0], 100)
        figures += usual
        figures += page("allocation of 200", crowd.largest_pi, detail[1], 100, int(usual[0].value))
        for by in ("person", "machine", "size"):
            address = f"?period=last-month&by={by}" if by == "size" else f"?by={by}"
            small = page(f"month by {by}, 3 machines", crowd.usual_pi, usage[0] + address, 300)
            figures += small
            figures += page(
                f"month by {by}, 200 machines", crowd.largest_pi, usage[1] + address, 300, int(small[0].value)
            )
        figures += page("all allocations", crowd.operator, reverse("reports:all"), 100)
        searched = f"{reverse('reports:all')}?q=00012&health=any&sort=-week"
        figures += page("all allocations, searched", crowd.operator, searched, 100)
        return figures


def refreshed() -> list[Figure]:
    """How long a worker takes each minute for the health of all."""
    from django.db import connection
    from django.test.utils import CaptureQueriesContext
    from django.utils import timezone

    from allocations.reports import standing

    standing.refresh(timezone.now())
    began = time.process_time()
    with CaptureQueriesContext(connection) as queries:
        standing.refresh(timezone.now() + standing.FRESH)
    return [
        Figure("health of 1,500: queries", len(queries), ""),
        Figure("health of 1,500: time of one core", time.process_time() - began, "s", most=10),
    ]
