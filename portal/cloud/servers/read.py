"""Reading servers. Written for thousands of rows: one pass, no SDK objects."""

from datetime import UTC, datetime
from typing import Any

from portal.cloud import calls, translate
from portal.cloud.connection import Cloud
from portal.cloud.parse import Row, moment, moment_or_none, number, text, texts, words
from portal.cloud.types import Address, Fault, Server

# Tags are part of a server from 2.26 on, the flavor's facts from 2.47 on.
LEAST = "2.47"


@translate.translated("compute")
def list_servers(cloud: Cloud, *, changes_since: datetime | None = None) -> list[Server]:
    """All servers of the project. With `changes_since` those changed from then on, deleted ones included."""
    params: dict[str, str | int] = {}
    if changes_since is not None:
        params["changes-since"] = changes_since.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return [_server(row) for row in _rows(cloud, params)]


@translate.translated("compute")
def get_server(cloud: Cloud, server_id: str) -> Server:
    return _server(calls.compute(cloud, "GET", f"/servers/{server_id}", least=LEAST)["server"])


@translate.translated("compute")
def find_by_tag(cloud: Cloud, tag: str) -> Server | None:
    """The server with this tag; the oldest where several have it."""
    found = sorted((_server(row) for row in _rows(cloud, {"tags": tag})), key=lambda server: server.created)
    # Nova ignores filters that it does not know: an unfiltered list must not pass for a find.
    return next((server for server in found if tag in server.tags), None)


def _rows(cloud: Cloud, params: dict[str, str | int]) -> list[dict[str, Any]]:
    version = calls.compute_version(cloud, least=LEAST)
    return calls.rows(cloud, "compute", "/servers/detail", "servers", params=params, microversion=version)


def _server(row: Row) -> Server:
    # From 2.69 on, Nova answers for servers of a cell that is down with a few keys only: hence the tolerance.
    flavor = row.get("flavor") or {}
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
