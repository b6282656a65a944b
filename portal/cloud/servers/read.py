"""Reading servers. Written for thousands of rows: one pass, no SDK objects."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from portal.cloud import calls, flavors, translate
from portal.cloud.connection import Cloud
from portal.cloud.parse import Row, moment, moment_or_none, number, text, texts, words
from portal.cloud.types import Address, Fault, Flavor, Server

# From here on a server says what its flavor is; an older Nova names it by id only.
FLAVOR_FACTS = "2.47"
# From here on tags can be given at creation, so that a server can be found by them.
TAGS_AT_CREATION = "2.52"
Flavors = Mapping[str, Flavor]


@translate.translated("compute")
def list_servers(cloud: Cloud, *, changes_since: datetime | None = None) -> list[Server]:
    """All servers of the project. With `changes_since` those changed from then on, deleted ones included."""
    params: dict[str, str | int] = {}
    if changes_since is not None:
        params["changes-since"] = changes_since.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    rows = _rows(cloud, params)
    known = _flavors(cloud, rows)
    return [_server(row, known) for row in rows]


@translate.translated("compute")
def get_server(cloud: Cloud, server_id: str) -> Server:
    row = calls.compute(cloud, "GET", f"/servers/{server_id}")["server"]
    return _server(row, _flavors(cloud, [row]))


@translate.translated("compute")
def find_by_tag(cloud: Cloud, tag: str) -> Server | None:
    """The server with this tag; the oldest where several have it."""
    found = sorted(
        (_server(row, {}) for row in _rows(cloud, {"tags": tag})), key=lambda server: server.created
    )
    # Nova ignores filters that it does not know: an unfiltered list must not pass for a find.
    return next((server for server in found if tag in server.tags), None)


@translate.translated("compute")
def find_made(cloud: Cloud, *, tag: str, metadata: tuple[str, str]) -> Server | None:
    """The server that `create_server` made with this tag, or with this metadata where Nova is too old for tags.

    Both are part of the request that makes it, so that either there is no server or it is found.
    """
    if calls.compute_has(cloud, TAGS_AT_CREATION):
        return find_by_tag(cloud, tag)
    key, value = metadata
    found = sorted(list_servers(cloud), key=lambda server: server.created)
    return next((server for server in found if server.metadata.get(key) == value), None)


def _flavors(cloud: Cloud, rows: list[dict[str, Any]]) -> Flavors:
    """What an old Nova leaves out of servers; one that was withdrawn meanwhile stays unknown."""
    if not rows or calls.compute_has(cloud, FLAVOR_FACTS):
        return {}
    return {flavor.id: flavor for flavor in flavors.list_flavors(cloud)}


def _rows(cloud: Cloud, params: dict[str, str | int]) -> list[dict[str, Any]]:
    version = calls.compute_version(cloud, least="2.1")
    return calls.rows(cloud, "compute", "/servers/detail", "servers", params=params, microversion=version)


def _flavor_of(row: Row, known: Flavors) -> Row:
    """The flavor as newer versions of Nova embed it."""
    told: Row = row.get("flavor") or {}
    found = known.get(text(told, "id"))
    if found is None:
        return told
    return {
        "id": found.id,
        "original_name": found.name,
        "vcpus": found.vcpus,
        "ram": found.ram_mb,
        "disk": found.disk_gb,
        "extra_specs": found.extra_specs,
    }


def _server(row: Row, known: Flavors) -> Server:
    # From 2.69 on, Nova answers for servers of a cell that is down with a few keys only: hence the tolerance.
    flavor = _flavor_of(row, known)
    image = row.get("image")
    fault = row.get("fault")
    return Server(
        id=row["id"],
        name=text(row, "name"),
        status=text(row, "status") or "UNKNOWN",
        vm_state=text(row, "OS-EXT-STS:vm_state"),
        task_state=row.get("OS-EXT-STS:task_state"),
        power_state=number(row, "OS-EXT-STS:power_state"),
        locked=bool(row.get("locked")),
        locked_reason=text(row, "locked_reason"),
        user_id=text(row, "user_id"),
        project_id=text(row, "tenant_id"),
        hostname=text(row, "OS-EXT-SRV-ATTR:hostname"),
        description=text(row, "description"),
        flavor_name=text(flavor, "original_name"),
        flavor_id=flavor.get("id"),
        vcpus=number(flavor, "vcpus"),
        ram_mb=number(flavor, "ram"),
        disk_gb=number(flavor, "disk"),
        flavor_extra_specs=words(flavor.get("extra_specs")),
        image_id=text(image, "id") or None if image else None,
        addresses=_addresses(row.get("addresses") or {}),
        key_name=row.get("key_name"),
        metadata=words(row.get("metadata")),
        tags=texts(row.get("tags")),
        security_groups=tuple(
            dict.fromkeys(text(group, "name") for group in row.get("security_groups") or ())
        ),
        volume_ids=tuple(volume["id"] for volume in row.get("os-extended-volumes:volumes_attached") or ()),
        fault=_fault(fault) if fault else None,
        availability_zone=text(row, "OS-EXT-AZ:availability_zone"),
        config_drive=text(row, "config_drive").lower() == "true",
        progress=number(row, "progress"),
        created=moment(row["created"]),
        updated=moment(row.get("updated") or row["created"]),
        launched_at=moment_or_none(row.get("OS-SRV-USG:launched_at")),
        terminated_at=moment_or_none(row.get("OS-SRV-USG:terminated_at")),
    )


def _addresses(networks: Row) -> tuple[Address, ...]:
    return tuple(
        Address(
            network=name,
            address=entry["addr"],
            version=int(entry["version"]),
            kind="floating" if entry.get("OS-EXT-IPS:type") == "floating" else "fixed",
            mac=text(entry, "OS-EXT-IPS-MAC:mac_addr"),
        )
        for name, entries in networks.items()
        for entry in entries
    )


def _fault(row: Row) -> Fault:
    return Fault(
        code=number(row, "code"),
        message=translate.clean(text(row, "message")),
        created=moment_or_none(row.get("created")),
    )
