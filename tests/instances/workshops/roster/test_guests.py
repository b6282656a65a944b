"""Guests: one code, one person, one workshop, and nothing else of the portal."""

import pytest
from django.test import Client
from django.urls import reverse

from instances.workshops.models import Learner, Workshop
from instances.workshops.roster import codes, guest_codes, services
from instances.workshops.roster.joining import Came, join
from instances.workshops.roster.models import GuestCode, JoinLink
from portal.accounts.models import User
from portal.core.errors import PortalError
from tests.instances.workshops.room import make_workshop
from tests.instances.workshops.roster.conftest import offer_guests, person

pytestmark = pytest.mark.django_db
DOOR, JOIN = "/w/guest/", "/w/join/"


@pytest.fixture
def code(takes_guests: Workshop, member: User) -> str:
    return guest_codes.make(workshop=takes_guests, by=member, count=1)[0].code


def come(client: Client, code: str, name: str = "Gus") -> int:
    return client.post(DOOR, {"code": code, "name": name}).status_code


def test_a_code_makes_a_guest_who_joins_and_is_at_their_seat(
    takes_guests: Workshop, code: str, client: Client
) -> None:
    assert come(client, code.lower()) == 302
    page = client.get(JOIN).content.decode()
    assert takes_guests.title in page and 'value="Gus"' in page
    client.post(JOIN, {"accepted": "1", "name": "Gus Guest"})
    learner = takes_guests.learners.get()
    assert (learner.name, learner.via, learner.state) == ("Gus Guest", "guest", "in")
    user = learner.user
    assert user is not None
    assert (user.is_visitor, user.has_usable_password(), user.email) == (True, False, "")
    assert client.get(reverse("learner:page", args=[takes_guests.pk])).status_code == 200


def test_the_same_code_on_another_device_is_the_same_person(takes_guests: Workshop, code: str) -> None:
    first, second = Client(), Client()
    assert (come(first, code), come(second, code)) == (302, 302)
    assert User.objects.filter(issuer__startswith="guest:").count() == 1
    assert first.session["_auth_user_id"] == second.session["_auth_user_id"]


def test_only_digests_are_kept(takes_guests: Workshop, member: User) -> None:
    made = guest_codes.make(workshop=takes_guests, by=member, count=3)
    assert [one.number for one in made] == [1, 2, 3]
    stored = {one.digest for one in GuestCode.objects.all()}
    assert stored == {codes.digest("guest", codes.tidy(one.code)) for one in made}
    more = guest_codes.make(workshop=takes_guests, by=member, count=2)
    assert [one.number for one in more] == [4, 5]


def test_codes_are_shown_in_the_answer_to_their_making_and_never_again(
    takes_guests: Workshop, member: User, teacher: Client
) -> None:
    guests, entry = (reverse(f"roster:{name}", args=[takes_guests.pk]) for name in ("guests", "entry"))
    page = teacher.post(guests, {"count": "2"})
    shown = [one.code for one in page.context["made"]]
    assert len(shown) == 2 and all(one in page.content.decode() for one in shown)
    assert "no-store" in page["Cache-Control"]
    later = teacher.get(entry).content.decode() + teacher.get(guests, follow=True).content.decode()
    assert not any(one in later for one in shown)
    for count in ("0", "-1", "many", str(guest_codes.MOST)):
        assert teacher.post(guests, {"count": count}).status_code == 422


@pytest.mark.parametrize(("state", "status"), [("ended", 410), ("removed", 410), ("draft", 409)])
def test_a_code_is_good_while_people_join(
    takes_guests: Workshop, code: str, client: Client, state: str, status: int
) -> None:
    Workshop.objects.filter(pk=takes_guests.pk).update(state=state)
    assert come(client, code) == status
    assert not User.objects.filter(issuer__startswith="guest:").exists()


def test_the_eleventh_wrong_code_is_refused_and_a_right_one_after_it(code: str, client: Client) -> None:
    assert [come(client, "00000-00000") for _ in range(11)] == [404] * 10 + [429]
    assert come(client, code) == 429
    assert come(Client(), code) == 302


