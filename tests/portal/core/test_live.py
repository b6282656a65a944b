"""The hub: many pages, slow pages, a Redis that restarts."""

import asyncio
import time
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from channels.layers import get_channel_layer

from portal.accounts.models import User
from portal.core import events, presence, sockets
from portal.core.live import Hub, hub
from portal.core.outbox import Outbox, Prepared
from portal.core.redis_client import client
from tests.conftest import OwnRedis
from tests.sockets import Page, cookie_of

pytestmark = pytest.mark.django_db(transaction=True)


class Viewer:
    def __init__(self) -> None:
        self.outbox = Outbox()

    def take(self, event: Prepared) -> None:
        self.outbox.put(event)

    def access_changed(self) -> None:
        raise AssertionError

    def signed_out(self, mark: str) -> None:
        raise AssertionError


def message(version: int) -> dict[str, Any]:
    event = events.Html(f"row-{version}", version, "<tr>" * 100, "changed")
    return {**event.message(), "group": "room.a"}


@pytest.fixture
def ada(transactional_db: None) -> User:
    return User.objects.create_user("ada")


async def test_the_hub_stops_listening_when_the_last_page_is_gone() -> None:
    one, two = Viewer(), Viewer()
    await hub().join(one, {"room.a"})
    await hub().join(two, {"room.a", "room.b"})
    await hub().leave(one)
    assert len(hub()._tasks) == 2
    await hub().leave(two)
    assert (hub()._tasks, dict(hub()._viewers)) == ([], {})


async def test_who_left_hears_no_more() -> None:
    one, two = Viewer(), Viewer()
    await hub().join(one, {"room.a"})
    await hub().join(two, {"room.a"})
    await hub().leave(one)
    hub().hand_on(message(1))
    assert one.outbox.empty and not two.outbox.empty
    await hub().leave(two)


async def test_a_message_of_no_group_is_dropped() -> None:
    one = Viewer()
    await hub().join(one, {"room.a"})
    hub().hand_on({"type": "live.html"})
    hub().hand_on({"type": "live.unknown", "group": "room.a"})
    assert one.outbox.empty
    await hub().leave(one)


async def test_handing_ten_updates_a_second_to_300_pages_takes_little_of_a_core() -> None:
    own = Hub()
    viewers = [Viewer() for _ in range(300)]
    for viewer in viewers:
        own._viewers.setdefault("room.a", set()).add(viewer)
    began = time.process_time()
    for version in range(1, 11):
        own.hand_on(message(version))
        if version % 5 == 0:
            sizes = [len(viewer.outbox.take(all=True)) for viewer in viewers]
    assert min(sizes) > 2000
    assert time.process_time() - began < 0.3


async def test_pages_hear_again_after_redis_was_restarted(ada: User, redis_of_this_run: OwnRedis) -> None:
    async with Page(ada) as page:
        await page.opened()
        redis_of_this_run.stop()
        await asyncio.sleep(0.3)
        redis_of_this_run.start()
        for version in range(1, 60):
            sent = events.Html("row", version, "", "changed")
            await sync_to_async(events.send_best_effort)([f"user.{ada.pk}"], sent)
            if not await page.heard_nothing(0.2):
                break
        else:
            pytest.fail("nothing was heard in 12 s")
        assert "html" in await page.heard()


async def test_a_page_that_opens_while_redis_is_away_is_told_to_come_back(
    ada: User, redis_of_this_run: OwnRedis
) -> None:
    cookie = await sync_to_async(cookie_of)(ada)
    redis_of_this_run.stop()
    try:
        async with Page(ada, cookie=cookie) as page:
            assert not await page.accepted()
    finally:
        redis_of_this_run.start()
    async with Page(ada, cookie=cookie) as page:
        await page.opened()


async def test_a_page_may_close_while_redis_is_away(ada: User, redis_of_this_run: OwnRedis) -> None:
    async with Page(ada) as page:
        await page.opened()
        redis_of_this_run.stop()
    redis_of_this_run.start()
    assert dict(hub()._viewers) == {}


async def test_a_page_is_seen_again_and_again(ada: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(presence, "AGAIN", 0.05)
    async with Page(ada) as page:
        await page.opened()
        await sync_to_async(presence.touch)([f"user.{ada.pk}"], now=1.0)
        await asyncio.sleep(0.2)
        assert await sync_to_async(presence.watching)(f"user.{ada.pk}")


async def test_a_viewer_that_takes_nothing_is_left(ada: User, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its connection is full: the message cannot be written, and later ones join what is held for it."""
    monkeypatch.setattr(sockets, "STUCK", 0.05)
    cookie = await sync_to_async(cookie_of)(ada)
    async with Page(ada, cookie=cookie) as page:
        await page.opened()
        consumer = next(iter(hub()._viewers[f"user.{ada.pk}"]))
        assert isinstance(consumer, sockets.LiveConsumer)
        written = consumer.base_send
        full = asyncio.Event()

        async def never(sent: dict[str, Any]) -> None:
            if "html" in sent.get("text", ""):
                full.set()
                await asyncio.sleep(60)
            await written(sent)

        monkeypatch.setattr(consumer, "base_send", never)
        await sync_to_async(events.send)([f"user.{ada.pk}"], events.Html("row", 1, "", "changed"))
        await asyncio.wait_for(full.wait(), 3)
        assert await page.closed() == sockets.TRY_AGAIN


async def test_a_message_that_cannot_be_read_does_not_silence_the_process(
    ada: User, caplog: pytest.LogCaptureFixture
) -> None:
    """Such as one of a newer portal, while web processes are replaced one after another."""
    layer: Any = get_channel_layer()
    group = f"user.{ada.pk}"
    unreadable = [
        b"\xc1 no message",
        layer.serialize(["not", "a", "mapping"]),
        layer.serialize({"type": "live.html", "group": group}),
        layer.serialize({"type": "live.signed_out", "group": group}),
        layer.serialize({"group": group}),
    ]
    async with Page(ada) as page:
        await page.opened()
        for content in unreadable:
            await sync_to_async(client().publish)(f"live__group__{group}", content)
        await sync_to_async(events.send)([group], events.Changed("still-here"))
        assert await page.heard() == {"changed": [{"name": "still-here", "detail": {}}]}
    assert caplog.text.count("an event could not be read") == len(unreadable)
