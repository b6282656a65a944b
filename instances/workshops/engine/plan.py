"""What one round does about one workshop: facts in, steps out. Pure.

Each seat gets at most one step of its own a round; carried out or not, the next round decides anew from what is then.
Never are more machines asked for than there are seats and spares without one.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta

from instances.workshops.engine.shapes import (
    BACK,
    Act,
    Delete,
    EndDrive,
    Facts,
    Give,
    Launch,
    Part,
    Place,
    Ready,
    Show,
    Step,
    Tell,
    Trouble,
)

# Nothing is wrong with the machine: there is no room for it now, or nobody to ask. Tried again for as long as it takes.
PATIENT = frozenset(
    {
        *("instances:no-room", "cloud:no-valid-host", "cloud:quota", "instances:quota", "instances:no-su"),
        *("instances:few-su", "operations:deadline", "operations:not-resumed", "operations:paused"),
        *("instances:nobody-to-act", "workshops:build-orphaned", "cloud:rate-limited", "cloud:server-error"),
        *("cloud:unavailable", "cloud:timeout", "cloud:connection", "cloud:slow", "cloud:service-down"),
    }
)
# A delete that failed is asked for again after so long.
_DELETE_AGAIN = timedelta(minutes=1)
_BUILT = ("start", "unshelve", "resume")


def decide(facts: Facts) -> list[Step]:
    if facts.removing:
        return _remove(facts)
    own = {place.id: step for place in facts.places if (step := _own(facts, place)) is not None}
    own = _within_room(facts, own)
    steps: list[Step] = [*own.values()]
    given = _spares_given(facts, own)
    steps += given
    used = {one.id for step in given for one in (step.place, step.spare)}
    missing = [
        place for place in facts.places if place.id not in own and place.id not in used and _due(facts, place)
    ]
    if missing:
        steps.append(Launch(places=tuple(sorted(missing, key=_order))))
    return [*steps, *_deletes(facts)]


def wants(facts: Facts) -> int:
    """How many machines it could ask for now."""
    return 0 if facts.removing else sum(1 for place in facts.places if _due(facts, place))


def _remove(facts: Facts) -> list[Step]:
    steps: list[Step] = []
    for place in facts.places:
        if place.machine is not None:
            steps.append(Part(place=place, because="over", stage="going"))
        elif place.stage not in ("going", "gone"):
            steps.append(Show(place=place, stage="going"))
    return [*steps, *_deletes(facts)]


def _deletes(facts: Facts) -> list[Step]:
    return [
        Delete(machine=one.machine)
        for one in facts.loose
        if not one.going and (one.failed_at is None or facts.now - one.failed_at > _DELETE_AGAIN)
    ]


def _order(place: Place) -> tuple[bool, bool, bool, int]:
    return (not place.drive, place.spare, not place.learner, place.number)


def held(facts: Facts, place: Place) -> bool:
    """Put aside by hand. A test drive's time is no such thing."""
    return not place.drive and place.held_until is not None and place.held_until > facts.now


def _due(facts: Facts, place: Place) -> bool:
    """Whether a machine is to be asked for now."""
    if place.machine is not None or place.stage not in ("empty", "broken") or held(facts, place):
        return False
    if place.not_before is not None and place.not_before > facts.now:
        return False
    return place.drive or (facts.want == "on" and facts.build)


def _own(facts: Facts, place: Place) -> Step | None:
    if place.drive and place.held_until is not None and place.held_until <= facts.now:
        return EndDrive(place=place)
    machine = place.machine
    if machine is None:
        # A stage that speaks of a machine, without one: what the cascade of a deleted row leaves.
        lost = place.stage not in ("empty", "broken", "going", "gone")
        return Show(place=place, stage="empty") if lost else None
    if machine.gone:
        return Part(place=place, because="lost", trouble=Trouble("workshops:build-lost"))
    match place.stage:
        case "building":
            return _building(facts, place)
        case "returning" | "mending":
            return _coming(facts, place)
        case "ready":
            return _ready(facts, place)
        case "away":
            return _away(facts, place)
        case "broken":
            return _broken(place)
        case _:
            # A machine at a seat that says it has none.
            return Show(place=place, stage="building")


