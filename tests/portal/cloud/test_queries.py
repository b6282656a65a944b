"""What the gateway asks of every list, to the letter: a filter that a service ignores would go unnoticed.

That each of these filters leaves something out, on a real cloud too, is shown in tests/contract/test_filters.py
and test_server_lists.py.
"""

import importlib
import inspect
import pkgutil
import typing
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

import portal.cloud
from portal.cloud import (
    accounting,
    assignments,
    calls,
    flavors,
    identity,
    images,
    keypairs,
    networks,
    offers,
    placement,
    quotas,
    security_groups,
    servers,
    usage,
    volumes,
)
from portal.cloud.connection import Cloud, Login
from portal.core.errors import PortalError
from tests.portal.cloud.bodies import SERVER_ID
from tests.portal.cloud.stub import PROJECT, USER, Answer, Stub

DETAIL = "/compute/v2.1/servers/detail"
ONE = f"/compute/v2.1/servers/{SERVER_ID}"
VOLUME = f"/volume/v3/{PROJECT}"
GROUPS = "/network/v2.0/security-groups"
EXTENSIONS = "/network/v2.0/extensions"
FLOATING = "/network/v2.0/floatingips"
Read = Callable[[Cloud], object]
Asked = list[tuple[str, str]]

# Every function that reads a list: how it is called here, and all that is then asked, path and query.
LISTS: dict[Callable[..., object], tuple[Read, Asked]] = {
    servers.list_servers: (
        lambda cloud: servers.list_servers(cloud, changes_since=datetime(2026, 11, 21, 6, tzinfo=UTC)),
        [(DETAIL, "changes-since=2026-11-21T06%3A00%3A00Z")],
    ),
    servers.find_by_tag: (lambda cloud: servers.find_by_tag(cloud, "op:1"), [(DETAIL, "tags=op%3A1")]),
    servers.find_made: (
        lambda cloud: servers.find_made(cloud, tag="op:1", metadata=("a", "b")),
        [(DETAIL, "tags=op%3A1")],
    ),
    servers.actions_of: (
        lambda cloud: servers.actions_of(cloud, SERVER_ID),
        [(f"{ONE}/os-instance-actions", "")],
    ),
    usage.servers_used: (
        lambda cloud: usage.servers_used(
            cloud, start=datetime(2026, 10, 1, tzinfo=UTC), end=datetime(2026, 11, 1, 6, 30, tzinfo=UTC)
        ),
        [
            (
                f"/compute/v2.1/os-simple-tenant-usage/{PROJECT}",
                "start=2026-10-01T00%3A00%3A00&end=2026-11-01T06%3A30%3A00",
            )
        ],
    ),
    servers.attached_volumes: (
        lambda cloud: servers.attached_volumes(cloud, SERVER_ID),
        [(f"{ONE}/os-volume_attachments", "")],
    ),
    servers.interfaces: (lambda cloud: servers.interfaces(cloud, SERVER_ID), [(f"{ONE}/os-interface", "")]),
    servers.security_group_ids: (
        lambda cloud: servers.security_group_ids(cloud, SERVER_ID),
        [(f"{ONE}/os-security-groups", "")],
    ),
    flavors.list_flavors: (flavors.list_flavors, [("/compute/v2.1/flavors/detail", "")]),
    keypairs.list_keypairs: (keypairs.list_keypairs, [("/compute/v2.1/os-keypairs", "")]),
    images.list_images: (
        images.list_images,
        [("/image/v2/images", "limit=1000"), ("/image/v2/images", "limit=1000&visibility=community")],
    ),
    images.find_image: (
        lambda cloud: images.find_image(cloud, name="a b", marks={}),
        [("/image/v2/images", "limit=1000&name=a+b")],
    ),
    assignments.of_project: (
        assignments.of_project,
        [("/identity/v3/role_assignments", f"scope.project.id={PROJECT}&include_names=true")],
    ),
    networks.list_networks: (networks.list_networks, [("/network/v2.0/networks", "")]),
    networks.external_network: (networks.external_network, [("/network/v2.0/networks", "")]),
    networks.list_ports: (
        lambda cloud: networks.list_ports(cloud, SERVER_ID),
        [("/network/v2.0/ports", f"device_id={SERVER_ID}")],
    ),
    networks.list_project_ports: (
        networks.list_project_ports,
        [("/network/v2.0/ports", f"project_id={PROJECT}")],
    ),
    networks.list_floating_ips: (networks.list_floating_ips, [(FLOATING, f"project_id={PROJECT}")]),
    networks.find_floating_ip_by_tag: (
        lambda cloud: networks.find_floating_ip_by_tag(cloud, "op:1"),
        [(FLOATING, f"project_id={PROJECT}")],
    ),
    security_groups.list_security_groups: (
        security_groups.list_security_groups,
        [(GROUPS, f"project_id={PROJECT}")],
    ),
    security_groups.find_security_groups: (
        lambda cloud: security_groups.find_security_groups(cloud, "seats"),
        [(GROUPS, f"project_id={PROJECT}&name=seats")],
    ),
    security_groups.ensure_security_group: (
        lambda cloud: security_groups.ensure_security_group(cloud, "exosphere", []),
        [(GROUPS, f"project_id={PROJECT}&name=exosphere")],
    ),
    volumes.list_volumes: (volumes.list_volumes, [(f"{VOLUME}/volumes/detail", "")]),
    quotas.list_quotas: (
        quotas.list_quotas,
        [
            ("/compute/v2.1/limits", ""),
            (f"{VOLUME}/limits", ""),
            (f"/network/v2.0/quotas/{PROJECT}/details", ""),
        ],
    ),
    quotas.compute_quotas: (quotas.compute_quotas, [("/compute/v2.1/limits", "")]),
    quotas.volume_quotas: (quotas.volume_quotas, [(f"{VOLUME}/limits", "")]),
    quotas.network_quotas: (
        quotas.network_quotas,
        [(f"/network/v2.0/quotas/{PROJECT}/details", "")],
    ),
    placement.gpu_availability: (
        lambda cloud: placement.gpu_availability(cloud, ["CUSTOM_A100"]),
        [("/placement/allocation_candidates", "resources=CUSTOM_A100%3A1&limit=1000")],
    ),
    accounting.entries: (accounting.entries, [("/accounting", "")]),
    identity.projects: (lambda cloud: identity.projects(cloud.login), [("/identity/v3/auth/projects", "")]),
    identity.app_credentials: (
        lambda cloud: identity.app_credentials(cloud.login),
        [(f"/identity/v3/users/{USER}/application_credentials", "")],
    ),
    offers.read: (offers.read, [(EXTENSIONS, "")]),
    offers.extensions: (offers.extensions, [(EXTENSIONS, "")]),
    # Reads the token's own catalogue.
    identity.regions: (identity.regions, []),
}
EMPTY: dict[str, Any] = {
    "servers": [],
    "instanceActions": [],
    "tenant_usage": {},
    "volumeAttachments": [],
    "interfaceAttachments": [],
    "security_groups": [],
    "security_group": {"id": "g", "created_at": "2026-11-21T06:00:00Z"},
    "flavors": [],
    "keypairs": [],
    "images": [],
    "networks": [],
    "ports": [],
    "floatingips": [],
    "volumes": [],
    "limits": {"absolute": {}},
    "quota": {},
    "provider_summaries": {},
    "projects": [],
    "role_assignments": [],
    "application_credentials": [],
    "extensions": [],
}


