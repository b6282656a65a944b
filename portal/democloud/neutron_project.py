"""What Neutron keeps per project: quotas, and the topology that it makes by itself."""

from __future__ import annotations

import asyncio

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from portal.democloud import fabric, neutron_input
from portal.democloud.errors import Fault
from portal.democloud.routing import Ctx, answer, ctx, empty, route

FIRST_TOPOLOGY_SECONDS = 2.4


def _asked(request: Request) -> tuple[Ctx, str]:
    here = ctx(request)
    project_id = request.path_params["project_id"]
    if project_id != here.project_id and not here.admin:
        raise Fault(403, "Not authorized.", kind="NotAuthorized")
    return here, project_id


async def quotas(request: Request) -> Response:
    here, project_id = _asked(request)
    names = neutron_input.DEFAULT_QUOTAS
    return answer({"quota": {name: neutron_input.quota(here.region, project_id, name) for name in names}})


async def default_quotas(request: Request) -> Response:
    here, _ = _asked(request)
    names = neutron_input.DEFAULT_QUOTAS
    return answer({"quota": {name: neutron_input.quota(here.region, "", name) for name in names}})


async def quota_details(request: Request) -> Response:
    here, project_id = _asked(request)
    have = neutron_input.used(here.region, project_id)
    return answer(
        {
            "quota": {
                name: {
                    "limit": neutron_input.quota(here.region, project_id, name),
                    "used": have.get(name, 0),
                    "reserved": 0,
                }
                for name in neutron_input.DEFAULT_QUOTAS
            }
        }
    )


async def topology(request: Request) -> Response:
    """The project's network, made when first asked for; `fields=dry-run` only says whether it could be."""
    here, project_id = _asked(request)
    if "dry-run" in request.query_params.getlist("fields"):
        if fabric.external_network(here.region) is None:
            message = "Deployment error: No default router:external network."
            raise Fault(409, message, kind="AutoAllocationFailure")
        return answer({"auto_allocated_topology": {"id": "dry-run=pass", "tenant_id": project_id}})
    found, made = fabric.ensure_topology(here.world, here.region, project_id)
    if made:
        _give_gateway(here, found.router_id)
        await asyncio.sleep(FIRST_TOPOLOGY_SECONDS / here.world.clock.speed)
    row = {"id": found.network_id, "tenant_id": project_id, "project_id": project_id}
    return answer({"auto_allocated_topology": row})


def _give_gateway(here: Ctx, router_id: str) -> None:
    router, external = here.region.data.routers[router_id], fabric.external_network(here.region)
    if external is not None and router.external_ip is None:
        router.external_ip = fabric.free_floating_address(here.region, external)


async def delete_topology(request: Request) -> Response:
    here, project_id = _asked(request)
    data = here.region.data
    found = data.topologies.get(project_id)
    if found is None:
        return empty()
    ports = [port for port in data.ports.values() if port.network_id == found.network_id]
    if any(not port.device_owner.startswith("network:") for port in ports):
        message = (
            f"Unable to complete operation on network {found.network_id}. "
            "There are one or more ports still in use on the network."
        )
        raise Fault(409, message, kind="NetworkInUse")
    for port in ports:
        fabric.delete_port(here.world, here.region, port)
    data.subnets.pop(found.subnet_id, None)
    data.routers.pop(found.router_id, None)
    data.networks.pop(found.network_id, None)
    del data.topologies[project_id]
    return empty()


def routes() -> list[Route]:
    return [
        route("GET", "/v2.0/quotas/{project_id}", quotas),
        route("GET", "/v2.0/quotas/{project_id}/default", default_quotas),
        route("GET", "/v2.0/quotas/{project_id}/details", quota_details),
        route("GET", "/v2.0/quotas/{project_id}/details.json", quota_details),
        route("GET", "/v2.0/auto-allocated-topology/{project_id}", topology),
        route("DELETE", "/v2.0/auto-allocated-topology/{project_id}", delete_topology),
    ]
