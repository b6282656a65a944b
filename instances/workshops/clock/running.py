"""The meeting that runs: made longer, ended, let go on beyond the cap. By one click, while a class waits."""

from datetime import datetime, timedelta
from decimal import Decimal

from django.db import transaction
from django.utils import timezone

from instances.workshops import trail
from instances.workshops.clock import cap
from instances.workshops.clock.cap_rules import Verdict
from instances.workshops.clock.keeping import locked, refresh, wake
from instances.workshops.clock.reading import meetings_of, times_of
from instances.workshops.clock.spending import ZERO, burning
from instances.workshops.clock.telling import when
from instances.workshops.clock.window import current, upcoming, wall
from instances.workshops.models import Meeting, Workshop
from instances.workshops.rights import Right
from portal.accounts.models import User
from portal.core.errors import PortalError

State = Workshop.State
STEPS = (15, 30, 60)
# So long after its seats closed the last meeting may still be made longer: its machines are brought back.
REGRET = timedelta(hours=1)
_DAY = timedelta(days=1)


@transaction.atomic
def extend(*, workshop: Workshop, by: User, minutes: int, seen: datetime | None = None) -> datetime:
    """The new end. `seen`: the end that the person saw; where somebody else has moved it meanwhile, it is refused.

    Also in the tail, and an hour after it where no meeting follows: seats that were put away come back.
    """
    found = locked(workshop, by, Right.RUN)
    _under_way(found)
    if minutes not in STEPS:
        raise PortalError("workshops:bad-minutes")
    now, meetings = timezone.now(), meetings_of(found)
    meeting = _extendable(found, meetings, now)
    if seen is not None and abs(seen - meeting.ends_at) >= timedelta(seconds=1):
        raise PortalError("workshops:moved-meanwhile", end=when(found, meeting.ends_at))
    before = meeting.ends_at
    _to_end_at(meeting, max(before, _minute(now)) + timedelta(minutes=minutes), meetings, found)
    after = meeting.ends_at
    word = _within_cap(found, after, now)
    if found.state == State.ENDED:
        found.state, found.ended_at = State.RUNNING, None
    refresh(found, "state", "ended_at", *word)
    trail.record("workshop.extend", found, by=by, before=when(found, before), after=when(found, after))
    return after


@transaction.atomic
def end_now(*, workshop: Workshop, by: User) -> datetime:
    """The meeting in session ends; its tail runs, so that everybody can save what they have."""
    found = locked(workshop, by, Right.RUN)
    _under_way(found)
    now, meetings = timezone.now(), meetings_of(found)
    number = current(times_of(found, meetings), now)
    if number is None or meetings[number].ends_at <= now:
        raise PortalError("workshops:no-meeting-now")
    meeting = meetings[number]
    before = meeting.ends_at
    end_at(meeting, now)
    refresh(found)
    trail.record("workshop.end-now", found, by=by, before=when(found, before), after=when(found, now))
    return meeting.ends_at


@transaction.atomic
def go_on_beyond_cap(*, workshop: Workshop, by: User, until: datetime | None = None) -> datetime:
    """The word that it may spend more than its cap, until then; None: for the meeting that runs or comes next."""
    found = locked(workshop, by, Right.PLAN)
    if found.state not in (State.PLANNED, State.RUNNING):
        raise PortalError("workshops:not-running", title=found.title)
    if found.su_cap is None:
        raise PortalError("workshops:no-cap", title=found.title)
    now = timezone.now()
    word = until or meeting_closes(found, now)
    if word is None or word <= now:
        raise PortalError("workshops:bad-until")
    before, found.over_cap_until = found.over_cap_until, word
    wake(found, "over_cap_until")
    trail.record(
        "workshop.beyond-cap",
        found,
        by=by,
        before=when(found, before) if before else None,
        after=when(found, word),
    )
    return word


def meeting_closes(workshop: Workshop, now: datetime) -> datetime | None:
    """When the seats of the meeting that runs, else of the next one, are put away."""
    times = times_of(workshop)
    number = current(times, now)
    number = upcoming(times, now) if number is None else number
    return None if number is None else times.meetings[number][1] + times.tail


