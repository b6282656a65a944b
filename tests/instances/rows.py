"""Rows for tests that need no cloud: machines, and what a cloud offers."""

from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

from django.utils import timezone

from allocations.models import Allocation
from instances.models import CatalogueItem, Instance, Poll
from portal.accounts.models import User

OFFERED: dict[str, dict[str, dict[str, Any]]] = {
    "flavor": {
        "1": {"name": "m3.tiny", "vcpus": 1, "ram_mb": 3072, "disk_gb": 20},
        "2": {"name": "m3.small", "vcpus": 2, "ram_mb": 6144, "disk_gb": 20},
        "4": {"name": "m3.quad", "vcpus": 4, "ram_mb": 15360, "disk_gb": 20},
        "12": {"name": "m3.2xl", "vcpus": 64, "ram_mb": 256000, "disk_gb": 60},
        "20": {
            "name": "g3.medium",
            "vcpus": 8,
            "ram_mb": 30720,
            "disk_gb": 60,
            "extra_specs": {"resources:CUSTOM_A100X_10C": "1"},
        },
        "30": {"name": "r3.large", "vcpus": 64, "ram_mb": 512000, "disk_gb": 60},
        "40": {"name": "p3.odd", "vcpus": 2, "ram_mb": 4096, "disk_gb": 20},
        "50": {"name": "m3.old", "vcpus": 2, "ram_mb": 4096, "disk_gb": 20, "disabled": True},
    },
    "image": {
        "ubuntu-new": {"name": "Featured-Ubuntu24", "created": "2026-06-01T00:00:00+00:00"},
        "ubuntu-old": {"name": "Featured-Ubuntu24", "created": "2026-01-01T00:00:00+00:00"},
        "big": {
            "name": "Own-Big",
            "visibility": "private",
            "owner": "project-of-bio220047",
            "min_disk_gb": 60,
        },
        "hungry": {"name": "Hungry", "min_ram_mb": 8192},
        "saving": {"name": "Saving", "status": "saving"},
    },
    "network": {
        "net-1": {"name": "auto_allocated_network"},
        "net-public": {"name": "public", "external": True},
    },
    "floating_ip": {
        "ip-free": {"address": "149.165.1.9"},
        "ip-used": {"address": "149.165.1.8", "port_id": "port-1"},
    },
}
_STAMP = "2026-03-01T00:00:00+00:00"
_REST: dict[str, dict[str, Any]] = {
    "flavor": {"ephemeral_gb": 0, "public": True, "disabled": False, "description": "", "extra_specs": {}},
    "image": {
        "status": "active",
        "visibility": "public",
        "owner": "admin",
        "size_bytes": 3 * 1024**3,
        "min_disk_gb": 10,
        "min_ram_mb": 0,
        "os_distro": "ubuntu",
        "os_version": "24.04",
        "os_type": "linux",
        "is_snapshot": False,
        "protected": False,
        "tags": [],
        "properties": {},
        "created": _STAMP,
        "updated": _STAMP,
    },
    "network": {
        "external": False,
        "shared": False,
        "status": "ACTIVE",
        "admin_up": True,
        "subnet_ids": ["s"],
    },
    "floating_ip": {
        "status": "DOWN",
        "port_id": None,
        "fixed_address": None,
        "server_id": None,
        "description": "",
        "tags": [],
    },
}


def offer(allocation: Allocation) -> None:
    """The catalogue of an allocation, read just now."""
    now = timezone.now()
    Poll.objects.create(allocation=allocation, what=Poll.What.CATALOGUE, next_at=now, ok_at=now)
    for kind, found in OFFERED.items():
        for cloud_id, data in found.items():
            CatalogueItem.objects.create(
                allocation=allocation,
                kind=kind,
                cloud_id=cloud_id,
                name=data["name"] if "name" in data else data["address"],
                data={**_REST[kind], "id": cloud_id, **data},
                seen_at=now,
            )


def offer_key(allocation: Allocation, user: User, name: str = "laptop") -> None:
    key = {"name": name, "fingerprint": "aa:bb", "public_key": "ssh-ed25519 AAAA", "type": "ssh"}
    CatalogueItem.objects.create(
        allocation=allocation,
        kind="keypair",
        cloud_id=name,
        name=name,
        user=user,
        data=key,
        seen_at=timezone.now(),
    )


def machine(allocation: Allocation, owner: User | None = None, **changes: Any) -> Instance:
    """A machine that has run for a day."""
    now: datetime = timezone.now()
    given: dict[str, Any] = {
        "server_id": str(uuid4()),
        "name": "lab",
        "status": "ACTIVE",
        "flavor_name": "m3.small",
        "vcpus": 2,
        "ram_mb": 6144,
        "disk_gb": 20,
        "created_at": now - timedelta(days=1),
        "launched_at": now - timedelta(days=1),
        "state_since": now - timedelta(days=1),
        "seen_at": now,
        "charged_until": now,
    }
    return Instance.objects.create(allocation=allocation, owner=owner, **{**given, **changes})
