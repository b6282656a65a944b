import pytest

from portal.core import limits
from portal.core.errors import PortalError
from tests.conftest import OwnRedis


def test_so_many_are_allowed_and_the_next_is_not() -> None:
    now = 1000.0
    assert [limits.allow("x", most=3, seconds=10, now=now) for _ in range(5)] == [
        True,
        True,
        True,
        False,
        False,
    ]


def test_each_name_is_counted_by_itself() -> None:
    assert limits.allow("x", most=1, seconds=10, now=1000.0)
    assert limits.allow("y", most=1, seconds=10, now=1000.0)


def test_the_window_slides() -> None:
    """At the turn of two windows nobody gets twice as much."""
    assert all(limits.allow("x", most=10, seconds=10, now=1009.9) for _ in range(10))
    assert not limits.allow("x", most=10, seconds=10, now=1010.1)
    assert limits.allow("x", most=10, seconds=10, now=1015.0)
    assert limits.allow("x", most=10, seconds=10, now=1031.0)


def test_what_was_refused_does_not_count() -> None:
    assert limits.allow("x", most=1, seconds=10, now=1000.0)
    for _ in range(50):
        assert not limits.allow("x", most=1, seconds=10, now=1001.0)
    assert limits.allow("x", most=1, seconds=10, now=1020.0)


def test_too_many_is_a_problem_that_says_when_to_come_back() -> None:
    limits.check("x", most=1, seconds=60)
    with pytest.raises(PortalError) as refused:
        limits.check("x", most=1, seconds=60)
    assert refused.value.id == "portal:too-many"
    assert refused.value.retry_after == 30
    assert "60 s" in refused.value.problem.todo


def test_without_redis_nobody_is_shut_out(redis_of_this_run: OwnRedis) -> None:
    redis_of_this_run.stop()
    try:
        assert all(limits.allow("x", most=1, seconds=10) for _ in range(3))
    finally:
        redis_of_this_run.start()
