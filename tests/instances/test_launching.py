"""Accepting launches: every check has the launch that passes beside the one that does not."""

from datetime import timedelta
from decimal import Decimal
from typing import Any
from unittest.mock import patch

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from allocations.models import Allocation, Grant
from instances import services
from instances.models import Instance, Poll
from instances.specs import LaunchRequest, LaunchSpec
from portal.accounts.models import CloudCredential, User
from portal.core import events, presence
from portal.core.errors import PortalError
from portal.core.models import AuditEvent
from portal.operations.models import Operation
from tests.instances.rows import machine, offer, offer_key


@pytest.fixture(autouse=True)
def offered(allocation: Allocation) -> None:
    offer(allocation)


def request(**changes: Any) -> LaunchRequest:
    given = {"name": "lab", "image_id": "ubuntu-new", "flavor_id": "2", "address": "none"}
    return LaunchRequest.model_validate({**given, **changes})


def launch(allocation: Allocation, by: User, **changes: Any) -> list[Operation]:
    return services.launch(allocation=allocation, by=by, request=request(**changes))


def refused(allocation: Allocation, by: User, **changes: Any) -> PortalError:
    with pytest.raises(PortalError) as refusal:
        launch(allocation, by, **changes)
    assert not Operation.objects.exists()
    assert not Instance.objects.filter(status="REQUESTED").exists()
    return refusal.value


def test_a_launch_is_a_row_and_an_operation_for_each_machine(allocation: Allocation, member: User) -> None:
    made = launch(allocation, member, count=3)
    rows = Instance.objects.order_by("name")
    assert [row.name for row in rows] == ["lab 1 of 3", "lab 2 of 3", "lab 3 of 3"]
    assert {op.target_id for op in made} == {str(row.pk) for row in rows}
    assert len({op.batch for op in made}) == 1
    assert {row.status for row in rows} == {"REQUESTED"}
    assert {row.owner for row in rows} == {member}
    assert AuditEvent.objects.filter(action="instance.launch").count() == 1


def test_a_boot_script_is_stored_sealed(allocation: Allocation, member: User) -> None:
    [op] = launch(allocation, member, boot_script="export TOKEN=hunter2")
    assert "hunter2" not in str(op.spec)


@pytest.mark.parametrize("role", ["pi", "manager", "member", "assistant"])
def test_whoever_may_launch_launches(
    allocation: Allocation, role: str, request: pytest.FixtureRequest
) -> None:
    assert launch(allocation, request.getfixturevalue(role))


@pytest.mark.parametrize(
    ("role", "error"),
    [
        ("reader", "portal:forbidden"),
        ("stranger", "portal:not-found"),
        ("former_member", "portal:not-found"),
    ],
)
def test_whoever_may_not_launch_is_refused(
    allocation: Allocation, role: str, error: str, request: pytest.FixtureRequest
) -> None:
    assert refused(allocation, request.getfixturevalue(role)).id == error


def test_without_a_working_credential_nothing_is_accepted(allocation: Allocation, member: User) -> None:
    CloudCredential.objects.update(refused_at=timezone.now())
    assert refused(allocation, member).id == "instances:not-connected"


@pytest.mark.parametrize("name", ["<script>", "x" * 300, "🚀", "", " lab"])
def test_a_name_that_a_portal_cannot_take_is_refused(allocation: Allocation, member: User, name: str) -> None:
    assert refused(allocation, member, name=name).id == "portal:bad-input"


def test_the_number_of_a_batch_counts_for_the_length_of_the_name(
    allocation: Allocation, member: User
) -> None:
    assert launch(allocation, member, name="x" * 254)
    Operation.objects.all().delete()
    Instance.objects.all().delete()
    assert refused(allocation, member, name="x" * 254, count=2).id == "portal:bad-input"


