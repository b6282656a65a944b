"""Everything that the board shows of a workshop, read in a fixed number of queries for any number of seats."""

import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from django.db.models import OuterRef, Subquery
from django.utils import timezone

from instances.metrics.models import Sample
from instances.models import Instance
from instances.remote.models import RemoteSession, Visit
from instances.workshops.board.counts import Counts, count
from instances.workshops.board.tiles import Call, Facts, Tile, tile
from instances.workshops.engine.usual import usual_build_seconds, usual_return_seconds
from instances.workshops.guests.notes import troubles
from instances.workshops.learner.calls import open_calls
from instances.workshops.models import HelpRequest, Seat, SeatMachine, Workshop
from portal.core.errors import explain
from portal.operations import services as operations
from portal.operations.models import Operation

# An older measurement tells nothing of what a machine does now.
MEASURED = timedelta(seconds=150)
_NO_MACHINE = UUID(int=0)
# Why a machine serves no seat any more, where another had to take its place.
GIVEN_UP = ("failed", "stuck", "replaced", "lost", "swapped")


class Measured(NamedTuple):
    cpu: float | None = None
    gpu: float | None = None


class People(NamedTuple):
    """Who is on one machine: the person of each live session, and those who look on at theirs."""

    sessions: tuple[tuple[int, str], ...] = ()
    visitors: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Placed:
    """One seat with its tile. `version` is the moment of reading: later markup replaces earlier."""

    seat: Seat
    facts: Facts
    tile: Tile
    version: int

    @property
    def key(self) -> str:
        """Names it within its workshop: `12`, or `s1` for a spare."""
        return f"{'s' if self.seat.spare else ''}{self.seat.number}"

    @property
    def initials(self) -> str:
        return "".join(word[0] for word in self.facts.name.split()[:3]).upper()


@dataclass(frozen=True, slots=True)
class Room:
    """A workshop as it stands at `now`; removed seats are not in it."""

    workshop: Workshop
    placed: list[Placed]
    counts: Counts
    calls: list[HelpRequest]
    now: datetime
    version: int


def read(workshop: Workshop, seats: Iterable[UUID] | None = None) -> Room:
    """Ten queries at most. `seats`: only these, with counts of these."""
    now, version = timezone.now(), time.time_ns() // 1_000_000
    found = Seat.objects.filter(workshop=workshop).exclude(stage=Seat.Stage.GONE)
    if seats is not None:
        found = found.filter(pk__in=list(seats))
    rows = list(found.select_related("learner", "instance").order_by("spare", "number"))
    calls = list(open_calls(workshop))
    by_learner = {call.learner_id: call for call in calls}
    ids = [seat.instance_id for seat in rows if seat.instance_id]
    live = operations.live_for("instance", ids) if ids else {}
    known = _Known(_people(ids), _measured(ids, now), troubles(ids) if ids else {}, _Usual.of(workshop))
    placed = []
    for seat in rows:
        call = by_learner.get(seat.learner_id) if seat.learner_id else None
        operation = live.get(str(seat.instance_id))
        facts = _facts(seat, call, operation, known)
        placed.append(Placed(seat, facts, tile(facts, now), version))
    replaced = SeatMachine.objects.filter(workshop=workshop, left_because__in=GIVEN_UP).count()
    counts = count((one.facts for one in placed), now, replaced=replaced)
    return Room(workshop, placed, counts, calls, now, version)


class _Usual(NamedTuple):
    build: float
    back: float

    @classmethod
    def of(cls, workshop: Workshop) -> "_Usual":
        of = workshop.allocation
        return cls(usual_build_seconds(of, workshop.image_id, workshop.flavor_name), usual_return_seconds(of))


class _Known(NamedTuple):
    """Of all machines, by their ids."""

    people: Mapping[UUID, People]
    measured: Mapping[UUID, Measured]
    troubles: Mapping[UUID, Sequence[str]]
    usual: _Usual


def _facts(seat: Seat, call: HelpRequest | None, operation: Operation | None, known: _Known) -> Facts:
    learner = seat.learner
    machine = seat.instance_id or _NO_MACHINE
    here, load = known.people.get(machine, People()), known.measured.get(machine, Measured())
    own = learner.user_id if learner else None
    building = seat.stage == Seat.Stage.BUILDING
    return Facts(
        number=seat.number,
        spare=seat.spare,
        stage=seat.stage,
        since=seat.stage_since,
        attempts=seat.attempts,
        not_before=seat.not_before,
        held_until=seat.held_until,
        problem=problem_words(seat),
        lacks=" ".join(known.troubles.get(machine, ())),
        doing=operation.stage if operation else "",
        doing_since=seat.stage_since,
        usual_seconds=known.usual.build if building else known.usual.back,
        learner=learner.state if learner else "",
        name=learner.name if learner else "",
        step=learner.step if learner else 0,
        seen_at=learner.seen_at if learner else None,
        connected=own is not None and any(person == own for person, _ in here.sessions),
        helpers=_helpers(own, here),
        call=Call(call.text, call.asked_at, str(call.claimed_by or "")) if call else None,
        cpu=load.cpu,
        gpu=load.gpu,
    )


def _helpers(own: int | None, here: People) -> tuple[str, ...]:
    others = [name for person, name in here.sessions if person != own]
    return tuple(dict.fromkeys([*others, *here.visitors]))


def problem_words(seat: Seat) -> str:
    return explain(seat.problem_id, seat.problem_params).what if seat.problem_id else ""


def _people(ids: Sequence[UUID]) -> dict[UUID, People]:
    if not ids:
        return {}
    live = RemoteSession.objects.filter(
        instance__in=ids, ended_at=None, away_since=None, started_at__isnull=False
    )
    sessions = list(live.select_related("person"))
    visits = Visit.objects.filter(session__instance__in=ids, session__ended_at=None, left_at=None)
    found: dict[UUID, People] = {}
    for session in sessions:
        held = found.get(session.instance_id, People())
        found[session.instance_id] = held._replace(
            sessions=(*held.sessions, (session.person_id, str(session.person)))
        )
    for visit in visits.select_related("person", "session"):
        held = found.get(visit.session.instance_id, People())
        found[visit.session.instance_id] = held._replace(visitors=(*held.visitors, str(visit.person)))
    return found


def _measured(ids: Sequence[UUID], now: datetime) -> dict[UUID, Measured]:
    """The newest sample of each, where it is recent."""
    if not ids:
        return {}
    newest = Sample.objects.filter(
        instance=OuterRef("pk"), resolution=Sample.Resolution.FULL, at__gte=now - MEASURED
    ).order_by("-at")
    picked = Instance.objects.filter(pk__in=ids).values(sample=Subquery(newest.values("pk")[:1]))
    samples = Sample.objects.filter(pk__in=picked).values_list("instance_id", "cpu", "gpus")
    return {instance_id: Measured(cpu, _gpu(gpus)) for instance_id, cpu, gpus in samples}


def _gpu(devices: object) -> float | None:
    """The mean of all its devices; guests say what they like."""
    if not isinstance(devices, list):
        return None
    loads = [one.get("util") for one in devices if isinstance(one, dict)]
    numbers = [load for load in loads if isinstance(load, int | float)]
    return sum(numbers) / len(numbers) if numbers else None
