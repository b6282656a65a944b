"""What a list can be filtered by, with counts: one grouped query over the allocation's machines."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.db.models import Count, QuerySet

from instances.models import Instance
from instances.statuses import BADGES, badge
from portal.accounts.models import User

CHANGING = "changing"


@dataclass(frozen=True, slots=True)
class Combination:
    """How many machines share status, owner, size and image."""

    status: str
    changing: bool
    owner_id: int | None
    flavor_name: str
    vcpus: int
    image_name: str
    count: int


@dataclass(frozen=True, slots=True)
class Choice:
    value: str
    label: str
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Facets:
    total: int
    statuses: Sequence[Choice]
    owners: Sequence[Choice]
    sizes: Sequence[Choice]
    images: Sequence[Choice]


def combinations_of(machines: QuerySet[Instance]) -> list[Combination]:
    columns = ("status", "task_state", "owner_id", "flavor_name", "vcpus", "image_name")
    grouped = machines.order_by().values_list(*columns).annotate(count=Count("pk"))
    return [
        Combination(
            status=status,
            changing=bool(task) or badge(status).busy,
            owner_id=owner_id,
            flavor_name=flavor,
            vcpus=vcpus,
            image_name=image,
            count=count,
        )
        for status, task, owner_id, flavor, vcpus, image, count in grouped
    ]


def facets_of(combinations: Iterable[Combination], viewer_id: int | None) -> Facets:
    statuses: Counter[tuple[str, str]] = Counter()
    owners: Counter[int | None] = Counter()
    sizes: Counter[tuple[str, str]] = Counter()
    images: Counter[tuple[str, str]] = Counter()
    for found in combinations:
        statuses[_status(found)] += found.count
        owners[found.owner_id] += found.count
        sizes[(found.flavor_name, found.flavor_name)] += found.count
        images[(found.image_name, found.image_name)] += found.count
    return Facets(
        total=sum(statuses.values()),
        statuses=_choices(statuses),
        owners=_owners(owners, viewer_id),
        sizes=_choices(sizes),
        images=_choices(images),
    )


def statuses_labelled(value: str) -> list[str]:
    """The cloud's statuses that share a word (SHUTOFF and STOPPED: stopped); else the word is a status."""
    known = [status for status, found in BADGES.items() if found.label.lower() == value.lower()]
    return known or [value.upper()]


def _status(found: Combination) -> tuple[str, str]:
    if found.changing:
        return CHANGING, "Changing now"
    label = badge(found.status).label
    return label.lower(), label


def _owners(counted: Counter[int | None], viewer_id: int | None) -> list[Choice]:
    """The viewer first, then the others by name, in one query."""
    named = {user.pk: str(user) for user in User.objects.filter(pk__in=[pk for pk in counted if pk])}
    others = [
        Choice(str(pk), named.get(pk, "?"), count) for pk, count in counted.items() if pk and pk != viewer_id
    ]
    mine = [Choice("me", "Me", counted[viewer_id])] if viewer_id and counted[viewer_id] else []
    outside = [Choice("outside", "Outside the portal", counted[None])] if counted[None] else []
    return [*mine, *sorted(others, key=lambda choice: choice.label.lower()), *outside]


def _choices(counted: Counter[tuple[str, str]]) -> list[Choice]:
    filled = ((key, count) for key, count in counted.items() if key[0])
    return [
        Choice(value, label, count)
        for (value, label), count in sorted(filled, key=lambda one: one[0][1].lower())
    ]
