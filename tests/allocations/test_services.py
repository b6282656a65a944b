"""Memberships brought to what the cloud says: all or nothing, audited, told to open pages."""

from typing import Any

import pytest

from allocations import hooks_people, services
from allocations.models import Allocation, Membership
from allocations.services import apply_projects, read_again
from portal.accounts.hooks import GrantedProject
from portal.accounts.models import User
from portal.accounts.oidc import GroupClaim
from portal.cloud.types import Project
from portal.core import events
from portal.core.models import AuditEvent
from tests.cast import give_credential, join, make_allocation, make_user

pytestmark = pytest.mark.django_db


def granted(name: str = "BIO220047", *roles: str, regions: tuple[str, ...] = ("IU",)) -> GrantedProject:
    project = Project(
        id=f"project-of-{name.lower()}",
        name=name,
        domain_id="default",
        description=f"About {name}",
        enabled=True,
    )
    return GrantedProject(project=project, roles=roles or ("member",), regions=regions)


@pytest.fixture
def user(db: None) -> User:
    return make_user("bob")


def roles(user: User) -> dict[str, str]:
    return dict(user.memberships.filter(ended_at=None).values_list("allocation__slug", "role"))


def test_the_first_to_come_makes_the_allocation_and_later_ones_join_it(user: User) -> None:
    apply_projects(user, "demo", [granted()], [])
    apply_projects(make_user("carol"), "demo", [granted("BIO220047", "manager")], [])
    allocation = Allocation.objects.get()
    assert (allocation.slug, allocation.title) == ("bio220047-iu", "About BIO220047")
    assert allocation.refresh_after is not None
    assert allocation.memberships.count() == 2


