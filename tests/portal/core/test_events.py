import pytest
from asgiref.sync import async_to_sync
from channels.layers import get_channel_layer
from django.db import transaction

from portal.core import events
from tests.conftest import OwnRedis


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[tuple[list[str], events.Event]]:
    heard: list[tuple[list[str], events.Event]] = []
    monkeypatch.setattr(events, "send", lambda groups, event: heard.append((list(groups), event)))
    return heard


@pytest.mark.django_db(transaction=True)
def test_published_events_go_out_after_commit(sent: list[tuple[list[str], events.Event]]) -> None:
    with transaction.atomic():
        events.publish(["room.a"], events.Changed("x"))
        assert sent == []
    assert sent == [(["room.a"], events.Changed("x"))]


@pytest.mark.django_db(transaction=True)
def test_what_is_rolled_back_is_never_told(sent: list[tuple[list[str], events.Event]]) -> None:
    with pytest.raises(RuntimeError), transaction.atomic():
        events.publish(["room.a"], events.Changed("x"))
        raise RuntimeError
    assert sent == []


def test_an_event_arrives_at_each_group_with_the_groups_name() -> None:
    """The short way of sending does what the layer's own `group_send` does."""

    async def exchange() -> list[dict[str, object]]:
        layer = get_channel_layer()
        channel = await layer.new_channel()
        await layer.group_add("room.a", channel)
        await layer.group_add("room.b", channel)
        from asgiref.sync import sync_to_async

        await sync_to_async(events.send)(["room.a", "room.b"], events.Changed("x", {"id": 1}))
        heard = [await layer.receive(channel) for _ in range(2)]
        await layer.flush()
        return heard

    told = {"type": "live.changed", "name": "x", "detail": {"id": 1}}
    assert async_to_sync(exchange)() == [{**told, "group": "room.a"}, {**told, "group": "room.b"}]


def test_a_redis_that_is_away_costs_nobody_their_request(redis_of_this_run: OwnRedis) -> None:
    redis_of_this_run.stop()
    try:
        events.send_best_effort(["room.a"], events.Changed("x"))
    finally:
        redis_of_this_run.start()


def test_a_sessions_mark_does_not_give_its_key_away() -> None:
    mark = events.session_mark("abc")
    assert "abc" not in mark
    assert mark == events.session_mark("abc") != events.session_mark("abd")
    assert events.session_mark("") == ""
