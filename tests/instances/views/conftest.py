"""Pages are asked for as a browser does: with a session, with or without htmx."""

import html
import re
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest
from django.test import Client
from django.utils import timezone

from allocations.models import Allocation
from instances.models import Instance, Poll
from portal.accounts.models import User
from tests.instances.rows import machine, offer

if TYPE_CHECKING:
    from django.test.client import _MonkeyPatchedWSGIResponse as Answer
else:
    from django.http import HttpResponse as Answer

__all__ = ["HTMX", "Answer", "names_in", "signed_in", "text_of"]
HTMX = {"HX-Request": "true"}
SignIn = Callable[[User], Client]


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def text_of(response: Answer) -> str:
    """What a person reads: the markup without tags, in one line."""
    words = re.sub(r"<[^>]+>", " ", response.content.decode())
    return " ".join(html.unescape(words).split())


def names_in(response: Answer) -> list[str]:
    """The machines of a list, from top to bottom."""
    cells = re.findall(r'<td class="c-name"><a href="[^"]+">([^<]+)</a>', response.content.decode())
    return [html.unescape(name) for name in cells]


@pytest.fixture
def read(allocation: Allocation) -> Poll:
    now = timezone.now()
    return Poll.objects.create(allocation=allocation, what=Poll.What.SERVERS, next_at=now, ok_at=now)


@pytest.fixture
def lab(allocation: Allocation, member: User, read: Poll) -> Instance:
    """The member's running machine, in an allocation whose catalogue is read."""
    offer(allocation)
    return machine(allocation, member)
