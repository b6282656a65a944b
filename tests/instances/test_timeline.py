"""What happened to a machine, told once, from our operations and Nova's records."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.urls import reverse
from django.utils import timezone

from instances.models import CloudAction, Instance
from instances.timeline import Entry, entries
from portal.accounts.models import CloudLink, User
from portal.operations.models import Operation, OperationStep
from tests.instances.rows import machine
from tests.instances.views.conftest import signed_in, text_of

NOW = timezone.now()


@pytest.fixture
def lab(allocation: Any, member: User) -> Instance:
    return machine(allocation, member)


def operation(lab: Instance, by: User, at: datetime, **changes: Any) -> Operation:
    given: dict[str, Any] = {
        "kind": "instance.stop",
        "label": "Stop",
        "state": "done",
        "run_after": at,
        "deadline_at": at + timedelta(hours=1),
        "created_at": at,
        "finished_at": at + timedelta(seconds=14),
    }
    return Operation.objects.create(
        by=by, target_type="instance", target_id=str(lab.pk), **{**given, **changes}
    )


def recorded(lab: Instance, action: str, at: datetime, request_id: str, **changes: Any) -> CloudAction:
    given = {"user_id": "stranger-id-of-nova", "updated_at": at + timedelta(seconds=9), **changes}
    return CloudAction.objects.create(
        instance=lab, action=action, started_at=at, request_id=request_id, **given
    )


def told(lab: Instance) -> list[tuple[str, str, str]]:
    return [(entry.label, entry.who, entry.state) for entry in entries(lab)]


def one(lab: Instance) -> Entry:
    [found] = entries(lab)
    return found


def test_both_sources_are_one_story_newest_first(lab: Instance, member: User) -> None:
    recorded(lab, "create", NOW - timedelta(hours=3), "req-1")
    operation(lab, member, NOW - timedelta(hours=2))
    recorded(lab, "reboot", NOW - timedelta(hours=1), "req-3")
    assert [label for label, _, _ in told(lab)] == ["Rebooted", "Stop", "Created"]


def test_what_nova_recorded_of_our_own_call_is_not_told_twice(lab: Instance, member: User) -> None:
    operation(lab, member, NOW, request_ids=["req-1"])
    recorded(lab, "stop", NOW, "req-1")
    assert told(lab) == [("Stop", "Bob", "done")]


def test_people_behind_cloud_users_are_named_where_known(lab: Instance, pi: User) -> None:
    CloudLink.objects.create(user=pi, cloud="demo", cloud_user_id="id-of-alice")
    CloudLink.objects.create(user=pi, cloud="other", cloud_user_id="id-elsewhere")
    Instance.objects.filter(pk=lab.pk).update(cloud_user_id="id-of-creator", creator_name="carol@horizon")
    lab.refresh_from_db()
    recorded(lab, "stop", NOW, "req-1", user_id="id-of-alice")
    recorded(lab, "stop", NOW - timedelta(1), "req-2", user_id="id-of-creator")
    recorded(lab, "stop", NOW - timedelta(2), "req-3", user_id="id-elsewhere")
    recorded(lab, "stop", NOW - timedelta(3), "req-4", user_id="")
    assert [who for _, who, _ in told(lab)] == ["Alice", "carol@horizon", "cloud user id-elsew", "the cloud"]


@pytest.mark.parametrize(
    ("state", "told_as"),
    [
        ("done", "done"),
        ("failed", "failed"),
        ("cancelled", "ended"),
        ("queued", "live"),
        ("running", "live"),
        ("waiting", "live"),
        ("paused", "live"),
    ],
)
def test_states_of_operations(lab: Instance, member: User, state: str, told_as: str) -> None:
    operation(lab, member, NOW, state=state)
    assert one(lab).state == told_as


def test_a_failed_record_of_nova_is_failed(lab: Instance) -> None:
    recorded(lab, "resize", NOW, "req-1", message="Error")
    assert one(lab).state == "failed"


def test_how_long_it_took_is_known_once_it_is_over(lab: Instance, member: User) -> None:
    operation(lab, member, NOW)
    assert one(lab).took == timedelta(seconds=14)
    Operation.objects.update(finished_at=None, state="waiting", stage="Shutting down")
    assert one(lab).took is None
    assert one(lab).note == "Shutting down"


def test_a_record_that_never_ended_has_no_length(lab: Instance) -> None:
    recorded(lab, "stop", NOW, "req-1", updated_at=None)
    assert one(lab).took is None


def test_an_action_of_nova_that_we_never_heard_of_is_spelt_out(lab: Instance) -> None:
    recorded(lab, "swap_volume", NOW, "req-1")
    assert one(lab).label == "Swap volume"


def test_the_story_of_another_machine_is_not_told(lab: Instance, member: User) -> None:
    other = machine(lab.allocation, member, name="other")
    operation(other, member, NOW)
    recorded(other, "stop", NOW, "req-1")
    assert entries(lab) == []


def test_the_number_of_queries_does_not_grow(
    lab: Instance, member: User, django_assert_num_queries: Any
) -> None:
    for number in range(30):
        at = NOW - timedelta(minutes=number)
        made = operation(lab, member, at, request_ids=[f"req-{number}"])
        OperationStep.objects.create(operation=made, at=at, step="start", message="begun")
        recorded(lab, "stop", at, f"nova-{number}", user_id=f"u{number}")
    with django_assert_num_queries(4):
        assert len(entries(lab)) == 60


def shown(lab: Instance, user: User) -> str:
    return text_of(signed_in(user).get(reverse("instances:timeline", args=[lab.pk])))


def test_who_what_when_how_long_and_request_id_are_shown(lab: Instance, member: User) -> None:
    made = operation(lab, member, NOW - timedelta(hours=2), request_ids=["req-abc"], outcome="Stopped")
    OperationStep.objects.create(
        operation=made, at=NOW, step="call", message="Sent to the cloud", request_id="req-abc"
    )
    words = shown(lab, member)
    for part in ("Stop", "Bob", "2 h ago", "took 14 s", "Stopped", "Sent to the cloud", "req-abc"):
        assert part in words


def test_why_it_failed_is_explained(lab: Instance, member: User) -> None:
    operation(
        lab,
        member,
        NOW,
        state="failed",
        error_id="instances:quota",
        error_params={"label": "vCPUs"},
        error_detail="Quota exceeded for <cores>",
    )
    words = shown(lab, member)
    assert "Not enough quota: vCPUs" in words
    assert "Quota exceeded for <cores>" in words


def test_only_ones_own_going_operation_can_be_stopped(lab: Instance, member: User, pi: User) -> None:
    operation(lab, member, NOW, state="waiting", finished_at=None)
    assert "Stop this" in shown(lab, member)
    assert "Stop this" not in shown(lab, pi)
    Operation.objects.update(cancel_requested=True)
    assert "Stop this" not in shown(lab, member)


def test_a_machine_without_history_says_so(lab: Instance, member: User) -> None:
    assert "Nothing is recorded yet." in shown(lab, member)
