"""What is erased when its time is over: work, output of commands, files that were pushed; and what crashes left."""

from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from instances.workshops import trail
from instances.workshops.models import Workshop
from instances.workshops.runs import collecting, telling, vault
from instances.workshops.runs.jobs import State
from instances.workshops.runs.limits import limits_of
from instances.workshops.runs.models import CommandRun, Home, Push, Stored, Work

AT_MOST = 200
# A file or a row that nobody knows is left alone until it is certain that nobody is about to.
ORPHAN_AFTER = timedelta(days=1)
# A file that was pushed once is needed until every seat has it, or was tried often enough.
PUSH_KEPT = timedelta(days=2)
_GONE = (Workshop.State.REMOVED, Workshop.State.CANCELLED)


def tidy(now: datetime | None = None) -> None:
    at = now or timezone.now()
    erase_work(at)
    erase_runs(at)
    drop_pushes(at)
    drop_homes(at)
    drop_unknown(at)
    sweep_files(at)


def erase_work(now: datetime) -> int:
    """Of workshops that are over for longer than work is kept."""
    kept = Work.objects.exclude(stored=None).filter(workshop__in=_over())
    count = 0
    for workshop in _over().filter(work__in=kept).distinct().select_related("allocation")[:AT_MOST]:
        until = collecting.erased_after(workshop)
        if until is not None and until <= now:
            count += _erase(workshop, now)
    return count


def _over() -> QuerySet[Workshop]:
    return Workshop.objects.filter(state__in=(Workshop.State.ENDED, Workshop.State.REMOVING, *_GONE))


@transaction.atomic
def _erase(workshop: Workshop, now: datetime) -> int:
    rows = list(
        Work.objects.filter(workshop=workshop).exclude(stored=None).select_related("stored")[:AT_MOST]
    )
    for row in rows:
        vault.remove(row.stored)
    Work.objects.filter(pk__in=[row.pk for row in rows]).update(stored=None, erased_at=now)
    trail.record("workshop.work_erased", workshop, by=None, learners=len(rows))
    telling.work_changed(workshop.pk)
    return len(rows)


def erase_runs(now: datetime) -> int:
    """Commands and what they printed, of workshops that were removed so long ago."""
    rows = CommandRun.objects.filter(workshop__state__in=_GONE).select_related("workshop__allocation")
    over = []
    for run in rows[:AT_MOST]:
        ended = run.workshop.removed_at or run.workshop.ended_at or run.asked_at
        if ended + limits_of(run.workshop).runs_kept <= now:
            over.append(run.pk)
    CommandRun.objects.filter(pk__in=over).delete()
    return len(over)


def drop_pushes(now: datetime) -> int:
    """The content of files that were pushed once; and of course files, when their workshop is gone."""
    once = Q(course=False, asked_at__lt=now - PUSH_KEPT)
    gone = Q(course=True, workshop__state__in=_GONE)
    rows = (
        Push.objects.filter(once | gone, stored__removed_at=None)
        .exclude(stored=None)
        .select_related("stored")
    )
    found = list(rows[:AT_MOST])
    for push in found:
        vault.remove(push.stored)
    return len(found)


def drop_homes(now: datetime) -> int:
    """Homes that were put back, or that nobody asked for again."""
    back = Q(step=Home.Step.BACK, state=State.DONE)
    rows = list(
        Home.objects.filter(back | Q(since__lt=now - timedelta(days=7))).select_related("stored")[:AT_MOST]
    )
    for home in rows:
        vault.remove(home.stored)
    Home.objects.filter(pk__in=[home.pk for home in rows]).delete()
    return len(rows)


def drop_unknown(now: datetime) -> int:
    """Rows of files that never became whole, or that nothing refers to any more."""
    before = now - ORPHAN_AFTER
    rows = Stored.objects.filter(created_at__lt=before)
    for model in (Push, Work, Home):
        rows = rows.exclude(pk__in=model._default_manager.exclude(stored=None).values("stored"))
    found = list(rows[:AT_MOST])
    for stored in found:
        vault.remove(stored)
    Stored.objects.filter(pk__in=[stored.pk for stored in found]).delete()
    return len(found)


def sweep_files(now: datetime) -> int:
    """Files whose row was removed, or is gone with its workshop."""
    removed = 0
    for path, known in vault.files_before((now - ORPHAN_AFTER).timestamp()):
        if not Stored.objects.filter(pk=known, removed_at=None).exists():
            removed += vault.unlink(path)
    return removed
