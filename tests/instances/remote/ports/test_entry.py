"""The whole way: the portal's page, the ticket, the cookie, a real sshd, and an application behind it; and every refusal."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from html import unescape
from typing import Any
from urllib.parse import urlencode, urlsplit
from uuid import UUID

import pytest
from asgiref.sync import sync_to_async
from django.test import Client

from allocations.models import Membership
from instances.models import Instance
from instances.remote import closing, opening, tickets
from instances.remote.models import RemoteSession
from instances.remote.ports import asking, door, entry
from instances.remote.ports.names import Name, name_of, site_of
from instances.remote.ports.wanted import Wanted
from portal.accounts.models import User
from portal.core.models import AuditEvent
from portal.core.redis_client import client as redis
from tests.instances.remote.ports.browser import Answer, ask, going_on, scope_of
from tests.instances.remote.ports.conftest import PORTS_SITE
from tests.instances.remote.ports.guest import Application, Talk, application, head, ok

PORTAL = "http://testserver"
SITE = site_of(PORTS_SITE)


def forever(body: bytes) -> Talk:
    """An application that answers every request on its connections with the same."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while await head(reader):
            writer.write(ok(body))

    return talk


class Person:
    """Somebody's browser: signed in to the portal, and what it holds of the ports site."""

    def __init__(self, user: User) -> None:
        self.user = user
        self.client = Client()
        self.client.force_login(user)
        self.cookies: dict[str, str] = {}

    def leave(self, machine: Instance, where: str, **options: str) -> tuple[str, dict[str, str]]:
        """Open a port on the portal's page: where the form goes, and what is in it."""
        answer = self.client.post(f"/instances/{machine.pk}/ports/open/", {"where": where, **options})
        assert answer.status_code == 200, answer.content.decode()[-2000:]
        page = answer.content.decode()
        action = re.search(r'action="([^"]+)"', page)
        fields = dict(re.findall(r'name="(ticket|path)" value="([^"]*)"', page))
        assert action is not None
        self.left = answer
        return unescape(action.group(1)), {name: unescape(value) for name, value in fields.items()}

    async def enter(self, address: str, fields: dict[str, str], origin: str = PORTAL) -> Answer:
        parts = urlsplit(address)
        headers = [("origin", origin)] if origin else []
        answer = await ask(
            parts.netloc, parts.path, method="POST", headers=headers, body=[urlencode(fields).encode()]
        )
        if answer.status == 303:
            cookie = (answer.header("set-cookie") or "").partition(";")[0]
            self.cookies[parts.netloc] = cookie
        return answer

    async def opens(self, machine: Instance, where: str, **options: str) -> str:
        """The host that it is led to."""
        address, fields = await sync_to_async(self.leave)(machine, where, **options)
        assert (await self.enter(address, fields)).status == 303
        return urlsplit(address).netloc

    async def get(self, host: str, path: str = "/", **headers: str) -> Answer:
        given = [("accept", "text/html"), *headers.items()]
        if host in self.cookies:
            given.append(("cookie", self.cookies[host]))
        return await ask(host, path, headers=given)


@pytest.fixture
async def app() -> AsyncIterator[Application]:
    async with application(forever(b"my notebook")) as made:
        yield made


@pytest.fixture(autouse=True)
def nothing_kept() -> None:
    door._known.clear()
    door._doors.clear()


@pytest.fixture
async def owner(machine: Instance, member: User) -> Person:
    return await sync_to_async(Person)(member)


async def test_the_owner_opens_an_application_of_the_machine(
    owner: Person, machine: Instance, app: Application
) -> None:
    address, fields = await sync_to_async(owner.leave)(machine, f"http://localhost:{app.port}/lab?token=abc")
    entered = await owner.enter(address, fields)
    assert (entered.status, entered.header("location")) == (303, "/lab?token=abc")
    assert entered.header("referrer-policy") == "no-referrer"
    assert (await owner.get(urlsplit(address).netloc)).body == b"my notebook"
    session = await RemoteSession.objects.aget()
    assert (session.kind, session.port, session.person_id) == ("port", app.port, owner.user.pk)
    assert session.started_at is not None
    assert await AuditEvent.objects.filter(action="remote.opened").acount() == 1


