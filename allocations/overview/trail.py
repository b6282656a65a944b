"""Who did what in an allocation, for those whom it concerns: the audit, newest first."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q, QuerySet

from allocations import hooks
from allocations.models import Allocation
from allocations.overview.trail_words import KINDS, said, told
from allocations.roles import Need, allows
from portal.accounts.models import User
from portal.core.models import AuditEvent

PAGE, FEW = 50, 6
_LARGEST = 2**62


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    at: datetime
    who: str
    what: str
    target: str
    action: str
    detail: Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Trail:
    """`after`: where the next page begins; empty on the last. `whole`: the viewer sees what concerns others, too."""

    entries: Sequence[Entry]
    after: str
    whole: bool


def sees_whole(viewer: User, allocation: Allocation) -> bool:
    """Who manages the allocation, and operators. Of one that came through its door; no query."""
    return viewer.is_operator or allows(allocation.viewer_role, Need.MANAGE)


def trail(
    allocation: Allocation,
    viewer: User,
    *,
    kind: str = "",
    person: str = "",
    after: str = "",
    size: int = PAGE,
) -> Trail:
    """`kind` is one of KINDS, `person` a part of a name. Two queries at most, however long the record is."""
    whole = sees_whole(viewer, allocation)
    events = AuditEvent.objects.filter(scope=f"allocation.{allocation.pk}", pk__lt=_place(after))
    if not whole:
        events = events.filter(_concerns(viewer, allocation))
    found = list(_filtered(events, kind, person).order_by("-pk")[: size + 1])
    shown = found[:size]
    return Trail(
        entries=[_entry(event) for event in shown],
        after=str(shown[-1].pk) if len(found) > size else "",
        whole=whole,
    )


def _concerns(viewer: User, allocation: Allocation) -> Q:
    """What they did, what was done to them and to their machines, and what holds for everybody."""
    key = str(viewer.pk)
    mine = [one.instance_id for one in hooks.spenders(allocation.pk) if one.owner_key == key]
    about_me = Q(target_type="user", target_id=key)
    return (
        Q(actor_id=key)
        | about_me
        | Q(target_type="instance", target_id__in=mine)
        | Q(target_type="allocation", target_id=str(allocation.pk))
    )


def _filtered(events: "QuerySet[AuditEvent]", kind: str, person: str) -> "QuerySet[AuditEvent]":
    wanted = Q()
    for beginning in KINDS[kind][1] if kind in KINDS else ():
        wanted |= Q(action__startswith=beginning)
    events = events.filter(wanted)
    name = person.strip()[:100]
    return events.filter(Q(actor_name__icontains=name) | Q(target_name__icontains=name)) if name else events


def _place(after: str) -> int:
    """What is no place is the first page."""
    return int(after) if after.isascii() and after.isdigit() and len(after) < 19 else _LARGEST


def _entry(event: AuditEvent) -> Entry:
    return Entry(
        at=event.at,
        who=event.actor_name or "the portal",
        what=said(event.action),
        target=event.target_name,
        action=event.action,
        detail=told(event.detail if isinstance(event.detail, dict) else {}),
    )
