"""Rounds: each second those that are due are handed to workers, one message each. What is lost is due again."""

from uuid import UUID

from celery import shared_task
from django.utils import timezone

from instances.workshops.engine import round as rounds


@shared_task(ignore_result=True)
def tick() -> None:
    for pk in rounds.due(timezone.now()):
        make_round.apply_async(args=(str(pk),), expires=10)


@shared_task(ignore_result=True)
def make_round(workshop_id: str) -> None:
    rounds.make(UUID(workshop_id))
