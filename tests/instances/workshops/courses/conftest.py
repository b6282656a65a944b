"""A cloud's offer as the mirror has it, and drafts to plan."""

from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.test import Client
from django.utils import timezone

from allocations.models import Allocation
from instances.workshops.courses import services
from instances.workshops.courses.wanted import Wanted
from instances.workshops.models import Workshop
from portal.accounts.models import User
from tests.instances.rows import offer

CHICAGO = "America/Chicago"


def next_week() -> datetime:
    """One o'clock in Chicago, in a week."""
    day = timezone.now().astimezone(ZoneInfo(CHICAGO)) + timedelta(days=7)
    return day.replace(hour=13, minute=0, second=0, microsecond=0)


def meeting(days: int = 0, begins: str = "13:00", ends: str = "16:00", **more: Any) -> dict[str, Any]:
    return {"day": f"{next_week() + timedelta(days=days):%Y-%m-%d}", "begins": begins, "ends": ends, **more}


def wanted(**fields: Any) -> Wanted:
    """Three seats and a spare of two cores, on one afternoon."""
    given: dict[str, Any] = {
        "title": "Single cells",
        "time_zone": CHICAGO,
        "image_id": "ubuntu-new",
        "flavor_id": "2",
        "seats": 3,
        "spares": 1,
        "meetings": [meeting()],
    }
    return Wanted.model_validate({**given, **fields})


@pytest.fixture
def place(allocation: Allocation) -> Allocation:
    """The allocation, with what the cloud offers to it."""
    offer(allocation)
    return allocation


@pytest.fixture
def draft(place: Allocation, member: User) -> Workshop:
    """The member's."""
    return services.create(allocation=place, by=member, wanted=wanted())


@pytest.fixture
def as_member(client: Client, member: User) -> Client:
    client.force_login(member)
    return client