async def test_the_cookie_is_for_this_host_and_no_script(
    owner: Person, machine: Instance, app: Application
) -> None:
    address, fields = await sync_to_async(owner.leave)(machine, str(app.port))
    cookie = (await owner.enter(address, fields)).header("set-cookie") or ""
    assert cookie.startswith("__Host-heliosphere-port=")
    attributes = {part.strip().lower() for part in cookie.split(";")[1:]}
    assert attributes == {"path=/", "httponly", "samesite=lax", "secure"}


async def test_nothing_secret_is_in_any_address_and_the_form_may_go_to_one_name_only(
    owner: Person, machine: Instance, app: Application
) -> None:
    address, fields = await sync_to_async(owner.leave)(machine, f"http://localhost:{app.port}/?token=t0ken")
    assert fields["ticket"] not in address and "t0ken" not in address
    parts = urlsplit(address)
    policy = owner.left.headers["Content-Security-Policy"]
    assert f"form-action 'self' {parts.scheme}://{parts.netloc}" in policy
    assert owner.left.headers["Referrer-Policy"] == "strict-origin"
    assert "no-store" in owner.left.headers["Cache-Control"]
    assert owner.left.headers["Cross-Origin-Opener-Policy"] == "same-origin"
    stored = await RemoteSession.objects.aget()
    assert "t0ken" not in str(vars(stored))


async def test_the_same_port_has_one_name_while_it_is_open_and_another_person_or_port_has_another(
    owner: Person, machine: Instance, app: Application, pi: User
) -> None:
    async with application(forever(b"other")) as other:
        first, again = await owner.opens(machine, str(app.port)), await owner.opens(machine, str(app.port))
        another = await owner.opens(machine, str(other.port))
        alice = await sync_to_async(Person)(pi)
        theirs = await alice.opens(machine, str(app.port))
    assert first == again
    assert len({first, another, theirs}) == 3


# Refused.


async def _refused(answer: Answer, status: int, app: Application) -> None:
    assert answer.status == status
    assert b"my notebook" not in answer.body
    assert app.connections == 0


async def test_without_the_cookie_nobody_is_let_in_and_learns_nothing(
    owner: Person, machine: Instance, app: Application
) -> None:
    address, _ = await sync_to_async(owner.leave)(machine, str(app.port))
    answer = await owner.get(urlsplit(address).netloc)
    await _refused(answer, 403, app)
    assert machine.name.encode() not in answer.body and str(machine.pk).encode() not in answer.body


async def test_another_persons_cookie_opens_nothing(
    owner: Person, machine: Instance, app: Application, pi: User
) -> None:
    alice = await sync_to_async(Person)(pi)
    address, _ = await sync_to_async(owner.leave)(machine, str(app.port))
    theirs = await alice.opens(machine, str(app.port))
    host = urlsplit(address).netloc
    await _refused(await owner.get(host, cookie=alice.cookies[theirs]), 403, app)


async def test_the_cookie_of_one_port_or_way_does_not_open_another(
    owner: Person, machine: Instance, app: Application
) -> None:
    host = await owner.opens(machine, str(app.port))
    name = name_of(host, SITE)
    assert name is not None
    for other in (Name(app.port, name.session, tls=True), Name(8888, name.session), Name(22, name.session)):
        await _refused(await owner.get(other.authority(SITE), cookie=owner.cookies[host]), 403, app)


async def test_a_port_that_was_not_asked_for_is_not_opened_even_with_a_cookie_that_fits(
    owner: Person, machine: Instance, app: Application
) -> None:
    host = await owner.opens(machine, str(app.port))
    name = name_of(host, SITE)
    assert name is not None
    for port in (22, 8888):
        await _refused(await _forged(owner, Name(port, name.session)), 404, app)


async def _forged(owner: Person, name: Name) -> Answer:
    cookie = f"{entry.cookie_name(SITE)}={entry.cookie_value(name)}"
    return await owner.get(name.authority(SITE), cookie=cookie)


