"""A worker's part of commands: begun in each seat, looked after, stopped, and cleared away once its output is here."""

from datetime import timedelta

from django.utils import timezone

from instances.remote.link import Link
from instances.workshops.runs import jobs, reaching, telling
from instances.workshops.runs.guest_side import MOST_ANSWER, Said, command, one_line, said
from instances.workshops.runs.jobs import State
from instances.workshops.runs.models import SeatRun
from instances.workshops.runs.output import Output
from instances.workshops.runs.over_ssh import Errand, in_db
from portal.core import seal
from portal.core.errors import PortalError

MOST = 25
RELATED = ("run__workshop", "run__by", *reaching.SEAT)
# One look: connecting, and some seconds in which a quick command ends.
SECONDS = 45.0
LEASE = timedelta(seconds=120)
WAIT_FIFTHS = 15
_LOOK_SECONDS = 15.0
# Beyond its own time a command is given this, then it is taken for lost.
GRACE = timedelta(seconds=90)
_TIMED_OUT = 124


def errand(job: SeatRun) -> Errand:
    run = job.run
    way = reaching.as_owner(job.seat) if run.as_root else reaching.as_learner(job.seat, run.workshop)
    here = job.seat.instance_id if job.seat else None
    if job.instance_id is not None and here is not None and here != job.instance_id:
        way = PortalError("workshops:seat-moved")

    async def do(link: Link) -> None:
        if run.stopped_at is not None:
            verb = "stop"
        elif job.state == State.RUNNING:
            verb = "look"
        else:
            verb = "start"
            # Before it is begun: an answer that is lost must not have it begun on another machine as well.
            if not await in_db(_begins)(job):
                return
        answer = await _ask(link, job, verb)
        if answer.state == "absent" and verb == "look":
            answer = await _ask(link, job, "start")
        if await in_db(_heard)(job, answer):
            await _ask(link, job, "forget")

    person = run.by.username if run.by else "heliosphere"
    return Errand(way, person, do, lambda error: _failed(job, error), SECONDS)


async def _ask(link: Link, job: SeatRun, verb: str) -> Said:
    run = job.run
    asked = command("run", verb, job.pk, run.seconds, WAIT_FIFTHS, root=run.as_root)
    given = seal.unseal(run.sealed_command).encode() if verb == "start" else b""
    ran = await link.run(asked, input=given, seconds=_LOOK_SECONDS, most=MOST_ANSWER)
    found = said(ran.out)
    if found is None:
        raise PortalError("workshops:seat-refused", said=one_line(ran.err or ran.out))
    if found.state == "full":
        raise PortalError("workshops:seat-disk-full")
    return found


def _begins(job: SeatRun) -> bool:
    assert job.seat is not None
    started = job.started_at or timezone.now()
    job.started_at = started
    return jobs.held(job).update(instance=job.seat.instance_id, started_at=started) == 1


def _heard(job: SeatRun, answer: Said) -> bool:
    """Stores what a seat answered. True: it is over, and stored, so that the seat may forget it."""
    # Another worker has it all already.
    if answer.state == "over":
        jobs.store(job)
        return False
    over = answer.state in ("done", "held", "lost", "stopped") or _too_long(job)
    if not over:
        kept = {"sealed_output": sealed(answer.output), "cut": answer.output.cut}
        if jobs.later(job, _pause(job), state=State.RUNNING, attempts=0, **kept):
            _tell(job)
        return False
    return _finished(job, answer)


def _finished(job: SeatRun, answer: Said) -> bool:
    output = answer.output
    state, problem = _verdict(job, answer)
    kept = {"sealed_output": sealed(output), "cut": output.cut, "exit": answer.exit}
    stored = jobs.finish(job, state, **kept, **problem)
    if stored:
        _tell(job)
    return stored


def _verdict(job: SeatRun, answer: Said) -> tuple[str, dict[str, object]]:
    if job.run.stopped_at is not None and answer.exit != 0:
        return State.STOPPED, {}
    if answer.exit is None:
        return State.FAILED, jobs.problem_of(PortalError("workshops:run-lost"))
    if answer.exit == _TIMED_OUT and _ran_seconds(job) >= job.run.seconds:
        words = PortalError("workshops:run-too-long", seconds=job.run.seconds)
        return State.FAILED, jobs.problem_of(words)
    return (State.DONE if answer.exit == 0 else State.FAILED), {}


def _ran_seconds(job: SeatRun) -> float:
    return (timezone.now() - job.started_at).total_seconds() if job.started_at else 0.0


def _too_long(job: SeatRun) -> bool:
    return _ran_seconds(job) > job.run.seconds + GRACE.total_seconds()


def _pause(job: SeatRun) -> float:
    """Often at first, seldom later."""
    return max(2.0, min(15.0, _ran_seconds(job) / 8))


def _failed(job: SeatRun, error: PortalError) -> None:
    # What has begun is looked after for as long as it may last, also while its machine cannot be reached.
    begun = job.state == State.RUNNING and jobs.unreached(error) and not _too_long(job)
    if jobs.later(job, 15, **jobs.problem_of(error)) if begun else jobs.failed(job, error):
        _tell(job)


def _tell(job: SeatRun) -> None:
    telling.runs_changed(job.run.workshop_id, job.run_id)


def sealed(output: Output) -> str:
    return seal.seal(output.packed()) if output.head or output.tail else ""


def output_of(job: SeatRun) -> Output:
    return Output.unpacked(seal.unseal(job.sealed_output)) if job.sealed_output else Output()
