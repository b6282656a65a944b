"""What was spent, by whom, with what and when."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from typing import Any

import pytest
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pytest_django import DjangoAssertNumQueries

from allocations import ledger, usage
from allocations.models import Allocation, LedgerEntry
from allocations.usage import Line, Window, totals, totals_in
from portal.accounts.models import User
from tests.allocations.entries import entry
from tests.instances.rows import machine

TODAY = timezone.now().replace(hour=0, minute=0, second=0, microsecond=0)
DAY, HOUR = timedelta(days=1), timedelta(hours=1)


def spend(allocation: Allocation, su: str, at: datetime, **changes: Any) -> None:
    ledger.charge(entry(allocation, su, at, **changes))


def everything(allocation: Allocation) -> Decimal:
    found = totals([allocation.pk], start=TODAY - 400 * DAY, end=TODAY + DAY, by=())
    return sum((line.su for line in found), Decimal(0))


def test_lines_are_by_what_was_asked_for_in_that_order(allocation: Allocation) -> None:
    spend(allocation, "3", TODAY - DAY)
    spend(allocation, "4", TODAY - DAY, owner_key="7", instance_id="i-2", resource="gpu", flavor_name="g3.xl")
    spend(allocation, "5", TODAY - 2 * DAY)
    period: dict[str, Any] = {"start": TODAY - 3 * DAY, "end": TODAY}
    assert totals([allocation.pk], by=("owner",), **period) == [
        Line(("7",), Decimal(4)),
        Line(("name:bob",), Decimal(8)),
    ]
    by_day = totals([allocation.pk], by=("day", "resource"), **period)
    before, yesterday = (TODAY - 2 * DAY).date().isoformat(), (TODAY - DAY).date().isoformat()
    assert [line.keys for line in by_day] == [(before, "cpu"), (yesterday, "cpu"), (yesterday, "gpu")]
    assert [line.su for line in by_day] == [5, 3, 4]
    by_all = totals([allocation.pk], by=("allocation", "flavor", "instance"), **period)
    assert by_all[0].keys == (str(allocation.pk), "g3.xl", "i-2")
    assert totals([allocation.pk], by=(), resource="gpu", **period) == [Line((), Decimal(4))]


def test_only_these_allocations_and_this_time(allocation: Allocation, other_allocation: Allocation) -> None:
    spend(allocation, "1", TODAY - 10 * DAY)
    spend(other_allocation, "2", TODAY - DAY)
    assert totals([allocation.pk], start=TODAY - 2 * DAY, end=TODAY, by=()) == []
    both = totals([allocation.pk, other_allocation.pk], start=TODAY - 20 * DAY, end=TODAY, by=("allocation",))
    assert {line.keys[0]: line.su for line in both} == {
        str(allocation.pk): 1,
        str(other_allocation.pk): 2,
    }
    assert totals([], start=TODAY - DAY, end=TODAY, by=("owner",)) == []


def test_an_entry_is_cut_exactly_where_the_time_begins_and_ends(allocation: Allocation) -> None:
    spend(allocation, "24", TODAY - DAY, hours=24)
    noon = TODAY - DAY / 2
    assert totals([allocation.pk], start=noon, end=TODAY, by=()) == [Line((), Decimal(12))]
    assert totals([allocation.pk], start=TODAY - 2 * DAY, end=noon, by=()) == [Line((), Decimal(12))]
    inside = totals([allocation.pk], start=noon, end=noon + timedelta(minutes=1), by=("owner",))
    assert inside == [Line(("name:bob",), Decimal("0.016667"))]


def test_what_runs_now_is_counted_up_to_now_or_the_end(allocation: Allocation, member: User) -> None:
    """2 SU an hour since the last charge, which was three hours ago; asked for, two of them."""
    now = timezone.now()
    lab = machine(allocation, member, charged_until=now - 3 * HOUR)
    found = totals([allocation.pk], start=now - 4 * HOUR, end=now - HOUR, by=("owner", "instance", "flavor"))
    assert found == [Line((str(member.pk), str(lab.pk), "m3.small"), Decimal(4))]
    later = totals([allocation.pk], start=now - 2 * HOUR, end=now + DAY, by=("resource",))
    assert {line.keys[0]: round(line.su, 2) for line in later} == {"cpu": 4}
    assert totals([allocation.pk], start=now - DAY, end=now, by=(), resource="gpu") == []


def test_spending_of_people(allocation: Allocation, member: User) -> None:
    spend(allocation, "3", TODAY - DAY, owner_key=str(member.pk))
    spend(allocation, "4", TODAY - DAY, owner_key=str(member.pk), resource="gpu")
    whole = usage.spent_by_owner(allocation.pk, start=TODAY - DAY, end=TODAY)
    assert whole == {str(member.pk): 7}
    assert usage.spent_by_owner(allocation.pk, start=TODAY - DAY, end=TODAY, resource="gpu") == {
        str(member.pk): 4
    }


def test_names_are_those_of_now_and_outlast_people_and_machines(
    allocation: Allocation, member: User, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    lab = machine(allocation, member, name="renamed")
    spend(allocation, "1", TODAY - DAY, owner_key="99999", owner_name="Gone Person", instance_id="old")
    with django_assert_num_queries(2):
        people = usage.owner_names([str(member.pk), "99999", "name:carol@access-ci.org", ""])
    assert people == {
        str(member.pk): "Bob",
        "99999": "Gone Person",
        "name:carol@access-ci.org": "carol@access-ci.org",
    }
    with django_assert_num_queries(2):
        machines = usage.instance_names([str(lab.pk), "old", ""])
    assert machines == {str(lab.pk): "renamed", "old": "assembler"}


@pytest.mark.parametrize("rows", [1, 20, 500])
def test_the_queries_do_not_grow_with_the_entries(
    allocation: Allocation, rows: int, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    ledger.charge_many(entry(allocation, "1", TODAY - DAY + HOUR * (place % 20)) for place in range(rows))
    with django_assert_num_queries(4):
        totals([allocation.pk], start=TODAY - DAY, end=TODAY, by=("owner", "day"))
    windows = {Window(allocation.pk, TODAY - DAY * place - HOUR, TODAY) for place in range(1, 20)}
    with django_assert_num_queries(4):
        totals_in(windows, by=("owner",))


def test_many_times_at_once_are_what_each_alone_is(
    allocation: Allocation, other_allocation: Allocation, member: User
) -> None:
    machine(allocation, member, charged_until=TODAY - 3 * HOUR)
    for place in range(40):
        at = TODAY - DAY * 5 + place * 3 * HOUR
        spend(allocation if place % 3 else other_allocation, str(place), at, owner_key=str(place % 2))
    windows = [
        Window(allocation.pk, TODAY - 3 * DAY, TODAY),
        Window(allocation.pk, TODAY - 2 * DAY - HOUR / 2, TODAY - DAY + HOUR / 3),
        Window(other_allocation.pk, TODAY - 5 * DAY, TODAY + DAY),
        Window(other_allocation.pk, TODAY - 20 * DAY, TODAY - 19 * DAY),
    ]
    found = totals_in(windows, by=("owner",))
    for window in windows:
        alone = totals([window.allocation_id], start=window.start, end=window.end, by=("owner",))
        assert [(line.keys, round(line.su, 3)) for line in found[window]] == [
            (line.keys, round(line.su, 3)) for line in alone
        ]
    assert found[windows[3]] == []
    assert totals_in([], by=("owner",)) == {}


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    stretches=st.lists(st.tuples(st.integers(0, 4 * 1440), st.integers(1, 600)), min_size=1, max_size=8),
    cuts=st.lists(st.integers(0, 5 * 1440), max_size=5, unique=True).map(sorted),
)
def test_parts_of_a_time_add_up_to_the_whole_wherever_it_is_cut(
    allocation: Allocation, stretches: list[tuple[int, int]], cuts: list[int]
) -> None:
    LedgerEntry.objects.all().delete()
    first = TODAY - 10 * DAY
    for start, minutes in stretches:
        spend(allocation, f"{minutes / 7:.6f}", first + timedelta(minutes=start), hours=minutes / 60)
    marks = [TODAY - 20 * DAY, *(first + timedelta(minutes=cut) for cut in cuts), TODAY]
    parts = [
        line.su for one, two in pairwise(marks) for line in totals([allocation.pk], start=one, end=two, by=())
    ]
    assert sum(parts, Decimal(0)) == everything(allocation)


def test_an_entry_belongs_to_the_day_of_utc_that_it_begins_in(allocation: Allocation) -> None:
    late = datetime(2026, 3, 29, 23, 30, tzinfo=UTC)
    spend(allocation, "1", late, hours=0.5)
    [line] = totals([allocation.pk], start=late - DAY, end=late + DAY, by=("day",))
    assert line.keys == ("2026-03-29",)
