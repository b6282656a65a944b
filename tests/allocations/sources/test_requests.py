"""Asking: who may, what is refused at once, and that asking twice is asking once."""

import pytest

from allocations.models import Allocation, Membership
from allocations.sources import requests
from allocations.sources.models import MembershipRequest
from portal.accounts.models import User
from portal.core.errors import PortalError
from portal.core.models import AuditEvent
from tests.cast import join, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def keys(monkeypatch: pytest.MonkeyPatch) -> None:
    """A portal that can: nothing here is sent anywhere."""
    monkeypatch.setenv("ACCESS_USERMANAGEMENT_KEY", "a-key")
    monkeypatch.setenv("ACCESS_USERINFO_KEY", "another")


def names(rows: list[MembershipRequest]) -> list[tuple[str, str, str]]:
    return [(row.username, row.state, row.problem_id) for row in rows]


@pytest.mark.parametrize("role", ["member", "ta", "reader"])
def test_who_does_not_manage_asks_for_nothing(allocation: Allocation, role: str) -> None:
    person = make_user("somebody")
    join(person, allocation, role)
    with pytest.raises(PortalError, match="portal:forbidden"):
        requests.ask(allocation=allocation, by=person, action="add", usernames=["newbie"])
    assert not MembershipRequest.objects.exists()


def test_strangers_and_operators_ask_for_nothing(allocation: Allocation) -> None:
    with pytest.raises(PortalError, match="portal:not-found"):
        requests.ask(allocation=allocation, by=make_user("stranger"), action="add", usernames=["newbie"])
    operator = make_user("op", is_operator=True)
    with pytest.raises(PortalError, match="portal:forbidden"):
        requests.ask(allocation=allocation, by=operator, action="add", usernames=["newbie"])


@pytest.mark.parametrize("role", ["pi", "co_pi", "manager"])
def test_who_manages_asks(allocation: Allocation, role: str) -> None:
    person = make_user("somebody")
    join(person, allocation, role)
    rows = requests.ask(
        allocation=allocation, by=person, action="add", usernames=["newbie"], comment="c" * 900
    )
    assert names(rows) == [("newbie", "asked", "")]
    assert len(rows[0].comment) == 500


def test_asking_twice_is_asking_once(allocation: Allocation, pi: User, manager: User) -> None:
    first = requests.ask(allocation=allocation, by=pi, action="add", usernames=["newbie"])
    again = requests.ask(allocation=allocation, by=manager, action="add", usernames=["Newbie", "other"])
    assert again[0].pk == first[0].pk
    assert MembershipRequest.objects.count() == 2


def test_asking_for_another_role_takes_the_first_back(allocation: Allocation, pi: User) -> None:
    [first] = requests.ask(allocation=allocation, by=pi, action="add", usernames=["newbie"])
    [second] = requests.ask(allocation=allocation, by=pi, action="add", usernames=["newbie"], role="ta")
    first.refresh_from_db()
    assert (first.state, first.problem_id) == ("refused", "sources:superseded")
    assert [row.request.pk for row in requests.open_of(allocation)] == [second.pk]
    assert "Alice asked for something else" in requests.words(first, allocation)


def test_an_invalid_name_takes_nothing_back(allocation: Allocation, pi: User) -> None:
    requests.ask(allocation=allocation, by=pi, action="add", usernames=["newbie"])
    requests.ask(allocation=allocation, by=pi, action="role", usernames=["newbie"], role="pi")
    assert [row.state for row in requests.open_of(allocation)] == ["asked"]


def test_the_pi_is_neither_removed_nor_demoted(allocation: Allocation, pi: User, manager: User) -> None:
    rows = requests.ask(allocation=allocation, by=manager, action="remove", usernames=["alice"])
    assert names(rows) == [("alice", "refused", "sources:the-pi")]


