from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from zoneinfo import ZoneInfo

from django.utils import timezone

from allocations import ledger
from allocations.models import Allocation, LedgerEntry
from instances import meter
from instances.models import Poll
from portal.accounts.models import User
from portal.cloud.config import clouds
from tests.instances.rows import machine

# The beginning of a day: that is when machines which do not change are charged.
NOW = timezone.now().replace(hour=0, minute=0, second=0, microsecond=0)


def test_a_running_machine_is_charged_for_the_time_since_the_last_charge(
    allocation: Allocation, member: User
) -> None:
    lab = machine(allocation, member, charged_until=NOW - timedelta(hours=1))
    assert meter.charge_all(NOW) == 1
    entry = LedgerEntry.objects.get()
    assert (entry.su, entry.resource, entry.instance_id) == (Decimal(2), "cpu", str(lab.pk))
    assert (entry.starts_at, entry.ends_at, entry.owner_name) == (NOW - timedelta(hours=1), NOW, "Bob")
    lab.refresh_from_db()
    assert lab.charged_until == NOW


def test_nothing_is_charged_twice(allocation: Allocation) -> None:
    lab = machine(allocation, charged_until=NOW - timedelta(hours=1))
    meter.charge_all(NOW)
    assert meter.charge_all(NOW) == 0
    # A worker that died after it had written the entry, and before the rest.
    type(lab).objects.update(charged_until=NOW - timedelta(hours=1))
    meter.charge_all(NOW)
    assert LedgerEntry.objects.count() == 1


def test_the_state_decides_the_price(allocation: Allocation) -> None:
    since = NOW - timedelta(hours=1)
    for status in ("ACTIVE", "SUSPENDED", "SHUTOFF", "SHELVED_OFFLOADED", "ERROR"):
        machine(allocation, name=status, status=status, charged_until=since)
    meter.charge_all(NOW)
    charged = dict(LedgerEntry.objects.values_list("instance_name", "su"))
    assert charged == {"ACTIVE": Decimal(2), "SUSPENDED": Decimal("1.5"), "SHUTOFF": Decimal(1)}


def test_what_costs_nothing_is_not_charged_later_either(allocation: Allocation) -> None:
    lab = machine(allocation, status="SHELVED_OFFLOADED", charged_until=NOW - timedelta(hours=5))
    meter.charge_all(NOW)
    lab.refresh_from_db()
    assert lab.charged_until == NOW


def test_each_kind_of_size_goes_to_its_own_resource(allocation: Allocation) -> None:
    since = NOW - timedelta(hours=1)
    machine(allocation, flavor_name="g3.medium", vcpus=8, charged_until=since)
    machine(allocation, flavor_name="r3.large", vcpus=64, charged_until=since)
    meter.charge_all(NOW)
    assert dict(LedgerEntry.objects.values_list("resource", "su")) == {"gpu": Decimal(16), "lm": Decimal(128)}


def test_a_size_without_a_rate_is_not_charged(allocation: Allocation) -> None:
    machine(allocation, flavor_name="p3.odd", charged_until=NOW - timedelta(hours=1))
    assert meter.charge_all(NOW) == 0


def test_machines_that_are_gone_or_not_made_yet_are_not_charged(allocation: Allocation) -> None:
    since = NOW - timedelta(hours=1)
    machine(allocation, charged_until=since, deleted_at=NOW)
    machine(allocation, charged_until=None)
    machine(allocation, charged_until=since, server_id="", status="REQUESTED")
    assert meter.charge_all(NOW) == 0


def test_what_does_not_change_is_charged_once_a_day(allocation: Allocation) -> None:
    lab = machine(allocation, charged_until=NOW)
    assert meter.charge_all(NOW + timedelta(hours=23, minutes=59)) == 0
    assert meter.charge_all(NOW + timedelta(hours=24, minutes=5)) == 1
    lab.refresh_from_db()
    assert lab.charged_until == NOW + timedelta(days=1)


def test_after_days_without_a_worker_each_day_has_its_entry(allocation: Allocation) -> None:
    machine(allocation, charged_until=NOW - timedelta(days=3, hours=2))
    assert meter.charge_all(NOW + timedelta(hours=7)) == 4
    entries = list(LedgerEntry.objects.order_by("starts_at"))
    assert [entry.su for entry in entries] == [4, 48, 48, 48]
    assert [entry.day for entry in entries] == [entry.starts_at.date() for entry in entries]


