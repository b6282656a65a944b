"""A whole cloud's worth of rows: 1,500 allocations, 7,500 people, 5,000 machines, and a month of ledger."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from itertools import islice
from typing import Any

ALLOCATIONS, PEOPLE, MACHINES, DAYS = 1500, 7500, 5000, 31
# Of the first allocation; all others share the rest.
LARGEST = 200
FLAVORS = (("m3.tiny", 1), ("m3.small", 2), ("m3.quad", 4), ("m3.large", 16), ("g3.medium", 8))
STATUSES = ("ACTIVE", "ACTIVE", "SHUTOFF", "SHELVED_OFFLOADED")
_BATCH = 1000


@dataclass(frozen=True, slots=True)
class Crowd:
    """The largest allocation and one like most, with the PI of each."""

    largest: Any
    usual: Any
    largest_pi: Any
    usual_pi: Any
    operator: Any


def fill() -> Crowd:
    from portal.accounts.models import User

    people = _people()
    allocations = _allocations()
    _memberships(allocations, people)
    machines = _machines(allocations, people)
    _ledger(machines)
    operator = User.objects.create(username="olivia", issuer="bench", subject="operator", is_operator=True)
    return Crowd(allocations[0], allocations[700], people[0], people[3500], operator)


def _stored(model: Any, rows: Iterator[Any]) -> list[Any]:
    """In batches, so that a month of ledger is never in memory at once beside its rows."""
    found: list[Any] = []
    while batch := list(islice(rows, _BATCH)):
        found += model.objects.bulk_create(batch)
    return found


def _people() -> list[Any]:
    from portal.accounts.models import User

    made = (
        User(
            username=f"person-{number}",
            issuer="bench",
            subject=str(number),
            display_name=f"Person {number}",
            password="!",
        )
        for number in range(PEOPLE)
    )
    return _stored(User, made)


def _allocations() -> list[Any]:
    from django.utils import timezone

    from allocations.models import Allocation, Grant

    now = timezone.now()
    quota = {"instances": {"used": 3, "limit": 25}, "cores": {"used": 20, "limit": 150}}
    made = (
        Allocation(
            slug=f"bio{number:06}-iu",
            cloud="demo",
            region="IU",
            project_id=f"project-{number}",
            project_name=f"BIO{number:06}",
            title=f"Project number {number} on the genomes of grasses",
            pi_name=f"Person {number * 5}",
            quota=quota,
            quota_read_at=now,
            accounting_read_at=now,
        )
        for number in range(ALLOCATIONS)
    )
    allocations = _stored(Allocation, made)
    grants = (
        Grant(
            allocation=allocation,
            resource=resource,
            provider_resource=f"{resource}.bench",
            awarded=Decimal(awarded),
            used=Decimal(awarded) / 3,
            starts_on=now.date() - timedelta(days=100),
            ends_on=now.date() + timedelta(days=10 + index % 265),
            as_of=now - timedelta(hours=12),
        )
        for index, allocation in enumerate(allocations)
        for resource, awarded in (("cpu", 200_000), ("gpu", 50_000))
    )
    _stored(Grant, grants)
    return allocations


def _memberships(allocations: list[Any], people: list[Any]) -> None:
    from allocations.models import Membership
    from portal.accounts.models import CloudCredential

    made = (
        Membership(allocation=allocations[number // 5], user=user, role="pi" if number % 5 == 0 else "member")
        for number, user in enumerate(people)
    )
    _stored(Membership, made)
    credentials = (
        CloudCredential(
            user=people[number * 5],
            cloud="demo",
            project_id=allocation.project_id,
            project_name=allocation.project_name,
            application_credential_id=f"credential-{number}",
            sealed_secret="sealed",
        )
        for number, allocation in enumerate(allocations)
        if number % 10
    )
    _stored(CloudCredential, credentials)


def _machines(allocations: list[Any], people: list[Any]) -> list[Any]:
    from django.utils import timezone

    from instances.models import Instance, Poll

    now = timezone.now()

    def one(number: int) -> Instance:
        place = 0 if number < LARGEST else number % ALLOCATIONS
        flavor, vcpus = FLAVORS[number % len(FLAVORS)]
        return Instance(
            allocation=allocations[place],
            server_id=f"server-{number:05d}",
            name=f"machine-{number:05d}",
            owner=people[place * 5 + number % 5],
            status=STATUSES[number % len(STATUSES)],
            flavor_name=flavor,
            vcpus=vcpus,
            image_name="Featured-Ubuntu24",
            created_at=now - timedelta(days=DAYS),
            state_since=now - timedelta(days=number % 40),
            seen_at=now,
            charged_until=now,
        )

    machines = _stored(Instance, (one(number) for number in range(MACHINES)))
    _stored(Poll, (Poll(allocation=a, what="servers", next_at=now, ok_at=now) for a in allocations))
    return machines


def _ledger(machines: list[Any]) -> None:
    """As the meter writes it: an entry for each machine, state and UTC day."""
    from django.utils import timezone

    from allocations.models import LedgerEntry

    today = timezone.now().date()
    days = [today - timedelta(days=ago) for ago in range(DAYS)]
    entries = (_entry(LedgerEntry, machine, day) for day in days for machine in machines)
    while batch := list(islice(entries, _BATCH)):
        LedgerEntry.objects.bulk_create(batch)


def _entry(model: Any, machine: Any, day: date) -> Any:
    start = datetime.combine(day, time(), UTC)
    gpu = machine.flavor_name.startswith("g")
    return model(
        key=f"{machine.pk}:{day}",
        allocation_id=machine.allocation_id,
        resource="gpu" if gpu else "cpu",
        instance_id=str(machine.pk),
        instance_name=machine.name,
        owner_key=str(machine.owner_id),
        owner_name=str(machine.owner),
        flavor_name=machine.flavor_name,
        status=machine.status,
        starts_at=start,
        ends_at=start + timedelta(hours=23, minutes=59),
        su=Decimal(machine.vcpus * 24 * (2 if gpu else 1)),
    )
