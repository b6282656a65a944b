"""Rows of this cloud beside those of a real OpenStack (Zed), whose fields and types are in real_shapes.json."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from tests.democloud.cloud import Person
from tests.democloud.test_cinder import ready
from tests.democloud.test_cinder import root as volume_root
from tests.democloud.test_neutron_floating import new_floating, port_of
from tests.democloud.test_neutron_groups import add, new_group
from tests.democloud.test_neutron_lists import ROOT, rows

REAL: dict[str, dict[str, str]] = json.loads(Path(__file__).with_name("real_shapes.json").read_text())
# What the real one showed because of how it was set up: its image's free properties and its storage driver's,
# its volume types' own quotas, extensions that this cloud does not claim to have.
OF_ITS_OWN = {
    "image": {
        "direct_url",
        "stores",
        "ramdisk_id",
        "kernel_id",
        "os_admin_user",
        "os_command_line",
        "featured",
    }
    | {"hw_rng_model", "hw_video_model", "owner_specified.openstack.md5", "owner_specified.openstack.sha256"}
    | {"owner_specified.openstack.object"},
    "network_quota": {"trunk"},
    "volume_quota": {f"{kind}_standard" for kind in ("volumes", "gigabytes", "snapshots")}
    | {f"{kind}___DEFAULT__" for kind in ("volumes", "gigabytes", "snapshots")},
}
Get = Callable[[Person], Awaitable[dict[str, Any]]]


def row(kind: str, query: str = "") -> Get:
    async def get(person: Person) -> dict[str, Any]:
        await person.make_server()
        return (await rows(person, kind, query))[0]

    return get


def at(path: str, *keys: str | int) -> Get:
    """The object under `keys` in the answer to a GET; `{project}` is the asker's."""

    async def get(person: Person) -> dict[str, Any]:
        version = {"OpenStack_API_Version": "placement 1.29"}
        found = (await person.call("GET", path.format(project=person.project_id), **version)).json()
        for key in keys:
            found = (
                list(found.values())[key] if isinstance(key, int) and isinstance(found, dict) else found[key]
            )
        assert isinstance(found, dict)
        return found

    return get


async def floating(person: Person) -> dict[str, Any]:
    return await new_floating(person, port_id=await port_of(person, await person.make_server()))


async def details(person: Person) -> dict[str, Any]:
    found: dict[str, Any] = (await floating(person))["port_details"]
    return found


async def rule(person: Person) -> dict[str, Any]:
    group = await new_group(person)
    ports = {"protocol": "tcp", "port_range_min": 22, "port_range_max": 22}
    return (await add(person, group["id"], description="SSH", **ports))[1]


async def volume(person: Person) -> dict[str, Any]:
    return await at(f"{volume_root(person)}/volumes/{await ready(person)}", "volume")(person)


async def snapshot(person: Person) -> dict[str, Any]:
    wanted = {"snapshot": {"volume_id": await ready(person)}}
    made = (await person.post(f"{volume_root(person)}/snapshots", wanted)).json()["snapshot"]
    person.cloud.advance(5)
    return await at(f"{volume_root(person)}/snapshots/{made['id']}", "snapshot")(person)


async def resource_provider(person: Person) -> dict[str, Any]:
    return await at("/placement/resource_providers", "resource_providers", 0)(person)


async def inventory(person: Person) -> dict[str, Any]:
    one = await resource_provider(person)
    return await at(f"/placement/resource_providers/{one['uuid']}/inventories", "inventories", 0)(person)


CANDIDATES = "/placement/allocation_candidates?resources=CUSTOM_PCI_10DE_2330:1"
OURS: dict[str, Get] = {
    "network": row("networks", "?router:external=false"),
    "external_network": row("networks", "?router:external=true"),
    "subnet": row("subnets"),
    "router": row("routers"),
    "port": row("ports", "?device_owner=compute:nova"),
    "floatingip": floating,
    "port_details": details,
    "security_group": new_group,
    "security_group_rule": rule,
    "auto_allocated_topology": at(f"{ROOT}/auto-allocated-topology/{{project}}", "auto_allocated_topology"),
    "network_quota": at(f"{ROOT}/quotas/{{project}}", "quota"),
    "volume": volume,
    "snapshot": snapshot,
    "volume_limits": at("/volume/v3/{project}/limits", "limits", "absolute"),
    "volume_quota": at("/volume/v3/{project}/os-quota-sets/{project}", "quota_set"),
    "volume_type": at("/volume/v3/{project}/types", "volume_types", 0),
    "volume_version": at("/volume/", "versions", 0),
    "image": at("/image/v2/images?name=Featured-Debian12", "images", 0),
    "image_list": at("/image/v2/images"),
    "placement_version": at("/placement/", "versions", 0),
    "resource_provider": resource_provider,
    "inventory": inventory,
    "allocation_candidates": at(CANDIDATES),
    "allocation_request": at(CANDIDATES, "allocation_requests", 0),
    "provider_summary": at(CANDIDATES, "provider_summaries", 0),
}
TYPES = {
    "bool": bool,
    "int": int,
    "str": str,
    "list": list,
    "dict": dict,
    "float": (int, float),
    "null": object,
}


def test_every_recorded_shape_is_compared() -> None:
    assert set(OURS) == set(REAL)


@pytest.mark.parametrize("name", sorted(REAL))
async def test_a_row_has_the_fields_and_types_of_the_real_one(alice: Person, name: str) -> None:
    ours = await OURS[name](alice)
    wanted = {key: kind for key, kind in REAL[name].items() if key not in OF_ITS_OWN.get(name, ())}
    assert set(wanted) - set(ours) == set(), "fields that the real one shows and this one lacks"
    wrong = {
        key: (kind, ours[key])
        for key, kind in wanted.items()
        if ours[key] is not None and not isinstance(ours[key], TYPES[kind])  # type: ignore[arg-type]
    }
    assert wrong == {}
    if name != "image":
        assert set(ours) - set(wanted) == set(), "fields that this one shows and the real one lacks"
