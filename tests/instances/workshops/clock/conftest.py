"""A workshop with meetings by the wall clock of its zone, and a clock that tests move."""

from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta

import pytest
from django.utils import timezone

from allocations.models import Allocation
from instances.workshops.clock import keeping
from instances.workshops.clock.phases import Phase, phase_at
from instances.workshops.clock.reading import times_of
from instances.workshops.clock.repeating import Planned
from instances.workshops.clock.turning import Turned, turn
from instances.workshops.clock.window import moments
from instances.workshops.models import Meeting, Workshop
from portal.accounts.models import User
from portal.notices.models import Notice
from tests.instances.workshops.room import make_workshop

CHICAGO = "America/Chicago"
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
# A Tuesday and a Thursday, ten to half past eleven in Chicago: 16:00 to 17:30 UTC.
TUESDAY, THURSDAY = date(2026, 11, 24), date(2026, 11, 26)
TEN, HALF_PAST = time(10), time(11, 30)
START = datetime(2026, 11, 24, 16, tzinfo=UTC)
END = START + 1.5 * HOUR
STATE = Workshop.State


class Clock:
    def __init__(self) -> None:
        self.now = START - 10 * DAY

    def to(self, now: datetime) -> datetime:
        self.now = now
        return now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """What time it is for everything of ours: ten days before the first meeting."""
    found = Clock()
    monkeypatch.setattr(timezone, "now", lambda: found.now)
    return found


def put(workshop: Workshop, *planned: Planned) -> list[Meeting]:
    """Stored without asking anybody."""
    found = []
    for one in planned:
        starts_at, ends_at = moments(one.day, one.begins, one.ends, workshop.time_zone)
        found.append(
            Meeting.objects.create(
                workshop=workshop,
                day=one.day,
                begins=one.begins,
                ends=one.ends,
                title=one.title,
                starts_at=starts_at,
                ends_at=ends_at,
            )
        )
    keeping.derive(workshop)
    workshop.save()
    return found


def meets(day: date, begins: time = TEN, ends: time = HALF_PAST, title: str = "") -> Planned:
    return Planned(day, begins, ends, title)


Make = Callable[..., Workshop]


@pytest.fixture
def make(allocation: Allocation, member: User, clock: Clock) -> Make:
    """The member's, planned, on Tuesday and Thursday; `state` and the meetings may be others."""

    def made(*planned: Planned, state: str = STATE.PLANNED, **fields: object) -> Workshop:
        found = make_workshop(
            allocation,
            member,
            **{
                "opens_at": None,
                "closes_at": None,
                "remove_after": None,
                "state": state,
                "created_at": clock.now - DAY,
                "planned_at": clock.now - DAY,
                "begun_at": None,
                **fields,
            },  # type: ignore[arg-type]
        )
        put(found, *(planned or (meets(TUESDAY), meets(THURSDAY))))
        return found

    return made


@pytest.fixture
def planned(make: Make) -> Workshop:
    return make()


@pytest.fixture
def running(make: Make, clock: Clock) -> Workshop:
    """Half an hour into its first meeting."""
    found = make(state=STATE.RUNNING, begun_at=START - HOUR / 2)
    clock.to(START + HOUR / 2)
    return found


def phase(workshop: Workshop, now: datetime) -> Phase:
    return phase_at(times_of(workshop), now, build_seconds=120, waves=1)


def turned(workshop: Workshop, clock: Clock, now: datetime | None = None) -> Turned:
    """One round of the engine at that moment, as far as the clock goes."""
    if now is not None:
        clock.to(now)
    workshop.refresh_from_db()
    return turn(workshop, clock.now, phase(workshop, clock.now))


def times(workshop: Workshop) -> list[tuple[datetime, datetime]]:
    return list(
        Meeting.objects.filter(workshop=workshop).order_by("starts_at").values_list("starts_at", "ends_at")
    )


def told(part: str = "") -> set[tuple[str, str]]:
    """Who was told what, by username and title."""
    rows = Notice.objects.filter(kind="workshop.run", title__contains=part).select_related("user")
    return {(row.user.username, row.title) for row in rows}
