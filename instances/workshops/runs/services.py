"""What people have done in seats: commands, files, collections. Those who may, have come through `access.workshop_for`."""

from collections.abc import Iterable, Sequence

from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.utils import timezone

from instances.workshops import trail
from instances.workshops.models import Seat, Workshop
from instances.workshops.rights import Right
from instances.workshops.runs import collecting, enqueue, jobs, telling, uploads
from instances.workshops.runs.jobs import State
from instances.workshops.runs.limits import limits_of
from instances.workshops.runs.models import CommandRun, Push, SeatPut, SeatRun, Work
from instances.workshops.runs.wanted import Refused, command_of, word_of
from portal.accounts.models import User
from portal.core import bulk
from portal.core.errors import PortalError
from portal.core.seal import seal

USUAL_SECONDS = 120


def run(
    *,
    workshop: Workshop,
    by: User,
    seats: Iterable[Seat],
    command: str,
    as_root: bool = False,
    seconds: int = USUAL_SECONDS,
) -> CommandRun:
    """Run a command once in each of these seats that have a machine. As root only for who runs the workshop."""
    if as_root and (workshop.viewer_right is None or workshop.viewer_right < Right.RUN):
        raise PortalError("workshops:root-needs-run")
    try:
        text = command_of(command)
    except Refused as refused:
        raise PortalError("workshops:bad-command", why=str(refused)) from None
    chosen = _with_machines(workshop, seats)
    now = timezone.now()
    with transaction.atomic():
        made = CommandRun.objects.create(
            workshop=workshop,
            by=by,
            sealed_command=seal(text),
            word=word_of(text),
            as_root=as_root,
            seconds=max(5, min(seconds, limits_of(workshop).run_seconds)),
            asked_at=now,
        )
        bulk.insert([_seat_run(made, seat) for seat in chosen])
        _record(
            "workshop.run", workshop, by, run=str(made.pk), word=made.word, root=as_root, seats=len(chosen)
        )
        telling.runs_changed(workshop.pk, made.pk)
        enqueue.soon("run", len(chosen))
    return made


def _seat_run(made: CommandRun, seat: Seat) -> SeatRun:
    at = made.asked_at
    return SeatRun(
        run=made, seat=seat, number=seat.number, learner_id=seat.learner_id, asked_at=at, next_at=at
    )


@transaction.atomic
def stop(*, run: CommandRun, by: User) -> None:
    """End it where it runs, and have it not begin elsewhere. Twice is once."""
    now = timezone.now()
    if not CommandRun.objects.filter(pk=run.pk, stopped_at=None).update(stopped_at=now):
        return
    rows = SeatRun.objects.filter(run=run)
    rows.filter(state=State.ASKED, attempts=0, taken_by=None).update(
        state=State.STOPPED, next_at=None, ended_at=now
    )
    # Where it may have begun the seat has to be told.
    count = rows.filter(state__in=(State.ASKED, State.RUNNING)).update(next_at=now)
    _record("workshop.run_stopped", run.workshop, by, run=str(run.pk))
    telling.runs_changed(run.workshop_id, run.pk)
    enqueue.soon("run", count)


@transaction.atomic
def again(*, run: CommandRun, by: User) -> int:
    """Try the seats that were not reached. What was begun there is found, and not begun twice."""
    rows = SeatRun.objects.filter(run=run, state=State.UNREACHABLE)
    count = jobs.ask_again(rows, timezone.now()) if run.stopped_at is None else 0
    if not count:
        raise PortalError("workshops:run-over")
    _record("workshop.run_again", run.workshop, by, run=str(run.pk), seats=count)
    telling.runs_changed(run.workshop_id, run.pk)
    enqueue.soon("run", count)
    return count


def push(
    *,
    workshop: Workshop,
    by: User,
    seats: Iterable[Seat],
    upload: UploadedFile,
    folder: str = "",
    unpack: bool = False,
) -> Push:
    """Put a file, or what is in a zip, into the learners' homes at these seats. What lies there is kept beside it."""
    chosen = _with_machines(workshop, seats)
    taken = uploads.take(upload, folder=folder, unpack=unpack, most=limits_of(workshop).push_bytes)
    now = timezone.now()
    with transaction.atomic():
        made = Push.objects.create(workshop=workshop, by=by, asked_at=now, **taken.fields())
        bulk.insert([SeatPut(push=made, seat=seat, asked_at=now, next_at=now) for seat in chosen])
        _record("workshop.push", workshop, by, push=str(made.pk), file=made.name, seats=len(chosen))
        telling.runs_changed(workshop.pk, made.pk)
        enqueue.soon("put", len(chosen))
    return made


@transaction.atomic
def push_again(*, push: Push, by: User) -> int:
    """Try the seats again where it did not come to lie."""
    rows = SeatPut.objects.filter(push=push, state__in=(State.UNREACHABLE, State.FAILED))
    count = jobs.ask_again(rows, timezone.now())
    _record("workshop.push_again", push.workshop, by, push=str(push.pk), seats=count)
    telling.runs_changed(push.workshop_id, push.pk)
    enqueue.soon("put", count)
    return count


def collect(*, workshop: Workshop, by: User | None, seats: Iterable[Seat] | None = None) -> list[Work]:
    """Have the work of the learners at these seats (None: at all) brought here now."""
    return collecting.collect(workshop=workshop, by=by, seats=seats)


def _with_machines(workshop: Workshop, seats: Iterable[Seat]) -> Sequence[Seat]:
    found = [seat for seat in seats if seat.instance_id is not None and seat.workshop_id == workshop.pk]
    if not found:
        raise PortalError("workshops:no-seats-chosen")
    return found


def _record(action: str, workshop: Workshop, by: User | None, **detail: object) -> None:
    trail.record(action, workshop, by=by, **detail)
