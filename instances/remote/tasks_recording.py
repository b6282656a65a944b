"""The clock's part of recordings and of the record of connections."""

from celery import shared_task

from instances.remote import tidying


@shared_task(ignore_result=True)
def close_lost() -> None:
    tidying.close_lost()
    tidying.leave_ended()


@shared_task(ignore_result=True)
def tidy() -> None:
    """Recordings first: a connection goes only after its recording."""
    tidying.expire()
    tidying.sweep_files()
    tidying.forget()
