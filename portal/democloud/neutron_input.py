"""Checks of what a request to Neutron says, with Neutron's sentences for what is wrong."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable
from typing import Any, Protocol

from starlette.requests import Request

from portal.democloud.errors import Fault
from portal.democloud.routing import Ctx, body
from portal.democloud.state import Region

UUID = re.compile(r"[0-9a-fA-F]{8}(-?[0-9a-fA-F]{4}){3}-?[0-9a-fA-F]{12}")
DEFAULT_QUOTAS = {
    "network": 100,
    "subnet": 100,
    "subnetpool": -1,
    "port": 500,
    "router": 10,
    "floatingip": 50,
    "rbac_policy": 10,
    "security_group": 100,
    "security_group_rule": 500,
}


class Owned(Protocol):
    project_id: str


def bad(message: str) -> Fault:
    return Fault(400, message, kind="HTTPBadRequest")


def missing(kind: str, one: str) -> Fault:
    """`Port <uuid> could not be found.`, and the wordings of its own that some kinds have."""
    if kind == "SecurityGroup":
        return Fault(404, f"Security group {one} does not exist", kind="SecurityGroupNotFound")
    if kind == "SecurityGroupRule":
        return Fault(404, f"Security group rule {one} does not exist", kind="SecurityGroupRuleNotFound")
    if kind == "FloatingIP":
        return Fault(404, f"Floating IP {one} could not be found", kind="FloatingIPNotFound")
    return Fault(404, f"{kind} {one} could not be found.", kind=f"{kind}NotFound")


async def wanted_of(
    request: Request, key: str, known: set[str], *, required: tuple[str, ...] = ()
) -> dict[str, Any]:
    """The object under `key`: its attributes known, the required ones there."""
    document = await body(request)
    wanted = document.get(key)
    if not isinstance(wanted, dict):
        raise bad(f"Unable to find '{key}' in request body")
    unknown = sorted(set(wanted) - known - {"tenant_id", "project_id"})
    if unknown:
        raise bad("Unrecognized attribute(s) '" + ", ".join(unknown) + "'")
    for name in required:
        if name not in wanted:
            raise bad(f"Failed to parse request. Required attribute '{name}' not specified")
    _check_texts(wanted)
    return wanted


def _check_texts(wanted: dict[str, Any]) -> None:
    for name in ("name", "description"):
        value = wanted.get(name)
        if value is not None and not isinstance(value, str):
            raise bad(f"Invalid input for {name}. Reason: '{value}' is not a valid string.")
        if value is not None and len(value) > 255:
            raise bad(f"Invalid input for {name}. Reason: '{value}' exceeds maximum length of 255.")


def uuid_of(wanted: dict[str, Any], name: str) -> str | None:
    value = wanted.get(name)
    if value is not None and not (isinstance(value, str) and UUID.fullmatch(value)):
        raise bad(f"Invalid input for {name}. Reason: '{value}' is not a valid UUID.")
    return value


def address_of(value: Any, name: str) -> str:
    try:
        return str(ipaddress.ip_address(str(value)))
    except ValueError:
        raise bad(f"Invalid input for {name}. Reason: '{value}' is not a valid IP address.") from None


def quota(region: Region, project_id: str, name: str) -> int:
    own = region.data.quotas.get(project_id, {})
    return own.get(name, region.data.default_quotas.get(name, DEFAULT_QUOTAS[name]))


def used(region: Region, project_id: str) -> dict[str, int]:
    data = region.data
    owned: dict[str, Iterable[Owned]] = {
        "network": data.networks.values(),
        "subnet": data.subnets.values(),
        "port": data.ports.values(),
        "router": data.routers.values(),
        "floatingip": data.floating_ips.values(),
        "security_group": data.security_groups.values(),
        "security_group_rule": data.security_group_rules.values(),
    }
    return {name: sum(one.project_id == project_id for one in table) for name, table in owned.items()}


def check_quota(here: Ctx, name: str, more: int = 1) -> None:
    limit = quota(here.region, here.project_id, name)
    if 0 <= limit < used(here.region, here.project_id)[name] + more:
        raise Fault(409, f"Quota exceeded for resources: ['{name}'].", kind="OverQuota")


def owner_of(here: Ctx, wanted: dict[str, Any]) -> str:
    """The project of a new object: one's own; another's only for an administrator."""
    project_id = wanted.get("project_id") or wanted.get("tenant_id") or here.project_id
    if project_id != here.project_id and not here.admin:
        message = (
            "Specifying 'project_id' or 'tenant_id' other than the authenticated project in request "
            "requires admin privileges"
        )
        raise Fault(400, message, kind="HTTPBadRequest")
    return str(project_id)
