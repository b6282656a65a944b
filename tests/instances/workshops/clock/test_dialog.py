"""Extending by the page's dialog: two who have it open at once extend once."""

import re

import pytest
from django.test import Client
from django.urls import reverse

from instances.workshops.models import Helper, Workshop
from portal.accounts.models import User
from tests.cast import make_user
from tests.instances.workshops.clock.conftest import END, MINUTE, Clock, times
from tests.instances.workshops.room import make_helper


def dialog(user: User, workshop: Workshop) -> tuple[Client, str, str]:
    """Who has it open, where it posts to, and the end that it showed."""
    client, url = Client(), reverse("workshops:act", args=[workshop.pk, "extend"])
    client.force_login(user)
    page = client.get(url).content.decode()
    shown = re.search(r'name="seen" value="([^"]+)"', page)
    assert shown is not None
    return client, url, shown[1]


@pytest.fixture
def instructor(running: Workshop) -> User:
    found = make_user("ines")
    make_helper(running, found, Helper.Role.INSTRUCTOR)
    return found


def test_the_second_of_two_is_told_of_the_first(
    running: Workshop, member: User, instructor: User, clock: Clock
) -> None:
    first, second = dialog(member, running), dialog(instructor, running)
    for (client, url, seen), status in ((first, 302), (second, 409)):
        assert client.post(url, {"minutes": "30", "seen": seen}).status_code == status
    assert times(running)[0][1] == END + 30 * MINUTE
    client, url, seen = dialog(instructor, running)
    assert client.post(url, {"minutes": "15", "seen": seen}).status_code == 302
    assert times(running)[0][1] == END + 45 * MINUTE


@pytest.mark.parametrize("odd", ["yesterday", "2026-11-24T10:00:00", "9" * 400, "2026-13-99T00:00:00+00:00"])
def test_an_end_that_cannot_be_read_breaks_nothing(running: Workshop, member: User, odd: str) -> None:
    client, url, _ = dialog(member, running)
    assert client.post(url, {"minutes": "15", "seen": odd}).status_code == 302


@pytest.mark.parametrize("minutes", ["", "x", "٣٠", "-15", "99999999"])
def test_minutes_that_are_not_offered_are_refused(running: Workshop, member: User, minutes: str) -> None:
    client, url, seen = dialog(member, running)
    assert client.post(url, {"minutes": minutes, "seen": seen}).status_code == 422
    assert times(running)[0][1] == END
