"""What follows from a workshop's times is kept true, in the transaction that changes them."""

from datetime import timedelta

from django.utils import timezone

from instances.workshops import live
from instances.workshops.access import workshop_for
from instances.workshops.clock.reading import times_of
from instances.workshops.clock.window import window
from instances.workshops.models import Workshop
from instances.workshops.rights import Right
from portal.accounts.models import User

DERIVED = ("opens_at", "closes_at", "remove_after")


def locked(workshop: Workshop, by: User, right: Right) -> Workshop:
    """Behind its door, with its row held: two changes, or a change and a round of the engine, come one by one."""
    Workshop.objects.select_for_update(of=("self",)).filter(pk=workshop.pk).first()
    return workshop_for(by, workshop.pk, right)


def derive(workshop: Workshop) -> None:
    """Sets them without saving. Work is kept for `keep_days` after the seats close, or after they were seen closed."""
    found = window(times_of(workshop))
    workshop.opens_at, workshop.closes_at = found or (None, None)
    over = [at for at in (workshop.closes_at, workshop.ended_at) if at is not None]
    workshop.remove_after = max(over) + timedelta(days=workshop.keep_days) if over else None


def refresh(workshop: Workshop, *changed: str) -> None:
    """After its meetings, `ready_minutes`, `tail_minutes`, `between` or `keep_days` changed, in that transaction.

    Saves what follows and the fields named besides, wakes the engine, and tells open pages.
    """
    derive(workshop)
    wake(workshop, *DERIVED, *changed)


def wake(workshop: Workshop, *changed: str) -> None:
    """Saves these fields; the engine looks at once, and so do open pages."""
    workshop.next_at = timezone.now()
    workshop.save(update_fields=["next_at", *changed])
    live.workshop_changed(workshop)
