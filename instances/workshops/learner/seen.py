"""Who is here: said by each open page of a learner every half minute, written at most once a minute."""

from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from instances.workshops import live
from instances.workshops.access import is_at
from instances.workshops.models import Attendance, Learner, Meeting, Seat
from portal.core.claims import claim

# A little less than a minute, so that every second word of a page is written.
_FRESH = timedelta(seconds=50)
# Not heard of for so long, somebody who is heard of again has come back.
AWAY = timedelta(minutes=3)


@transaction.atomic
def touch(learner: Learner, now: datetime | None = None) -> bool:
    """The learner, fetched through their door, has their page open. False: that is known already, nothing was written."""
    now = now or timezone.now()
    before = learner.seen_at
    stale = Learner.objects.filter(pk=learner.pk).filter(Q(seen_at=None) | Q(seen_at__lt=now - _FRESH))
    if not claim(stale, seen_at=now):
        return False
    learner.seen_at = now
    seat: Seat | None = getattr(learner, "seat", None)
    if seat is None:
        return True
    seat.learner, seat.workshop = learner, learner.workshop
    if is_at(seat, now):
        _attend(learner, now)
    if before is None or now - before > AWAY:
        live.seats_changed([seat])
    return True


def _attend(learner: Learner, now: datetime) -> None:
    """At their seat during a meeting: from when seats are to be ready before it, to when they are put away after it."""
    meeting = _meeting(learner, now)
    if meeting is None:
        return
    Attendance.objects.bulk_create(
        [Attendance(meeting=meeting, learner=learner, first_at=now, last_at=now)],
        update_conflicts=True,
        unique_fields=["meeting", "learner"],
        update_fields=["last_at"],
    )


def _meeting(learner: Learner, now: datetime) -> Meeting | None:
    """Of two that touch, the one that has begun last."""
    workshop = learner.workshop
    early, late = timedelta(minutes=workshop.ready_minutes), timedelta(minutes=workshop.tail_minutes)
    held = Meeting.objects.filter(workshop=workshop, starts_at__lte=now + early, ends_at__gt=now - late)
    on = [one for one in held.order_by("-starts_at") if one.starts_at <= now < one.ends_at]
    return on[0] if on else held.order_by("starts_at").first()
