"""People hear of an end at each step once, however often the worker runs and however long it slept."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from allocations.models import Allocation, Membership
from allocations.overview.reminding import KIND, remind
from portal.accounts.models import User
from portal.notices.models import Notice
from tests.allocations.overview.conftest import Made
from tests.cast import join, make_allocation, make_grant, make_user

pytestmark = pytest.mark.django_db
LAST = date(2027, 6, 30)


@pytest.fixture
def ending(pi: User, member: User, reader: User, allocation: Allocation) -> Allocation:
    """An allocation of which everything ends on LAST; that of the cast lasts for longer than any step here."""
    allocation.grants.all().delete()
    make_grant(allocation, "cpu", starts_on=date(2026, 7, 1), ends_on=LAST)
    return allocation


def before(days: int) -> datetime:
    """Noon of the day on which so many are left, the last one counted."""
    return datetime(LAST.year, LAST.month, LAST.day, 12, tzinfo=UTC) - timedelta(days=days - 1)


def told(user: User) -> list[str]:
    return list(Notice.objects.filter(user=user, kind=KIND).order_by("pk").values_list("title", flat=True))


def test_the_pi_hears_of_every_step_once(ending: Allocation, pi: User) -> None:
    for days in range(100, -3, -1):
        remind(before(days))
        remind(before(days))
    assert told(pi) == [
        *(f"BIO220047 ends in {days} days" for days in (90, 60, 30, 14, 7)),
        "BIO220047 ends today",
        "BIO220047 ended on 30 June 2027",
    ]


def test_a_worker_that_was_down_over_the_day_tells_the_newest_step_only(ending: Allocation, pi: User) -> None:
    remind(before(91))
    remind(before(27))
    assert told(pi) == ["BIO220047 ends in 27 days"]
    remind(before(26))
    assert len(told(pi)) == 1


def test_members_hear_of_it_where_machines_of_theirs_are_at_stake(
    ending: Allocation, pi: User, member: User, colleague: User, reader: User, machine: Made
) -> None:
    machine(ending, member, "blast-node")
    remind(before(30))
    assert told(member) and not told(colleague) and not told(reader)
    text = Notice.objects.get(user=member, kind=KIND).text
    assert "Yours there: blast-node." in text
    assert "1 July 2027: The allocation is disabled" in text and "31 July 2027" in text
    assert "Yours there" not in Notice.objects.get(user=pi, kind=KIND).text


def test_who_becomes_a_member_later_hears_of_the_step_that_holds(ending: Allocation, pi: User) -> None:
    remind(before(30))
    late = make_user("late")
    join(late, ending, Membership.Role.MANAGER)
    remind(before(20))
    assert told(late) == ["BIO220047 ends in 20 days"]
    assert len(told(pi)) == 1


def test_who_has_left_hears_nothing(ending: Allocation, former_member: User, machine: Made) -> None:
    machine(ending, former_member)
    remind(before(30))
    assert told(former_member) == []


def test_a_period_that_follows_is_no_end(ending: Allocation, pi: User) -> None:
    make_grant(ending, "cpu", starts_on=LAST + timedelta(days=1), ends_on=LAST + timedelta(days=365))
    assert remind(before(1)) == 0


def test_what_ended_long_ago_is_no_news(ending: Allocation, pi: User) -> None:
    assert remind(before(-200)) == 0
    assert told(pi) == []


def test_a_project_in_two_regions_is_told_of_once(ending: Allocation, pi: User, machine: Made) -> None:
    elsewhere = make_allocation(region="TACC", slug="bio-tacc")
    make_grant(elsewhere, "cpu", starts_on=date(2026, 7, 1), ends_on=LAST)
    join(pi, elsewhere, "pi")
    machine(elsewhere, pi, "far")
    machine(ending, pi, "near")
    remind(before(14))
    assert len(told(pi)) == 1
    assert "far" in Notice.objects.get(user=pi, kind=KIND).text


def test_the_page_behind_it_says_what_to_save(ending: Allocation, pi: User) -> None:
    remind(before(7))
    found = Notice.objects.get(user=pi, kind=KIND)
    assert found.url == f"/allocations/{ending.slug}/save-my-data/"
    assert found.level == "danger" and found.scope == f"allocation.{ending.pk}"


def test_a_run_with_nothing_new_takes_as_many_queries_for_any_number(ending: Allocation, pi: User) -> None:
    counts = []
    for number in (0, 20):
        for place in range(number):
            one = make_allocation(f"M{place:05}", project_id=f"p{place}")
            make_grant(one, "cpu", starts_on=date(2026, 7, 1), ends_on=LAST)
            join(pi, one, "pi")
        remind(before(30))
        with CaptureQueriesContext(connection) as counted:
            assert remind(before(30)) == 0
        counts.append(len(counted))
    assert counts[0] == counts[1] <= 6


def test_two_workers_at_once_tell_once(ending: Allocation, pi: User, monkeypatch: Any) -> None:
    """The second has read who was told before the first has told them."""
    from allocations.overview import reminding

    monkeypatch.setattr(reminding, "_told", lambda due: {})
    assert remind(before(30)) == 1
    assert remind(before(30)) == 0
    assert len(told(pi)) == 1


def test_the_clock_of_today_is_the_default(ending: Allocation, pi: User) -> None:
    today = timezone.now().date()
    ending.grants.update(starts_on=today - timedelta(days=9), ends_on=today + timedelta(days=6))
    assert remind() == 1
    assert told(pi) == ["BIO220047 ends in 7 days"]
