"""Two at the same moment, in threads with connections of their own."""

from datetime import datetime, timedelta

import pytest

from instances import services as machines
from instances.models import Instance
from instances.policies import enforcing, services
from instances.policies.dues import Due
from instances.policies.models import Policy, PolicyRun, Standing
from instances.policies.running import carry_out
from portal.accounts.models import User
from portal.core.errors import PortalError
from portal.notices.models import Notice
from portal.operations.models import Operation
from tests.instances.policies.conftest import NOON, office_hours
from tests.instances.test_races import at_once

pytestmark = pytest.mark.django_db(transaction=True)

EVENING = datetime.fromisoformat("2026-02-10T19:00-06:00")
SOON = EVENING + timedelta(seconds=30)
DUE = Due("schedule", EVENING, "shelve")


@pytest.fixture
def scheduled(machine: Instance) -> Instance:
    since = NOON - timedelta(days=10)
    Policy.objects.create(
        allocation=machine.allocation,
        instance=machine,
        kind="schedule",
        rules=office_hours().model_dump(mode="json"),
        since=since,
        set_at=since,
    )
    return machine


def test_two_workers_do_one_thing_once(scheduled: Instance) -> None:
    at_once(lambda: enforcing.enforce(SOON), lambda: enforcing.enforce(SOON))
    assert (Operation.objects.count(), PolicyRun.objects.count()) == (1, 1)


def test_and_note_its_end_once(scheduled: Instance, member: User) -> None:
    enforcing.enforce(SOON)
    Operation.objects.update(state="done", finished_at=SOON)
    Instance.objects.update(status="SHELVED_OFFLOADED")
    at_once(lambda: enforcing.enforce(SOON), lambda: enforcing.enforce(SOON))
    assert Notice.objects.filter(user=member).count() == 1


def test_a_person_and_the_schedule_shelve_once(scheduled: Instance, member: User) -> None:
    """Whoever is second finds the other's operation: the schedule waits, the person is told."""
    found = at_once(
        lambda: machines.act(instance=scheduled, by=member, action="shelve"),
        lambda: carry_out(scheduled.pk, DUE, SOON),
    )
    assert Operation.objects.count() == 1
    run = PolicyRun.objects.get()
    by_person = isinstance(found[0], Operation)
    assert run.state == ("waiting" if by_person else "acting")
    assert by_person or isinstance(found[0], PortalError)


def test_kept_running_or_shelved_but_not_both(
    scheduled: Instance, member: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who says so before the worker looks is heard; after that the operation can be stopped."""
    monkeypatch.setattr(services, "EXCEPTION", timedelta(days=40_000))
    until = EVENING + timedelta(hours=5)
    at_once(
        lambda: services.keep_running(instance=scheduled, by=member, until=until),
        lambda: carry_out(scheduled.pk, DUE, SOON),
    )
    assert Standing.objects.get().keep_until == until
    runs = list(PolicyRun.objects.values_list("state", flat=True))
    assert (len(runs), Operation.objects.count()) in ((0, 0), (1, 1))
