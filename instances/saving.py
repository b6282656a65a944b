"""What of one's machines an end would take, with links to where it can be fetched or copied."""

from collections.abc import Iterable, Iterator
from typing import Any

from django.urls import reverse

from allocations.models import Allocation
from allocations.overview.hooks import Link, ToSave
from instances.models import Instance
from instances.statuses import ACTIVE, SHELVES, badge
from portal.accounts.models import User


def machines_to_save(allocation: Allocation, user: User) -> Iterable[ToSave]:
    """Their machines there, and the volumes on these. One query."""
    mine = Instance.objects.filter(allocation=allocation, owner=user, deleted_at=None).exclude(server_id="")
    for machine in mine.order_by("name"):
        yield _machine(machine)
        yield from _volumes(machine)


def _machine(machine: Instance) -> ToSave:
    own = reverse("instances:detail", args=[machine.pk])
    links = [Link("Open it", own)]
    if machine.status == ACTIVE:
        links.append(Link("Its files", reverse("remote:files", args=[machine.pk])))
    links.append(Link("Make an image", reverse("instances:action", args=[machine.pk, "snapshot"])))
    state = badge(machine.status, machine.task_state, machine.setup_status).label.lower()
    rest = "unshelve it to get at its files" if machine.status in SHELVES else "start it to get at its files"
    detail = state if machine.status == ACTIVE else f"{state}: {rest}"
    return ToSave("machine", machine.name, f"{detail}; {machine.disk_gb} GB root disk", links)


def _volumes(machine: Instance) -> Iterator[ToSave]:
    volumes: list[dict[str, Any]] = machine.volumes if isinstance(machine.volumes, list) else []
    for volume in volumes:
        name = str(volume.get("name") or volume.get("id") or "volume")
        where = f"{volume.get('size_gb', '?')} GB, attached to {machine.name}"
        yield ToSave(
            "volume", name, where, [Link("Its machine", reverse("instances:detail", args=[machine.pk]))]
        )
