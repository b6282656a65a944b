"""Who may be let onto a session, what they may do there, and that it ends when the owner says so."""

from typing import Any

import pytest
from django.utils import timezone

from allocations.models import Allocation, Membership
from instances.models import Instance, Teammate
from instances.remote import doors, sharing, visits
from instances.remote.models import Mode, RemoteSession, Share, Visit
from portal.accounts.models import User
from portal.core.errors import PortalError
from portal.core.models import AuditEvent
from tests.cast import join, make_user
from tests.instances.remote.people import ended_on, session_on, visit_on

pytestmark = pytest.mark.django_db


@pytest.fixture
def session(lab: Instance, member: User) -> RemoteSession:
    return session_on(lab, member)


def invite(session: RemoteSession, invited: User | None, mode: str = "view") -> Share:
    return sharing.invite(by=session.person, session=session, invited=invited, mode=mode)


def refused(call: Any, *args: Any, **more: Any) -> str:
    with pytest.raises(PortalError) as caught:
        call(*args, **more)
    return caught.value.id


# Invitations.


def test_somebody_named_may_join_without_a_right_to_the_machine(
    session: RemoteSession, stranger: User
) -> None:
    share = invite(session, stranger)
    seat = doors.seat_for(stranger, share.pk)
    assert (seat.session, seat.mode, seat.outsider) == (session, "view", True)
    assert refused(doors.attended_session, stranger, session.pk) == "portal:not-found"


def test_an_invitation_is_of_no_use_to_anybody_else(
    session: RemoteSession, stranger: User, colleague: User, operator: User
) -> None:
    share = invite(session, stranger)
    for other in (colleague, operator):
        assert refused(doors.seat_for, other, share.pk) == "portal:not-found"
    assert refused(doors.seat_for, stranger, "no-uuid") == "portal:not-found"


def test_everybody_means_everybody_with_a_right_to_the_machine(
    session: RemoteSession, lab: Instance, pi: User, colleague: User, stranger: User, reader: User
) -> None:
    share = invite(session, None)
    assert doors.seat_for(pi, share.pk).mode == "view"
    Teammate.objects.create(instance=lab, user=colleague, granted_by=session.person, at=timezone.now())
    assert doors.seat_for(colleague, share.pk).mode == "view"
    assert refused(doors.seat_for, stranger, share.pk) == "portal:not-found"
    assert refused(doors.seat_for, reader, share.pk) == "portal:forbidden"


def test_the_same_person_is_invited_once_and_the_newer_word_counts(session: RemoteSession, pi: User) -> None:
    first = invite(session, pi)
    assert invite(session, pi, "type") == first
    first.refresh_from_db()
    assert first.mode == Mode.TYPE
    assert Share.objects.count() == 1


def test_nobody_invites_themselves_or_to_what_is_over(
    session: RemoteSession, lab: Instance, pi: User
) -> None:
    assert refused(invite, session, session.person) == "remote:own-session"
    assert refused(invite, ended_on(lab, session.person), pi) == "remote:share-over"


@pytest.mark.parametrize("kind", ["files", "port"])
def test_files_and_ports_are_for_one_person(lab: Instance, member: User, pi: User, kind: str) -> None:
    assert refused(invite, session_on(lab, member, kind=kind), pi) == "remote:not-shared"


def test_one_session_has_so_many_invitations_at_most(
    session: RemoteSession, monkeypatch: pytest.MonkeyPatch, pi: User, colleague: User
) -> None:
    monkeypatch.setattr(sharing, "MOST_SHARES", 1)
    invite(session, pi)
    assert refused(invite, session, colleague) == "remote:shares"


def test_an_invitation_ends_with_its_session(session: RemoteSession, stranger: User) -> None:
    share = invite(session, stranger)
    assert list(sharing.invitations_to(stranger)) == [share]
    RemoteSession.objects.update(ended_at=timezone.now(), end_reason="exited")
    assert list(sharing.invitations_to(stranger)) == []
    assert refused(doors.seat_for, stranger, share.pk) == "remote:share-over"


def test_what_was_shared_with_whom_is_written_down(session: RemoteSession, stranger: User) -> None:
    share = invite(session, stranger)
    sharing.set_mode(by=session.person, share=share, mode="type")
    sharing.end(by=session.person, share=share)
    told = AuditEvent.objects.order_by("id").values_list("action", "actor_name")
    assert [action for action, _ in told] == ["remote.shared", "remote.share_mode", "remote.share_ended"]
    assert {name for _, name in told} == {str(session.person)}


