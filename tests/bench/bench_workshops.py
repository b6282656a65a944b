"""A class of a hundred seats on the demo cloud, 300 ms per create and 60 s per build; one in twenty finds no host, one in
twenty is never built. How soon all were asked for, how soon all are ready, and what is left in the end.
"""

import os
import time
from collections.abc import Callable
from datetime import datetime
from typing import Any

from tests.bench.figures import Figure
from tests.browser.running import Demo, demo

SEATS, SPARES = 100, 10
CREATE_SECONDS, BUILD_SECONDS, SPEED = 0.3, 60.0, 20.0
PROJECT = "BIO220047"
LONGEST = 900.0


def bad_days(running: Demo) -> None:
    slow = {"service": "compute", "method": "POST", "path": "^/v2.1/servers$", "action": "slow"}
    running.control("POST", "faults", {**slow, "seconds": CREATE_SECONDS})
    builds = {"seconds": BUILD_SECONDS * SPEED, "full_each": 20, "stuck_each": 20}
    running.control("POST", "builds", builds)
    much = {"instances": 500, "cores": 5000, "ram": 50_000_000}
    running.control("POST", "quotas", {"project": PROJECT, "region": "IU", "quotas": much})


def until(so: Callable[[], bool], seconds: float) -> float:
    """How long it took; endless when it never came to be so."""
    began = time.monotonic()
    while time.monotonic() - began < seconds:
        if so():
            return time.monotonic() - began
        time.sleep(0.5)
    return float("inf")


def open_class() -> Any:
    """As planning leaves it, at the moment when the clock wants its seats."""
    from datetime import timedelta

    from django.utils import timezone

    from allocations.models import Allocation
    from instances.models import CatalogueItem
    from instances.workshops.models import Workshop
    from portal.accounts.models import User
    from tests.instances.workshops.room import make_workshop

    allocation = Allocation.objects.get(project_name=PROJECT, region="IU")
    Allocation.objects.filter(pk=allocation.pk).update(quota={}, refresh_after=timezone.now())
    items = CatalogueItem.objects.filter(allocation=allocation)
    flavor = items.get(kind="flavor", name="m3.tiny")
    image = items.filter(kind="image", name="Featured-Ubuntu24").latest("data__created")
    now = timezone.now()
    return make_workshop(
        allocation,
        User.objects.get(username__startswith="alice"),
        seats=SEATS,
        spares=SPARES,
        title="Bench",
        state=Workshop.State.PLANNED,
        flavor_id=flavor.cloud_id,
        flavor_name=flavor.name,
        image_id=image.cloud_id,
        image_name=image.name,
        opens_at=now + timedelta(minutes=1),
        closes_at=now + timedelta(hours=6),
        begun_at=None,
        next_at=now + timedelta(hours=1),
    )


def offered() -> bool:
    from instances.models import CatalogueItem

    items = CatalogueItem.objects.filter(allocation__project_name=PROJECT, allocation__region="IU")
    return items.filter(kind="image").exists() and items.filter(kind="flavor").exists()


def sent() -> list[float]:
    """When each machine was asked for at the cloud."""
    from portal.operations.models import Operation

    found = Operation.objects.filter(kind="instance.launch", spec__role="seat").order_by("id")
    asked = [progress.get("asked_at") for progress in found.values_list("progress", flat=True)]
    return [datetime.fromisoformat(at).timestamp() for at in asked if at]


def stages(workshop: Any) -> dict[str, int]:
    from collections import Counter

    return Counter(workshop.places.filter(spare=False).values_list("stage", flat=True))


def build(workshop: Any) -> list[Figure]:
    from django.utils import timezone

    from instances.workshops.models import Workshop

    began = time.time()
    Workshop.objects.filter(pk=workshop.pk).update(next_at=timezone.now())
    until(lambda: len(sent()) >= SEATS + SPARES, 120)
    first = sorted(sent())[: SEATS + SPARES]
    ready = until(lambda: stages(workshop).get("ready", 0) == SEATS, LONGEST)
    ended = time.time() if ready != float("inf") else float("inf")
    rows = workshop.places.filter(spare=False).values_list("instance__launched_at", flat=True)
    built = max((at.timestamp() for at in rows if at is not None), default=0.0)
    return [
        Figure(f"creates sent of {SEATS + SPARES}", len(first), "calls", least=SEATS + SPARES),
        Figure(
            f"creates of {SEATS} seats sent within",
            first[SEATS - 1] - began if len(first) >= SEATS else float("inf"),
            "s",
            most=20,
        ),
        Figure("creates of seats and spares sent within", first[-1] - began if first else 0.0, "s"),
        Figure("seats ready at the end", stages(workshop).get("ready", 0), "seats", least=SEATS),
        Figure("all ready after the cloud had built the last", ended - built, "s", most=30),
        Figure("all ready after they were asked for", ended - began, "s"),
    ]


def top_up(workshop: Any) -> list[Figure]:
    """What was stuck is found, and replaced behind those who work."""
    from instances.workshops.models import SeatMachine

    rows = workshop.places
    whole = until(lambda: rows.filter(stage="ready").count() == SEATS + SPARES, LONGEST)
    left = SeatMachine.objects.filter(workshop=workshop).exclude(left_because="")
    return [
        Figure("spares ready again after further", whole, "s"),
        Figure("machines thrown away on the way", left.count(), "machines", least=1),
    ]


def tear_down(workshop: Any) -> list[Figure]:
    from django.utils import timezone

    from instances.workshops.models import Workshop

    ours = Workshop.objects.filter(pk=workshop.pk)
    ours.update(state=Workshop.State.REMOVING, next_at=timezone.now())
    took = until(lambda: ours.filter(state="removed").exists(), LONGEST)
    workshop.refresh_from_db()
    proof = workshop.proof.get("counted", {})
    return [
        Figure("torn down and proven after", took, "s"),
        Figure(
            "left by the portal's own proof", sum(proof.values()) if proof else float("inf"), "things", most=0
        ),
        Figure("left as the cloud itself lists it", counted(workshop), "things", most=0),
    ]


def counted(workshop: Any) -> int:
    """By somebody who asks the cloud with a password, and knows nothing of rows."""
    from instances.models import Instance
    from portal.cloud import networks, servers, volumes
    from portal.cloud.connection import PasswordLogin, connect

    login = PasswordLogin(
        cloud="demo",
        username="alice",
        password="demo",
        user_domain="Default",
        project_id=workshop.allocation.project_id,
    )
    cloud = connect(login, region="IU")
    mark = str(workshop.pk)
    made = set(Instance.objects.filter(seat_machine__workshop=workshop).values_list("server_id", flat=True))
    groups = [one for one in networks.list_security_groups(cloud) if mark in one.name]
    return (
        sum(one.metadata.get("helioWorkshop") == mark for one in servers.list_servers(cloud))
        + sum(one.device_id in made for one in networks.list_project_ports(cloud))
        + sum(one.server_id in made for one in networks.list_floating_ips(cloud))
        + sum(one.metadata.get("helioWorkshop") == mark for one in volumes.list_volumes(cloud))
        + len(groups)
    )


def measure(running: Demo) -> list[Figure]:
    os.environ.update(running.environment(), DJANGO_SETTINGS_MODULE="portal.settings")
    import django

    django.setup()
    bad_days(running)
    if until(offered, 60) == float("inf"):
        raise RuntimeError("the catalogue was never read")
    workshop = open_class()
    return [*build(workshop), *top_up(workshop), *tear_down(workshop)]


def run() -> list[Figure]:
    with demo(seed="load:5", speed=SPEED) as running:
        return measure(running)