@pytest.mark.parametrize("read", LISTS, ids=lambda read: f"{read.__module__}.{read.__qualname__}")
def test_a_list_is_asked_for_with_exactly_this(cloud: Cloud, stub: Stub, read: Callable[..., object]) -> None:
    call, asked = LISTS[read]
    for path, _ in asked:
        stub.on("GET", path, Answer(200, [] if path == "/accounting" else EMPTY))
    stub.on("POST", GROUPS, Answer(201, EMPTY))
    try:
        call(cloud)
    except PortalError as error:
        # There is no external network in an empty list.
        assert error.id == "cloud:unsupported"
    paths = {path for path, _ in asked}
    found = [
        (seen.path, seen.query_string) for seen in stub.seen if seen.path in paths and seen.method == "GET"
    ]
    assert found == asked
    assert all(not seen.query_string for seen in stub.seen if seen.path not in paths)


def reads_a_list(function: Callable[..., object]) -> bool:
    """It takes a cloud or a login first, and answers with many or looks for one among many."""
    hints = typing.get_type_hints(function)
    first = next(iter(inspect.signature(function).parameters), "")
    answer = str(hints.get("return"))
    many = "list[" in answer or "tuple[" in answer or "set[" in answer
    searching = function.__name__.startswith(("list_", "find_", "ensure_", "external_"))
    return hints.get(first) in (Cloud, Login) and (many or searching)


def gateway_functions() -> set[Callable[..., object]]:
    found: set[Callable[..., object]] = set()
    for module in pkgutil.walk_packages(portal.cloud.__path__, "portal.cloud."):
        members = vars(importlib.import_module(module.name)).items()
        found |= {
            one
            for name, one in members
            if inspect.isfunction(one) and one.__module__ == module.name and not name.startswith("_")
        }
    return found


def test_no_list_is_left_out() -> None:
    # What the reader of pages asks for, its callers decide; the catalogue comes with the token.
    not_asked = {calls.rows, offers.catalogued}
    lists = {one for one in gateway_functions() if reads_a_list(one)} - not_asked
    assert {f"{one.__module__}.{one.__qualname__}" for one in lists - LISTS.keys()} == set()
