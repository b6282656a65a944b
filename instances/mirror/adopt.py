"""Joining a server to the row that asked for it, by the tag that its launch gave it."""

from collections.abc import Iterable
from uuid import UUID

from allocations.models import Allocation
from instances.models import Instance
from portal.cloud.types import Server
from portal.operations.models import Operation

TAG = "op:"


def tag_of(operation_id: UUID) -> str:
    return f"{TAG}{operation_id}"


def rows_for(allocation: Allocation, servers: Iterable[Server]) -> dict[str, Instance]:
    """Rows without a server yet, by the id of the server that carries the tag of their launch. Two queries.

    A tag can be written by anyone in the project, so it counts only for launches of that same project.
    """
    launches = {operation_id: server.id for server in servers for operation_id in _operations(server)}
    if not launches:
        return {}
    asked = Operation.objects.filter(
        pk__in=launches,
        kind="instance.launch",
        cloud=allocation.cloud,
        region=allocation.region,
        project_id=allocation.project_id,
    ).values_list("pk", "target_id")
    server_of = {target_id: launches[pk] for pk, target_id in asked}
    waiting = Instance.objects.filter(allocation=allocation, pk__in=server_of.keys(), server_id="")
    return {server_of[str(row.pk)]: row for row in waiting}


def still_free(row: Instance, server_id: str) -> bool:
    """Checked again under lock: the launch itself may have written its server meanwhile."""
    return row.server_id in ("", server_id)


def _operations(server: Server) -> list[UUID]:
    found = []
    for tag in server.tags:
        if not tag.startswith(TAG):
            continue
        try:
            found.append(UUID(tag.removeprefix(TAG)))
        except ValueError:
            continue
    return found
