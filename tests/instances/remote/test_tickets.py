"""One use, half a minute, one person, one portal session, one kind; never in a URL."""

import json
from typing import Any

import pytest
from asgiref.sync import sync_to_async

from instances.models import Instance
from instances.remote import tickets
from instances.remote.models import RemoteSession
from instances.remote.tickets import Ticket
from portal.accounts.models import User
from portal.core.errors import PortalError
from portal.core.redis_client import client
from tests.instances.remote.pages import Browser, Socket, browser

TICKET = Ticket(kind="shell", session_id="s", instance_id="i", user_id=7, mark="m")


def refused(text: str, **changes: Any) -> bool:
    given: dict[str, Any] = {"user_id": 7, "mark": "m", "kind": "shell", **changes}
    try:
        tickets.redeem(text, **given)
    except PortalError as error:
        assert error.id == "remote:ticket"
        return True
    return False


def test_a_ticket_is_good_once() -> None:
    text = tickets.issue(TICKET)
    assert tickets.redeem(text, user_id=7, mark="m", kind="shell") == TICKET
    assert refused(text)


@pytest.mark.parametrize(
    "changes", [{"user_id": 8}, {"mark": "other"}, {"mark": ""}, {"kind": "desktop"}], ids=str
)
def test_a_stolen_ticket_opens_nothing_and_is_used_up(changes: dict[str, Any]) -> None:
    text = tickets.issue(TICKET)
    assert refused(text, **changes)
    assert refused(text), "the thief's try must end it"


def test_a_ticket_of_nobodys_session_is_refused() -> None:
    text = tickets.issue(Ticket(kind="shell", session_id="s", instance_id="i", user_id=7, mark=""))
    assert refused(text, mark="")


@pytest.mark.parametrize("text", ["", "x", "x" * 43, "x" * 10_000, "remote-ticket:" + "x" * 29])
def test_what_is_no_ticket_is_refused(text: str) -> None:
    assert refused(text)


def test_it_lasts_half_a_minute() -> None:
    text = tickets.issue(TICKET)
    left = client().ttl("remote-ticket:" + text)
    assert isinstance(left, int) and 25 <= left <= tickets.SECONDS == 30


def test_one_for_the_other_site_holds_for_its_session_only() -> None:
    text = tickets.issue(TICKET)
    with pytest.raises(PortalError):
        tickets.redeem_for(text, session_id="another", kind="shell")
    text = tickets.issue(TICKET)
    assert tickets.redeem_for(text, session_id="s", kind="shell").user_id == 7


# At the socket.


async def given(person: Browser, machine: Instance) -> dict[str, Any]:
    found: dict[str, Any] = await sync_to_async(person.ask)(machine)
    return found


async def test_the_ticket_is_in_no_url(machine: Instance, member: User) -> None:
    found = await given(await browser(member), machine)
    assert found["ticket"] not in found["path"]
    assert found["subprotocols"] == ["heliosphere", f"ticket.{found['ticket']}"]
    assert found["path"] == "/ws/remote/shell/"


async def test_a_socket_without_a_ticket_is_refused_before_it_is_accepted(
    machine: Instance, member: User
) -> None:
    for subprotocols in (
        [],
        ["heliosphere"],
        ["heliosphere", "ticket."],
        ["heliosphere", "ticket." + "x" * 43],
    ):
        socket = Socket(await browser(member), "/ws/remote/shell/", subprotocols)
        assert not await socket.connect()
        await socket.leave()


async def test_a_replayed_ticket_is_refused_at_the_socket(machine: Instance, member: User) -> None:
    person = await browser(member)
    found = await given(person, machine)
    first = Socket(person, found["path"], found["subprotocols"])
    assert await first.connect()
    second = Socket(person, found["path"], found["subprotocols"])
    assert not await second.connect()
    await first.leave()
    await second.leave()


async def test_somebody_elses_ticket_is_refused_at_the_socket(
    machine: Instance, member: User, pi: User
) -> None:
    found = await given(await browser(member), machine)
    thief = Socket(await browser(pi), found["path"], found["subprotocols"])
    assert not await thief.connect()
    await thief.leave()


async def test_another_portal_session_of_the_same_person_cannot_use_it(
    machine: Instance, member: User
) -> None:
    found = await given(await browser(member), machine)
    other = Socket(await browser(member), found["path"], found["subprotocols"])
    assert not await other.connect()
    await other.leave()


async def test_another_site_cannot_open_a_socket(machine: Instance, member: User) -> None:
    person = await browser(member)
    found = await given(person, machine)
    socket = Socket(person, found["path"], found["subprotocols"], origin="https://evil.test")
    assert not await socket.connect()
    await socket.leave()
    # The ticket was not even looked at.
    assert client().exists("remote-ticket:" + found["ticket"])


async def test_what_redis_keeps_of_it_opens_no_portal_session(machine: Instance, member: User) -> None:
    person = await browser(member)
    found = await given(person, machine)
    kept = client().get("remote-ticket:" + found["ticket"])
    assert isinstance(kept, bytes)
    key = person.client.session.session_key
    assert key and key not in json.dumps(json.loads(kept))


@pytest.mark.parametrize(
    ("who", "status"), [("colleague", 403), ("reader", 403), ("stranger", 404), ("operator", 403)]
)
async def test_who_may_not_connect_gets_no_ticket(
    machine: Instance, who: str, status: int, request: pytest.FixtureRequest
) -> None:
    user = await sync_to_async(request.getfixturevalue)(who)
    person = await browser(user)
    url = f"/instances/{machine.pk}/remote/open/"
    response = await sync_to_async(person.client.post)(url, {"kind": "shell"})
    assert response.status_code == status
    assert "ticket" not in response.json()
    assert not await RemoteSession.objects.aexists()


async def test_who_was_let_in_gets_one(machine: Instance, colleague: User) -> None:
    from django.utils import timezone

    from instances.models import Teammate

    await Teammate.objects.acreate(instance=machine, user=colleague, at=timezone.now())
    assert (await given(await browser(colleague), machine))["ticket"]


async def test_without_a_token_of_the_form_nothing_is_opened(machine: Instance, member: User) -> None:
    from django.test import Client

    def post() -> int:
        strict = Client(enforce_csrf_checks=True)
        strict.force_login(member)
        return strict.post(f"/instances/{machine.pk}/remote/open/", {"kind": "shell"}).status_code

    assert await sync_to_async(post)() == 403