def test_at_most_a_hundred_at_once(allocation: Allocation, member: User) -> None:
    Allocation.objects.update(quota={})
    assert refused(allocation, member, count=101).id == "instances:too-many"
    assert len(launch(allocation, member, flavor_id="1", count=100)) == 100


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"flavor_id": "nope"}, "instances:flavor-gone"),
        ({"flavor_id": "50"}, "instances:flavor-gone"),
        ({"image_id": "nope"}, "instances:image-gone"),
        ({"image_id": "saving"}, "instances:image-gone"),
        ({"network_id": "nope"}, "instances:network-gone"),
        ({"image_id": "big"}, "instances:disk-too-small"),
        ({"boot_volume_gb": 5}, "instances:disk-too-small"),
        ({"image_id": "hungry"}, "instances:ram-too-small"),
        ({"address": "existing", "floating_ip_id": "nope"}, "instances:address-gone"),
        ({"address": "existing", "floating_ip_id": "ip-used"}, "instances:address-gone"),
        ({"address": "existing", "floating_ip_id": "ip-free", "count": 2}, "portal:bad-input"),
        ({"key_name": "nope"}, "instances:key-gone"),
        ({"key_name": "mine", "public_key": "-----BEGIN OPENSSH PRIVATE KEY-----"}, "portal:bad-input"),
        ({"flavor_id": "30"}, "instances:no-su"),
    ],
)
def test_what_cannot_be_had_is_refused_before_anything_is_asked(
    allocation: Allocation, member: User, changes: dict[str, Any], error: str
) -> None:
    Allocation.objects.update(quota={})
    assert refused(allocation, member, **changes).id == error


@pytest.mark.parametrize(
    "changes",
    [
        {"network_id": "net-1"},
        {"image_id": "big", "boot_volume_gb": 60},
        {"image_id": "hungry", "flavor_id": "4"},
        {"address": "existing", "floating_ip_id": "ip-free"},
        {"address": "automatic"},
        {"key_name": "laptop"},
        {"flavor_id": "20"},
        {"flavor_id": "40"},
        {"desktop": True, "boot_script": "#!/bin/sh\ntrue\n"},
    ],
)
def test_what_can_be_had_is_accepted(allocation: Allocation, member: User, changes: dict[str, Any]) -> None:
    offer_key(allocation, member)
    assert launch(allocation, member, **changes)


def test_the_key_of_somebody_else_is_no_key(allocation: Allocation, member: User, colleague: User) -> None:
    offer_key(allocation, colleague)
    assert refused(allocation, member, key_name="laptop").id == "instances:key-gone"


def test_a_generated_key_is_one_that_a_launch_takes(allocation: Allocation, member: User) -> None:
    key = services.generate_key(by=member)
    assert "PRIVATE KEY" in key.private_key
    assert key.private_key not in repr(key)
    [op] = launch(allocation, member, key_name=key.name, public_key=key.public_key)
    assert "PRIVATE" not in str(op.spec)


def test_before_the_cloud_was_read_nothing_can_be_chosen(allocation: Allocation, member: User) -> None:
    Poll.objects.update(ok_at=None)
    assert refused(allocation, member).id == "instances:catalogue-unread"


def quota(used: int, limit: int | None) -> dict[str, Any]:
    return {"cores": {"used": used, "limit": limit}}


def test_quota_is_checked_with_what_is_used_and_asked_for(allocation: Allocation, member: User) -> None:
    Allocation.objects.update(quota=quota(146, 150))
    assert len(launch(allocation, member, count=2)) == 2
    with pytest.raises(PortalError) as refusal:
        launch(allocation, member)
    problem = refusal.value.problem
    assert refusal.value.id == "instances:quota"
    assert (
        "2 vCPUs were asked for and 0 are free: 146 of 150 are used, and 4 are asked for already"
        in problem.what
    )


def test_a_resource_without_a_limit_or_a_reading_stops_nothing(allocation: Allocation, member: User) -> None:
    Allocation.objects.update(quota=quota(10_000, None))
    assert launch(allocation, member)


def test_machines_made_after_the_quota_was_read_count_and_deleted_ones_give_back(
    allocation: Allocation, member: User
) -> None:
    now = timezone.now()
    Allocation.objects.update(quota=quota(146, 150), quota_read_at=now - timedelta(minutes=5))
    machine(allocation, vcpus=4, created_at=now - timedelta(minutes=1))
    assert refused(allocation, member).id == "instances:quota"
    machine(allocation, vcpus=2, deleted_at=now)
    assert launch(allocation, member)


def test_volumes_and_addresses_are_part_of_the_quota(allocation: Allocation, member: User) -> None:
    limits = {"volume_gb": {"used": 950, "limit": 1000}, "floating_ips": {"used": 10, "limit": 10}}
    Allocation.objects.update(quota=limits)
    assert launch(allocation, member, boot_volume_gb=50)
    with pytest.raises(PortalError, match="quota"):
        launch(allocation, member, boot_volume_gb=50)
    with pytest.raises(PortalError, match="quota"):
        launch(allocation, member, address="automatic")


