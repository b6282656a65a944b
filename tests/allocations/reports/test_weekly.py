"""The weekly mail: to whom, when, once, whatever happens to workers."""

from datetime import UTC, date, datetime, timedelta
from unittest.mock import patch

import pytest
from django.utils import timezone

from allocations.models import Allocation, Membership
from allocations.reports import tasks, weekly
from allocations.reports.models import WeeklyReport
from portal.accounts.models import User
from portal.notices.models import Notice
from tests.allocations.reports.ledger_rows import spend
from tests.cast import join, make_allocation, make_grant, make_user

pytestmark = pytest.mark.django_db
# Week 47 of 2026 is over with that Sunday.
TUESDAY = date(2026, 11, 17)
MONDAY = datetime(2026, 11, 23, 7, 0, tzinfo=UTC)
BEFORE = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture(autouse=True)
def whole(allocation: Allocation) -> Allocation:
    """What ran before the portal met it is in its ledger."""
    Allocation.objects.filter(pk=allocation.pk).update(history_read_at=BEFORE)
    return allocation


@pytest.fixture
def spent(whole: Allocation, allocation: Allocation, pi: User, member: User) -> Allocation:
    spend(allocation, member, TUESDAY, "42")
    return allocation


def told() -> list[tuple[str, str]]:
    return [(notice.user.username, notice.title) for notice in Notice.objects.order_by("pk")]


def test_the_pi_is_told_on_monday_morning_and_the_member_is_not(
    spent: Allocation, pi: User, member: User
) -> None:
    assert weekly.due(MONDAY) == [spent.pk]
    assert weekly.send(spent.pk, MONDAY) == 1
    assert told() == [("alice", "BIO220047 at IU: 42 SU last week")]
    notice = Notice.objects.get()
    assert "- Bob: 42 SU" in notice.text
    assert notice.url == f"/allocations/{spent.slug}/usage/?period=days&from=2026-11-16&to=2026-11-22"


@pytest.mark.parametrize("role", ["co_pi", "manager"])
def test_whoever_manages_is_told(spent: Allocation, role: str) -> None:
    join(make_user("max"), spent, role)
    weekly.send(spent.pk, MONDAY)
    assert {name for name, _ in told()} == {"alice", "max"}


@pytest.mark.parametrize("role", ["member", "ta", "reader"])
def test_nobody_else_is_told(spent: Allocation, role: str) -> None:
    join(make_user("max"), spent, role)
    weekly.send(spent.pk, MONDAY)
    assert {name for name, _ in told()} == {"alice"}


def test_not_before_the_morning(spent: Allocation) -> None:
    early = MONDAY - timedelta(seconds=1)
    assert weekly.due(early) == []
    assert weekly.send(spent.pk, early) == 0
    assert told() == []


@pytest.mark.parametrize(
    ("zone", "hour"),
    [
        ("America/Chicago", 13),
        ("Europe/Berlin", 6),
        # There it is Monday while the week is not yet over in UTC: not before that.
        ("Pacific/Kiritimati", 1),
        ("Mars/Olympus", 7),
    ],
)
def test_the_morning_is_the_persons_own(spent: Allocation, pi: User, zone: str, hour: int) -> None:
    pi.preferences = {"time_zone": zone}
    pi.save()
    moment = datetime(2026, 11, 23, hour, 0, tzinfo=UTC)
    assert weekly.due(moment - timedelta(seconds=1)) == []
    assert weekly.due(moment) == [spent.pk]


def test_run_twice_it_is_told_once(spent: Allocation) -> None:
    assert weekly.send(spent.pk, MONDAY) == 1
    assert weekly.send(spent.pk, MONDAY + timedelta(hours=1)) == 0
    assert weekly.due(MONDAY + timedelta(days=3)) == []
    assert len(told()) == 1


def test_of_two_workers_at_once_the_second_tells_nobody(spent: Allocation) -> None:
    """Both saw it due; the second finds what the first has stored."""
    first, second = weekly.due(MONDAY), weekly.due(MONDAY)
    assert first == second == [spent.pk]
    assert [weekly.send(first[0], MONDAY), weekly.send(second[0], MONDAY)] == [1, 0]


