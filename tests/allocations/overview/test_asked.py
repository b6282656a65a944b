"""A plan as an address: read with what is wrong in it, and written so that it reads the same again."""

from datetime import date
from decimal import Decimal
from urllib.parse import parse_qs

import pytest

from allocations.hooks import Size
from allocations.overview.asked import MOST_LINES, Asked, asked

SIZES = {"m3.quad": Size("m3.quad", 4, 15360, 20, 0), "g3.medium": Size("g3.medium", 8, 30720, 60, 1)}
TODAY = date(2026, 9, 1)


def read(query: str) -> Asked:
    return asked(parse_qs(query, keep_blank_values=True), SIZES, today=TODAY, usual_spare=10)


def test_nothing_asked_is_one_empty_line_and_no_complaint() -> None:
    found = read("")
    assert found.lines == [] and found.problems == [] and len(found.rows) == 1
    assert (found.mode, found.begins, found.spare, found.storage_gb) == ("machines", TODAY, 10, 0)


def test_lines_are_read_in_their_order_and_followed_by_an_empty_one() -> None:
    found = read(
        "mode=class&size=m3.quad&count=40&times=1&hours=3&weeks=15&size=g3.medium&count=2&times=7&hours=24&weeks=15"
    )
    assert [(one.size.name, one.count, one.hours_a_week, one.weeks) for one in found.lines] == [
        ("m3.quad", 40, Decimal(3), 15),
        ("g3.medium", 2, Decimal(168), 15),
    ]
    assert len(found.rows) == 3 and found.rows[-1].empty and found.rows[-1].weeks == "15"


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("size=none&count=1&times=1&hours=1&weeks=1", "Choose a size."),
        ("size=&count=3&times=1&hours=1&weeks=1", "Choose a size."),
        ("size=m3.quad&count=0&times=1&hours=1&weeks=1", "How many: a whole number from 1 to 10,000."),
        ("size=m3.quad&count=1.5&times=1&hours=1&weeks=1", "How many"),
        ("mode=class&size=m3.quad&count=x&times=1&hours=1&weeks=1", "How many students"),
        ("size=m3.quad&count=1&times=0&hours=1&weeks=1", "Times a week"),
        ("size=m3.quad&count=1&times=1&hours=nan&weeks=1", "Hours each time"),
        ("size=m3.quad&count=1&times=1&hours=1e999999&weeks=1", "Hours each time"),
        ("size=m3.quad&count=1&times=8&hours=24&weeks=1", "more than the 168 hours"),
        ("size=m3.quad&count=1&times=1&hours=1&weeks=521", "Weeks"),
        ("size=m3.quad&count=1", "Times a week"),
    ],
)
def test_a_line_that_cannot_be_says_why_and_keeps_what_was_typed(line: str, said: str) -> None:
    found = read(line)
    assert found.lines == []
    assert said in found.rows[0].problem
    assert found.rows[0].count == parse_qs(line, keep_blank_values=True)["count"][0]


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("spare=101", "What is spare"),
        ("spare=-1", "What is spare"),
        ("storage=1.5", "Storage"),
        ("storage=99999999", "Storage"),
        ("begins=tomorrow", "Write the first day"),
        ("begins=2096-01-01", "up to 10 years"),
    ],
)
def test_what_is_wrong_beside_the_lines_is_said_and_the_usual_taken(query: str, said: str) -> None:
    found = read(query)
    assert len(found.problems) == 1 and said in found.problems[0]
    assert (found.spare, found.storage_gb, found.begins) == (10, 0, TODAY)


def test_the_address_of_a_plan_is_that_plan() -> None:
    first = read(
        "mode=class&begins=2026-10-01&spare=5&storage=50&for=A+class+%26+more&size=m3.quad&count=40&times=1.5&hours=3&weeks=15"
    )
    again = read(first.query)
    assert again == first and again.what_for == "A class & more"


def test_more_lines_than_it_takes_are_cut_off() -> None:
    found = read("&".join("size=m3.quad&count=1&times=1&hours=1&weeks=1" for _ in range(100)))
    assert len(found.rows) == MOST_LINES


def test_numbers_may_be_written_with_commas() -> None:
    assert read("size=m3.quad&count=1,000&times=1&hours=1&weeks=1").lines[0].count == 1000
