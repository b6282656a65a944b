from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.utils import timezone

from allocations.models import Allocation
from instances.advice.models import Sighting
from instances.models import CatalogueItem, Instance
from portal.accounts.models import User
from tests.instances.rows import machine, offer


@pytest.fixture(autouse=True)
def offered(allocation: Allocation) -> None:
    offer(allocation)


@pytest.fixture
def stopped(allocation: Allocation, member: User) -> Instance:
    """Bob's, stopped ten days ago and charged since."""
    long_ago = timezone.now() - timedelta(days=10)
    return machine(
        allocation, member, name="resting", status="SHUTOFF", server_id=str(uuid4()), state_since=long_ago
    )


@pytest.fixture
def volume(allocation: Allocation) -> CatalogueItem:
    """200 GB that no machine has, seen so for a month."""
    return unused_volume(allocation, "vol-1")


def unused_volume(allocation: Allocation, id: str, days: int = 30, **data: Any) -> CatalogueItem:
    now = timezone.now()
    stored = {
        "id": id,
        "name": f"data of {id}",
        "description": "",
        "status": "available",
        "size_gb": 200,
        "bootable": False,
        "attachments": [],
        "metadata": {},
        "volume_type": "",
        "image_name": "",
        "user_id": "",
        "created": now.isoformat(),
        **data,
    }
    if days:
        Sighting.objects.create(
            allocation=allocation, kind="volume", cloud_id=id, since=now - timedelta(days=days)
        )
    return CatalogueItem.objects.create(
        allocation=allocation, kind="volume", cloud_id=id, name=stored["name"], data=stored, seen_at=now
    )
