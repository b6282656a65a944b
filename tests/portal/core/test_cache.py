from collections.abc import Callable, Iterator

import pytest
from django.core.cache import cache
from django.test import Client

from portal.accounts.models import User
from tests.conftest import OwnRedis


@pytest.fixture
def away(redis_of_this_run: OwnRedis) -> Iterator[Callable[[], None]]:
    """Take Redis away; it is back after the test."""
    yield redis_of_this_run.stop
    if redis_of_this_run.process is None:
        redis_of_this_run.start()


def test_it_is_a_cache() -> None:
    cache.set("a", 1)
    assert cache.add("b", 2)
    assert not cache.add("b", 3)
    assert (cache.get("a"), cache.get_many(["a", "b"]), cache.has_key("a")) == (1, {"a": 1, "b": 2}, True)
    assert cache.touch("a", 10)
    assert cache.delete("a")
    cache.delete_many(["b"])
    assert cache.get("b", "nothing") == "nothing"


def test_a_redis_that_is_away_is_an_empty_cache(away: Callable[[], None]) -> None:
    cache.set("a", 1)
    away()
    cache.set("a", 2)
    cache.delete_many(["a"])
    assert (cache.get("a", "nothing"), cache.get_many(["a"])) == ("nothing", {})
    assert not any((cache.add("b", 1), cache.delete("a"), cache.touch("a"), cache.has_key("a")))


@pytest.mark.django_db
def test_people_stay_signed_in_while_redis_is_away(away: Callable[[], None]) -> None:
    client = Client()
    client.force_login(User.objects.create_user("ada"))
    assert client.get("/profile/").status_code == 200
    away()
    assert client.get("/profile/").status_code == 200


@pytest.mark.django_db
def test_strangers_are_not_let_in_while_redis_is_away(away: Callable[[], None]) -> None:
    away()
    assert Client().get("/profile/").status_code == 302
