from celery import shared_task

from allocations.budgets import watch


@shared_task
def look() -> None:
    watch.look()
