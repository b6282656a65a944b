"""Machines under policies, and a clock to hand to what decides."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from allocations.models import Allocation
from instances.models import Instance
from instances.policies.models import Policy
from instances.policies.rules import AnyRules, DayHours, IdleRules, Kind, LeaseRules, ScheduleRules
from portal.accounts.models import User
from tests.instances.rows import machine as make_machine

# A Tuesday at noon in Chicago, in winter time.
NOON = datetime(2026, 2, 10, 18, 0, tzinfo=UTC)
OFFICE = DayHours(start=8 * 60, end=19 * 60)


def office_hours(**changes: Any) -> ScheduleRules:
    given = {"zone": "America/Chicago", "week": [OFFICE] * 5 + [None] * 2, **changes}
    return ScheduleRules.model_validate(given)


@pytest.fixture
def machine(allocation: Allocation, member: User) -> Instance:
    """The member's, made long before NOON."""
    return make_machine(
        allocation, member, created_at=NOON - timedelta(days=30), state_since=NOON - timedelta(days=20)
    )


Give = Callable[..., Policy]


@pytest.fixture
def give() -> Give:
    """A policy that has held since long before NOON: of a machine, or (`to` an allocation) a default."""

    def make(
        to: Instance | Allocation,
        rules: AnyRules,
        *,
        since: datetime = NOON - timedelta(days=10),
        **more: Any,
    ) -> Policy:
        kinds: dict[type, Kind] = {ScheduleRules: "schedule", LeaseRules: "lease", IdleRules: "idle"}
        place: dict[str, Any] = {"allocation": to}
        if isinstance(to, Instance):
            place = {"allocation": to.allocation, "instance": to}
        return Policy.objects.create(
            **place,
            kind=kinds[type(rules)],
            rules=rules.model_dump(mode="json"),
            since=since,
            set_at=since,
            **more,
        )

    return make