def _building(facts: Facts, place: Place) -> Step | None:
    machine, op = place.machine, place.op
    assert machine is not None
    if machine.ready:
        return Ready(place=place)
    if op is not None and op.state in ("failed", "cancelled"):
        return _failed(facts, place, op.trouble or Trouble("instances:fault", {"fault": machine.fault}))
    if op is not None and op.state == "paused":
        return _failed(facts, place, Trouble("workshops:build-orphaned"))
    if op is None and machine.broken:
        return _failed(facts, place, Trouble("instances:fault", {"fault": machine.fault}))
    if (op is None or op.state == "done") and machine.rests:
        return Show(place=place, stage="away")
    since = machine.since or (place.stage_since if op is None or op.state == "done" else None)
    if since is not None and (facts.now - since).total_seconds() > facts.rules.stuck:
        return _stuck(facts, place, since)
    return _retried(place)


def _stuck(facts: Facts, place: Place, since: datetime) -> Step:
    minutes = round((facts.now - since).total_seconds() / 60)
    usual = f"{max(1, round(facts.rules.usual / 60))} min"
    trouble = Trouble("workshops:build-stuck", {"minutes": minutes, "usual": usual})
    return _failed(facts, place, trouble, because="stuck")


def _failed(facts: Facts, place: Place, trouble: Trouble, because: str = "failed") -> Part:
    """Another one: at once while it may be chance, after growing pauses when it is not."""
    attempts = place.attempts + 1
    if trouble.id in PATIENT:
        pause = facts.rules.pause(attempts)
        return Part(
            place=place,
            because="failed",
            trouble=trouble,
            counts=True,
            not_before=facts.now + pause,
        )
    over = attempts >= facts.rules.tries
    return Part(
        place=place,
        because="stuck" if because == "stuck" else "failed",
        stage="broken" if over else "empty",
        trouble=trouble,
        counts=True,
        not_before=facts.now + facts.rules.pause(attempts - facts.rules.tries + 3) if over else None,
    )


def _retried(place: Place) -> Step | None:
    """The cloud said no for now, and the operation tries again: said until it got further than that."""
    op = place.op
    trouble = op.trouble if op is not None and op.state == "live" else None
    if op is not None and trouble is not None:
        known = trouble.id == place.problem_id and not _passed(place, op.again_at)
        return None if known else Tell(place=place, trouble=trouble, not_before=op.again_at)
    made = place.stage != "building" or (place.machine is not None and place.machine.since is not None)
    if made and place.problem_id and place.not_before is not None:
        return Tell(place=place, trouble=None, not_before=None)
    return None


def _passed(place: Place, again_at: datetime | None) -> bool:
    return again_at is not None and (place.not_before is None or place.not_before < again_at)


def _coming(facts: Facts, place: Place) -> Step | None:
    machine, op = place.machine, place.op
    assert machine is not None
    if (op is not None and op.state == "live") or place.other:
        return _retried(place)
    if op is not None and op.state in ("failed", "cancelled", "paused") and not machine.ready:
        return _not_done(facts, place)
    if machine.ready:
        return Ready(place=place)
    if machine.broken:
        return _broke(facts, place)
    if machine.rests:
        return Show(place=place, stage="away")
    if (facts.now - place.stage_since).total_seconds() > facts.rules.stuck:
        return _broke(facts, place)
    return None


def _not_done(facts: Facts, place: Place) -> Step:
    """It was not brought back, or not reset. What is on it is kept, and it is tried again."""
    machine, op = place.machine, place.op
    assert machine is not None and op is not None
    if machine.broken:
        return _broke(facts, place)
    trouble = op.trouble or Trouble("workshops:reset-failed", {"reason": "It was stopped."})
    if machine.rests:
        again = facts.now + facts.rules.pause(place.attempts + 1)
        return Show(place=place, stage="away", trouble=trouble, failed=True, not_before=again)
    return Show(place=place, stage="broken", trouble=trouble)


def _broke(facts: Facts, place: Place) -> Step:
    assert place.machine is not None
    fault = place.machine.fault or "it gave no reason"
    if place.precious:
        return Show(place=place, stage="broken", trouble=Trouble("workshops:machine-broke", {"fault": fault}))
    return _failed(facts, place, Trouble("instances:fault", {"fault": fault}))


