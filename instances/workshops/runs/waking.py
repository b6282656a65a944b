"""Work on machines that are put away: brought back a batch at a time, collected, and put away again.

What could not be collected is tried again by itself a few times, an hour apart; then those who run the workshop are
told, and it waits for their word.
"""

from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import F
from django.urls import reverse
from django.utils import timezone

from instances.workshops.engine import acts
from instances.workshops.models import Seat, Workshop
from instances.workshops.runs import collecting, enqueue, jobs
from instances.workshops.runs.jobs import State
from instances.workshops.runs.models import Work
from portal.accounts.models import User
from portal.notices import services as notices

AT_ONCE = 10
MOST_WAKES = 3
PAUSE = timedelta(hours=1)
_MOST_WORKSHOPS = 50
_MOST_WOKEN = 100
Stage = Seat.Stage


def look(now: datetime | None = None) -> None:
    at = now or timezone.now()
    waiting = Workshop.objects.filter(
        state=Workshop.State.ENDED, work__in=Work.objects.exclude(state=State.DONE)
    )
    for workshop in waiting.distinct().select_related("allocation", "owner")[:_MOST_WORKSHOPS]:
        plan = collecting.plan_of(workshop)
        if plan.wanted and plan.gone_on_at is None:
            _go_on(workshop, at)
    _put_away(at)


def _go_on(workshop: Workshop, now: datetime) -> None:
    missing = collecting.missing_of(workshop).select_related("seat__workshop", "seat__instance", "learner")
    rows = list(missing.filter(next_at=None))
    tired = [row for row in rows if row.wakes >= MOST_WAKES and row.over]
    due = [row for row in rows if row not in tired and (row.ended_at is None or row.ended_at + PAUSE <= now)]
    ready = [row for row in due if row.seat and row.seat.stage == Stage.READY]
    again = Work.objects.filter(pk__in=[row.pk for row in ready])
    again.update(wakes=F("wakes") + 1)
    enqueue.send("work", jobs.ask_again(again, now))
    _bring_back(workshop, [row for row in due if row.seat and row.seat.stage == Stage.AWAY], now)
    if tired:
        _tell(workshop, tired)


def _bring_back(workshop: Workshop, rows: list[Work], now: datetime) -> None:
    on = Work.objects.filter(workshop=workshop).exclude(woken_at=None).count()
    batch = rows[: max(0, AT_ONCE - on)]
    if not batch:
        return
    done = acts.start(seats=[row.seat for row in batch if row.seat], by=None)
    started = {result.seat.pk for result in done if result.problem is None}
    coming = Work.objects.filter(workshop=workshop, seat__in=started)
    coming.update(woken_at=now, state=State.ASKED, attempts=0, ended_at=None)
    _not_had([row for row in batch if row.seat_id not in started], now)


def _not_had(rows: list[Work], now: datetime) -> None:
    """A machine that cannot be started, or does not come back, counts as tried."""
    Work.objects.filter(pk__in=[row.pk for row in rows]).update(
        wakes=F("wakes") + 1,
        woken_at=None,
        ended_at=now,
        state=State.UNREACHABLE,
        problem_id="workshops:seat-empty",
        problem_params={},
    )


def _put_away(now: datetime) -> None:
    """Those that were brought back for it, once it is here or was given up for now."""
    rows = Work.objects.exclude(woken_at=None).filter(next_at=None, lease_until=None)
    woken = list(rows.select_related("seat__workshop", "seat__instance").order_by("woken_at")[:_MOST_WOKEN])
    late = [row for row in woken if not row.over and row.woken_at and row.woken_at + PAUSE <= now]
    _not_had(late, now)
    over = [row for row in woken if row.over]
    on: dict[UUID, list[Seat]] = {}
    for row in over:
        if row.seat is not None and row.seat.stage == Stage.READY:
            on.setdefault(row.workshop_id, []).append(row.seat)
    for seats in on.values():
        acts.shelve(seats=seats, by=None)
    Work.objects.filter(pk__in=[row.pk for row in over]).update(woken_at=None)


def _tell(workshop: Workshop, rows: list[Work]) -> None:
    """Once per end of the workshop."""
    people = list(_people(workshop))
    names = ", ".join(row.learner.name for row in rows[:5]) + (" and others" if len(rows) > 5 else "")
    notices.tell(
        "workshop.run",
        to=people,
        key=f"workshop.work-missing.{workshop.pk}.{workshop.ended_at:%Y%m%d%H%M}",
        title=f"Work of {collecting.learners(len(rows))} in {workshop.title} could not be collected",
        text=f"Their machines did not answer: {names}. Nothing is removed until you try again, or say that the portal is "
        "to go on without it. Until then the machines stay as they are, put away where they were.",
        url=reverse("runs:work", args=[workshop.pk]),
        level="warning",
        scope=f"allocation.{workshop.allocation_id}",
    )


def _people(workshop: Workshop) -> set[User]:
    helpers = workshop.helpers.filter(role="instructor").exclude(user=None).select_related("user")
    found = {helper.user for helper in helpers if helper.user is not None}
    return found | ({workshop.owner} if workshop.owner else set())
