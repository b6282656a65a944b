"""Nova's record, read from a cloud: what was seen late is exact, and what ran before the portal came is there."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from unittest.mock import patch

import pytest
from django.utils import timezone

from allocations import reconciling, usage
from allocations.models import Allocation, LedgerEntry
from allocations.rates import charges
from instances import meter_backfill, meter_reading, meter_settling, tasks
from instances.models import CloudAction, Instance
from instances.statuses import DELETED
from portal.accounts.models import CloudCredential
from portal.cloud import servers
from portal.cloud.config import clouds
from portal.cloud.types import Server, ServerAction
from portal.core.errors import PortalError
from tests.instances.demo import DemoCloud, Project, connected_project, point_portal_at

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def past(
    demo_process: DemoCloud, transactional_db: None, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Project]:
    """BIO220047 as the demo has it: half a year of machines, most of them gone."""
    monkeypatch.setenv("DEMO_AUTH_URL", demo_process.auth_url)
    point_portal_at(demo_process)
    yield connected_project(demo_process, seed="demo")
    clouds.cache_clear()


def read_record(project: Project) -> None:
    """As a worker does when its time has come."""
    Instance.objects.exclude(settle_after=None).update(settle_after=timezone.now() - timedelta(seconds=1))
    meter_reading.read(project.allocation.pk)


def spent(project: Project) -> Decimal:
    now = timezone.now()
    found = usage.totals([project.allocation.pk], start=now - timedelta(days=400), end=now, by=())
    return sum((line.su for line in found), Decimal(0))


def elsewhere(project: Project) -> str:
    given = {"project": "BIO220047", "user": "alice", "name": "from-cli", "region": "IU"}
    made: str = project.demo.control("POST", "/servers", given)["server"]["id"]
    return made


HOURS = {"create": 0, "stop": 10, "start": 14, "shelve": 20}


def backdated(row: Instance) -> datetime:
    start = (timezone.now() - timedelta(hours=23)).replace(microsecond=0)
    LedgerEntry.objects.all().delete()
    row.cloud_actions.all().delete()
    row.sightings.update(at=start)
    Instance.objects.filter(pk=row.pk).update(
        created_at=start, launched_at=start, charged_until=start, unsettled_since=start
    )
    return start


def until(done: Any) -> None:
    for _ in range(400):
        if done():
            return
        time.sleep(0.02)
    raise AssertionError("it did not come about")


@contextmanager
def moved_back(start: datetime) -> Iterator[None]:
    """The cloud's record, and the server, with the times of `HOURS` since `start`."""
    real_actions, real_list = servers.actions_of, servers.list_servers

    def actions(cloud: Any, server_id: str) -> list[ServerAction]:
        found = real_actions(cloud, server_id)
        times = {each.action: start + timedelta(hours=HOURS[each.action]) for each in found}
        return [replace(each, started=times[each.action], updated=times[each.action]) for each in found]

    def listed(cloud: Any, **how: Any) -> list[Server]:
        shelved = start + timedelta(hours=HOURS["shelve"])
        return [replace(each, created=start, launched_at=start, updated=shelved) for each in real_list(cloud)]

    with (
        patch("instances.meter_reading.servers.actions_of", actions),
        patch("instances.mirror.poll.servers.list_servers", listed),
    ):
        yield


def test_the_past_of_a_project_is_in_the_ledger_after_its_first_readings(past: Project) -> None:
    past.read()
    read_record(past)
    gone = Instance.objects.get(name="kmer-count")
    assert (gone.status, gone.owner, gone.flavor_name) == (DELETED, past.people["bob"], "m3.medium")
    entries = list(LedgerEntry.objects.filter(instance_id=str(gone.pk)).order_by("starts_at"))
    assert len(entries) == 24
    record = CloudAction.objects.filter(instance=gone).order_by("started_at")
    assert [each.action for each in record] == ["create", "delete"]
    assert gone.launched_at is not None
    end = record[1].updated_at
    assert end is not None
    cloud = clouds().cloud("demo").portal
    shall = charges("m3.medium", 8, "ACTIVE", gone.launched_at, end, cloud)
    assert sum(entry.su for entry in entries) == sum(charge.su for charge in shall)
    assert not Instance.objects.exclude(unsettled_since=None).exists()


def test_machines_that_are_there_have_their_past_too(past: Project) -> None:
    past.read()
    read_record(past)
    database = Instance.objects.get(name="annotation-db")
    entries = LedgerEntry.objects.filter(instance_id=str(database.pk))
    assert {entry.status for entry in entries} == {"ACTIVE", "SHUTOFF"}
    assert {entry.owner_key for entry in entries} == {str(past.people["bob"].pk)}
    stopped = entries.filter(status="SHUTOFF").order_by("starts_at")[0]
    record = CloudAction.objects.get(instance=database, action="stop")
    assert stopped.starts_at == record.updated_at


def test_the_past_is_read_once(past: Project) -> None:
    past.read()
    read_record(past)
    before, count = spent(past), LedgerEntry.objects.count()
    past.demo.control("DELETE", "/calls")
    Instance.objects.update(settle_after=timezone.now(), unsettled_since=timezone.now() - timedelta(days=300))
    read_record(past)
    assert not any("simple-tenant-usage" in route for route in past.demo.cloud_calls())
    assert LedgerEntry.objects.count() == count
    assert abs(spent(past) - before) < 1