def test_where_the_operator_offers_none_there_is_no_such_door(
    takes_guests: Workshop, member: User, code: str, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert DOOR in client.get("/accounts/login/").content.decode()
    offer_guests(monkeypatch, False)
    assert client.get(DOOR).status_code == 404
    assert come(client, code) == 404
    assert DOOR not in client.get("/accounts/login/").content.decode()
    with pytest.raises(PortalError):
        guest_codes.make(workshop=takes_guests, by=member, count=1)


def test_where_the_instructor_takes_none_codes_are_good_for_nothing(
    takes_guests: Workshop, code: str, client: Client
) -> None:
    Workshop.objects.filter(pk=takes_guests.pk).update(admits={})
    assert come(client, code) == 403


def test_who_is_signed_in_does_not_become_a_guest(code: str, client: Client) -> None:
    ada = person("ada")
    client.force_login(ada)
    assert b"sign out first" in client.post(DOOR, {"code": code, "name": "x"}).content
    assert client.session["_auth_user_id"] == str(ada.pk)


def guest_of(workshop: Workshop, code: str) -> tuple[Client, User, Learner]:
    client = Client()
    come(client, code)
    client.post(JOIN, {"accepted": "1", "name": "Gus"})
    learner = workshop.learners.get(via="guest")
    assert learner.user is not None
    return client, learner.user, learner


def test_a_guest_takes_part_in_no_other_workshop(
    takes_guests: Workshop, code: str, link: JoinLink, member: User
) -> None:
    client, user, _ = guest_of(takes_guests, code)
    other = make_workshop(takes_guests.allocation, member, admits={"guests": True})
    with pytest.raises(PortalError) as problem:
        join(user=user, came=Came(other.pk), accepted=True)
    assert problem.value.id == "roster:other-workshop"
    assert client.get(reverse("learner:page", args=[other.pk])).status_code == 404
    assert client.get(reverse("roster:come", args=[other.pk])).status_code == 404


def test_a_guest_who_is_removed_is_signed_out_and_the_code_is_good_no_more(
    takes_guests: Workshop, code: str, member: User
) -> None:
    client, user, learner = guest_of(takes_guests, code)
    services.remove(learner=learner, by=member)
    user.refresh_from_db()
    assert not user.is_active
    assert client.get(reverse("learner:page", args=[takes_guests.pk])).status_code == 302
    assert come(Client(), code) in {403, 404}


def test_guests_are_there_until_everything_is_removed_and_then_signed_out(
    takes_guests: Workshop, code: str
) -> None:
    client, user, _ = guest_of(takes_guests, code)
    for state, alive in (("ended", True), ("removing", False)):
        Workshop.objects.filter(pk=takes_guests.pk).update(state=state)
        guest_codes.end_gone()
        user.refresh_from_db()
        assert user.is_active is alive, state
        status = client.get(reverse("learner:page", args=[takes_guests.pk])).status_code
        assert status == (200 if alive else 302)
    assert guest_codes.end_gone() == 0


def test_unused_codes_are_withdrawn_and_used_ones_stay(
    takes_guests: Workshop, code: str, member: User, client: Client
) -> None:
    spare = guest_codes.make(workshop=takes_guests, by=member, count=1)[0].code
    come(client, code)
    assert guest_codes.withdraw_unused(workshop=takes_guests, by=member) == 1
    assert come(Client(), spare) == 404
    assert come(Client(), code) == 302


def test_a_guest_says_what_they_are_called_and_nothing_hostile_is_kept(
    takes_guests: Workshop, code: str, client: Client
) -> None:
    come(client, code, "  Gus\x00 \u202e<b>  Guest " + "x" * 300)
    user = User.objects.get(issuer__startswith="guest:")
    assert user.display_name.startswith("Gus <b> Guest") and len(user.display_name) <= 150
    assert "<b>" not in client.get(JOIN).content.decode()
