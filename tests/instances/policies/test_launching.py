"""Office hours and a lease chosen at launch: said with what they make of the cost, kept with the machines, or refused whole."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from allocations.models import Allocation
from instances import services as machines
from instances.models import Instance
from instances.policies import services
from instances.policies.models import Policy
from instances.policies.rules import LeaseRules
from instances.specs import LaunchRequest
from portal.accounts.models import User
from portal.core.errors import PortalError
from portal.core.models import AuditEvent
from portal.operations.models import Operation
from tests.instances.policies.conftest import office_hours
from tests.instances.rows import offer

GOOD = {
    "image_id": "ubuntu-new",
    "flavor_id": "4",
    "name": "lab",
    "count": "2",
    "disk": "image",
    "address": "none",
    "key": "none",
    "token": "t1",
}
HOURS = {
    "policy_week": "weekdays",
    "policy_start": "08:00",
    "policy_end": "19:00",
    "policy_zone": "America/Chicago",
}


@pytest.fixture(autouse=True)
def offered(allocation: Allocation) -> None:
    offer(allocation)


def post(client: Client, user: User, allocation: Allocation, name: str = "launch", **more: str) -> Any:
    client.force_login(user)
    headers: Any = {"HTTP_HX_REQUEST": "true"} if name != "launch" else {}
    return client.post(reverse(f"instances:{name}", args=[allocation.slug]), {**GOOD, **more}, **headers)


def test_a_launch_without_a_choice_has_no_policies(
    client: Client, allocation: Allocation, member: User
) -> None:
    assert post(client, member, allocation).status_code == 302
    assert not Policy.objects.exists()


def test_hours_and_lease_are_there_with_the_machines(
    client: Client, allocation: Allocation, member: User
) -> None:
    lease = {"policy_lease_days": "30", "policy_lease_action": "delete"}
    assert post(client, member, allocation, **HOURS, **lease).status_code == 302
    assert Instance.objects.count() == 2
    assert Policy.objects.filter(kind="schedule").count() == 2
    kept = LeaseRules.model_validate(Policy.objects.filter(kind="lease")[0].rules)
    assert (kept.action, kept.delete_by) == ("delete", member.pk)
    assert kept.until is not None and kept.until - timezone.now() > timedelta(days=29)
    assert AuditEvent.objects.filter(action="policy.set", actor_id=str(member.pk)).count() == 4


def test_the_preview_says_what_hours_make_of_a_week(
    client: Client, allocation: Allocation, member: User
) -> None:
    shown = post(client, member, allocation, "launch-preview", **HOURS).content.decode()
    assert "With these office hours about 440 SU/week instead of 1,344." in shown


def test_the_allocations_hours_are_shown_with_what_they_save(
    client: Client, allocation: Allocation, member: User, pi: User
) -> None:
    services.set_default(allocation=allocation, by=pi, kind="schedule", rules=office_hours())
    client.force_login(member)
    shown = client.get(reverse("instances:launch", args=[allocation.slug])).content.decode()
    assert "as this allocation has it: Runs Mon–Fri 8:00–19:00" in shown
    assert "With the office hours that hold here about" in shown


@pytest.mark.parametrize(
    "odd",
    [
        {**HOURS, "policy_zone": "Mars/Olympus"},
        {**HOURS, "policy_start": "8 o'clock"},
        {**HOURS, "policy_start": "25:00"},
        {"policy_lease_days": "soon"},
        {"policy_lease_days": "0"},
        {"policy_lease_days": "99999"},
    ],
)
def test_what_is_odd_is_refused_whole(
    client: Client, allocation: Allocation, member: User, odd: dict[str, str]
) -> None:
    response = post(client, member, allocation, **odd)
    assert response.status_code == 422
    assert "Policies at launch:" in response.content.decode()
    assert not Instance.objects.exists() and not Operation.objects.exists()


def test_looser_hours_than_the_allocation_lets_its_members_have_are_refused(
    client: Client, allocation: Allocation, member: User, pi: User
) -> None:
    short = office_hours(week=[{"start": 540, "end": 1020}] * 5 + [None] * 2)
    services.set_default(allocation=allocation, by=pi, kind="schedule", rules=short, may_loosen=False)
    assert post(client, member, allocation, **HOURS).status_code == 409
    assert not Instance.objects.exists()
    assert post(client, pi, allocation, **HOURS).status_code == 302


def test_a_lease_beyond_the_longest_is_refused(
    client: Client, allocation: Allocation, member: User, pi: User
) -> None:
    services.set_default(
        allocation=allocation, by=pi, kind="lease", rules=LeaseRules(days=7, longest_days=20)
    )
    assert post(client, member, allocation, policy_lease_days="21").status_code == 409
    assert post(client, member, allocation, policy_lease_days="20").status_code == 302


def test_the_api_takes_the_same(allocation: Allocation, member: User) -> None:
    week = [{"start": 480, "end": 1140}] * 5 + [None] * 2
    request = LaunchRequest.model_validate(
        {
            "name": "lab",
            "image_id": "ubuntu-new",
            "flavor_id": "2",
            "address": "none",
            "extras": {"policies": {"schedule": {"zone": "America/Chicago", "week": week}}},
        }
    )
    machines.launch(allocation=allocation, by=member, request=request)
    assert Policy.objects.get().kind == "schedule"


@pytest.mark.parametrize("extras", [{"other": 1}, {"policies": 5}, {"policies": {"idle": {}}}])
def test_extras_that_nobody_knows_are_refused(
    allocation: Allocation, member: User, extras: dict[str, Any]
) -> None:
    request = LaunchRequest.model_validate(
        {"name": "lab", "image_id": "ubuntu-new", "flavor_id": "2", "address": "none", "extras": extras}
    )
    with pytest.raises(PortalError) as caught:
        machines.launch(allocation=allocation, by=member, request=request)
    assert caught.value.id in ("portal:bad-input", "policies:bad-rules")
    assert not Instance.objects.exists()
