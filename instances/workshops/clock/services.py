"""What people decide about the times of a workshop. Each in one transaction with what follows from it.

Nothing in here touches a machine: rounds of the engine do what is wanted at a moment, and are woken by each change.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime

from django.db import transaction
from django.utils import timezone

from allocations.models import Membership
from allocations.roles import Need, having
from instances.services import handing
from instances.workshops import hooks, trail
from instances.workshops.clock import telling
from instances.workshops.clock.keeping import locked, refresh, wake
from instances.workshops.clock.moving import Held, Rearranged, rearrange
from instances.workshops.clock.reading import meetings_of, planned_of, times_of
from instances.workshops.clock.repeating import Planned
from instances.workshops.clock.running import end_at
from instances.workshops.clock.running import end_now as end_now
from instances.workshops.clock.running import extend as extend
from instances.workshops.clock.running import go_on_beyond_cap as go_on_beyond_cap
from instances.workshops.clock.window import upcoming
from instances.workshops.models import Meeting, SeatMachine, Workshop
from instances.workshops.rights import Right
from portal.accounts import time_zones
from portal.accounts.models import User
from portal.core import bulk
from portal.core.errors import PortalError

State = Workshop.State
MOST_KEEP_DAYS = 60
_OVER = (State.REMOVED, State.CANCELLED)


@transaction.atomic
def plan(*, workshop: Workshop, by: User) -> Workshop:
    """From a draft to what the clock builds. Done twice it is done once."""
    found = locked(workshop, by, Right.PLAN)
    if found.state == State.PLANNED:
        return found
    if found.state != State.DRAFT:
        raise PortalError("workshops:over", title=found.title)
    meetings = meetings_of(found)
    _complete(found, meetings)
    now = timezone.now()
    if meetings[0].starts_at <= now:
        first = meetings[0]
        raise PortalError("workshops:meeting-in-past", day=f"{first.day:%Y-%m-%d} {first.begins:%H:%M}")
    found.state, found.planned_at = State.PLANNED, now
    found.owner = found.owner or by
    refresh(found, "state", "planned_at", "owner")
    trail.record("workshop.plan", found, by=by, meetings=len(meetings), seats=found.seats, cap=found.su_cap)
    hooks.tell_plan_changed(found, "planned")
    return found


@transaction.atomic
def set_meetings(*, workshop: Workshop, by: User, meetings: Sequence[Planned]) -> Workshop:
    """These and no others, but for those that are over. A workshop that has ended goes on with a meeting to come."""
    found = locked(workshop, by, Right.PLAN)
    _alterable(found)
    _known_zone(found)
    now = timezone.now()
    before = meetings_of(found)
    held = [Held(one.pk, planned_of(one), one.starts_at, one.ends_at) for one in before]
    draft = found.state == State.DRAFT
    after = rearrange(held, meetings, found.time_zone, None if draft else now)
    if not after.kept and not draft:
        raise PortalError("workshops:no-meetings")
    _store(found, before, after)
    _revive(found, now)
    refresh(found, "state", "ended_at")
    if not draft:
        trail.record(
            "workshop.times",
            found,
            by=by,
            before=_said(one.planned for one in held),
            after=_said(one.planned for one in after.kept),
        )
    if after.moved and not draft:
        hooks.tell_plan_changed(found, "moved")
    return found


@transaction.atomic
def cancel(*, workshop: Workshop, by: User) -> Workshop:
    """Before its first meeting. What was built for it already, such as a test drive, is removed and counted."""
    found = locked(workshop, by, Right.PLAN)
    if found.state == State.CANCELLED:
        return found
    _alterable(found)
    now, meetings = timezone.now(), meetings_of(found)
    begun = found.state == State.RUNNING and bool(meetings) and meetings[0].starts_at <= now
    if begun or found.state == State.ENDED:
        raise PortalError("workshops:has-begun")
    planned = found.state != State.DRAFT
    made = SeatMachine.objects.filter(workshop=found).exists()
    found.state = State.REMOVING if made else State.CANCELLED
    found.ended_at = found.remove_after = now
    wake(found, "state", "ended_at", "remove_after")
    trail.record("workshop.cancel", found, by=by)
    if planned:
        hooks.tell_plan_changed(found, "cancelled")
    return found


@transaction.atomic
def finish(*, workshop: Workshop, by: User) -> Workshop:
    """End all of it: the meeting that runs ends now, and none follows. Its tail and its days of grace stay."""
    found = locked(workshop, by, Right.PLAN)
    if found.state != State.RUNNING:
        raise PortalError("workshops:not-running", title=found.title)
    now = timezone.now()
    meetings = meetings_of(found)
    if meetings and meetings[0].starts_at > now:
        return cancel(workshop=found, by=by)
    ahead = [one.pk for one in meetings if one.starts_at > now]
    Meeting.objects.filter(pk__in=ahead).delete()
    for one in meetings:
        if one.starts_at <= now < one.ends_at:
            end_at(one, now)
    refresh(found)
    trail.record("workshop.finish", found, by=by, meetings_dropped=len(ahead))
    if ahead:
        hooks.tell_plan_changed(found, "moved")
    return found


@transaction.atomic
def keep(*, workshop: Workshop, by: User, days: int) -> Workshop:
    """For how many days after the end seats are kept. Also while they are kept already; not once they are deleted."""
    found = locked(workshop, by, Right.PLAN)
    _alterable(found)
    if not 0 <= days <= MOST_KEEP_DAYS:
        raise PortalError("workshops:bad-days", most=MOST_KEEP_DAYS)
    before, found.keep_days = found.keep_days, days
    refresh(found, "keep_days")
    trail.record("workshop.keep", found, by=by, before=f"{before} days", after=f"{days} days")
    return found


@transaction.atomic
def remove_now(*, workshop: Workshop, by: User) -> Workshop:
    """The seats are not kept any longer, and nothing is waited for: whoever says so was told what that means."""
    found = locked(workshop, by, Right.PLAN)
    if found.state == State.REMOVING:
        return found
    if found.state != State.ENDED:
        raise PortalError("workshops:not-ended")
    found.state, found.remove_after = State.REMOVING, timezone.now()
    wake(found, "state", "remove_after")
    trail.record("workshop.remove", found, by=by)
    return found


@transaction.atomic
def hand_to(*, workshop: Workshop, by: User, to: User) -> Workshop:
    """Another person of the allocation plans and runs it from now on; its machines are theirs with it."""
    found = locked(workshop, by, Right.PLAN)
    if found.state in _OVER:
        raise PortalError("workshops:over", title=found.title)
    welcome = Membership.objects.filter(
        allocation=found.allocation_id, user=to, ended_at=None, role__in=having(Need.ACT)
    )
    if not to.is_active or not welcome.exists():
        raise PortalError("workshops:no-such-heir", person=str(to))
    if found.owner_id == to.pk:
        return found
    before, found.owner = found.owner, to
    machines = SeatMachine.objects.filter(workshop=found, instance__deleted_at=None).exclude(instance=None)
    handing.hand_over(by=by, machines=list(machines.values_list("instance_id", flat=True)), to=to)
    wake(found, "owner")
    trail.record("workshop.hand", found, by=by, before=str(before or "nobody"), after=str(to))
    if to != by:
        telling.handed(found, by, to)
    return found


def _complete(workshop: Workshop, meetings: Sequence[Meeting]) -> None:
    if not meetings:
        raise PortalError("workshops:no-meetings")
    _known_zone(workshop)
    needed = {
        "a title": workshop.title.strip(),
        "an image": workshop.image_id,
        "a size": workshop.flavor_id,
        "seats": workshop.seats,
        "a login for learners": workshop.login,
    }
    missing = [words for words, value in needed.items() if not value]
    if missing:
        raise PortalError("workshops:incomplete", missing=" and ".join(missing))


def _known_zone(workshop: Workshop) -> None:
    if workshop.time_zone not in time_zones.names():
        raise PortalError("workshops:bad-zone", zone=workshop.time_zone[:60])


def _alterable(workshop: Workshop) -> None:
    if workshop.state == State.REMOVING:
        raise PortalError("workshops:being-removed", title=workshop.title)
    if workshop.state in _OVER:
        raise PortalError("workshops:over", title=workshop.title)


def _store(workshop: Workshop, before: Sequence[Meeting], after: Rearranged) -> None:
    Meeting.objects.filter(workshop=workshop, pk__in=after.gone).delete()
    known = {one.pk: one for one in before}
    new: list[Meeting] = []
    changed: list[Meeting] = []
    for wanted in after.kept:
        meeting = Meeting(workshop=workshop) if wanted.key is None else known[wanted.key]
        planned = wanted.planned
        meeting.title, meeting.day = planned.title, planned.day
        meeting.begins, meeting.ends = planned.begins, planned.ends
        meeting.starts_at, meeting.ends_at = wanted.starts_at, wanted.ends_at
        (new if wanted.key is None else changed).append(meeting)
    bulk.update(changed, ["title", "day", "begins", "ends", "starts_at", "ends_at"])
    bulk.insert(new)


def _revive(workshop: Workshop, now: datetime) -> None:
    """It had ended, and its seats are still kept: with a meeting to come it goes on."""
    if workshop.state == State.ENDED and upcoming(times_of(workshop), now) is not None:
        workshop.state, workshop.ended_at = State.RUNNING, None


def _said(meetings: Iterable[Planned]) -> str:
    return ", ".join(f"{one.day:%Y-%m-%d} {one.begins:%H:%M}-{one.ends:%H:%M}" for one in meetings)
