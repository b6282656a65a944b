"""What operators are told of the sources, and what the API says of a grant."""

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from allocations.models import Allocation
from allocations.sources import doctor_checks, requests, tasks
from allocations.sources.models import MembershipRequest, SourceState
from portal.accounts.models import User
from portal.core.doctor import Finding, Plan
from tests.allocations.sources.conftest import AccessWorld

pytestmark = pytest.mark.django_db


def findings() -> dict[str, Finding]:
    return {finding.name: finding for finding in doctor_checks.sources(Plan(cloud="demo"))}


def state(source: str = "access", **fields: object) -> SourceState:
    defaults: dict[str, object] = {"due_at": timezone.now() + timedelta(hours=1), "project_id": "p"}
    return SourceState.objects.create(cloud="demo", source=source, **{**defaults, **fields})


def test_keys_are_named_and_never_told(
    db: None, access: AccessWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("ACCESS_SPACCT_KEY")
    found = findings()
    assert found["ACCESS: usermanagement"].level == "ok"
    assert found["ACCESS: spacct"].level == "note"
    assert "ACCESS_SPACCT_KEY is empty" in found["ACCESS: spacct"].says
    keys = access.world.cloud.facts["access"]["keys"].values()
    assert not any(key in f"{finding}" for key in keys for finding in found.values())


def test_readings_in_time_are_well(db: None, access: AccessWorld) -> None:
    state()
    assert (findings()["ACCESS"].level, findings()["ACCESS"].says) == ("ok", "1 readings, all in time")


def test_readings_that_fail_say_why_and_what_to_do(db: None, access: AccessWorld) -> None:
    state()
    params = {"source": "ACCESS", "part": "usermanagement"}
    state(project_id="q", error_id="outside:key-refused", error_params=params)
    found = findings()["ACCESS"]
    assert found.level == "degraded"
    assert "1 of 2 readings fail" in found.says
    assert "does not accept the portal's key" in found.says
    assert "renew" in found.todo


def test_readings_that_are_late_point_at_the_workers(db: None, access: AccessWorld) -> None:
    state(due_at=timezone.now() - timedelta(hours=2))
    assert "workers" in findings()["ACCESS"].todo


def test_requests_that_are_stuck_are_told(bio: Allocation, alice: User) -> None:
    requests.ask(allocation=bio, by=alice, action="add", usernames=["newbie"])
    assert "requests" not in findings()
    MembershipRequest.objects.update(problem_id="outside:unavailable")
    assert findings()["requests"].level == "degraded"


def test_the_clock_hands_out_what_is_due(
    bio: Allocation, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: list[tuple[str, object]] = []
    for name in ("carry", "sync", "look_up", "read_managed", "read_names"):
        task = getattr(tasks, name)
        monkeypatch.setattr(task, "delay", lambda what, name=name: sent.append((name, what)))
    requests.ask(allocation=bio, by=alice, action="add", usernames=["newbie"])
    tasks.carry_due()
    tasks.sync_due()
    states = list(SourceState.objects.values_list("pk", flat=True))
    assert sent == [("carry", bio.pk), *(("sync", pk) for pk in states), ("read_names", "demo")]


def test_the_api_tells_each_figure_with_its_source_and_age(allocation: Allocation, member: User) -> None:
    client = Client()
    client.force_login(member)
    rows = client.get(f"/api/v1/allocations/{allocation.slug}/facts").json()
    title = next(row for row in rows if row["field"] == "title")
    assert (title["value"], title["source"], title["stale"]) == (allocation.title, "Demo cloud", False)
    assert title["others"] == []


def test_the_api_tells_strangers_nothing(allocation: Allocation, stranger: User) -> None:
    client = Client()
    client.force_login(stranger)
    assert client.get(f"/api/v1/allocations/{allocation.slug}/facts").status_code == 404
