"""Joining a server to the row that asked for it, by the marks that its launch gave it: a tag and metadata."""

from collections.abc import Iterable
from typing import TypedDict
from uuid import UUID

from allocations.models import Allocation
from instances.exosphere import INSTANCE_KEY
from instances.models import Instance
from portal.cloud.types import Server
from portal.operations.models import Operation

TAG = "op:"


def tag_of(operation_id: UUID) -> str:
    return f"{TAG}{operation_id}"


class Marks(TypedDict):
    """What `servers.find_made` looks for: the tag, or the metadata where Nova is too old for tags."""

    tag: str
    metadata: tuple[str, str]


def marks_of_launch(operation_id: UUID, row: Instance) -> Marks:
    return {"tag": tag_of(operation_id), "metadata": (INSTANCE_KEY, str(row.pk))}


def rows_for(allocation: Allocation, servers: Iterable[Server]) -> dict[str, Instance]:
    """Rows without a server yet, by the id of the server that carries the marks of their launch. Two queries.

    Marks can be written by anyone in the project, so they count only for launches of that same project.
    """
    found = list(servers)
    launches = {operation_id: server.id for server in found for operation_id in _operations(server)}
    # Where Nova takes no tags at creation.
    named = {pk: server.id for server in found if not server.tags and (pk := _row_named(server))}
    if not launches and not named:
        return {}
    asked = Operation.objects.filter(
        pk__in=launches,
        kind="instance.launch",
        cloud=allocation.cloud,
        region=allocation.region,
        project_id=allocation.project_id,
    ).values_list("pk", "target_id")
    server_of = named | {target_id: launches[pk] for pk, target_id in asked}
    waiting = Instance.objects.filter(allocation=allocation, pk__in=server_of.keys(), server_id="")
    return {server_of[str(row.pk)]: row for row in waiting}


def still_free(row: Instance, server_id: str) -> bool:
    """Checked again under lock: the launch itself may have written its server meanwhile."""
    return row.server_id in ("", server_id)


def _row_named(server: Server) -> str:
    try:
        return str(UUID(server.metadata.get(INSTANCE_KEY, "")))
    except ValueError:
        return ""


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