@pytest.mark.parametrize("port", [22, 631])
async def test_whatever_a_session_says_such_a_port_is_not_passed_on(
    owner: Person, machine: Instance, app: Application, port: int
) -> None:
    await owner.opens(machine, str(app.port))
    session = await RemoteSession.objects.aget()
    await RemoteSession.objects.aupdate(port=port)
    door._known.clear()
    await _refused(await _forged(owner, Name(port, session.pk)), 400, app)


async def test_a_ticket_opens_once(owner: Person, machine: Instance, app: Application) -> None:
    address, fields = await sync_to_async(owner.leave)(machine, str(app.port))
    assert (await owner.enter(address, fields)).status == 303
    replayed = await owner.enter(address, fields)
    assert (replayed.status, replayed.header("set-cookie")) == (403, None)


async def test_an_expired_ticket_opens_nothing(owner: Person, machine: Instance, app: Application) -> None:
    address, fields = await sync_to_async(owner.leave)(machine, str(app.port))
    assert 0 < redis().ttl("remote-ticket:" + fields["ticket"]) <= 30  # type: ignore[operator]
    redis().delete("remote-ticket:" + fields["ticket"])
    assert (await owner.enter(address, fields)).status == 403


async def test_a_stolen_ticket_opens_nothing_under_the_thiefs_name(
    owner: Person, machine: Instance, app: Application, pi: User
) -> None:
    alice = await sync_to_async(Person)(pi)
    _, stolen = await sync_to_async(owner.leave)(machine, str(app.port))
    own, _ = await sync_to_async(alice.leave)(machine, str(app.port))
    answer = await alice.enter(own, stolen)
    assert (answer.status, answer.header("set-cookie")) == (403, None)


async def test_a_ticket_for_a_shell_opens_no_port(owner: Person, machine: Instance, app: Application) -> None:
    address, _ = await sync_to_async(owner.leave)(machine, str(app.port))
    session = await RemoteSession.objects.aget()
    ticket = tickets.Ticket(
        kind="shell",
        session_id=str(session.pk),
        instance_id=str(machine.pk),
        user_id=owner.user.pk,
        mark=session.session_mark,
    )
    text = await sync_to_async(tickets.issue)(ticket)
    assert (await owner.enter(address, {"ticket": text})).status == 403


@pytest.mark.parametrize("origin", ["", "null", "https://evil.org", PORTS_SITE, "http://testserver.evil.org"])
async def test_only_the_portals_own_page_may_bring_somebody_in(
    owner: Person, machine: Instance, app: Application, origin: str
) -> None:
    address, fields = await sync_to_async(owner.leave)(machine, str(app.port))
    assert (await owner.enter(address, fields, origin)).status == 403
    # Nor was the ticket used up by that.
    assert (await owner.enter(address, fields)).status == 303


@pytest.mark.parametrize(
    "body", [b"", b"ticket=", b"ticket=x", b"ticket=" + b"x" * 9000, b"\xff\xfe", b"a=1&" * 400]
)
async def test_a_malformed_entry_is_refused(
    owner: Person, machine: Instance, app: Application, body: bytes
) -> None:
    address, _ = await sync_to_async(owner.leave)(machine, str(app.port))
    parts = urlsplit(address)
    answer = await ask(parts.netloc, parts.path, method="POST", headers=[("origin", PORTAL)], body=[body])
    assert answer.status == 403


async def test_a_strangers_request_for_a_port_is_refused_by_the_portal(
    machine: Instance, stranger: User, colleague: User, app: Application
) -> None:
    for user, status in ((stranger, 404), (colleague, 403)):
        client = await sync_to_async(Person)(user)
        answer = await sync_to_async(client.client.post)(
            f"/instances/{machine.pk}/ports/open/", {"where": "8888"}
        )
        assert answer.status_code == status
    assert not await RemoteSession.objects.aexists()


@pytest.mark.parametrize("where", ["22", "25", "1023", "http://localhost:22/"])
async def test_ports_of_the_machine_itself_are_not_opened(
    owner: Person, machine: Instance, where: str
) -> None:
    answer = await sync_to_async(owner.client.post)(f"/instances/{machine.pk}/ports/open/", {"where": where})
    assert answer.status_code == 400
    assert not await RemoteSession.objects.aexists()


