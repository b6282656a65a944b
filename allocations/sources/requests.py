"""Asking for people to be added, removed, or given another role: intent rows, which a worker carries out."""

import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from django.db import transaction
from django.utils import timezone

from allocations.access import allocation_by_id
from allocations.models import Allocation
from allocations.roles import Need
from allocations.sources import rules, states, telling
from allocations.sources.capabilities import Capabilities, access_of, capabilities, name_pattern
from allocations.sources.models import MembershipRequest
from allocations.sources.names import each_once, key, valid
from allocations.sources.people import roster
from portal.accounts.models import User
from portal.core import limits
from portal.core.audit import record
from portal.core.errors import PortalError, explain
from portal.core.ids import uuid7

Action = Literal["add", "remove", "role"]
MOST_NAMES = 200
# How long a worker tries to hand a request over, and then waits for it to come true.
PATIENCE = timedelta(hours=48)
_RECENT = timedelta(days=7)
_MAY = {"add": "can_add", "remove": "can_remove", "role": "can_change_role"}


@dataclass(frozen=True, slots=True)
class Asked:
    """A request as pages show it."""

    request: MembershipRequest
    action: str
    username: str
    role: str
    state: str
    words: str
    asked_at: datetime
    by: str


def ask(
    *,
    allocation: Allocation,
    by: User,
    action: Action,
    usernames: Iterable[str],
    role: str = "member",
    resources: Sequence[str] = (),
    comment: str = "",
) -> list[MembershipRequest]:
    """One request for each person, in the order given. What cannot be done at all is refused at once, in its row.

    Asking twice for the same is asking once. Somebody who is not a manager gets `portal:forbidden`.
    """
    place = allocation_by_id(by, allocation.pk, Need.MANAGE)
    names = _names(usernames)
    limits.check(f"sources:ask:{by.pk}", most=120, seconds=3600)
    can, batch = capabilities(place), uuid7()
    with transaction.atomic():
        # Two who ask at the same moment: the second sees what the first has asked.
        Allocation.objects.select_for_update().get(pk=place.pk)
        roles = {key(person.username): person.role for person in roster(place)}
        live = {key(one.username): one for one in _live(place)}
        wanted = role if action != "remove" else ""
        rows = []
        for name in names:
            why, params = _refusal(can, action, place.viewer_role, roles.get(key(name), ""), wanted, name)
            row = live.get(key(name))
            if row is not None and not why and row.action == action and row.role == wanted:
                rows.append(row)
                continue
            if row is not None and not why:
                _supersede(row, by)
            rows.append(
                _make(place, by, batch, action, name, wanted, resources, comment, can.source, why, params)
            )
        telling.requests_changed(place, [row for row in rows if row.batch == batch])
    return rows


def open_of(allocation: Allocation) -> list[Asked]:
    """What is under way, the newest first."""
    return [shown(row, allocation) for row in _live(allocation)]


def recent(allocation: Allocation, *, days: float | None = None) -> list[Asked]:
    """What is under way and what ended lately, the newest first."""
    since = timezone.now() - (timedelta(days=days) if days else _RECENT)
    rows = MembershipRequest.objects.filter(allocation=allocation, asked_at__gte=since)[:MOST_NAMES]
    return [shown(row, allocation) for row in rows]


def shown(row: MembershipRequest, allocation: Allocation) -> Asked:
    return Asked(
        row,
        row.action,
        row.username,
        row.role,
        row.state,
        words(row, allocation),
        row.asked_at,
        row.asked_by_name,
    )


def words(row: MembershipRequest, allocation: Allocation) -> str:
    """How the request stands, in a sentence's part."""
    access = access_of(allocation) if row.source == "access" else None
    at = access.title if access else "the cloud"
    if row.state == MembershipRequest.State.REFUSED:
        problem = explain(row.problem_id, row.problem_params)
        return f"refused: {problem.title}. {problem.what}"
    if row.state == MembershipRequest.State.DONE:
        return "done"
    if row.state == MembershipRequest.State.PENDING:
        since = timezone.localtime(row.pending_at or row.asked_at)
        takes = f", can take {states.hours(access.pending_hours)}" if access else ""
        return f"pending at {at} since {since:%-d %b %H:%M}{takes}"
    if row.problem_id:
        return f"{at} does not answer; it is tried again by itself"
    return f"on its way to {at}"


def _names(usernames: Iterable[str]) -> list[str]:
    names = each_once(usernames, name_pattern())
    if len(names) > MOST_NAMES:
        raise PortalError("sources:too-many-names", count=len(names), most=MOST_NAMES)
    return names


def _live(allocation: Allocation) -> list[MembershipRequest]:
    rows = MembershipRequest.objects.filter(allocation=allocation, state__in=MembershipRequest.LIVE)
    return list(rows.select_related("asked_by"))


def _refusal(
    can: Capabilities, action: str, by_role: str, of_role: str, wanted: str, name: str
) -> tuple[str, dict[str, str]]:
    """Id and params of what stands against it; an empty id: nothing."""
    if not valid(name):
        return "sources:bad-name", {"username": name[:100]}
    if problem := rules.refusal(action, by_role, of_role, wanted):
        return problem, {}
    if not getattr(can, _MAY[action]):
        return "sources:cannot", {"needs": can.needs}
    return "", {}


def _make(
    allocation: Allocation,
    by: User,
    batch: uuid.UUID,
    action: str,
    name: str,
    role: str,
    resources: Sequence[str],
    comment: str,
    source: str,
    why: str,
    params: dict[str, str],
) -> MembershipRequest:
    now = timezone.now()
    state = MembershipRequest.State.REFUSED if why else MembershipRequest.State.ASKED
    row = MembershipRequest.objects.create(
        allocation=allocation,
        batch=batch,
        asked_by=by,
        asked_by_name=str(by)[:255],
        action=action,
        username=name[:255],
        role=role,
        resources=[str(one)[:255] for one in resources],
        comment=comment[:500],
        source=source,
        state=state,
        problem_id=why,
        problem_params=params,
        asked_at=now,
        ended_at=now if why else None,
        # The page that asks shows the refusal.
        told_at=now if why else None,
        due_at=None if why else now,
        deadline=now + PATIENCE,
    )
    record(
        f"members.{action}-{'refused' if why else 'asked'}",
        by=by,
        scope=f"allocation.{allocation.pk}",
        target_type="person",
        target_id=name[:255],
        target_name=name,
        role=role,
        at=source,
        **({"problem": why} if why else {}),
    )
    return row


def _supersede(row: MembershipRequest, by: User) -> None:
    now = timezone.now()
    row.state, row.problem_id = MembershipRequest.State.REFUSED, "sources:superseded"
    row.problem_params = {"who": str(by)}
    row.ended_at, row.told_at, row.due_at, row.lease_until = now, now, None, None
    row.save(
        update_fields=[
            "state",
            "problem_id",
            "problem_params",
            "ended_at",
            "told_at",
            "due_at",
            "lease_until",
        ]
    )
