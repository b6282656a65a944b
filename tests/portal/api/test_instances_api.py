"""Machines over the API: the pages' own services, with tokens, problems and idempotency."""

from typing import Any

import pytest

from allocations.models import Allocation
from instances.models import Instance
from portal.accounts.models import User
from portal.operations.models import Operation
from tests.portal.api.conftest import Api

LAUNCH = {"name": "probe", "image_id": "image-1", "flavor_id": "1", "address": "none"}


def launch(catalogue: Allocation, **changes: Any) -> dict[str, Any]:
    return {"allocation": catalogue.slug, **LAUNCH, **changes}


def test_a_member_lists_the_machines_of_the_allocation(
    api: Api, allocation: Allocation, machine: Instance, colleague: User
) -> None:
    answer = api(colleague, "GET", f"instances?allocation={allocation.slug}")
    assert answer.status_code == 200
    (item,) = answer.json()["items"]
    assert (item["name"], item["state"], item["owner"]) == (
        "blast-node",
        "Active",
        {"name": "Bob", "you": False},
    )
    assert item["su_per_hour"] == "2"


def test_a_stranger_cannot_tell_that_the_allocation_exists(
    api: Api, allocation: Allocation, machine: Instance, stranger: User
) -> None:
    answer = api(stranger, "GET", f"instances?allocation={allocation.slug}")
    assert answer.status_code == 404
    assert answer.headers["Content-Type"] == "application/problem+json"
    nowhere = api(stranger, "GET", "instances?allocation=nowhere-iu")
    assert answer.json()["type"] == nowhere.json()["type"] == "urn:heliosphere:allocations:unknown"
    assert answer.json()["title"] == nowhere.json()["title"]
    assert api(stranger, "GET", f"instances/{machine.pk}").status_code == 404


def test_one_machine_says_what_may_be_done_with_it_now(api: Api, machine: Instance, member: User) -> None:
    found = api(member, "GET", f"instances/{machine.pk}").json()
    actions = {action["name"]: action for action in found["actions"]}
    assert actions["stop"]["allowed"]
    assert not actions["start"]["allowed"]
    assert actions["start"]["reason"]


def test_a_launch_answers_202_with_one_operation_a_machine(
    api: Api, catalogue: Allocation, member: User
) -> None:
    answer = api(member, "POST", "instances", json=launch(catalogue, count=3))
    assert answer.status_code == 202, answer.json()
    operations = answer.json()["operations"]
    assert [op["target_name"] for op in operations] == ["probe 1 of 3", "probe 2 of 3", "probe 3 of 3"]
    assert {op["state"] for op in operations} == {"queued"}
    followed = api(member, "GET", f"operations/{operations[0]['id']}").json()
    assert followed["history"][0]["message"] == "Asked for by Bob"


def test_the_same_launch_under_one_key_is_carried_out_once(
    api: Api, catalogue: Allocation, member: User
) -> None:
    sent = [
        api(member, "POST", "instances", json=launch(catalogue), headers={"Idempotency-Key": "once"})
        for _ in range(2)
    ]
    assert sent[0].json()["operations"][0]["id"] == sent[1].json()["operations"][0]["id"]
    assert Operation.objects.count() == Instance.objects.count() == 1


def test_a_key_that_is_used_for_something_else_is_refused(
    api: Api, catalogue: Allocation, member: User
) -> None:
    key = {"Idempotency-Key": "once"}
    api(member, "POST", "instances", json=launch(catalogue), headers=key)
    answer = api(member, "POST", "instances", json=launch(catalogue, name="other"), headers=key)
    assert answer.status_code == 409
    assert Instance.objects.count() == 1


def test_a_reader_may_not_launch(api: Api, catalogue: Allocation, reader: User) -> None:
    answer = api(reader, "POST", "instances", json=launch(catalogue))
    assert answer.status_code == 403
    assert Operation.objects.count() == 0


def test_a_read_token_may_not_launch_and_is_told_why(api: Api, catalogue: Allocation, member: User) -> None:
    answer = api(member, "POST", "instances", scope="read", json=launch(catalogue))
    assert answer.status_code == 403
    assert "scope 'read'" in answer.json()["detail"]
    assert api(member, "GET", f"instances?allocation={catalogue.slug}", scope="read").status_code == 200


def test_more_than_the_quota_is_refused_with_numbers(api: Api, catalogue: Allocation, member: User) -> None:
    answer = api(member, "POST", "instances", json=launch(catalogue, count=40))
    assert answer.status_code in {400, 409, 422}
    assert {"3", "25", "40"} <= set(answer.json()["params"].values())
    assert Instance.objects.count() == 0


