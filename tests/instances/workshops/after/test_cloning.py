"""Last term's workshop once more."""

from datetime import date, time

import pytest

from allocations.models import Membership
from instances.workshops.after.cloning import COPIED, clone, first_day_after
from instances.workshops.clock import keeping
from instances.workshops.clock.repeating import Planned
from instances.workshops.clock.window import moments
from instances.workshops.models import Helper, Learner, Meeting, Workshop
from portal.accounts.models import User
from portal.core.errors import PortalError
from portal.core.models import AuditEvent
from tests.cast import make_user
from tests.instances.workshops.room import make_helper, make_learner, make_workshop

CHICAGO = "America/Chicago"
TEN, NOON = time(10), time(12)
# A Tuesday and a Thursday in winter.
TUESDAY, THURSDAY = date(2026, 2, 3), date(2026, 2, 5)


@pytest.fixture
def old(allocation: object, member: User) -> Workshop:
    found = make_workshop(
        allocation,  # type: ignore[arg-type]
        member,
        seats=30,
        spares=2,
        opens_at=None,
        closes_at=None,
        state=Workshop.State.REMOVED,
        title="Spring",
        hand_out="# Hello",
        su_cap=500,
        steps=["One"],
        admits={"roster_only": True},
        sealed_boot_script="sealed",
        proof={"at": "2026-02-10"},
        hold_id="workshops:cap-reached",
        wants=3,
    )
    for one in (Planned(TUESDAY, TEN, NOON, "Basics"), Planned(THURSDAY, time(22), time(1))):
        starts_at, ends_at = moments(one.day, one.begins, one.ends, CHICAGO)
        Meeting.objects.create(
            workshop=found,
            title=one.title,
            day=one.day,
            begins=one.begins,
            ends=one.ends,
            starts_at=starts_at,
            ends_at=ends_at,
        )
    keeping.derive(found)
    found.save()
    return found


def refused(**given: object) -> str:
    with pytest.raises(PortalError) as caught:
        clone(**given)  # type: ignore[arg-type]
    return caught.value.id


def test_a_clone_is_a_draft_with_the_same_plan_on_other_days(old: Workshop, member: User) -> None:
    # The Tuesday after the clocks went forward.
    made = clone(workshop=old, by=member, first_day=date(2026, 3, 10), title=" Summer ")
    made.refresh_from_db()
    assert (made.state, made.owner, made.title) == (Workshop.State.DRAFT, member, "Summer")
    for name in set(COPIED) - {"title"}:
        assert getattr(made, name) == getattr(old, name), name
    assert (made.proof, made.hold_id, made.wants, made.planned_at, made.begun_at) == ({}, "", 0, None, None)
    first, second = made.meetings.all()
    assert (first.day, first.begins, first.ends, first.title) == (date(2026, 3, 10), TEN, NOON, "Basics")
    assert (second.day, second.begins, second.ends) == (date(2026, 3, 12), time(22), time(1))
    # The same hour on the wall, another one in UTC.
    assert first.starts_at.hour == old.meetings.all()[0].starts_at.hour - 1
    assert made.opens_at is not None and made.opens_at < first.starts_at
    assert AuditEvent.objects.get(action="workshop.clone").detail["clone_of"] == "Spring"


def test_every_column_is_copied_or_begins_anew() -> None:
    """A column that is added to workshops has to be put into one of the two."""
    anew = {
        *("id", "owner", "state", "over_cap_until", "opens_at", "closes_at", "remove_after", "created_at"),
        *(
            "planned_at",
            "begun_at",
            "ended_at",
            "removed_at",
            "proof",
            "hold_id",
            "hold_params",
            "hold_since",
        ),
        *("hold_until", "wants", "next_at", "lease_until", "version"),
    }
    names = {field.name for field in Workshop._meta.concrete_fields}
    assert names == set(COPIED) | anew


def test_the_roster_comes_only_when_asked_for_and_nobody_has_joined(old: Workshop, member: User) -> None:
    lea = make_user("lea")
    make_learner(old, lea)
    make_learner(old, None, name="Gone", email="gone@example.edu", state=Learner.State.OUT)
    make_learner(old, None, name="Guest", email="", via=Learner.Via.GUEST)
    make_learner(old, member, via=Learner.Via.TEST)
    make_learner(old, None, name="Nameless", email="", access_id="")
    alone = clone(workshop=old, by=member, first_day=date(2026, 9, 1))
    assert not Learner.objects.filter(workshop=alone).exists()
    again = clone(workshop=old, by=member, first_day=date(2026, 9, 1), roster=True)
    people = Learner.objects.filter(workshop=again)
    assert [(one.email, one.user, one.state, one.via) for one in people] == [
        (lea.email, None, Learner.State.INVITED, Learner.Via.ROSTER)
    ]


def test_helpers_come_unless_they_are_not_wanted(old: Workshop, member: User) -> None:
    make_helper(old, make_user("hanna"))
    make_helper(old, None, email="later@example.edu", role=Helper.Role.INSTRUCTOR)
    make_helper(old, member)
    made = clone(workshop=old, by=member, first_day=date(2026, 9, 1))
    found = {(one.user.username if one.user else one.email, one.role) for one in made.helpers.all()}
    assert found == {("hanna", "assistant"), ("later@example.edu", "instructor")}
    bare = clone(workshop=old, by=member, first_day=date(2026, 9, 1), helpers=False)
    assert not bare.helpers.exists()


def test_who_may_not_plan_it_may_not_clone_it(
    old: Workshop, pi: User, colleague: User, stranger: User, operator: User
) -> None:
    instructor = make_user("ines")
    make_helper(old, instructor, Helper.Role.INSTRUCTOR)
    day = date(2026, 9, 1)
    for user in (instructor, operator):
        assert refused(workshop=old, by=user, first_day=day) == "portal:forbidden"
    for user in (colleague, stranger):
        assert refused(workshop=old, by=user, first_day=day) == "workshops:unknown"
    assert clone(workshop=old, by=pi, first_day=day).owner == pi


def test_who_may_not_launch_any_more_clones_nothing(old: Workshop, member: User) -> None:
    Membership.objects.filter(user=member).update(role=Membership.Role.READER)
    assert refused(workshop=old, by=member, first_day=date(2026, 9, 1)) == "workshops:unknown"


def test_a_day_in_another_age_is_refused(old: Workshop, member: User) -> None:
    assert refused(workshop=old, by=member, first_day=date(2099, 1, 1)) == "workshops:bad-times"


@pytest.mark.parametrize(
    ("today", "proposed"),
    [
        (date(2026, 2, 6), date(2026, 2, 17)),
        (date(2026, 8, 25), date(2026, 9, 1)),
        # Before it took place: after its own first day.
        (date(2025, 12, 1), date(2026, 2, 10)),
    ],
)
def test_the_same_weekday_is_proposed(old: Workshop, today: date, proposed: date) -> None:
    assert first_day_after(old, today) == proposed
    assert proposed.weekday() == TUESDAY.weekday()


def test_without_meetings_a_week_from_today_is_proposed(old: Workshop, member: User) -> None:
    old.meetings.all().delete()
    assert first_day_after(old, date(2026, 8, 25)) == date(2026, 9, 1)
    made = clone(workshop=old, by=member, first_day=date(2026, 9, 1))
    assert (made.meetings.count(), made.opens_at) == (0, None)
