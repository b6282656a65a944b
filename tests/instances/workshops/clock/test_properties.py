"""What holds whatever the times of a workshop are."""

from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from instances.workshops.clock.costs import Size, cost
from instances.workshops.clock.left import left_at
from instances.workshops.clock.phases import blocks, phase_at
from instances.workshops.clock.repeating import Weekly, shifted, weekly
from instances.workshops.clock.window import Times, current, moments, overlapping, wall, window
from tests.instances.workshops.clock.rating import RATES

ZONES = ["UTC", "America/Chicago", "Europe/Berlin", "Australia/Lord_Howe", "Pacific/Apia", "Asia/Kathmandu"]
START = datetime(2026, 2, 9, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
clocks = st.builds(time, st.integers(0, 23), st.integers(0, 59))
days = st.dates(date(2025, 1, 1), date(2028, 12, 31))


@st.composite
def all_times(draw: st.DrawFn) -> Times:
    """Up to six meetings, apart or back to back."""
    at, found = START, []
    for _ in range(draw(st.integers(1, 6))):
        at += draw(st.integers(0, 3 * 24 * 60)) * MINUTE
        end = at + draw(st.integers(1, 10 * 60)) * MINUTE
        found.append((at, end))
        at = end
    return Times(
        tuple(found),
        ready_minutes=draw(st.integers(0, 120)),
        tail_minutes=draw(st.integers(0, 120)),
        between=draw(st.sampled_from(["shelve", "stop", "keep"])),
    )


building = st.tuples(st.floats(0, 4000), st.integers(1, 5))


@given(days, clocks, clocks, st.sampled_from(ZONES))
def test_a_meeting_is_never_empty_and_never_longer_than_a_day_and_the_clocks_change(
    day: date, begins: time, ends: time, zone: str
) -> None:
    start, end = moments(day, begins, ends, zone)
    assert timedelta() < end - start <= timedelta(days=2)
    minutes = ((ends.hour - begins.hour) * 60 + ends.minute - begins.minute) % 1440 or 1440
    assert abs(end - start - minutes * MINUTE) <= timedelta(hours=24 if zone == "Pacific/Apia" else 1)


@given(days, clocks, clocks, st.sampled_from(ZONES))
def test_a_time_that_exists_is_the_time_on_the_wall(day: date, begins: time, ends: time, zone: str) -> None:
    start, _ = moments(day, begins, ends, zone)
    shown = wall(start, zone)
    if shown != (day, begins):
        # Left out by the clocks: then it is later on the wall, by as much as they jumped.
        assert datetime.combine(*shown) > datetime.combine(day, begins)


@given(all_times(), building, st.integers(-2000, 40_000))
def test_in_a_meeting_seats_are_wanted_and_long_after_the_last_they_are_not(
    times: Times, build: tuple[float, int], minutes: int
) -> None:
    now = START + minutes * MINUTE
    phase = phase_at(times, now, build_seconds=build[0], waves=build[1])
    opens_at, closes_at = window(times) or (now, now)
    if current(times, now) is not None:
        assert phase.want == "on"
    if now >= closes_at:
        assert phase.want == "over"
    elif opens_at <= now:
        assert phase.want in ("on", "away")
    if phase.want == "on":
        assert phase.build_from is not None and phase.until is not None
        assert phase.build_from <= now < phase.until


@given(all_times(), building)
def test_times_in_which_seats_are_on_are_apart_and_hold_every_meeting(
    times: Times, build: tuple[float, int]
) -> None:
    found = blocks(times, build_seconds=build[0], waves=build[1])
    assert [number for block in found for number in range(block.first, block.last + 1)] == list(
        range(len(times.meetings))
    )
    for block in found:
        for start, end in times.meetings[block.first : block.last + 1]:
            assert block.on_from <= start - times.ready
            assert block.on_until >= end
    assert all(before.on_until < after.on_from for before, after in pairwise(found))


@given(all_times(), building)
@settings(max_examples=60)
def test_going_from_change_to_change_one_meets_every_wish_in_order(
    times: Times, build: tuple[float, int]
) -> None:
    """Whoever asks only at `until` misses nothing, and comes to an end."""
    now, wishes = START - timedelta(days=2), []
    for _ in range(40):
        phase = phase_at(times, now, build_seconds=build[0], waves=build[1])
        wishes.append(phase.want)
        if phase.until is None:
            break
        assert phase.until > now
        now = phase.until
    assert wishes[0] == "nothing" and wishes[-1] == "over"
    assert wishes[1::2] == ["on"] * len(wishes[1::2])


@given(all_times(), building, st.integers(1, 120), st.integers(0, 30))
@settings(max_examples=60)
def test_what_it_costs_grows_with_machines_and_adds_up(
    times: Times, build: tuple[float, int], machines: int, keep_days: int
) -> None:
    one, many = (
        cost(
            times,
            Size(count, "m3.small", 2, RATES),
            build_seconds=build[0],
            waves=build[1],
            keep_days=keep_days,
        )
        for count in (1, machines)
    )
    assert many.total == one.total * machines
    assert many.total == sum((each.su for each in many.meetings), Decimal(0)) + many.between + many.kept
    for (start, end), each in zip(times.meetings, many.meetings, strict=True):
        assert each.on_from <= start and each.on_until >= end
        # Two cores for an hour are two SU.
        assert each.su >= Decimal((end - start).total_seconds()) / 1800 * machines - 1


@given(all_times(), st.integers(-2000, 40_000))
def test_what_is_left_is_counted_to_something_that_is_still_to_come(times: Times, minutes: int) -> None:
    now = START + minutes * MINUTE
    left = left_at(times, now)
    assert (left.at is None) == (left.kind == "over")
    if left.at is not None:
        assert left.at > now and left.seconds == (left.at - now).total_seconds()


@given(
    st.frozensets(st.integers(0, 6), min_size=1),
    st.integers(0, 90),
    st.integers(-60, 400),
    st.sampled_from(ZONES),
)
def test_weekly_meetings_never_overlap_and_shifted_ones_keep_their_clock(
    weekdays: frozenset[int], length: int, shift: int, zone: str
) -> None:
    first = date(2026, 2, 2)
    rule = Weekly(weekdays, time(10), time(11, 30), first, first + timedelta(days=7 + length))
    found = weekly(rule)
    assert {one.day.weekday() for one in found} == weekdays
    assert overlapping(moments(one.day, one.begins, one.ends, zone) for one in found) is None
    moved = shifted(found, shift)
    assert [one.day - before.day for one, before in zip(moved, found, strict=True)] == [
        timedelta(days=shift)
    ] * len(found)
    starts = [moments(one.day, one.begins, one.ends, zone)[0] for one in moved]
    assert all(wall(at, zone) == (one.day, time(10)) for at, one in zip(starts, moved, strict=True))
