"""Coming in by the link, by the roster, by a mailed link; and everybody who may not."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import connection

from instances.workshops.models import Learner, Seat, Workshop
from instances.workshops.roster import joining, line, links, services
from instances.workshops.roster.admission import Rules
from instances.workshops.roster.joining import Came, join, prospect
from instances.workshops.roster.models import Coming, JoinLink
from portal.accounts.models import User
from portal.core.errors import PortalError
from portal.core.models import AuditEvent
from tests.conftest import on_postgresql
from tests.instances.workshops.room import make_learner, make_workshop
from tests.instances.workshops.roster.conftest import entry, person, visitor

pytestmark = pytest.mark.django_db
State = Learner.State


def refused(user: User, came: Came, **given: Any) -> str:
    before = Learner.objects.count()
    with pytest.raises(PortalError) as problem:
        join(user=user, came=came, accepted=True, **given)
    assert Learner.objects.count() == before
    return problem.value.id


def test_who_has_the_link_gets_a_seat(workshop: Workshop, came: Came) -> None:
    ada = person("ada")
    assert prospect(user=ada, came=came).way == "in"
    learner = join(user=ada, came=came, accepted=True)
    assert (learner.state, learner.via, learner.user) == (State.IN, Learner.Via.LINK, ada)
    assert Seat.objects.get(learner=learner).workshop == workshop
    assert learner.joined_at is not None
    assert AuditEvent.objects.get(action="roster.join").actor_id == str(ada.pk)


def test_joining_twice_is_joining_once(workshop: Workshop, came: Came) -> None:
    ada = person("ada")
    assert join(user=ada, came=came, accepted=True) == join(user=ada, came=came, accepted=True)
    assert workshop.learners.count() == 1


def test_when_all_seats_are_taken_one_waits_in_line_and_is_told_where(workshop: Workshop, came: Came) -> None:
    people = [person(f"p{n}") for n in range(5)]
    found = [join(user=one, came=came, accepted=True) for one in people]
    assert [one.state for one in found] == [State.IN] * 3 + [State.WAITING] * 2
    assert [line.place_of(one) for one in found] == [0, 0, 0, 1, 2]
    assert prospect(user=people[4], came=came).place == 2


def test_a_cap_of_forty_lets_forty_in_and_the_rest_stand_in_line(
    allocation: Any, member: User, django_assert_max_num_queries: Any
) -> None:
    workshop = make_workshop(allocation, member, seats=60)
    came = Came(workshop.pk, links.make(workshop=workshop, by=member, cap=40).pk)
    found = [join(user=person(f"p{n:03}"), came=came, accepted=True) for n in range(60)]
    assert sum(one.state == State.IN for one in found) == 40
    waiting = [one for one in found if one.state == State.WAITING]
    assert [line.place_of(one) for one in waiting] == list(range(1, 21))
    with django_assert_max_num_queries(40):
        join(user=person("late"), came=came, accepted=True)


def test_beyond_its_cap_a_link_gives_a_seat_for_each_that_becomes_free(allocation: Any, member: User) -> None:
    workshop = make_workshop(allocation, member, seats=5)
    came = Came(workshop.pk, links.make(workshop=workshop, by=member, cap=2).pk)
    first, _, third, fourth = [join(user=person(f"p{n}"), came=came, accepted=True) for n in range(4)]
    services.remove(learner=first, by=member)
    third.refresh_from_db()
    fourth.refresh_from_db()
    assert (third.state, fourth.state) == (State.IN, State.WAITING)
    links.set_cap(workshop=workshop, by=member, cap=None)
    fourth.refresh_from_db()
    assert fourth.state == State.IN


def test_the_cap_of_a_link_is_not_that_of_the_roster(allocation: Any, member: User) -> None:
    workshop = make_workshop(allocation, member, seats=5)
    came = Came(workshop.pk, links.make(workshop=workshop, by=member, cap=1).pk)
    services.add(workshop=workshop, by=member, entries=[entry("Ada")])
    assert join(user=person("bert"), came=came, accepted=True).state == State.IN
    assert join(user=person("ada"), came=came, accepted=True).state == State.IN


def test_seats_of_the_invited_are_kept(workshop: Workshop, came: Came, member: User) -> None:
    services.add(workshop=workshop, by=member, entries=[entry("Ada", 1), entry("Bert", 2)])
    assert join(user=person("zoe"), came=came, accepted=True).state == State.IN
    assert join(user=person("yan"), came=came, accepted=True).state == State.WAITING
    late = join(user=person("ada"), came=came, accepted=True)
    assert (late.state, late.via, late.name) == (State.IN, Learner.Via.ROSTER, "Ada")


def test_more_invited_than_seats_come_in_as_they_come(workshop: Workshop, came: Came, member: User) -> None:
    services.add(workshop=workshop, by=member, entries=[entry(f"P{n}", n) for n in range(1, 6)])
    states = [join(user=person(f"p{n}"), came=came, accepted=True).state for n in range(1, 6)]
    assert states == [State.IN] * 3 + [State.WAITING] * 2


def test_lines_of_one_person_become_one_and_keep_no_second_seat(
    workshop: Workshop, came: Came, member: User
) -> None:
    services.add(
        workshop=workshop, by=member, entries=[entry("Ada", 1), entry("Ada L", 2, email="", access_id="ada")]
    )
    ada = join(user=person("ada"), came=came, accepted=True)
    assert list(workshop.learners.all()) == [ada]
    assert ada.access_id == "ada"


def test_an_unverified_address_is_nobody_of_the_roster(workshop: Workshop, member: User) -> None:
    services.add(workshop=workshop, by=member, entries=[entry("Ada")])
    liar = person("ada", email_verified=False, access_id="")
    assert refused(liar, Came(workshop.pk)) == "roster:not-on-it"
    assert (
        join(user=person("ada2", email="ada@example.edu"), came=Came(workshop.pk), accepted=True).state
        == "in"
    )


def test_a_mailed_link_proves_its_line_whatever_the_address_of_the_account(
    workshop: Workshop, member: User
) -> None:
    (ada,) = services.add(workshop=workshop, by=member, entries=[entry("Ada")]).made
    account = visitor("king", email="ada.king@elsewhere.org", email_verified=False)
    joined = join(user=account, came=Came(workshop.pk, None, ada.pk), accepted=True)
    assert (joined.pk, joined.state, joined.name) == (ada.pk, State.IN, "Ada")
    assert Coming.objects.get(learner=joined).account_name == "King"
    assert refused(person("eve"), Came(workshop.pk, None, ada.pk)) == "roster:not-on-it"


def test_a_visitor_is_nobodys_access_id(workshop: Workshop, member: User) -> None:
    services.add(workshop=workshop, by=member, entries=[entry("Ada", email="", access_id="ada")])
    fake = visitor("ada-elsewhere", access_id="ada", email="x@elsewhere.org")
    assert refused(fake, Came(workshop.pk)) == "roster:not-on-it"


def test_the_rules_of_the_house_have_to_be_accepted(workshop: Workshop, came: Came) -> None:
    Workshop.objects.filter(pk=workshop.pk).update(house_rules="Be kind.")
    ada = person("ada")
    with pytest.raises(PortalError) as problem:
        join(user=ada, came=came, accepted=False)
    assert problem.value.id == "roster:rules-unread"
    assert not workshop.learners.exists()
    assert join(user=ada, came=came, accepted=True).state == State.IN


@pytest.mark.parametrize(
    ("state", "problem"),
    [
        ("draft", "roster:not-yet"),
        ("ended", "roster:over"),
        ("removing", "roster:over"),
        ("removed", "roster:over"),
        ("cancelled", "roster:over"),
    ],
)
def test_nobody_joins_before_it_is_planned_or_after_its_end(
    workshop: Workshop, came: Came, state: str, problem: str
) -> None:
    Workshop.objects.filter(pk=workshop.pk).update(state=state)
    assert refused(person("ada"), came) == problem


def test_a_withdrawn_link_lets_nobody_in_who_still_holds_it(
    workshop: Workshop, came: Came, member: User
) -> None:
    inside = join(user=person("ada"), came=came, accepted=True)
    links.revoke(workshop=workshop, by=member)
    assert refused(person("bert"), came) == "roster:revoked"
    assert join(user=inside.user or person("x"), came=came, accepted=True) == inside


def test_a_renewed_link_ends_the_one_before_it(workshop: Workshop, came: Came, member: User) -> None:
    fresh = links.make(workshop=workshop, by=member)
    assert refused(person("ada"), came) == "roster:revoked"
    assert join(user=person("ada2"), came=Came(workshop.pk, fresh.pk), accepted=True).state == State.IN


def test_the_link_of_another_workshop_opens_that_one_only(
    workshop: Workshop, allocation: Any, member: User
) -> None:
    other = make_workshop(allocation, member)
    link = links.make(workshop=other, by=member)
    assert refused(person("ada"), Came(workshop.pk, link.pk)) == "roster:not-on-it"


def test_rules_of_admission_hold_for_the_link(workshop: Workshop, came: Came, member: User) -> None:
    services.admit(workshop=workshop, by=member, rules=Rules(domains=("uni.example",)))
    assert refused(person("ada"), came) == "roster:other-domain"
    assert refused(person("eve", email="eve@uni.example", email_verified=False), came) == "roster:unverified"
    assert join(user=visitor("uma", email=""), came=came, accepted=True).state == State.IN


def test_who_asks_waits_for_a_yes(workshop: Workshop, came: Came, member: User) -> None:
    services.admit(workshop=workshop, by=member, rules=Rules(approve=True))
    ada = join(user=person("ada"), came=came, accepted=True)
    assert ada.state == State.ASKING
    assert not Seat.objects.filter(learner=ada).exists()
    assert services.approve(learner=ada, by=member).state == State.IN


def test_who_was_removed_stays_out_until_let_in_again(workshop: Workshop, came: Came, member: User) -> None:
    ada = person("ada")
    learner = join(user=ada, came=came, accepted=True)
    services.remove(learner=learner, by=member)
    assert refused(ada, came) == "roster:removed"
    services.let_in(learner=learner, by=member)
    assert join(user=ada, came=came, accepted=True).state == State.IN


def test_who_was_removed_before_they_came_stays_out_too(workshop: Workshop, came: Came, member: User) -> None:
    (ada,) = services.add(workshop=workshop, by=member, entries=[entry("Ada")]).made
    services.remove(learner=ada, by=member)
    assert refused(person("ada"), came) == "roster:removed"


def test_who_left_may_come_back(workshop: Workshop, came: Came, member: User) -> None:
    ada = person("ada")
    services.leave(learner=join(user=ada, came=came, accepted=True))
    assert join(user=ada, came=came, accepted=True).state == State.IN
    links.revoke(workshop=workshop, by=member)
    services.leave(learner=workshop.learners.get())
    assert refused(ada, came) == "roster:revoked"


def test_a_test_drive_is_nobodys_line(workshop: Workshop, came: Came, member: User) -> None:
    make_learner(workshop, None, name="Test", email="ada@example.edu", via=Learner.Via.TEST)
    assert join(user=person("ada"), came=came, accepted=True).via == Learner.Via.LINK


def test_there_is_an_end_to_how_long_the_list_is(
    workshop: Workshop, came: Came, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(joining, "MOST_ON_ROSTER", 1)
    join(user=person("ada"), came=came, accepted=True)
    assert refused(person("bert"), came) == "roster:full"


@pytest.mark.skipif(not on_postgresql(), reason="SQLite has one writer: there are no two at once")
@pytest.mark.django_db(transaction=True)
def test_of_two_who_claim_the_last_seat_one_gets_it(allocation: Any, member: User) -> None:
    workshop = make_workshop(allocation, member, seats=1)
    came = Came(workshop.pk, links.make(workshop=workshop, by=member).pk)
    people = [person(f"p{n}") for n in range(4)]

    def one(user: User) -> str:
        try:
            return join(user=user, came=came, accepted=True).state
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        states = sorted(pool.map(one, people))
    assert states == ["in", "waiting", "waiting", "waiting"]


def test_the_links_row_is_found_by_its_digest_alone(link: JoinLink) -> None:
    code = links.shown(link).code
    stored = f"{link.digest} {link.sealed_code}"
    assert code not in stored and code.replace("-", "") not in stored
