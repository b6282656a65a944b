import asyncio
import time
from collections.abc import Iterator

import pytest
from asgiref.sync import sync_to_async
from django.conf import settings
from django.contrib.auth import HASH_SESSION_KEY, SESSION_KEY
from django.db import OperationalError
from django.test import Client

from portal.accounts.models import User
from portal.core import events, presence, sockets
from portal.core.errors import PortalError
from portal.core.redis_client import client
from tests.sockets import Page, cookie_of

pytestmark = pytest.mark.django_db(transaction=True)


class Rooms:
    """A topic of this test: who may enter which room."""

    def __init__(self) -> None:
        self.allowed: set[tuple[str, str]] = set()
        self.moved: dict[str, str] = {}

    def resolve(self, user: User, key: str) -> str:
        if (user.username, key) not in self.allowed:
            raise PortalError("portal:not-found")
        return f"room.{self.moved.get(key, key)}"


@pytest.fixture
def rooms(monkeypatch: pytest.MonkeyPatch) -> Iterator[Rooms]:
    made = Rooms()
    monkeypatch.setitem(sockets._topics, "room", made.resolve)
    yield made


@pytest.fixture
def ada(transactional_db: None) -> User:
    return User.objects.create_user("ada")


async def send(group: str, *sent: events.Event) -> None:
    for event in sent:
        await sync_to_async(events.send)([group], event)


def row(version: int, element: str = "row-1") -> events.Html:
    return events.Html(element, version, f"<tr>{version}</tr>", "instance-changed", {"id": "1"})


async def test_a_page_hears_what_its_topic_is_sent(ada: User, rooms: Rooms) -> None:
    rooms.allowed = {("ada", "a")}
    async with Page(ada, "room:a") as page:
        await page.opened()
        await send("room.a", row(1))
        await send("room.b", row(2))
        shown = {
            "element": "row-1",
            "version": 1,
            "html": "<tr>1</tr>",
            "name": "instance-changed",
            "detail": {"id": "1"},
        }
        assert await page.heard() == {"html": [shown]}
        assert await page.heard_nothing()


async def test_every_page_hears_what_is_sent_to_its_person(ada: User) -> None:
    async with Page(ada) as page:
        await page.opened()
        await send(f"user.{ada.pk}", events.Changed("clouds-changed", {"cloud": "demo"}))
        assert await page.heard() == {"changed": [{"name": "clouds-changed", "detail": {"cloud": "demo"}}]}


async def test_one_message_per_half_second_holds_the_newest_version_of_each_element(ada: User) -> None:
    group = f"user.{ada.pk}"
    async with Page(ada) as page:
        await page.opened()
        await send(group, row(1))
        first = await page.heard()
        began = asyncio.get_running_loop().time()
        await send(group, row(3), row(2), row(7, "row-2"), row(4))
        second = await page.heard()
        assert [part["version"] for part in first["html"]] == [1]
        assert {part["element"]: part["version"] for part in second["html"]} == {"row-1": 4, "row-2": 7}
        assert asyncio.get_running_loop().time() - began > 0.35


async def test_samples_do_not_wait_for_the_half_second(ada: User) -> None:
    group = f"user.{ada.pk}"
    async with Page(ada) as page:
        await page.opened()
        await send(group, row(1))
        await page.heard()
        await send(group, row(2), events.Samples("i1", [{"t": 1.0, "cpu": 5}]))
        assert await page.heard() == {"samples": {"i1": [{"t": 1.0, "cpu": 5}]}}
        assert (await page.heard())["html"][0]["version"] == 2


async def test_a_topic_of_others_ends_the_socket(ada: User, rooms: Rooms) -> None:
    rooms.allowed = {("bob", "a")}
    async with Page(ada, "room:a") as page:
        assert await page.accepted()
        assert await page.ended() == ("no-access", 4403)


@pytest.mark.parametrize("name", ["unknown:1", "room", "room:", ":"])
async def test_a_topic_that_is_none_ends_the_socket(ada: User, rooms: Rooms, name: str) -> None:
    async with Page(ada, name) as page:
        assert await page.accepted()
        assert await page.ended() == ("no-access", 4403)


async def test_who_is_not_signed_in_hears_nothing(transactional_db: None) -> None:
    async with Page(None) as page:
        assert await page.accepted()
        assert await page.ended() == ("signed-out", 4401)


async def test_a_page_of_another_site_is_refused(ada: User) -> None:
    async with Page(ada, origin="https://evil.example") as page:
        assert not await page.accepted()


async def test_lost_access_ends_the_socket(ada: User, rooms: Rooms) -> None:
    rooms.allowed = {("ada", "a")}
    async with Page(ada, "room:a") as page:
        await page.opened()
        rooms.allowed = set()
        await send(f"user.{ada.pk}", events.AccessChanged())
        assert await page.ended() == ("no-access", 4403)


