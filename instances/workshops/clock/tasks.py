from celery import shared_task

from instances.workshops.clock import capping, reminding


@shared_task
def look() -> None:
    """Each minute: who runs a workshop hears of its cap, of what comes, and of what is not there in time."""
    capping.look()
    reminding.remind()
