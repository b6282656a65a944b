"""Who is and was connected: what each sees of it, in a fixed number of queries, and ending what goes on."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from allocations.access import allocation_for
from allocations.models import Allocation
from allocations.roles import Need
from instances.models import Instance
from instances.remote import connections, recordings, sharing
from instances.remote.connections import Query
from instances.remote.models import RemoteSession, Visit
from portal.accounts.models import User
from portal.core.models import AuditEvent
from tests.instances import rows
from tests.instances.remote.people import ended_on, session_on, visit_on
from tests.instances.views.conftest import HTMX, signed_in, text_of

pytestmark = pytest.mark.django_db


def of_machine(lab: Instance, viewer: User, **query: str) -> connections.Page:
    allocation = allocation_for(viewer, lab.allocation.slug, Need.SEE)
    return connections.page_of(connections.of_instance(lab), Query.read(query), viewer, allocation)


def page(user: User, lab: Instance, query: str = "", **more: Any) -> Any:
    return signed_in(user).get(f"/instances/{lab.pk}/connections/{query}", **more)


# What is shown.


def test_what_goes_on_stands_above_what_has_ended_newest_first(lab: Instance, member: User) -> None:
    now = timezone.now()
    old = ended_on(lab, member, asked_at=now - timedelta(hours=3))
    new = ended_on(lab, member, asked_at=now - timedelta(hours=1))
    live = session_on(lab, member, asked_at=now - timedelta(hours=5))
    found = of_machine(lab, member)
    assert [row.session for row in found.live] == [live]
    assert [row.session for row in found.past] == [new, old]


def test_pages_follow_each_other_without_a_gap_or_a_double(lab: Instance, member: User) -> None:
    now = timezone.now()
    # Many at one moment: only the id tells them apart.
    made = [ended_on(lab, member, asked_at=now - timedelta(minutes=n // 7)) for n in range(120)]
    live = session_on(lab, member)
    seen: list[RemoteSession] = []
    first = found = of_machine(lab, member)
    while True:
        seen += [row.session for row in found.past]
        if not found.next_after:
            break
        found = of_machine(lab, member, after=found.next_after)
        assert found.live == []
    assert [row.session for row in first.live] == [live]
    assert len(seen) == len(set(seen)) == len(made)
    assert seen == sorted(seen, key=lambda one: (one.asked_at, one.pk), reverse=True)


@pytest.mark.parametrize(
    "query",
    [
        "?after=nonsense",
        "?after=2026-01-01T00:00:00_x",
        "?kind=root",
        "?person=abc",
        "?person=%00",
        "?after=_",
    ],
)
def test_an_address_that_means_nothing_shows_the_first_page(lab: Instance, member: User, query: str) -> None:
    ended_on(lab, member)
    answer = page(member, lab, query)
    assert answer.status_code == 200
    assert "The shell was left." in text_of(answer)


def test_filters_by_kind_person_and_what_goes_on(lab: Instance, member: User, pi: User) -> None:
    shell, desktop = ended_on(lab, member), ended_on(lab, member, kind="desktop")
    of_pi, live = ended_on(lab, pi), session_on(lab, pi)

    def shown(**query: str) -> set[RemoteSession]:
        found = of_machine(lab, member, **query)
        return {row.session for row in (*found.live, *found.past)}

    assert shown(kind="desktop") == {desktop}
    assert shown(person=str(pi.pk)) == {of_pi, live}
    assert shown(live="1") == {live}
    assert shown() == {shell, desktop, of_pi, live}


def test_sessions_of_other_machines_are_not_among_them(
    lab: Instance, member: User, allocation: Allocation, other_allocation: Allocation, stranger: User
) -> None:
    ended_on(rows.machine(allocation, member), member)
    elsewhere = ended_on(rows.machine(other_allocation, stranger), stranger)
    assert of_machine(lab, member).past == []
    assert elsewhere not in connections.of_allocation(allocation)


@pytest.mark.parametrize(
    ("viewer", "sees"),
    [
        ("member", True),
        ("pi", True),
        ("manager", True),
        ("assistant", False),
        ("colleague", False),
        ("reader", False),
    ],
)
def test_from_where_is_for_oneself_and_who_manages(
    lab: Instance, member: User, viewer: str, sees: bool, request: pytest.FixtureRequest
) -> None:
    ended_on(lab, member, source="192.0.2.77")
    answer = page(request.getfixturevalue(viewer), lab)
    assert ("192.0.2.77" in text_of(answer)) is sees


def test_a_row_says_who_ended_it_and_in_words_why(lab: Instance, member: User, pi: User) -> None:
    ended_on(lab, member, end_reason="ended", ended_by=pi)
    ended_on(lab, member, end_reason="of-a-newer-portal")
    told = text_of(page(member, lab))
    assert f"It was ended from the portal. ({pi})" in told
    assert "It ended." in told


def test_a_hostile_name_is_text(lab: Instance, member: User) -> None:
    User.objects.filter(pk=member.pk).update(display_name="<script>alert(1)</script>")
    ended_on(lab, member, login="<b>root</b>")
    answer = page(member, lab)
    assert b"<script>alert" not in answer.content
    assert b"<b>root" not in answer.content


def test_recordings_are_linked_for_those_who_may_replay_them(
    lab: Instance, member: User, pi: User, colleague: User
) -> None:
    session = session_on(lab, pi)
    made = recordings.start(by=pi, session=session)
    link = f"/remote/recordings/{made.pk}/".encode()
    assert link in page(pi, lab).content
    assert link in page(member, lab).content
    assert link not in page(colleague, lab).content


def test_visits_are_shown_with_their_session(lab: Instance, member: User, pi: User, assistant: User) -> None:
    session = session_on(lab, member)
    visit_on(sharing.open_seat(by=pi, session=session), pi)
    gone = visit_on(sharing.open_seat(by=assistant, session=session), assistant)
    Visit.objects.filter(pk=gone.pk).update(left_at=timezone.now())
    told = text_of(page(member, lab))
    assert f"{pi} looks on" in told
    assert f"{assistant} was on it" in told


# How many queries.


@pytest.mark.parametrize("many", [1, 20, 500])
def test_as_many_queries_for_one_as_for_many(lab: Instance, member: User, pi: User, many: int) -> None:
    now = timezone.now()
    RemoteSession.objects.bulk_create(
        RemoteSession(
            instance=lab,
            person=(member, pi)[n % 2],
            kind="shell",
            login="x",
            asked_at=now,
            started_at=now,
            ended_at=now if n % 3 else None,
            end_reason="exited",
        )
        for n in range(many)
    )
    for session in RemoteSession.objects.all()[:40]:
        Visit.objects.create(session=session, person=pi, mode="view", joined_at=now)
    client = signed_in(pi)
    for path, most in (
        (f"/instances/{lab.pk}/connections/", 13),
        (f"/allocations/{lab.allocation.slug}/connections/", 13),
        ("/profile/connections/", 11),
    ):
        with CaptureQueriesContext(
            connection,
        ) as counted:
            assert client.get(path, headers=HTMX).status_code == 200
        assert len(counted) <= most, [query["sql"][:120] for query in counted]


def test_who_is_on_it_costs_the_same_for_many(lab: Instance, member: User, pi: User) -> None:
    def cost() -> int:
        with CaptureQueriesContext(connection) as counted:
            client.get(f"/instances/{lab.pk}/who/", headers=HTMX)
        return len(counted)

    client = signed_in(member)
    visit_on(sharing.open_seat(by=pi, session=session_on(lab, member)), pi)
    one = cost()
    for _ in range(30):
        visit_on(sharing.open_seat(by=pi, session=session_on(lab, member)), pi)
    assert cost() == one


# Who is on it now.


def test_the_machines_page_says_who_is_on_it_now(lab: Instance, member: User, pi: User) -> None:
    visit_on(sharing.open_seat(by=pi, session=session_on(lab, member)), pi)
    session_on(lab, member, started_at=None)
    ended_on(lab, member)
    told = text_of(signed_in(member).get(f"/instances/{lab.pk}/who/", headers=HTMX))
    assert told == f"1 connected {member}, {pi}"


def test_it_says_nothing_where_nobody_is(lab: Instance, member: User) -> None:
    assert text_of(signed_in(member).get(f"/instances/{lab.pk}/who/", headers=HTMX)) == ""


# Ending.


def disconnect(user: User, session: RemoteSession, **more: Any) -> Any:
    return signed_in(user).post(f"/remote/{session.pk}/disconnect/", **more)


@pytest.mark.parametrize(
    ("role", "reason"), [("member", "closed"), ("pi", "ended"), ("manager", "ended"), ("assistant", "ended")]
)
def test_whose_it_is_and_who_helps_others_end_it(
    lab: Instance, member: User, role: str, reason: str, request: pytest.FixtureRequest
) -> None:
    session = session_on(lab, member)
    ender = request.getfixturevalue(role)
    asked = signed_in(ender).get(f"/remote/{session.pk}/disconnect/", headers=HTMX)
    assert b"End it" in asked.content
    session.refresh_from_db()
    assert session.ended_at is None
    assert disconnect(ender, session, headers=HTMX).status_code == 204
    session.refresh_from_db()
    assert (session.end_reason, session.ended_by) == (reason, ender)
    assert AuditEvent.objects.get(action="remote.ended").actor_name == str(ender)


@pytest.mark.parametrize(
    ("role", "status"),
    [
        ("colleague", 403),
        ("reader", 403),
        ("operator", 403),
        ("stranger", 404),
        ("former_member", 404),
        ("newcomer", 404),
    ],
)
def test_nobody_else_ends_it(
    lab: Instance, member: User, role: str, status: int, request: pytest.FixtureRequest
) -> None:
    session = session_on(lab, member)
    user = request.getfixturevalue(role)
    assert disconnect(user, session).status_code == status
    assert signed_in(user).get(f"/remote/{session.pk}/disconnect/").status_code == status
    session.refresh_from_db()
    assert session.ended_at is None


def test_the_owner_of_the_machine_ends_what_others_opened_there(
    lab: Instance, member: User, pi: User
) -> None:
    session = session_on(lab, pi)
    assert disconnect(member, session).status_code == 302
    session.refresh_from_db()
    assert session.ended_by == member


def test_without_script_one_comes_back_to_where_one_was_and_nowhere_else(lab: Instance, member: User) -> None:
    def back(given: str) -> str:
        return str(disconnect(member, session_on(lab, member), data={"back": given})["Location"])

    assert back("/profile/connections/?kind=shell") == "/profile/connections/?kind=shell"
    for elsewhere in ("https://evil.example/", "//evil.example/", "javascript:alert(1)", ""):
        assert back(elsewhere) == "/profile/connections/"


def test_ended_twice_it_ended_once(lab: Instance, member: User, pi: User) -> None:
    session = session_on(lab, member)
    disconnect(pi, session)
    disconnect(member, session)
    session.refresh_from_db()
    assert session.ended_by == pi
    assert AuditEvent.objects.filter(action="remote.ended").count() == 1


# Pages as pages.


def test_the_buttons_are_those_of_the_viewer(
    lab: Instance, member: User, assistant: User, colleague: User
) -> None:
    session = session_on(lab, member)
    seat, end = f"/remote/{session.pk}/seat/", f"/remote/{session.pk}/disconnect/"
    for user, looks_on, ends in ((member, False, True), (assistant, True, True), (colleague, False, False)):
        told = page(user, lab).content.decode()
        assert (seat in told, end in told) == (looks_on, ends), user


def test_a_list_that_changed_is_fetched_at_its_own_address(lab: Instance, member: User) -> None:
    whole, part = page(member, lab, "?kind=shell"), page(member, lab, "?kind=shell", headers=HTMX)
    assert b"<html" in whole.content
    assert b"<html" not in part.content
    assert f'hx-get="/instances/{lab.pk}/connections/?kind=shell"'.encode() in part.content


def test_a_person_sees_their_own_everywhere_and_no_others(
    lab: Instance, member: User, pi: User, allocation: Allocation
) -> None:
    ended_on(lab, member)
    ended_on(rows.machine(allocation, pi, name="pi-machine"), pi)
    told = text_of(signed_in(member).get("/profile/connections/"))
    assert "blast-node" in told
    assert "pi-machine" not in told


def test_an_allocations_connections_are_for_who_helps_others_there(
    lab: Instance, member: User, request: pytest.FixtureRequest
) -> None:
    ended_on(lab, member)
    path = f"/allocations/{lab.allocation.slug}/connections/"
    for role, status in (
        ("pi", 200),
        ("assistant", 200),
        ("member", 403),
        ("operator", 403),
        ("stranger", 404),
    ):
        assert signed_in(request.getfixturevalue(role)).get(path).status_code == status, role
    nav = signed_in(request.getfixturevalue("pi")).get(path).content.decode()
    assert path in nav
    assert path not in signed_in(member).get(f"/instances/{lab.pk}/connections/").content.decode()


def test_the_connections_of_a_deleted_machine_stay_readable(lab: Instance, member: User) -> None:
    ended_on(lab, member)
    Instance.objects.filter(pk=lab.pk).update(deleted_at=timezone.now(), status="DELETED")
    assert "The shell was left." in text_of(page(member, lab))
