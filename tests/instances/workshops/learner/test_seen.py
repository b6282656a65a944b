"""Who is here: said often, written seldom. And how far somebody is."""

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from instances.workshops.access import taking_part
from instances.workshops.learner import seen, steps
from instances.workshops.models import Attendance, Learner, Seat, Workshop
from portal.accounts.models import User
from portal.core.errors import PortalError
from tests.instances.workshops.room import add_meeting

SECOND, MINUTE, HOUR = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1)


def part_of(user: User, workshop: Workshop) -> Learner:
    return taking_part(user, workshop.pk)


def test_it_is_written_at_most_once_a_minute(
    workshop: Workshop, seat: Seat, lea: User, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    now = timezone.now()
    assert seen.touch(part_of(lea, workshop), now)
    again = part_of(lea, workshop)
    with django_assert_num_queries(3):
        # One conditional update, in its savepoint: nothing matched, nothing is written.
        assert not seen.touch(again, now + 30 * SECOND)
    assert seen.touch(part_of(lea, workshop), now + 60 * SECOND)


def test_at_the_seat_during_a_meeting_it_is_attendance(workshop: Workshop, seat: Seat, lea: User) -> None:
    now = timezone.now()
    for minutes in (0, 2, 31):
        seen.touch(part_of(lea, workshop), now + minutes * MINUTE)
    found = Attendance.objects.get()
    assert (found.first_at, found.last_at) == (now, now + 31 * MINUTE)


def test_in_line_or_between_meetings_nobody_attends(workshop: Workshop, seat: Seat, lea: User) -> None:
    workshop.meetings.all().delete()
    add_meeting(workshop, timezone.now() + 5 * HOUR, timezone.now() + 6 * HOUR)
    assert seen.touch(part_of(lea, workshop))
    assert not Attendance.objects.exists()
    Seat.objects.filter(pk=seat.pk).update(learner=None)
    assert seen.touch(part_of(lea, workshop), timezone.now() + 2 * MINUTE)
    assert not Attendance.objects.exists()


def test_of_two_meetings_that_touch_it_is_the_one_that_is_on(
    workshop: Workshop, seat: Seat, lea: User
) -> None:
    workshop.meetings.all().delete()
    now = timezone.now()
    add_meeting(workshop, now - 2 * HOUR, now - MINUTE)
    second = add_meeting(workshop, now - MINUTE, now + HOUR)
    seen.touch(part_of(lea, workshop), now)
    assert Attendance.objects.get().meeting == second


def test_who_comes_is_told_to_the_board_and_who_stays_is_not(
    workshop: Workshop, seat: Seat, lea: User
) -> None:
    now = timezone.now()

    def version() -> int:
        return Seat.objects.get(pk=seat.pk).version

    before = version()
    seen.touch(part_of(lea, workshop), now)
    came = version()
    seen.touch(part_of(lea, workshop), now + MINUTE)
    assert (came, version()) == (before + 1, came)
    seen.touch(part_of(lea, workshop), now + 10 * MINUTE)
    assert version() == came + 1


def test_an_open_page_says_that_it_is_open(workshop: Workshop, seat: Seat, lea: User, client: Client) -> None:
    client.force_login(lea)
    assert client.post(f"/w/{workshop.pk}/here/").status_code == 204
    assert Learner.objects.get(user=lea).seen_at is not None
    assert client.get(f"/w/{workshop.pk}/here/").status_code == 405


@pytest.fixture
def stepped(workshop: Workshop) -> Workshop:
    Workshop.objects.filter(pk=workshop.pk).update(steps=["Log in", "Look round", "Log out"])
    return Workshop.objects.get(pk=workshop.pk)


def test_a_step_is_marked_and_taken_back(stepped: Workshop, seat: Seat, lea: User) -> None:
    assert steps.mark(learner=part_of(lea, stepped), step=2).step == 2
    found = part_of(lea, stepped)
    assert found.step == 2 and found.step_at is not None
    steps.mark(learner=found, step=1)
    assert part_of(lea, stepped).step == 1


@pytest.mark.parametrize("step", [-1, 4])
def test_there_is_no_step_beyond_the_last(stepped: Workshop, seat: Seat, lea: User, step: int) -> None:
    with pytest.raises(PortalError) as refused:
        steps.mark(learner=part_of(lea, stepped), step=step)
    assert refused.value.id == "workshops:no-step"


def test_the_check_list_is_a_form_that_works_without_script(
    stepped: Workshop, seat: Seat, lea: User, client: Client
) -> None:
    client.force_login(lea)
    path = f"/w/{stepped.pk}/steps/"
    assert client.post(path, {"step": "3"}).status_code == 302
    shown = client.get(path).content.decode()
    assert shown.count('aria-pressed="true"') == 3
    assert "3 of 3 done" in shown
    for wrong in ("", "x", "-1", "99"):
        assert client.post(path, {"step": wrong}).status_code in (400, 422)
