"""The words of the weekly mail: plain, with units, and no date without its basis."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from allocations.forecast import project
from allocations.reports.periods import Week
from allocations.reports.weekly_text import (
    MachineWeek,
    ResourceLeft,
    WeekOf,
    amount,
    resource_line,
    standing_out,
    text,
    title,
)

NOW = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
END = date(2027, 6, 30)


def left(remaining: int, a_day: int, ends_on: date = END, burn: int | None = None) -> ResourceLeft:
    """At that pace for a fortnight, and now."""
    history = [(NOW.date() - timedelta(days=ago), Decimal(a_day)) for ago in range(1, 15)]
    per_hour = Decimal(a_day) / 24 if burn is None else Decimal(burn)
    found = project(history, Decimal(remaining), per_hour, ends_on, NOW)
    return ResourceLeft("CPU", Decimal(remaining), Decimal(100_000), ends_on, found)


CPU = left(20_000, 100)
WEEK = WeekOf(
    name="BIO220047",
    week=Week(date(2026, 11, 16)),
    spent=Decimal("1234.5"),
    before=Decimal(1000),
    burn=Decimal("7.25"),
    people=[("Alice", Decimal(234)), ("Bob", Decimal("1000.5"))],
    machines=[MachineWeek("train", "Bob", Decimal(900), Decimal(300))],
    resources=[CPU],
)


def machine(su: int, before: int = 0, stopped: str = "0", name: str = "one") -> MachineWeek:
    return MachineWeek(name, "Bob", Decimal(su), Decimal(before), Decimal(stopped))


def test_the_mail_says_the_week_the_people_and_the_machines() -> None:
    told = text(WEEK, NOW)
    assert title(WEEK) == "BIO220047: 1,234 SU last week"
    assert told.startswith(
        "16 November to 22 November 2026 (UTC, week 2026-W47): 1,234 SU spent, 23 % more than the week before."
    )
    assert "Now: 7.25 SU per hour." in told
    assert told.index("- Bob: 1,000 SU") < told.index("- Alice: 234 SU")
    assert "- train (Bob): 900 SU, 73 % of the week, 3 times the week before" in told


def test_many_people_are_told_as_the_largest_and_the_sum_of_the_rest() -> None:
    people = [(f"Person {number:02}", Decimal(number)) for number in range(1, 21)]
    told = text(replace(WEEK, people=people), NOW)
    assert "- Person 20: 20 SU" in told and "Person 12" not in told
    assert "- 12 more: 78 SU" in told


@pytest.mark.parametrize(
    ("spent", "before", "words"),
    [
        (10, 0, "nothing in the week before"),
        (0, 0, "as in the week before"),
        (10, 10, "as the week before"),
        (5, 10, "50 % less than the week before"),
        (20, 10, "100 % more than the week before"),
    ],
)
def test_it_is_compared_with_the_week_before(spent: int, before: int, words: str) -> None:
    assert words in text(replace(WEEK, spent=Decimal(spent), before=Decimal(before)), NOW)


def test_no_date_without_its_basis() -> None:
    told = resource_line(left(20_000, 1000), NOW)
    assert told.startswith("CPU: 20,000 of 100,000 SU; likely used up on 13 December 2026, 199 days early: ")
    assert "mean of 1,000 SU a day" in told and "the period ends on 30 June 2027" in told


def test_a_pace_that_varies_gives_a_range() -> None:
    told = resource_line(left(20_000, 1000, burn=200), NOW)
    assert "likely used up on" in told and "(between " in told and "today's burn of 200.0 SU/hour" in told


def test_what_lasts_is_told_with_what_remains_at_the_end() -> None:
    told = resource_line(left(50_000, 100), NOW)
    assert "SU will remain when the period ends on 30 June 2027 (in 220 days)" in told
    assert "mean of 100 SU a day" in told


@pytest.mark.parametrize(
    ("found", "words"),
    [
        (left(0, 10), "nothing is left"),
        (left(-5, 10), "nothing is left"),
        (left(100, 0), "nothing is being spent"),
        (left(100, 10, date(2026, 11, 1)), "the period ended on 1 November 2026"),
        (left(100, 10, date(2026, 11, 23)), "(in 1 day)"),
    ],
)
def test_each_standing_has_its_words(found: ResourceLeft, words: str) -> None:
    assert words in resource_line(found, NOW)


def test_a_machine_stands_out_by_its_part_its_growth_or_its_idleness() -> None:
    total = Decimal(100)
    assert standing_out([machine(25, 24)], total) == ["one (Bob): 25 SU, 25 % of the week"]
    assert standing_out([machine(10, 5)], total) == [
        "one (Bob): 10 SU, 10 % of the week, 2 times the week before"
    ]
    assert standing_out([machine(10)], total) == [
        "one (Bob): 10 SU, 10 % of the week, nothing the week before"
    ]
    assert standing_out([machine(3, 3, "1.5")], total) == [
        "one (Bob): stopped, and still costs 1.5 SU per hour; shelved it would cost less"
    ]


def test_a_machine_that_is_like_the_others_does_not_stand_out() -> None:
    assert standing_out([machine(24, 24), machine(9, 1), machine(9)], Decimal(100)) == []


def test_when_nothing_was_spent_no_machine_divides_by_it() -> None:
    assert standing_out([machine(0, 5)], Decimal(0)) == []


def test_no_more_than_five_machines_are_told() -> None:
    assert len(standing_out([machine(30, 0, name=str(n)) for n in range(9)], Decimal(100))) == 5


def test_nothing_spent_is_worth_a_mail_only_before_an_end() -> None:
    quiet = replace(WEEK, spent=Decimal(0))
    assert WEEK.worth_telling(NOW, 30)
    assert not quiet.worth_telling(NOW, 30)
    assert replace(quiet, resources=[replace(CPU, ends_on=date(2026, 12, 20))]).worth_telling(NOW, 30)
    assert not replace(quiet, resources=[replace(CPU, ends_on=date(2026, 11, 20))]).worth_telling(NOW, 30)
    assert not replace(quiet, resources=[]).worth_telling(NOW, 30)


@pytest.mark.parametrize(
    ("su", "words"),
    [
        ("0", "0"),
        ("0.005", "0"),
        ("1.5", "1.5"),
        ("10", "10"),
        ("10.04", "10"),
        ("1234.5", "1,234"),
        ("-3.20", "-3.2"),
    ],
)
def test_amounts_are_written_as_on_pages(su: str, words: str) -> None:
    assert amount(Decimal(su)) == words
