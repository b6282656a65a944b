"""What machines have cost since their last entry: as exact as the entry that will follow."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from allocations import accrual, ledger
from allocations.accrual import Unpriced
from allocations.models import Allocation
from instances import meter
from instances.models import Instance, Poll
from portal.accounts.models import User
from portal.cloud.config import clouds
from tests.cast import make_user
from tests.instances.rows import machine

NOW = timezone.now().replace(hour=12, minute=0, second=0, microsecond=0)
HOUR = timedelta(hours=1)


def accrued(allocation: Allocation, now: Any = NOW) -> list[accrual.Accrued]:
    return accrual.accrued([allocation.pk], now)


def test_it_is_what_the_entry_will_say(allocation: Allocation, member: User) -> None:
    lab = machine(allocation, member, charged_until=NOW - 15 * HOUR, seen_at=NOW)
    pieces = accrued(allocation)
    entries = meter.settle(lab, NOW, clouds().cloud("demo").portal)
    assert len(pieces) == 2
    for piece, entry in zip(pieces, entries, strict=True):
        assert meter.entry_of(piece).key == entry.key
        assert (piece.su, piece.owner_key, piece.resource) == (entry.su, str(member.pk), "cpu")
    assert sum(piece.su for piece in pieces) == 30


def test_balances_count_it_from_the_figure_on(allocation: Allocation) -> None:
    """The figure is two hours old, the last entry six."""
    now = timezone.now()
    figure = now - 2 * HOUR
    allocation.grants.update(as_of=figure)
    machine(allocation, charged_until=now - 6 * HOUR)
    held = ledger.balances([allocation.pk], now=now)[allocation.pk]
    assert held["cpu"].used_since == 4
    assert held["gpu"].used_since == 0


def test_of_a_silent_cloud_it_stops_soon_after_the_last_reading(allocation: Allocation) -> None:
    read = NOW - 5 * HOUR
    Poll.objects.create(allocation=allocation, what="servers", next_at=NOW, ok_at=read)
    machine(allocation, charged_until=NOW - 6 * HOUR, seen_at=read)
    assert sum(piece.su for piece in accrued(allocation)) == Decimal("2.5")


@pytest.mark.parametrize(
    "changes",
    [
        {"deleted_at": NOW},
        {"server_id": ""},
        {"charged_until": None},
        {"status": "SHELVED_OFFLOADED"},
        {"flavor_name": "p3.odd"},
    ],
)
def test_what_costs_nothing_accrues_nothing(allocation: Allocation, changes: dict[str, Any]) -> None:
    machine(allocation, **{"charged_until": NOW - HOUR, **changes})
    assert accrued(allocation) == []


def test_a_cloud_that_was_taken_out_of_the_configuration_has_no_rates(allocation: Allocation) -> None:
    machine(allocation, charged_until=NOW - HOUR)
    machine(allocation, flavor_name="p3.odd")
    Allocation.objects.update(cloud="retired")
    assert accrued(allocation) == []
    assert accrual.unpriced([allocation.pk]) == []


@pytest.mark.parametrize("rows", [1, 20, 500])
def test_the_queries_do_not_grow(
    allocation: Allocation, rows: int, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    people = [make_user(f"p{number}") for number in range(3)]
    for number in range(rows):
        machine(allocation, people[number % 3], charged_until=NOW - HOUR, seen_at=NOW)
    with django_assert_num_queries(2):
        found = accrued(allocation)
    assert sum(piece.su for piece in found) == 2 * rows
    assert len({piece.owner_name for piece in found}) == min(rows, 3)


def test_machines_of_one_size_but_of_other_hours_are_not_mixed_up(allocation: Allocation) -> None:
    """Prices are reckoned once for all that are alike, and only for those."""
    for hours, status in ((1, "ACTIVE"), (3, "ACTIVE"), (3, "SHUTOFF"), (3, "ACTIVE")):
        machine(allocation, name=f"{hours}", status=status, charged_until=NOW - hours * HOUR, seen_at=NOW)
    assert sorted(piece.su for piece in accrued(allocation)) == [2, 3, 6, 6]


def test_sizes_without_a_rate_are_said(
    allocation: Allocation, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for flavor in ("p3.odd", "p3.odd", "m3.quad"):
        machine(allocation, flavor_name=flavor)
    machine(allocation, flavor_name="p3.gone", deleted_at=NOW)
    with django_assert_num_queries(1):
        found = accrual.unpriced([allocation.pk])
    assert found == [Unpriced(allocation.pk, "p3.odd", 2)]


def test_names_are_asked_of_machines_and_nonsense_is_no_machine(allocation: Allocation) -> None:
    lab = machine(allocation, name="pine")
    assert accrual.names([str(lab.pk), "i-1", ""]) == {str(lab.pk): "pine"}


def test_where_histories_are_being_read_is_known(
    allocation: Allocation, other_allocation: Allocation
) -> None:
    machine(allocation, unsettled_since=NOW)
    machine(other_allocation)
    machine(other_allocation, unsettled_since=NOW, server_id="")
    assert accrual.unsettled([allocation.pk, other_allocation.pk]) == {allocation.pk}
    Instance.objects.update(unsettled_since=None)
    assert accrual.unsettled([allocation.pk]) == set()
