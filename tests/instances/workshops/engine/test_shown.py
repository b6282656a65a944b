"""How machines of a class look among the others of their allocation."""

import pytest
from django.test import Client
from django.urls import reverse

from instances.models import Instance
from instances.rows import row
from instances.workshops.models import Seat
from portal.accounts.models import User

pytestmark = pytest.mark.django_db


def test_the_list_says_that_a_machine_is_a_workshops(seat: Seat, member: User, client: Client) -> None:
    assert seat.instance is not None
    client.force_login(member)
    page = client.get(reverse("instances:list", args=[seat.workshop.allocation.slug]))
    assert 'title="The portal made it for this">workshop</span>' in page.content.decode()
    assert row(seat.instance).role == "workshop"


def test_a_machine_of_another_tool_is_no_seat_whatever_it_says(seat: Seat) -> None:
    found = seat.instance
    assert found is not None
    Instance.objects.filter(pk=found.pk).update(metadata={"helioRole": "seat"})
    assert row(Instance.objects.get(pk=found.pk)).role == ""
    Instance.objects.filter(pk=found.pk).update(metadata={"helioRole": "<b>", "helioInstance": str(found.pk)})
    assert row(Instance.objects.get(pk=found.pk)).role == ""
