"""Whatever goes wrong, and in whatever order: rounds come to an end with all seats ready, and never have too many machines.

A world of plain values stands for the rows and the cloud; it does with steps what carrying them out does.
"""

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Literal

from hypothesis import given, settings
from hypothesis import strategies as st

from instances.workshops.engine.plan import decide
from instances.workshops.engine.shapes import (
    Act,
    Delete,
    Facts,
    Give,
    Launch,
    Loose,
    Machine,
    Op,
    Part,
    Place,
    Ready,
    Rules,
    Show,
    Step,
    Tell,
    Trouble,
)

Fate = Literal["ok", "fails", "stuck", "full", "lost", "breaks", "orphan"]
FATES: tuple[Fate, ...] = ("ok", "fails", "stuck", "full", "lost", "breaks", "orphan")
START = datetime(2026, 9, 1, 14, 0, tzinfo=UTC)
RULES = Rules(stuck=300, usual=60, tries=3, first_pause=20, longest_pause=600)
TICK = timedelta(seconds=45)


@dataclass
class World:
    places: dict[str, Place]
    fates: list[Fate]
    now: datetime = START
    want: Literal["on", "away"] = "on"
    removing: bool = False
    fate_of: dict[str, Fate] = field(default_factory=dict)
    loose: dict[str, bool] = field(default_factory=dict)
    made: int = 0

    def facts(self) -> Facts:
        return Facts(
            now=self.now,
            want=self.want,
            removing=self.removing,
            build=self.want == "on",
            bring_back=self.want == "on",
            places=tuple(self.places.values()),
            loose=tuple(Loose(machine=pk, going=going) for pk, going in self.loose.items()),
            rules=RULES,
        )

    def round(self) -> list[Step]:
        steps = decide(self.facts())
        for step in steps:
            self.carry(step)
        self.check()
        return steps

    def check(self) -> None:
        """No more machines than places, beyond those that are being thrown away; none at two places."""
        held = [place.machine.id for place in self.places.values() if place.machine is not None]
        assert len(held) == len(set(held)) <= len(self.places)
        assert not set(held) & set(self.loose)

    def put(self, place: Place, **changes: object) -> None:
        self.places[place.id] = replace(self.places[place.id], **changes)  # type: ignore[arg-type]

    def carry(self, step: Step) -> None:
        match step:
            case Launch():
                for place in step.places:
                    assert self.places[place.id].machine is None
                    self.launch(place)
            case Part():
                machine = self.places[step.place.id].machine
                if machine is not None and not machine.gone:
                    self.loose[machine.id] = False
                self.put(
                    step.place,
                    machine=None,
                    op=None,
                    stage=step.stage,
                    attempts=step.place.attempts + step.counts,
                    not_before=step.not_before,
                )
            case Give():
                seat, spare = self.places[step.place.id], self.places[step.spare.id]
                self.put(seat, machine=spare.machine, op=spare.op, stage="ready", attempts=0, not_before=None)
                self.put(
                    spare,
                    machine=seat.machine,
                    op=seat.op,
                    stage=seat.stage,
                    attempts=seat.attempts,
                    not_before=seat.not_before,
                )
            case Ready():
                self.put(step.place, stage="ready", attempts=0, not_before=None)
            case Show():
                self.put(step.place, stage=step.stage, not_before=step.not_before)
            case Tell():
                self.put(step.place, not_before=step.not_before)
            case Act():
                self.act(step)
            case Delete():
                self.loose[step.machine] = True

    def launch(self, place: Place) -> None:
        self.made += 1
        pk = f"m{self.made}"
        self.fate_of[pk] = self.fates.pop() if self.fates else "ok"
        machine = Machine(id=pk, status="BUILD", setup="waiting", since=self.now)
        self.put(place, machine=machine, stage="building", op=Op(id=pk, name="launch", state="live"))

    def act(self, step: Act) -> None:
        place = self.places[step.place.id]
        assert place.machine is not None
        status = {"shelve": "SHELVED_OFFLOADED", "stop": "SHUTOFF"}.get(step.action, "ACTIVE")
        done = Op(id=f"{step.action}", name=step.action, state="done")
        self.put(place, stage=step.stage, machine=replace(place.machine, status=status), op=done)

    def time_passes(self) -> None:
        """A minute at the cloud: each machine meets its fate."""
        self.now += TICK
        self.loose = {pk: False for pk, going in self.loose.items() if not going}
        for place in list(self.places.values()):
            if place.machine is not None and place.stage in ("building", "ready"):
                self.meet(place, place.machine)

    def meet(self, place: Place, machine: Machine) -> None:
        fate = self.fate_of[machine.id]
        ready = replace(machine, status="ACTIVE", setup="complete")
        done = Op(id=machine.id, name="launch", state="done")
        match fate:
            case "ok":
                if place.stage == "building":
                    self.put(place, machine=ready, op=done)
            case "lost":
                self.put(place, machine=replace(machine, gone=True))
            case "fails" | "full" | "orphan" if place.stage == "building":
                ids = {"fails": "instances:fault", "full": "instances:no-room", "orphan": "operations:paused"}
                state: Literal["paused", "failed"] = "paused" if fate == "orphan" else "failed"
                self.put(place, op=Op(id=machine.id, name="launch", state=state, trouble=Trouble(ids[fate])))
            case "breaks":
                broken = replace(machine, status="ERROR")
                self.put(place, machine=ready if place.stage == "building" else broken, op=done)
            case _:
                return


