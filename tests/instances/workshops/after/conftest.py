"""A workshop of two meetings, of which the first is over."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from allocations.models import Allocation, LedgerEntry
from instances.models import Instance
from instances.workshops.models import Attendance, HelpRequest, Learner, Meeting, SeatMachine, Workshop
from portal.accounts.models import User
from tests.cast import make_user
from tests.instances.workshops.room import (
    add_meeting,
    make_helper,
    make_learner,
    make_workshop,
    seat_machine,
    seat_of,
    sit,
)

HOUR, MINUTE, DAY = timedelta(hours=1), timedelta(minutes=1), timedelta(days=1)
# Long ago, so that the ledger has all of it.
FIRST = datetime(2026, 3, 3, 16, tzinfo=UTC)
SECOND = FIRST + 2 * DAY


def charge(instance: Instance, at: datetime, su: int, hours: float = 1) -> LedgerEntry:
    return LedgerEntry.objects.create(
        key=f"{instance.pk}:{at.isoformat()}",
        allocation=instance.allocation,
        resource="cpu",
        instance_id=str(instance.pk),
        instance_name=instance.name,
        owner_key="",
        flavor_name=instance.flavor_name,
        status="ACTIVE",
        day=at.date(),
        starts_at=at,
        ends_at=at + hours * HOUR,
        su=Decimal(su),
    )


@pytest.fixture
def held(allocation: Allocation, member: User, monkeypatch: pytest.MonkeyPatch) -> Workshop:
    """Meetings of an hour at FIRST and SECOND; it is a day after the second, and the seats are kept."""
    monkeypatch.setattr(timezone, "now", lambda: SECOND + DAY)
    found = make_workshop(
        allocation,
        member,
        seats=2,
        spares=1,
        state=Workshop.State.ENDED,
        time_zone="America/Chicago",
        created_at=FIRST - DAY,
        opens_at=None,
        closes_at=None,
        ended_at=SECOND + HOUR + 15 * MINUTE,
        remove_after=SECOND + 3 * DAY,
    )
    for start in (FIRST, SECOND):
        add_meeting(found, start, start + HOUR)
    return found


@pytest.fixture
def assistant_of(held: Workshop) -> User:
    found = make_user("hanna")
    make_helper(held, found)
    return found


@pytest.fixture
def lea(held: Workshop) -> Learner:
    """At seat 1: her first machine failed, the second served her at both meetings."""
    learner = make_learner(held, make_user("lea"), email="lea@example.edu")
    seat = sit(seat_of(held), learner)
    assert seat.instance is not None
    SeatMachine.objects.filter(instance=seat.instance).update(
        made_at=FIRST - 30 * MINUTE, ready_at=FIRST - 28 * MINUTE
    )
    charge(seat.instance, FIRST, 4)
    charge(seat.instance, SECOND, 6)
    broken = seat_machine(held, seat, deleted_at=FIRST)
    SeatMachine.objects.filter(instance=broken).update(
        made_at=FIRST - HOUR, ready_at=None, left_at=FIRST - 30 * MINUTE, left_because="failed"
    )
    charge(broken, FIRST - HOUR, 2)
    return learner


Seen = Callable[[Learner, int, float, float], Attendance]


@pytest.fixture
def seen(held: Workshop) -> Seen:
    """Somebody was there at the meeting (from 0) from a minute of it to another."""

    def made(learner: Learner, number: int, first: float, last: float) -> Attendance:
        meeting = list(Meeting.objects.filter(workshop=held))[number]
        return Attendance.objects.create(
            meeting=meeting,
            learner=learner,
            first_at=meeting.starts_at + first * MINUTE,
            last_at=meeting.starts_at + last * MINUTE,
        )

    return made


def called(learner: Learner, at: datetime, waited: float | None, text: str = "Help") -> HelpRequest:
    taken = None if waited is None else at + waited * MINUTE
    return HelpRequest.objects.create(
        workshop=learner.workshop,
        learner=learner,
        text=text,
        asked_at=at,
        claimed_at=taken,
        done_at=taken,
    )
