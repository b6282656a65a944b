"""Exosphere as a reader, from what is known of its decoders and conventions (shared/research/exosphere.md, section 2).

It is strict as that is: what it cannot decode loses it the whole list, so everything here raises `Breaks`. Of what it decodes,
`hazards` tells what would make it ask the cloud without end, or show something that is not so.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

STATUSES = frozenset(
    {
        *(
            "ACTIVE",
            "BUILD",
            "DELETED",
            "ERROR",
            "HARD_REBOOT",
            "MIGRATING",
            "PASSWORD",
            "PAUSED",
            "REBOOT",
            "REBUILD",
        ),
        *(
            "RESCUE",
            "RESIZE",
            "REVERT_RESIZE",
            "SHELVED",
            "SHELVED_OFFLOADED",
            "SHUTOFF",
            "SOFT_DELETED",
            "STOPPED",
        ),
        *("SUSPENDED", "UNKNOWN", "VERIFY_RESIZE"),
    }
)
POWER = frozenset({0, 1, 3, 4, 6, 7})
SETUPS = ("waiting", "starting", "running", "complete", "error", "timeout", "unknown")
OPEN = frozenset({"waiting", "starting", "running", "unknown"})
OPTIONS = frozenset({"automatic", "useFloatingIp", "doNotUseFloatingIp"})
# Those that lose it the list: other portals use them, ours must not.
VOLUME_STATUSES_UNKNOWN = frozenset({"managing", "error_managing"})
IMAGE_STATUSES = frozenset(
    ["queued", "saving", "active", "killed", "deleted", "pending_delete", "deactivated"]
)
# Description, direction, ethertype, protocol, ports: compared letter by letter each two minutes, and made so again.
RULES = {
    ("SSH", "ingress", "IPv4", "tcp", 22, 22),
    ("SSH IPv6", "ingress", "IPv6", "tcp", 22, 22),
    ("Ping", "ingress", "IPv4", "icmp", None, None),
    ("Ping IPv6", "ingress", "IPv6", "ipv6-icmp", None, None),
    ("Mosh", "ingress", "IPv4", "udp", 60000, 61000),
    ("Expose all incoming ports", "ingress", "IPv4", "tcp", None, None),
    ("Allow all outgoing IPv4 traffic", "egress", "IPv4", None, None, None),
    ("Allow all outgoing IPv6 traffic", "egress", "IPv6", None, None, None),
}


class Breaks(AssertionError):
    """Exosphere cannot decode it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """A server as Exosphere has it in memory."""

    name: str
    status: str
    version: int
    creator: str
    client: UUID
    setup: str
    setup_epoch: int | None
    web_shell: bool
    web_desktop: bool
    address: str
    public_addresses: tuple[str, ...]
    passphrase: str


def server(document: Mapping[str, Any]) -> Seen:
    """One element of `GET /servers/detail` at 2.27."""
    metadata = document["metadata"]
    _must(all(isinstance(value, str) for value in metadata.values()), "a metadata value is no string")
    _must(document["status"] in STATUSES, f"status {document['status']!r}")
    _must(document["OS-EXT-STS:power_state"] in POWER, f"power state {document['OS-EXT-STS:power_state']!r}")
    _must(isinstance(document["locked"], bool), "locked")
    tags = document["tags"]
    _must(all(len(tag) <= 60 and not set(tag) & set(",/") for tag in tags), f"tags {tags!r}")
    status, epoch = _setup(metadata)
    guac = _json(metadata, "exoGuac")
    option = metadata.get("exoFloatingIpOption", "doNotUseFloatingIp")
    if option == "useFloatingIp":
        reuse = metadata["exoFloatingIpReuseOption"]
        _must(reuse == "create" or _is_uuid(reuse), f"exoFloatingIpReuseOption {reuse!r}")
    if guac is not None:
        _must(guac.get("v") == 1 and isinstance(guac.get("ssh"), bool), f"exoGuac {guac!r}")
    return Seen(
        name=document["name"],
        status=document["status"],
        version=_integer(metadata.get("exoServerVersion", "")),
        creator=metadata.get("exoCreatorUsername", ""),
        client=UUID(metadata["exoClientUuid"]),
        setup=status,
        setup_epoch=epoch,
        web_shell=bool(guac and guac["ssh"]),
        web_desktop=bool(guac and guac.get("vnc")),
        address=option if option in OPTIONS else "automatic",
        public_addresses=tuple(
            found["addr"]
            for network in document["addresses"].values()
            for found in network
            if found.get("OS-EXT-IPS:type") == "floating"
        ),
        passphrase=next((tag.removeprefix("exoPw:") for tag in tags if tag.startswith("exoPw:")), ""),
    )