# Being on it.


def test_joining_is_a_visit_and_leaving_ends_it(session: RemoteSession, stranger: User) -> None:
    share = invite(session, stranger)
    visit = visits.begin(share_id=share.pk, user=stranger, source="192.0.2.9")
    assert (visit.session, visit.mode, visit.source) == (session, "view", "192.0.2.9")
    assert visits.standing(visit.pk) == "view"
    visits.end(visit.pk, "closed")
    visits.end(visit.pk, "signed-out")
    visit.refresh_from_db()
    assert visit.left_at is not None
    assert visit.left_reason == "closed"
    assert visits.standing(visit.pk) is None


def test_a_ticket_shown_after_the_sharing_ended_opens_nothing(session: RemoteSession, stranger: User) -> None:
    share = invite(session, stranger)
    sharing.end(by=session.person, share=share)
    assert refused(visits.begin, share_id=share.pk, user=stranger, source=None) == "remote:share-over"
    assert not Visit.objects.exists()


def test_a_session_that_ends_meanwhile_lets_nobody_on(
    session: RemoteSession, stranger: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    share, look = invite(session, stranger), doors.seat_for

    def ended_since(user: Any, share_id: Any) -> Any:
        seat = look(user, share_id)
        RemoteSession.objects.update(ended_at=timezone.now())
        return seat

    monkeypatch.setattr(doors, "seat_for", ended_since)
    assert refused(visits.begin, share_id=share.pk, user=stranger, source=None) == "remote:share-over"


def test_a_full_session_takes_no_more(
    session: RemoteSession, pi: User, stranger: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(visits, "MOST_VISITS", 1)
    visit_on(invite(session, pi), pi)
    assert (
        refused(visits.begin, share_id=invite(session, stranger).pk, user=stranger, source=None)
        == "remote:full"
    )


def test_the_owner_lets_type_and_takes_it_back_while_they_are_there(
    session: RemoteSession, stranger: User
) -> None:
    share = invite(session, stranger)
    visit = visit_on(share, stranger)
    sharing.set_mode(by=session.person, share=share, mode="type")
    assert visits.standing(visit.pk) == "type"
    sharing.set_mode(by=session.person, share=share, mode="view")
    assert visits.standing(visit.pk) == "view"


def test_one_of_several_by_one_invitation_may_type(session: RemoteSession, pi: User, assistant: User) -> None:
    share = invite(session, None)
    first, second = visit_on(share, pi), visit_on(share, assistant)
    sharing.set_visit_mode(by=session.person, visit=first, mode="type")
    assert (visits.standing(first.pk), visits.standing(second.pk)) == ("type", "view")


def test_a_mode_that_there_is_not_changes_nothing(session: RemoteSession, pi: User) -> None:
    share = invite(session, pi)
    with pytest.raises(ValueError, match="root"):
        sharing.set_mode(by=session.person, share=share, mode="root")
    share.refresh_from_db()
    assert share.mode == Mode.VIEW


def test_one_click_ends_all_sharing(session: RemoteSession, pi: User, stranger: User) -> None:
    seats = [visit_on(invite(session, pi), pi), visit_on(invite(session, None), pi)]
    seats.append(visit_on(invite(session, stranger, "type"), stranger))
    assert sharing.end_all(by=session.person, session=session) == 3
    assert [visits.standing(seat.pk) for seat in seats] == [None, None, None]
    assert sharing.end_all(by=session.person, session=session) == 0


def test_who_is_shown_out_does_not_come_back_by_the_same_invitation(
    session: RemoteSession, stranger: User
) -> None:
    share = invite(session, stranger)
    visit = visit_on(share, stranger)
    visits.drop(by=session.person, visit=visit)
    assert visits.standing(visit.pk) is None
    assert refused(doors.seat_for, stranger, share.pk) == "remote:share-over"


def test_a_guest_by_right_leaves_with_the_right_and_one_by_name_stays(
    session: RemoteSession, pi: User, stranger: User, allocation: Allocation
) -> None:
    by_right, by_name = visit_on(invite(session, None), pi), visit_on(invite(session, stranger), stranger)
    Membership.objects.filter(user=pi).update(ended_at=timezone.now())
    assert visits.standing(by_right.pk) is None
    assert visits.standing(by_name.pk) == "view"


def test_a_guest_whose_account_is_switched_off_leaves(session: RemoteSession, stranger: User) -> None:
    visit = visit_on(invite(session, stranger), stranger)
    User.objects.filter(pk=stranger.pk).update(is_active=False)
    assert visits.standing(visit.pk) is None


def test_a_visit_that_never_was_stands_nowhere(db: None) -> None:
    assert visits.standing(987_654) is None


# Seats.


@pytest.mark.parametrize("role", ["pi", "manager", "assistant"])
def test_who_helps_others_looks_on_at_once_and_types_only_by_the_owners_word(
    session: RemoteSession, role: str, request: pytest.FixtureRequest
) -> None:
    helper = request.getfixturevalue(role)
    share = sharing.open_seat(by=helper, session=doors.seatable(helper, session.pk))
    assert sharing.open_seat(by=helper, session=session) == share
    visit = visit_on(share, helper)
    assert visits.standing(visit.pk) == "view"
    sharing.set_mode(by=session.person, share=share, mode="type")
    assert visits.standing(visit.pk) == "type"


@pytest.mark.parametrize(
    ("role", "refusal"),
    [
        ("member", "remote:own-session"),
        ("colleague", "portal:forbidden"),
        ("reader", "portal:forbidden"),
        ("operator", "portal:forbidden"),
        ("stranger", "portal:not-found"),
        ("former_member", "portal:not-found"),
    ],
)
def test_nobody_else_opens_a_seat(
    session: RemoteSession, role: str, refusal: str, request: pytest.FixtureRequest
) -> None:
    assert refused(doors.seatable, request.getfixturevalue(role), session.pk) == refusal


def test_the_owner_of_the_machine_looks_on_at_what_others_do_there(
    lab: Instance, pi: User, member: User
) -> None:
    of_pi = session_on(lab, pi)
    assert sharing.open_seat(by=member, session=doors.seatable(member, of_pi.pk)).mode == "view"


def test_a_teammate_looks_on_by_invitation_only(
    session: RemoteSession, lab: Instance, colleague: User
) -> None:
    Teammate.objects.create(instance=lab, user=colleague, granted_by=session.person, at=timezone.now())
    assert refused(doors.seatable, colleague, session.pk) == "portal:forbidden"
    assert doors.seat_for(colleague, invite(session, colleague).pk).outsider is False


def test_a_demoted_helper_loses_the_seat(session: RemoteSession, assistant: User) -> None:
    share = sharing.open_seat(by=assistant, session=session)
    visit = visit_on(share, assistant)
    Membership.objects.filter(user=assistant).update(role="member")
    assert visits.standing(visit.pk) is None
    assert refused(doors.seat_for, assistant, share.pk) == "portal:forbidden"


# Finding people.


@pytest.fixture
def known(allocation: Allocation) -> dict[str, User]:
    ada = make_user("ada", display_name="Ada Lovelace", access_id="alovelace@access-ci.org")
    join(ada, allocation)
    adam = make_user("adam", display_name="Adam Far", access_id="afar@access-ci.org")
    gone = make_user("adele", display_name="Adele Gone", is_active=False)
    join(gone, allocation)
    return {"ada": ada, "adam": adam}


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("ada", ["ada"]),
        ("lovel", ["ada"]),
        ("afar", ["adam"]),
        ("AFAR@access-ci.org", ["adam"]),
        ("afa", []),
        ("Adam Far", []),
        ("@access-ci.org", ["ada"]),
        ("a", []),
        ("bob", []),
        ("%", []),
        ("", []),
    ],
)
def test_members_are_found_by_name_and_others_by_their_whole_id(
    session: RemoteSession, known: dict[str, User], query: str, found: list[str]
) -> None:
    names = [one.username for one in sharing.find_people(by=session.person, session=session, query=query)]
    assert names == found


def test_people_without_an_access_id_are_not_found_by_having_none(session: RemoteSession) -> None:
    make_user("blank", access_id="", display_name="Blank")
    assert sharing.find_people(by=session.person, session=session, query="@@") == []


def test_searching_through_everybody_is_cut_short(session: RemoteSession) -> None:
    for number in range(60):
        sharing.find_people(by=session.person, session=session, query=f"name{number}")
    assert refused(sharing.find_people, by=session.person, session=session, query="more") == "portal:too-many"


def test_what_was_typed_must_mean_one_person(session: RemoteSession, known: dict[str, User]) -> None:
    def meant(query: str) -> User:
        return sharing.invitable(by=session.person, session=session, query=query)

    assert meant("Ada Lovelace") == known["ada"]
    assert meant("afar@access-ci.org") == known["adam"]
    assert refused(meant, "nobody") == "remote:who"
    join(known["adam"], session.instance.allocation)
    assert refused(meant, "ada") == "remote:who"