def test_two_who_are_first_at_the_same_moment_share_the_allocation(
    user: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On PostgreSQL another worker may make it between our look and our insert."""
    free_slug = services._free_slug

    def beaten(wanted: str, cloud: str) -> str:
        slug = free_slug(wanted, cloud)
        if not Allocation.objects.exists():
            make_allocation(slug="made-by-the-other")
        return slug

    monkeypatch.setattr(services, "_free_slug", beaten)
    apply_projects(user, "demo", [granted()], [])
    assert Allocation.objects.count() == 1
    assert roles(user) == {"made-by-the-other": "member"}


def test_an_address_that_another_project_took_at_the_same_moment_is_passed_over(
    user: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    free_slug = services._free_slug

    def beaten(wanted: str, cloud: str) -> str:
        slug = free_slug(wanted, cloud)
        if not Allocation.objects.exists():
            make_allocation("OTHER", slug=slug)
        return slug

    monkeypatch.setattr(services, "_free_slug", beaten)
    apply_projects(user, "demo", [granted()], [])
    assert roles(user) == {"bio220047-iu-demo": "member"}


def test_each_region_is_an_allocation(user: User) -> None:
    apply_projects(user, "demo", [granted(regions=("IU", "TACC"))], [])
    assert roles(user) == {"bio220047-iu": "member", "bio220047-tacc": "member"}


def test_two_clouds_with_a_project_of_that_name_have_addresses_of_their_own(user: User) -> None:
    for cloud in ("demo", "second", "third"):
        apply_projects(user, cloud, [granted()], [])
    slugs = set(Allocation.objects.values_list("slug", flat=True))
    assert slugs == {"bio220047-iu", "bio220047-iu-second", "bio220047-iu-third"}


def test_a_name_that_makes_no_address_still_gets_one(user: User) -> None:
    apply_projects(user, "demo", [granted("☃"), granted("☀")], [])
    assert all(Allocation.objects.values_list("slug", flat=True))
    assert Allocation.objects.count() == 2


def test_what_one_cloud_says_ends_nothing_at_another(user: User) -> None:
    apply_projects(user, "demo", [granted()], [])
    apply_projects(user, "second", [], [])
    assert roles(user) == {"bio220047-iu": "member"}


def test_applied_twice_the_second_time_changes_and_records_nothing(user: User) -> None:
    claims = [GroupClaim("BIO220047", "pi")]
    apply_projects(user, "demo", [granted()], claims)
    recorded = AuditEvent.objects.count()
    apply_projects(user, "demo", [granted()], claims)
    assert AuditEvent.objects.count() == recorded
    assert Membership.objects.count() == 1


def test_a_pi_gives_the_allocation_their_name(user: User) -> None:
    apply_projects(user, "demo", [granted()], [GroupClaim("BIO220047", "pi")])
    assert Allocation.objects.get().pi_name == "Bob"


def test_every_change_is_recorded_where_the_allocation_can_read_it(user: User) -> None:
    apply_projects(user, "demo", [granted()], [])
    apply_projects(user, "demo", [granted("BIO220047", "manager")], [])
    apply_projects(user, "demo", [], [])
    scope = f"allocation.{Allocation.objects.get().pk}"
    actions = AuditEvent.objects.filter(scope=scope).order_by("id").values_list("action", flat=True)
    assert list(actions) == ["allocation.found", "membership.add", "membership.change", "membership.end"]


def test_whoever_leaves_loses_the_credential_and_the_history_stays(user: User) -> None:
    apply_projects(user, "demo", [granted()], [])
    credential = give_credential(user, Allocation.objects.get())
    apply_projects(user, "demo", [], [])
    credential.refresh_from_db()
    assert credential.revoked_at is not None
    assert Membership.objects.get().ended_at is not None


def test_a_credential_that_another_region_still_needs_stays(user: User) -> None:
    apply_projects(user, "demo", [granted(regions=("IU", "TACC"))], [])
    credential = give_credential(user, Allocation.objects.get(region="IU"))
    apply_projects(user, "demo", [granted(regions=("TACC",))], [])
    credential.refresh_from_db()
    assert credential.revoked_at is None


def test_coming_back_is_a_new_membership(user: User) -> None:
    for projects in ([granted()], [], [granted()]):
        apply_projects(user, "demo", projects, [])
    assert Membership.objects.count() == 2
    assert roles(user) == {"bio220047-iu": "member"}


def test_a_project_that_was_renamed_keeps_its_address(user: User) -> None:
    apply_projects(user, "demo", [granted()], [])
    project = Project(id="project-of-bio220047", name="BIO999999", domain_id="", description="", enabled=True)
    apply_projects(user, "demo", [GrantedProject(project, ("member",), ("IU",))], [])
    allocation = Allocation.objects.get()
    assert (allocation.project_name, allocation.slug) == ("BIO999999", "bio220047-iu")


def test_half_applied_is_not_applied(user: User, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*args: Any) -> None:
        raise RuntimeError

    monkeypatch.setattr(services, "end", broken)
    with pytest.raises(RuntimeError):
        apply_projects(user, "demo", [granted()], [])
    assert not Allocation.objects.exists()
    assert not Membership.objects.exists()


def test_open_pages_check_again_what_they_may_see(
    user: User, monkeypatch: pytest.MonkeyPatch, django_capture_on_commit_callbacks: Any
) -> None:
    sent: list[tuple[list[str], events.Event]] = []
    monkeypatch.setattr(events, "send", lambda groups, event: sent.append((list(groups), event)))
    with django_capture_on_commit_callbacks(execute=True):
        apply_projects(user, "demo", [granted()], [])
    assert ([f"user.{user.pk}"], events.AccessChanged()) in sent
    sent.clear()
    with django_capture_on_commit_callbacks(execute=True):
        apply_projects(user, "demo", [granted()], [])
    assert sent == []


def test_allocations_that_nobody_could_read_are_due_when_somebody_is_connected(user: User) -> None:
    silent, fine = make_allocation(read_error_id="allocations:nobody-connected"), make_allocation("TRA220028")
    for allocation in (silent, fine):
        join(user, allocation)
    read_again(user, "demo")
    silent.refresh_from_db()
    fine.refresh_from_db()
    assert silent.refresh_after is not None
    assert fine.refresh_after is None


@pytest.fixture
def said(monkeypatch: pytest.MonkeyPatch) -> dict[str, hooks_people.Decided]:
    """What was decided here about everybody, by project."""
    words: dict[str, hooks_people.Decided] = {}
    monkeypatch.setattr(hooks_people, "_deciders", [lambda user, cloud: words])
    return words


def test_who_was_removed_here_stays_out_at_the_next_sign_in(
    user: User, said: dict[str, hooks_people.Decided]
) -> None:
    apply_projects(user, "demo", [granted()], [])
    said["project-of-bio220047"] = hooks_people.Decided(out=True)
    apply_projects(user, "demo", [granted(), granted("TRA220028")], [])
    assert roles(user) == {"tra220028-iu": "member"}
    said.clear()
    apply_projects(user, "demo", [granted(), granted("TRA220028")], [])
    assert set(roles(user)) == {"tra220028-iu", "bio220047-iu"}


def test_layers_above_hear_of_the_end_in_the_same_transaction(
    user: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    heard: list[tuple[User, list[int]]] = []
    monkeypatch.setattr(hooks_people, "_ended", [lambda who, ids: heard.append((who, list(ids)))])
    apply_projects(user, "demo", [granted()], [])
    apply_projects(user, "demo", [], [])
    assert heard == [(user, [Allocation.objects.get().pk])]