def ends_at(workshop: Workshop, now: datetime) -> datetime | None:
    """The end of the meeting that can be extended now: what a dialog shows, and hands back as `seen`."""
    meetings = meetings_of(workshop)
    number = _extendable_number(workshop, meetings, now)
    return None if number is None else meetings[number].ends_at


def extension_cost(workshop: Workshop, minutes: int, now: datetime) -> Decimal:
    """SU that a longer meeting adds, with the machines as they are now. One query."""
    return burning([workshop], now).get(workshop.pk, ZERO) * minutes / 60


def end_at(meeting: Meeting, now: datetime) -> None:
    """To the moment. Its wall clock, in whole minutes, is rounded up: equal to its beginning would be a whole day."""
    meeting.ends_at = max(now, meeting.starts_at + timedelta(seconds=1))
    shown = max(meeting.ends_at, meeting.starts_at + timedelta(minutes=1))
    if shown > _minute(shown):
        shown += timedelta(minutes=1)
    meeting.ends = wall(shown, meeting.workshop.time_zone)[1]
    meeting.save(update_fields=["ends_at", "ends"])


def _under_way(workshop: Workshop) -> None:
    if workshop.state == State.REMOVING:
        raise PortalError("workshops:being-removed", title=workshop.title)
    if workshop.state not in (State.RUNNING, State.ENDED):
        raise PortalError("workshops:not-running", title=workshop.title)


def _extendable(workshop: Workshop, meetings: list[Meeting], now: datetime) -> Meeting:
    number = _extendable_number(workshop, meetings, now)
    if number is None:
        raise PortalError("workshops:no-meeting-now")
    return meetings[number]


def _extendable_number(workshop: Workshop, meetings: list[Meeting], now: datetime) -> int | None:
    """The one that runs or is in its tail; the last one, for a while after that."""
    times = times_of(workshop, meetings)
    number = current(times, now)
    if number is not None or not meetings:
        return number
    last = meetings[-1].ends_at
    return len(meetings) - 1 if last <= now < last + times.tail + REGRET else None


def _to_end_at(meeting: Meeting, end: datetime, meetings: list[Meeting], workshop: Workshop) -> None:
    follows = next((one for one in meetings if one.starts_at > meeting.starts_at), None)
    if follows is not None and end > follows.starts_at:
        raise PortalError(
            "workshops:next-too-close", next=when(workshop, follows.starts_at), end=when(workshop, end)
        )
    if end - meeting.starts_at >= _DAY:
        raise PortalError("workshops:longer-than-a-day")
    meeting.ends_at, meeting.ends = end, wall(end, workshop.time_zone)[1]
    meeting.save(update_fields=["ends_at", "ends"])


def _within_cap(workshop: Workshop, end: datetime, now: datetime) -> list[str]:
    """Beyond the cap only by the word of who may give it: extending is that word. The fields that it changed."""
    if workshop.su_cap is None:
        return []
    # The meeting is stored with its new end already, so the forecast reaches to that.
    found = cap.verdict(workshop, now)
    if not _goes_beyond(found):
        return []
    closes_at = end + timedelta(minutes=workshop.tail_minutes)
    if found.beyond_until is not None and found.beyond_until >= end:
        return []
    if workshop.viewer_right is None or workshop.viewer_right < Right.PLAN:
        raise PortalError(
            "workshops:cap-word",
            title=workshop.title,
            spent=f"{found.spent:,.0f}",
            cap=f"{workshop.su_cap:,.0f}",
        )
    workshop.over_cap_until = closes_at
    return ["over_cap_until"]


def _goes_beyond(found: Verdict) -> bool:
    if found.cap is None:
        return False
    ahead = found.forecast if found.forecast is not None else found.spent
    return ahead > found.cap or found.state == "reached"


def _minute(at: datetime) -> datetime:
    return at.replace(second=0, microsecond=0)
