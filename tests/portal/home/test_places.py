"""Clouds and regions side by side: how each stands, and that one says nothing of another."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from allocations.models import Allocation
from instances.models import Poll
from portal.accounts.models import CloudLink, User
from portal.accounts.pages import connections
from portal.cloud import config
from portal.cloud.config import clouds
from portal.home.pages import fits
from portal.home.places import Place, places
from tests.cast import join, make_allocation
from tests.instances.rows import machine
from tests.portal.home.test_home import browser_of, page

pytestmark = pytest.mark.django_db


@pytest.fixture
def campus(monkeypatch: pytest.MonkeyPatch) -> None:
    """A second cloud, of other words, in the configuration."""
    found = clouds()
    portal = found.cloud("demo").portal.model_copy(
        update={
            "title": "Campus cloud",
            "vocabulary": {"project": "project", "server": "virtual machine"},
            "region_overrides": {},
        }
    )
    second = replace(found.cloud("demo"), name="campus", regions=("main",), portal=portal)
    both = replace(found, clouds={**found.clouds, "campus": second})
    monkeypatch.setattr(config, "load", lambda: both)
    clouds.cache_clear()


@pytest.fixture(autouse=True)
def configuration_again() -> Any:
    yield
    clouds.cache_clear()


@pytest.fixture
def tacc(member: User, allocation: Allocation) -> Allocation:
    made = make_allocation(region="TACC", project_id=allocation.project_id)
    join(member, made)
    return made


def connected(user: User, cloud: str = "demo") -> None:
    CloudLink.objects.create(user=user, cloud=cloud, state="connected")


def polled(allocation: Allocation, *, minutes: float | None = None, error_id: str = "cloud:timeout") -> None:
    """Read just now; or not since so many minutes."""
    now = timezone.now()
    since = None if minutes is None else now - timedelta(minutes=minutes)
    Poll.objects.create(
        allocation=allocation,
        what=Poll.What.SERVERS,
        next_at=now,
        ok_at=now - timedelta(hours=1) if since else now,
        failing_since=since,
        error_id=error_id if since else "",
    )


def found(user: User) -> dict[str, Place]:
    mine = [membership.allocation for membership in user.memberships.select_related("allocation")]
    return {place.region or place.cloud: place for place in places(mine, connections(user))}


def test_a_region_that_answers_nothing_is_silent_and_the_other_is_not(
    member: User, allocation: Allocation, tacc: Allocation
) -> None:
    connected(member)
    polled(allocation)
    polled(tacc, minutes=20)
    mine = found(member)
    assert (mine["IU"].state, mine["TACC"].state) == ("connected", "silent")
    since = mine["TACC"].silent_since
    assert since is not None and timezone.now() - since > timedelta(minutes=19)


def test_one_allocation_that_is_not_read_does_not_make_its_region_silent(
    member: User, allocation: Allocation
) -> None:
    connected(member)
    other = make_allocation("TRA220028")
    join(member, other)
    polled(allocation)
    polled(other, minutes=5)
    place = found(member)["IU"]
    assert place.state == "connected"
    assert [entry.allocation for entry in place.silent] == [other]
    assert "not read" in browser_of(member).get("/home/switch/").content.decode()


def test_an_allocation_that_was_never_asked_about_says_nothing_of_the_region(
    member: User, allocation: Allocation
) -> None:
    connected(member)
    join(member, make_allocation("TRA220028"))
    polled(allocation, minutes=5)
    assert found(member)["IU"].state == "silent"


@pytest.mark.parametrize("error_id", ["instances:no-reader", "cloud:unauthorized"])
def test_that_nobody_may_read_is_not_the_regions_silence(
    member: User, allocation: Allocation, error_id: str
) -> None:
    connected(member)
    polled(allocation, minutes=5, error_id=error_id)
    assert found(member)["IU"].state == "connected"


def test_what_runs_is_counted(member: User, allocation: Allocation, tacc: Allocation) -> None:
    for status in ("ACTIVE", "ACTIVE", "SHUTOFF", "SHELVED_OFFLOADED"):
        machine(allocation, status=status)
    machine(tacc)
    machine(tacc, deleted_at=timezone.now())
    assert {name: place.running for name, place in found(member).items()} == {"IU": 2, "TACC": 1}


@pytest.mark.usefixtures("campus")
def test_a_cloud_that_is_not_connected_can_be_connected_from_the_menu_and_the_start_page(
    member: User, allocation: Allocation
) -> None:
    connected(member)
    assert (found(member)["campus"].state, found(member)["campus"].may_connect) == ("not_connected", True)
    assert not found(member)["IU"].may_connect
    for path in ("/home/switch/", "/"):
        shown = page(member, path)
        assert "Campus cloud" in shown
        assert 'href="/profile/clouds/#cloud-campus"' in shown
        assert 'href="/profile/clouds/#cloud-demo"' not in shown


@pytest.mark.usefixtures("campus")
def test_the_start_page_names_the_cloud_that_does_not_answer(member: User, allocation: Allocation) -> None:
    there = make_allocation("hydrology", cloud="campus", region="main")
    join(member, there)
    connected(member)
    connected(member, "campus")
    polled(allocation)
    polled(there, minutes=20)
    shown = page(member)
    assert "Campus cloud / main does not answer" in shown
    assert "Indiana University does not answer" not in shown
    assert shown.count("No answer since") == 1


@pytest.mark.usefixtures("campus")
def test_each_cloud_is_spoken_of_in_its_own_words(member: User, allocation: Allocation) -> None:
    there = make_allocation("hydrology", cloud="campus", region="main")
    join(member, there)
    assert "<span>Virtual machines</span>" in page(member, f"/allocations/{there.slug}/instances/")
    assert "<span>Instances</span>" in page(member, f"/allocations/{allocation.slug}/instances/")


@pytest.mark.usefixtures("campus")
def test_a_project_of_one_name_is_two_allocations_at_two_clouds(member: User, allocation: Allocation) -> None:
    twin = make_allocation(cloud="campus", region="main", project_id=allocation.project_id, slug="twin")
    join(member, twin)
    machine(twin)
    assert {name: place.running for name, place in found(member).items()} == {"IU": 0, "main": 1}


def test_a_cloud_that_left_the_configuration_is_still_shown(member: User, allocation: Allocation) -> None:
    join(member, make_allocation("OLD1", cloud="gone", region="R1"))
    assert found(member)["R1"].state == "gone"
    assert "No longer offered here" in page(member)


@pytest.mark.parametrize(
    ("query", "wanted"),
    [
        ("", True),
        ("bio", True),
        ("PRAIRIE genome", True),
        ("iu bio", True),
        ("tacc", False),
        ("bio x", False),
    ],
)
def test_allocations_are_found_by_what_they_are_called_and_where_they_are(query: str, wanted: bool) -> None:
    allocation = make_allocation()
    assert fits(allocation, query) is wanted


def test_the_start_page_can_be_searched_and_the_search_is_in_its_address(
    member: User, allocation: Allocation, tacc: Allocation
) -> None:
    shown = page(member, "/?q=tacc")
    assert f'id="allocation-{tacc.pk}"' in shown
    assert f'id="allocation-{allocation.pk}"' not in shown
    assert 'hx-get="/home/parts/?q=tacc"' in shown
    assert "None of your 2 allocations is called so" in page(member, "/?q=<b>nothing")
