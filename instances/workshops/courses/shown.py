"""What lists and the page of a workshop show of it, in a fixed number of queries for any number of workshops and seats."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from allocations.access import allocations_of
from allocations.models import Membership
from allocations.roles import Need, having
from instances.workshops import hooks
from instances.workshops.access import parts_of
from instances.workshops.clock import cap
from instances.workshops.clock.left import Left, in_words, left_at
from instances.workshops.clock.phases import phase_at
from instances.workshops.clock.reading import times_of, times_of_all
from instances.workshops.clock.spending import spent_of
from instances.workshops.clock.window import Times
from instances.workshops.courses import changing, gathering, offering
from instances.workshops.courses.coming import Step, coming
from instances.workshops.markup import render
from instances.workshops.models import Helper, Learner, Seat, Workshop
from instances.workshops.rights import Right
from portal.accounts import time_zones
from portal.accounts.models import User
from portal.core.errors import explain

State = Workshop.State
Stage = Seat.Stage
TONES = {
    State.DRAFT: "plain",
    State.PLANNED: "busy",
    State.RUNNING: "ok",
    State.ENDED: "off",
    State.REMOVING: "busy",
    State.REMOVED: "off",
    State.CANCELLED: "off",
}
_LIVE = (State.DRAFT, State.PLANNED, State.RUNNING)


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One workshop in a list. `seats`: of how many so many are ready; `next`: of its meetings, as the reader's clock shows it."""

    workshop: Workshop
    tone: str
    left: Left
    next_at: datetime | None
    ready: int
    learners: int
    # None: what it costs is nothing that the reader sees.
    spent: Decimal | None

    @property
    def in_words(self) -> str:
        return in_words(self.left.seconds)


@dataclass(frozen=True, slots=True)
class Part:
    """A workshop that the reader takes part in."""

    learner: Learner
    left: Left
    next_at: datetime | None
    zone: str

    @property
    def in_words(self) -> str:
        return in_words(self.left.seconds)


@dataclass(frozen=True, slots=True)
class Obstacle:
    """`level`: block or warn. `url`: where it is put right."""

    level: str
    title: str
    what: str
    todo: str


def lines(rows: Sequence[Workshop], user: User, now: datetime) -> list[Line]:
    """What runs first, then what comes, then what is being written, then what is over."""
    times, spent = times_of_all(rows), spent_of(rows, now)
    seats, people = _ready(rows), _learners(rows)
    members = set(allocations_of(user).values_list("pk", flat=True))
    found = [
        Line(
            workshop=one,
            tone=TONES[State(one.state)],
            left=left_at(times[one.pk], now),
            next_at=_next(times[one.pk], now, user),
            ready=seats.get(one.pk, 0),
            learners=people.get(one.pk, 0),
            spent=spent[one.pk] if user.is_operator or one.allocation_id in members else None,
        )
        for one in rows
    ]
    order = [State.RUNNING, State.PLANNED, State.DRAFT]
    return sorted(
        found,
        key=lambda line: (
            order.index(State(line.workshop.state)) if line.workshop.state in order else len(order),
            line.next_at.timestamp() if line.next_at else float("inf"),
        ),
    )


def parts(user: User, now: datetime) -> list[Part]:
    """Those that the reader learns at; a test drive is part of the workshop that they run. Two queries."""
    rows = list(parts_of(user).exclude(via=Learner.Via.TEST).order_by("-workshop__created_at"))
    times = times_of_all([one.workshop for one in rows])
    zone = time_zones.zone_of(user)
    return [
        Part(
            one,
            left_at(times[one.workshop_id], now),
            _next(times[one.workshop_id], now, user),
            str(zone),
        )
        for one in rows
    ]