def test_a_worker_that_was_down_tells_it_later_in_the_week(spent: Allocation) -> None:
    friday = MONDAY + timedelta(days=4)
    assert weekly.due(friday) == [spent.pk]
    assert weekly.send(spent.pk, friday) == 1


def test_down_for_a_fortnight_it_tells_the_newest_week_only(spent: Allocation, member: User) -> None:
    spend(spent, member, TUESDAY + timedelta(days=7), "5")
    weekly.send(spent.pk, MONDAY + timedelta(days=8))
    assert told() == [("alice", "BIO220047 at IU: 5 SU last week")]


def test_killed_in_the_middle_nothing_is_kept_and_it_is_told_next_time(spent: Allocation) -> None:
    with (
        patch("portal.notices.services.tell", side_effect=KeyboardInterrupt),
        pytest.raises(KeyboardInterrupt),
    ):
        weekly.send(spent.pk, MONDAY)
    assert not WeeklyReport.objects.exists()
    assert weekly.send(spent.pk, MONDAY) == 1


def test_without_spending_nobody_is_told_and_it_is_not_worked_out_again(
    allocation: Allocation, pi: User
) -> None:
    assert weekly.send(allocation.pk, MONDAY) == 0
    assert told() == []
    assert WeeklyReport.objects.get().told is False
    assert weekly.due(MONDAY + timedelta(hours=1)) == []


def test_without_spending_an_end_that_is_near_is_told() -> None:
    allocation = make_allocation("ENDING", history_read_at=BEFORE)
    make_grant(allocation, ends_on=date(2026, 12, 10))
    join(make_user("max"), allocation, Membership.Role.PI)
    assert weekly.send(allocation.pk, MONDAY) == 1
    assert "the period ends on 10 December 2026 (in 18 days)" in Notice.objects.get().text


def test_one_whose_past_is_still_being_read_waits_for_it_but_not_for_ever(spent: Allocation) -> None:
    Allocation.objects.filter(pk=spent.pk).update(
        history_read_at=None, created_at=MONDAY - timedelta(hours=2)
    )
    assert weekly.due(MONDAY) == [] and weekly.send(spent.pk, MONDAY) == 0
    assert weekly.due(MONDAY + timedelta(hours=23)) == [spent.pk]
    Allocation.objects.filter(pk=spent.pk).update(history_read_at=MONDAY)
    assert weekly.send(spent.pk, MONDAY) == 1


def test_the_week_is_that_of_utc_to_the_second(allocation: Allocation, pi: User, member: User) -> None:
    spend(allocation, member, date(2026, 11, 15), "1", "before")
    spend(allocation, member, date(2026, 11, 16), "2", "first")
    spend(allocation, member, date(2026, 11, 22), "4", "last")
    spend(allocation, member, date(2026, 11, 23), "8", "after")
    weekly.send(allocation.pk, MONDAY)
    assert told() == [("alice", "BIO220047 at IU: 6 SU last week")]


def test_somebody_who_left_or_was_switched_off_is_not_told(spent: Allocation, pi: User) -> None:
    join(make_user("gone"), spent, "pi", ended_at=timezone.now())
    pi.is_active = False
    pi.save()
    assert weekly.due(MONDAY) == []


def test_an_allocation_that_is_gone_is_no_error() -> None:
    assert weekly.send(10**9, MONDAY) == 0


def test_due_asks_the_same_few_questions_for_any_number(django_assert_num_queries: object) -> None:
    for number in range(30):
        join(make_user(f"pi-{number}"), make_allocation(f"A{number}", history_read_at=BEFORE), "pi")
    with django_assert_num_queries(2):  # type: ignore[operator]
        assert len(weekly.due(MONDAY)) == 30


def test_the_clock_sends_a_message_for_each(spent: Allocation) -> None:
    with (
        patch.object(tasks.send_weekly, "delay") as sent,
        patch("allocations.reports.tasks.timezone.now", return_value=MONDAY),
    ):
        tasks.weekly_due()
        sent.assert_called_once_with(spent.pk)
        tasks.send_weekly(spent.pk)
    assert len(told()) == 1
