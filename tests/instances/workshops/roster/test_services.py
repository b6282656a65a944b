"""The roster as those who run the workshop keep it."""

from typing import Any

import pytest

from instances.workshops.models import Learner, Seat, Workshop
from instances.workshops.roster import acts, line, links, services
from instances.workshops.roster.joining import Came, join
from instances.workshops.roster.models import Coming
from portal.accounts.models import User
from portal.core import events
from portal.core.errors import PortalError
from portal.core.models import AuditEvent
from portal.notices.models import Notice
from tests.instances.workshops.roster.conftest import entry, person

pytestmark = pytest.mark.django_db
State = Learner.State


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str]]:
    """(group, what) of all that was published."""
    kept: list[tuple[str, str]] = []

    def publish(groups: Any, event: Any) -> None:
        kept.extend((group, getattr(event, "name", type(event).__name__)) for group in groups)

    monkeypatch.setattr(events, "publish", publish)
    return kept


def problem_of(call: Any) -> str:
    with pytest.raises(PortalError) as problem:
        call()
    return problem.value.id


def test_people_are_added_and_doubles_are_told_of(workshop: Workshop, member: User) -> None:
    first = services.add(workshop=workshop, by=member, entries=[entry("Ada", 1), entry("Bert", 2)])
    again = services.add(workshop=workshop, by=member, entries=[entry("Ada", 1), entry("Cleo", 2)])
    assert [one.name for one in first.made] == ["Ada", "Bert"]
    assert [one.name for one in again.made] == ["Cleo"]
    assert [bad.why for bad in again.sheet.bad] == ["On the roster already."]
    assert set(workshop.learners.values_list("state", flat=True)) == {State.INVITED}


def test_the_audit_names_nobody_of_the_class(workshop: Workshop, member: User) -> None:
    made = services.add(workshop=workshop, by=member, entries=[entry("Ada Lovelace")]).made
    services.remove(learner=made[0], by=member)
    for event in AuditEvent.objects.filter(action__startswith="roster."):
        assert "Ada" not in f"{event.target_name} {event.detail}"


def test_adding_somebody_who_was_removed_lets_them_in_again(workshop: Workshop, member: User) -> None:
    (ada,) = services.add(workshop=workshop, by=member, entries=[entry("Ada")]).made
    services.remove(learner=ada, by=member)
    found = services.add(workshop=workshop, by=member, entries=[entry("Ada")])
    assert ([one.pk for one in found.again], list(found.made)) == ([ada.pk], [])
    ada.refresh_from_db()
    assert ada.state == State.INVITED