def test_without_service_units_for_one_hour_nothing_starts(allocation: Allocation, member: User) -> None:
    Grant.objects.filter(resource="cpu").update(awarded=Decimal(25_001), used=Decimal(25_000))
    found = refused(allocation, member)
    assert found.id == "instances:few-su"
    assert "1.0 SU of cpu remain, and this would use 2.0 SU" in found.problem.what
    assert launch(allocation, member, flavor_id="1")


def test_used_up_and_ended_grants_are_told_apart(allocation: Allocation, member: User) -> None:
    Grant.objects.filter(resource="cpu").update(used=Decimal(100_000))
    assert "All 100,000 service units" in refused(allocation, member).problem.what
    day = timezone.now().date()
    Grant.objects.filter(resource="cpu").update(used=Decimal(1), ends_on=day - timedelta(days=1))
    assert "hold from" in refused(allocation, member).problem.what


def test_a_cloud_without_accounting_lets_everybody_launch(allocation: Allocation, member: User) -> None:
    Grant.objects.all().delete()
    assert launch(allocation, member)


def test_the_preview_says_what_it_costs_and_how_long_it_lasts(allocation: Allocation, member: User) -> None:
    machine(allocation, vcpus=10)
    found = services.preview(allocation=allocation, by=member, request=request(count=5))
    assert (found.su_per_hour, found.resource) == (Decimal(10), "cpu")
    assert found.remaining is not None and round(found.remaining, 2) == Decimal(75_000)
    assert found.runs_out_at is not None
    hours = (found.runs_out_at - timezone.now()).total_seconds() / 3600
    assert round(hours) == 3750
    assert found.names == ("lab 1 of 5", "lab 2 of 5", "lab 3 of 5", "lab 4 of 5", "lab 5 of 5")
    assert found.problems == ()
    assert {need.resource for need in found.needs} == {"instances", "cores", "ram_mb"}


def test_the_preview_lists_every_problem_and_raises_none(allocation: Allocation, member: User) -> None:
    wanted = request(name="", flavor_id="12", count=50, image_id="nope")
    found = services.preview(allocation=allocation, by=member, request=wanted)
    ids = [problem.id for problem in found.problems]
    assert ids[:2] == ["portal:bad-input", "instances:image-gone"]
    assert ids.count("instances:quota") == 3


def test_an_unknown_rate_is_a_warning_and_not_a_refusal(allocation: Allocation, member: User) -> None:
    found = services.preview(allocation=allocation, by=member, request=request(flavor_id="40"))
    assert found.su_per_hour is None
    assert any("cost is unknown" in warning for warning in found.warnings)
    assert found.problems == ()


