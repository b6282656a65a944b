"""The ledger: charged once, corrected by entries, balanced in one query."""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.utils import timezone

from allocations.ledger import balance, balances, charge, charge_many, correct
from allocations.models import Allocation, LedgerEntry
from portal.accounts.models import User
from portal.core.models import AuditEvent
from tests.cast import make_allocation, make_grant


def entry(allocation: Allocation, key: str, su: str, at: datetime, resource: str = "cpu") -> LedgerEntry:
    return LedgerEntry(
        key=key,
        allocation=allocation,
        resource=resource,
        instance_id="i-1",
        instance_name="assembler",
        flavor_name="m3.quad",
        status="ACTIVE",
        starts_at=at,
        ends_at=at + timedelta(minutes=5),
        su=Decimal(su),
    )


def test_the_same_stretch_is_charged_once(allocation: Allocation) -> None:
    now = timezone.now()
    assert charge(entry(allocation, "i-1:5", "0.5", now))
    assert not charge(entry(allocation, "i-1:5", "0.5", now))
    assert LedgerEntry.objects.count() == 1


def test_many_charges_pass_over_those_that_are_there(allocation: Allocation) -> None:
    now = timezone.now()
    charge(entry(allocation, "a", "1", now))
    made = charge_many([entry(allocation, key, "1", now) for key in ("a", "b", "c", "c")])
    assert made == 2
    assert set(LedgerEntry.objects.values_list("key", flat=True)) == {"a", "b", "c"}


def test_a_balance_adds_our_charges_since_the_providers_figure(allocation: Allocation) -> None:
    grant = allocation.grants.get(resource="cpu")
    charge(entry(allocation, "before", "1000", grant.as_of - timedelta(minutes=5)))
    charge(entry(allocation, "after", "12.5", grant.as_of + timedelta(minutes=1)))
    charge(entry(allocation, "gpu", "7", grant.as_of + timedelta(minutes=1), "gpu"))
    found = balance(allocation)["cpu"]
    assert found.used_reported == 25_000
    assert found.used_since == Decimal("12.5")
    assert found.used == Decimal("25012.5")
    assert found.remaining == Decimal("74987.5")
    assert found.percent == 25


def test_charges_of_another_allocation_are_not_ours(
    allocation: Allocation, other_allocation: Allocation
) -> None:
    charge(entry(other_allocation, "theirs", "100", timezone.now()))
    assert balance(allocation)["cpu"].used_since == 0


def test_machines_in_another_region_draw_on_the_same_grant(allocation: Allocation) -> None:
    elsewhere = make_allocation(region="TACC")
    assert elsewhere.project_id == allocation.project_id
    charge(entry(elsewhere, "there", "9", timezone.now()))
    assert balance(allocation)["cpu"].used_since == 9
    stranger = make_allocation(cloud="second", slug="second")
    charge(entry(stranger, "cloud", "100", timezone.now()))
    assert balance(allocation)["cpu"].used_since == 9


def test_a_provider_without_a_figure_leaves_ours_alone(other_allocation: Allocation) -> None:
    other_allocation.grants.update(used=None)
    charge(entry(other_allocation, "ours", "3", timezone.now()))
    found = balance(other_allocation)["cpu"]
    assert (found.used_reported, found.used) == (None, Decimal(3))


def test_an_overdrawn_allocation_remains_below_zero(db: None) -> None:
    allocation = make_allocation()
    make_grant(allocation, awarded=100, used=140)
    found = balance(allocation)["cpu"]
    assert found.remaining == -40
    assert found.percent == 100


def test_of_several_periods_the_active_one_around_today_counts(db: None) -> None:
    allocation = make_allocation()
    today = timezone.now().date()
    day = timedelta(days=1)
    make_grant(allocation, awarded=1, starts_on=today - 400 * day, ends_on=today - 36 * day, active=False)
    make_grant(allocation, awarded=2, starts_on=today - 35 * day, ends_on=today + 10 * day)
    make_grant(allocation, awarded=3, starts_on=today + 11 * day, ends_on=today + 400 * day)
    assert balance(allocation)["cpu"].awarded == 2
    assert balance(allocation, today - 100 * day)["cpu"].awarded == 3


def test_without_an_active_period_the_one_that_ends_last_counts(db: None) -> None:
    allocation = make_allocation()
    today = timezone.now().date()
    day = timedelta(days=1)
    make_grant(allocation, awarded=1, starts_on=today - 800 * day, ends_on=today - 436 * day, active=False)
    make_grant(allocation, awarded=2, starts_on=today - 400 * day, ends_on=today - 36 * day, active=False)
    assert balance(allocation)["cpu"].awarded == 2


def test_an_allocation_without_grants_has_no_balance(db: None) -> None:
    assert balance(make_allocation()) == {}


@pytest.mark.parametrize("number", [1, 30])
def test_balances_of_any_number_are_a_few_queries(
    django_assert_num_queries: Any, db: None, number: int
) -> None:
    made = [make_allocation(f"BIO{index:06}") for index in range(number)]
    for allocation in made:
        make_grant(allocation, "cpu")
        make_grant(allocation, "gpu")
        charge(entry(allocation, f"of-{allocation.pk}", "1", timezone.now()))
    with django_assert_num_queries(6):
        found = balances([allocation.pk for allocation in made])
    assert len(found) == number
    assert all(by_resource["cpu"].used_since == 1 for by_resource in found.values())


def test_a_mistake_is_mended_by_a_further_entry_and_only_once(allocation: Allocation, operator: User) -> None:
    now = timezone.now()
    wrong = entry(allocation, "wrong", "10", now)
    charge(wrong)
    wrong = LedgerEntry.objects.get(key="wrong")
    for _ in range(2):
        mended = correct(by=operator, entry=wrong, su=Decimal("-4"), reason="charged at the old rate")
    assert mended.kind == LedgerEntry.Kind.CORRECTION
    assert LedgerEntry.objects.get(key="wrong").su == 10
    assert balance(allocation)["cpu"].used_since == 6
    assert AuditEvent.objects.filter(action="ledger.correct", actor_id=str(operator.pk)).count() == 1
