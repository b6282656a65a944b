from celery import shared_task
from django.utils import timezone

from allocations.members import removing


@shared_task
def settle(departure_id: str) -> None:
    removing.settle_later(departure_id, timezone.now())


@shared_task(expires=60)
def settle_all() -> None:
    """What a lost message, or a worker that died, left undone."""
    for pk in removing.unsettled(timezone.now()):
        settle.delay(str(pk))
