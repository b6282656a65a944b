from celery import shared_task

from instances.workshops.runs import tidying, waking, working
from instances.workshops.runs.enqueue import KINDS, Kind
from portal.core.tasks import Task


@shared_task(base=Task, ignore_result=True)
def work(kind: Kind) -> None:
    """A slice of one kind: each seat has its own end, so that this one has."""
    if kind in KINDS:
        working.slice_of(kind)


@shared_task(base=Task, ignore_result=True)
def sweep() -> None:
    working.sweep()


@shared_task(base=Task, ignore_result=True)
def wake() -> None:
    """Work of machines that are put away, or did not answer."""
    waking.look()


@shared_task(base=Task, ignore_result=True)
def tidy() -> None:
    tidying.tidy()