def world(seats: int, spares: int, fates: list[Fate]) -> World:
    places = [Place(id=f"seat-{n}", number=n, stage_since=START) for n in range(1, seats + 1)]
    places += [Place(id=f"spare-{n}", number=n, spare=True, stage_since=START) for n in range(1, spares + 1)]
    return World({place.id: place for place in places}, fates)


def run(found: World, rounds: int) -> bool:
    for _ in range(rounds):
        steps = found.round()
        if not steps and all(place.stage == "ready" for place in found.places.values()):
            return True
        found.time_passes()
    return False


@settings(max_examples=150)
@given(st.integers(1, 8), st.integers(0, 3), st.lists(st.sampled_from(FATES), max_size=25))
def test_every_seat_becomes_ready_however_many_machines_go_wrong_first(
    seats: int, spares: int, fates: list[Fate]
) -> None:
    found = world(seats, spares, fates)
    # Each bad one costs at most the longest pause, one after the other.
    assert run(found, 60 + 20 * len(fates))
    assert not found.loose


@given(st.integers(1, 6), st.integers(0, 2))
def test_when_all_is_well_a_round_does_nothing(seats: int, spares: int) -> None:
    found = world(seats, spares, [])
    assert run(found, 10)
    assert found.round() == []
    assert found.made == seats + spares


@given(
    st.integers(1, 6),
    st.lists(st.sampled_from(FATES), max_size=10),
    st.lists(st.booleans(), min_size=1, max_size=12),
)
def test_meetings_come_and_go_and_nothing_is_built_twice(
    seats: int, fates: list[Fate], days: list[bool]
) -> None:
    found = world(seats, 1, fates)
    for on in days:
        found.want = "on" if on else "away"
        for _ in range(3):
            found.round()
            found.time_passes()
    found.want = "on"
    assert run(found, 400)


@given(st.integers(1, 6), st.lists(st.sampled_from(FATES), max_size=12), st.integers(0, 12))
def test_whenever_it_is_removed_no_machine_stays(seats: int, fates: list[Fate], after: int) -> None:
    found = world(seats, 2, fates)
    for _ in range(after):
        found.round()
        found.time_passes()
    found.removing = True
    for _ in range(4):
        found.round()
        found.time_passes()
    assert not found.loose
    assert all(place.machine is None and place.stage == "going" for place in found.places.values())
    made = found.made
    assert found.round() == []
    assert found.made == made


@given(st.integers(1, 6), st.lists(st.sampled_from(FATES), max_size=12), st.integers(0, 8))
def test_deciding_twice_from_the_same_facts_is_deciding_once(
    seats: int, fates: list[Fate], after: int
) -> None:
    found = world(seats, 1, fates)
    for _ in range(after):
        found.round()
        found.time_passes()
    assert decide(found.facts()) == decide(found.facts())
