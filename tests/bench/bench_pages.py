"""The instances page, 50 rows shown: its queries, cloud calls and time on the server, with 1, 1,000 and 5,000 machines."""

import time
from datetime import timedelta
from typing import Any

from tests.bench.database import portal_in_this_process
from tests.bench.figures import Figure, middle

SIZES = (1, 1000, 5000)
ROUNDS = 40
FLAVORS = (("m3.tiny", 1), ("m3.small", 2), ("m3.quad", 4), ("g3.medium", 8))
STATUSES = ("ACTIVE", "ACTIVE", "ACTIVE", "SHUTOFF", "SHELVED_OFFLOADED", "BUILD")


def fill(allocation: Any, owner: Any, count: int) -> None:
    from django.utils import timezone

    from instances.models import Instance

    now = timezone.now()
    Instance.objects.filter(allocation=allocation).delete()
    Instance.objects.bulk_create(
        [
            Instance(
                allocation=allocation,
                server_id=f"server-{number:05d}",
                name=f"machine-{number:05d}",
                owner=owner if number % 3 != 1 else None,
                creator_name="someone",
                status=STATUSES[number % len(STATUSES)],
                flavor_name=FLAVORS[number % len(FLAVORS)][0],
                vcpus=FLAVORS[number % len(FLAVORS)][1],
                image_name="Featured-Ubuntu24",
                public_address=f"127.1.{number // 250}.{number % 250}",
                created_at=now - timedelta(minutes=number),
                state_since=now,
                seen_at=now,
            )
            for number in range(count)
        ],
        batch_size=500,
    )


def measure(client: Any, url: str) -> tuple[int, float, int]:
    """Queries of one view, its median seconds, and the cloud calls of all."""
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    from portal.cloud import connection as gateway

    calls: list[Any] = []
    gateway.on_call.append(lambda *about, **more: calls.append(about))
    client.get(url)
    with CaptureQueriesContext(connection) as queries:
        answer = client.get(url)
    asked = len(queries)  # now: the next request empties the log
    assert answer.status_code == 200, answer.status_code
    times = []
    for _ in range(ROUNDS):
        began = time.perf_counter()
        client.get(url)
        times.append(time.perf_counter() - began)
    return asked, middle(times), len(calls)


def run() -> list[Figure]:
    with portal_in_this_process():
        from django.test import Client
        from django.urls import reverse

        from allocations.models import Allocation, Membership
        from portal.accounts.models import User

        user = User.objects.create(username="alice", issuer="bench", subject="1")
        allocation = Allocation.objects.create(
            slug="demo-iu-bench", cloud="demo", region="IU", project_id="bench", project_name="BIO220047"
        )
        Membership.objects.create(user=user, allocation=allocation, role="pi")
        client = Client()
        client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
        url = reverse("instances:list", args=[allocation.slug])
        figures: list[Figure] = []
        first = 0
        for size in SIZES:
            fill(allocation, user, size)
            queries, seconds, calls = measure(client, url)
            first = first or queries
            figures += [
                Figure(f"{size} machines: queries", queries, "", most=first),
                Figure(f"{size} machines: cloud calls", calls, "", most=0),
                Figure(f"{size} machines: median time", seconds * 1000, "ms", most=60 if size > 1 else None),
            ]
    return figures
