"""A class on the demo cloud, and hands to drive its rounds with."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from allocations.models import Allocation
from instances.models import CatalogueItem, Instance
from instances.workshops.engine import round as rounds
from instances.workshops.guests import jump
from instances.workshops.models import Seat, Workshop
from portal.cloud import servers
from portal.cloud.types import Server
from portal.operations.models import Operation
from tests.instances.demo import Project
from tests.instances.workshops.room import make_workshop

PATIENCE = 40.0


@dataclass
class Class:
    """One workshop, with its project."""

    project: Project
    workshop: Workshop

    def round(self) -> None:
        """One round, whatever time it is."""
        Workshop.objects.filter(pk=self.workshop.pk).update(next_at=timezone.now(), lease_until=None)
        rounds.make(self.workshop.pk)
        self.workshop.refresh_from_db()

    def settle(self, until: Callable[[], bool], patience: float = PATIENCE) -> None:
        """Rounds, turns, readings and consoles, until it is so."""
        end = time.monotonic() + patience
        while time.monotonic() < end:
            self.round()
            self.project.turn()
            self.project.read()
            self.project.read_consoles()
            self.project.hurry()
            if until():
                return
            time.sleep(0.03)
        raise AssertionError(self.told())

    def told(self) -> list[tuple[Any, ...]]:
        ops = Operation.objects.filter(state__in=Operation.LIVE).values_list("kind", "step", "error_id")
        return [
            (self.workshop.state, self.workshop.hold_id, self.workshop.hold_params),
            *[(str(seat), seat.stage, seat.problem_id, seat.attempts) for seat in self.seats()],
            *ops,
        ]

    def seats(self) -> list[Seat]:
        return list(self.workshop.places.select_related("instance", "learner"))

    def stages(self) -> list[str]:
        return [seat.stage for seat in self.seats()]

    def all(self, stage: str) -> bool:
        return all(found == stage for found in self.stages())

    def ready(self) -> bool:
        return self.all("ready")

    def seat(self, number: int = 1, *, spare: bool = False) -> Seat:
        return next(seat for seat in self.seats() if (seat.number, seat.spare) == (number, spare))

    def machine(self, number: int = 1) -> Instance:
        found = self.seat(number).instance
        assert found is not None
        return found

    def at_cloud(self) -> list[Server]:
        """What the cloud itself has of it."""
        found = servers.list_servers(self.project.cloud_as("alice"))
        return [one for one in found if one.metadata.get("helioWorkshop") == str(self.workshop.pk)]

    def build(self) -> None:
        self.settle(self.ready)


@pytest.fixture
def jump_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    """The jump host is the guests' matter."""
    monkeypatch.setattr(rounds, "ensure_jump", lambda workshop: jump.READY)


@pytest.fixture
def open_class(project: Project, jump_is_there: None) -> Iterator[Callable[..., Class]]:
    """A class that is to be on now; the machines of two seats and a spare are missing."""
    Allocation.objects.filter(pk=project.allocation.pk).update(quota={})
    project.allocation.refresh_from_db()

    def make(seats: int = 2, spares: int = 1, **fields: Any) -> Class:
        given: dict[str, Any] = {
            "image_id": project.id_of(CatalogueItem.Kind.IMAGE, "Featured-Debian12"),
            "image_name": "Featured-Debian12",
            "flavor_id": project.id_of(CatalogueItem.Kind.FLAVOR, "m3.small"),
            "flavor_name": "m3.small",
            "closes_at": timezone.now() + timedelta(hours=6),
        }
        workshop = make_workshop(
            project.allocation, project.people["bob"], seats=seats, spares=spares, **{**given, **fields}
        )
        return Class(project, workshop)

    yield make
