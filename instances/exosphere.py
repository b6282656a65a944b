"""Exosphere's marks on servers, read and written so that both portals show the same machine. Pure.

What stands in metadata was written by anyone in the project: every value is checked before it is believed.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal

VERSION = "6"
_SETUP_SINCE, _WEB_SINCE = 4, 3
SETUP_KEY = "exoSetup"
VERSION_KEY = "exoServerVersion"
ADDRESS_KEY = "exoFloatingIpOption"
# Ours stand under a prefix of their own, because Exosphere's keys must never mean anything else.
INSTANCE_KEY = "helioInstance"
DESKTOP_KEY = "helioDesktop"
ROLE_KEY = "helioRole"
# Which set-up of ours the guest was given: written with the user-data itself.
GUEST_KEY = "helioGuest"
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
    web: "Web | None"
    address: AddressOption
    reuse_address: str

    @property
    def reports_setup(self) -> bool:
        """Whether `exoSetup` and the console lines of set-up mean something: from version 4 on."""
        return self.version is not None and self.version >= _SETUP_SINCE


@dataclass(frozen=True, slots=True)
class Web:
    """What Exosphere serves out of the machine by its own proxy. The portal cannot: the passphrase is not ours."""

    shell: bool
    desktop: bool


def metadata_of(
    *,
    client: str,
    creator: str,
    instance_id: str,
    desktop: bool,
    address: AddressOption,
    floating_ip_id: str = "",
    role: str = "",
) -> dict[str, str]:
    """The metadata of a new server. `exoGuac` is left out because our machines do not run Guacamole."""
    written = {
        VERSION_KEY: VERSION,
        "exoClientUuid": client,
        "exoCreatorUsername": creator[:_VALUE_LIMIT],
        SETUP_KEY: setup_text("waiting", None),
        ADDRESS_KEY: _WRITTEN[address],
        INSTANCE_KEY: instance_id,
        DESKTOP_KEY: "true" if desktop else "false",
    }
    if role:
        written[ROLE_KEY] = role
    if address == "existing":
        written["exoFloatingIpReuseOption"] = floating_ip_id or "create"
    return written


def address_text(option: AddressOption) -> str:
    """The value of `exoFloatingIpOption`."""
    return _WRITTEN[option]


def setup_text(status: str, at: datetime | None) -> str:
    """The value of `exoSetup`: milliseconds, or null where no time is known."""
    epoch = round(at.timestamp() * 1000) if at else None
    return json.dumps({"status": status, "epoch": epoch}, separators=(",", ":"))


def marks_of(metadata: Mapping[str, str]) -> Marks:
    version, guac = _version(metadata), _json(metadata.get("exoGuac", ""))
    has_web = version is not None and version >= _WEB_SINCE and bool(guac)
    return Marks(
        version=version,
        creator=metadata.get("exoCreatorUsername", "")[:_VALUE_LIMIT],
        setup=parse_setup(metadata.get(SETUP_KEY, "")),
        desktop=metadata.get(DESKTOP_KEY) == "true" or guac.get("vnc") is True,
        web=Web(guac.get("ssh") is True, guac.get("vnc") is True) if has_web else None,
        address=_address_option(metadata),
        reuse_address=metadata.get("exoFloatingIpReuseOption", "")[:64],
    )


def desktop_kind(metadata: Mapping[str, str]) -> Literal["ours", "exosphere", ""]:
    """Whose desktop a machine has: the portal shows its own only. Exosphere's asks for TLS inside VNC and a passphrase."""
    if metadata.get(DESKTOP_KEY) == "true":
        return "ours"
    return "exosphere" if marks_of(metadata).desktop else ""


# Ordinary cloud images name their first account after the distribution, or in Red Hat's way.
_DISTRO_USERS = {
    "ubuntu": "ubuntu",
    "debian": "debian",
    "rocky": "rocky",
    "alma": "almalinux",
    "centosstream9": "cloud-user",
    "centosstream10": "cloud-user",
    "centos": "centos",
    "rhel": "cloud-user",
    "redhat": "cloud-user",
    "fedora": "fedora",
    "cirros": "cirros",
}
_BETWEEN_WORDS = str.maketrans("", "", " -_.")


def login_user(metadata: Mapping[str, str], image_name: str) -> str:
    """The account to log in to by SSH; empty where nobody can tell. Ours and Exosphere's machines have `exouser`."""
    if _version(metadata) is not None:
        return "exouser"
    plain = image_name.lower().translate(_BETWEEN_WORDS)
    return next((user for word, user in _DISTRO_USERS.items() if word in plain), "")


def made_here(metadata: Mapping[str, str], instance_id: str) -> bool:
    """Whether this is the machine that the portal gave this id: a copy of the mark on another one counts for nothing."""
    return metadata.get(INSTANCE_KEY) == instance_id


def maker(metadata: Mapping[str, str], instance_id: str) -> str:
    """`here`, `exosphere` or `elsewhere`: whose conventions the machine follows, by what stands in its metadata."""
    if made_here(metadata, instance_id):
        return "here"
    return "exosphere" if _version(metadata) is not None else "elsewhere"


def _version(metadata: Mapping[str, str]) -> int | None:
    given = metadata.get(VERSION_KEY, "")
    if given.isascii() and given.isdigit() and len(given) < 6:
        return int(given)
    return 0 if "exouserPassword" in metadata else None


def _address_option(metadata: Mapping[str, str]) -> AddressOption:
    """Missing means none, and a word nobody knows means automatic: as Exosphere reads it."""
    if ADDRESS_KEY not in metadata:
        return "none"
    return _OPTIONS.get(metadata[ADDRESS_KEY], "automatic")


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
