"""Budgets, limits and what was spent, for tests."""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from django.utils import timezone

from allocations.budgets.models import Budget, Group, GroupMember, Limits, Subject, subject_key
from allocations.models import Allocation, LedgerEntry
from portal.accounts.models import User


def budget(
    allocation: Allocation, on: User | Group | str | None = None, su: float = 100, **changes: Any
) -> Budget:
    """On a person, a group, a machine's id, or with None the default one."""
    place = _place(on)
    return Budget.objects.create(
        allocation=allocation,
        su=Decimal(str(su)),
        subject_key=subject_key(
            place["subject"],
            user_id=getattr(place.get("user"), "pk", None),
            group_id=getattr(place.get("group"), "pk", None),
            machine_id=place.get("machine_id", ""),
        ),
        **{**place, **changes},
    )


def limits(allocation: Allocation, on: User | Group | None = None, **fields: Any) -> Limits:
    place = _place(on)
    key = subject_key(
        place["subject"],
        user_id=getattr(place.get("user"), "pk", None),
        group_id=getattr(place.get("group"), "pk", None),
    )
    return Limits.objects.create(allocation=allocation, subject_key=key, **place, **fields)


def group(allocation: Allocation, name: str, *people: User) -> Group:
    made = Group.objects.create(allocation=allocation, name=name)
    for person in people:
        GroupMember.objects.create(group=made, user=person)
    return made


def spent(
    allocation: Allocation,
    owner: User | None,
    su: float,
    *,
    at: datetime | None = None,
    resource: str = "cpu",
    machine_id: str = "some-machine",
) -> LedgerEntry:
    """An entry of the ledger: so many SUs, a few minutes ago."""
    end = at or timezone.now() - timedelta(seconds=30)
    start = max(end - timedelta(minutes=5), end.replace(hour=0, minute=0, second=0, microsecond=0))
    return LedgerEntry.objects.create(
        key=f"test:{machine_id}:{owner}:{LedgerEntry.objects.count()}",
        allocation=allocation,
        resource=resource,
        instance_id=machine_id,
        instance_name="lab",
        owner_key=str(owner.pk) if owner else "name:somebody",
        owner_name=str(owner),
        flavor_name="m3.small",
        status="ACTIVE",
        starts_at=start,
        ends_at=end,
        su=Decimal(str(su)),
    )


def _place(on: User | Group | str | None) -> dict[str, Any]:
    if isinstance(on, User):
        return {"subject": Subject.MEMBER, "user": on}
    if isinstance(on, Group):
        return {"subject": Subject.GROUP, "group": on}
    if isinstance(on, str):
        return {"subject": Subject.MACHINE, "machine_id": on, "machine_name": "lab"}
    return {"subject": Subject.DEFAULT}