async def test_a_page_whose_access_could_not_be_looked_at_has_to_come_again(
    ada: User, rooms: Rooms, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A look that failed must not be the last: else whoever was removed meanwhile would read on."""
    rooms.allowed = {("ada", "a")}

    def away(session: object) -> object:
        raise OperationalError("the connection is closed")

    async with Page(ada, "room:a") as page:
        await page.opened()
        with monkeypatch.context() as patch:
            patch.setattr(sockets, "person_of", away)
            await send(f"user.{ada.pk}", events.AccessChanged())
            assert await page.closed() == sockets.TRY_AGAIN
    assert "could not be served" in caplog.text
    rooms.allowed = set()
    async with Page(ada, "room:a") as page:
        assert await page.accepted()
        assert await page.ended() == ("no-access", sockets.NO_ACCESS)


async def test_changed_access_that_leaves_the_topics_leaves_the_socket(ada: User, rooms: Rooms) -> None:
    rooms.allowed = {("ada", "a")}
    async with Page(ada, "room:a") as page:
        await page.opened()
        await send(f"user.{ada.pk}", events.AccessChanged())
        await send("room.a", row(1))
        assert "html" in await page.heard()
        assert await page.heard_nothing()


async def test_sign_out_ends_the_sockets_of_that_session_only(ada: User) -> None:
    here, elsewhere = await sync_to_async(cookie_of)(ada), await sync_to_async(cookie_of)(ada)
    mark = events.session_mark(here.partition("=")[2])
    async with Page(ada, cookie=here) as ending, Page(ada, cookie=elsewhere) as staying:
        await ending.opened()
        await staying.opened()
        await send(f"user.{ada.pk}", events.SignedOut(mark))
        assert await ending.ended() == ("signed-out", 4401)
        assert await staying.heard_nothing()


async def test_sign_out_everywhere_ends_all_sockets(ada: User) -> None:
    async with Page(ada) as one, Page(ada) as two:
        await one.opened()
        await two.opened()
        await send(f"user.{ada.pk}", events.SignedOut())
        assert await one.ended() == await two.ended() == ("signed-out", 4401)


async def test_a_session_that_ended_unheard_ends_the_socket_at_the_next_look(ada: User) -> None:
    async with Page(ada) as page:
        await page.opened()
        await sync_to_async(end_sessions)()
        await send(f"user.{ada.pk}", events.AccessChanged())
        assert await page.ended() == ("signed-out", 4401)


def end_sessions() -> None:
    from django.contrib.sessions.models import Session
    from django.core.cache import cache

    Session.objects.all().delete()
    cache.clear()


async def test_a_topic_that_leads_elsewhere_now_ends_the_socket(ada: User, rooms: Rooms) -> None:
    """Its page listens to the group that the topic led to before."""
    rooms.allowed = {("ada", "a")}
    async with Page(ada, "room:a") as page:
        await page.opened()
        rooms.moved = {"a": "b"}
        await send(f"user.{ada.pk}", events.AccessChanged())
        assert await page.ended() == ("no-access", sockets.NO_ACCESS)


async def test_a_session_that_became_somebody_elses_ends_the_socket(ada: User, rooms: Rooms) -> None:
    rooms.allowed = {("ada", "a"), ("bob", "a")}
    bob = await User.objects.acreate(username="bob")
    browser = Client()
    await sync_to_async(browser.force_login)(ada)
    cookie = f"{settings.SESSION_COOKIE_NAME}={browser.cookies[settings.SESSION_COOKIE_NAME].value}"

    def becomes_bobs() -> None:
        session = browser.session
        session[SESSION_KEY], session[HASH_SESSION_KEY] = str(bob.pk), bob.get_session_auth_hash()
        session.save()

    async with Page(ada, "room:a", cookie=cookie) as page:
        await page.opened()
        await sync_to_async(becomes_bobs)()
        await send(f"user.{ada.pk}", events.AccessChanged())
        assert await page.ended() == ("signed-out", sockets.SIGNED_OUT)


async def test_one_person_holds_only_so_many_sockets(ada: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sockets, "MOST_SOCKETS", 1)
    async with Page(ada) as first:
        await first.opened()
        async with Page(ada) as second:
            assert await second.accepted()
            assert await second.ended() == ("too-many", 4429)
    async with Page(ada) as third:
        await third.opened()


async def test_sockets_of_a_process_that_was_killed_are_not_counted_for_long(
    ada: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sockets, "MOST_SOCKETS", 1)
    left = {"left-behind": time.time() - 2 * sockets.RECHECK - 1}
    await sync_to_async(client().zadd)(f"sockets:{ada.pk}", left)
    async with Page(ada) as page:
        await page.opened()


async def test_what_a_page_sends_besides_a_ping_is_ignored(ada: User) -> None:
    async with Page(ada) as page:
        await page.opened()
        for nonsense in ("", "not json", '{"ping": 2}', '{"t": "room:a"}'):
            await page.say(nonsense)
        await page.say_bytes(b"\x00")
        assert await page.heard_nothing()
        await page.say('{"ping": 1}')
        assert await page.heard() == {"pong": 1}


async def test_an_open_page_is_seen(ada: User, rooms: Rooms) -> None:
    rooms.allowed = {("ada", "a")}
    assert not await sync_to_async(presence.watching)("room.a")
    async with Page(ada, "room:a") as page:
        await page.opened()
        assert await sync_to_async(presence.watching)("room.a")
        assert await sync_to_async(presence.watched)("room.") == {"room.a"}
