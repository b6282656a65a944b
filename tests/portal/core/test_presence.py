import time

import pytest

from portal.core import presence
from tests.conftest import OwnRedis


def test_a_group_is_watched_for_a_while_after_it_was_touched() -> None:
    presence.touch(["room.a"])
    assert presence.watching("room.a")
    assert not presence.watching("room.b")
    presence.touch(["room.a"], now=time.time() - presence.KEPT - 1)
    assert not presence.watching("room.a")


def test_watched_gives_the_groups_of_one_kind() -> None:
    presence.touch(["room.a", "room.b", "hall.c"])
    presence.touch(["room.old"], now=time.time() - presence.KEPT - 1)
    assert presence.watched("room.") == {"room.a", "room.b"}


def test_nothing_touched_is_no_trip() -> None:
    presence.touch([])
    assert presence.watched("") == set()


@pytest.mark.parametrize("asked", [lambda: presence.watching("room.a"), lambda: presence.watched("room.")])
def test_without_redis_nobody_is_seen(asked: object, redis_of_this_run: OwnRedis) -> None:
    presence.touch(["room.a"])
    redis_of_this_run.stop()
    try:
        assert not asked()  # type: ignore[operator]
    finally:
        redis_of_this_run.start()
