"""The ledger on the mirror's path: what the cloud told, when it came to be read, and by how many at once."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from typing import Any
from unittest.mock import patch

import pytest
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from allocations.models import Allocation, LedgerEntry
from allocations.rates import charges
from instances import meter, meter_settling
from instances.mirror import details, poll
from instances.mirror.apply import apply
from instances.models import CloudAction, Instance, Poll, Sighting
from portal.accounts.models import User
from portal.cloud.config import clouds
from portal.cloud.types import Server, ServerAction
from tests.cast import make_user
from tests.instances.rows import machine
from tests.instances.servers import server
from tests.instances.test_races import at_once

NOW = timezone.now().replace(microsecond=0)
HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)


@contextmanager
def at(moment: datetime) -> Iterator[None]:
    with patch("django.utils.timezone.now", lambda: moment):
        yield


def read(allocation: Allocation, *servers: Server, when: datetime = NOW, **how: Any) -> Any:
    with at(when):
        Poll.objects.update_or_create(
            allocation=allocation, what=Poll.What.SERVERS, defaults={"next_at": when, "ok_at": when}
        )
        return apply(allocation, servers, began=when, **how)


def total() -> Decimal:
    return sum((entry.su for entry in LedgerEntry.objects.all()), Decimal(0))


def known(allocation: Allocation, when: datetime, **changes: Any) -> Server:
    """A server (2 SU an hour) that was first read then."""
    found = server(created=when, launched_at=when, updated=when, **changes)
    read(allocation, found, when=when)
    return found


def test_a_change_is_dated_by_the_clouds_clock_not_by_the_reading(allocation: Allocation) -> None:
    found = known(allocation, NOW - 10 * HOUR)
    stopped = NOW - 2 * HOUR
    read(allocation, replace(found, status="SHUTOFF", updated=stopped))
    entries = list(LedgerEntry.objects.order_by("starts_at"))
    assert (entries[-1].ends_at, {entry.status for entry in entries}) == (stopped, {"ACTIVE"})
    assert total() == 16
    row = Instance.objects.get()
    assert row.charged_until == stopped
    assert [(each.status, each.at) for each in row.sightings.all()] == [
        ("ACTIVE", NOW - 10 * HOUR),
        ("SHUTOFF", stopped),
    ]


def test_a_time_that_tells_nothing_of_the_change_is_not_believed(allocation: Allocation) -> None:
    found = known(allocation, NOW - 10 * HOUR)
    read(allocation, replace(found, status="SHUTOFF"))
    assert Instance.objects.get().charged_until == NOW


def test_a_time_to_come_is_not_believed(allocation: Allocation) -> None:
    """The cloud's clock is ahead of ours."""
    found = known(allocation, NOW - 10 * HOUR)
    read(allocation, replace(found, status="SHUTOFF", updated=NOW + HOUR))
    assert Instance.objects.get().charged_until == NOW


def test_a_change_has_novas_record_read_soon(allocation: Allocation) -> None:
    found = known(allocation, NOW - 10 * HOUR)
    Instance.objects.update(unsettled_since=None, settle_after=None)
    read(allocation, replace(found, status="SHUTOFF", updated=NOW - HOUR))
    row = Instance.objects.get()
    assert row.unsettled_since == NOW - 10 * HOUR
    assert row.settle_after == NOW + meter.SETTLE_AFTER


def test_a_new_name_costs_nothing_and_asks_for_nothing(allocation: Allocation) -> None:
    found = known(allocation, NOW - 10 * HOUR)
    Instance.objects.update(unsettled_since=None, settle_after=None)
    read(allocation, replace(found, name="renamed", updated=NOW - HOUR))
    row = Instance.objects.get()
    assert row.unsettled_since is None
    assert total() == 0
    assert Sighting.objects.count() == 1


def test_what_looks_the_same_but_was_touched_is_looked_into(allocation: Allocation) -> None:
    """Shelved for a day and back again, while no worker ran: the list shows nothing of it but a later time."""
    found = known(allocation, NOW - 30 * HOUR)
    Instance.objects.update(unsettled_since=None, settle_after=None)
    assert read(allocation, replace(found, updated=NOW - HOUR)).ids == []
    row = Instance.objects.get()
    assert (row.version, row.unsettled_since) == (1, NOW - 30 * HOUR)
    # Once.
    Instance.objects.update(unsettled_since=None, settle_after=None)
    read(allocation, replace(found, updated=NOW - HOUR))
    assert Instance.objects.get().unsettled_since is None


