from celery import shared_task

from instances.workshops.roster import guest_codes, reminding


@shared_task
def look() -> None:
    """Each minute: learners are reminded, hear of moved times, and guests of what is gone are signed out."""
    reminding.remind()
    reminding.tell_moved()
    guest_codes.end_gone()
