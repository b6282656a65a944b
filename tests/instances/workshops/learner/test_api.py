"""One's own part over the API; nobody else's."""

from typing import Any

import pytest

from instances.workshops.learner import messages
from instances.workshops.models import HelpRequest, Learner, Seat, Workshop
from portal.accounts.models import User
from tests.cast import make_user
from tests.instances.remote.people import session_on
from tests.portal.api.conftest import api

__all__ = ["api"]


@pytest.fixture
def path(workshop: Workshop, seat: Seat) -> str:
    Workshop.objects.filter(pk=workshop.pk).update(steps=["One", "Two"])
    return f"workshops/{workshop.pk}/part"


def test_it_says_how_it_stands(api: Any, path: str, seat: Seat, lea: User, member: User) -> None:
    messages.say(workshop=seat.workshop, by=member, seats=None, text="Hello", minutes=5)
    assert seat.instance is not None
    session_on(seat.instance, member)
    found = api(lea, "GET", path).json()
    assert (found["phase"], found["seat"], found["step"], found["call"]) == ("at", 1, 0, None)
    assert [one["text"] for one in found["messages"]] == ["Hello"]
    assert found["looking_on"] == [str(member)]
    listed = api(lea, "GET", "workshops/parts").json()
    assert [one["workshop"] for one in listed] == [str(seat.workshop_id)]


def test_help_is_asked_for_and_withdrawn(api: Any, path: str, lea: User) -> None:
    asked = api(lea, "POST", f"{path}/help", json={"text": "It hangs"}).json()
    assert (asked["call"]["text"], asked["call"]["ahead"], asked["call"]["by"]) == ("It hangs", 0, "")
    assert api(lea, "DELETE", f"{path}/help").status_code == 204
    assert not HelpRequest.objects.filter(done_at=None).exists()


def test_steps_are_marked(api: Any, path: str, lea: User) -> None:
    assert api(lea, "PUT", f"{path}/step", json={"step": 2}).json()["step"] == 2
    assert api(lea, "PUT", f"{path}/step", json={"step": 3}).status_code == 422
    assert Learner.objects.get(user=lea).step == 2


def test_a_reading_token_changes_nothing(api: Any, path: str, lea: User) -> None:
    assert api(lea, "GET", path, scope="read").status_code == 200
    assert api(lea, "POST", f"{path}/help", scope="read", json={}).status_code == 403
    assert not HelpRequest.objects.exists()


@pytest.mark.parametrize(
    ("method", "tail"), [("GET", ""), ("POST", "/help"), ("DELETE", "/help"), ("PUT", "/step")]
)
def test_whoever_takes_no_part_finds_none(api: Any, path: str, member: User, method: str, tail: str) -> None:
    for user in (make_user("eve"), member):
        assert api(user, method, f"{path}{tail}", json={"step": 1}).status_code == 404
    assert api(make_user("fay"), "GET", "workshops/parts").json() == []