def test_a_resize_is_charged_at_either_size(allocation: Allocation) -> None:
    found = known(allocation, NOW - 4 * HOUR)
    larger = replace(found, flavor_name="m3.quad", vcpus=4, status="VERIFY_RESIZE", updated=NOW - HOUR)
    read(allocation, larger)
    with at(NOW):
        meter.charge_now([Instance.objects.get().pk])
    by_size: dict[str, Decimal] = {}
    for entry in LedgerEntry.objects.all():
        by_size[entry.flavor_name] = by_size.get(entry.flavor_name, Decimal(0)) + entry.su
    assert by_size == {"m3.small": 6, "m3.quad": 4}


def test_a_deletion_that_was_noticed_late_is_settled_against_the_record(allocation: Allocation) -> None:
    known(allocation, NOW - 10 * HOUR)
    row = Instance.objects.get()
    with at(NOW):
        poll.mark_deleted(row.pk)
    assert total() == 20
    row.refresh_from_db()
    assert row.unsettled_since == NOW - 10 * HOUR
    lines = [line("create", NOW - 10 * HOUR), line("delete", NOW - 7 * HOUR)]
    settled(row, lines)
    assert total() == 6


def test_what_a_machine_cost_stays_with_whoever_had_it(allocation: Allocation, member: User) -> None:
    lab = machine(allocation, member, charged_until=NOW - 2 * HOUR)
    with at(NOW):
        meter.charge_now([lab.pk])
        lab.refresh_from_db()
        lab.owner = make_user("successor")
        lab.save()
    with at(NOW + HOUR):
        meter.charge_now([lab.pk])
    by_owner: dict[str, Decimal] = {}
    for entry in LedgerEntry.objects.all():
        by_owner[entry.owner_name] = by_owner.get(entry.owner_name, Decimal(0)) + entry.su
    assert by_owner == {"Bob": 4, "Successor": 2}


def line(action: str, when: datetime) -> ServerAction:
    return ServerAction(
        request_id=f"req-{action}-{when.timestamp()}",
        action=action,
        user_id="u",
        project_id="p",
        started=when,
        updated=when,
        message="",
    )


def settled(row: Instance, lines: list[ServerAction], when: datetime = NOW) -> None:
    """As the worker does it that reads Nova's record."""
    with at(when):
        details.store_actions(row, lines)
        meter_settling.settle(row.pk, when)


def test_a_page_that_reads_the_record_has_it_settled(allocation: Allocation) -> None:
    known(allocation, NOW - 10 * HOUR)
    row = Instance.objects.get()
    Instance.objects.update(unsettled_since=None, settle_after=None)
    told = details.store_actions(row, [line("create", NOW - 10 * HOUR), line("stop", NOW - HOUR)])
    assert told == NOW - 10 * HOUR
    assert details.store_actions(row, [line("stop", NOW - HOUR)]) is None
    meter.settle_soon(row.pk, told)
    row.refresh_from_db()
    assert row.unsettled_since == NOW - 10 * HOUR


