"""Whose console is read when: those somebody waits for at once, the rest a little of each project at a time."""

from datetime import timedelta
from typing import Any
from unittest.mock import patch

import pytest
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries, Settings

from allocations.models import Allocation
from instances.metrics.models import Sample
from instances.mirror import consoles, details
from instances.models import ConsoleLog, Instance
from portal.core import presence
from portal.core.errors import PortalError
from tests.instances.rows import machine

pytestmark = pytest.mark.django_db

EXO = {"exoServerVersion": "6", "exoSetup": '{"status":"complete","epoch":null}'}
OURS = {**EXO, "helioInstance": "x"}


def exo(allocation: Allocation, **changes: Any) -> Instance:
    return machine(allocation, **{"metadata": EXO, "setup_status": "complete", **changes})


def due(limit: int = 50) -> list[Instance]:
    return consoles.due(timezone.now(), limit)


def ago(**span: float) -> Any:
    return timezone.now() - timedelta(**span)


@pytest.mark.parametrize(
    ("changes", "wanted"),
    [
        ({}, True),
        ({"setup_status": "waiting"}, True),
        ({"status": "SHUTOFF"}, False),
        ({"server_id": ""}, False),
        ({"deleted_at": timezone.now()}, False),
        ({"metadata": {}, "setup_status": ""}, False),
        ({"console_read_at": timezone.now() + timedelta(hours=1)}, False),
    ],
)
def test_consoles_are_read_of_machines_that_report_there(
    allocation: Allocation, changes: dict[str, Any], wanted: bool
) -> None:
    lab = exo(allocation, **changes)
    assert due() == ([lab] if wanted else [])


def test_an_open_page_has_its_console_read_each_quarter_of_a_minute(allocation: Allocation) -> None:
    lab = machine(allocation, console_read_at=ago(seconds=10))
    presence.touch([f"instance.{lab.pk}"])
    assert due() == []
    assert consoles.due(timezone.now() + timedelta(seconds=6), 9) == [lab]


def test_history_is_filled_in_though_nobody_looks_one_machine_of_a_project_at_a_time(
    allocation: Allocation, other_allocation: Allocation
) -> None:
    old = exo(allocation, console_read_at=ago(hours=3))
    exo(allocation, console_read_at=ago(hours=2))
    never = exo(other_allocation)
    exo(other_allocation, console_read_at=ago(hours=9))
    assert set(due()) == {old, never}


def test_a_project_whose_consoles_were_just_read_waits(allocation: Allocation) -> None:
    exo(allocation, console_read_at=ago(seconds=3))
    waiting = exo(allocation, console_read_at=ago(hours=2))
    assert due() == []
    assert consoles.due(timezone.now() + timedelta(seconds=4), 9) == [waiting]


def test_ten_machines_a_minute_and_project_however_many_there_are(allocation: Allocation) -> None:
    for number in range(30):
        exo(allocation, console_read_at=ago(hours=1, minutes=number))
    start, read = timezone.now(), 0
    for seconds in range(0, 60, 2):
        now = start + timedelta(seconds=seconds)
        for found in consoles.due(now, 50):
            Instance.objects.filter(pk=found.pk).update(console_read_at=now)
            read += 1
    assert 8 <= read <= 10


def test_no_machine_of_a_small_project_is_read_more_often_than_every_ten_minutes(
    allocation: Allocation,
) -> None:
    exo(allocation, console_read_at=ago(minutes=9))
    assert due() == []


def test_somebodys_wait_goes_before_history(allocation: Allocation, other_allocation: Allocation) -> None:
    exo(allocation)
    waited_for = machine(other_allocation)
    presence.touch([f"instance.{waited_for.pk}"])
    assert due(1) == [waited_for]


def test_a_machine_of_ours_that_pushes_its_samples_is_left_alone(allocation: Allocation) -> None:
    lab = exo(allocation, metadata=OURS)
    Sample.objects.create(instance=lab, at=ago(seconds=20), cpu=1)
    assert due() == []
    assert consoles.due(timezone.now() + timedelta(minutes=4), 9) == []


def test_a_machine_of_ours_that_cannot_reach_the_portal_is_read(allocation: Allocation) -> None:
    lab = exo(allocation, metadata=OURS, console_read_at=ago(minutes=11))
    Sample.objects.create(instance=lab, at=ago(minutes=11), cpu=1)
    assert due() == [lab]


def test_where_nothing_can_be_pushed_ours_are_read_like_all_others(
    allocation: Allocation, settings: Settings
) -> None:
    settings.METRICS_PUSH_URL = ""
    lab = exo(allocation, metadata=OURS)
    Sample.objects.create(instance=lab, at=ago(seconds=20), cpu=1)
    assert due() == [lab]


def test_asking_costs_the_same_for_any_number_of_machines(
    allocation: Allocation, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    for _ in range(40):
        exo(allocation, metadata=OURS)
    with django_assert_max_num_queries(5):
        due()


def read_before(allocation: Allocation, minutes: float, error_id: str = "") -> Instance:
    lab = exo(allocation, console_read_at=ago(minutes=minutes))
    ConsoleLog.objects.create(instance=lab, text="whole", error_id=error_id)
    return lab


@pytest.mark.parametrize(("minutes", "wanted"), [(10, 80), (60, 230), (600, None)])
def test_only_what_may_be_new_is_asked_for(
    allocation: Allocation, minutes: float, wanted: int | None
) -> None:
    assert consoles.lines(read_before(allocation, minutes), timezone.now()) == wanted


def test_the_whole_log_is_asked_for_at_first_and_after_a_reading_that_failed(allocation: Allocation) -> None:
    now = timezone.now()
    assert consoles.lines(exo(allocation), now) is None
    assert consoles.lines(read_before(allocation, 10, "cloud:timeout"), now) is None
    assert consoles.lines(exo(allocation, console_read_at=ago(minutes=10)), now) is None


def test_and_for_an_open_page_and_during_set_up(allocation: Allocation) -> None:
    lab = read_before(allocation, 10)
    presence.touch([f"instance.{lab.pk}"])
    assert consoles.lines(lab, timezone.now()) is None
    lab.setup_status = "running"
    assert consoles.lines(lab, timezone.now()) is None


def test_part_of_a_log_does_not_replace_the_whole_one(allocation: Allocation) -> None:
    lab = read_before(allocation, 10)
    moment = int(timezone.now().timestamp())
    usage = f'{{"epoch": {moment}, "cpuPctUsed": 42, "memPctUsed": 1, "rootfsPctUsed": 1}}'
    with patch("portal.cloud.servers.console_output", return_value=usage) as asked:
        details.read_console(lab, None, 80)  # type: ignore[arg-type]
    assert asked.call_args.args[1:] == (lab.server_id, 80)
    assert ConsoleLog.objects.get(instance=lab).text == "whole"
    assert Sample.objects.get(instance=lab, resolution=0).cpu == 42


def test_that_nobody_could_read_it_is_remembered(allocation: Allocation) -> None:
    lab = read_before(allocation, 10)
    lab.allocation = allocation
    with pytest.raises(PortalError):
        details.read(lab, 80)
    assert ConsoleLog.objects.get(instance=lab).error_id == "instances:no-reader"
