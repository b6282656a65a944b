"""What somebody has in allocations, and what can become of it when they go: for the layer below."""

from collections.abc import Collection, Mapping
from decimal import Decimal
from uuid import UUID

from django.db.models import Count, Q
from django.urls import reverse
from django.utils import timezone

from allocations.hooks_people import HAND, LEAVE, SHELVE, STOP, Choice, Holding, LeftBehind
from allocations.rates import su_per_hour
from instances.access import uuid_of
from instances.actions import ACTIONS
from instances.catalogue import value_of
from instances.models import CatalogueItem, Instance, Teammate
from instances.statuses import ACTIVE, BADGES, BUILD, REQUESTED
from portal.accounts.models import CloudLink, User
from portal.cloud.config import clouds
from portal.cloud.types import Volume
from portal.core.errors import PortalError

MACHINE = "machine"
_STOPPABLE = ACTIONS["stop"].states or frozenset()
_SHELVABLE = ACTIONS["shelve"].states or frozenset()


def machines_left(allocation_ids: Collection[int], user: User) -> list[LeftBehind]:
    """The person's machines. One query."""
    rows = (
        Instance.objects.filter(allocation__in=allocation_ids, owner=user, deleted_at=None)
        .exclude(~Q(status=REQUESTED), server_id="")
        .select_related("allocation")
        .order_by("name", "pk")
    )
    return [_machine(row) for row in rows]


def _machine(row: Instance) -> LeftBehind:
    badge = BADGES.get(row.status)
    facts = [badge.label if badge else row.status, row.flavor_name, row.allocation.region]
    if row.public_address:
        facts.append(f"address {row.public_address}")
    if row.volumes:
        facts.append(f"{len(row.volumes)} volume{'s' if len(row.volumes) != 1 else ''} attached")
    return LeftBehind(
        kind=MACHINE,
        id=str(row.pk),
        name=row.name,
        detail=", ".join(fact for fact in facts if fact),
        su_per_hour=_hourly(row),
        url=reverse("instances:detail", args=[row.pk]),
        choices=_choices(row),
    )


def _choices(row: Instance) -> tuple[str, ...]:
    ready = bool(row.server_id) and not row.task_state and not row.locked
    able = {STOP: ready and row.status in _STOPPABLE, SHELVE: ready and row.status in _SHELVABLE}
    return (HAND, *(name for name, can in able.items() if can), LEAVE)


def _hourly(row: Instance) -> Decimal | None:
    known = clouds().clouds.get(row.allocation.cloud)
    if known is None:
        return None
    status = ACTIVE if row.status in (REQUESTED, BUILD) else row.status
    return su_per_hour(row.flavor_name, row.vcpus, status, timezone.now(), known.portal)


def volumes_left(allocation_ids: Collection[int], user: User) -> list[LeftBehind]:
    """Volumes that the cloud says they made: the project's, whoever made them. Two queries."""
    links = CloudLink.objects.filter(user=user).exclude(cloud_user_id="")
    ids = dict(links.values_list("cloud", "cloud_user_id"))
    rows = CatalogueItem.objects.filter(
        allocation__in=allocation_ids, kind=CatalogueItem.Kind.VOLUME, user=None
    ).select_related("allocation")
    found = [(row, value_of(row)) for row in rows if row.allocation.cloud in ids]
    return [
        _volume(volume)
        for row, volume in found
        if volume.user_id and volume.user_id == ids[row.allocation.cloud]
    ]


def _volume(volume: Volume) -> LeftBehind:
    use = "attached to a machine" if volume.attachments else "attached to nothing"
    return LeftBehind(
        kind="volume",
        id=volume.id,
        name=volume.name or volume.id,
        detail=f"{volume.size_gb} GB, {use}. It stays with the allocation, where every member can use it.",
    )


def doors_left(allocation_ids: Collection[int], user: User) -> list[LeftBehind]:
    """Machines of others that they were let into. One query."""
    rows = Teammate.objects.filter(
        user=user, instance__allocation__in=allocation_ids, instance__deleted_at=None
    ).select_related("instance")
    return [
        LeftBehind(
            "access", str(row.pk), row.instance.name, "They were let into this machine: that ends at once."
        )
        for row in rows
    ]


def hold(allocation_ids: Collection[int]) -> dict[int, Holding]:
    """How many machines each person has there. One query."""
    rows = (
        Instance.objects.filter(allocation__in=allocation_ids, deleted_at=None)
        .exclude(~Q(status=REQUESTED), server_id="")
        .exclude(owner=None)
        .order_by()
        .values_list("owner_id")
        .annotate(number=Count("pk"))
    )
    return {pk: Holding(machines=number) for pk, number in rows}


def membership_ended(user: User, allocation_ids: Collection[int]) -> None:
    """Who had been let into machines of others is let into none of them any more."""
    Teammate.objects.filter(user=user, instance__allocation__in=allocation_ids).delete()


def settle(by: User, whose: User, choices: Mapping[str, Choice]) -> dict[str, str]:
    """Carry out what was chosen for machines; why not, in words, by id."""
    # What changes machines calls nothing, but it loads what workers run: only when it is used.
    from instances import services
    from instances.services import handing

    problems: dict[str, str] = {}
    heirs = {choice.to.pk: choice.to for choice in choices.values() if choice.what == HAND and choice.to}
    for pk, heir in heirs.items():
        theirs = [
            uuid_of(id) for id, one in choices.items() if one.what == HAND and one.to and one.to.pk == pk
        ]
        told = handing.hand_over(by=by, machines=theirs, to=heir)
        problems |= {str(id): _words(problem) for id, problem in told.items()}
    for action, params in ((STOP, {}), (SHELVE, {"release_address": False})):
        ids = [uuid_of(id) for id, one in choices.items() if one.what == action]
        machines = _machines(ids, whose)
        problems |= {str(id): "It is not theirs any more, or is gone." for id in set(ids) - set(machines)}
        done = services.act_many(instances=list(machines.values()), by=by, action=action, params=params)
        problems |= {str(one.instance.pk): _words(one.problem) for one in done if one.problem is not None}
    return problems


def _machines(ids: Collection[UUID], whose: User) -> dict[UUID, Instance]:
    """Those that are still that person's: who was handed one meanwhile decides about it."""
    rows = Instance.objects.filter(pk__in=ids, owner=whose, deleted_at=None).select_related("allocation")
    return {row.pk: row for row in rows}


def _words(problem: PortalError) -> str:
    return f"{problem.problem.what} {problem.problem.todo}"