async def test_the_two_sites_never_answer_for_each_other(
    owner: Person, machine: Instance, app: Application
) -> None:
    host = await owner.opens(machine, str(app.port))
    assert (await owner.get("testserver", entry.ENTER)).status == 299  # the portal, which knows no such page
    for path in ("/accounts/login/", "/healthz", "/metrics/push", "/static/css/tokens.css"):
        assert (await owner.get(host, path)).body == b"my notebook"
        assert (await owner.get("ports.example.net", path)).status == 404
    two = [("host", host), ("cookie", owner.cookies[host])]
    assert (await ask("testserver", headers=two)).status == 404
    assert (await ask(host, headers=[("host", "testserver"), ("cookie", owner.cookies[host])])).status == 404


# Ended.


@asynccontextmanager
async def streaming(owner: Person, host: str) -> AsyncIterator[Any]:
    async with going_on(
        scope_of("http", host, "/", [("cookie", owner.cookies[host])], method="GET")
    ) as exchange:
        exchange.incoming.put_nowait({"type": "http.request", "body": b""})
        assert (await exchange.next())["status"] == 200
        assert b"data" in (await exchange.next())["body"]
        yield exchange.task  # type: ignore[attr-defined]


async def _events(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while await head(reader):
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n")
        while True:
            writer.write(b"data: 1\n\n")
            await writer.drain()
            await asyncio.sleep(0.05)


def _signs_out(owner: Person, session: RemoteSession) -> None:
    owner.client.post("/accounts/logout/")


def _closes(owner: Person, session: RemoteSession) -> None:
    assert owner.client.post(f"/remote/{session.pk}/close-port/").status_code == 302


def _loses_the_right(owner: Person, session: RemoteSession) -> None:
    from portal.core.events import AccessChanged, publish

    Membership.objects.filter(user=owner.user).delete()
    publish([f"user.{owner.user.pk}"], AccessChanged())


@pytest.mark.parametrize("ends", [_signs_out, _closes, _loses_the_right])
async def test_what_goes_on_is_cut_at_once_and_a_page_says_why(
    owner: Person, machine: Instance, ends: Any
) -> None:
    async with application(_events) as app:
        host = await owner.opens(machine, str(app.port))
        async with streaming(owner, host) as task:
            session = await RemoteSession.objects.aget()
            await sync_to_async(ends)(owner, session)
            await asyncio.wait_for(asyncio.shield(task), 3)
        answer = await owner.get(host)
        assert answer.status in {403, 404, 410}, answer.body
        assert f"{PORTAL}/instances/{machine.pk}/ports/".encode() in answer.body
    await session.arefresh_from_db()
    assert session.ended_at is not None


async def test_a_machine_that_was_stopped_is_told_of(
    owner: Person, machine: Instance, app: Application
) -> None:
    host = await owner.opens(machine, str(app.port))
    await Instance.objects.filter(pk=machine.pk).aupdate(status="SHUTOFF")
    answer = await owner.get(host)
    assert answer.status == 409
    assert b"stopped" in answer.body and app.connections == 0


async def test_an_ended_session_has_no_way_back_and_a_new_one_has_a_new_name(
    owner: Person, machine: Instance, app: Application
) -> None:
    host = await owner.opens(machine, str(app.port))
    session = await RemoteSession.objects.aget()
    await sync_to_async(closing.end_session)(session=session, by=owner.user)
    assert (await owner.get(host)).status == 410
    assert await owner.opens(machine, str(app.port)) != host


async def test_without_a_site_nothing_is_opened(owner: Person, machine: Instance, settings: Any) -> None:
    settings.PORTS_SITE = ""
    answer = await sync_to_async(owner.client.post)(f"/instances/{machine.pk}/ports/open/", {"where": "8888"})
    assert answer.status_code == 404
    page = await sync_to_async(owner.client.get)(f"/instances/{machine.pk}/ports/")
    assert b"ssh -L 8888:localhost:8888" in page.content


def test_the_path_of_a_leaving_page_is_its_own(machine: Instance, member: User) -> None:
    origin = opening.Origin(source=None, user_agent="", mark="m")
    wanted = Wanted(8888, "//evil.org/")
    assert asking.open_port(by=member, instance=machine, wanted=wanted, origin=origin).path == "/"
    assert UUID(str(RemoteSession.objects.get().pk))
