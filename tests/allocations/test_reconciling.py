"""The provider's figures beside our ledger: kept, compared once, and brought to agree."""

from datetime import date, datetime, timedelta
from decimal import Decimal

import pytest
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from allocations import accrual, ledger, reconciling, usage
from allocations.models import Allocation, Grant, LedgerEntry, ProviderFigure
from portal.core.models import AuditEvent
from tests.allocations.entries import entry
from tests.cast import make_allocation, make_grant

TODAY = timezone.now().replace(hour=0, minute=0, second=0, microsecond=0)
DAY, HOUR = timedelta(days=1), timedelta(hours=1)


@pytest.fixture
def grant(db: None) -> Grant:
    """A period that began ten days ago."""
    allocation = make_allocation(history_read_at=TODAY - 11 * DAY)
    started = (TODAY - 10 * DAY).date()
    return make_grant(allocation, used=100, starts_on=started, as_of=TODAY - 2 * DAY)


def posted() -> list[LedgerEntry]:
    return list(LedgerEntry.objects.filter(kind="provider").order_by("starts_at"))


def next_figure(grant: Grant, used: int, as_of: datetime) -> ProviderFigure:
    grant.used, grant.as_of = Decimal(used), as_of
    grant.save()
    figure = reconciling.note(grant)
    assert figure is not None
    return figure


def metered(grant: Grant) -> Decimal:
    found = usage.totals([grant.allocation_id], start=TODAY - 30 * DAY, end=TODAY + DAY, by=())
    return sum((line.su for line in found), Decimal(0))


def test_the_ledger_agrees_with_the_provider_after_each_figure(grant: Grant) -> None:
    ledger.charge(entry(grant.allocation, "60", TODAY - 3 * DAY))
    reconciling.note(grant)
    assert reconciling.reconcile_all() == 1
    assert metered(grant) == 100
    ledger.charge(entry(grant.allocation, "24", TODAY - DAY))
    next_figure(grant, 130, TODAY - HOUR)
    reconciling.reconcile_all()
    assert metered(grant) == 130
    [newest] = posted()[-1:]
    assert newest.su == 6
    assert newest.day == (TODAY - HOUR).date()


def test_what_was_used_before_the_portal_is_spread_over_the_period(grant: Grant) -> None:
    """Not a day of its own, which forecasts would take for a day like others to come."""
    reconciling.note(grant)
    reconciling.reconcile_all()
    entries = posted()
    assert [each.su for each in entries] == [Decimal("12.5")] * 8
    assert (entries[0].starts_at, entries[-1].ends_at) == (TODAY - 10 * DAY, TODAY - 2 * DAY)
    assert {(each.owner_key, each.instance_id) for each in entries} == {("", "")}


def test_more_than_the_provider_counts_is_taken_back(grant: Grant) -> None:
    ledger.charge(entry(grant.allocation, "160", TODAY - 3 * DAY))
    reconciling.note(grant)
    reconciling.reconcile_all()
    assert sum(each.su for each in posted()) == -60
    assert metered(grant) == 100


def test_a_figure_is_compared_once(grant: Grant) -> None:
    figure = reconciling.note(grant)
    assert figure is not None
    assert reconciling.reconcile(figure.pk)
    assert not reconciling.reconcile(figure.pk)
    assert reconciling.note(grant) == figure
    assert reconciling.reconcile_all() == 0
    assert AuditEvent.objects.filter(action="ledger.reconcile").count() == 1


def test_a_worker_that_died_after_it_posted_posts_nothing_twice(grant: Grant) -> None:
    figure = reconciling.note(grant)
    assert figure is not None
    reconciling.reconcile(figure.pk)
    count = LedgerEntry.objects.count()
    ProviderFigure.objects.update(difference=None)
    LedgerEntry.objects.filter(kind="charge").delete()
    reconciling.reconcile(figure.pk)
    assert LedgerEntry.objects.count() == count
    assert metered(grant) == 100


def test_the_entry_that_a_figure_falls_into_counts_up_to_it(grant: Grant) -> None:
    ledger.charge(entry(grant.allocation, "24", TODAY - 2 * DAY - 6 * HOUR, hours=12))
    figure = reconciling.note(grant)
    assert figure is not None
    reconciling.reconcile(figure.pk)
    figure.refresh_from_db()
    assert figure.metered == 12
    assert figure.difference == 88


