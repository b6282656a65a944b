"""The table behind the operators' list: complete, repeatable, and cheap for any number of allocations."""

from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from allocations import hooks
from allocations.hooks import Pulse
from allocations.models import Allocation
from allocations.reports import standing, tasks
from allocations.reports.models import AllocationHealth
from portal.accounts.models import User
from tests.allocations.reports.ledger_rows import spend
from tests.cast import join, make_allocation, make_grant, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def pulses(monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[int, Pulse]]:
    told: dict[int, Pulse] = {}
    monkeypatch.setattr(hooks, "pulse_sources", [lambda: told])
    monkeypatch.setattr(hooks, "burn_sources", [lambda ids: {pk: {"cpu": Decimal("2.5")} for pk in ids}])
    yield told


def health(allocation: Allocation) -> AllocationHealth:
    standing.refresh(timezone.now())
    return AllocationHealth.objects.get(allocation=allocation)


def test_an_allocation_stands_as_its_grants_machines_and_people_say(
    allocation: Allocation, pi: User, member: User, pulses: dict[int, Pulse]
) -> None:
    now = timezone.now()
    pulses[allocation.pk] = Pulse(machines=4, running=2, changed_at=now)
    spend(allocation, member, now.date() - timedelta(days=3), "12.5")
    found = health(allocation)
    assert (found.machines, found.running, found.errors, found.members) == (4, 2, 0, 2)
    assert (found.resource, found.used_percent) == ("cpu", Decimal(25))
    assert (found.burn, found.week, found.connected) == (Decimal("2.5"), Decimal("12.5"), 2)
    assert found.troubles == 0


def test_of_several_resources_the_one_nearest_its_end_is_told(
    pulses: dict[int, Pulse], allocation: Allocation
) -> None:
    make_grant(allocation, "lm", awarded=100, used=150)
    found = health(allocation)
    assert (found.resource, found.over) == ("lm", True)
    assert found.remaining == Decimal(75_000 + 19_000 - 50)


def test_storage_is_no_spending(pulses: dict[int, Pulse], allocation: Allocation) -> None:
    """All of it may be given to volumes: it is not used up by that."""
    make_grant(allocation, "storage", awarded=1000, used=1000)
    found = health(allocation)
    assert (found.resource, found.remaining) == ("cpu", Decimal(94_000))


def test_without_grant_machine_or_member_there_is_a_row_all_the_same(pulses: dict[int, Pulse]) -> None:
    found = health(make_allocation("EMPTY", quota={}))
    assert (found.resource, found.members, found.machines, found.unconnected) == ("", 0, 0, True)


def test_used_without_an_award_is_no_division_by_zero(pulses: dict[int, Pulse]) -> None:
    allocation = make_allocation("ZERO")
    make_grant(allocation, awarded=0, used=10)
    assert health(allocation).resource == ""


def test_done_twice_it_is_the_same_and_done_later_it_is_newer(
    pulses: dict[int, Pulse], allocation: Allocation
) -> None:
    now = timezone.now()
    assert standing.refresh(now) == 1
    assert standing.refresh(now + timedelta(seconds=30)) == 0
    assert AllocationHealth.objects.get().at == now
    assert standing.refresh(now + standing.FRESH) == 1
    assert AllocationHealth.objects.get().at == now + standing.FRESH


def test_a_new_allocation_does_not_wait_for_the_others(
    pulses: dict[int, Pulse], allocation: Allocation
) -> None:
    now = timezone.now()
    standing.refresh(now)
    made = make_allocation("NEW")
    assert standing.refresh(now + timedelta(seconds=1)) == 1
    assert AllocationHealth.objects.filter(allocation=made).exists()


def test_when_something_last_ran_is_remembered(pulses: dict[int, Pulse], allocation: Allocation) -> None:
    ran = timezone.now()
    pulses[allocation.pk] = Pulse(machines=1, running=1, changed_at=ran - timedelta(days=90))
    standing.refresh(ran)
    pulses[allocation.pk] = Pulse(machines=1, running=0, changed_at=ran + timedelta(days=10))
    standing.refresh(ran + timedelta(days=15))
    found = AllocationHealth.objects.get(allocation=allocation)
    assert found.ran_at == ran
    assert found.idle is True


def test_met_with_stopped_machines_it_is_idle_since_they_stopped(
    pulses: dict[int, Pulse], allocation: Allocation
) -> None:
    since = timezone.now() - timedelta(days=40)
    pulses[allocation.pk] = Pulse(machines=1, running=0, changed_at=since)
    found = health(allocation)
    assert (found.ran_at, found.idle) == (since, True)


def test_that_nobody_is_connected_is_not_told_as_an_error_of_the_cloud(
    pulses: dict[int, Pulse], allocation: Allocation
) -> None:
    since = timezone.now() - timedelta(days=2)
    allocation.read_error_id, allocation.read_error_since = "allocations:nobody-connected", since
    allocation.save()
    found = health(allocation)
    assert (found.unconnected, found.erroring) == (True, False)


def test_not_read_for_an_hour_it_is_erroring(
    pulses: dict[int, Pulse], allocation: Allocation, pi: User
) -> None:
    allocation.read_error_id = "cloud:unreachable"
    allocation.read_error_since = timezone.now() - timedelta(hours=2)
    allocation.save()
    found = health(allocation)
    assert (found.erroring, found.unconnected, found.error_id) == (True, False, "cloud:unreachable")


def test_an_expired_or_refused_credential_connects_nobody(
    pulses: dict[int, Pulse], allocation: Allocation, pi: User
) -> None:
    pi.cloud_credentials.update(expires_at=timezone.now() - timedelta(seconds=1))
    assert health(allocation).unconnected is True


def test_queries_do_not_grow_with_allocations(pulses: dict[int, Pulse]) -> None:
    counts = []
    for number in (1, 20, 300):
        for one in range(number):
            made = make_allocation(f"A{number}-{one}")
            make_grant(made)
            join(make_user(f"user-{number}-{one}"), made)
        standing.refresh(timezone.now())
        with CaptureQueriesContext(connection) as queries:
            standing.refresh(timezone.now() + standing.FRESH)
        counts.append(len(queries))
    assert len(set(counts)) == 1, counts
    assert AllocationHealth.objects.count() == 321


def test_the_clock_does_it(pulses: dict[int, Pulse], allocation: Allocation) -> None:
    tasks.refresh_health()
    assert AllocationHealth.objects.filter(allocation=allocation).exists()
