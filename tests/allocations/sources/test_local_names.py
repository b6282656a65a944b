"""What people are called at the resource: one list a day, and only the difference is stored."""

from datetime import timedelta

import pytest
from django.utils import timezone

from allocations.sources import local_names
from allocations.sources.models import AccountName, SourceState
from tests.allocations.sources.conftest import AccessWorld

pytestmark = pytest.mark.django_db


def again() -> None:
    SourceState.objects.update(due_at=timezone.now(), lease_until=None)
    local_names.read("demo")


def names() -> dict[str, str]:
    return dict(AccountName.objects.values_list("username", "local_name"))


def test_the_list_is_read_once_a_day(db: None, access: AccessWorld) -> None:
    assert local_names.due() == ["demo"]
    local_names.read("demo")
    assert (names()["alice"], names()["hiro"]) == ("alice", "hiro@access-ci.org")
    assert local_names.due() == []
    local_names.read("demo")
    assert access.calls() == 1
    due = SourceState.objects.get(source="names").due_at
    assert due > timezone.now() + timedelta(hours=23)


def test_only_the_difference_is_stored(db: None, access: AccessWorld) -> None:
    local_names.read("demo")
    kept = AccountName.objects.get(username="alice").pk
    access.control(seats={"BIO220047/hiro": "inactive", "BIO220047/newbie": "active"})
    again()
    assert "hiro" not in names()
    assert "newbie" in names()
    assert AccountName.objects.get(username="alice").pk == kept


def test_what_fails_keeps_what_was_known(db: None, access: AccessWorld) -> None:
    local_names.read("demo")
    before = names()
    access.world.fault("status", service="access", status=500)
    again()
    state = SourceState.objects.get(source="names")
    assert (names(), state.error_id) == (before, "outside:unavailable")
    assert state.due_at < timezone.now() + timedelta(hours=1)
    access.world.mend()
    again()
    assert SourceState.objects.get(source="names").error_since is None


def test_without_a_key_nothing_is_read(
    db: None, access: AccessWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("ACCESS_SPACCT_KEY")
    assert local_names.due() == []
    local_names.read("demo")
    assert access.calls() == 0


def test_two_workers_read_it_once(db: None, access: AccessWorld) -> None:
    local_names.read("demo")
    SourceState.objects.update(due_at=timezone.now(), lease_until=timezone.now() + timedelta(minutes=1))
    local_names.read("demo")
    assert access.calls() == 1
