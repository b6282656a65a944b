"""Policies on a machine of the demo cloud: from the rules to what the cloud then says, with the clock turned on by hand."""

from datetime import datetime, timedelta

import pytest
from django.utils import timezone

from instances.models import Instance
from instances.policies import enforcing, services
from instances.policies.models import PolicyRun, Standing
from instances.policies.rules import IdleRules, LeaseRules, ScheduleRules
from instances.policies.schedule import next_change
from portal.accounts.models import CloudCredential
from portal.cloud import identity
from portal.core.errors import PortalError
from portal.notices.models import Notice
from portal.operations.models import Operation
from tests.instances.demo import Project
from tests.instances.policies.conftest import office_hours
from tests.instances.policies.test_judging import measured

pytestmark = pytest.mark.django_db(transaction=True)

MINUTE = timedelta(minutes=1)


def turned_to(project: Project, moment: datetime) -> list[Operation]:
    """A round then, and the cloud doing what came of it; and the round after, which takes note."""
    known = set(Operation.objects.values_list("pk", flat=True))
    enforcing.enforce(moment)
    made = list(Operation.objects.exclude(pk__in=known))
    if made:
        project.settle(*made)
    enforcing.enforce(moment + MINUTE)
    return made


def evening_and_morning(rules: ScheduleRules) -> tuple[datetime, datetime]:
    """The next end of hours, and the next beginning after it."""
    change = next_change(rules.hours, timezone.now())
    while change is not None and change.on:
        change = next_change(rules.hours, change.at)
    assert change is not None
    morning = next_change(rules.hours, change.at)
    assert morning is not None
    return change.at, morning.at


def fresh(row: Instance) -> Instance:
    return Instance.objects.select_related("allocation", "owner").get(pk=row.pk)


def test_a_night_and_a_morning_of_office_hours(project: Project) -> None:
    row, rules = project.machine(), office_hours()
    services.set_own(instance=row, by=project.people["bob"], kind="schedule", rules=rules)
    evening, morning = evening_and_morning(rules)
    (shelving,) = turned_to(project, evening + MINUTE)
    assert (shelving.kind, shelving.state, str(shelving.by)) == ("instance.shelve", "done", "Bob")
    assert project.server(row).status == "SHELVED_OFFLOADED"
    assert turned_to(project, evening + 3 * MINUTE) == []
    (back,) = turned_to(project, morning + MINUTE)
    assert (back.kind, back.state) == ("instance.unshelve", "done")
    assert project.server(row).status == "ACTIVE"
    assert [run.state for run in PolicyRun.objects.filter(instance=row)] == ["done", "done"]
    told = Notice.objects.filter(user=project.people["bob"], kind="policy.schedule")
    assert sorted(notice.title for notice in told) == ["lab was brought back", "lab was shelved"]


def test_a_machine_made_elsewhere_is_shelved_by_whoever_is_connected(project: Project) -> None:
    row, rules = project.machine(), office_hours(action="stop")
    Instance.objects.filter(pk=row.pk).update(owner=None)
    services.set_default(
        allocation=project.allocation, by=project.people["alice"], kind="schedule", rules=rules
    )
    evening, _ = evening_and_morning(rules)
    (stopping,) = turned_to(project, evening + MINUTE)
    assert (stopping.kind, str(stopping.by), stopping.state) == ("instance.stop", "Alice", "done")
    assert project.server(row).status == "SHUTOFF"


def test_a_credential_that_the_cloud_refuses_is_passed_over_for_the_next(project: Project) -> None:
    row, rules = project.machine(), office_hours()
    services.set_own(instance=row, by=project.people["bob"], kind="schedule", rules=rules)
    _revoked_at_the_cloud(project)
    evening, _ = evening_and_morning(rules)
    enforcing.enforce(evening + MINUTE)
    first = Operation.objects.get(kind="instance.shelve")
    project.settle(until=lambda: Operation.objects.get(pk=first.pk).state == "paused")
    enforcing.enforce(evening + 2 * MINUTE)
    project.settle(first)
    (second,) = turned_to(project, evening + 5 * MINUTE)
    assert (str(second.by), second.state) == ("Alice", "done")
    assert project.server(row).status == "SHELVED_OFFLOADED"


def _revoked_at_the_cloud(project: Project) -> None:
    """Somebody has deleted bob's application credential in Horizon; the portal does not know yet."""
    from tests.world import password_of

    credential = CloudCredential.objects.get(user=project.people["bob"])
    identity.delete_app_credential(password_of("bob"), credential.application_credential_id)


def test_an_owners_lease_that_deletes(project: Project) -> None:
    row, bob = project.machine(), project.people["bob"]
    end = timezone.now() + timedelta(days=3, hours=1)
    services.set_own(instance=row, by=bob, kind="lease", rules=LeaseRules(until=end, action="delete"))
    enforcing.enforce(end - timedelta(days=2))
    assert Notice.objects.filter(user=bob, kind="policy.lease").count() == 1
    (deleting,) = turned_to(project, end + MINUTE)
    assert (deleting.kind, deleting.state) == ("instance.delete", "done")
    with pytest.raises(PortalError) as gone:
        project.server(row)
    assert gone.value.id == "cloud:not-found"
    assert Instance.objects.get(pk=row.pk).deleted_at is not None


def test_an_idle_machine_is_warned_of_and_suspended(project: Project) -> None:
    row, bob = project.machine(), project.people["bob"]
    services.set_own(
        instance=row, by=bob, kind="idle", rules=IdleRules(hours=1, warn_minutes=30, action="suspend")
    )
    row = fresh(row)
    start = timezone.now().replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)
    measured(row, start, start + timedelta(hours=4))
    enforcing.enforce(start + timedelta(hours=2))
    due = Standing.objects.get(instance=row).idle_due_at
    assert due == start + timedelta(hours=2, minutes=30)
    (suspending,) = turned_to(project, due + MINUTE)
    assert (suspending.kind, suspending.state) == ("instance.suspend", "done")
    assert project.server(row).status == "SUSPENDED"
