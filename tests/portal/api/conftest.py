from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from allocations.models import Allocation
from instances.mirror.catalogue import store
from instances.models import Instance, Poll
from portal.accounts import tokens
from portal.accounts.models import User
from portal.cloud.types import Flavor, Image, Network

Api = Callable[..., Any]
FLAVOR = Flavor(
    id="1",
    name="m3.tiny",
    vcpus=1,
    ram_mb=3072,
    disk_gb=20,
    ephemeral_gb=0,
    public=True,
    disabled=False,
    description="",
    extra_specs={},
)


@pytest.fixture
def api() -> Api:
    """`api(user, "GET", "instances", …)` with a token of that user, of scope write unless told otherwise."""

    def call(user: User | None, method: str, path: str, *, scope: str = "write", **more: Any) -> Any:
        headers = dict(more.pop("headers", {}))
        if user is not None:
            headers["Authorization"] = f"Bearer {tokens.issue(user, 'test', scope, 1)[1]}"
        client = Client(headers=headers)
        if method != "GET":
            more = {"content_type": "application/json", "data": more.pop("json", None) or "", **more}
        return getattr(client, method.lower())(f"/api/v1/{path}", **more)

    return call


@pytest.fixture
def catalogue(allocation: Allocation) -> Allocation:
    """The allocation with one flavor, one image and one network in its mirror."""
    now = timezone.now()
    image = Image(
        id="image-1",
        name="Featured-Ubuntu24",
        status="active",
        visibility="public",
        owner="somebody",
        size_bytes=2 * 1024**3,
        min_disk_gb=10,
        min_ram_mb=0,
        os_distro="ubuntu",
        os_version="24.04",
        os_type="linux",
        is_snapshot=False,
        protected=False,
        tags=(),
        properties={},
        created=now,
        updated=now,
    )
    network = Network(
        id="net-1",
        name="auto_allocated_network",
        external=False,
        shared=False,
        status="ACTIVE",
        admin_up=True,
        subnet_ids=(),
    )
    for kind, value in (("flavor", FLAVOR), ("image", image), ("network", network)):
        store(allocation, kind, [value])
    for what in Poll.What:
        Poll.objects.create(allocation=allocation, what=what, next_at=now, ok_at=now)
    return allocation


@pytest.fixture
def machine(allocation: Allocation, member: User) -> Instance:
    """An ACTIVE machine of the member."""
    now = timezone.now()
    return Instance.objects.create(
        allocation=allocation,
        server_id="3f3d6c0e-5f6b-4f6f-9d7e-2f1d2f5a1b11",
        name="blast-node",
        owner=member,
        status="ACTIVE",
        vm_state="active",
        power_state=1,
        flavor_name="m3.small",
        vcpus=2,
        ram_mb=6144,
        disk_gb=20,
        image_name="Featured-Ubuntu24",
        created_at=now - timedelta(days=1),
        state_since=now - timedelta(days=1),
        seen_at=now,
    )
