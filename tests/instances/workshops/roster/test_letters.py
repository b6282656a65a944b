"""What learners are written: the times in the workshop's zone always, and in the reader's where it says something else."""

from datetime import UTC, datetime, timedelta

import pytest

from instances.workshops.roster import letters
from instances.workshops.roster.letters import Facts, due, when

START = datetime(2026, 11, 24, 19, 0, tzinfo=UTC)
FACTS = Facts(
    title="Deep learning",
    host="Carol",
    meetings=[(START, START + timedelta(hours=3))],
    zone="America/Chicago",
    summary="What it is about.",
    needs="You sign in through CILogon.",
)


def with_reader(zone: str) -> Facts:
    return Facts(FACTS.title, FACTS.host, FACTS.meetings, FACTS.zone, zone)


def test_times_are_those_of_the_workshops_zone() -> None:
    assert when(FACTS) == "Tue 24 November 2026, 13:00 to 16:00 (America/Chicago, CST)"


def test_and_of_the_readers_where_clocks_show_something_else() -> None:
    assert when(with_reader("Europe/Berlin")).splitlines()[1] == (
        "  = Tue 24 November 2026, 20:00 to 23:00 (Europe/Berlin, CET)"
    )
    assert len(when(with_reader("America/Chicago")).splitlines()) == 1
    # The same clocks under another name.
    assert len(when(with_reader("America/Winnipeg")).splitlines()) == 1


def test_zones_are_compared_at_the_time_of_the_meeting() -> None:
    in_summer = Facts(
        "x",
        "y",
        [(datetime(2026, 7, 1, 15, tzinfo=UTC), datetime(2026, 7, 1, 16, tzinfo=UTC))],
        "America/Phoenix",
        "America/Denver",
    )
    in_winter = Facts("x", "y", [(START, START + timedelta(hours=1))], "America/Phoenix", "America/Denver")
    assert len(when(in_summer).splitlines()) == 2
    assert len(when(in_winter).splitlines()) == 1


def test_a_meeting_over_midnight_names_both_days() -> None:
    late = Facts("x", "y", [(START, START + timedelta(hours=12))], "UTC")
    assert when(late) == "Tue 24 November 2026, 19:00 to Wed 25 November, 07:00 (UTC)"


def test_many_meetings_are_counted_and_none_is_said() -> None:
    many = Facts("x", "y", [(START, START)] * 15, "UTC")
    assert when(many).endswith("and 3 more, which stand on the workshop's page")
    assert when(Facts("x", "y", [], "UTC")) == "The times are not fixed yet."


def test_an_invitation_says_what_when_how_and_what_is_needed() -> None:
    letter = letters.invitation(FACTS, link="https://portal.example/w/in/x/", by="Carol")
    for said in (
        "Carol invites you",
        "What it is about.",
        "13:00 to 16:00",
        "/w/in/x/",
        "a browser",
        "CILogon",
    ):
        assert said in letter.text, said


def test_a_reminder_says_when_and_who_has_not_joined_is_told_so() -> None:
    assert letters.reminder(FACTS, hours=24, joined=True).subject == "Deep learning is tomorrow"
    assert letters.reminder(FACTS, hours=1, joined=True).subject == "Deep learning is in an hour"
    assert "not joined" in letters.reminder(FACTS, hours=24, joined=False).text


def test_a_goodbye_says_until_when_the_work_is_there() -> None:
    text = letters.goodbye(with_reader("Europe/Berlin"), work_until=START).text
    assert "kept until Tue 24 November 2026, 20:00 (Europe/Berlin, CET)" in text
    assert "Thank you" in text


def test_changes_and_cancelling() -> None:
    assert "13:00 to 16:00" in letters.moved(FACTS).text
    assert "No meeting is planned" in letters.moved(Facts("x", "y", [], "UTC")).text
    assert "cancelled" in letters.cancelled(FACTS).text


@pytest.mark.parametrize(
    ("yes", "seat", "said"),
    [(True, True, "have a seat"), (True, False, "waiting list"), (False, False, "did not let you in")],
)
def test_an_answer(yes: bool, seat: bool, said: str) -> None:
    assert said in letters.answered(FACTS, yes=yes, seat=seat).text


@pytest.mark.parametrize(
    ("hours", "wanted"),
    [(30, 0), (24, 24), (13, 24), (12, 0), (2, 0), (1, 1), (0.1, 1), (0, 0), (-1, 0)],
)
def test_a_reminder_is_due_a_day_and_an_hour_before_and_never_late(hours: float, wanted: int) -> None:
    assert due(START, START - timedelta(hours=hours)) == wanted
