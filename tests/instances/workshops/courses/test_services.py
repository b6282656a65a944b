"""Making, changing and planning: who may, what is kept, what is refused, and what stays as it was then."""

from decimal import Decimal
from typing import Any

import pytest
from pydantic import ValidationError

from allocations.models import Allocation, Membership
from instances.workshops.courses import gathering, helping, services
from instances.workshops.courses.wanted import Wanted, read, spares_for
from instances.workshops.models import Helper, Seat, Workshop
from portal.accounts.models import User
from portal.core.errors import PortalError
from portal.core.models import AuditEvent
from portal.core.seal import unseal
from tests.cast import make_user
from tests.instances.workshops.courses.conftest import meeting, wanted
from tests.instances.workshops.room import make_workshop

State = Workshop.State


def refused(id: str) -> Any:
    return pytest.raises(PortalError, match=rf"^{id}\b")


def change(workshop: Workshop, by: User, **fields: Any) -> frozenset[str]:
    return services.change(workshop=workshop, by=by, wanted=Wanted.model_validate(fields))


def test_a_draft_knows_the_names_of_what_was_chosen(draft: Workshop, member: User) -> None:
    assert (draft.image_name, draft.flavor_name, draft.owner) == ("Featured-Ubuntu24", "m3.small", member)
    assert draft.state == State.DRAFT and not Seat.objects.exists()
    assert AuditEvent.objects.filter(action="workshop.create", target_id=str(draft.pk)).exists()


@pytest.mark.parametrize("who", ["reader", "stranger"])
def test_whoever_may_not_launch_makes_no_workshop(
    place: Allocation, who: str, request: pytest.FixtureRequest
) -> None:
    with pytest.raises(PortalError):
        services.create(allocation=place, by=request.getfixturevalue(who), wanted=wanted())
    assert not Workshop.objects.exists()


def test_what_was_not_sent_is_not_touched(draft: Workshop, member: User) -> None:
    assert change(draft, member, title="Other words") == {"title"}
    draft.refresh_from_db()
    assert (draft.title, draft.seats, draft.meetings.count()) == ("Other words", 3, 1)


def test_nothing_changed_is_no_change(draft: Workshop, member: User) -> None:
    before = AuditEvent.objects.count()
    assert services.change(workshop=draft, by=member, wanted=wanted()) == frozenset()
    assert AuditEvent.objects.count() == before


def test_a_change_is_in_the_trail_without_what_is_secret(draft: Workshop, member: User) -> None:
    change(draft, member, seats=5, boot_script="export KEY=hush", hand_out="private notes")
    told = AuditEvent.objects.get(action="workshop.change").detail
    assert told["before"]["seats"] == "3" and told["after"]["seats"] == "5"
    assert told["after"]["boot_script"] == "a script"
    assert "hush" not in str(told) and "private" not in str(told)


def test_the_boot_script_is_sealed(draft: Workshop, member: User) -> None:
    change(draft, member, boot_script="#!/bin/sh\necho secret\n")
    draft.refresh_from_db()
    assert "secret" not in draft.sealed_boot_script
    assert unseal(draft.sealed_boot_script) == "#!/bin/sh\necho secret\n" == services.script_of(draft)
    change(draft, member, boot_script="")
    draft.refresh_from_db()
    assert draft.sealed_boot_script == ""


def test_another_zone_moves_the_moments_and_not_the_wall_clock(draft: Workshop, member: User) -> None:
    before = draft.meetings.get()
    change(draft, member, time_zone="UTC")
    after = draft.meetings.get()
    assert after.begins == before.begins and after.starts_at != before.starts_at
    with refused("workshops:bad-input"):
        change(draft, member, time_zone="Mars/Olympus")


def test_a_web_application_needs_its_port_and_a_desktop_a_desktop(draft: Workshop, member: User) -> None:
    with refused("workshops:bad-input"):
        change(draft, member, start_up="port")
    with refused("workshops:bad-input"):
        change(draft, member, start_up="desktop", desktop=False)
    change(draft, member, start_up="port", start_port=8888, start_path="/lab")
    draft.refresh_from_db()
    assert (draft.start_up, draft.start_port, draft.start_path) == ("port", 8888, "/lab")


