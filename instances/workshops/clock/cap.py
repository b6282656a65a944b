"""How workshops stand to their caps now, by the ledger."""

from collections.abc import Collection
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from instances.workshops.clock.cap_rules import Verdict, blocks_next, verdict_of
from instances.workshops.clock.phases import Phase
from instances.workshops.clock.reading import times_of_all
from instances.workshops.clock.spending import ZERO, burning, spent_of
from instances.workshops.clock.window import Times, current
from instances.workshops.models import Learner, Seat, Workshop
from portal.core.errors import PortalError

HOLD = "workshops:cap-reached"
_ON = (Seat.Stage.BUILDING, Seat.Stage.READY, Seat.Stage.RETURNING, Seat.Stage.MENDING)


def spent(workshop: Workshop, now: datetime) -> Decimal:
    """SU of all machines that were ever made for it."""
    return spent_of([workshop], now)[workshop.pk]


def verdict(workshop: Workshop, now: datetime) -> Verdict:
    return verdicts([workshop], now)[workshop.pk]


def verdicts(workshops: Collection[Workshop], now: datetime) -> dict[UUID, Verdict]:
    """A fixed number of queries for any number of workshops."""
    times = times_of_all(workshops)
    totals, pace = spent_of(workshops, now), burning(workshops, now)
    return {
        one.pk: verdict_of(
            one.su_cap,
            totals[one.pk],
            pace.get(one.pk, ZERO),
            now,
            until=_until(times[one.pk], now),
            beyond_until=one.over_cap_until,
        )
        for one in workshops
    }


def hold(workshop: Workshop, now: datetime, phase: Phase, times: Times) -> PortalError | None:
    """Why the seats of a meeting that comes up are not begun: its workshop has spent what it may.

    Asked by every round, so it looks into the ledger only where there is something to be begun.
    """
    if workshop.su_cap is None or phase.want != "on" or phase.meeting is None:
        return None
    starts_at = times.meetings[phase.meeting][0]
    if _anything_on(workshop):
        return None
    found = verdict(workshop, now)
    if not blocks_next(found, starts_at, anything_on=False):
        return None
    return PortalError(HOLD, cap=_text(found.cap), spent=_text(found.spent), title=workshop.title)


def _anything_on(workshop: Workshop) -> bool:
    """Seats whose machines are up or coming, test drives apart."""
    seats = Seat.objects.filter(workshop=workshop, stage__in=_ON)
    return seats.exclude(learner__via=Learner.Via.TEST).exists()


def _until(times: Times, now: datetime) -> datetime | None:
    """When what is on now is put away: the end of the meeting in session (or in its tail), with the tail."""
    number = current(times, now)
    if number is not None:
        return times.meetings[number][1] + times.tail
    coming = next((one for one in times.meetings if one[0] - times.ready <= now < one[0]), None)
    return coming[1] + times.tail if coming else None


def _text(su: Decimal | None) -> str:
    return f"{su or 0:,.0f}"
