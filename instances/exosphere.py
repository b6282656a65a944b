"""Exosphere's marks on servers, read and written so that both portals show the same machine. Pure.

What stands in metadata was written by anyone in the project: every value is checked before it is believed.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal

VERSION = "6"
SETUP_KEY = "exoSetup"
# Ours stand under a prefix of their own, because Exosphere's keys must never mean anything else.
INSTANCE_KEY = "helioInstance"
DESKTOP_KEY = "helioDesktop"
LEGACY_ADDRESS_KEY = "exoCreateFloatingIp"
IMAGE_MARK = {"from-exosphere": "true"}

AddressOption = Literal["automatic", "existing", "none"]
_OPTIONS: dict[str, AddressOption] = {
    "automatic": "automatic",
    "useFloatingIp": "existing",
    "doNotUseFloatingIp": "none",
}
_WRITTEN: dict[AddressOption, str] = {option: text for text, option in _OPTIONS.items()}
SETUP_STATUSES = frozenset({"waiting", "starting", "running", "complete", "error", "timeout", "unknown"})
OPEN_SETUP = frozenset({"waiting", "starting", "running"})
_VALUE_LIMIT = 255


@dataclass(frozen=True, slots=True)
class Setup:
    status: str
    at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Marks:
    """What Exosphere's metadata says about a server; `version` None: it was not made in Exosphere's way."""

    version: int | None
    creator: str
    setup: Setup | None
    desktop: bool
    address: AddressOption
    reuse_address: str


def metadata_of(
    *,
    client: str,
    creator: str,
    instance_id: str,
    desktop: bool,
    address: AddressOption,
    floating_ip_id: str = "",
) -> dict[str, str]:
    """The metadata of a new server. `exoGuac` is left out because our machines do not run Guacamole."""
    written = {
        "exoServerVersion": VERSION,
        "exoClientUuid": client,
        "exoCreatorUsername": creator[:_VALUE_LIMIT],
        SETUP_KEY: setup_text("waiting", None),
        "exoFloatingIpOption": _WRITTEN[address],
        INSTANCE_KEY: instance_id,
        DESKTOP_KEY: "true" if desktop else "false",
    }
    if address == "existing":
        written["exoFloatingIpReuseOption"] = floating_ip_id or "create"
    return written


def setup_text(status: str, at: datetime | None) -> str:
    """The value of `exoSetup`: milliseconds, or null where no time is known."""
    epoch = round(at.timestamp() * 1000) if at else None
    return json.dumps({"status": status, "epoch": epoch}, separators=(",", ":"))


def marks_of(metadata: Mapping[str, str]) -> Marks:
    return Marks(
        version=_version(metadata),
        creator=metadata.get("exoCreatorUsername", "")[:_VALUE_LIMIT],
        setup=parse_setup(metadata.get(SETUP_KEY, "")),
        desktop=metadata.get(DESKTOP_KEY) == "true" or _json(metadata.get("exoGuac", "")).get("vnc") is True,
        address=_address_option(metadata),
        reuse_address=metadata.get("exoFloatingIpReuseOption", "")[:64],
    )


# Ordinary cloud images name their first account after the distribution.
_DISTRO_USERS = ("ubuntu", "debian", "rocky", "almalinux", "centos", "fedora")


def login_user(metadata: Mapping[str, str], image_name: str) -> str:
    """The account to log in to by SSH; empty where nobody can tell. Ours and Exosphere's machines have `exouser`."""
    if _version(metadata) is not None:
        return "exouser"
    return next((user for user in _DISTRO_USERS if user in image_name.lower()), "")


def _version(metadata: Mapping[str, str]) -> int | None:
    given = metadata.get("exoServerVersion", "")
    if given.isascii() and given.isdigit() and len(given) < 6:
        return int(given)
    return 0 if "exouserPassword" in metadata else None


def _address_option(metadata: Mapping[str, str]) -> AddressOption:
    """Missing means none, and a word nobody knows means automatic: as Exosphere reads it."""
    if "exoFloatingIpOption" not in metadata:
        return "none"
    return _OPTIONS.get(metadata["exoFloatingIpOption"], "automatic")


def parse_setup(text: str) -> Setup | None:
    """`{"status": …, "epoch": …}`, or the plain word of older servers. None for anything else."""
    if text in SETUP_STATUSES:
        return Setup(text, None)
    found = _json(text)
    status = found.get("status", found.get("exoSetup"))
    if not isinstance(status, str) or status not in SETUP_STATUSES:
        return None
    return Setup(status, _moment(found.get("epoch")))


def _json(text: str) -> dict[str, Any]:
    try:
        found = json.loads(text[:4096])
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _moment(epoch: object) -> datetime | None:
    if not isinstance(epoch, int) or isinstance(epoch, bool) or not 0 < epoch < 32_503_680_000_000:
        return None
    return datetime.fromtimestamp(epoch / 1000, UTC)