def test_what_the_figure_says_is_not_counted_on_top_of_it(grant: Grant) -> None:
    reconciling.note(grant)
    reconciling.reconcile_all()
    assert ledger.balance(grant.allocation)["cpu"].used_since == 0


def test_histories_that_are_being_read_are_waited_for(grant: Grant, monkeypatch: pytest.MonkeyPatch) -> None:
    now = TODAY
    figure = next_figure(grant, 100, now - HOUR)
    monkeypatch.setattr(accrual, "_unsettled", [lambda ids: set(ids)])
    assert reconciling.due(now) == []
    assert reconciling.due(now + DAY) == [figure.pk]
    monkeypatch.setattr(accrual, "_unsettled", [])
    assert reconciling.due(now) == [figure.pk]
    # Just read: what machines did in the last minutes may not be known yet.
    assert reconciling.due(now - HOUR + timedelta(minutes=1)) == []
    assert reconciling.due(now - HOUR + timedelta(minutes=2)) == [figure.pk]
    Allocation.objects.update(history_read_at=None)
    assert reconciling.due(now) == []
    assert reconciling.due(now + DAY) == [figure.pk]


def test_of_a_projects_regions_one_keeps_the_figures(grant: Grant) -> None:
    elsewhere = make_allocation(region="TACC")
    there = make_grant(elsewhere, used=100, starts_on=grant.starts_on)
    assert reconciling.note(there) is None
    ledger.charge(entry(elsewhere, "30", TODAY - 3 * DAY))
    reconciling.note(grant)
    reconciling.reconcile_all()
    assert sum(each.su for each in posted()) == 70
    assert len(reconciling.differences(elsewhere)) == 1


@pytest.mark.parametrize("why", ["no figure", "unknown resource"])
def test_what_cannot_be_compared_is_not_kept(grant: Grant, why: str) -> None:
    if why == "no figure":
        grant.used = None
    else:
        grant.resource = "other"
    assert reconciling.note(grant) is None


def test_a_period_that_is_over_is_left_as_it_was(grant: Grant) -> None:
    old = make_grant(
        grant.allocation,
        used=900,
        starts_on=date(2025, 1, 1),
        ends_on=date(2025, 12, 31),
        active=False,
        provider_resource="old",
        as_of=TODAY - 2 * DAY,
    )
    reconciling.note(old)
    assert reconciling.reconcile_all() == 0


def test_of_two_grants_at_once_nothing_is_posted_but_the_difference_is_shown(grant: Grant) -> None:
    make_grant(grant.allocation, used=5, provider_resource="second", starts_on=grant.starts_on)
    reconciling.note(grant)
    reconciling.reconcile_all()
    assert posted() == []
    assert [each.difference for each in reconciling.differences(grant.allocation)] == [100]


def test_an_operator_may_have_differences_shown_only(grant: Grant, monkeypatch: pytest.MonkeyPatch) -> None:
    from portal.cloud.config import clouds

    metering = clouds().cloud("demo").portal.metering
    monkeypatch.setitem(metering.__dict__, "reconcile", False)
    reconciling.note(grant)
    reconciling.reconcile_all()
    assert posted() == []
    assert reconciling.differences(grant.allocation)[0].difference == 100


def test_differences_are_told_newest_first_in_one_query(
    grant: Grant, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    reconciling.note(grant)
    next_figure(grant, 0, TODAY - HOUR)
    reconciling.reconcile_all()
    with django_assert_num_queries(1):
        newest, oldest = reconciling.differences(grant.allocation)
    assert [oldest.reported, oldest.metered, oldest.difference, oldest.percent] == [100, 0, 100, 100]
    assert [newest.reported, newest.metered, newest.percent] == [0, 100, None]


def test_storage_is_what_the_provider_says(grant: Grant) -> None:
    """No machine is charged for it: the provider's figure is all there is."""
    store = make_grant(grant.allocation, "storage", used=800, starts_on=grant.starts_on, as_of=TODAY - DAY)
    reconciling.note(store)
    reconciling.reconcile_all()
    [line] = usage.totals(
        [grant.allocation_id], start=TODAY - 30 * DAY, end=TODAY + DAY, by=("resource", "owner")
    )
    assert line.keys == ("storage", "")
    assert line.su == 800


def test_the_worker_compares_what_is_due(grant: Grant) -> None:
    from allocations import tasks

    reconciling.note(grant)
    tasks.reconcile()
    assert metered(grant) == 100
