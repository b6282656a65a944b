"""What became of a workshop: who was there, what it cost, how well the seats worked. In a fixed number of queries."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from allocations import usage
from allocations.usage import Window
from instances.workshops.after.figures import Part, Spread, minutes, parts, spread
from instances.workshops.clock.reading import meetings_of, times_of
from instances.workshops.clock.spending import ZERO
from instances.workshops.models import Attendance, HelpRequest, Learner, Meeting, SeatMachine, Workshop

# Why a machine served its seat no more, where another had to take its place.
REPLACED = {
    "failed": "failed while it was built",
    "stuck": "did not come up in time",
    "lost": "deleted at the cloud",
    "replaced": "replaced by hand",
    "swapped": "swapped for a spare",
}


@dataclass(frozen=True, slots=True)
class Presence:
    """From when to when somebody was seen at their seat during one meeting."""

    first_at: datetime
    last_at: datetime

    @property
    def minutes(self) -> int:
        return minutes(self.first_at, self.last_at)


@dataclass(frozen=True, slots=True)
class MeetingLine:
    """`su`: spent from the tail of the meeting before to its own tail; None: it has not begun."""

    number: int
    meeting: Meeting
    came: int
    su: Decimal | None


@dataclass(frozen=True, slots=True)
class LearnerLine:
    """`present`: for each meeting. `su`: of all machines that they had, one after the other."""

    learner: Learner
    seat: int | None
    present: tuple[Presence | None, ...]
    calls: int
    machines: int
    su: Decimal

    @property
    def came(self) -> int:
        return sum(1 for one in self.present if one is not None)

    @property
    def minutes(self) -> int:
        return sum(one.minutes for one in self.present if one is not None)


@dataclass(frozen=True, slots=True)
class Machines:
    """`replaced`: how many for which reason, in words. `ready`: from the request until it was set up (s)."""

    made: int
    served: int
    replaced: tuple[tuple[str, int], ...]
    ready: Spread | None
    never_ready: int


@dataclass(frozen=True, slots=True)
class Calls:
    """Calls for help. `waited`: until somebody took it, or it was done (s)."""

    rows: tuple[HelpRequest, ...]
    waited: Spread | None
    unanswered: int


@dataclass(frozen=True, slots=True)
class Report:
    """`others`: SU of spares and of seats that nobody had. `kept`: spent since the last tail."""

    workshop: Workshop
    meetings: tuple[MeetingLine, ...]
    learners: tuple[LearnerLine, ...]
    machines: Machines
    calls: Calls
    total: Decimal
    others: Decimal
    kept: Decimal

    @property
    def came(self) -> int:
        """How many were there at least once."""
        return sum(1 for one in self.learners if one.came)

    @property
    def per_learner(self) -> Decimal | None:
        return self.total / self.came if self.came else None


def report_of(workshop: Workshop, now: datetime) -> Report:
    meetings = meetings_of(workshop)
    machines = list(SeatMachine.objects.filter(workshop=workshop))
    calls = list(HelpRequest.objects.filter(workshop=workshop).select_related("learner", "claimed_by"))
    cut = parts(times_of(workshop, meetings), workshop.created_at, now)
    spent = _spent(workshop, cut, {str(one.instance_id) for one in machines if one.instance_id})
    by_machine: dict[str, Decimal] = defaultdict(Decimal)
    for lines in spent.values():
        for key, su in lines.items():
            by_machine[key] += su
    total = sum(by_machine.values(), ZERO)
    seen = _seen(workshop)
    learners = _learners(workshop, meetings, seen, machines, calls, by_machine)
    of_part = {part.meeting: sum(lines.values(), ZERO) for part, lines in spent.items()}
    came = Counter(meeting_id for meeting_id, _ in seen)
    return Report(
        workshop=workshop,
        meetings=tuple(
            MeetingLine(
                number, one, came[one.pk], of_part.get(number, ZERO) if one.starts_at <= now else None
            )
            for number, one in enumerate(meetings)
        ),
        learners=tuple(learners),
        machines=_machines(machines),
        calls=_calls(calls, now),
        total=total,
        others=total - sum((one.su for one in learners), ZERO),
        kept=of_part.get(None, ZERO),
    )


def _spent(workshop: Workshop, cut: Sequence[Part], mine: set[str]) -> dict[Part, dict[str, Decimal]]:
    """SU of each machine of the workshop in each part of its time."""
    windows = {part: Window(workshop.allocation_id, part.start, part.end) for part in cut}
    lines = usage.totals_in(set(windows.values()), by=("instance",)) if mine else {}
    return {
        part: {line.keys[0]: line.su for line in lines.get(window, []) if line.keys[0] in mine}
        for part, window in windows.items()
    }


def _seen(workshop: Workshop) -> dict[tuple[int, UUID], Presence]:
    """By meeting and learner. A test drive is nobody's presence."""
    rows = Attendance.objects.filter(meeting__workshop=workshop).exclude(learner__via=Learner.Via.TEST)
    columns = ("meeting_id", "learner_id", "first_at", "last_at")
    return {
        (meeting, learner): Presence(first, last)
        for meeting, learner, first, last in rows.values_list(*columns)
    }


def _learners(
    workshop: Workshop,
    meetings: Sequence[Meeting],
    seen: Mapping[tuple[int, UUID], Presence],
    machines: Sequence[SeatMachine],
    calls: Sequence[HelpRequest],
    by_machine: Mapping[str, Decimal],
) -> list[LearnerLine]:
    """Everybody who takes part or was there; who was removed without ever coming is left out."""
    people = Learner.objects.filter(workshop=workshop).exclude(via=Learner.Via.TEST).select_related("seat")
    had: dict[UUID, list[str]] = defaultdict(list)
    for one in machines:
        if one.learner_id is not None:
            had[one.learner_id].append(str(one.instance_id))
    asked = Counter(call.learner_id for call in calls)
    found = []
    for person in people.order_by("name", "pk"):
        present = tuple(seen.get((one.pk, person.pk)) for one in meetings)
        if person.state == Learner.State.OUT and not any(present) and not had[person.pk]:
            continue
        seat = getattr(person, "seat", None)
        found.append(
            LearnerLine(
                learner=person,
                seat=seat.number if seat is not None else None,
                present=present,
                calls=asked[person.pk],
                machines=len(had[person.pk]),
                su=sum((by_machine.get(key, ZERO) for key in had[person.pk]), ZERO),
            )
        )
    return found


def _machines(rows: Sequence[SeatMachine]) -> Machines:
    reasons = Counter(one.left_because for one in rows if one.left_because in REPLACED)
    return Machines(
        made=len(rows),
        served=sum(1 for one in rows if one.learner_id is not None),
        replaced=tuple((REPLACED[reason], count) for reason, count in reasons.most_common()),
        ready=spread((one.ready_at - one.made_at).total_seconds() for one in rows if one.ready_at),
        never_ready=sum(1 for one in rows if one.ready_at is None and one.left_at is not None),
    )


def _calls(rows: Sequence[HelpRequest], now: datetime) -> Calls:
    """A call that its learner took back waited until then."""
    answered = [(one, one.claimed_at or one.done_at) for one in rows]
    return Calls(
        rows=tuple(rows),
        waited=spread((at - one.asked_at).total_seconds() for one, at in answered if at is not None),
        unanswered=sum(1 for _, at in answered if at is None),
    )
