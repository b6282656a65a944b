"""The roster by the API: the same services, the same doors."""

from typing import Any

import pytest
from django.test import Client

from instances.workshops.models import Learner, Workshop
from instances.workshops.roster import links
from instances.workshops.roster.models import JoinLink
from portal.accounts import tokens
from portal.accounts.models import ApiToken, User
from tests.instances.workshops.roster.conftest import visitor

pytestmark = pytest.mark.django_db


class Caller:
    def __init__(self, user: User, scope: Any = ApiToken.Scope.WRITE) -> None:
        self.headers = {"Authorization": f"Bearer {tokens.issue(user, 'x', scope, 1)[1]}"}

    def __call__(self, method: str, path: str, body: Any = None) -> Any:
        return Client().generic(
            method,
            f"/api/v1{path}",
            "" if body is None else __import__("json").dumps(body),
            content_type="application/json",
            headers=self.headers,
        )


def test_people_are_added_listed_and_removed(workshop: Workshop, member: User) -> None:
    call = Caller(member)
    people = [
        {"name": "Ada", "email": "ada@example.edu"},
        {"name": "Bad", "email": "bad"},
        {"email": "ADA@example.edu"},
    ]
    added = call("POST", f"/workshops/{workshop.pk}/roster", {"people": people})
    assert added.status_code == 201, added.content
    assert [one["name"] for one in added.json()["added"]] == ["Ada"]
    assert [one["number"] for one in added.json()["passed_over"]] == [2, 3]
    listed = call("GET", f"/workshops/{workshop.pk}/roster?state=invited").json()
    assert (listed["matched"], listed["counts"]["invited"]) == (1, 1)
    ada = listed["items"][0]["id"]
    assert call("DELETE", f"/learners/{ada}").status_code == 204
    assert call("DELETE", f"/learners/{ada}").status_code == 409
    assert call("POST", f"/learners/{ada}/let-in").json()["state"] == "invited"
    assert call("POST", f"/learners/{ada}/dance").status_code == 422


def test_the_link(workshop: Workshop, member: User) -> None:
    call = Caller(member)
    assert call("GET", f"/workshops/{workshop.pk}/link").status_code == 404
    made = call("POST", f"/workshops/{workshop.pk}/link", {"cap": 40}).json()
    assert call("GET", f"/workshops/{workshop.pk}/link").json() == made
    assert made["code"] in made["address"] and made["cap"] == 40
    assert call("DELETE", f"/workshops/{workshop.pk}/link").status_code == 204
    assert links.live(workshop) is None


@pytest.mark.parametrize("who", ["stranger", "lea", "helper"])
def test_others_change_nothing(
    who: str, workshop: Workshop, learner: Learner, link: JoinLink, request: Any
) -> None:
    call = Caller(request.getfixturevalue(who))
    wanted = {403} if who == "helper" else {404}
    for method, path, body in (
        ("POST", f"/workshops/{workshop.pk}/roster", {"people": [{"email": "x@example.edu"}]}),
        ("DELETE", f"/learners/{learner.pk}", None),
        ("POST", f"/learners/{learner.pk}/remove", None),
        ("GET", f"/workshops/{workshop.pk}/link", None),
        ("POST", f"/workshops/{workshop.pk}/link", {}),
        ("DELETE", f"/workshops/{workshop.pk}/link", None),
    ):
        assert call(method, path, body).status_code in wanted, (who, method, path)
    listed = call("GET", f"/workshops/{workshop.pk}/roster").status_code
    assert listed == (200 if who == "helper" else 404)
    learner.refresh_from_db()
    assert learner.state == "in" and links.live(workshop) == link


def test_a_token_that_reads_changes_nothing(workshop: Workshop, member: User) -> None:
    call = Caller(member, ApiToken.Scope.READ)
    assert call("GET", f"/workshops/{workshop.pk}/roster").status_code == 200
    assert call("POST", f"/workshops/{workshop.pk}/link", {}).status_code == 403


def test_a_token_of_somebody_who_is_a_visitor_by_now_is_good_for_nothing(workshop: Workshop) -> None:
    uma = visitor("uma", is_visitor=False)
    call = Caller(uma)
    assert call("GET", "/allocations").status_code == 200
    uma.is_visitor = True
    uma.save()
    assert call("GET", "/allocations").status_code == 401
