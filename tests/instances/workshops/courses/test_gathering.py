"""Facts of a preflight out of our tables: what is counted, what is not, and with how many queries."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from allocations.models import Allocation, Grant
from instances.workshops.courses import gathering, offering, services, shown
from instances.workshops.courses.wanted import Wanted
from instances.workshops.models import Workshop
from portal.accounts.models import CloudCredential, User
from portal.notices.models import Announcement
from tests.allocations.budgets.rows import budget
from tests.cast import make_allocation
from tests.instances.rows import offer
from tests.instances.workshops.courses.conftest import meeting, next_week
from tests.instances.workshops.room import make_workshop, seat_machine


def ids(workshop: Workshop, user: User) -> set[str]:
    return {one.id for one in gathering.report_of(workshop, user).findings}


def test_a_small_class_on_a_good_day_has_nothing_in_its_way(draft: Workshop, member: User) -> None:
    checked = gathering.check(draft, member)
    assert checked.report.findings == ()
    assert checked.facts.machines == 4 and checked.cost is not None
    # Four machines of two cores, for three hours and what lies around them.
    assert Decimal(24) < checked.cost.total < Decimal(40)
    assert checked.su_per_hour == Decimal(8)


def test_every_meeting_costs_and_the_sum_is_the_whole(draft: Workshop, member: User) -> None:
    change = Wanted.model_validate({"meetings": [meeting(), meeting(7), meeting(14)]})
    services.change(workshop=draft, by=member, wanted=change)
    checked = gathering.check(draft, member)
    lines = offering.lines(draft, member, checked)
    assert len(lines) == 3 and all(line.su for line in lines) and checked.cost is not None
    between = checked.cost.between + checked.cost.kept
    assert sum((line.su or Decimal(0) for line in lines), between) == checked.cost.total


def test_times_are_the_workshops_and_the_readers_where_these_differ(draft: Workshop, member: User) -> None:
    line = offering.lines(draft, member, gathering.check(draft, member))[0]
    assert f"{line.starts_at:%H:%M}" == "13:00" and line.elsewhere is not None
    member.preferences["time_zone"] = "America/Chicago"
    line = offering.lines(draft, member, gathering.check(draft, member))[0]
    assert line.elsewhere is None


def test_the_request_for_quota_has_the_numbers_in_it(draft: Workshop, member: User) -> None:
    assert offering.letter(draft, member, gathering.check(draft, member)) == ""
    services.change(workshop=draft, by=member, wanted=Wanted.model_validate({"seats": 100}))
    draft.refresh_from_db()
    text = offering.letter(draft, member, gathering.check(draft, member))
    assert "- Cores: 222 (now 150, of which 20 in use)" in text
    assert "- Instances: 104 (now 25, of which 3 in use)" in text
    assert "100 seats and 1 spare machines of m3.small" in text and "Volumes" not in text


def test_each_size_says_what_stops_it_there(draft: Workshop, member: User) -> None:
    found = {one.size.name: one for one in gathering.check(draft, member).sizes}
    assert found["m3.small"].chosen and found["m3.small"].stops == ""
    assert found["m3.2xl"].stops == "Not enough cores"
    assert "m3.old" not in found
    large = found["m3.quad"].total
    assert large is not None and found["m3.small"].total is not None and large > found["m3.small"].total


def test_an_image_that_is_too_large_or_hungry_is_said(draft: Workshop, member: User) -> None:
    for image, id in (
        ("big", "disk"),
        ("hungry", "ram"),
        ("saving", "image-gone"),
        ("nothing", "image-gone"),
    ):
        draft.image_id = image
        assert id in ids(draft, member), image


def test_a_size_that_is_gone_or_switched_off_is_said(draft: Workshop, member: User) -> None:
    for flavor in ("50", "nothing"):
        draft.flavor_id = flavor
        assert "size-gone" in ids(draft, member)


def test_gpus_are_counted_as_last_read_and_unknown_when_that_is_old(draft: Workshop, member: User) -> None:
    draft.flavor_id = "20"
    assert "gpus" in ids(draft, member)
    usage = {"CUSTOM_A100X_10C": {"total": 10, "used": 2}}
    Allocation.objects.update(gpus=usage, gpus_read_at=timezone.now())
    draft.allocation.refresh_from_db()
    assert "gpus" not in ids(draft, member)
    Allocation.objects.update(gpus={"CUSTOM_A100X_10C": {"total": 10, "used": 9}})
    draft.allocation.refresh_from_db()
    assert "gpus" in ids(draft, member)


def test_an_allocation_that_ends_first_blocks(draft: Workshop, member: User) -> None:
    Grant.objects.update(ends_on=next_week().date() - timedelta(days=1))
    assert "end" in {one.id for one in gathering.report_of(draft, member).blocks}


def test_a_budget_of_the_owner_blocks_whoever_looks(
    draft: Workshop, member: User, pi: User, allocation: Allocation
) -> None:
    budget(allocation, member, su=1)
    assert "budget-0" in ids(draft, member) and "budget-0" in ids(draft, pi)
    draft.owner = pi
    assert "budget-0" not in ids(draft, pi)


def test_without_a_credential_nothing_can_be_built(draft: Workshop, member: User) -> None:
    CloudCredential.objects.all().delete()
    assert "credential" in {one.id for one in gathering.report_of(draft, member).blocks}


@pytest.mark.parametrize(
    ("where", "level", "hours", "said"),
    [
        ({"cloud": "demo", "region": "IU"}, "warning", 0, True),
        ({"cloud": "demo"}, "danger", 0, True),
        ({}, "warning", 0, True),
        ({"cloud": "demo", "region": "TACC"}, "warning", 0, False),
        ({"cloud": "elsewhere"}, "warning", 0, False),
        ({}, "info", 0, False),
        ({}, "warning", 40, False),
    ],
)
def test_what_operators_announce_for_that_time_is_said(
    draft: Workshop, member: User, where: dict[str, str], level: str, hours: int, said: bool
) -> None:
    start = next_week() + timedelta(hours=hours)
    Announcement.objects.create(
        text="Network work", level=level, starts_at=start, ends_at=start + timedelta(hours=1), **where
    )
    assert ("maintenance-0" in ids(draft, member)) == said


def test_machines_of_its_own_are_not_counted_twice(place: Allocation, member: User) -> None:
    running = make_workshop(place, member, seats=3)
    assert gathering.check(running, member).facts.more == 3
    seat_machine(running)
    gone = seat_machine(running)
    gone.deleted_at = timezone.now()
    gone.save()
    assert gathering.check(running, member).facts.more == 2


def test_a_workshop_of_another_region_spends_the_same_units_but_other_quota(
    draft: Workshop, member: User
) -> None:
    elsewhere = make_allocation(region="TACC", slug="bio220047-tacc")
    offer(elsewhere)
    opens = next_week()
    make_workshop(
        elsewhere,
        None,
        seats=20,
        state=Workshop.State.PLANNED,
        opens_at=opens,
        closes_at=opens + timedelta(hours=3),
        remove_after=opens + timedelta(days=3),
    )
    facts = gathering.check(draft, member).facts
    assert facts.others == () and facts.holding is not None and facts.holding.promised > 0


def _queries(act: Any) -> int:
    with CaptureQueriesContext(connection) as seen:
        act()
    return len(seen)


def test_the_number_of_queries_is_the_same_for_3_and_100_seats_and_any_number_of_others(
    draft: Workshop, member: User
) -> None:
    opens = next_week()

    def another() -> None:
        make_workshop(
            draft.allocation,
            member,
            seats=20,
            state=Workshop.State.PLANNED,
            opens_at=opens,
            closes_at=opens + timedelta(hours=3),
        )

    another()
    few = _queries(lambda: gathering.check(draft, member))
    draft.seats = 100
    for _ in range(4):
        another()
    assert _queries(lambda: gathering.check(draft, member)) == few <= 30


def test_lists_take_as_many_queries_for_one_workshop_as_for_twenty(place: Allocation, member: User) -> None:
    now = timezone.now()
    seat_machine(make_workshop(place, member, seats=1))
    one = _queries(lambda: shown.lines(list(Workshop.objects.select_related("allocation")), member, now))
    for _ in range(19):
        seat_machine(make_workshop(place, member, seats=5))
    rows = Workshop.objects.select_related("allocation", "owner")
    assert _queries(lambda: shown.lines(list(rows), member, now)) == one
