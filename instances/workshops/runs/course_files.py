"""Course files: given to every seat when it gets ready, and again to a machine that took another's place."""

from collections.abc import Iterable

from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.db.models import Sum
from django.utils import timezone

from instances.workshops import trail
from instances.workshops.models import Seat, Workshop
from instances.workshops.runs import enqueue, telling, uploads, vault
from instances.workshops.runs.jobs import State
from instances.workshops.runs.limits import limits_of
from instances.workshops.runs.models import Push, SeatPut
from portal.accounts.models import User
from portal.core import bulk
from portal.core.errors import PortalError

MOST = 50
_OVER = (Workshop.State.ENDED, Workshop.State.REMOVING, Workshop.State.REMOVED, Workshop.State.CANCELLED)


def of(workshop: Workshop) -> list[Push]:
    rows = Push.objects.filter(workshop=workshop, course=True, removed_at=None)
    return list(rows.select_related("by", "stored").order_by("folder", "name"))


def add(
    *, workshop: Workshop, by: User, upload: UploadedFile, folder: str = "", unpack: bool = False
) -> Push:
    """One of that name in that folder is replaced, on seats too; what a learner changed of it is kept beside it."""
    if workshop.state in _OVER:
        raise PortalError("workshops:files-over", title=workshop.title)
    limits = limits_of(workshop)
    taken = uploads.take(upload, folder=folder, unpack=unpack, most=limits.push_bytes)
    with transaction.atomic():
        # Two at once: one of them after the other.
        Workshop.objects.select_for_update().get(pk=workshop.pk)
        files = {(one.folder, one.name): one for one in of(workshop)}
        before = files.pop((taken.folder, taken.name), None)
        problem = _room(list(files.values()), taken.size_bytes, limits.course_bytes)
        if problem is not None:
            vault.remove(taken.stored)
        else:
            made = _put(workshop, by, taken, before)
    if problem is not None:
        raise problem
    return made


def _room(others: list[Push], size: int, most: int) -> PortalError | None:
    if len(others) >= MOST:
        return PortalError("workshops:files-many", most=MOST)
    if sum(one.size_bytes for one in others) + size > most:
        return PortalError("workshops:files-large", most=f"{most / 2**20:.0f}")
    return None


def _put(workshop: Workshop, by: User, taken: uploads.Taken, before: Push | None) -> Push:
    now = timezone.now()
    if before is None:
        made = Push.objects.create(workshop=workshop, by=by, asked_at=now, course=True, **taken.fields())
    else:
        vault.remove(before.stored)
        changes = {"by": by, "asked_at": now, "edition": before.edition + 1, **taken.fields()}
        Push.objects.filter(pk=before.pk).update(**changes)
        made = Push.objects.select_related("workshop", "stored").get(pk=before.pk)
    action = "workshop.course_file" if before is None else "workshop.course_file_replaced"
    trail.record(action, workshop, by=by, file=made.name, folder=made.folder)
    give(Seat.objects.filter(workshop=workshop, stage=Seat.Stage.READY).exclude(instance=None))
    telling.runs_changed(workshop.pk, made.pk)
    return made


@transaction.atomic
def remove(*, file: Push, by: User) -> None:
    """No seat gets it any more; where it lies already it stays, since it may be somebody's work by now."""
    if not Push.objects.filter(pk=file.pk, removed_at=None).update(removed_at=timezone.now()):
        return
    SeatPut.objects.filter(push=file).delete()
    vault.remove(file.stored)
    trail.record("workshop.course_file_removed", file.workshop, by=by, file=file.name, folder=file.folder)
    telling.runs_changed(file.workshop_id, file.pk)


@transaction.atomic
def give(seats: Iterable[Seat], *, anew: bool = False) -> int:
    """Ask for every course file at seats whose machine does not have its present edition. A fixed number of queries.

    `anew`: their machines may have been set up afresh. What lies there already is found, and left as it is.
    """
    wanted = list(seats)
    if not wanted:
        return 0
    workshops = {seat.workshop_id for seat in wanted}
    files = list(Push.objects.filter(workshop__in=workshops, course=True, removed_at=None))
    if not files:
        return 0
    there = {
        (row.push_id, row.seat_id): row for row in SeatPut.objects.filter(push__in=files, seat__in=wanted)
    }
    now, new, stale = timezone.now(), [], []
    for seat in wanted:
        for file in files:
            if file.workshop_id != seat.workshop_id:
                continue
            row = there.get((file.pk, seat.pk))
            if row is None:
                new.append(SeatPut(push=file, seat=seat, asked_at=now, next_at=now, edition=0))
            elif anew or not lies_there(row, file, seat):
                stale.append(row.pk)
    bulk.insert(new)
    again = {"problem_id": "", "problem_params": {}, "attempts": 0, "ended_at": None}
    SeatPut.objects.filter(pk__in=stale).update(state=State.ASKED, asked_at=now, next_at=now, **again)
    enqueue.soon("put", len(new) + len(stale))
    return len(new) + len(stale)


def lies_there(row: SeatPut, file: Push, seat: Seat) -> bool:
    """Whether this edition is on the machine that the seat has now."""
    return row.state == State.DONE and row.edition == file.edition and row.instance_id == seat.instance_id


def total_bytes(workshop: Workshop) -> int:
    rows = Push.objects.filter(workshop=workshop, course=True, removed_at=None)
    return int(rows.aggregate(total=Sum("size_bytes"))["total"] or 0)
