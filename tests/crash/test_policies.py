"""A worker is killed with -9 at lines of a round of policies; the next round makes up for it, and nothing is done twice."""

import os
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from pathlib import Path

import pytest

import instances.policies
from allocations.models import Allocation
from instances.models import Instance
from instances.policies import enforcing
from instances.policies.models import Policy, PolicyRun, Standing
from instances.policies.rules import IdleRules
from portal.accounts.models import User
from portal.notices.models import Notice, Told
from portal.operations.models import Operation
from tests.crash import harness
from tests.crash.harness import killed_at, lines_of
from tests.instances.policies.conftest import NOON, office_hours
from tests.instances.policies.test_judging import measured
from tests.instances.rows import machine as make_machine

pytestmark = [pytest.mark.crash, pytest.mark.django_db(transaction=True)]

EVENING = datetime.fromisoformat("2026-02-10T19:00:30-06:00")
MONTH = timedelta(days=30)


def some_of(lines: int, tries: int) -> Iterable[int]:
    """So many of the lines, spread evenly; CRASH_LINES=all gives each."""
    step = 1 if os.environ.get("CRASH_LINES") == "all" else max(1, lines // tries)
    return range(1, lines + 1, step)


@pytest.fixture(autouse=True)
def watched(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lines of policies: what they call is tried with its own."""
    monkeypatch.setattr(harness, "_WATCHED", (str(Path(instances.policies.__file__).parent),))


@pytest.fixture
def machine(transactional_db: None, allocation: Allocation, member: User) -> Instance:
    return make_machine(allocation, member, created_at=NOON - MONTH, state_since=NOON - MONTH)


def policy(machine: Instance, kind: str, rules: object) -> None:
    since = NOON - timedelta(days=5)
    Policy.objects.create(
        allocation=machine.allocation, instance=machine, kind=kind, rules=rules, since=since, set_at=since
    )


def anew() -> None:
    for model in (PolicyRun, Standing, Notice, Told):
        model.objects.all().delete()
    Operation.objects.all().delete()
    Instance.objects.update(status="ACTIVE", version=1)


def at_each_line(tries: int, before: Callable[[], None], work: Callable[[], object]) -> Iterable[int]:
    """Killed there, and made up for by the next round: then it is the test's to look."""
    anew()
    before()
    lines = lines_of(work)
    chosen, killed = list(some_of(lines, tries)), 0
    for line in chosen:
        anew()
        before()
        killed += killed_at(line, work)
        work()
        yield line
    # What is worked out once and kept makes later rounds a little shorter.
    assert killed >= len(chosen) * 0.6


def test_what_is_due_is_done_once_wherever_the_worker_dies(machine: Instance) -> None:
    policy(machine, "schedule", office_hours().model_dump(mode="json"))
    for line in at_each_line(24, lambda: None, lambda: enforcing.enforce(EVENING)):
        found = [(op.kind, op.pk) for op in Operation.objects.all()]
        runs = [(run.state, run.operation) for run in PolicyRun.objects.all()]
        assert [kind for kind, _ in found] == ["instance.shelve"], line
        assert runs == [("acting", found[0][1])], line


def test_its_end_is_noted_and_told_once(machine: Instance, member: User) -> None:
    policy(machine, "schedule", office_hours().model_dump(mode="json"))

    def shelved() -> None:
        enforcing.enforce(EVENING)
        Operation.objects.update(state="done", finished_at=EVENING)
        Instance.objects.update(status="SHELVED_OFFLOADED")

    for line in at_each_line(14, shelved, lambda: enforcing.enforce(EVENING + timedelta(minutes=1))):
        assert PolicyRun.objects.get().state == "done", line
        assert Standing.objects.get().put_away_at == EVENING, line
        assert Notice.objects.filter(user=member).count() == 1, line


def test_a_warning_and_its_countdown_are_one(machine: Instance, member: User) -> None:
    policy(machine, "idle", IdleRules(hours=1).model_dump(mode="json"))
    measured(machine, NOON - timedelta(hours=2), NOON)
    later = NOON + timedelta(minutes=6)
    measured(machine, NOON, later)
    for line in at_each_line(14, lambda: None, lambda: enforcing.enforce(NOON)):
        enforcing.enforce(later)
        assert Notice.objects.filter(user=member, kind="policy.idle").count() == 1, line
        due = Standing.objects.get().idle_due_at
        assert due in (NOON + timedelta(hours=1), later + timedelta(hours=1)), line
