"""An allocation with its people, a machine of the member, and a source that carries changes out or does not."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from allocations.access import allocation_for
from allocations.members.people import key_of
from allocations.models import Allocation
from allocations.roles import Need
from allocations.sources.capabilities import Capabilities
from allocations.sources.people import login_name
from portal.accounts.models import User
from tests.portal.api.conftest import Api, api, catalogue, machine

__all__ = ["Api", "api", "catalogue", "machine"]

BY_HAND = Capabilities(
    "", "", False, False, False, False, "Ask the PI to do it at ACCESS.", "https://access.test/"
)
KEYED = Capabilities(
    "access", "ACCESS", True, True, False, True, "", "https://access.test/", "It can take 4 hours."
)
KEYSTONE = Capabilities("keystone", "the cloud", True, True, True, False, "", "")
_PAGES = ("views_add", "views_invitations", "views_join", "views_remove", "views_roles")
_ASKING = [f"members.{name}" for name in ("adding", "roles", "shown", *_PAGES)]
Source = Callable[[Capabilities], None]


@pytest.fixture
def source(monkeypatch: pytest.MonkeyPatch) -> Source:
    """What the source of this cloud can do: until a test says otherwise, all that ACCESS with keys can."""

    def becomes(can: Capabilities) -> None:
        for module in ("sources.requests", *_ASKING):
            monkeypatch.setattr(f"allocations.{module}.capabilities", lambda allocation: replace(can))

    becomes(KEYED)
    return becomes


def seen_by(user: User, allocation: Allocation) -> Allocation:
    """As it came through the door."""
    return allocation_for(user, allocation.slug, Need.SEE)


def key(user: User) -> str:
    return key_of(login_name(user))
