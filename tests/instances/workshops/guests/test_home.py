"""A seat reset to its image, with the home kept or without, whatever dies on the way."""

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

import pytest
from django.utils import timezone

from instances.models import Instance
from instances.services import launch_for_portal
from instances.workshops import hooks
from instances.workshops.guests import home
from instances.workshops.guests.seat_spec import spec_of
from instances.workshops.models import Seat
from portal.core.errors import PortalError
from portal.operations.models import Operation
from tests.instances.demo import Project
from tests.instances.workshops.room import make_workshop, seat_of, sit

pytestmark = pytest.mark.django_db(transaction=True)
Keeper = Callable[[Seat, datetime], bool]


@pytest.fixture
def kept(monkeypatch: pytest.MonkeyPatch) -> list[Keeper]:
    """Who keeps homes: put functions in."""
    found: list[Keeper] = []
    monkeypatch.setattr(hooks, "_homes", found)
    return found


@pytest.fixture
def at_cloud(project: Project) -> Iterator[Seat]:
    """A seat whose machine is set up."""
    workshop = make_workshop(project.allocation, project.people["bob"], seats=1, login="ada")
    [op] = launch_for_portal(
        allocation=project.allocation,
        owner=workshop.owner,
        request=project.request("class"),
        names=["class-1"],
        reason="a test",
        seat=spec_of(workshop),
    )
    project.settle(op)
    assert op.state == "done", op.error_id
    yield sit(seat_of(workshop), instance=Instance.objects.get(pk=op.target_id))


def ask(seat: Seat, *, keep_home: bool = False) -> Operation:
    return home.reset(seat=seat, keep_home=keep_home, reason="a test")


def disk_of(project: Project, seat: Seat) -> list[str]:
    """A new disk shows new host keys."""
    assert seat.instance is not None
    project.read_consoles()
    seat.instance.refresh_from_db()
    return list(seat.instance.host_keys)


def test_the_disk_is_made_anew_and_its_set_up_waited_for(project: Project, at_cloud: Seat) -> None:
    before = disk_of(project, at_cloud)
    op = ask(at_cloud)
    project.settle(op)
    assert (op.state, op.outcome) == ("done", "As its image is")
    assert disk_of(project, at_cloud) != before
    assert at_cloud.instance is not None and project.server(at_cloud.instance).status == "ACTIVE"


def test_nothing_is_rebuilt_before_the_home_is_safe(
    project: Project, at_cloud: Seat, kept: list[Keeper]
) -> None:
    asked: list[datetime] = []

    def keeper(seat: Seat, since: datetime) -> bool:
        assert seat == at_cloud
        asked.append(since)
        return len(asked) > 2

    kept.append(keeper)
    before = disk_of(project, at_cloud)
    op = ask(at_cloud, keep_home=True)
    project.settle(op, until=lambda: len(asked) == 2)
    assert disk_of(project, at_cloud) == before and op.stage == "Keeping the home"
    project.settle(op)
    assert op.state == "done" and set(asked) == {op.created_at}
    assert disk_of(project, at_cloud) != before


def test_a_home_that_cannot_be_kept_leaves_the_machine_as_it_is(
    project: Project, at_cloud: Seat, kept: list[Keeper]
) -> None:
    def keeper(seat: Seat, since: datetime) -> bool:
        raise PortalError("workshops:no-machine", number=1)

    kept.append(keeper)
    before = disk_of(project, at_cloud)
    op = ask(at_cloud, keep_home=True)
    project.settle(op)
    assert op.state == "failed" and disk_of(project, at_cloud) == before


def test_without_the_home_nobody_is_asked_to_keep_it(
    project: Project, at_cloud: Seat, kept: list[Keeper]
) -> None:
    def keeper(seat: Seat, since: datetime) -> bool:
        raise AssertionError

    kept.append(keeper)
    op = ask(at_cloud)
    project.settle(op)
    assert op.state == "done"


def test_a_machine_that_moved_to_another_seat_meanwhile_is_not_reset(
    project: Project, at_cloud: Seat, kept: list[Keeper]
) -> None:
    op = ask(at_cloud, keep_home=True)
    Seat.objects.filter(pk=at_cloud.pk).update(instance=None)
    project.settle(op)
    assert (op.state, op.error_id) == ("failed", "workshops:seat-changed")


def test_a_lost_reply_makes_it_anew_once(project: Project, at_cloud: Seat) -> None:
    project.demo.fault("lost-reply", service="compute", path="action", method="POST", count=1)
    op = ask(at_cloud)
    project.settle(op)
    assert op.state == "done"
    calls = project.demo.control("GET", "/calls")["calls"]
    assert op.error_id == "" and any("action" in route for route in calls)


def test_two_who_ask_at_once_are_one_reset(project: Project, at_cloud: Seat) -> None:
    ask(at_cloud)
    with pytest.raises(PortalError) as refused:
        ask(at_cloud)
    assert refused.value.id == "workshops:seat-busy"
    assert Operation.objects.filter(kind=home.RESET).count() == 1


@pytest.mark.parametrize("status", ["SHELVED_OFFLOADED", "BUILD", "ERROR"])
def test_one_that_is_put_away_or_broken_is_refused_with_the_reason(
    project: Project, at_cloud: Seat, status: str
) -> None:
    given: dict[str, Any] = {"status": status, "state_since": timezone.now()}
    assert at_cloud.instance is not None
    Instance.objects.filter(pk=at_cloud.instance.pk).update(**given)
    if status == "ERROR":
        assert ask(at_cloud).state == "queued"
        return
    with pytest.raises(PortalError) as refused:
        ask(at_cloud)
    assert refused.value.id == "instances:not-now" and refused.value.params["reason"]


def test_a_seat_without_a_machine_has_nothing_to_reset(at_cloud: Seat) -> None:
    at_cloud.instance = None
    with pytest.raises(PortalError) as refused:
        ask(at_cloud)
    assert refused.value.id == "workshops:no-machine"
