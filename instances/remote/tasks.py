"""What workers do for sessions: those of processes that died are ended, history is removed."""

from celery import shared_task

from instances.remote import sessions


@shared_task
def sweep() -> None:
    sessions.sweep()