@pytest.mark.parametrize("name", ["<script>alert(1)</script>", "x" * 300, "naïve ☀️", "", " lead", "trail-"])
def test_a_name_that_cannot_be_is_refused(api: Api, catalogue: Allocation, member: User, name: str) -> None:
    answer = api(member, "POST", "instances", json=launch(catalogue, name=name))
    assert answer.status_code in {400, 422}
    assert "<script>" not in answer.content.decode() or answer.headers["Content-Type"].endswith("json")
    assert Instance.objects.count() == 0


def test_a_body_that_is_not_understood_names_the_field(api: Api, catalogue: Allocation, member: User) -> None:
    answer = api(member, "POST", "instances", json=launch(catalogue, count="many"))
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"].endswith("count")


def test_an_action_answers_202_and_a_second_one_is_told_who_is_at_it(
    api: Api, machine: Instance, member: User, pi: User
) -> None:
    first = api(member, "POST", f"instances/{machine.pk}/actions/stop")
    assert first.status_code == 202, first.json()
    second = api(pi, "POST", f"instances/{machine.pk}/actions/shelve", json={})
    assert second.status_code == 409
    assert "Bob" in second.json()["detail"]


def test_a_colleague_may_not_act_on_the_machine_of_another(
    api: Api, machine: Instance, colleague: User
) -> None:
    assert api(colleague, "POST", f"instances/{machine.pk}/actions/stop").status_code == 403
    assert Operation.objects.count() == 0


def test_an_action_that_does_not_exist_is_not_found(api: Api, machine: Instance, member: User) -> None:
    assert api(member, "POST", f"instances/{machine.pk}/actions/explode").status_code == 404


def test_an_action_that_the_state_forbids_says_why(api: Api, machine: Instance, member: User) -> None:
    answer = api(member, "POST", f"instances/{machine.pk}/actions/start")
    assert answer.status_code == 409
    assert "blast-node" in answer.json()["title"] + answer.json()["detail"]


def test_deleting_needs_the_name(api: Api, machine: Instance, member: User) -> None:
    assert api(member, "DELETE", f"instances/{machine.pk}?confirm_name=other").status_code == 422
    assert api(member, "POST", f"instances/{machine.pk}/actions/delete", json={}).status_code == 422
    assert Operation.objects.count() == 0
    answer = api(member, "DELETE", f"instances/{machine.pk}?confirm_name=blast-node")
    assert answer.status_code == 202
    assert answer.json()["operations"][0]["kind"] == "instance.delete"


def test_the_operation_of_another_person_is_not_found(
    api: Api, machine: Instance, member: User, stranger: User
) -> None:
    made = api(member, "POST", f"instances/{machine.pk}/actions/stop").json()["operations"][0]
    assert api(stranger, "GET", f"operations/{made['id']}").status_code == 404


def test_measurements_come_in_columns(api: Api, machine: Instance, member: User, stranger: User) -> None:
    found = api(member, "GET", f"instances/{machine.pk}/metrics?range=1h").json()
    assert found["range"] == "1h"
    assert found["t"] == []
    assert api(member, "GET", f"instances/{machine.pk}/metrics?range=9y").status_code == 422
    assert api(stranger, "GET", f"instances/{machine.pk}/metrics").status_code == 404


def test_flavors_and_images_are_those_of_the_allocation(
    api: Api, catalogue: Allocation, member: User, stranger: User
) -> None:
    (flavor,) = api(member, "GET", f"flavors?allocation={catalogue.slug}").json()
    assert (flavor["name"], flavor["su_per_hour"], flavor["fits"]) == ("m3.tiny", "1", 22)
    (image,) = api(member, "GET", f"images?allocation={catalogue.slug}").json()
    assert image["name"] == "Featured-Ubuntu24"
    assert api(stranger, "GET", f"flavors?allocation={catalogue.slug}").status_code == 404
    assert api(stranger, "GET", f"images?allocation={catalogue.slug}").status_code == 404


@pytest.mark.parametrize("count", [101, 10**6, 10**12, 10**30])
def test_a_launch_of_absurdly_many_is_refused_without_counting_to_it(
    api: Api, catalogue: Allocation, member: User, count: int
) -> None:
    """A list of so many names would take the memory of the process."""
    answer = api(member, "POST", "instances", json=launch(catalogue, count=count))
    assert answer.status_code == 422
    assert not Instance.objects.exists()


@pytest.mark.parametrize("field", ["name", "key_name", "public_key", "image_id", "network_id"])
def test_a_zero_byte_in_a_request_is_refused_not_stored(
    api: Api, catalogue: Allocation, member: User, field: str
) -> None:
    """PostgreSQL stores none, in text or JSON."""
    answer = api(member, "POST", "instances", json=launch(catalogue, **{field: "a\0b"}))
    assert answer.status_code in (409, 422)
    assert not Operation.objects.exists()