def test_a_manager_does_not_remove_a_co_pi_and_the_pi_does(
    allocation: Allocation, pi: User, manager: User
) -> None:
    join(make_user("hiro"), allocation, Membership.Role.CO_PI)
    refused = requests.ask(allocation=allocation, by=manager, action="remove", usernames=["hiro"])
    assert names(refused) == [("hiro", "refused", "sources:a-co-pi")]
    taken = requests.ask(allocation=allocation, by=pi, action="remove", usernames=["hiro"])
    assert names(taken) == [("hiro", "asked", "")]


def test_nobody_is_made_pi_from_here(allocation: Allocation, pi: User) -> None:
    rows = requests.ask(allocation=allocation, by=pi, action="add", usernames=["newbie"], role="pi")
    assert names(rows) == [("newbie", "refused", "sources:role-not-given-here")]


def test_roles_at_access_are_not_changed_from_here(allocation: Allocation, pi: User, member: User) -> None:
    rows = requests.ask(allocation=allocation, by=pi, action="role", usernames=["bob"], role="manager")
    assert names(rows) == [("bob", "refused", "sources:cannot")]
    assert "holds in this portal only" in requests.words(rows[0], allocation)


def test_too_many_at_once_are_taken_not_at_all(allocation: Allocation, pi: User) -> None:
    with pytest.raises(PortalError, match="sources:too-many-names"):
        requests.ask(allocation=allocation, by=pi, action="add", usernames=[f"n{i}" for i in range(201)])
    assert not MembershipRequest.objects.exists()


def test_somebody_who_asks_all_the_time_is_slowed_down(allocation: Allocation, pi: User) -> None:
    with pytest.raises(PortalError, match="portal:too-many"):
        for _ in range(130):
            requests.ask(allocation=allocation, by=pi, action="add", usernames=[])


def test_what_was_asked_is_on_the_trail_even_where_it_was_refused(allocation: Allocation, pi: User) -> None:
    requests.ask(allocation=allocation, by=pi, action="add", usernames=["newbie", "a b"])
    trail = AuditEvent.objects.filter(scope=f"allocation.{allocation.pk}", actor_id=str(pi.pk))
    assert sorted(trail.values_list("action", "target_id")) == [
        ("members.add-asked", "newbie"),
        ("members.add-refused", "a b"),
    ]


def test_what_is_under_way_is_said_in_words(allocation: Allocation, pi: User) -> None:
    requests.ask(allocation=allocation, by=pi, action="add", usernames=["newbie"])
    [shown] = requests.open_of(allocation)
    assert (shown.words, shown.by, shown.action) == ("on its way to ACCESS", "Alice", "add")


def test_a_worker_is_woken_after_the_commit(
    allocation: Allocation,
    pi: User,
    monkeypatch: pytest.MonkeyPatch,
    django_capture_on_commit_callbacks: object,
) -> None:
    sent: list[tuple[str, tuple[object, ...]]] = []
    monkeypatch.setattr(
        "allocations.sources.queue._send", lambda task, ids, expires: sent.append((task, ids))
    )
    with django_capture_on_commit_callbacks(execute=True):  # type: ignore[operator]
        requests.ask(allocation=allocation, by=pi, action="add", usernames=["newbie"])
    assert sent == [("carry", (allocation.pk,))]


def test_nobody_else_reads_of_it(allocation: Allocation, other_allocation: Allocation, pi: User) -> None:
    requests.ask(allocation=allocation, by=pi, action="add", usernames=["newbie"])
    assert requests.open_of(other_allocation) == []
    assert requests.recent(other_allocation) == []


def test_without_a_key_it_is_refused_and_says_where_to_go(
    allocation: Allocation, pi: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("ACCESS_USERMANAGEMENT_KEY")
    rows = requests.ask(allocation=allocation, by=pi, action="add", usernames=["newbie"])
    assert names(rows) == [("newbie", "refused", "sources:cannot")]
    assert "allocations.access-ci.org" in requests.words(rows[0], allocation)
