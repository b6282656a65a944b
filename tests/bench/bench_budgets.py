"""The look at all budgets each minute: every allocation with a default budget by month and one of its whole grant.

On a PostgreSQL of its own where one is installed.
"""

import time
from datetime import timedelta
from decimal import Decimal
from typing import Any

from tests.bench.bench_ledger import _postgres
from tests.bench.database import portal_in_this_process
from tests.bench.figures import Figure

ALLOCATIONS, PEOPLE_EACH, MACHINES, DAYS = 1500, 5, 5000, 20


def run() -> list[Figure]:
    with _postgres(), portal_in_this_process():
        people, allocations = _allocations()
        _budgets(allocations, people)
        _machines(allocations, people)
        first, _ = _look()
        usual, queries = min((_look() for _ in range(3)), key=lambda pair: pair[0])
        return [
            Figure("the first look at all budgets", first, "s"),
            Figure(
                f"a look at the budgets of {ALLOCATIONS} allocations, {MACHINES} machines",
                usual,
                "s",
                most=15,
            ),
            Figure("queries of it", queries, "", most=40),
        ]


def _look() -> tuple[float, int]:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    from allocations.budgets import watch

    with CaptureQueriesContext(connection) as queries:
        began = time.process_time()
        watch.look()
        return time.process_time() - began, len(queries)


def _allocations() -> tuple[list[Any], list[Any]]:
    from django.contrib.auth import get_user_model
    from django.utils import timezone

    from allocations.models import Allocation, Grant, Membership

    now, user = timezone.now(), get_user_model()
    people = user.objects.bulk_create([user(username=f"p{n}") for n in range(ALLOCATIONS * PEOPLE_EACH)])
    allocations = Allocation.objects.bulk_create(
        [
            Allocation(slug=f"a{n}", cloud="demo", region="IU", project_id=f"p{n}", project_name=f"BIO{n:06}")
            for n in range(ALLOCATIONS)
        ]
    )
    Membership.objects.bulk_create(
        [
            Membership(
                user=person,
                allocation=allocations[n % ALLOCATIONS],
                role="pi" if n < ALLOCATIONS else "member",
            )
            for n, person in enumerate(people)
        ]
    )
    Grant.objects.bulk_create(
        [
            Grant(
                allocation=allocation,
                resource="cpu",
                provider_resource="cpu",
                awarded=Decimal(10_000_000),
                used=Decimal(100),
                starts_on=now.date() - timedelta(days=30 + n % 200),
                ends_on=now.date() + timedelta(days=150),
                as_of=now - timedelta(hours=6),
            )
            for n, allocation in enumerate(allocations)
        ]
    )
    return people, allocations


def _budgets(allocations: list[Any], people: list[Any]) -> None:
    from allocations.budgets.models import Budget

    rows = []
    for n, allocation in enumerate(allocations):
        rows.append(
            Budget(allocation=allocation, subject="default", subject_key="default", su=Decimal(500_000))
        )
        member = people[n + ALLOCATIONS]
        rows.append(
            Budget(
                allocation=allocation,
                subject="member",
                subject_key=f"member:{member.pk}",
                user=member,
                su=Decimal(500_000),
                period="grant",
            )
        )
    Budget.objects.bulk_create(rows)


def _machines(allocations: list[Any], people: list[Any]) -> None:
    """Each with an entry of each day."""
    from django.utils import timezone

    from allocations.models import LedgerEntry
    from allocations.rates import midnight
    from instances.models import Instance

    today = midnight(timezone.now())
    rows = [
        Instance(
            allocation=allocations[n % ALLOCATIONS],
            server_id=f"server-{n}",
            name=f"m{n}",
            owner=people[n % ALLOCATIONS + ALLOCATIONS * (1 + n % 4)],
            status="ACTIVE",
            flavor_name="m3.quad",
            vcpus=4,
            created_at=today - timedelta(days=DAYS),
            state_since=today,
            seen_at=timezone.now(),
            charged_until=today,
        )
        for n in range(MACHINES)
    ]
    Instance.objects.bulk_create(rows, batch_size=1000)
    for back in range(1, DAYS + 1):
        day = today - timedelta(days=back)
        LedgerEntry.objects.bulk_create([_entry(row, day) for row in rows], batch_size=2000)


def _entry(row: Any, day: Any) -> Any:
    from allocations.models import LedgerEntry

    return LedgerEntry(
        key=f"{row.pk}:{day:%Y%m%d}",
        allocation_id=row.allocation_id,
        resource="cpu",
        instance_id=str(row.pk),
        instance_name=row.name,
        owner_key=str(row.owner_id),
        flavor_name="m3.quad",
        status="ACTIVE",
        day=day.date(),
        starts_at=day,
        ends_at=day + timedelta(days=1),
        su=Decimal(96),
    )
