"""What people read of the time that is left."""

from datetime import UTC, datetime, timedelta

import pytest

from instances.workshops.clock.left import in_words, left_at, warning
from instances.workshops.clock.window import Times

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
TEN = datetime(2026, 6, 1, 10, tzinfo=UTC)
ALONE = Times(((TEN, TEN + HOUR),))
TWO_DAYS = Times(((TEN, TEN + HOUR), (TEN + 48 * HOUR, TEN + 49 * HOUR)))
DOUBLE = Times(((TEN, TEN + HOUR), (TEN + 70 * MINUTE, TEN + 130 * MINUTE)))


@pytest.mark.parametrize(
    ("times", "minutes", "kind", "words", "span"),
    [
        (ALONE, -90, "before", "The workshop begins", "1 h 30 min"),
        (ALONE, 17, "session", "The workshop ends", "43 min"),
        (ALONE, 60, "tail", "The seats close", "15 min"),
        (ALONE, 75, "over", "The workshop is over", "0 s"),
        (TWO_DAYS, 17, "session", "Meeting 1 of 2 ends", "43 min"),
        (TWO_DAYS, 61, "tail", "The seats are put away", "14 min"),
        (TWO_DAYS, 120, "between", "Meeting 2 of 2 begins", "1 d 22 h"),
        (DOUBLE, 61, "between", "Meeting 2 of 2 begins", "9 min"),
        (Times(()), 0, "none", "", "0 s"),
    ],
)
def test_what_is_counted_down_to(times: Times, minutes: int, kind: str, words: str, span: str) -> None:
    found = left_at(times, TEN + minutes * MINUTE)
    assert (found.kind, found.words, found.span) == (kind, words, span)


def test_people_are_warned_of_an_end_and_not_of_a_beginning() -> None:
    def warned(minutes: float) -> tuple[int | None, bool]:
        found = left_at(ALONE, TEN + minutes * MINUTE)
        return found.warn, found.counts

    assert [warned(at) for at in (-5, 44, 45, 54.9, 55, 59, 60, 70)] == [
        (None, False),
        (None, True),
        (15, True),
        (15, True),
        (5, True),
        (1, True),
        (15, True),
        (5, True),
    ]


@pytest.mark.parametrize(("seconds", "due"), [(901, None), (900, 15), (300, 5), (60, 1), (1, 1), (0, None)])
def test_the_smallest_warning_whose_time_has_come(seconds: int, due: int | None) -> None:
    assert warning(seconds) == due


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(-3, "0 s"), (59, "59 s"), (60, "1 min"), (3599, "59 min"), (3660, "1 h 1 min"), (90_000, "1 d 1 h")],
)
def test_spans_are_read_at_a_glance(seconds: float, words: str) -> None:
    assert in_words(seconds) == words
