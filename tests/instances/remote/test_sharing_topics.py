"""What open pages may listen to, and what operators see in the admin pages."""

import pytest
from django.test import Client

from instances.models import Instance
from instances.remote import recordings, sharing
from portal.accounts.models import User
from portal.core.errors import PortalError
from portal.core.sockets import group_of
from tests.instances.remote.people import session_on, visit_on

pytestmark = pytest.mark.django_db
SEE = {"pi", "manager", "member", "colleague", "assistant", "reader", "operator"}
HELP = {"pi", "manager", "assistant"}
ROLES = (*sorted(SEE), "former_member", "stranger", "newcomer")


def joins(user: User, name: str) -> bool:
    try:
        return bool(group_of(user, name))
    except PortalError:
        return False


@pytest.mark.parametrize("role", ROLES)
def test_each_listens_to_what_they_may_see(
    lab: Instance, member: User, role: str, request: pytest.FixtureRequest
) -> None:
    session, user = session_on(lab, member), request.getfixturevalue(role)
    assert joins(user, f"remote-of:{lab.pk}") is (role in SEE)
    assert joins(user, f"remote-of-all:{lab.allocation.slug}") is (role in HELP)
    assert joins(user, f"remote:{session.pk}") is (role in SEE)


def test_a_guest_listens_to_the_session_and_to_nothing_else_of_the_machine(
    lab: Instance, member: User, stranger: User
) -> None:
    share = sharing.invite(by=member, session=session_on(lab, member), invited=stranger, mode="view")
    assert not joins(stranger, f"remote:{share.session.pk}")
    visit_on(share, stranger)
    assert group_of(stranger, f"remote:{share.session.pk}") == f"remote.{share.session.pk}"
    assert not joins(stranger, f"remote-of:{lab.pk}")


@pytest.mark.parametrize(
    "name", ["remote:", "remote:nonsense", "remote-of:nonsense", "remote-of-all:nonsense"]
)
def test_what_there_is_not_cannot_be_listened_to(name: str, member: User) -> None:
    assert not joins(member, name)


def test_operators_look_at_sessions_and_see_no_key(lab: Instance, member: User, operator: User) -> None:
    session = session_on(lab, member, session_mark="m" * 32)
    made = recordings.start(by=member, session=session)
    share = sharing.invite(by=member, session=session, invited=None, mode="view")
    visit = visit_on(share, member)
    User.objects.filter(pk=operator.pk).update(is_staff=True)
    client = Client()
    client.force_login(operator)
    for kind, pk in (
        ("remotesession", session.pk),
        ("share", share.pk),
        ("visit", visit.pk),
        ("recording", made.pk),
    ):
        assert client.get(f"/admin/remote/{kind}/").status_code == 200
        page = client.get(f"/admin/remote/{kind}/{pk}/change/")
        assert page.status_code == 200
        assert made.sealed_key.encode() not in page.content
        assert b"m" * 32 not in page.content
        assert client.post(f"/admin/remote/{kind}/{pk}/delete/", {"post": "yes"}).status_code == 403
