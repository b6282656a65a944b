"""Machines and what they are made of, over the same services as the pages."""

from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.http import HttpRequest
from ninja import Header, Query, Router, Schema, Status
from pydantic import Field

from allocations.access import allocation_for
from allocations.roles import Need
from instances import services
from instances.access import instance_for, instances_of
from instances.choices import launch_choices
from instances.facets import combinations_of
from instances.listing import ListQuery, matching, page_of
from instances.rows import Row, row, rows
from instances.specs import LaunchRequest
from portal.cloud.config import clouds
from portal.core.errors import PortalError
from portal.operations.api import OperationOut, out

catalogue = Router(tags=["catalogue"])
instances = Router(tags=["instances"])


class FlavorOut(Schema):
    """`fits`: how many more the quota allows (null: not limited). `blocked`: why none can be made now."""

    id: str
    name: str
    group: str
    vcpus: int
    ram_mb: int
    disk_gb: int
    gpus: int
    su_per_hour: Decimal | None
    fits: int | None
    runs_out_at: datetime | None
    blocked: str


class ImageOut(Schema):
    id: str
    name: str
    os_distro: str
    os_version: str
    visibility: str
    is_snapshot: bool
    featured: bool
    min_disk_gb: int
    min_ram_mb: int
    created: datetime


class OwnerOut(Schema):
    name: str
    you: bool


class ActionOut(Schema):
    name: str
    label: str
    allowed: bool
    reason: str


class InstanceOut(Schema):
    """`status` is Nova's (and REQUESTED before there is a server); `state` is what the pages show.

    `read_at`: when the cloud last said so; `unread_since`: it could not be read since then.
    """

    id: UUID
    server_id: str
    allocation: str
    name: str
    owner: OwnerOut
    status: str
    task_state: str
    state: str
    stage: str
    percent: int | None
    locked: bool
    flavor: str
    vcpus: int
    ram_mb: int
    disk_gb: int
    gpus: int
    image: str
    public_address: str
    private_address: str
    su_per_hour: Decimal | None
    created_at: datetime
    ready_at: datetime | None
    deleted_at: datetime | None
    read_at: datetime | None
    unread_since: datetime | None


class InstanceDetailOut(InstanceOut):
    key_name: str
    fault: str
    addresses: list[dict[str, Any]]
    volumes: list[dict[str, Any]]
    security_groups: list[str]
    metadata: dict[str, str]
    setup_status: str
    operation: OperationOut | None
    actions: list[ActionOut]


class InstancePage(Schema):
    """`next`: give it as `after` to read on; null at the end."""

    items: list[InstanceOut]
    next: str | None


class InstanceFilter(Schema):
    allocation: str
    q: str = ""
    status: str = ""
    owner: str = Field("", description="me, outside, or a person's number")
    size: str = ""
    image: str = ""
    sort: str = Field(
        "-age", description="name, owner, status, size, image, address, age, cost; with - descending"
    )
    after: str = ""


class LaunchIn(LaunchRequest):
    allocation: str


class OperationsOut(Schema):
    operations: list[OperationOut]


# Ninja's Header is a generic class to mypy and a function to everybody else.
Idempotency: Any = Header("", alias="Idempotency-Key", max_length=128)  # type: ignore[type-arg]


@catalogue.get("/flavors", response=list[FlavorOut])
def list_flavors(request: HttpRequest, allocation: str) -> list[dict[str, Any]]:
    """The sizes of the allocation's cloud, with SU per hour and what the quota leaves."""
    found = launch_choices(allocation_for(request.user, allocation, Need.SEE), _user(request))
    names = tuple(FlavorOut.model_fields)
    return [
        {**{name: getattr(flavor, name) for name in names if name != "group"}, "group": group.name}
        for group in found.groups
        for flavor in group.flavors
    ]


@catalogue.get("/images", response=list[ImageOut])
def list_images(request: HttpRequest, allocation: str) -> list[dict[str, Any]]:
    """The images that the allocation can start machines from."""
    found = launch_choices(allocation_for(request.user, allocation, Need.SEE), _user(request))
    return [{name: getattr(image, name) for name in ImageOut.model_fields} for image in found.images]


@instances.get("/instances", response=InstancePage)
def list_instances(request: HttpRequest, filters: Query[InstanceFilter]) -> dict[str, Any]:
    """The machines of one allocation, 50 at a time."""
    allocation = allocation_for(request.user, filters.allocation, Need.SEE)
    query = ListQuery.read(filters.model_dump(exclude={"allocation"}))
    machines = instances_of(request.user, allocation)
    cloud = clouds().cloud(allocation.cloud).portal
    page = page_of(matching(machines, query, request.user.pk), query, cloud, combinations_of(machines))
    return {
        "items": [_out(found, request.user.pk) for found in rows(page.instances)],
        "next": page.next_after or None,
    }