def page_of(workshop: Workshop, user: User, now: datetime) -> dict[str, Any]:
    """Everything that its page shows besides what other parts put there."""
    times, verdict = times_of(workshop), cap.verdict(workshop, now)
    money = user.is_operator or _at_least(workshop, Right.PLAN)
    checked = gathering.check(workshop, user, sizes=False) if workshop.state in _LIVE else None
    zone, own = ZoneInfo(workshop.time_zone), time_zones.zone_of(user)
    # Of one that is over nothing is built any more.
    pace = (checked.build_seconds, max(1, checked.waves)) if checked else (0.0, 1)
    left = left_at(times, now)
    return {
        "workshop": workshop,
        "allocation": workshop.allocation,
        "tone": TONES[State(workshop.state)],
        "left": left,
        "left_words": in_words(left.seconds),
        "zone": str(zone),
        "own_zone": str(own) if str(own) != str(zone) else "",
        "verdict": verdict,
        "to_come": checked.cost.total if checked and checked.cost and checked.cost.priced else None,
        "money": money or _at_least(workshop, Right.RUN),
        "lines": offering.lines(workshop, user, checked) if checked else [],
        # What an allocation has and spends is for its members: helpers are told what holds the seats back.
        "obstacles": _obstacles(workshop, checked if money else None),
        "steps": _steps(workshop, times, now, pace, zone),
        "phase": phase_at(times, now, build_seconds=pace[0], waves=pace[1]),
        "people": _people(workshop),
        "helpers": list(workshop.helpers.select_related("user").order_by("role", "added_at")),
        "roles": Helper.Role.choices,
        "hand_out": render(workshop.hand_out),
        "rules": render(workshop.house_rules),
        "may_run": _at_least(workshop, Right.RUN),
        "may_plan": _at_least(workshop, Right.PLAN),
        "may_edit": bool(changing.may_change(workshop.state)) and _at_least(workshop, Right.RUN),
        "waits": hooks.waits_for(workshop) if workshop.state == State.ENDED else [],
        "now": now,
    }


def heirs(workshop: Workshop) -> list[User]:
    """To whom it can be handed: those who may use machines of the allocation."""
    rows = Membership.objects.filter(
        allocation=workshop.allocation_id, ended_at=None, role__in=having(Need.ACT), user__is_active=True
    ).exclude(user=workshop.owner_id)
    return sorted((one.user for one in rows.select_related("user")), key=str)


def _at_least(workshop: Workshop, right: Right) -> bool:
    return workshop.viewer_right is not None and workshop.viewer_right >= right


def _obstacles(workshop: Workshop, checked: gathering.Checked | None) -> list[Obstacle]:
    """What stands in its way now: why the engine holds back, and what the preflight says."""
    found = []
    if workshop.hold_id:
        words = explain(workshop.hold_id, workshop.hold_params)
        found.append(Obstacle("block", words.title, words.what, words.todo))
    findings = checked.report.findings if checked else ()
    return [*found, *(Obstacle(one.level, one.title, one.what, one.todo) for one in findings)]


def _steps(
    workshop: Workshop, times: Times, now: datetime, pace: tuple[float, int], zone: ZoneInfo
) -> list[Step]:
    if workshop.state not in (State.PLANNED, State.RUNNING, State.ENDED):
        return []
    found = coming(
        times,
        now,
        build_seconds=pace[0],
        waves=pace[1],
        machines=workshop.seats + workshop.spares,
        remove_after=workshop.remove_after,
    )
    return [Step(one.at.astimezone(zone), one.words) for one in found]


def _people(workshop: Workshop) -> list[tuple[str, int]]:
    """How many learners are how far, in words; states with nobody are left out."""
    rows = Learner.objects.filter(workshop=workshop).exclude(via=Learner.Via.TEST)
    counted = Counter(rows.order_by().values_list("state", flat=True))
    words = {"in": "joined", "invited": "invited", "asking": "ask to join", "waiting": "on the waiting list"}
    return [(said, counted[state]) for state, said in words.items() if counted[state]]


def _next(times: Times, now: datetime, user: User) -> datetime | None:
    coming_up = (start for start, end in times.meetings if end > now)
    found = next(coming_up, None)
    return time_zones.local(found, user) if found else None


def _ready(rows: Sequence[Workshop]) -> Mapping[UUID, int]:
    found = Seat.objects.filter(workshop__in=rows, spare=False, stage=Stage.READY)
    return Counter(found.order_by().values_list("workshop_id", flat=True))


def _learners(rows: Sequence[Workshop]) -> Mapping[UUID, int]:
    found: dict[UUID, int] = defaultdict(int)
    people = Learner.objects.filter(workshop__in=rows).exclude(state=Learner.State.OUT)
    for pk in people.exclude(via=Learner.Via.TEST).order_by().values_list("workshop_id", flat=True):
        found[pk] += 1
    return found
