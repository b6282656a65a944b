from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from allocations.models import Allocation
from allocations.sources import facts, told_accounting
from allocations.sources.models import AllocationFact, SourceState
from portal.cloud.types import AccountingEntry
from tests.cast import make_allocation

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)


def entry(
    starts: date, ends: date, *, active: bool = True, title: str = "T", resource: str = "cpu"
) -> AccountingEntry:
    return AccountingEntry(
        resource=None,
        provider_resource=resource,
        title=title,
        abstract=f"About {title}",
        awarded=Decimal(1),
        used=None,
        starts_on=starts,
        ends_on=ends,
        active=active,
    )


LAST_YEAR = (date(2025, 1, 1), date(2025, 12, 31))
THIS_YEAR = (date(2026, 1, 1), date(2026, 12, 31))


def test_the_period_that_goes_on_is_told_of() -> None:
    told = told_accounting.facts(
        [
            entry(*LAST_YEAR, active=False, title="Old"),
            entry(*THIS_YEAR, title="New"),
            entry(date(2026, 6, 1), date(2027, 1, 31), title="New", resource="gpu"),
        ],
        NOW,
    )
    assert told == {"title": "New", "abstract": "About New", "begins": "2026-01-01", "ends": "2027-01-31"}


def test_where_nothing_goes_on_it_is_the_period_that_ended_last() -> None:
    told = told_accounting.facts(
        [
            entry(*LAST_YEAR, active=False, title="Old"),
            entry(date(2024, 1, 1), date(2024, 12, 31), active=False),
        ],
        NOW,
    )
    assert (told["title"], told["ends"]) == ("Old", "2025-12-31")


def test_a_period_that_begins_later_is_not_the_present_one() -> None:
    told = told_accounting.facts(
        [entry(*THIS_YEAR, title="Now"), entry(date(2027, 1, 1), date(2027, 12, 31))], NOW
    )
    assert told["title"] == "Now"


def test_the_accounting_tells_beside_its_awards(allocation: Allocation) -> None:
    now = timezone.now()
    told_accounting.told(allocation, [entry(*THIS_YEAR, title="By the accounting")], now)
    found = facts.of(allocation)
    assert found["ends"].value == "2026-12-31"
    assert (found["ends"].source, found["ends"].as_of) == ("accounting", now)
    assert found["ends"].source_title == "Demo cloud's accounting"


def test_an_accounting_that_tells_nothing_takes_nothing_back(allocation: Allocation) -> None:
    told_accounting.told(allocation, [entry(*THIS_YEAR)], timezone.now())
    told_accounting.told(allocation, [], timezone.now())
    assert "ends" in facts.of(allocation)


def fact(allocation: Allocation, source: str, field: str, value: str, age: timedelta = timedelta()) -> None:
    at = timezone.now() - age
    AllocationFact.objects.create(allocation=allocation, source=source, field=field, value=value, as_of=at)


def test_who_says_otherwise_is_shown_with_it(allocation: Allocation) -> None:
    fact(allocation, "projects", "title", "By the programme")
    fact(allocation, "accounting", "title", "By the provider")
    found = facts.of(allocation)["title"]
    assert (found.value, found.source_title) == ("By the programme", "ACCESS project list")
    assert [(title, value) for title, value, _ in found.others] == [
        ("Demo cloud's accounting", "By the provider"),
        ("Demo cloud", "Genome assembly of prairie grasses"),
    ]


def test_a_figure_that_was_not_read_lately_is_called_old_and_says_why(allocation: Allocation) -> None:
    fact(allocation, "projects", "type", "Discover", timedelta(days=4))
    since = timezone.now() - timedelta(days=3)
    SourceState.objects.create(
        cloud="demo",
        project_id=allocation.project_id,
        source="projects",
        due_at=timezone.now(),
        error_id="outside:unavailable",
        error_since=since,
    )
    found = facts.of(allocation)["type"]
    assert (found.stale, found.error_id, found.unread_since) == (True, "outside:unavailable", since)


def test_a_fresh_figure_is_not(allocation: Allocation) -> None:
    fact(allocation, "projects", "type", "Discover", timedelta(hours=30))
    assert not facts.of(allocation)["type"].stale


def test_an_allocation_of_a_cloud_that_is_gone_still_has_its_facts(db: None) -> None:
    gone = make_allocation(cloud="gone")
    assert facts.of(gone)["title"].value == gone.title


@pytest.mark.parametrize("count", [1, 8])
def test_two_queries_whatever_is_known(
    allocation: Allocation, count: int, django_assert_num_queries: Callable[[int], object]
) -> None:
    for number in range(count):
        fact(allocation, "projects", list(facts.LABELS)[number], "x")
    with django_assert_num_queries(2):  # type: ignore[attr-defined]
        facts.of(allocation)
