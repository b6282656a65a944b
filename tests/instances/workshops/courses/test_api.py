"""Workshops over the API: the same services, the same refusals."""

from datetime import timedelta
from typing import Any

from django.test import Client
from django.urls import reverse
from django.utils import timezone

from allocations.models import Allocation
from instances.workshops.models import Workshop
from portal.accounts.models import User
from tests.cast import make_user
from tests.instances.workshops.courses.conftest import meeting
from tests.instances.workshops.room import make_learner, make_workshop

JSON = "application/json"


def given(**fields: Any) -> dict[str, Any]:
    first: dict[str, Any] = {
        "title": "Single cells",
        "time_zone": "America/Chicago",
        "image_id": "ubuntu-new",
        "flavor_id": "2",
        "seats": 3,
        "spares": 1,
        "meetings": [meeting()],
    }
    return {**first, **fields}


def test_a_program_makes_looks_plans_and_changes_one(place: Allocation, as_member: Client) -> None:
    made = as_member.post(reverse("api:create_workshop", args=[place.slug]), given(), content_type=JSON)
    assert made.status_code == 201
    body = made.json()
    assert (body["state"], body["flavor_name"], len(body["meetings"])) == ("draft", "m3.small", 1)
    looked = as_member.get(reverse("api:preflight_workshop", args=[body["id"]])).json()
    assert looked["findings"] == [] and float(looked["total_su"]) > 20 and looked["request"] == ""
    assert {one["resource"]: one["asked"] for one in looked["quota"]}["cores"] == 8
    planned = as_member.post(reverse("api:plan_workshop", args=[body["id"]]), {}, content_type=JSON)
    assert planned.json()["state"] == "planned" and planned.json()["opens_at"]
    url = reverse("api:change_workshop", args=[body["id"]])
    changed = as_member.patch(url, {"title": "Many cells"}, content_type=JSON)
    assert changed.json()["title"] == "Many cells" and changed.json()["seats"] == 3
    listed = as_member.get(reverse("api:list_workshops", args=[place.slug])).json()["workshops"]
    assert [(one["title"], one["state"]) for one in listed] == [("Many cells", "planned")]


def test_refusals_are_problems_with_their_numbers(place: Allocation, as_member: Client) -> None:
    url = reverse("api:create_workshop", args=[place.slug])
    made = as_member.post(url, given(seats=100), content_type=JSON).json()
    refused = as_member.post(reverse("api:plan_workshop", args=[made["id"]]), {}, content_type=JSON)
    assert refused.status_code == 409 and "too few" in refused.json()["detail"]
    looked = as_member.get(reverse("api:preflight_workshop", args=[made["id"]])).json()
    assert "please raise the quota" in looked["request"]
    assert as_member.post(url, given(login="root"), content_type=JSON).status_code == 422
    assert as_member.post(url, given(state="running"), content_type=JSON).status_code == 422


def test_a_meeting_is_extended_and_ended(place: Allocation, member: User, as_member: Client) -> None:
    running = make_workshop(place, member)
    before = running.meetings.get().ends_at
    extended = as_member.post(
        reverse("api:extend_workshop", args=[running.pk]), {"minutes": 30}, content_type=JSON
    )
    assert extended.status_code == 200
    after = running.meetings.get().ends_at
    assert after > before and extended.json()["ends_at"]
    assert as_member.post(reverse("api:end_workshop", args=[running.pk])).status_code == 200
    assert running.meetings.get().ends_at <= timezone.now()


def test_two_programs_that_saw_the_same_end_extend_it_once(
    place: Allocation, member: User, as_member: Client
) -> None:
    running = make_workshop(place, member)
    seen = running.meetings.get().ends_at
    asked = {"minutes": 30, "seen": seen.isoformat()}
    address = reverse("api:extend_workshop", args=[running.pk])
    first, second = (as_member.post(address, asked, content_type=JSON) for _ in range(2))
    assert (first.status_code, second.status_code) == (200, 409)
    assert running.meetings.get().ends_at - seen <= timedelta(minutes=30)


def test_own_lists_have_what_one_runs_and_what_one_learns(
    place: Allocation, member: User, client: Client
) -> None:
    running = make_workshop(place, member)
    lea = make_user("lea")
    make_learner(running, lea)
    client.force_login(lea)
    found = client.get(reverse("api:list_own_workshops")).json()["workshops"]
    assert [(one["id"], one["learns"], one["spent_su"]) for one in found] == [(str(running.pk), True, None)]
    assert client.get(reverse("api:get_workshop", args=[running.pk])).status_code == 404
    client.force_login(member)
    found = client.get(reverse("api:list_own_workshops")).json()["workshops"]
    assert [one["learns"] for one in found] == [False]


def test_a_stranger_learns_of_none(place: Allocation, member: User, stranger: User, client: Client) -> None:
    one: Workshop = make_workshop(place, member)
    client.force_login(stranger)
    for name in ("get_workshop", "preflight_workshop"):
        assert client.get(reverse(f"api:{name}", args=[one.pk])).status_code == 404
    for name, body in (("plan_workshop", {}), ("extend_workshop", {"minutes": 15}), ("end_workshop", {})):
        answer = client.post(reverse(f"api:{name}", args=[one.pk]), body, content_type=JSON)
        assert answer.status_code == 404
    assert client.get(reverse("api:list_workshops", args=[place.slug])).status_code == 404
