"""What workers do for sessions: those of processes that died are ended, history is removed."""

from celery import shared_task

from instances.remote import passphrase, sessions
from instances.remote import tasks_recording as recording  # noqa: F401 (so that workers, which look here, find those too)


@shared_task
def sweep() -> None:
    sessions.sweep()


@shared_task
def read_passphrase(question: str) -> None:
    """One that somebody waits for now: what is not there yet is asked for again by them, not by us."""
    passphrase.read(question)
