"""What a list can be filtered by, with counts: one grouped query over the allocation's machines."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.db.models import Count, QuerySet

from instances.models import Instance
from instances.statuses import BADGES, badge

CHANGING = "changing"


@dataclass(frozen=True, slots=True)
class Combination:
    """How many machines share status, owner, size and image."""

    status: str
    changing: bool
    owner_id: int | None
    owner_name: str
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
    columns = (
        *("status", "task_state", "owner_id", "owner__display_name", "owner__access_id", "owner__username"),
        *("flavor_name", "vcpus", "image_name"),
    )
    grouped = machines.order_by().values_list(*columns).annotate(count=Count("pk"))
    return [
        Combination(
            status=status,
            changing=bool(task) or badge(status).busy,
            owner_id=owner_id,
            owner_name=display or access_id or username or "",
            flavor_name=flavor,
            vcpus=vcpus,
            image_name=image,
            count=count,
        )
        for status, task, owner_id, display, access_id, username, flavor, vcpus, image, count in grouped
    ]


def facets_of(combinations: Iterable[Combination], viewer_id: int | None) -> Facets:
    statuses: Counter[tuple[str, str]] = Counter()
    owners: Counter[tuple[str, str]] = Counter()
    sizes: Counter[tuple[str, str]] = Counter()
    images: Counter[tuple[str, str]] = Counter()
    for found in combinations:
        statuses[_status(found)] += found.count
        owners[_owner(found, viewer_id)] += found.count
        sizes[(found.flavor_name, found.flavor_name)] += found.count
        images[(found.image_name, found.image_name)] += found.count
    return Facets(
        total=sum(statuses.values()),
        statuses=_choices(statuses),
        owners=sorted(_choices(owners), key=lambda choice: choice.value != "me"),
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


def _owner(found: Combination, viewer_id: int | None) -> tuple[str, str]:
    if found.owner_id is None:
        return "outside", "Outside the portal"
    if found.owner_id == viewer_id:
        return "me", "Me"
    return str(found.owner_id), found.owner_name


def _choices(counted: Counter[tuple[str, str]]) -> list[Choice]:
    filled = ((key, count) for key, count in counted.items() if key[0])
    return [
        Choice(value, label, count)
        for (value, label), count in sorted(filled, key=lambda one: one[0][1].lower())
    ]
