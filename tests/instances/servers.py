"""Servers as the gateway gives them, for tests of the mirror that need no cloud."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

from portal.cloud.types import Address, Server

LONG_AGO = datetime(2026, 1, 5, 12, 0, tzinfo=UTC)


def server(name: str = "lab", **changes: Any) -> Server:
    made = Server(
        id=str(uuid4()),
        name=name,
        status="ACTIVE",
        vm_state="active",
        task_state=None,
        power_state=1,
        locked=False,
        locked_reason="",
        user_id="user-of-somebody",
        project_id="project-of-bio220047",
        hostname="lab",
        description="",
        flavor_name="m3.small",
        flavor_id=None,
        vcpus=2,
        ram_mb=6144,
        disk_gb=20,
        flavor_extra_specs={},
        image_id="image-1",
        addresses=(fixed("10.0.0.5"),),
        key_name=None,
        metadata={},
        tags=(),
        security_groups=("exosphere",),
        volume_ids=(),
        fault=None,
        availability_zone="nova",
        config_drive=False,
        progress=0,
        created=LONG_AGO,
        updated=LONG_AGO + timedelta(minutes=1),
        launched_at=LONG_AGO + timedelta(seconds=40),
        terminated_at=None,
    )
    return replace(made, **changes)


def fixed(address: str) -> Address:
    version = 6 if ":" in address else 4
    return Address(network="auto_allocated_network", address=address, version=version, kind="fixed", mac="")


def floating(address: str) -> Address:
    return Address(network="auto_allocated_network", address=address, version=4, kind="floating", mac="")
