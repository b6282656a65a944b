from decimal import Decimal
from typing import Any

import pytest
from django.test import Client

from allocations.budgets.models import Budget, Group, Limits
from allocations.models import Allocation
from portal.accounts.models import User
from tests.allocations.budgets.rows import budget, limits, spent
from tests.allocations.budgets.test_views import signed_in

BASE = "/api/v1/allocations/bio220047-iu"


def send(client: Client, method: str, path: str, body: Any = None) -> Any:
    return getattr(client, method)(BASE + path, body, content_type="application/json")


def test_everybody_reads_their_own(allocation: Allocation, member: User, colleague: User) -> None:
    budget(allocation, member, su=100)
    spent(allocation, member, 25)
    [found] = signed_in(member).get(BASE + "/budgets/mine").json()
    assert (found["title"], Decimal(found["spent"]), found["percent"]) == ("Your budget", Decimal(25), 25)
    assert "75 of 100 SU left this month" in found["says"]
    assert signed_in(colleague).get(BASE + "/budgets/mine").json() == []


def test_budgets_are_set_listed_changed_and_deleted(allocation: Allocation, pi: User, member: User) -> None:
    client = signed_in(pi)
    answer = send(client, "post", "/budgets", {"username": "bob", "su": "100", "at_90": "block"})
    assert answer.status_code == 201, answer.content
    made = Budget.objects.get()
    assert (made.user, made.at_90, made.hard) == (member, "block", True)
    assert send(client, "post", "/budgets", {"username": "bob", "su": "5"}).status_code == 409
    spent(allocation, member, 25)
    [listed] = client.get(BASE + "/budgets").json()
    assert (listed["name"], listed["meter"]["percent"]) == ("Bob", 25)
    answer = send(client, "put", f"/budgets/{made.pk}", {"su": "200", "hard": False})
    assert answer.status_code == 200 and answer.json()["hard"] is False
    made.refresh_from_db()
    assert (made.su, made.at_90) == (Decimal(200), "tell")
    assert send(client, "delete", f"/budgets/{made.pk}").status_code == 204
    assert not Budget.objects.exists()


def test_limits_and_groups_are_set(allocation: Allocation, pi: User, member: User) -> None:
    client = signed_in(pi)
    assert send(client, "put", "/groups", {"name": "Owls", "usernames": ["bob"]}).status_code == 200
    assert [seat.user for seat in Group.objects.get().seats.all()] == [member]
    answer = send(client, "put", "/limits", {"group": "Owls", "max_vcpus": 8, "flavor_groups": ["cpu"]})
    assert answer.status_code == 200, answer.content
    assert (Limits.objects.get().max_vcpus, Limits.objects.get().flavor_groups) == (8, ["cpu"])
    assert [one["name"] for one in client.get(BASE + "/limits").json()] == ["group Owls"]
    assert send(client, "put", "/limits", {"group": "Owls"}).status_code == 204
    assert not Limits.objects.exists()


@pytest.mark.parametrize(
    ("body", "status", "id"),
    [
        ({"username": "nobody", "su": "1"}, 422, "budgets:nobody"),
        ({"username": "bob", "group": "Owls", "su": "1"}, 422, "budgets:bad-value"),
        ({"group": "Owls", "su": "1"}, 422, "budgets:bad-value"),
        ({"machine_id": "not one of ours", "su": "1"}, 422, "budgets:no-machine"),
    ],
)
def test_what_cannot_be_set_is_refused_with_a_reason(
    allocation: Allocation, pi: User, member: User, body: dict[str, str], status: int, id: str
) -> None:
    answer = send(signed_in(pi), "post", "/budgets", body)
    assert (answer.status_code, answer.json()["type"]) == (status, f"urn:heliosphere:{id}")
    assert not Budget.objects.exists()


@pytest.mark.parametrize(
    "body", [{"su": "-1"}, {"su": "x"}, {"su": "1", "at_80": "explode"}, {"su": "1", "period": "year"}]
)
def test_a_bad_body_is_refused(allocation: Allocation, pi: User, body: dict[str, str]) -> None:
    assert send(signed_in(pi), "post", "/budgets", body).status_code == 422


def test_a_member_sets_and_sees_nothing_of_others(allocation: Allocation, member: User) -> None:
    made = budget(allocation, member, su=100)
    limits(allocation, max_vcpus=2)
    client = signed_in(member)
    for method, path, body in (
        ("get", "/budgets", None),
        ("post", "/budgets", {"su": "1"}),
        ("put", f"/budgets/{made.pk}", {"su": "1000"}),
        ("delete", f"/budgets/{made.pk}", None),
        ("get", "/limits", None),
        ("put", "/limits", {}),
        ("put", "/groups", {"name": "x", "usernames": []}),
    ):
        assert send(client, method, path, body).status_code == 403, path
    made.refresh_from_db()
    assert made.su == Decimal(100) and Limits.objects.exists() and not Group.objects.exists()
