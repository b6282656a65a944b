"""What those who run a workshop are told by the clock: a day before a meeting, and when it begins without all its seats.

Runs each minute and tells seldom. A worker that was away tells late what is still news, and no more of what is over.
"""

from collections import Counter
from collections.abc import Collection
from datetime import datetime, timedelta
from decimal import Decimal
from uuid import UUID

from django.db import transaction
from django.db.models import Count, Q
from django.utils import timezone

from instances.workshops import hooks
from instances.workshops.clock import telling
from instances.workshops.clock.forecasting import meeting_cost
from instances.workshops.clock.reading import meetings_of
from instances.workshops.models import Learner, Meeting, Seat, Workshop
from portal.core.errors import explain
from portal.notices.models import Told

State = Workshop.State
BEFORE = timedelta(hours=24)
# Later than this before a meeting nobody is reminded of it.
_LATEST = timedelta(hours=2)
# With so little time left, seats that are not there will not be there when the class begins.
_CLOSE = timedelta(minutes=5)
_NEWS = timedelta(minutes=15)
_REASONS = 3


def remind(now: datetime | None = None) -> int:
    """How many meetings were told of. A fixed number of queries where there is nothing new."""
    now = now or timezone.now()
    near = Meeting.objects.filter(
        starts_at__gt=now - _NEWS,
        starts_at__lte=now + BEFORE,
        workshop__state__in=(State.PLANNED, State.RUNNING),
    ).select_related("workshop__allocation", "workshop__owner")
    events = {_event(one, now): one for one in near}
    due = {key: one for key, one in events.items() if key}
    if not due:
        return 0
    known = set(Told.objects.filter(key__in=due).values_list("key", flat=True))
    new = {key: one for key, one in due.items() if key not in known}
    ready = _ready({one.workshop_id for one in new.values()})
    return sum(_tell(one, now, ready.get(one.workshop_id, 0)) for one in new.values())


def _event(meeting: Meeting, now: datetime) -> str:
    """Under which key people count as told of what is due for this meeting now; "": nothing is."""
    workshop = meeting.workshop
    if meeting.starts_at - now <= _CLOSE:
        return telling.not_ready_key(workshop, meeting) if now < meeting.ends_at else ""
    planned = workshop.planned_at or workshop.created_at
    fresh = planned > meeting.starts_at - BEFORE
    return "" if fresh or meeting.starts_at - now < _LATEST else telling.soon_key(workshop, meeting)


def _ready(workshops: Collection[UUID]) -> dict[UUID, int]:
    """Seats that are ready; spares and test drives (number 0) are nobody's place."""
    seats = Seat.objects.filter(workshop__in=workshops, spare=False, number__gt=0, stage=Seat.Stage.READY)
    return dict(seats.order_by().values_list("workshop_id").annotate(count=Count("pk")))


@transaction.atomic
def _tell(meeting: Meeting, now: datetime, ready: int) -> bool:
    workshop = meeting.workshop
    if meeting.starts_at - now > _CLOSE:
        lines, trouble = _a_day_before(workshop, meeting)
        telling.soon(workshop, meeting, lines, trouble=trouble)
        return True
    if ready >= workshop.seats:
        return False
    telling.not_ready(workshop, meeting, ready, _reasons(workshop))
    return True


def _a_day_before(workshop: Workshop, meeting: Meeting) -> tuple[list[str], bool]:
    people = Learner.objects.filter(workshop=workshop).exclude(via=Learner.Via.TEST)
    counts = people.aggregate(
        joined=Count("pk", filter=Q(state=Learner.State.IN)),
        waiting=Count("pk", filter=Q(state__in=(Learner.State.WAITING, Learner.State.ASKING))),
    )
    waiting = f", {counts['waiting']} wait" if counts["waiting"] else ""
    number = [one.pk for one in meetings_of(workshop)].index(meeting.pk)
    su = meeting_cost(workshop, number)
    cost = "No rate is known for its size" if su is None else f"This meeting costs about {_su(su)} SU"
    obstacles = hooks.in_the_way(workshop)
    if workshop.hold_id:
        obstacles.insert(0, explain(workshop.hold_id, workshop.hold_params).what)
    lines = [
        f"{workshop.seats} seats, {counts['joined']} joined{waiting}. {cost}.",
        *(obstacles or ["Nothing is in the way."]),
    ]
    return lines, bool(obstacles)


def _reasons(workshop: Workshop) -> list[str]:
    """Why, in the words of the problems that hold it or its seats back, the most frequent first."""
    if workshop.hold_id:
        return [explain(workshop.hold_id, workshop.hold_params).what]
    seats = Seat.objects.filter(workshop=workshop, spare=False, number__gt=0).exclude(problem_id="")
    rows = seats.values_list("problem_id", "problem_params")
    words = Counter(explain(id, params).what for id, params in rows)
    return [f"{count} of them: {what}" for what, count in words.most_common(_REASONS)]


def _su(su: Decimal) -> str:
    return f"{su:,.0f}"
