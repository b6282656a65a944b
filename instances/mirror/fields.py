"""What a row of the mirror takes from a server. Pure. Strangers wrote every text: it is cut and cleaned."""

import ipaddress
from collections.abc import Iterable
from datetime import datetime
from functools import lru_cache
from typing import Any

from instances import console, exosphere
from instances.catalogue import gpus_of
from instances.statuses import DELETED
from portal.cloud.schema import PortalCloud
from portal.cloud.types import Address, Server

# These alone are no news for a page.
UNSEEN = frozenset({"cloud_updated_at"})
# What tells that a state changed, for the clock of deadlines and bars.
STATE = ("status", "task_state", "locked")
_SECRET_TAG = "exoPw:"  # noqa: S105 (a prefix by which passphrases are recognised and left out)
_SECRET_METADATA = frozenset({"exouserPassword"})
_MANY = 200


def facts_of(server: Server, cloud: PortalCloud) -> dict[str, Any]:
    """Fields that come from the server alone. Root volume, owner and creator's name need more: see `joins`."""
    addresses = _addresses(server.addresses)
    facts: dict[str, Any] = {
        "name": clean(server.name, 255) or server.id[:64],
        "cloud_user_id": clean(server.user_id, 64),
        "status": clean(server.status, 32) or "UNKNOWN",
        "vm_state": clean(server.vm_state, 32),
        "task_state": clean(server.task_state or "", 64),
        "power_state": min(max(server.power_state, 0), 32767),
        "locked": server.locked,
        "fault_message": clean(server.fault.message, 2000) if server.fault else "",
        "flavor_name": clean(server.flavor_name, 255),
        "vcpus": _count(server.vcpus),
        "ram_mb": _count(server.ram_mb),
        "gpus": gpus_of(server.flavor_extra_specs, cloud),
        "volume_backed": server.image_id is None,
        "key_name": clean(server.key_name or "", 255),
        "hostname": clean(server.hostname, 255),
        "availability_zone": clean(server.availability_zone, 255),
        "addresses": addresses,
        "public_address": _public(addresses),
        "private_address": _private(addresses),
        "security_groups": [clean(name, 255) for name in server.security_groups[:_MANY]],
        "metadata": _metadata(server.metadata),
        "tags": [clean(tag, 60) for tag in server.tags[:_MANY] if not tag.startswith(_SECRET_TAG)],
        "created_at": server.created,
        "launched_at": server.launched_at,
        "cloud_updated_at": server.updated,
        "deleted_at": _deleted_at(server),
    }
    if server.image_id is not None:
        facts |= {"image_id": clean(server.image_id, 64), "disk_gb": _count(server.disk_gb)}
    return facts


def setup_of(metadata: dict[str, str], current: str) -> tuple[str, datetime | None]:
    """The set-up status that holds, given what stood in our row: it only moves forwards."""
    found = exosphere.marks_of(metadata)
    if not found.reports_setup or found.setup is None:
        return current, None
    if not current:
        return found.setup.status, found.setup.at
    return console.forward(current, found.setup.status), found.setup.at


def clean(text: str, limit: int) -> str:
    """Printable characters only: no database, log or terminal gets anything else."""
    if not text.isprintable():
        text = "".join(character for character in text if character.isprintable())
    return text[:limit]


def _count(number: int) -> int:
    return min(max(number, 0), 2_147_483_647)


def _metadata(given: dict[str, str]) -> dict[str, str]:
    kept = [(key, value) for key, value in given.items() if key not in _SECRET_METADATA]
    return {clean(key, 255): clean(value, 255) for key, value in kept[:_MANY]}


def _addresses(given: Iterable[Address]) -> list[dict[str, Any]]:
    return [
        {
            "network": clean(address.network, 255),
            "address": address.address,
            "version": address.version,
            "kind": address.kind,
        }
        for address in given
        if _parsed(address.address) is not None
    ][:_MANY]


def _public(addresses: list[dict[str, Any]]) -> str:
    """The address to reach it by: a floating one, else a fixed one that is public, IPv4 first."""
    outside = [row for row in addresses if row["kind"] == "floating" or _is_global(row["address"])]
    best = sorted(outside, key=lambda row: (row["kind"] != "floating", row["version"]))
    return str(best[0]["address"]) if best else ""


def _private(addresses: list[dict[str, Any]]) -> str:
    inside = [row for row in addresses if row["kind"] == "fixed" and not _is_global(row["address"])]
    best = sorted(inside, key=lambda row: int(row["version"]))
    return str(best[0]["address"]) if best else ""


def _is_global(address: str) -> bool:
    parsed = _parsed(address)
    return parsed is not None and parsed.is_global


@lru_cache(maxsize=20_000)
def _parsed(address: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(address)
    except ValueError:
        return None


def _deleted_at(server: Server) -> datetime | None:
    return (server.terminated_at or server.updated) if server.status == DELETED else None
