"""The ledger, brought to what Nova's record says: exact to the second, whoever learnt what and when."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from random import Random
from typing import Any

import pytest
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from allocations import ledger
from allocations.models import Allocation, LedgerEntry
from allocations.rates import charges
from instances import meter, meter_settling
from instances.models import CloudAction, Instance, Sighting
from portal.accounts.models import User
from portal.cloud.config import clouds
from tests.cast import make_user
from tests.instances.rows import machine

NOW = timezone.now().replace(hour=12, minute=0, second=0, microsecond=0)
DAY = timedelta(days=1)
HOUR = timedelta(hours=1)


def born(allocation: Allocation, at: datetime, owner: User | None = None, **changes: Any) -> Instance:
    """A machine (2 SU an hour) that was made then, and was not charged for anything yet."""
    given: dict[str, Any] = {"created_at": at, "launched_at": at, "charged_until": at, "unsettled_since": at}
    lab = machine(allocation, owner, **{**given, **changes})
    saw(lab, at)
    did(lab, "create", at)
    return lab


def saw(lab: Instance, at: datetime, **changes: Any) -> None:
    facts = {"status": lab.status, "flavor_name": lab.flavor_name, "vcpus": lab.vcpus, **changes}
    Sighting.objects.create(instance=lab, at=at, **facts)


def did(lab: Instance, action: str, at: datetime) -> None:
    request = f"req-{action}-{at.timestamp()}"
    CloudAction.objects.create(instance=lab, request_id=request, action=action, started_at=at, updated_at=at)


def settle(lab: Instance, now: datetime = NOW) -> list[LedgerEntry]:
    Instance.objects.filter(pk=lab.pk, unsettled_since=None).update(unsettled_since=lab.created_at)
    return meter_settling.settle(lab.pk, now)


def total(lab: Instance) -> Decimal:
    return sum((entry.su for entry in LedgerEntry.objects.filter(instance_id=str(lab.pk))), Decimal(0))


def test_what_ran_before_the_portal_met_it_is_charged_day_by_day(
    allocation: Allocation, member: User
) -> None:
    lab = born(allocation, NOW - 2 * DAY, member, charged_until=NOW)
    written = settle(lab)
    assert [entry.su for entry in written] == [24, 48, 24]
    assert {entry.kind for entry in written} == {"charge"}
    assert {(entry.owner_key, entry.owner_name) for entry in written} == {(str(member.pk), "Bob")}
    lab.refresh_from_db()
    assert (lab.unsettled_since, lab.settle_after, lab.charged_until) == (None, None, NOW)


def test_settling_twice_writes_nothing_more(allocation: Allocation) -> None:
    lab = born(allocation, NOW - 2 * DAY, charged_until=NOW)
    settle(lab)
    assert settle(lab) == []
    assert total(lab) == 96


def test_a_state_that_was_seen_late_is_mended_by_one_correction(allocation: Allocation) -> None:
    lab = born(allocation, NOW - 4 * HOUR)
    ledger.charge_many(meter.settle(lab, NOW, clouds().cloud("demo").portal))
    lab.save()
    lab.status = "SHUTOFF"
    lab.save()
    saw(lab, NOW)
    did(lab, "stop", NOW - HOUR)
    [mended] = settle(lab)
    assert (mended.kind, mended.su) == ("correction", Decimal(-1))
    # It stands exactly where too much was charged, so that a figure of the provider's cuts it rightly.
    assert (mended.starts_at, mended.ends_at) == (NOW - HOUR, NOW)
    assert total(lab) == 7


def test_a_correction_is_for_whoever_was_charged(allocation: Allocation, member: User) -> None:
    lab = born(allocation, NOW - 4 * HOUR, member)
    ledger.charge_many(meter.settle(lab, NOW, clouds().cloud("demo").portal))
    lab.owner = make_user("successor")
    lab.save()
    did(lab, "stop", NOW - HOUR)
    [mended] = settle(lab)
    assert mended.owner_key == str(member.pk)


def test_on_the_day_of_a_hand_over_it_is_for_whoever_had_it_then(
    allocation: Allocation, member: User
) -> None:
    lab = born(allocation, NOW - 4 * HOUR, member)
    cloud = clouds().cloud("demo").portal
    ledger.charge_many(meter.settle(lab, NOW - 2 * HOUR, cloud))
    lab.owner = make_user("successor")
    ledger.charge_many(meter.settle(lab, NOW, cloud))
    lab.save()
    did(lab, "stop", NOW - 3 * HOUR)
    did(lab, "start", NOW - 5 * HOUR / 2)
    [mended] = settle(lab)
    assert (mended.owner_key, mended.su) == (str(member.pk), Decimal("-0.5"))


def test_what_was_found_out_and_taken_back_again_is_mended_each_time(allocation: Allocation) -> None:
    """Three times another truth: none of the corrections is passed over as one that is there already."""
    lab = born(allocation, NOW - 4 * HOUR, charged_until=NOW)
    settle(lab)
    for _ in range(3):
        did(lab, "stop", NOW - HOUR)
        settle(lab)
        assert total(lab) == 7
        lab.cloud_actions.filter(action="stop").delete()
        settle(lab)
        assert total(lab) == 8


def test_a_resize_moves_the_cost_from_one_size_to_the_other(allocation: Allocation) -> None:
    lab = born(allocation, NOW - 4 * HOUR)
    ledger.charge_many(meter.settle(lab, NOW, clouds().cloud("demo").portal))
    lab.flavor_name, lab.vcpus = "m3.large", 16
    lab.save()
    saw(lab, NOW)
    did(lab, "resize", NOW - HOUR)
    did(lab, "confirmResize", NOW - HOUR / 2)
    settle(lab)
    by_size: dict[str, Decimal] = {}
    for entry in LedgerEntry.objects.all():
        by_size[entry.flavor_name] = by_size.get(entry.flavor_name, Decimal(0)) + entry.su
    assert by_size == {"m3.small": 6, "m3.large": 16}


def test_another_size_from_the_same_moment_on_is_charged_too(allocation: Allocation) -> None:
    """The key of a machine and a moment is taken by the wrong charge."""
    lab = born(allocation, NOW - 4 * HOUR)
    ledger.charge_many(meter.settle(lab, NOW, clouds().cloud("demo").portal))
    lab.flavor_name, lab.vcpus = "m3.quad", 4
    lab.save()
    lab.sightings.all().delete()
    saw(lab, NOW - 4 * HOUR)
    settle(lab)
    assert total(lab) == 16
    assert settle(lab) == []


def test_after_a_change_the_meter_goes_on_from_there(allocation: Allocation) -> None:
    """The record knows of a change that is newer than the last charge: both sides of it are charged."""
    lab = born(allocation, NOW - 4 * HOUR, status="SHUTOFF")
    lab.sightings.update(status="ACTIVE")
    saw(lab, NOW - HOUR / 2)
    did(lab, "stop", NOW - HOUR)
    settle(lab)
    lab.refresh_from_db()
    assert lab.charged_until == NOW - HOUR
    assert total(lab) == 6
    ledger.charge_many(meter.settle(lab, NOW, clouds().cloud("demo").portal))
    assert total(lab) == 7


def test_what_was_deleted_long_ago_is_given_back(allocation: Allocation) -> None:
    lab = born(allocation, NOW - 4 * HOUR)
    ledger.charge_many(meter.settle(lab, NOW, clouds().cloud("demo").portal))
    lab.deleted_at = NOW - 3 * HOUR
    lab.status = "DELETED"
    lab.save()
    settle(lab)
    assert total(lab) == 2


def test_a_change_of_rate_in_the_middle_is_charged_at_both(allocation: Allocation) -> None:
    """g3 cost 4 SU per vCPU-hour before 2 July 2024, and 2 since."""
    change = datetime(2024, 7, 2, tzinfo=UTC)
    lab = born(allocation, change - HOUR, flavor_name="g3.medium", vcpus=8, charged_until=change + HOUR)
    lab.deleted_at = change + HOUR
    lab.save()
    written = meter_settling.settle(lab.pk, change + DAY)
    assert [entry.su for entry in written] == [32, 16]
    assert {entry.resource for entry in written} == {"gpu"}


def test_what_has_no_rate_is_not_charged(allocation: Allocation) -> None:
    lab = born(allocation, NOW - DAY, flavor_name="p3.odd", charged_until=NOW)
    assert settle(lab) == []


def test_history_reaches_back_as_far_as_the_operator_says(allocation: Allocation) -> None:
    lab = born(allocation, NOW - 700 * DAY, charged_until=NOW)
    settle(lab)
    first = LedgerEntry.objects.order_by("starts_at")[0]
    assert first.day == (NOW - 365 * DAY).date()


def test_what_people_have_mended_stays_mended(allocation: Allocation, operator: User) -> None:
    lab = born(allocation, NOW - 4 * HOUR, charged_until=NOW)
    [entry] = settle(lab)
    entry = LedgerEntry.objects.get(key=entry.key)
    ledger.correct(by=operator, entry=entry, su=Decimal(-8), reason="our mistake")
    assert settle(lab) == []
    assert total(lab) == 0


def test_a_machine_that_changed_while_its_record_was_read_stays_unsettled(allocation: Allocation) -> None:
    lab = born(allocation, NOW - 4 * HOUR, charged_until=NOW, settle_after=NOW)
    meter_settling.settle(lab.pk, NOW, lease=NOW - HOUR)
    lab.refresh_from_db()
    assert lab.unsettled_since is not None
    assert lab.settle_after == NOW


@pytest.mark.parametrize("what", ["settled", "unmade", "retired"])
def test_what_there_is_nothing_to_settle_of_is_left_alone(allocation: Allocation, what: str) -> None:
    lab = born(allocation, NOW - DAY, charged_until=NOW, server_id="" if what == "unmade" else "s")
    if what == "settled":
        Instance.objects.update(unsettled_since=None)
    if what == "retired":
        Allocation.objects.filter(pk=allocation.pk).update(cloud="retired")
    assert meter_settling.settle(lab.pk, NOW) == []


# A life: at which minutes of four days it was stopped and started in turn.
changes = st.lists(st.integers(1, 4 * 24 * 60 - 1), min_size=1, max_size=8, unique=True).map(sorted)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(moments=changes, cuts=st.lists(st.integers(1, 4 * 24 * 60), max_size=6), seed=st.integers())
def test_the_total_is_independent_of_cuts_of_order_and_of_repetition(
    allocation: Allocation, moments: list[int], cuts: list[int], seed: int
) -> None:
    """Whatever the portal believed and charged meanwhile, and in whatever order it learnt the truth."""
    start = NOW - 4 * DAY
    lab = born(allocation, start)
    ends = [start + timedelta(minutes=minutes) for minutes in moments] + [NOW]
    facts = [("stop" if place % 2 == 0 else "start", at) for place, at in enumerate(ends[:-1])]
    cloud = clouds().cloud("demo").portal
    # The meter charges what it believes: now and then, always as running.
    for minutes in sorted(cuts):
        ledger.charge_many(meter.settle(lab, start + timedelta(minutes=minutes), cloud))
        lab.save()
    lab.status = "ACTIVE" if len(facts) % 2 == 0 else "SHUTOFF"
    lab.save()
    saw(lab, ends[-2])
    Random(seed).shuffle(facts)
    for action, at in facts:
        did(lab, action, at)
        settle(lab)
        settle(lab)
    lab.refresh_from_db()
    ledger.charge_many(meter.settle(lab, NOW, cloud))
    shall = Decimal(0)
    for place, (one, two) in enumerate(pairwise([start, *ends])):
        status = "ACTIVE" if place % 2 == 0 else "SHUTOFF"
        shall += sum((c.su for c in charges(lab.flavor_name, lab.vcpus, status, one, two, cloud)), Decimal(0))
    assert total(lab) == shall
