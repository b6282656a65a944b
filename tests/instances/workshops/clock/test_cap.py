"""Caps by the ledger: what was spent, who is told, what waits for a word."""

from datetime import datetime
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from allocations.models import Allocation
from instances.models import Instance
from instances.workshops.clock import capping
from instances.workshops.clock.cap import HOLD, hold, spent, verdict, verdicts
from instances.workshops.clock.phases import Phase
from instances.workshops.clock.reading import times_of
from instances.workshops.clock.running import go_on_beyond_cap
from instances.workshops.clock.spending import by_machine
from instances.workshops.models import Learner, SeatMachine, Workshop
from portal.accounts.models import User
from tests.cast import make_user
from tests.instances.workshops.after.conftest import charge
from tests.instances.workshops.clock.conftest import (
    DAY,
    END,
    HOUR,
    MINUTE,
    START,
    STATE,
    Clock,
    Make,
    phase,
    told,
    turned,
)
from tests.instances.workshops.room import add_seat, make_helper, make_learner, seat_machine, seat_of, sit


def pay(workshop: Workshop, su: int, at: datetime = START - 9 * DAY) -> Instance:
    """A machine of the workshop's that is gone, and cost so much."""
    found = seat_machine(workshop, status="DELETED", deleted_at=at + HOUR)
    charge(found, at, su)
    return found


def capped(workshop: Workshop, cap: int) -> Workshop:
    workshop.su_cap = Decimal(cap)
    workshop.save()
    return workshop


def test_what_all_its_machines_cost_and_no_others(
    running: Workshop, allocation: Allocation, clock: Clock
) -> None:
    pay(running, 5)
    pay(running, 7, START)
    charge(seat_machine_of_another(running), START, 1000)
    # Half of the hour that is charged there is still to come.
    assert spent(running, clock.now) == Decimal("8.5")
    assert sum(by_machine(running, START, clock.now).values()) == Decimal("3.5")


def seat_machine_of_another(workshop: Workshop) -> Instance:
    found = seat_machine(workshop)
    SeatMachine.objects.filter(instance=found).delete()
    return found


def test_what_runs_is_counted_before_it_is_charged(running: Workshop, clock: Clock) -> None:
    seat = sit(seat_of(running))
    assert seat.instance is not None
    Instance.objects.filter(pk=seat.instance.pk).update(
        charged_until=clock.now - HOUR, server_id="a-server", flavor_name="m3.small", vcpus=2
    )
    now = spent(running, clock.now)
    assert now > 0
    assert verdict(running, clock.now).hourly == now


def test_the_forecast_reaches_to_the_end_of_the_tail(running: Workshop, clock: Clock) -> None:
    sit(seat_of(running))
    found = verdict(capped(running, 10_000), clock.now)
    assert found.until == END + 15 * MINUTE
    assert found.forecast == found.spent + found.hourly * Decimal("1.25")
    # Between meetings nothing is on that could be forecast.
    assert verdict(running, END + DAY).until is None


@pytest.mark.parametrize("number", [1, 20])
def test_the_number_of_queries_does_not_grow(make: Make, clock: Clock, number: int) -> None:
    workshops = [make() for _ in range(number)]
    for one in workshops:
        pay(one, 3)
    clock.to(START)
    with CaptureQueriesContext(connection) as queries:
        found = verdicts(workshops, clock.now)
    assert {one.spent for one in found.values()} == {3}
    assert len(queries) == 7, [one["sql"][:90] for one in queries]


def test_who_runs_it_is_told_near_and_reached_once_each(
    running: Workshop, member: User, clock: Clock
) -> None:
    make_helper(running, make_user("hanna"))
    make_helper(running, None, email="later@example.edu")
    capped(running, 100)
    pay(running, 79)
    assert capping.look() == 0
    pay(running, 5)
    assert (capping.look(), capping.look()) == (1, 0)
    assert {name for name, _ in told("84 % of its cap")} == {"bob", "hanna"}
    pay(running, 50)
    assert (capping.look(), capping.look()) == (1, 0)
    assert {name for name, _ in told("has reached its cap")} == {"bob", "hanna"}


def test_a_raised_cap_is_told_of_again(running: Workshop, clock: Clock) -> None:
    pay(running, 100)
    for cap, news in ((100, 1), (200, 0), (110, 1), (90, 1), (90, 0)):
        capped(running, cap)
        assert capping.look() == news, cap


def test_a_class_whose_cap_is_reached_goes_on(running: Workshop, clock: Clock) -> None:
    """Nothing is held, whatever the ledger says: its seats are on."""
    sit(seat_of(running))
    capped(running, 10)
    pay(running, 50)
    found = turned(running, clock)
    assert (found.changed, found.hold) == (False, None)
    assert phase(running, clock.now).want == "on"
    assert turned(running, clock, END + 10 * MINUTE).hold is None


def test_the_next_meeting_waits_for_a_word(running: Workshop, member: User, clock: Clock) -> None:
    capped(running, 10)
    pay(running, 50)
    second = START + 2 * DAY
    assert turned(running, clock, second - HOUR).hold is None
    found = turned(running, clock, second - 15 * MINUTE)
    assert found.hold is not None and found.hold.id == HOLD
    assert found.hold.params["spent"] == "50"
    go_on_beyond_cap(workshop=running, by=member)
    assert turned(running, clock).hold is None


def test_raising_the_cap_is_a_word_too(running: Workshop, clock: Clock) -> None:
    capped(running, 10)
    pay(running, 50)
    clock.to(START + 2 * DAY - 15 * MINUTE)
    assert turned(running, clock).hold is not None
    capped(running, 500)
    assert turned(running, clock).hold is None


def test_a_planned_workshop_whose_cap_is_spent_does_not_begin(make: Make, clock: Clock) -> None:
    poor = capped(make(), 0)
    found = turned(poor, clock, START - 15 * MINUTE)
    assert found.hold is not None
    poor.refresh_from_db()
    assert poor.state == STATE.PLANNED


def test_seats_that_were_begun_before_it_was_reached_are_finished(running: Workshop, clock: Clock) -> None:
    """Reached while they are built, ten minutes before the class: they stay, and go on being built."""
    capped(running, 10)
    pay(running, 50)
    clock.to(START + 2 * DAY - 10 * MINUTE)
    sit(seat_of(running), stage="building")
    assert turned(running, clock).hold is None


def test_a_test_drive_is_no_seat_that_is_on(running: Workshop, clock: Clock) -> None:
    capped(running, 10)
    pay(running, 50)
    clock.to(START + 2 * DAY - 10 * MINUTE)
    tried = make_learner(running, make_user("ines"), via=Learner.Via.TEST)
    sit(add_seat(running, 0), tried)
    assert turned(running, clock).hold is not None


def test_without_a_cap_the_ledger_is_not_asked(running: Workshop, clock: Clock) -> None:
    now, times = clock.now, times_of(running)
    with CaptureQueriesContext(connection) as queries:
        assert hold(running, now, Phase("on", None, 1, now), times) is None
    assert len(queries) == 0
