"""The code of a link: wrong ones, counted; and what is told of good ones."""

from typing import Any

import pytest

from instances.workshops.models import Workshop
from instances.workshops.roster import links
from instances.workshops.roster.models import JoinLink
from portal.accounts.models import User
from portal.core.errors import PortalError
from portal.core.resealing import reseal_all

pytestmark = pytest.mark.django_db


def problem(given: str, asker: str = "a", address: str = "10.0.0.1") -> str:
    with pytest.raises(PortalError) as found:
        links.find(given, asker=asker, address=address)
    return found.value.id


def test_a_link_is_found_by_its_code_however_it_is_typed(link: JoinLink) -> None:
    code = links.shown(link).code
    assert links.find(code.lower(), asker="a", address="x") == link
    assert links.find(code.replace("-", " "), asker="a", address="x") == link
    assert links.shown(link).address.endswith(f"/w/join/{code}/")


def test_the_eleventh_wrong_code_is_told_nothing_nor_is_a_right_one_after_it(link: JoinLink) -> None:
    for _ in range(10):
        assert problem("WRONG-WRONG") == "roster:unknown-code"
    assert problem("WRONG-WRONG") == "portal:too-many"
    assert problem(links.shown(link).code) == "portal:too-many"
    assert links.find(links.shown(link).code, asker="another", address="10.0.0.1") == link


def test_who_takes_another_browser_each_time_is_stopped_by_the_address(link: JoinLink) -> None:
    for number in range(200):
        assert problem("00000-00000", asker=f"b{number}") == "roster:unknown-code"
    assert problem(links.shown(link).code, asker="fresh") == "portal:too-many"
    assert links.find(links.shown(link).code, asker="fresh", address="10.0.0.2") == link


def test_right_codes_are_not_counted(link: JoinLink) -> None:
    for _ in range(30):
        links.find(links.shown(link).code, asker="a", address="x")


@pytest.mark.parametrize("state", ["ended", "removing", "removed", "cancelled"])
def test_a_link_ends_with_its_workshop(link: JoinLink, workshop: Workshop, state: str) -> None:
    Workshop.objects.filter(pk=workshop.pk).update(state=state)
    assert problem(links.shown(link).code) == "roster:over"


def test_a_withdrawn_link_says_so(link: JoinLink, workshop: Workshop, member: User) -> None:
    assert links.live(workshop) == link
    assert links.revoke(workshop=workshop, by=member)
    assert not links.revoke(workshop=workshop, by=member)
    assert links.live(workshop) is None
    assert problem(links.shown(link).code) == "roster:revoked"


@pytest.mark.parametrize("cap", [0, -1, links.LARGEST_CAP + 1])
def test_a_cap_has_bounds(workshop: Workshop, member: User, link: JoinLink, cap: int) -> None:
    for call in (links.make, links.set_cap):
        with pytest.raises(PortalError):
            call(workshop=workshop, by=member, cap=cap)
    link.refresh_from_db()
    assert (link.revoked_at, link.cap) == (None, None)


def test_no_link_is_made_for_what_is_over(workshop: Workshop, member: User) -> None:
    Workshop.objects.filter(pk=workshop.pk).update(state="ended")
    with pytest.raises(PortalError) as found:
        links.make(workshop=workshop, by=member)
    assert found.value.id == "roster:over"


def test_codes_move_to_a_new_key_with_everything_else_that_is_sealed(link: JoinLink, settings: Any) -> None:
    code, before = links.shown(link).code, link.sealed_code
    settings.SEAL_KEYS = ["another key that is long enough to be one", *settings.SEAL_KEYS]
    reseal_all()
    settings.SEAL_KEYS = settings.SEAL_KEYS[:1]
    link.refresh_from_db()
    assert link.sealed_code != before
    assert links.shown(link).code == code
