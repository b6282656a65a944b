"""Each source is asked about each project in its time; what fails keeps what was known, and says since when."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.utils import timezone

from allocations.models import Allocation
from allocations.sources import facts, people, syncing
from allocations.sources.models import AllocationFact, MemberRecord, SourceState
from portal.core.models import AuditEvent
from tests.allocations.sources.conftest import GRANT, AccessWorld
from tests.cast import make_allocation, make_user

pytestmark = pytest.mark.django_db


def state(source: str = "access") -> SourceState:
    return SourceState.objects.get(source=source)


def read(source: str = "access") -> SourceState:
    """The next reading, whatever the time until it is due."""
    syncing.meet()
    found = state(source)
    SourceState.objects.filter(pk=found.pk).update(due_at=timezone.now(), lease_until=None)
    syncing.sync(found.pk)
    return state(source)


def test_every_source_that_applies_is_asked_about_a_project_once(bio: Allocation) -> None:
    make_allocation(GRANT, region="TACC", slug="bio-tacc", project_id=bio.project_id)
    make_allocation("admin", project_id="the-operators")
    syncing.meet()
    syncing.meet()
    assert sorted(SourceState.objects.values_list("project_id", "source")) == [
        (bio.project_id, "access"),
        (bio.project_id, "projects"),
    ]


def test_a_source_that_is_taken_out_is_asked_no_more(
    bio: Allocation, reconfigured: Callable[..., None]
) -> None:
    syncing.meet()
    reconfigured(projects=None)
    syncing.meet()
    assert list(SourceState.objects.values_list("source", flat=True)) == ["access"]


def test_without_a_key_access_is_not_asked(bio: Allocation, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ACCESS_USERMANAGEMENT_KEY")
    syncing.meet()
    assert list(SourceState.objects.values_list("source", flat=True)) == ["projects"]


def test_members_of_all_regions_come_from_one_reading(bio: Allocation, access: AccessWorld) -> None:
    tacc = make_allocation(GRANT, region="TACC", slug="bio-tacc", project_id=bio.project_id)
    read()
    assert access.calls("users/{name}") == 1
    for place in (bio, tacc):
        assert sorted(person.username for person in people.roster(place)) == ["alice", "bob", "hiro", "priya"]


def test_a_failing_source_keeps_what_was_known_and_says_so(bio: Allocation, access: AccessWorld) -> None:
    read()
    before = list(MemberRecord.objects.values_list("username", "seen_at"))
    access.world.fault("status", service="access", status=500)
    first = read()
    assert first.error_id == "outside:unavailable"
    assert list(MemberRecord.objects.values_list("username", "seen_at")) == before
    second = read()
    assert (second.error_since, second.failures) == (first.error_since, 2)
    assert second.due_at - timezone.now() > first.due_at - timezone.now()
    access.world.mend()
    third = read()
    assert (third.error_id, third.error_since, third.failures) == ("", None, 0)


def test_a_list_of_nobody_is_not_believed(bio: Allocation, access: AccessWorld) -> None:
    read()
    access.control(seats={f"{GRANT}/{name}": None for name in ("alice", "bob", "hiro", "priya")})
    assert read().error_id == "sources:no-members"
    assert MemberRecord.objects.count() == 4


@pytest.mark.parametrize(
    "body", ["", "[]", '{"result": null}', '{"result": {"users": 3}}', "{", '"text"', '{"result": [1, null]}']
)
def test_answers_of_no_sense_change_nothing(bio: Allocation, access: AccessWorld, body: str) -> None:
    read()
    access.world.fault("status", service="access", status=200, body=body)
    assert read().error_id in ("outside:bad-answer", "sources:no-members")
    assert MemberRecord.objects.count() == 4


def test_members_with_missing_and_strange_fields_are_taken_as_far_as_they_go(
    bio: Allocation, access: AccessWorld
) -> None:
    rows = (
        '[{"username": "x"}, {"nothing": 1}, {"username": "y", "role": 7, "spState": ["?"], "email": null}]'
    )
    access.world.fault("status", service="access", status=200, body=f'{{"result": {rows}}}')
    assert read().error_id == ""
    found = {row.username: (row.role, row.state) for row in MemberRecord.objects.all()}
    assert found == {"x": ("", "active"), "y": ("member", "pending")}


def test_a_role_that_is_not_told_is_not_made_up(bio: Allocation, access: AccessWorld) -> None:
    access.control(tells_roles=False)
    read()
    assert set(MemberRecord.objects.values_list("role", flat=True)) == {""}
    assert {person.role for person in people.roster(bio)} == {"member"}


def test_the_first_reading_is_no_news_and_later_changes_are(bio: Allocation, access: AccessWorld) -> None:
    read()
    assert not AuditEvent.objects.filter(action__startswith="members.").exists()
    access.control(seats={f"{GRANT}/bob": None, f"{GRANT}/newbie": "active", f"{GRANT}/priya": "active"})
    read()
    assert sorted(
        AuditEvent.objects.filter(scope=f"allocation.{bio.pk}").values_list("action", "target_id")
    ) == [
        ("members.changed", "priya"),
        ("members.listed", "newbie"),
        ("members.no-longer-listed", "bob"),
    ]


def test_reading_again_what_is_the_same_changes_only_its_age(bio: Allocation, access: AccessWorld) -> None:
    read()
    before = list(MemberRecord.objects.order_by("pk").values_list("pk", "since", "state"))
    read()
    assert list(MemberRecord.objects.order_by("pk").values_list("pk", "since", "state")) == before
    assert not AuditEvent.objects.filter(action__startswith="members.").exists()


def test_while_somebody_is_pending_it_is_read_sooner(bio: Allocation, access: AccessWorld) -> None:
    soon = read().due_at
    access.control(seats={f"{GRANT}/priya": "active"})
    later = read().due_at
    assert soon - timezone.now() < timedelta(minutes=1) < later - timezone.now()


def test_two_workers_read_it_once(bio: Allocation, access: AccessWorld) -> None:
    syncing.meet()
    found = state()
    syncing.sync(found.pk)
    syncing.sync(found.pk)
    assert access.calls() == 1
    SourceState.objects.update(due_at=timezone.now(), lease_until=timezone.now() + timedelta(minutes=1))
    syncing.sync(found.pk)
    assert (access.calls(), found.pk in syncing.due()) == (1, False)


def test_what_a_dead_worker_had_is_due_again(bio: Allocation, access: AccessWorld) -> None:
    syncing.meet()
    found = state()
    SourceState.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
    assert found.pk in syncing.due()
    syncing.sync(found.pk)
    assert access.calls() == 1


def test_a_portal_that_is_new_does_not_ask_about_all_at_once(bio: Allocation) -> None:
    for number in range(100):
        make_allocation(f"PHY{330000 + number}", slug=f"phy-{number}")
    syncing.meet()
    now = timezone.now()
    due = [row.due_at for row in SourceState.objects.all()]
    assert sum(at > now + timedelta(minutes=1) for at in due) > 100
    assert len(syncing.due()) <= 60


@pytest.mark.parametrize("count", [1, 20])
def test_what_is_due_costs_the_same_for_any_number(
    bio: Allocation, count: int, django_assert_num_queries: Callable[[int], object]
) -> None:
    for number in range(count):
        make_allocation(f"PHY{330000 + number}", slug=f"phy-{number}")
    syncing.meet()
    with django_assert_num_queries(3):  # type: ignore[attr-defined]
        syncing.meet()
        syncing.due()


def test_records_know_who_has_signed_in_here(bio: Allocation, access: AccessWorld) -> None:
    hiro = make_user("hiro")
    make_user("bob", access_id="bob@elsewhere.edu")
    read()
    users = {row.username: row.user for row in MemberRecord.objects.select_related("user")}
    assert users["hiro"] == hiro
    assert users["bob"] is None, "a namesake from elsewhere is somebody else"


def test_the_public_list_says_what_a_grant_is_about(bio: Allocation, access: AccessWorld) -> None:
    read("projects")
    found = facts.of(bio)
    assert found["field_of_science"].value == "Genomics"
    assert found["institution"].value == "Prairie State University"
    assert found["pi"].value == "Alice Moreau"
    assert found["type"].value == "Discover"
    assert (found["type"].source_title, found["type"].stale) == ("ACCESS project list", False)
    assert found["title"].source == "projects"


def test_an_unchanged_list_costs_no_second_reading(bio: Allocation, access: AccessWorld) -> None:
    first = read("projects")
    assert first.validator.startswith("etag ")
    before = AllocationFact.objects.get(field="type", source="projects").as_of
    second = read("projects")
    assert second.validator == first.validator
    assert AllocationFact.objects.get(field="type", source="projects").as_of > before


def test_a_grant_that_is_not_on_the_list_is_asked_about_tomorrow(db: None, access: AccessWorld) -> None:
    make_allocation("XYZ999999")
    found = read("projects")
    assert found.error_id == "sources:unknown-grant"
    assert found.due_at > timezone.now() + timedelta(hours=20)


def test_a_list_that_does_not_filter_is_read_no_further_than_allowed(
    bio: Allocation, access: AccessWorld
) -> None:
    rows = '{"projects": [{"requestNumber": "OTHER"}], "pages": 400}'
    access.world.fault("status", service="access", status=200, body=rows)
    access.world.cloud.control("DELETE", "/calls")
    assert read("projects").error_id == "sources:unknown-grant"
    rule = access.world.cloud.control("GET", "/faults")["faults"][0]
    assert rule["hits"] == 3


def test_a_public_row_with_hardly_anything_in_it_is_of_use(bio: Allocation, access: AccessWorld) -> None:
    rows = '{"projects": [{"requestNumber": "TG-bio220047", "fos": null, "endDate": "soon", "pi": "P"}]}'
    access.world.fault("status", service="access", status=200, body=rows)
    assert read("projects").error_id == ""
    told = dict(AllocationFact.objects.filter(source="projects").values_list("field", "value"))
    assert told == {"grant": "TG-bio220047", "pi": "P"}
