from celery import shared_task

from allocations import refreshing


@shared_task
def refresh(allocation_id: int) -> None:
    refreshing.refresh(allocation_id)


@shared_task
def refresh_due() -> None:
    for pk in refreshing.due():
        refresh.delay(pk)