def test_a_preview_asks_the_database_the_same_for_any_number_of_machines(
    allocation: Allocation, member: User, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    with django_assert_num_queries(14):
        services.preview(allocation=allocation, by=member, request=request())
    for number in range(20):
        machine(allocation, name=f"m{number}")
    with django_assert_num_queries(14):
        services.preview(allocation=allocation, by=member, request=request(count=20))


def test_a_hundred_launches_cost_as_many_queries_as_one(
    allocation: Allocation, member: User, django_capture_on_commit_callbacks: Any
) -> None:
    Allocation.objects.update(quota={"cores": {"used": 0, "limit": 15_000}})
    presence.touch([f"allocation.{allocation.pk}"])

    def cost(count: int) -> int:
        with (
            CaptureQueriesContext(connection) as queries,
            django_capture_on_commit_callbacks(execute=True),
        ):
            launch(allocation, member, count=count)
        return len(queries)

    assert cost(100) == cost(1) <= 30
    assert Instance.objects.count() == Operation.objects.count() == 101


def test_open_lists_are_told_once_of_many_new_machines(
    allocation: Allocation,
    member: User,
    monkeypatch: pytest.MonkeyPatch,
    django_capture_on_commit_callbacks: Any,
) -> None:
    sent: list[tuple[list[str], str]] = []
    monkeypatch.setattr(
        events, "send", lambda groups, event: sent.append((list(groups), getattr(event, "name", "")))
    )
    with django_capture_on_commit_callbacks(execute=True):
        launch(allocation, member, count=2)
    person = ([f"user.{member.pk}"], "operation-changed")
    assert sent == [person]
    presence.touch([f"allocation.{allocation.pk}"])
    with django_capture_on_commit_callbacks(execute=True):
        launch(allocation, member, count=3)
    assert sorted(sent[1:]) == sorted([([f"allocation.{allocation.pk}"], "instances:changed"), person])


def test_each_machine_of_a_launch_keeps_its_own_name_number_and_turn(
    allocation: Allocation, member: User
) -> None:
    made = launch(allocation, member, count=3, boot_script="echo hello")
    assert [(op.spec["name"], op.spec["number"]) for op in made] == [
        ("lab 1 of 3", 1),
        ("lab 2 of 3", 2),
        ("lab 3 of 3", 3),
    ]
    turns = [op.fair_key for op in made]
    assert turns == [turns[0], turns[0] + 1, turns[0] + 2]
    stored = Operation.objects.in_bulk([op.pk for op in made])
    assert all(LaunchSpec.model_validate(stored[op.pk].spec).count == 3 for op in made)
    assert [step.message for op in made for step in op.history.all()] == [f"Asked for by {member}"] * 3


def test_the_same_key_gives_the_same_operations_and_another_person_their_own(
    allocation: Allocation, member: User, pi: User
) -> None:
    def send(by: User) -> list[Any]:
        made = services.launch(allocation=allocation, by=by, request=request(), idempotency_key="k")
        return [op.pk for op in made]

    assert send(member) == send(member) != send(pi)
    assert Instance.objects.count() == 2


def test_a_refused_launch_leaves_its_key_unused(allocation: Allocation, member: User) -> None:
    given: dict[str, Any] = {"allocation": allocation, "by": member, "idempotency_key": "k"}
    Poll.objects.update(ok_at=None)
    with pytest.raises(PortalError):
        services.launch(**given, request=request())
    Poll.objects.update(ok_at=timezone.now())
    assert services.launch(**given, request=request())


def test_pasted_keys_are_judged_before_they_travel() -> None:
    from instances.services.keys import public_key_complaint

    good = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIMaDZxObotOA1DMpDL1HAme0QRqZXLru1BYENM74A0fY me@laptop"
    assert public_key_complaint(good) == ""
    assert "private key" in public_key_complaint("-----BEGIN RSA PRIVATE KEY-----\nabc")
    assert "type of the key" in public_key_complaint("hello")
    assert "type of the key" in public_key_complaint(f"{good}\n{good}")
    assert "no key has" in public_key_complaint(f"{good}\0")
    assert "no key has" in public_key_complaint(f"{good}\x1b[2J")
    assert public_key_complaint(f"\t{good}\tof my laptop \n") == ""
    assert "not base64" in public_key_complaint("ssh-ed25519 !!!")
    assert "cut short" in public_key_complaint(good.split()[0] + " " + good.split()[1][:20])
    assert "damaged" in public_key_complaint(good.replace("ssh-ed25519", "ssh-rsa", 1))


def test_nothing_that_a_page_uses_opens_a_connection(allocation: Allocation, member: User) -> None:
    with patch("portal.cloud.connection.connect", side_effect=AssertionError("a cloud was called")):
        services.preview(allocation=allocation, by=member, request=request())
        [op] = launch(allocation, member)
        services.act(instance=Instance.objects.get(), by=member, action="delete")
        services.refresh_keys(allocation=allocation, by=member)
    assert op.state == "queued"


def test_what_a_machine_is_for_is_kept_and_written_on_it(allocation: Allocation, member: User) -> None:
    [op] = services.launch(allocation=allocation, by=member, request=request(), role="jump")
    [plain] = launch(allocation, member, name="other")
    assert (op.spec["role"], plain.spec["role"]) == ("jump", "")
    row = Instance.objects.get(pk=op.target_id)
    assert row.metadata["helioRole"] == "jump"
    assert "helioRole" not in Instance.objects.get(pk=plain.target_id).metadata
    assert AuditEvent.objects.filter(action="instance.launch", detail__role="jump").count() == 1


def test_a_launch_that_an_older_portal_wrote_down_has_no_role(allocation: Allocation, member: User) -> None:
    [op] = launch(allocation, member)
    old = {name: value for name, value in op.spec.items() if name != "role"}
    assert LaunchSpec.model_validate(old).role == ""
