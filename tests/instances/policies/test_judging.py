"""The idle rule on real tables: samples, sessions, countdown, snooze, and what it does at the end."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from allocations.models import Allocation
from instances.metrics.models import Sample
from instances.models import Instance
from instances.policies import enforcing, services
from instances.policies.judging import verdicts
from instances.policies.models import Policy, PolicyRun, Standing
from instances.policies.rules import IdleRules
from instances.remote.models import RemoteSession
from portal.accounts.models import User
from portal.notices.models import Notice
from portal.operations.models import Operation
from tests.instances.policies.conftest import NOON
from tests.instances.rows import machine as make_machine

HOUR = timedelta(hours=1)
RULE = IdleRules(hours=2, warn_minutes=60)
QUIET = {"cpu": 0.8, "net_in": 300.0, "net_out": 200.0, "disk_read": 0.0, "disk_write": 3000.0, "logins": 0.0}


def measured(machine: Instance, start: datetime, end: datetime, **changes: Any) -> None:
    """Minutes and quarter hours, as the roll-up makes them."""
    values = {**QUIET, **changes}
    rows = []
    for seconds in (60, 900):
        step, at = timedelta(seconds=seconds), start
        while at < end:
            rows.append(Sample(instance=machine, resolution=seconds, at=at, **values))
            at += step
    Sample.objects.bulk_create(rows)


@pytest.fixture
def quiet(machine: Instance, give: Callable[..., Policy]) -> Instance:
    """Nothing has happened on it for six hours, and nothing will for three."""
    give(machine, RULE)
    measured(machine, NOON - 6 * HOUR, NOON + 3 * HOUR)
    return machine


def standing() -> Standing:
    return Standing.objects.get()


def test_an_idle_machine_is_warned_of_first_and_then_shelved(quiet: Instance, member: User) -> None:
    assert enforcing.enforce(NOON).warned == 1
    assert standing().idle_due_at == NOON + HOUR
    notice = Notice.objects.get(user=member)
    assert (notice.kind, notice.title) == ("policy.idle", "lab is idle and will be shelved")
    assert not Operation.objects.exists()
    for minutes in range(5, 60, 5):
        assert enforcing.enforce(NOON + timedelta(minutes=minutes)).warned == 0
    assert not Operation.objects.exists()
    enforcing.enforce(NOON + HOUR + timedelta(seconds=30))
    assert Operation.objects.get().spec["asked_by"] == "the idle rule"
    assert PolicyRun.objects.get().due_at == NOON + HOUR


def test_who_works_on_it_ends_the_countdown(quiet: Instance) -> None:
    enforcing.enforce(NOON)
    Sample.objects.filter(at__gte=NOON + HOUR / 2, at__lt=NOON + HOUR).update(cpu=40.0)
    enforcing.enforce(NOON + timedelta(minutes=40))
    assert (standing().idle_due_at, standing().verdict["state"]) == (None, "busy")
    enforcing.enforce(NOON + HOUR + timedelta(seconds=30))
    assert not Operation.objects.exists()


def test_a_gap_in_the_countdown_ends_it_too(quiet: Instance) -> None:
    enforcing.enforce(NOON)
    Sample.objects.filter(at__gte=NOON + timedelta(minutes=15), at__lt=NOON + timedelta(minutes=30)).delete()
    enforcing.enforce(NOON + timedelta(minutes=45))
    assert standing().verdict["state"] == "unknown"
    enforcing.enforce(NOON + HOUR + timedelta(seconds=30))
    assert not Operation.objects.exists()


def test_one_click_puts_it_off(quiet: Instance, member: User, monkeypatch: pytest.MonkeyPatch) -> None:
    enforcing.enforce(NOON)
    monkeypatch.setattr(timezone, "now", lambda: NOON + HOUR / 2)
    assert services.snooze(instance=quiet, by=member) == NOON + 2.5 * HOUR
    enforcing.enforce(NOON + HOUR + timedelta(seconds=30))
    assert not Operation.objects.exists()
    assert standing().verdict["state"] == "busy"


def test_an_open_shell_is_somebody(quiet: Instance, member: User) -> None:
    RemoteSession.objects.create(
        instance=quiet, person=member, kind="shell", login="u", asked_at=NOON, started_at=NOON - HOUR
    )
    assert enforcing.enforce(NOON).warned == 0
    assert "open now" in standing().verdict["reason"]


def test_a_shell_of_yesterday_is_nobody(quiet: Instance, member: User) -> None:
    day = timedelta(days=1)
    RemoteSession.objects.create(
        instance=quiet,
        person=member,
        kind="shell",
        login="u",
        asked_at=NOON - day,
        started_at=NOON - day,
        ended_at=NOON - 5 * HOUR,
    )
    assert enforcing.enforce(NOON).warned == 1


def test_a_gpu_job_with_an_idle_cpu_is_left_alone(machine: Instance, give: Callable[..., Policy]) -> None:
    give(machine, RULE)
    Instance.objects.update(gpus=2)
    measured(machine, NOON - 3 * HOUR, NOON, gpus=[{"util": 0.0, "mem": 1.0}, {"util": 95.0, "mem": 60.0}])
    enforcing.enforce(NOON)
    assert "GPU: at most 95 %" in standing().verdict["reason"]


def test_a_device_that_says_nothing_may_be_the_one_that_computes(
    machine: Instance, give: Callable[..., Policy]
) -> None:
    give(machine, RULE)
    Instance.objects.update(gpus=2)
    measured(machine, NOON - 3 * HOUR, NOON, gpus=[{"util": 0.0, "mem": 1.0}, {"util": None, "mem": None}])
    enforcing.enforce(NOON)
    assert standing().verdict["state"] == "unknown"


def test_exosphere_s_line_alone_says_too_little(machine: Instance, give: Callable[..., Policy]) -> None:
    """Machines made elsewhere print processor, memory and disk space: nobody can tell, so nothing is done."""
    give(machine, RULE)
    nothing = dict.fromkeys(("net_in", "net_out", "disk_read", "disk_write", "logins"))
    measured(machine, NOON - 3 * HOUR, NOON, **nothing)
    enforcing.enforce(NOON)
    assert standing().verdict["state"] == "unknown"
    assert "neither network, disk nor logins" in standing().verdict["reason"]


def test_a_machine_that_just_started_is_not_idle(quiet: Instance) -> None:
    Instance.objects.update(state_since=NOON - HOUR)
    enforcing.enforce(NOON)
    assert "it runs as it does only since" in standing().verdict["reason"]


def test_a_verdict_of_before_the_worker_was_down_does_nothing(quiet: Instance) -> None:
    """It is judged anew first: here nothing was measured meanwhile."""
    enforcing.enforce(NOON)
    Sample.objects.filter(at__gte=NOON).delete()
    enforcing.enforce(NOON + 5 * HOUR)
    assert not Operation.objects.exists()
    assert standing().idle_due_at is None


def test_the_rule_switched_off_during_the_countdown_does_nothing(quiet: Instance, member: User) -> None:
    enforcing.enforce(NOON)
    services.switch_off(instance=quiet, by=member, kind="idle")
    enforcing.enforce(NOON + HOUR + timedelta(seconds=30))
    assert not Operation.objects.exists()


def test_few_minutes_make_no_idle_hours(machine: Instance, give: Callable[..., Policy]) -> None:
    give(machine, RULE)
    measured(machine, NOON - 3 * HOUR, NOON)
    minutes = Sample.objects.filter(resolution=60).order_by("at").values_list("pk", flat=True)
    Sample.objects.filter(pk__in=list(minutes)[::2]).delete()
    enforcing.enforce(NOON)
    assert "of the minutes were measured" in standing().verdict["reason"]


def test_the_same_queries_for_any_number(
    allocation: Allocation, member: User, give: Callable[..., Policy]
) -> None:
    give(allocation, RULE)
    counts = set()
    for number in (1, 12):
        for count in range(Instance.objects.count(), number):
            old = NOON - timedelta(days=30)
            made = make_machine(allocation, member, name=f"m{count}", created_at=old, state_since=old)
            measured(made, NOON - 3 * HOUR, NOON)
        these = enforcing.under_policies()
        with CaptureQueriesContext(connection) as asked:
            found = verdicts(these, NOON)
        assert {verdict.state for verdict in found.values()} == {"quiet"}
        counts.add(len(asked))
    assert counts == {3}
