"""What a console says about a machine: written forwards only, with Exosphere's limits."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from allocations.models import Allocation
from instances import console
from instances.mirror import details
from instances.mirror.details import take_reading
from instances.models import CloudAction, Instance
from portal.cloud.types import ServerAction
from tests.instances.rows import machine

EXO = {"exoServerVersion": "6", "exoSetup": '{"status":"waiting","epoch":null}'}
KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIMaDZxObotOA1DMpDL1HAme0QRqZXLru1BYENM74A0fY"


def said(status: str) -> console.Reading:
    return console.Reading(setup=console.Setup(status, None))


def exo(allocation: Allocation, **changes: Any) -> Instance:
    now = timezone.now()
    given = {"metadata": EXO, "setup_status": "waiting", "launched_at": now, "created_at": now}
    return machine(allocation, **{**given, **changes})


def setup(lab: Instance) -> str:
    lab.refresh_from_db()
    return lab.setup_status


def test_set_up_moves_forwards_and_is_told_once(allocation: Allocation) -> None:
    lab = exo(allocation)
    assert take_reading(lab, said("running")) == "running"
    assert take_reading(lab, said("running")) == ""
    assert take_reading(lab, said("starting")) == ""
    assert take_reading(lab, said("complete")) == "complete"
    assert setup(lab) == "complete"
    assert lab.setup_at is not None
    assert take_reading(lab, said("error")) == ""


@pytest.mark.parametrize(
    ("status", "age", "ends"),
    [
        ("waiting", timedelta(minutes=19), False),
        ("waiting", timedelta(minutes=21), True),
        ("running", timedelta(minutes=21), False),
        ("running", timedelta(hours=2, minutes=1), True),
        ("complete", timedelta(hours=3), False),
    ],
)
def test_set_up_that_takes_too_long_times_out(
    allocation: Allocation, status: str, age: timedelta, ends: bool
) -> None:
    lab = exo(allocation, setup_status=status, launched_at=timezone.now() - age)
    take_reading(lab, console.Reading())
    assert setup(lab) == ("timeout" if ends else status)


def test_a_guest_that_ends_after_the_time_out_is_believed(allocation: Allocation) -> None:
    lab = exo(allocation, setup_status="timeout")
    assert take_reading(lab, said("complete")) == "complete"


def test_a_machine_without_exospheres_marks_has_no_set_up(allocation: Allocation) -> None:
    lab = machine(allocation)
    assert take_reading(lab, said("complete")) == ""
    assert setup(lab) == ""


def test_host_keys_are_kept_until_new_ones_are_seen(allocation: Allocation) -> None:
    lab = exo(allocation)
    take_reading(lab, console.Reading(host_keys=(KEY,)))
    take_reading(lab, console.Reading())
    lab.refresh_from_db()
    assert lab.host_keys == [KEY]


@pytest.mark.parametrize("metadata", [{"exoServerVersion": "3"}, {"exouserPassword": "x"}])
def test_a_machine_from_before_the_protocol_never_times_out(
    allocation: Allocation, metadata: dict[str, str]
) -> None:
    lab = exo(allocation, metadata=metadata, setup_status="", launched_at=timezone.now() - timedelta(days=9))
    assert take_reading(lab, said("complete")) == ""
    assert setup(lab) == ""


def test_of_a_machine_that_never_said_anything_nothing_is_made_up(allocation: Allocation) -> None:
    """Metadata copied from another server, without `exoSetup`: it may have been ready for months."""
    days = timezone.now() - timedelta(days=9)
    lab = exo(allocation, metadata={"exoServerVersion": "6"}, setup_status="", launched_at=days)
    assert take_reading(lab, console.Reading()) == ""
    assert setup(lab) == ""
    assert take_reading(lab, said("complete")) == "complete"


def test_novas_record_is_kept_and_brought_up_to_date(allocation: Allocation) -> None:
    lab = machine(allocation)
    now = timezone.now()

    def action(request_id: str, message: str, updated: Any) -> ServerAction:
        return ServerAction(
            request_id=request_id,
            action="stop",
            user_id="u-1",
            project_id="p",
            started=now,
            updated=updated,
            message=message,
        )

    details.store_actions(lab, [action("req-1", "", now)])
    later = now + timedelta(seconds=5)
    details.store_actions(lab, [action("req-1", "Error\x00", later), action("req-2", "", now)])
    found = dict(CloudAction.objects.values_list("request_id", "message"))
    assert found == {"req-1": "Error", "req-2": ""}
