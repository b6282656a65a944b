"""The doors to workshops: who runs one, who sits where, and that nobody else learns that there is one."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.contrib.auth.models import AnonymousUser
from django.utils import timezone

from allocations.models import Allocation, Membership
from instances.access import attendable, connectable, may_look_on
from instances.hooks_seats import Place
from instances.workshops import access
from instances.workshops.models import Helper, Learner, Seat, Workshop
from instances.workshops.rights import Right, right_of
from portal.accounts.models import User
from portal.core.errors import PortalError
from tests.cast import make_user
from tests.instances.workshops.room import add_seat, make_helper, make_learner, make_workshop, seat_of, sit

UNKNOWN = "workshops:unknown"


def refused(call: Any, *args: Any) -> str:
    with pytest.raises(PortalError) as caught:
        call(*args)
    return caught.value.id


def test_whoever_owns_or_manages_plans_and_helpers_do_what_they_were_named_for() -> None:
    who = {"owns": False, "manages": False, "helper": "", "operator": False}
    assert right_of(**{**who, "owns": True}) == Right.PLAN  # type: ignore[arg-type]
    assert right_of(**{**who, "manages": True}) == Right.PLAN  # type: ignore[arg-type]
    assert right_of(**{**who, "helper": Helper.Role.INSTRUCTOR}) == Right.RUN  # type: ignore[arg-type]
    assert right_of(**{**who, "helper": Helper.Role.ASSISTANT}) == Right.HELP  # type: ignore[arg-type]
    assert right_of(**{**who, "operator": True}) == Right.SEE  # type: ignore[arg-type]
    assert right_of(**who) is None  # type: ignore[arg-type]


def test_each_right_opens_what_is_below_it(
    workshop: Workshop, member: User, manager: User, helper: User, operator: User
) -> None:
    for user, held in (
        (member, Right.PLAN),
        (manager, Right.PLAN),
        (helper, Right.HELP),
        (operator, Right.SEE),
    ):
        for right in Right:
            if right <= held:
                assert access.workshop_for(user, workshop.pk, right).viewer_right == held
            else:
                assert refused(access.workshop_for, user, workshop.pk, right) == "portal:forbidden"


def test_others_of_the_allocation_learners_and_strangers_find_no_workshop(
    workshop: Workshop,
    learner: Learner,
    lea: User,
    colleague: User,
    assistant: User,
    stranger: User,
    newcomer: User,
) -> None:
    for user in (colleague, assistant, stranger, newcomer, lea):
        assert refused(access.workshop_for, user, workshop.pk, Right.SEE) == UNKNOWN
        assert refused(access.seat_for, user, seat_of(workshop).pk, Right.SEE) == UNKNOWN
        assert refused(access.learner_for, user, learner.pk, Right.SEE) == UNKNOWN


def test_nobody_learns_without_signing_in_what_there_is(workshop: Workshop, learner: Learner) -> None:
    nobody = AnonymousUser()
    for call, key in (
        (access.workshop_for, workshop.pk),
        (access.seat_for, seat_of(workshop).pk),
        (access.learner_for, learner.pk),
    ):
        assert refused(call, nobody, key, Right.SEE) == "portal:sign-in"
        assert refused(call, nobody, uuid4(), Right.SEE) == "portal:sign-in"
    assert refused(access.taking_part, nobody, workshop.pk) == "portal:sign-in"


def test_an_owner_who_left_the_allocation_plans_no_more(workshop: Workshop, member: User, pi: User) -> None:
    Membership.objects.filter(user=member).update(ended_at=timezone.now())
    assert refused(access.workshop_for, member, workshop.pk, Right.SEE) == UNKNOWN
    assert access.workshop_for(pi, workshop.pk, Right.PLAN) == workshop


def test_an_owner_who_may_only_look_at_the_allocation_plans_no_more(workshop: Workshop, member: User) -> None:
    Membership.objects.filter(user=member).update(role=Membership.Role.READER)
    assert refused(access.workshop_for, member, workshop.pk, Right.PLAN) == UNKNOWN
    assert list(access.workshops_run_by(member)) == []


def test_the_lists_agree_with_the_door(
    workshop: Workshop,
    allocation: Allocation,
    member: User,
    manager: User,
    helper: User,
    colleague: User,
    operator: User,
) -> None:
    for user in (member, manager, helper):
        assert list(access.workshops_run_by(user)) == [workshop]
        assert list(access.workshops_in(user, allocation)) == [workshop]
    assert list(access.workshops_run_by(colleague)) == []
    assert list(access.workshops_run_by(operator)) == []
    assert list(access.workshops_in(operator, allocation)) == [workshop]


def test_a_learner_is_at_their_own_seat_and_at_no_other(
    workshop: Workshop, seat: Seat, other_learner: Learner, lea: User
) -> None:
    assert access.own_seat(lea, workshop.pk) == seat
    theirs = other_learner.seat.instance
    assert theirs is not None and seat.instance is not None
    assert attendable(lea, seat.instance.pk).place == Place("learner", "learner")
    assert refused(attendable, lea, theirs.pk) == "portal:not-found"


def test_only_sessions_open_to_a_learner(seat: Seat, lea: User) -> None:
    assert seat.instance is not None
    assert refused(connectable, lea, seat.instance.pk) == "portal:not-found"
    assert not may_look_on(lea, attendable(lea, seat.instance.pk))


def test_a_helper_is_at_each_seat_as_the_machine_s_own_account(
    seat: Seat, helper: User, other_learner: Learner
) -> None:
    for one in (seat, other_learner.seat):
        assert one.instance is not None
        found = attendable(helper, one.instance.pk)
        assert found.place == Place("helper", "")
        assert may_look_on(helper, found)


def test_who_acts_on_the_machine_by_a_role_needs_no_seat(seat: Seat, member: User) -> None:
    assert seat.instance is not None
    assert attendable(member, seat.instance.pk).place is None


@pytest.mark.parametrize(
    "state",
    [state for state in Workshop.State if state not in (Workshop.State.RUNNING, Workshop.State.DRAFT)],
)
def test_seats_are_closed_unless_the_workshop_runs(
    workshop: Workshop, seat: Seat, lea: User, state: str
) -> None:
    Workshop.objects.filter(pk=workshop.pk).update(state=state)
    assert refused(access.own_seat, lea, workshop.pk) == "workshops:not-open"
    assert seat.instance is not None
    assert refused(attendable, lea, seat.instance.pk) == "portal:not-found"


def test_seats_are_closed_before_it_opens_and_from_the_moment_it_closes(
    workshop: Workshop, seat: Seat, lea: User
) -> None:
    assert workshop.opens_at is not None and workshop.closes_at is not None
    assert access.own_seat(lea, workshop.pk, workshop.opens_at) == seat
    just = timedelta(microseconds=1)
    assert refused(access.own_seat, lea, workshop.pk, workshop.opens_at - just) == "workshops:not-open"
    assert access.own_seat(lea, workshop.pk, workshop.closes_at - just) == seat
    assert refused(access.own_seat, lea, workshop.pk, workshop.closes_at) == "workshops:not-open"


@pytest.mark.parametrize("state", [Learner.State.WAITING, Learner.State.ASKING, Learner.State.INVITED])
def test_who_is_not_in_has_no_seat_even_where_one_is_kept(
    workshop: Workshop, seat: Seat, learner: Learner, lea: User, state: str
) -> None:
    Learner.objects.filter(pk=learner.pk).update(state=state)
    assert refused(access.own_seat, lea, workshop.pk) == "workshops:no-seat"
    assert access.taking_part(lea, workshop.pk) == learner
    assert seat.instance is not None
    assert refused(attendable, lea, seat.instance.pk) == "portal:not-found"


def test_who_was_removed_takes_no_part(workshop: Workshop, seat: Seat, learner: Learner, lea: User) -> None:
    Learner.objects.filter(pk=learner.pk).update(state=Learner.State.OUT)
    assert refused(access.taking_part, lea, workshop.pk) == UNKNOWN
    assert list(access.parts_of(lea)) == []
    assert seat.instance is not None
    assert refused(attendable, lea, seat.instance.pk) == "portal:not-found"


def test_a_draft_is_nobody_s_but_who_tries_it(allocation: Allocation, member: User, lea: User) -> None:
    draft = make_workshop(allocation, member, seats=1, state=Workshop.State.DRAFT)
    make_learner(draft, lea)
    assert refused(access.taking_part, lea, draft.pk) == UNKNOWN
    assert list(access.parts_of(lea)) == []
    tried = make_learner(draft, member, via=Learner.Via.TEST)
    assert access.taking_part(member, draft.pk) == tried
    assert list(access.parts_of(member)) == [tried]


def test_a_test_drive_is_open_for_its_own_time_only(allocation: Allocation, member: User) -> None:
    draft = make_workshop(allocation, member, seats=0, state=Workshop.State.DRAFT)
    now = timezone.now()
    seat = sit(
        add_seat(draft, 0, held_until=now + timedelta(hours=1)),
        make_learner(draft, member, via=Learner.Via.TEST),
    )
    assert access.own_seat(member, draft.pk, now) == seat
    assert refused(access.own_seat, member, draft.pk, now + timedelta(hours=1)) == "workshops:not-open"
    assert seat.instance is not None
    assert access.places_of(member, [seat.instance.pk]) == {seat.instance.pk: Place("learner", "learner")}


def test_one_workshop_says_nothing_of_another(
    workshop: Workshop, seat: Seat, other_allocation: Allocation, stranger: User, lea: User, helper: User
) -> None:
    other = make_workshop(other_allocation, stranger, seats=1)
    theirs = sit(seat_of(other), make_learner(other, make_user("omar")))
    assert theirs.instance is not None
    assert refused(access.own_seat, lea, other.pk) == UNKNOWN
    for user in (lea, helper):
        assert refused(attendable, user, theirs.instance.pk) == "portal:not-found"
    assert refused(access.workshop_for, helper, other.pk, Right.SEE) == UNKNOWN


def test_a_helper_of_a_workshop_that_is_removed_is_at_no_machine(
    workshop: Workshop, seat: Seat, helper: User
) -> None:
    for state in (
        Workshop.State.REMOVING,
        Workshop.State.REMOVED,
        Workshop.State.CANCELLED,
        Workshop.State.DRAFT,
    ):
        Workshop.objects.filter(pk=workshop.pk).update(state=state)
        assert seat.instance is not None
        assert refused(attendable, helper, seat.instance.pk) == "portal:not-found"


def test_a_hundred_seats_ask_as_much_as_one(
    workshop: Workshop, seat: Seat, helper: User, django_assert_num_queries: Any
) -> None:
    assert seat.instance_id is not None
    with django_assert_num_queries(2):
        access.places_of(helper, [seat.instance_id])
    more = [sit(add_seat(workshop, number)).instance_id for number in range(10, 60)]
    with django_assert_num_queries(2):
        assert len(access.places_of(helper, [seat.instance_id, *[pk for pk in more if pk]])) == 51


def test_whoever_helps_and_tries_a_seat_is_its_learner(workshop: Workshop, helper: User) -> None:
    trial = make_learner(workshop, helper, via=Learner.Via.TEST)
    seat = sit(add_seat(workshop, 0, held_until=timezone.now() + timedelta(hours=1)), trial)
    assert seat.instance is not None
    assert attendable(helper, seat.instance.pk).place == Place("learner", "learner")


def test_a_helper_named_twice_in_different_workshops_has_each_right_where_it_was_given(
    workshop: Workshop, allocation: Allocation, member: User, helper: User
) -> None:
    other = make_workshop(allocation, member, seats=1)
    make_helper(other, helper, Helper.Role.INSTRUCTOR)
    assert access.workshop_for(helper, other.pk, Right.RUN).viewer_right == Right.RUN
    assert refused(access.workshop_for, helper, workshop.pk, Right.RUN) == "portal:forbidden"