def test_nobody_is_added_to_what_is_over_or_beyond_all_bounds(
    workshop: Workshop, member: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(services, "MOST_ON_ROSTER", 1)
    two = [entry("Ada", 1), entry("Bert", 2)]
    assert problem_of(lambda: services.add(workshop=workshop, by=member, entries=two)) == "roster:full"
    Workshop.objects.filter(pk=workshop.pk).update(state="ended")
    assert problem_of(lambda: services.add(workshop=workshop, by=member, entries=two[:1])) == "roster:over"
    assert not workshop.learners.exists()


def test_people_whom_the_portal_knows_see_their_invitation(workshop: Workshop, member: User) -> None:
    ada, _ = person("ada"), person("bert", email_verified=False)
    services.add(
        workshop=workshop,
        by=member,
        entries=[entry("Ada", 1), entry("Ada", 2, email="", access_id="ada"), entry("Bert", 3)],
    )
    linked = {one.name: one.user for one in workshop.learners.filter(user__isnull=False)}
    assert linked == {"Ada": ada}
    assert workshop.learners.get(user=ada).access_id == "ada"


def test_adding_a_hundred_asks_the_database_no_more_than_adding_one(
    workshop: Workshop, member: User, django_assert_num_queries: Any
) -> None:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    counts = []
    for start, many in ((0, 1), (1, 20), (100, 100)):
        with CaptureQueriesContext(
            connection,
        ) as held:
            services.add(
                workshop=workshop,
                by=member,
                entries=[entry(f"P{n}", n) for n in range(start, start + many)],
            )
        counts.append(len([q for q in held.captured_queries if not q["sql"].startswith("INSERT")]))
    assert len(set(counts)) == 1, counts


def test_removing_frees_the_seat_for_the_next_and_ends_sessions_at_once(
    workshop: Workshop, came: Came, member: User, told: list[tuple[str, str]]
) -> None:
    found = [join(user=person(f"p{n}"), came=came, accepted=True) for n in range(4)]
    number = Seat.objects.get(learner=found[0]).number
    told.clear()
    services.remove(learner=found[0], by=member)
    found[3].refresh_from_db()
    assert found[3].state == State.IN
    assert Seat.objects.get(learner=found[3]).number == number
    assert not Seat.objects.filter(learner=found[0]).exists()
    assert (f"user.{found[0].user_id}", "AccessChanged") in told
    assert (f"workshop.{workshop.pk}", "roster:changed") in told
    assert (f"learner.{found[3].pk}", "seat:changed") in told
    assert AuditEvent.objects.get(action="roster.remove").detail["seat"] == number


def test_removing_somebody_invited_gives_their_seat_to_the_line(
    workshop: Workshop, came: Came, member: User
) -> None:
    (ada,) = services.add(workshop=workshop, by=member, entries=[entry("Ada")]).made
    found = [join(user=person(f"p{n}"), came=came, accepted=True) for n in range(3)]
    assert found[2].state == State.WAITING
    services.remove(learner=ada, by=member)
    found[2].refresh_from_db()
    assert found[2].state == State.IN


def test_removing_twice_is_told(workshop: Workshop, came: Came, member: User) -> None:
    ada = join(user=person("ada"), came=came, accepted=True)
    services.remove(learner=ada, by=member)
    assert problem_of(lambda: services.remove(learner=ada, by=member)) == "roster:wrong-state"


def test_a_yes_or_no_to_who_asks_is_told_to_them(workshop: Workshop, came: Came, member: User) -> None:
    workshop.admits = {"approve": True}
    workshop.save()
    yes, no = [join(user=person(name), came=came, accepted=True) for name in ("yes", "no")]
    services.approve(learner=yes, by=member)
    services.decline(learner=no, by=member)
    assert "You are in" in Notice.objects.get(user=yes.user).title
    assert "not let into" in Notice.objects.get(user=no.user).title
    assert problem_of(lambda: services.approve(learner=no, by=member)) == "roster:wrong-state"


def test_a_seat_out_of_turn(workshop: Workshop, came: Came, member: User) -> None:
    found = [join(user=person(f"p{n}"), came=came, accepted=True) for n in range(5)]
    assert problem_of(lambda: services.give_seat(learner=found[4], by=member)) == "roster:no-free-seat"
    services.to_waiting(learner=found[0], by=member)
    found[3].refresh_from_db()
    found[0].refresh_from_db()
    assert (found[3].state, found[0].state) == (State.IN, State.WAITING)
    assert [one.pk for one in line.waiting(workshop)] == [found[4].pk, found[0].pk]


def test_a_seat_beyond_the_cap_of_the_link_by_hand(workshop: Workshop, member: User) -> None:
    came = Came(workshop.pk, links.make(workshop=workshop, by=member, cap=1).pk)
    _, held = [join(user=person(f"p{n}"), came=came, accepted=True) for n in range(2)]
    assert held.state == State.WAITING
    assert services.give_seat(learner=held, by=member).state == State.IN


def test_the_line_is_put_in_another_order(workshop: Workshop, came: Came, member: User) -> None:
    found = [join(user=person(f"p{n}"), came=came, accepted=True) for n in range(7)][3:]
    for how, wanted in (
        ("first", [3, 0, 1, 2]),
        ("down", [0, 3, 1, 2]),
        ("up", [3, 0, 1, 2]),
        ("last", [0, 1, 2, 3]),
    ):
        line.move(workshop=workshop, by=member, learner=found[3], how=how)  # type: ignore[arg-type]
        assert [found.index(one) for one in line.waiting(workshop)] == wanted, how
    inside = workshop.learners.filter(state=State.IN).first()
    assert inside is not None
    assert problem_of(lambda: line.move(workshop=workshop, by=member, learner=inside, how="up")) == (
        "roster:wrong-state"
    )


def test_leaving_is_remembered_as_leaving(workshop: Workshop, came: Came) -> None:
    ada = join(user=person("ada"), came=came, accepted=True)
    services.leave(learner=ada)
    kept = Coming.objects.get(learner=ada)
    assert (kept.left, kept.out_by) == (True, None)


def test_of_many_each_that_did_not_work_is_told_of(workshop: Workshop, came: Came, member: User) -> None:
    inside = join(user=person("ada"), came=came, accepted=True)
    (invited,) = services.add(workshop=workshop, by=member, entries=[entry("Bert")]).made
    results = acts.do(act=acts.ACTS["waiting"], learners=[inside, invited], by=member)
    assert [one.problem and one.problem.id for one in results] == [None, "roster:wrong-state"]


@pytest.mark.parametrize("name", acts.ACTS)
def test_every_act_does_something_or_says_why_not(
    name: str, workshop: Workshop, came: Came, member: User
) -> None:
    for state in State:
        learner = join(user=person(f"p-{state}"), came=came, accepted=True)
        if state != State.IN:
            Seat.objects.filter(learner=learner).update(learner=None)
            Learner.objects.filter(pk=learner.pk).update(state=state)
            learner.refresh_from_db()
        (result,) = acts.do(act=acts.ACTS[name], learners=[learner], by=member)
        if result.problem is None:
            learner.refresh_from_db()
            assert learner.state != state or name == "invite"