def hazards(seen: Seen, *, settled: bool) -> list[str]:
    """What goes wrong in every open tab although it can be decoded. `settled`: its set-up has ended."""
    found = []
    if seen.version >= 4 and seen.setup == "unknown":
        found.append("the whole console log is fetched each 15 s for as long as it runs")
    if settled and seen.setup in OPEN:
        found.append("its set-up never ends, and its console is read for it")
    if (
        settled
        and seen.status == "ACTIVE"
        and seen.address != "doNotUseFloatingIp"
        and not seen.public_addresses
    ):
        found.append("it is shown as waiting for its address for good")
    if seen.web_shell or seen.web_desktop:
        found.append("buttons for Guacamole, which does not run there")
    if not seen.creator:
        found.append("nobody is shown as its creator")
    return found


def status_line(text: str) -> tuple[str, int | None] | None:
    """The set-up status that a console log tells: of its lines the last that is one."""
    last = None
    for found in _objects(text):
        status, epoch = found.get("status", found.get("exoSetup")), found.get("epoch")
        if isinstance(status, str) and status in SETUPS and _is_integer_or_none(epoch):
            last = (status, epoch)
    return last


def usage(text: str) -> dict[int, dict[str, Any]]:
    """What its graphs show of a console log, by milliseconds."""
    series = {}
    for found in _objects(text):
        keys = ("epoch", "cpuPctUsed", "memPctUsed", "rootfsPctUsed")
        if not all(_is_integer(found.get(key)) for key in keys):
            continue
        gpus = found.get("gpuPctUsed")
        alone = gpus is None or _is_integer(gpus)
        _must(alone or (isinstance(gpus, list) and all(map(_is_integer, gpus))), f"gpuPctUsed {gpus!r}")
        series[found["epoch"] * 1000] = found
    return series


def group_is_untouched(document: Mapping[str, Any]) -> bool:
    """Whether an open tab would leave the default group as it is."""
    _must("created_at" in document and isinstance(document["tags"], list), "a group without time or tags")
    rules = [
        (
            rule["description"] or "",
            rule["direction"],
            rule["ethertype"],
            rule["protocol"],
            rule["port_range_min"],
            rule["port_range_max"],
        )
        for rule in document["security_group_rules"]
        if rule["remote_group_id"] is None
    ]
    return len(rules) == len(document["security_group_rules"]) == len(RULES) and set(rules) == RULES


def image(document: Mapping[str, Any]) -> bool:
    """Whether it is a snapshot of Exosphere's kind."""
    _must(isinstance(document["owner"], str), "an image without owner")
    _must(document["status"] in IMAGE_STATUSES, f"image status {document['status']!r}")
    return bool(document.get("from-exosphere") == "true")


def volume(document: Mapping[str, Any]) -> None:
    _must(document["status"] not in VOLUME_STATUSES_UNKNOWN, f"volume status {document['status']!r}")


def floating_ip(document: Mapping[str, Any]) -> None:
    _must(document["status"] in ("ACTIVE", "DOWN", "ERROR"), f"address status {document['status']!r}")


def _setup(metadata: Mapping[str, str]) -> tuple[str, int | None]:
    text = metadata.get("exoSetup", "unknown")
    if text in SETUPS:
        return text, None
    found = _json(metadata, "exoSetup")
    _must(found is not None and found.get("status") in SETUPS, f"exoSetup {text!r}")
    assert found is not None
    _must(_is_integer_or_none(found.get("epoch")), f"exoSetup {text!r}")
    return found["status"], found.get("epoch")


def _json(metadata: Mapping[str, str], key: str) -> dict[str, Any] | None:
    if key not in metadata:
        return None
    try:
        found = json.loads(metadata[key])
    except ValueError:
        raise Breaks(f"{key} is no JSON: {metadata[key]!r}") from None
    _must(isinstance(found, dict), f"{key} is no object")
    return dict(found)


def _objects(text: str) -> list[dict[str, Any]]:
    found = []
    for line in text.splitlines():
        start, end = line.find("{"), line.rfind("}")
        try:
            one = json.loads(line[start : end + 1]) if 0 <= start < end else None
        except ValueError:
            continue
        if isinstance(one, dict):
            found.append(one)
    return found


def _integer(text: str) -> int:
    _must(re.fullmatch(r"-?[0-9]+", text) is not None, f"exoServerVersion {text!r}")
    return int(text)


def _is_integer(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_integer_or_none(value: object) -> bool:
    return value is None or _is_integer(value)


def _is_uuid(text: str) -> bool:
    try:
        UUID(text)
    except ValueError:
        return False
    return True


def _must(holds: bool, what: str) -> None:
    if not holds:
        raise Breaks(what)
