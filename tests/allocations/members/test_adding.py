"""Adding people: what a list would do, and doing it, at a source that can and at one that cannot."""

import pytest
from django.utils import timezone

from allocations.members import adding, deciding
from allocations.members.models import Decision
from allocations.members.sheets import read
from allocations.models import Allocation
from allocations.services import apply_projects
from allocations.sources.models import MemberRecord, MembershipRequest
from portal.accounts.models import User
from portal.core.errors import PortalError
from portal.core.models import AuditEvent
from portal.notices.models import Notice
from tests.allocations.members.conftest import BY_HAND, Source, seen_by
from tests.allocations.test_services import granted
from tests.cast import make_user

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def can_do(source: Source) -> Source:
    return source


def listed(allocation: Allocation, username: str, user: User | None = None, **fields: object) -> MemberRecord:
    """A source lists that person."""
    now = timezone.now()
    given: dict[str, object] = {"source": "access", "role": "member", "since": now, "seen_at": now}
    return MemberRecord.objects.create(
        allocation=allocation, username=username, user=user, **{**given, **fields}
    )


def add(by: User, allocation: Allocation, text: str, role: str = "member") -> list[MembershipRequest]:
    return adding.add(allocation=seen_by(by, allocation), by=by, sheet=read(text), role=role)


def test_good_lines_are_asked_for_and_the_rest_is_passed_over(
    pi: User, member: User, allocation: Allocation
) -> None:
    rows = add(pi, allocation, "ada\nbob\nx/y\ngrace\n")
    assert [(row.username, row.action, row.state) for row in rows] == [
        ("ada", "add", "asked"),
        ("grace", "add", "asked"),
    ]
    assert {row.asked_by for row in rows} == {pi}


def test_nobody_good_is_a_refusal_with_a_reason(pi: User, member: User, allocation: Allocation) -> None:
    with pytest.raises(PortalError, match="members:nobody") as refused:
        add(pi, allocation, "bob")
    assert "already" in refused.value.params["reason"]


def test_a_member_adds_nobody(member: User, allocation: Allocation) -> None:
    with pytest.raises(PortalError, match="portal:forbidden"):
        add(member, allocation, "ada")
    assert not MembershipRequest.objects.exists()


def test_the_role_waits_for_the_person_and_is_theirs_when_the_cloud_lets_them_in(
    pi: User, allocation: Allocation
) -> None:
    add(pi, allocation, "username;role\nada;TA\n")
    ada = make_user("ada")
    apply_projects(ada, "demo", [granted()], [])
    assert ada.memberships.get().role == "ta"


def test_a_name_that_is_only_the_portals_own_gives_nobody_a_role(pi: User, allocation: Allocation) -> None:
    """Whoever happens to be called so here is not whom the PI meant."""
    add(pi, allocation, "username;role\nada;manager\n")
    other = make_user("ada", access_id="someone-else@access-ci.org")
    apply_projects(other, "demo", [granted()], [])
    assert other.memberships.get().role == "member"


def test_nobody_is_brought_in_above_the_manager(manager: User, allocation: Allocation) -> None:
    with pytest.raises(PortalError, match="members:nobody"):
        add(manager, allocation, "ada", role="co_pi")


def test_a_strange_resource_is_told_of(pi: User, allocation: Allocation) -> None:
    found = adding.preview(
        allocation=seen_by(pi, allocation),
        by=pi,
        sheet=read("username;resources\nada;cpu|quantum\n"),
        role="member",
        resources=[],
    )
    assert "quantum" in found.people[0].why_not


def test_who_was_removed_here_is_marked_and_comes_back_by_being_added(
    pi: User, allocation: Allocation
) -> None:
    listed(allocation, "ada")
    deciding.decide(allocation, "ada", None, by=pi, out=True)
    found = adding.preview(
        allocation=seen_by(pi, allocation), by=pi, sheet=read("ada"), role="member", resources=[]
    )
    assert "Removed here by Alice" in found.people[0].note
    add(pi, allocation, "ada")
    assert not Decision.objects.get(username="ada").out


def test_two_hundred_at_once_are_asked_for_in_portions(pi: User, allocation: Allocation) -> None:
    rows = add(pi, allocation, "\n".join(f"student{number:03}" for number in range(250)))
    assert len(rows) == 250
    assert AuditEvent.objects.filter(action="member.welcome").count() == 250


def test_whom_the_portal_knows_is_told_once(pi: User, allocation: Allocation) -> None:
    ada = make_user("ada")
    add(pi, allocation, "ada")
    assert [notice.title for notice in Notice.objects.filter(user=ada)] == ["Alice adds you to BIO220047"]


def test_where_the_source_takes_nothing_only_what_was_decided_is_kept(
    pi: User, allocation: Allocation, source: Source
) -> None:
    source(BY_HAND)
    assert add(pi, allocation, "ada", role="ta") == []
    assert not MembershipRequest.objects.exists()
    assert Decision.objects.get(username="ada").role == "ta"


def test_when_it_cannot_be_asked_nothing_was_decided(
    pi: User, allocation: Allocation, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(**_: object) -> None:
        raise PortalError("portal:too-many", outcome="retry")

    monkeypatch.setattr("allocations.sources.requests.ask", fails)
    with pytest.raises(PortalError, match="portal:too-many"):
        add(pi, allocation, "ada")
    assert not Decision.objects.exists()
