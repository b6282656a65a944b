"""The arithmetic of the report."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from instances.workshops.after.figures import Part, minutes, parts, spread
from instances.workshops.clock.window import Times

HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)
BEGUN = datetime(2026, 3, 1, tzinfo=UTC)
TEN = datetime(2026, 3, 3, 10, tzinfo=UTC)
TIMES = Times(((TEN, TEN + HOUR), (TEN + 2 * HOUR, TEN + 3 * HOUR)), tail_minutes=15)
FIRST_OVER, LAST_OVER = TEN + 75 * MINUTE, TEN + 195 * MINUTE


def test_each_meeting_has_what_lies_before_it_and_its_tail() -> None:
    end = TEN + 10 * HOUR
    assert parts(TIMES, BEGUN, end) == [
        Part(0, BEGUN, FIRST_OVER),
        Part(1, FIRST_OVER, LAST_OVER),
        Part(None, LAST_OVER, end),
    ]


def test_what_is_to_come_is_in_no_part() -> None:
    assert parts(TIMES, BEGUN, TEN) == [Part(0, BEGUN, TEN)]
    assert parts(TIMES, BEGUN, BEGUN) == []
    assert parts(Times(()), BEGUN, TEN) == [Part(None, BEGUN, TEN)]


def test_a_tail_ends_where_the_next_meeting_begins() -> None:
    close = Times(((TEN, TEN + HOUR), (TEN + 65 * MINUTE, TEN + 2 * HOUR)), tail_minutes=15)
    assert parts(close, BEGUN, TEN + 5 * HOUR)[0].end == TEN + 65 * MINUTE


@given(
    st.lists(st.tuples(st.integers(0, 500), st.integers(1, 300)), max_size=5),
    st.integers(0, 120),
    st.integers(0, 4000),
)
def test_the_parts_are_all_of_the_time_without_a_hole(
    given: list[tuple[int, int]], tail: int, until: int
) -> None:
    at, meetings = BEGUN, []
    for gap, length in given:
        start = at + gap * MINUTE
        at = start + length * MINUTE
        meetings.append((start, at))
    now = BEGUN + until * MINUTE
    found = parts(Times(tuple(meetings), tail_minutes=tail), BEGUN, now)
    edges = [BEGUN, *(one.end for one in found)]
    assert [one.start for one in found] == edges[:-1]
    assert edges[-1] == now
    assert len({one.meeting for one in found}) == len(found)


def test_durations_in_the_middle_and_at_most() -> None:
    assert spread([]) is None
    found = spread([60, 10, -3, 30])
    assert found is not None
    assert (found.count, found.middle, found.longest) == (4, 20, 60)


def test_who_was_seen_once_was_there_for_a_minute() -> None:
    assert minutes(TEN, TEN) == 1
    assert minutes(TEN, TEN + HOUR) == 60