def test_settling_before_a_change_charges_the_state_that_ends(allocation: Allocation) -> None:
    lab = machine(allocation, charged_until=NOW - timedelta(minutes=3))
    cloud = clouds().cloud("demo").portal
    [entry] = meter.settle(lab, NOW, cloud)
    assert (entry.status, round(entry.su, 3), lab.charged_until) == ("ACTIVE", Decimal("0.1"), NOW)
    assert meter.settle(lab, NOW, cloud) == []


def reading(allocation: Allocation, ok_at: datetime | None) -> None:
    Poll.objects.create(allocation=allocation, what=Poll.What.SERVERS, next_at=NOW, ok_at=ok_at)


def test_a_day_that_the_cloud_has_not_confirmed_is_charged_once_it_has(allocation: Allocation) -> None:
    """While the cloud cannot be read, or the portal was down, a machine may be long gone."""
    seen = NOW - timedelta(hours=3)
    lab = machine(allocation, charged_until=NOW - timedelta(hours=4), seen_at=seen)
    reading(allocation, ok_at=seen)
    assert meter.charge_all(NOW + timedelta(hours=1)) == 0
    lab.refresh_from_db()
    assert lab.charged_until == NOW - timedelta(hours=4)
    Poll.objects.update(ok_at=NOW + timedelta(minutes=30))
    assert meter.charge_all(NOW + timedelta(hours=1)) == 1
    assert LedgerEntry.objects.get().su == 8


def test_a_machine_that_a_step_has_just_seen_needs_no_reading(allocation: Allocation) -> None:
    machine(allocation, charged_until=NOW - timedelta(hours=1), seen_at=NOW)
    reading(allocation, ok_at=None)
    assert meter.charge_all(NOW) == 1
    assert LedgerEntry.objects.get().ends_at == NOW


def test_a_cloud_that_was_taken_out_of_the_configuration_does_not_stop_the_meter(
    allocation: Allocation, other_allocation: Allocation
) -> None:
    since = NOW - timedelta(hours=1)
    other_allocation.cloud = "retired"
    other_allocation.save()
    machine(other_allocation, charged_until=since)
    machine(allocation, charged_until=since)
    assert meter.charge_all(NOW) == 1
    assert LedgerEntry.objects.get().allocation == allocation


def test_stretches_follow_one_another_without_gap_or_overlap(allocation: Allocation) -> None:
    """Whoever charges, in whatever order: the mirror at a change, the meter, a worker that was killed and comes again."""
    lab = machine(allocation, charged_until=NOW - timedelta(hours=6))
    meter.charge_all(NOW - timedelta(hours=5))
    lab.refresh_from_db()
    ledger.charge_many(meter.settle(lab, NOW - timedelta(hours=4), clouds().cloud("demo").portal))
    lab.status, lab.flavor_name, lab.vcpus = "SHUTOFF", "m3.quad", 4
    lab.save()
    meter.charge_all(NOW - timedelta(hours=3, minutes=50))
    meter.charge_all(NOW - timedelta(hours=3))
    # The clock of one worker is behind: nothing is charged backwards.
    meter.charge_all(NOW - timedelta(hours=3, minutes=30))
    meter.charge_all(NOW)
    entries = list(LedgerEntry.objects.order_by("starts_at"))
    assert all(one.ends_at == two.starts_at for one, two in pairwise(entries))
    assert (entries[0].starts_at, entries[-1].ends_at) == (NOW - timedelta(hours=6), NOW)
    assert sum(entry.su for entry in entries) == 2 * 2 + Decimal("0.5") * 4 * 4


def test_the_hour_that_a_clock_change_repeats_or_skips_is_an_hour(allocation: Allocation) -> None:
    """Stretches are cut and counted in UTC, whatever the time zone of the server."""
    for change in (datetime(2026, 3, 29, 1, tzinfo=UTC), datetime(2026, 10, 25, 1, tzinfo=UTC)):
        with timezone.override(ZoneInfo("Europe/Berlin")):
            lab = machine(allocation, charged_until=change - timedelta(hours=1))
            [entry] = meter.settle(lab, change + timedelta(hours=1), clouds().cloud("demo").portal)
        assert entry.su == Decimal(4)


def test_a_machine_that_is_deleted_or_not_made_costs_nothing_more(allocation: Allocation) -> None:
    since, cloud = NOW - timedelta(hours=1), clouds().cloud("demo").portal
    gone = machine(allocation, charged_until=since, deleted_at=since)
    unmade = machine(allocation, charged_until=since, server_id="")
    assert meter.settle(gone, NOW, cloud) == meter.settle(unmade, NOW, cloud) == []
    assert (gone.charged_until, unmade.charged_until) == (since, since)
