from datetime import timedelta
from decimal import Decimal

from django.utils import timezone

from allocations.models import Allocation, LedgerEntry
from instances import meter
from portal.accounts.models import User
from portal.cloud.config import clouds
from tests.instances.rows import machine

NOW = timezone.now().replace(hour=12, minute=0, second=0, microsecond=0)


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


def test_a_short_time_waits_for_the_next_charge(allocation: Allocation) -> None:
    machine(allocation, charged_until=NOW - timedelta(minutes=5))
    assert meter.charge_all(NOW) == 0
    assert meter.charge_all(NOW + timedelta(minutes=10)) == 1


def test_settling_before_a_change_charges_the_state_that_ends(allocation: Allocation) -> None:
    lab = machine(allocation, charged_until=NOW - timedelta(minutes=3))
    cloud = clouds().cloud("demo").portal
    [entry] = meter.settle(lab, NOW, cloud)
    assert (entry.status, round(entry.su, 3), lab.charged_until) == ("ACTIVE", Decimal("0.1"), NOW)
    assert meter.settle(lab, NOW, cloud) == []
