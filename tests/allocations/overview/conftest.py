"""Machines of people, and what they have cost so far, as the layers above tell it."""

from collections.abc import Callable
from datetime import UTC, datetime, time, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from allocations.models import Allocation, LedgerEntry
from instances.models import Instance
from portal.accounts.models import User

Made = Callable[..., Instance]
SignedIn = Callable[[User], Client]


@pytest.fixture
def signed_in() -> SignedIn:
    def sign_in(user: User) -> Client:
        client = Client()
        client.force_login(user)
        return client

    return sign_in


@pytest.fixture
def machine(db: None) -> Made:
    def make(
        allocation: Allocation,
        owner: User | None = None,
        name: str = "",
        flavor: str = "m3.quad",
        **more: Any,
    ) -> Instance:
        now = timezone.now()
        number = Instance.objects.count()
        given: dict[str, Any] = {"status": "ACTIVE", "vcpus": 4, "disk_gb": 20, "charged_until": now}
        return Instance.objects.create(
            allocation=allocation,
            owner=owner,
            name=name or f"node-{number}",
            server_id=f"server-{number}",
            flavor_name=flavor,
            created_at=now,
            state_since=now,
            **{**given, **more},
        )

    return make


def spend(
    allocation: Allocation, days_ago: int, su: int | str, resource: str = "cpu", **more: Any
) -> LedgerEntry:
    """One entry of the ledger, of noon to one o'clock of that day."""
    day = timezone.now().astimezone(UTC).date() - timedelta(days=days_ago)
    start = datetime.combine(day, time(12), UTC)
    given: dict[str, Any] = {
        "key": f"{allocation.pk}:{resource}:{day}:{LedgerEntry.objects.count()}",
        "instance_id": "machine",
        "instance_name": "node",
        "flavor_name": "m3.quad",
        "status": "ACTIVE",
        "starts_at": start,
        "ends_at": start + timedelta(hours=1),
        "day": day,
    }
    return LedgerEntry.objects.create(
        allocation=allocation, resource=resource, su=Decimal(su), **{**given, **more}
    )