def test_a_day_without_the_portal_is_made_up_for_to_the_second(project: Project) -> None:
    """Stopped, started and shelved while nobody looked: seen as shelved, charged as it was."""
    server_id = elsewhere(project)
    project.read()
    read_record(project)
    alice = project.cloud_as("alice")
    for act, status in (
        (servers.stop, "SHUTOFF"),
        (servers.start, "ACTIVE"),
        (servers.shelve, "SHELVED_OFFLOADED"),
    ):
        act(alice, server_id)
        until(lambda status=status: servers.get_server(alice, server_id).status == status)
    row = Instance.objects.get()
    # As if all that had lain far apart, and the last reading a day back.
    start = backdated(row)
    with moved_back(start):
        project.read()
        read_record(project)
    row.refresh_from_db()
    kept = LedgerEntry.objects.filter(instance_id=str(row.pk))
    # Ten hours of running, four of being stopped, six of running; then shelved. 1 SU an hour, half of it stopped.
    assert sum(entry.su for entry in kept) == 10 + 2 + 6
    assert spent(project) == 18


def test_a_cloud_that_fails_is_asked_again_later(project: Project) -> None:
    elsewhere(project)
    project.read()
    project.demo.fault("status", service="compute", path="os-instance-actions", status=503)
    read_record(project)
    row = Instance.objects.get()
    assert row.unsettled_since is not None
    assert row.settle_after is not None
    assert row.settle_after > timezone.now()
    project.demo.control("DELETE", "/faults")
    read_record(project)
    row.refresh_from_db()
    settled: Instance = Instance.objects.get()
    assert settled.unsettled_since is None
    assert settled.settle_after is None


def test_what_nova_does_not_tell_leaves_what_was_seen(project: Project) -> None:
    elsewhere(project)
    project.read()
    refusal = PortalError("cloud:forbidden", outcome="refused", service="compute")
    with patch("instances.meter_reading.servers.actions_of", side_effect=refusal):
        read_record(project)
    assert Instance.objects.get().unsettled_since is None


def test_a_cloud_without_such_accounting_has_no_past_to_read(project: Project) -> None:
    project.read()
    refusal = PortalError("cloud:forbidden", outcome="refused", service="compute")
    with patch("instances.meter_backfill.usage.servers_used", side_effect=refusal):
        read_record(project)
    project.allocation.refresh_from_db()
    assert project.allocation.history_read_at is not None


def test_nothing_is_read_before_the_mirror_has_read(project: Project) -> None:
    assert project.allocation.pk not in meter_reading.due(timezone.now())
    project.read()
    assert meter_reading.due(timezone.now()) == [project.allocation.pk]


def test_without_a_credential_it_waits_for_a_sign_in(project: Project) -> None:
    elsewhere(project)
    project.read()
    CloudCredential.objects.all().delete()
    read_record(project)
    row = Instance.objects.get()
    assert row.settle_after is not None
    assert row.settle_after > timezone.now() + timedelta(minutes=30)
    assert meter_reading.due(timezone.now()) == []


def test_while_an_action_goes_on_its_end_is_waited_for(project: Project) -> None:
    elsewhere(project)
    project.read()
    Instance.objects.update(task_state="powering-off")
    read_record(project)
    row = Instance.objects.get()
    assert row.unsettled_since is not None
    assert not row.cloud_actions.exists()


def test_two_workers_read_each_machine_once(project: Project) -> None:
    elsewhere(project)
    project.read()
    Instance.objects.update(settle_after=timezone.now() - timedelta(seconds=1))
    with patch.object(meter_settling, "settle", wraps=meter_settling.settle) as settled:
        meter_reading.read(project.allocation.pk)
        meter_reading.read(project.allocation.pk)
    assert settled.call_count == 1


def test_a_machine_of_the_past_that_is_met_twice_is_one_row(past: Project) -> None:
    past.read()
    cloud = past.cloud_as("alice")
    first = meter_backfill.meet(past.allocation, cloud, timezone.now())
    assert first == 4
    assert meter_backfill.meet(past.allocation, cloud, timezone.now()) == 0


def test_deleted_machines_of_the_past_are_in_no_list(past: Project) -> None:
    past.read()
    read_record(past)
    live = Instance.objects.filter(allocation=past.allocation, deleted_at=None)
    assert "kmer-count" not in {row.name for row in live}


def test_the_provider_is_compared_once_the_past_is_known(past: Project) -> None:
    past.read()
    allocation = Allocation.objects.get(pk=past.allocation.pk)
    grant = allocation.grants.get()
    grant.as_of = timezone.now() - timedelta(minutes=20)
    grant.save()
    reconciling.note(grant)
    assert reconciling.due(timezone.now()) == []
    read_record(past)
    assert reconciling.reconcile_all() == 1
    [found] = reconciling.differences(allocation)
    assert found.metered > 10_000


def test_the_clock_hands_out_what_is_due(project: Project) -> None:
    project.read()
    with patch("instances.tasks.settle_allocation.delay") as send:
        tasks.settle_due()
    send.assert_called_once_with(project.allocation.pk)
    tasks.settle_allocation(project.allocation.pk)
    assert meter_reading.due(timezone.now()) == []