@pytest.mark.parametrize(
    "fields",
    [
        {"login": "root"},
        {"login": "Learner"},
        {"repository_url": "http://example.org/x"},
        {"repository_url": "https://me:pw@example.org/x"},
        {"repository_ref": "../x"},
        {"start_path": "//evil.example"},
        {"start_path": "/x y"},
        {"start_port": 70000},
        {"seats": -1},
        {"su_cap": "-1"},
        {"between": "explode"},
        {"steps": [""]},
        {"steps": ["x"] * 41},
        {"data": [{"kind": "volume", "folder": "../x", "volume_id": "v", "size_gb": 1}]},
        {"admits": {"domains": ["a b"]}},
        {"image_id": "x y"},
        {"owner": 1},
        {"state": "planned"},
    ],
)
def test_what_machines_or_pages_could_not_take_is_refused(fields: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Wanted.model_validate(fields)
    kept, wrong = read({"title": "Good", **fields})
    assert kept.title == "Good" and len(wrong) == 1


@pytest.mark.parametrize(("seats", "spares"), [(0, 0), (1, 1), (20, 1), (21, 2), (100, 5)])
def test_one_spare_in_twenty_is_suggested(seats: int, spares: int) -> None:
    assert spares_for(seats) == spares


def test_planning_makes_seats_and_twice_is_said(draft: Workshop, member: User) -> None:
    services.plan(workshop=draft, by=member)
    draft.refresh_from_db()
    assert draft.state == State.PLANNED and draft.opens_at is not None
    assert Seat.objects.filter(spare=False).count() == 3 and Seat.objects.filter(spare=True).count() == 1
    with refused("workshops:not-now"):
        services.plan(workshop=draft, by=member)


def test_planning_is_refused_while_something_blocks(draft: Workshop, member: User) -> None:
    change(draft, member, seats=100)
    with refused("workshops:blocked") as error:
        services.plan(workshop=draft, by=member)
    assert "cores" in error.value.problem.what and "too few" in error.value.problem.what
    draft.refresh_from_db()
    assert draft.state == State.DRAFT


def test_a_warning_has_to_be_known(draft: Workshop, member: User) -> None:
    change(draft, member, spares=0)
    with refused("workshops:warned"):
        services.plan(workshop=draft, by=member)
    services.plan(workshop=draft, by=member, known=True)


def test_two_plans_at_the_same_time_are_counted_together(place: Allocation, member: User) -> None:
    """Each alone would fit; the second is told of the first."""
    first = services.create(allocation=place, by=member, wanted=wanted(seats=11))
    second = services.create(allocation=place, by=member, wanted=wanted(seats=11, title="Two"))
    assert not gathering.report_of(second, member).blocks
    services.plan(workshop=first, by=member)
    with refused("workshops:blocked") as error:
        services.plan(workshop=second, by=member)
    assert "other workshops at that time need" in error.value.problem.what
    change(second, member, meetings=[meeting(days=30)])
    services.plan(workshop=second, by=member)


def test_what_is_planned_may_not_grow_beyond_what_there_is_and_may_shrink(
    draft: Workshop, member: User
) -> None:
    services.plan(workshop=draft, by=member)
    with refused("workshops:blocked"):
        change(draft, member, seats=100)
    draft.refresh_from_db()
    assert draft.seats == 3
    change(draft, member, seats=5)
    draft.refresh_from_db()
    assert draft.seats == 5
    Allocation.objects.update(quota={"cores": {"used": 10, "limit": 10}})
    change(draft, member, seats=2)
    draft.refresh_from_db()
    assert draft.seats == 2


def test_of_a_running_one_only_what_is_not_built_in_is_changed(place: Allocation, member: User) -> None:
    running = make_workshop(place, member)
    with refused("workshops:not-now") as error:
        change(running, member, flavor_id="4", sudo=True)
    assert "The size and who may use sudo cannot be changed" in error.value.problem.what
    assert change(running, member, hand_out="New", su_cap=Decimal(50)) == {"hand_out", "su_cap"}


def test_what_is_over_keeps_all_but_its_words(place: Allocation, member: User) -> None:
    over = make_workshop(place, member, state=State.ENDED)
    change(over, member, summary="It went well")
    with refused("workshops:not-now"):
        change(over, member, seats=9)
    gone = make_workshop(place, member, state=State.REMOVED, opens_at=None, closes_at=None)
    with refused("workshops:not-now"):
        change(gone, member, summary="x")


def test_an_instructor_changes_words_and_nothing_that_costs(draft: Workshop, member: User) -> None:
    ina = make_user("ina")
    helping.add_helper(workshop=draft, by=member, who=ina.access_id, role=Helper.Role.INSTRUCTOR)
    assert change(draft, ina, hand_out="Read this") == {"hand_out"}
    with refused("portal:forbidden"):
        change(draft, ina, seats=50)


def test_an_owner_who_left_changes_nothing_any_more(draft: Workshop, member: User, pi: User) -> None:
    Membership.objects.filter(user=member).delete()
    with refused("workshops:unknown"):
        change(draft, member, title="Mine")
    assert change(draft, pi, title="Ours") == {"title"}


def test_a_helper_is_known_by_id_at_once_and_by_address_once_they_sign_in(
    draft: Workshop, member: User
) -> None:
    tara = make_user("tara")
    by_id = helping.add_helper(workshop=draft, by=member, who="TARA@access-ci.org")
    assert by_id.user == tara
    # Nobody owns an address that no provider has vouched for.
    by_mail = helping.add_helper(workshop=draft, by=member, who=make_user("otto").email)
    assert by_mail.user is None and by_mail.email == "otto@example.edu" and by_mail.access_id == ""
    later = helping.add_helper(workshop=draft, by=member, who="new@access-ci.org")
    assert (later.user, later.email, later.access_id) == (None, "", "new@access-ci.org")


def test_nobody_helps_twice(draft: Workshop, member: User) -> None:
    make_user("tara")
    helping.add_helper(workshop=draft, by=member, who="tara@access-ci.org")
    with refused("workshops:helper-twice"):
        helping.add_helper(workshop=draft, by=member, who="Tara@access-ci.org")
    assert (
        helping.add_lines(workshop=draft, by=member, text="tara@access-ci.org\nno body; a@example.org") != []
    )
    assert Helper.objects.count() == 2


def test_only_those_who_plan_choose_helpers(draft: Workshop, member: User, colleague: User) -> None:
    with refused("workshops:unknown"):
        helping.add_helper(workshop=draft, by=colleague, who="x@example.org")
    made = helping.add_helper(workshop=draft, by=member, who=colleague.access_id)
    with refused("portal:forbidden"):
        helping.remove_helper(workshop=draft, by=colleague, helper_id=made.pk)
    other = services.create(allocation=draft.allocation, by=member, wanted=wanted(title="Two"))
    with refused("portal:not-found"):
        helping.remove_helper(workshop=other, by=member, helper_id=made.pk)


def test_helpers_have_a_limit(draft: Workshop, member: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(helping, "MOST", 1)
    helping.add_helper(workshop=draft, by=member, who="a@example.org")
    with refused("workshops:too-many-helpers"):
        helping.add_helper(workshop=draft, by=member, who="b@example.org")


def test_a_colleague_makes_their_own(place: Allocation, colleague: User) -> None:
    made = services.create(allocation=place, by=colleague, wanted=wanted(time_zone=""))
    assert made.owner == colleague and made.time_zone == "UTC"


@pytest.mark.parametrize("kept", [True, False])
def test_a_draft_may_be_unfinished(place: Allocation, member: User, kept: bool) -> None:
    made = services.create(allocation=place, by=member, wanted=Wanted(title="Later") if kept else Wanted())
    assert made.title == ("Later" if kept else services.UNTITLED)
    ids = {one.id for one in gathering.report_of(made, member).blocks}
    assert {"dates", "seats", "size", "image"} <= ids
