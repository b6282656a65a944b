from celery import shared_task
from django.utils import timezone

from allocations.reports import standing, weekly


# Worked out from tables that are there: a message of the minute before is worth nothing.
@shared_task(expires=60)
def refresh_health() -> None:
    standing.refresh(timezone.now())


@shared_task(expires=120)
def weekly_due() -> None:
    for allocation_id in weekly.due(timezone.now()):
        send_weekly.delay(allocation_id)


# A message that is lost is sent again by the next look at what is due.
@shared_task(expires=1800)
def send_weekly(allocation_id: int) -> None:
    weekly.send(allocation_id, timezone.now())