events = st.lists(st.integers(5, 3 * 1440 - 5), max_size=7, unique=True).map(sorted)


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    moments=events,
    polls=st.lists(st.integers(1, 3 * 1440), max_size=8, unique=True).map(sorted),
    resized=st.integers(0, 3 * 1440),
    meters=st.sets(st.integers(1, 3)),
    settles=st.sets(st.integers(0, 8)),
)
def test_whenever_it_is_read_metered_and_settled_the_total_is_the_truth(
    allocation: Allocation,
    moments: list[int],
    polls: list[int],
    resized: int,
    meters: set[int],
    settles: set[int],
) -> None:
    """A life of stops, starts and one resize; readings, midnights and records as they happen to come, or not."""
    for model in (LedgerEntry, CloudAction, Sighting, Instance):
        model.objects.all().delete()
    born = NOW - timedelta(days=3)
    truth = [(born, "create"), *((born + minutes * MINUTE, "") for minutes in moments)]
    truth = [(when, name or ("stop", "start")[place % 2 - 1]) for place, (when, name) in enumerate(truth)]
    resize = born + resized * MINUTE + timedelta(seconds=30)

    def stands(when: datetime) -> Server:
        past = [(each, name) for each, name in truth if each <= when]
        size = ("m3.quad", 4) if resize <= when else ("m3.small", 2)
        touched = max([each for each, _ in past] + [resize] * (resize <= when))
        status = "SHUTOFF" if past[-1][1] == "stop" else "ACTIVE"
        return replace(base, status=status, flavor_name=size[0], vcpus=size[1], updated=touched)

    def record(when: datetime) -> list[ServerAction]:
        lines = [line(name, each) for each, name in truth if each <= when]
        return lines + ([line("revertResize", resize)] if resize <= when else [])

    base = server(created=born, launched_at=born)
    read(allocation, stands(born), when=born)
    row = Instance.objects.get()
    happenings = sorted(
        [(born + minutes * MINUTE, "poll", place) for place, minutes in enumerate(polls)]
        + [((born + timedelta(days=day)).replace(hour=0, minute=5), "meter", day) for day in meters]
    )
    for when, what, number in happenings:
        if what == "meter":
            with at(when):
                meter.charge_all(when)
            continue
        read(allocation, stands(when), when=when)
        if number in settles:
            settled(row, record(when), when)
    read(allocation, stands(NOW), when=NOW)
    settled(row, record(NOW))
    with at(NOW):
        meter.charge_now([row.pk])
    assert total() == _cost(truth, resize)
    settled(row, record(NOW))
    assert total() == _cost(truth, resize)


def _cost(truth: list[tuple[datetime, str]], resize: datetime) -> Decimal:
    cloud = clouds().cloud("demo").portal
    states = [(when, "SHUTOFF" if name == "stop" else "ACTIVE") for when, name in truth]
    cuts = sorted({when for when, _ in states} | {resize, NOW})
    return sum(
        (
            charge.su
            for start, end in pairwise(cuts)
            for charge in charges(
                *(("m3.quad", 4) if start >= resize else ("m3.small", 2)),
                [status for when, status in states if when <= start][-1],
                start,
                end,
                cloud,
            )
        ),
        Decimal(0),
    )


@pytest.mark.django_db(transaction=True)
def test_meters_readings_and_settling_at_once_charge_everything_once(allocation: Allocation) -> None:
    day = timezone.now().replace(hour=0, minute=0, second=0, microsecond=0)
    made = [
        server(f"s{number}", created=day - 30 * HOUR, launched_at=day - 30 * HOUR, updated=day - 30 * HOUR)
        for number in range(6)
    ]
    read(allocation, *made, when=day - 30 * HOUR)
    rows = list(Instance.objects.all())
    stopped = [replace(one, status="SHUTOFF", updated=day - 6 * HOUR) for one in made]
    for row in rows:
        details.store_actions(row, [line("create", day - 30 * HOUR), line("stop", day - 6 * HOUR)])

    def settle_all() -> None:
        for row in rows:
            meter_settling.settle(row.pk, timezone.now())

    at_once(
        meter.charge_all,
        meter.charge_all,
        settle_all,
        settle_all,
        lambda: apply(allocation, stopped, began=timezone.now()),
    )
    Instance.objects.update(unsettled_since=day - 30 * HOUR)
    apply(allocation, stopped, began=timezone.now())
    settle_all()
    until = Instance.objects.values_list("charged_until", flat=True).distinct()
    for end in until:
        assert end is not None
        assert end >= day - 6 * HOUR
    # A day of running, 2 SU an hour, and half of that since it was stopped.
    shall = sum(Decimal(24 * 2) + _hours(end - (day - 6 * HOUR)) for end in _ends())
    assert abs(total() - shall) < Decimal("0.001")


def _ends() -> list[datetime]:
    return [end for end in Instance.objects.values_list("charged_until", flat=True) if end is not None]


def _hours(span: timedelta) -> Decimal:
    return Decimal(span / HOUR)
