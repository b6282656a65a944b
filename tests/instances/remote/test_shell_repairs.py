"""What a page offers where a machine is off, or somebody has too many sessions open."""

import pytest
from django.utils import timezone

from instances.models import Instance
from instances.remote.shown import as_json
from portal.core.errors import PortalError

pytestmark = pytest.mark.django_db


def offered(problem: str, instance: Instance | None) -> list[tuple[str, str]]:
    shown = as_json(PortalError(problem, name="lab", state="off", most=20), instance)
    return [(one["label"], one["url"]) for one in shown["repairs"]]


@pytest.mark.parametrize(
    ("status", "label", "action"),
    [
        ("SHUTOFF", "Start", "start"),
        ("SUSPENDED", "Resume", "resume"),
        ("SHELVED_OFFLOADED", "Unshelve", "unshelve"),
    ],
)
def test_a_machine_that_is_off_can_be_brought_back(
    lab: Instance, status: str, label: str, action: str
) -> None:
    lab.status = status
    assert offered("remote:not-running", lab) == [(label, f"/instances/{lab.pk}/actions/{action}/")]


@pytest.mark.parametrize("status", ["ERROR", "RESCUE"])
def test_one_that_no_action_brings_back_offers_none(lab: Instance, status: str) -> None:
    lab.status = status
    assert offered("remote:not-running", lab) == []


def test_one_that_is_deleted_offers_none(lab: Instance) -> None:
    lab.status, lab.deleted_at = "SHUTOFF", timezone.now()
    assert offered("remote:not-running", lab) == []


def test_whoever_has_too_many_open_is_led_to_them(lab: Instance) -> None:
    assert offered("remote:too-many", lab) == [("Your connections", "/profile/connections/")]
