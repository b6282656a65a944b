from celery import shared_task

from allocations import reconciling, refreshing


# The clock sends a message for each allocation that is due, each minute: those of earlier minutes are worth nothing.
@shared_task(expires=60)
def refresh(allocation_id: int) -> None:
    refreshing.refresh(allocation_id)


@shared_task
def refresh_due() -> None:
    for pk in refreshing.due():
        refresh.delay(pk)


@shared_task
def reconcile() -> None:
    """Compare the provider's new figures with the ledger."""
    reconciling.reconcile_all()