def _ready(facts: Facts, place: Place) -> Step | None:
    machine = place.machine
    assert machine is not None
    if place.other:
        return None
    if machine.broken:
        return _broke(facts, place)
    if machine.rests:
        return Show(place=place, stage="away")
    if _unwanted(facts, place) and machine.ready and facts.put_away:
        return Act(place=place, action=facts.put_away, stage="away")
    return None


def _unwanted(facts: Facts, place: Place) -> bool:
    return facts.want in ("away", "over") and not place.drive and not held(facts, place)


def _away(facts: Facts, place: Place) -> Step | None:
    machine, op = place.machine, place.op
    assert machine is not None
    if (op is not None and op.state == "live") or place.other or machine.task:
        return None
    if machine.broken:
        return _broke(facts, place)
    waits = place.not_before is not None and place.not_before > facts.now
    unwanted = _unwanted(facts, place)
    if machine.rests:
        return _put_further(facts, place) if unwanted and not waits else _back(facts, place, waits)
    if not machine.ready:
        return Show(place=place, stage="returning") if not unwanted else None
    if not unwanted:
        return Ready(place=place)
    if waits or not facts.put_away:
        return None
    return Act(place=place, action=facts.put_away, stage="away")


def _put_further(facts: Facts, place: Place) -> Step | None:
    """What was stopped by hand and is to be shelved still costs."""
    machine = place.machine
    assert machine is not None
    if facts.put_away == "shelve" and BACK[machine.status] != "unshelve":
        return Act(place=place, action="shelve", stage="away")
    return None


def _back(facts: Facts, place: Place, waits: bool) -> Step | None:
    machine = place.machine
    assert machine is not None
    if waits or held(facts, place):
        return None
    if place.drive or (facts.want == "on" and facts.bring_back):
        return Act(place=place, action=BACK[machine.status], stage="returning")
    return None


def _broken(place: Place) -> Step | None:
    """Kept because somebody has worked on it: perhaps it was mended by hand."""
    machine = place.machine
    assert machine is not None
    if (place.op is not None and place.op.state == "live") or place.other:
        return None
    if machine.ready:
        return Ready(place=place)
    return Show(place=place, stage="away") if machine.rests else None


def _within_room(facts: Facts, own: dict[str, Step]) -> dict[str, Step]:
    """Of what is switched on or off only as many as the cloud is asked for at once: on before off, learners first."""
    acts = [step for step in own.values() if isinstance(step, Act)]
    acts.sort(key=lambda step: (step.action not in _BUILT, *_order(step.place)))
    others = {key: step for key, step in own.items() if not isinstance(step, Act)}
    return others | {step.place.id: step for step in acts[: max(0, facts.power_room)]}


def _spares_given(facts: Facts, own: dict[str, Step]) -> list[Give]:
    """A ready machine does not lie there as a spare while a seat has none."""
    if facts.want != "on":
        return []
    spares = [place for place in facts.places if _to_give(facts, place, own.get(place.id))]
    needy = sorted(_needy(facts, own), key=lambda place: (_builds(place, own), *_order(place)))
    return [Give(place=place, spare=spare) for place, spare in zip(needy, spares, strict=False)]


def _to_give(facts: Facts, place: Place, step: Step | None) -> bool:
    machine = place.machine
    ready = place.spare and place.stage == "ready" and machine is not None and machine.ready
    return ready and step is None and not place.other and not held(facts, place)


def _needy(facts: Facts, own: dict[str, Step]) -> Iterator[Place]:
    """Seats without a machine that is ready: also those whose one is found broken just now."""
    for place in facts.places:
        if place.spare or place.drive or held(facts, place):
            continue
        step = own.get(place.id)
        parts = isinstance(step, Part)
        empty = place.machine is None and place.stage in ("empty", "broken")
        if parts or empty or (_builds(place, own) and not isinstance(step, Ready)):
            yield place


def _builds(place: Place, own: dict[str, Step]) -> bool:
    return place.stage == "building" and not isinstance(own.get(place.id), Part)