@instances.post("/instances", response={202: OperationsOut}, summary="Launch")
def launch(request: HttpRequest, body: LaunchIn, idempotency_key: str = Idempotency) -> Status[Any]:
    """Ask for one or more machines: one operation each. Refused with numbers where quota or SUs do not suffice."""
    allocation = allocation_for(request.user, body.allocation, Need.LAUNCH)
    asked = LaunchRequest(**body.model_dump(exclude={"allocation"}))
    made = services.launch(
        allocation=allocation, by=_user(request), request=asked, idempotency_key=idempotency_key
    )
    return Status(202, {"operations": [out(operation) for operation in made]})


@instances.get("/instances/{instance_id}", response=InstanceDetailOut)
def get_instance(request: HttpRequest, instance_id: UUID) -> dict[str, Any]:
    """One machine, what is going on with it, and what may be done with it now."""
    instance = instance_for(request.user, instance_id, Need.SEE)
    found = row(instance)
    return {
        **_out(found, request.user.pk),
        "key_name": instance.key_name,
        "fault": instance.fault_message,
        "addresses": instance.addresses,
        "volumes": instance.volumes,
        "security_groups": instance.security_groups,
        "metadata": instance.metadata,
        "setup_status": instance.setup_status,
        "operation": out(found.operation) if found.operation else None,
        "actions": [
            {"name": action.name, "label": action.label, "allowed": ruling.allowed, "reason": ruling.reason}
            for action, ruling in found.offered
        ],
    }


class DeleteIn(Schema):
    """`confirm_name` must be the machine's name, as in the page."""

    confirm_name: str
    release_address: bool = True


class ActionIn(Schema):
    """What the action needs: see the list of actions in the description of `POST actions`."""

    model_config = {"extra": "allow"}


@instances.delete("/instances/{instance_id}", response={202: OperationsOut})
def delete_instance(
    request: HttpRequest, instance_id: UUID, body: Query[DeleteIn], idempotency_key: str = Idempotency
) -> Status[Any]:
    """Delete the machine and its root disk. Attached volumes stay; the public address goes unless it is kept."""
    instance = instance_for(request.user, instance_id, Need.ACT)
    _confirmed(instance.name, body.confirm_name)
    params = {"release_address": body.release_address}
    return _act(request, instance, "delete", params, idempotency_key)


@instances.post("/instances/{instance_id}/actions/{action}", response={202: OperationsOut})
def act(
    request: HttpRequest,
    instance_id: UUID,
    action: str,
    body: ActionIn | None = None,
    idempotency_key: str = Idempotency,
) -> Status[Any]:
    """One of: start, stop, reboot, hard_reboot, suspend, resume, shelve {release_address}, unshelve, lock, unlock,
    rename {name}, resize {flavor_id}, confirm_resize, revert_resize, rebuild {image_id}, snapshot {name}, console,
    assign_address {address}, unassign_address {release}, delete {release_address, confirm_name}."""
    instance = instance_for(request.user, instance_id, Need.ACT)
    params = body.model_dump() if body else {}
    if action == "delete":
        _confirmed(instance.name, str(params.pop("confirm_name", "")))
    return _act(request, instance, action, params, idempotency_key)


def _act(request: HttpRequest, instance: Any, action: str, params: dict[str, Any], key: str) -> Status[Any]:
    operation = services.act(
        instance=instance, by=_user(request), action=action, params=params, idempotency_key=key
    )
    return Status(202, {"operations": [out(operation)]})


def _confirmed(name: str, typed: str) -> None:
    if typed != name:
        raise PortalError(
            "portal:bad-input", reason="confirm_name must be the name of the machine that is to be deleted."
        )


def _user(request: HttpRequest) -> Any:
    return request.user


def _out(found: Row, viewer_id: int | None) -> dict[str, Any]:
    instance = found.instance
    plain = (
        *("id", "server_id", "name", "status", "task_state", "locked", "vcpus", "ram_mb", "disk_gb", "gpus"),
        *("public_address", "private_address", "created_at", "ready_at", "deleted_at"),
    )
    return {
        **{name: getattr(instance, name) for name in plain},
        "allocation": instance.allocation.slug,
        "owner": {"name": found.owner_name, "you": instance.owner_id == viewer_id},
        "state": found.badge.label,
        "stage": found.stage,
        "percent": found.percent,
        "flavor": instance.flavor_name,
        "image": instance.image_name,
        "su_per_hour": found.su_per_hour,
        "read_at": found.read_at,
        "unread_since": found.unread_since,
    }
