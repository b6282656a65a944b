"""The worker's part of the board: reading a workshop for its open pages, and telling who is not looking."""

from uuid import UUID

from celery import shared_task
from django.utils import timezone

from instances.workshops.board import pushing, reminding
from portal.core import presence
from portal.core.tasks import Task

_GROUP = "workshop."


@shared_task(base=Task, ignore_result=True)
def push(workshop_id: str) -> None:
    pushing.push(UUID(workshop_id))


@shared_task(base=Task, ignore_result=True)
def tick() -> None:
    """What changes by the clock alone, and what a lost message left out: for workshops with an open page."""
    for group in sorted(presence.watched(_GROUP)):
        pushing.push(UUID(group.removeprefix(_GROUP)))


@shared_task(base=Task, ignore_result=True)
def remind() -> None:
    reminding.remind(timezone.now())
