"""Everything that a learner's page shows of their part, gathered once, in a fixed number of queries."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db.models import Q
from django.utils import timezone

from allocations.access import Person
from instances.remote import connections
from instances.remote.models import RemoteSession
from instances.workshops.access import is_at, taking_part
from instances.workshops.clock.left import Left, left_at
from instances.workshops.clock.reading import meetings_of, times_of
from instances.workshops.engine.usual import usual_build_seconds, usual_return_seconds
from instances.workshops.guests.notes import troubles
from instances.workshops.learner import messages
from instances.workshops.learner.models import Message
from instances.workshops.learner.phase import Facts, Phase, phase_of
from instances.workshops.models import Learner, Meeting, Seat, SeatMachine, Workshop
from portal.accounts.models import User
from portal.accounts.time_zones import zone_of
from portal.operations import services as operations

# For so long a page tells that its machine is another than before.
_NEWS = timedelta(hours=2)
_UNDER_WAY = (Seat.Stage.BUILDING, Seat.Stage.RETURNING, Seat.Stage.MENDING)
_BECAUSE = {
    "failed": "the old one had failed",
    "stuck": "the old one did not come up",
    "swapped": "a helper gave you another one",
    "replaced": "a helper had yours replaced",
    "lost": "the old one was deleted at the cloud",
}


@dataclass(frozen=True, slots=True)
class Looking:
    """Somebody who is on the learner's machine now. `types`: not only looks on."""

    name: str
    types: bool


@dataclass(frozen=True, slots=True)
class Progress:
    """How far the machine is: what is done now, since when it is built, and how long that usually takes (s)."""

    stage: str
    since: datetime
    usual: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Room:
    """What a page shows. `key` changes when the page must be another: the phase, or the machine."""

    part: Learner
    workshop: Workshop
    seat: Seat | None
    phase: Phase
    left: Left
    now: datetime
    meetings: list[Meeting]
    said: list[Message]
    looking: list[Looking]
    been: list[RemoteSession]
    troubles: list[str]
    moved: str
    progress: Progress | None
    ahead: int

    @property
    def key(self) -> str:
        machine = self.seat.instance_id if self.seat and self.phase.seated else ""
        return f"{self.phase.kind}:{machine}"

    @property
    def next_meeting(self) -> Meeting | None:
        return next((one for one in self.meetings if one.ends_at > self.now), None)

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.workshop.time_zone)

    @property
    def reader_zone(self) -> ZoneInfo | None:
        """The reader's, where it tells other times than the workshop's: then both are said."""
        own = zone_of(self.part.user)
        at = self.next_meeting.starts_at if self.next_meeting else self.now
        return own if at.astimezone(own).utcoffset() != at.astimezone(self.zone).utcoffset() else None


def room_of(user: Person, workshop_id: UUID) -> Room:
    """PortalError `workshops:unknown` for who takes no part."""
    part = taking_part(user, workshop_id)
    workshop, now = part.workshop, timezone.now()
    seat = _seat(part)
    meetings = meetings_of(workshop)
    phase = phase_of(_facts(part, seat, meetings, now), now)
    seated = phase.seated and seat is not None
    return Room(
        part=part,
        workshop=workshop,
        seat=seat,
        phase=phase,
        left=left_at(times_of(workshop, meetings), now),
        now=now,
        meetings=meetings,
        said=messages.current(part),
        looking=looking_on(seat, part.user) if seated and seat else [],
        been=been_there(seat, part) if seated and seat else [],
        troubles=_troubles(seat) if seated and seat else [],
        moved=_moved(part, now) if seated else "",
        progress=None if seated else _progress(seat),
        ahead=_in_line(part) if phase.kind == "waiting" else 0,
    )


def _seat(part: Learner) -> Seat | None:
    seat: Seat | None = getattr(part, "seat", None)
    if seat is not None:
        seat.workshop, seat.learner = part.workshop, part
    return seat


def _facts(part: Learner, seat: Seat | None, meetings: list[Meeting], now: datetime) -> Facts:
    workshop = part.workshop
    return Facts(
        workshop=workshop.state,
        learner=part.state,
        stage=seat.stage if seat else "",
        has_machine=bool(seat and seat.instance_id),
        may_sit=seat is not None and is_at(seat, now),
        opens_at=workshop.opens_at,
        closes_at=workshop.closes_at,
        next_start=next((one.starts_at for one in meetings if one.starts_at > now), None),
        in_meeting=any(_on(workshop, one, now) for one in meetings),
        test_drive=part.via == Learner.Via.TEST,
    )


def _on(workshop: Workshop, meeting: Meeting, now: datetime) -> bool:
    early, late = timedelta(minutes=workshop.ready_minutes), timedelta(minutes=workshop.tail_minutes)
    return meeting.starts_at - early <= now < meeting.ends_at + late


def looking_on(seat: Seat, user: User | None) -> list[Looking]:
    """Everybody but the learner who is on the machine now, by whatever way. Two queries."""
    assert seat.instance is not None
    found: dict[str, Looking] = {}
    for session in connections.on_now(seat.instance):
        others = [(visit.person, visit.mode == "type") for visit in session.visits.all()]
        others += [(session.person, True)]
        for person, types in others:
            if user is not None and person.pk != user.pk:
                before = found.get(str(person))
                found[str(person)] = Looking(str(person), types or bool(before and before.types))
    return list(found.values())


def been_there(seat: Seat, part: Learner) -> list[RemoteSession]:
    """Who else was on this machine since the learner has it: nothing is done there that they cannot see."""
    had = SeatMachine.objects.filter(instance=seat.instance_id).values_list("made_at", flat=True).first()
    since = max(one for one in (part.joined_at, had, part.added_at) if one is not None)
    others = RemoteSession.objects.filter(instance=seat.instance_id, asked_at__gte=since)
    others = others.exclude(person=part.user_id).exclude(started_at=None).exclude(Q(ended_at=None))
    return list(others.select_related("person")[:5])


def _troubles(seat: Seat) -> list[str]:
    return [
        words
        for found in troubles([seat.instance_id] if seat.instance_id else []).values()
        for words in found
    ]


def _moved(part: Learner, now: datetime) -> str:
    """Why the learner's machine is another than a while ago; empty: it is not."""
    left = SeatMachine.objects.filter(learner=part, left_at__gt=now - _NEWS).order_by("-left_at").first()
    return _BECAUSE.get(left.left_because, "") if left is not None else ""


def _progress(seat: Seat | None) -> Progress | None:
    """None: nothing is under way."""
    if seat is None or seat.stage not in _UNDER_WAY:
        return None
    workshop, stage = seat.workshop, ""
    if seat.instance_id is not None:
        going = operations.live_for("instance", [seat.instance_id]).get(str(seat.instance_id))
        stage = going.stage if going is not None else ""
    if seat.stage == Seat.Stage.BUILDING:
        usual = usual_build_seconds(workshop.allocation, workshop.image_id, workshop.flavor_name)
    else:
        usual = usual_return_seconds(workshop.allocation)
    return Progress(stage or str(seat.get_stage_display()), seat.stage_since, usual)


def _in_line(part: Learner) -> int:
    """How many are before them."""
    line = Learner.objects.filter(workshop=part.workshop_id, state=Learner.State.WAITING)
    if part.waiting_since is None:
        return 0
    before = Q(waiting_since__lt=part.waiting_since)
    return line.filter(before | Q(waiting_since=part.waiting_since, pk__lt=part.pk)).count()
