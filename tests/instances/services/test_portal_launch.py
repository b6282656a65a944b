"""Launches that the portal makes by itself: whose credential, how many fit, and behind whom they stand in line."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from allocations.models import Allocation, Membership
from instances import services
from instances.models import Instance
from instances.seat_spec import SeatSpec
from instances.services.portal_launch import URGENCY, launch_for_portal
from instances.specs import LaunchRequest
from portal.accounts.models import CloudCredential, User
from portal.core.errors import PortalError
from portal.core.models import AuditEvent
from portal.operations import queue
from portal.operations.models import Operation
from tests.instances.rows import offer

pytestmark = pytest.mark.django_db
ROOMY = {
    "instances": {"used": 0, "limit": 500},
    "cores": {"used": 0, "limit": 1000},
    "ram_mb": {"used": 0, "limit": 6_000_000},
}


@pytest.fixture
def offered(allocation: Allocation) -> Allocation:
    offer(allocation)
    Allocation.objects.filter(pk=allocation.pk).update(quota=ROOMY)
    allocation.refresh_from_db()
    return allocation


def launch(allocation: Allocation, owner: User | None, count: int, **changes: object) -> list[Operation]:
    asked = {"name": "class", "image_id": "ubuntu-new", "flavor_id": "2", "address": "none", **changes}
    return launch_for_portal(
        allocation=allocation,
        owner=owner,
        request=LaunchRequest.model_validate(asked),
        names=[f"class-{number}" for number in range(1, count + 1)],
        reason="the workshop “Class”",
        marks={"helioWorkshop": "w"},
    )


def quota(allocation: Allocation, **limits: int) -> None:
    for name, limit in limits.items():
        allocation.quota[name] = {"used": 0, "limit": limit}
    allocation.save(update_fields=["quota"])


def test_each_name_is_one_machine_of_the_owner_with_its_marks(offered: Allocation, member: User) -> None:
    found = launch(offered, member, 3)
    rows = [Instance.objects.get(pk=op.target_id) for op in found]
    assert [row.name for row in rows] == ["class-1", "class-2", "class-3"]
    assert {row.owner for row in rows} == {member}
    assert rows[0].metadata["helioRole"] == "seat"
    assert rows[0].metadata["helioWorkshop"] == "w"
    assert found[0].spec["asked_by"] == "the workshop “Class”"


def test_what_a_seat_is_goes_with_its_launch(offered: Allocation, member: User) -> None:
    seat = SeatSpec(workshop=Instance().pk, title="Class", login="learner", sudo=False)
    [op] = launch_for_portal(
        allocation=offered,
        owner=member,
        request=LaunchRequest(name="class", image_id="ubuntu-new", flavor_id="2", address="none"),
        names=["class-1"],
        reason="the workshop “Class”",
        seat=seat,
    )
    assert SeatSpec.model_validate(op.spec["seat"]) == seat


def test_the_owners_credential_is_used_before_a_stronger_persons(
    offered: Allocation, member: User, pi: User
) -> None:
    [op] = launch(offered, member, 1)
    assert op.by == member


def test_where_the_owner_left_the_strongest_lends_theirs(
    offered: Allocation, member: User, assistant: User, pi: User
) -> None:
    CloudCredential.objects.filter(user=member).update(refused_at=timezone.now())
    [op] = launch(offered, member, 1)
    assert op.by == pi
    assert Instance.objects.get(pk=op.target_id).owner == member


def test_who_may_not_launch_lends_nothing(offered: Allocation, reader: User) -> None:
    with pytest.raises(PortalError) as refused:
        launch(offered, None, 1)
    assert refused.value.id == "instances:nobody-to-act"
    assert not Operation.objects.exists()


def test_as_many_are_launched_as_there_is_room_for(offered: Allocation, member: User) -> None:
    quota(offered, cores=7)
    assert len(launch(offered, member, 10)) == 3


def test_where_none_fits_it_is_said_with_numbers_and_nothing_is_stored(
    offered: Allocation, member: User
) -> None:
    quota(offered, cores=1)
    with pytest.raises(PortalError) as refused:
        launch(offered, member, 10)
    assert refused.value.id == "instances:quota"
    assert refused.value.params["free"] == "1"
    assert not Instance.objects.exists()


def test_no_more_run_than_the_service_units_that_are_left_pay_for_an_hour(
    offered: Allocation, member: User
) -> None:
    grant = offered.grants.get(resource="cpu")
    grant.awarded, grant.used, grant.as_of = 100, 95, timezone.now() - timedelta(minutes=1)
    grant.save()
    # m3.small costs 2 SU an hour.
    assert len(launch(offered, member, 10)) == 2


def test_more_than_a_person_may_launch_at_once_come_in_parts(offered: Allocation, member: User) -> None:
    assert len(launch(offered, member, 110)) == 100


def test_people_who_launch_one_machine_go_before_a_class(
    offered: Allocation, member: User, colleague: User
) -> None:
    launch(offered, member, 50)
    request = LaunchRequest(name="mine", image_id="ubuntu-new", flavor_id="2", address="none")
    [own] = services.launch(allocation=offered, by=colleague, request=request)
    turn = queue.claim_next()
    assert turn is not None and turn.op.pk == own.pk
    assert set(Operation.objects.exclude(pk=own.pk).values_list("urgency", flat=True)) == {URGENCY}


def test_the_record_says_that_the_portal_did_it_and_for_what(offered: Allocation, member: User) -> None:
    launch(offered, member, 2)
    event = AuditEvent.objects.get(action="instance.launch")
    assert event.actor_id == ""
    assert event.detail["asked_by"] == "the workshop “Class”"
    assert event.detail["count"] == 2


def test_a_hundred_cost_as_many_statements_as_two(offered: Allocation, member: User) -> None:
    def statements(count: int) -> int:
        with CaptureQueriesContext(
            connection,
        ) as found:
            launch(offered, member, count)
        return len(found)

    launch(offered, member, 2)
    assert statements(100) == statements(2)
    assert Membership.objects.filter(user=member).exists()
