"""What becomes of meetings when other ones are wanted."""

from datetime import UTC, date, datetime, time, timedelta

import pytest

from instances.workshops.clock.moving import Held, rearrange
from instances.workshops.clock.repeating import MOST, Planned
from instances.workshops.clock.window import moments
from portal.core.errors import PortalError

ZONE = "America/Chicago"
TEN, ELEVEN, NOON = time(10), time(11), time(12)
FIRST, SECOND, THIRD = date(2026, 11, 24), date(2026, 11, 26), date(2026, 12, 1)
DAY = timedelta(days=1)
# Ten in Chicago.
START = datetime(2026, 11, 24, 16, tzinfo=UTC)
BEFORE, DURING, BETWEEN = START - DAY, START + timedelta(minutes=30), START + DAY


def at(day: date, begins: time = TEN, ends: time = ELEVEN) -> Planned:
    return Planned(day, begins, ends)


def held(*planned: Planned) -> list[Held]:
    return [
        Held(key, one, *moments(one.day, one.begins, one.ends, ZONE)) for key, one in enumerate(planned, 1)
    ]


HELD = held(at(FIRST), at(SECOND))


def refused(wanted: list[Planned], now: datetime | None, known: list[Held] = HELD) -> str:
    with pytest.raises(PortalError) as caught:
        rearrange(known, wanted, ZONE, now)
    return caught.value.id


def test_the_same_meetings_change_nothing() -> None:
    found = rearrange(HELD, [at(SECOND), at(FIRST)], ZONE, BEFORE)
    assert [one.key for one in found.kept] == [1, 2]
    assert (found.gone, found.moved) == ((), False)


def test_meetings_to_come_are_moved_taken_out_and_added() -> None:
    found = rearrange(HELD, [at(FIRST, ends=NOON), at(THIRD)], ZONE, BEFORE)
    assert [(one.key, one.ends_at - one.starts_at) for one in found.kept] == [
        (1, timedelta(hours=2)),
        (None, timedelta(hours=1)),
    ]
    assert (found.gone, found.moved) == ((2,), True)


def test_a_title_alone_moves_nothing() -> None:
    found = rearrange(HELD, [Planned(FIRST, TEN, ELEVEN, "Basics"), at(SECOND)], ZONE, BEFORE)
    assert found.kept[0].planned.title == "Basics"
    assert not found.moved


def test_a_meeting_that_is_over_stays_whether_it_is_named_or_not() -> None:
    for wanted in ([at(SECOND)], [at(FIRST), at(SECOND)]):
        found = rearrange(HELD, wanted, ZONE, BETWEEN)
        assert [one.key for one in found.kept] == [1, 2]
        assert not found.moved
    assert refused([at(FIRST, ends=NOON), at(SECOND)], BETWEEN) == "workshops:meeting-past"


def test_the_meeting_that_runs_keeps_its_beginning_and_may_get_another_end() -> None:
    found = rearrange(HELD, [at(FIRST, ends=NOON), at(SECOND)], ZONE, DURING)
    assert found.kept[0].ends_at == START + timedelta(hours=2)
    # For those who only come to the meetings that follow, nothing has moved.
    assert not found.moved
    assert refused([at(SECOND)], DURING) == "workshops:meeting-running"
    assert refused([at(FIRST, begins=time(9)), at(SECOND)], DURING) == "workshops:meeting-in-past"
    assert refused([at(FIRST, begins=time(10, 45)), at(SECOND)], DURING) == "workshops:meeting-running"
    assert refused([at(FIRST, ends=time(10, 15)), at(SECOND)], DURING) == "workshops:ends-in-past"


def test_an_end_between_two_minutes_stays_where_it_was_put() -> None:
    ended = Held(1, at(FIRST, ends=time(10, 41)), START, START + timedelta(minutes=40, seconds=20))
    found = rearrange([ended], [at(FIRST, ends=time(10, 41)), at(SECOND)], ZONE, DURING)
    assert found.kept[0].ends_at == ended.ends_at


def test_nothing_new_begins_in_the_past_but_in_a_draft() -> None:
    assert refused([at(FIRST), at(SECOND), at(FIRST - DAY)], DURING) == "workshops:meeting-in-past"
    found = rearrange(HELD, [at(FIRST - 100 * DAY)], ZONE, None)
    assert [one.key for one in found.kept] == [None]
    assert found.gone == (1, 2)


def test_meetings_at_the_same_time_are_refused_and_back_to_back_they_are_not() -> None:
    assert refused([at(FIRST), at(FIRST, begins=time(10, 30))], BEFORE) == "workshops:meetings-overlap"
    assert refused([at(FIRST), at(FIRST)], BEFORE) == "workshops:meetings-overlap"
    assert len(rearrange(HELD, [at(FIRST), at(FIRST, ELEVEN, NOON)], ZONE, BEFORE).kept) == 2


def test_not_too_many_and_not_too_far_apart() -> None:
    assert refused([at(FIRST + number * DAY) for number in range(MOST + 1)], BEFORE) == (
        "workshops:too-many-meetings"
    )
    assert refused([at(FIRST), at(FIRST + 500 * DAY)], BEFORE) == "workshops:too-long"


def test_another_zone_moves_all_that_is_to_come() -> None:
    found = rearrange(HELD, [at(FIRST), at(SECOND)], "Europe/Berlin", BEFORE)
    assert [one.key for one in found.kept] == [None, None]
    assert (found.gone, found.moved) == ((1, 2), True)
