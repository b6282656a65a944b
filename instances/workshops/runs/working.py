"""One slice of one kind of job: claimed, done in all its seats at once, and what is left is for the next worker."""

from collections.abc import Sequence

from django.utils import timezone

from instances.workshops.runs import doing_home, doing_put, doing_run, doing_work, enqueue, jobs
from instances.workshops.runs.enqueue import Kind
from instances.workshops.runs.models import Home, Job, SeatPut, SeatRun, Work
from instances.workshops.runs.over_ssh import Errand, run_all

MODELS: dict[Kind, type[Job]] = {"run": SeatRun, "put": SeatPut, "work": Work, "home": Home}


def slice_of(kind: Kind) -> int:
    """How many were looked after. A worker that dies in it loses its claims, and nothing is done twice in any seat."""
    errands = _claimed(kind)
    if not errands:
        return 0
    run_all(errands)
    left = jobs.due(MODELS[kind], timezone.now()).count()
    enqueue.send(kind, 1 if left else 0)
    return len(errands)


def _claimed(kind: Kind) -> Sequence[Errand]:
    now = timezone.now()
    if kind == "run":
        of_runs = jobs.take(
            SeatRun, now, most=doing_run.MOST, lease=doing_run.LEASE, related=doing_run.RELATED
        )
        return [doing_run.errand(job) for job in of_runs]
    if kind == "put":
        contents = doing_put.Contents()
        of_puts = jobs.take(
            SeatPut, now, most=doing_put.MOST, lease=doing_put.LEASE, related=doing_put.RELATED
        )
        return [doing_put.errand(job, contents) for job in of_puts]
    if kind == "work":
        of_work = jobs.take(
            Work, now, most=doing_work.MOST, lease=doing_work.LEASE, related=doing_work.RELATED
        )
        return [doing_work.errand(job) for job in of_work]
    of_homes = jobs.take(Home, now, most=doing_home.MOST, lease=doing_home.LEASE, related=doing_home.RELATED)
    return [doing_home.errand(job) for job in of_homes]


def sweep() -> None:
    """Messages for what is due and unclaimed, unless enough workers are at it already."""
    now = timezone.now()
    for kind, model in MODELS.items():
        count = jobs.due(model, now).count()
        if count and jobs.slices_now(model, now) < enqueue.MOST_SLICES:
            enqueue.send(kind, count)
