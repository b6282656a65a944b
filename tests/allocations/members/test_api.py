"""The API of members says and does what the pages do."""

import pytest

from allocations.models import Allocation
from allocations.sources.models import MembershipRequest
from instances.models import Instance
from portal.accounts.models import User
from tests.allocations.members.conftest import Api, Source, key
from tests.cast import make_user

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def can_do(source: Source) -> Source:
    return source


def at(allocation: Allocation, *more: str) -> str:
    return "/".join(["allocations", allocation.slug, *more])


def test_the_list_is_for_who_sees_the_allocation(
    api: Api, pi: User, member: User, stranger: User, allocation: Allocation
) -> None:
    found = api(pi, "GET", at(allocation, "members")).json()
    assert [(one["username"], one["role"]) for one in found["items"]] == [("alice", "pi"), ("bob", "member")]
    assert found["items"][1]["email"] == "bob@example.edu"
    assert api(member, "GET", at(allocation, "members")).json()["items"][0]["email"] == ""
    assert api(stranger, "GET", at(allocation, "members")).status_code == 404
    assert api(pi, "GET", at(allocation, "members?q=bob")).json()["matched"] == 1


def test_people_are_asked_for_and_each_is_answered(
    api: Api, pi: User, member: User, allocation: Allocation
) -> None:
    given = {"people": [{"username": "ada", "role": "ta"}, {"username": "bob"}, {"username": "x/y"}]}
    answer = api(pi, "POST", at(allocation, "members"), json=given)
    assert answer.status_code == 202
    assert [(one["username"], one["state"]) for one in answer.json()] == [
        ("ada", "asked"),
        ("bob", "refused"),
        ("x/y", "refused"),
    ]
    assert MembershipRequest.objects.get().role == "ta"
    assert api(member, "POST", at(allocation, "members"), json=given).status_code == 403
    assert api(pi, "POST", at(allocation, "members"), json=given, scope="read").status_code == 403


def test_a_role_is_changed_and_the_last_pi_stays(
    api: Api, pi: User, member: User, allocation: Allocation
) -> None:
    url = at(allocation, "members", key(member), "role")
    assert api(pi, "POST", url, json={"role": "manager"}).status_code == 204
    assert member.memberships.get().role == "manager"
    refused = api(pi, "POST", at(allocation, "members", key(pi), "role"), json={"role": "member"})
    assert refused.status_code == 403
    assert "only PI" in refused.json()["detail"]
    assert api(pi, "POST", url, json={"role": "emperor"}).status_code == 422


def test_somebody_is_removed_and_their_machine_handed_over(
    api: Api, pi: User, member: User, machine: Instance, allocation: Allocation
) -> None:
    things = api(pi, "GET", at(allocation, "members", key(member), "things")).json()
    (thing,) = [one for one in things if one["kind"] == "machine"]
    assert "hand" in thing["choices"]
    url = at(allocation, "members", key(member), "remove")
    choice = {"kind": "machine", "id": thing["id"], "do": "hand"}
    nobody = api(pi, "POST", url, json={"things": [{**choice, "to": key(make_user("zed"))}]})
    assert nobody.status_code == 422
    done = api(pi, "POST", url, json={"things": [{**choice, "to": key(pi)}]})
    assert done.status_code == 202
    assert done.json()["things"][0]["done"] is True
    machine.refresh_from_db()
    assert machine.owner == pi
    left = api(pi, "GET", at(allocation, "departures")).json()
    assert [one["name"] for one in left] == ["Bob"]


def test_a_link_is_shown_once_and_withdrawn(api: Api, pi: User, member: User, allocation: Allocation) -> None:
    url = at(allocation, "invitations")
    made = api(pi, "POST", url, json={"role": "ta", "days": 3, "cap": 1, "note": "lab"})
    assert made.status_code == 201
    assert "/join/" in made.json()["link"]
    (listed,) = api(pi, "GET", url).json()
    assert (listed["link"], listed["note"], listed["used"]) == (None, "lab", 0)
    assert api(member, "GET", url).status_code == 403
    assert api(member, "DELETE", f"{url}/{listed['id']}").status_code == 403
    assert api(pi, "DELETE", f"{url}/{listed['id']}").status_code == 204
    assert api(pi, "GET", url).json()[0]["revoked_at"] is not None
