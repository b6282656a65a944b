"""What is told in time: before meetings, after they were moved, and at the end."""

from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from instances.workshops.models import Meeting, Workshop
from instances.workshops.roster import letters, mails
from instances.workshops.roster.models import Calendar, Reminded
from portal.core.claims import claim

State = Workshop.State
# Times that are moved again within this are told of once.
_SETTLED = timedelta(minutes=2)
_LONGEST_AHEAD = timedelta(hours=24)


def remind(now: datetime | None = None) -> int:
    """Each reminder once, whoever looks how often. One query where none is due."""
    now = now or timezone.now()
    soon = Meeting.objects.filter(
        workshop__state__in=(State.PLANNED, State.RUNNING),
        starts_at__gt=now,
        starts_at__lte=now + _LONGEST_AHEAD,
    )
    done = 0
    for meeting in soon.select_related("workshop__owner").prefetch_related("reminded"):
        hours = letters.due(meeting.starts_at, now)
        if hours and hours not in {one.hours for one in meeting.reminded.all()}:
            done += _remind(meeting, hours, now)
    return done


@transaction.atomic
def _remind(meeting: Meeting, hours: int, now: datetime) -> int:
    """The mark and the mails are one: of two workers one writes, and who dies has written nothing."""
    _, new = Reminded.objects.get_or_create(meeting=meeting, hours=hours, defaults={"at": now})
    if not new:
        return 0
    mails.reminder(meeting, hours)
    return 1


def plan_changed(workshop: Workshop, what: str) -> None:
    """In the transaction that changed it: "planned", "moved", "cancelled", "ended"."""
    if what == "moved":
        mails.calendar_of(workshop)
        Calendar.objects.filter(workshop=workshop).update(
            sequence=F("sequence") + 1, tell_at=timezone.now() + _SETTLED
        )
    elif what == "cancelled":
        mails.calendar_of(workshop)
        Calendar.objects.filter(workshop=workshop).update(sequence=F("sequence") + 1, tell_at=None)
        mails.cancelled(workshop)
    elif what == "ended":
        Calendar.objects.filter(workshop=workshop).update(tell_at=None)
        if workshop.begun_at is not None:
            mails.goodbye(workshop)


def tell_moved(now: datetime | None = None) -> int:
    """Learners hear of times that were moved, once they have stood for a while."""
    now = now or timezone.now()
    due = Calendar.objects.filter(tell_at__lte=now, workshop__state__in=(State.PLANNED, State.RUNNING))
    done = 0
    for one in due.select_related("workshop__owner"):
        with transaction.atomic():
            if claim(Calendar.objects.filter(pk=one.pk, tell_at=one.tell_at), tell_at=None):
                mails.moved(one.workshop)
                done += 1
    return done
