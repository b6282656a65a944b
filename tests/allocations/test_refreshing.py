"""Quota and accounting, read from a cloud in a process of its own with the credential of a member."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.utils import timezone

from allocations import ledger, refreshing, tasks
from allocations.models import Allocation, Grant
from portal.accounts import connecting, services
from portal.accounts.models import CloudCredential, CloudLink, User
from portal.cloud.types import AccountingEntry
from tests.cast import give_credential, join, make_user
from tests.world import World

pytestmark = pytest.mark.django_db


def connected(name: str) -> User:
    user = make_user(name)
    services.connect_with_password(
        user=user, cloud="demo", username=name, password="demo", user_domain="Default", by=user
    )
    connecting.connect(CloudLink.objects.get(user=user).pk)
    return user


@pytest.fixture
def bio(world: World) -> Allocation:
    connected("alice")
    return Allocation.objects.get(slug="bio220047-iu")


def read(allocation: Allocation) -> Allocation:
    Allocation.objects.filter(pk=allocation.pk).update(refresh_after=None)
    refreshing.refresh(allocation.pk)
    allocation.refresh_from_db()
    return allocation


def test_it_reads_quota_and_accounting(bio: Allocation) -> None:
    read(bio)
    assert bio.read_error_id == ""
    assert bio.quota["cores"] == {"used": 0, "limit": 278}
    assert set(bio.quota) >= {"instances", "cores", "ram_mb", "volumes", "volume_gb", "floating_ips"}
    assert bio.quota_read_at is not None
    assert bio.title == "Genome assembly of prairie grasses"
    held = ledger.balance(bio)
    assert {"cpu", "storage"} <= set(held)
    assert held["cpu"].awarded > 0


def test_it_is_not_read_again_before_its_time(bio: Allocation, world: World) -> None:
    read(bio)
    world.cloud.control("DELETE", "/calls")
    refreshing.refresh(bio.pk)
    assert not any(call.startswith("compute") for call in world.calls())
    assert bio.pk not in refreshing.due()
    assert bio.refresh_after is not None
    assert bio.refresh_after > timezone.now() + timedelta(minutes=5)


def test_a_service_that_is_down_leaves_the_old_values_with_their_age(bio: Allocation, world: World) -> None:
    read(bio)
    before, when = bio.quota, bio.quota_read_at
    world.fault("status", service="compute", status=503)
    read(bio)
    assert (bio.quota, bio.quota_read_at) == (before, when)
    assert bio.read_error_id
    since = bio.read_error_since
    read(bio)
    assert bio.read_error_since == since
    world.mend()
    read(bio)
    assert (bio.read_error_id, bio.read_error_since) == ("", None)


def test_without_anybody_connected_it_says_so(bio: Allocation, world: World) -> None:
    CloudCredential.objects.update(revoked_at=timezone.now())
    read(bio)
    assert bio.read_error_id == "allocations:nobody-connected"


def test_a_member_whose_credential_is_refused_does_not_keep_it_from_being_read(
    bio: Allocation, world: World
) -> None:
    CloudCredential.objects.update(last_used_at=timezone.now() - timedelta(days=1))
    gone = make_user("gone")
    join(gone, bio)
    dead = give_credential(gone, bio, last_used_at=timezone.now())
    read(bio)
    assert bio.read_error_id == ""
    dead.refresh_from_db()
    assert dead.refused_at is not None


def test_due_are_those_never_read_and_those_whose_time_has_come(bio: Allocation) -> None:
    Allocation.objects.update(refresh_after=timezone.now() + timedelta(hours=1))
    assert refreshing.due() == []
    Allocation.objects.filter(pk=bio.pk).update(refresh_after=timezone.now() - timedelta(seconds=1))
    assert refreshing.due() == [bio.pk]
    Allocation.objects.filter(pk=bio.pk).update(refresh_after=None)
    assert refreshing.due() == [bio.pk]


def test_the_clock_hands_each_to_a_worker(bio: Allocation, monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[int] = []
    monkeypatch.setattr(tasks.refresh, "delay", sent.append)
    Allocation.objects.update(refresh_after=timezone.now() + timedelta(hours=1))
    Allocation.objects.filter(pk=bio.pk).update(refresh_after=None)
    tasks.refresh_due()
    assert sent == [bio.pk]


def test_messages_of_earlier_minutes_do_not_pile_up(bio: Allocation, monkeypatch: pytest.MonkeyPatch) -> None:
    """With workers that are slower than the clock the queue would else grow for ever."""
    sent: list[float | None] = []
    monkeypatch.setattr(
        tasks.refresh.app, "send_task", lambda *args, **given: sent.append(given.get("expires"))
    )
    Allocation.objects.update(refresh_after=timezone.now() + timedelta(hours=1))
    Allocation.objects.filter(pk=bio.pk).update(refresh_after=None)
    tasks.refresh_due()
    assert sent == [60]


def entry(**changes: Any) -> AccountingEntry:
    today = timezone.now().date()
    given: dict[str, Any] = {
        "resource": "cpu",
        "provider_resource": "jetstream2.indiana.access-ci.org",
        "title": "Wheat",
        "abstract": "",
        "awarded": Decimal(1000),
        "used": Decimal(10),
        "starts_on": today - timedelta(days=10),
        "ends_on": today + timedelta(days=10),
        "active": True,
    }
    return AccountingEntry(**{**given, **changes})


def test_the_figure_is_as_old_as_its_last_change(allocation: Allocation) -> None:
    allocation.grants.all().delete()
    first, second, third = (timezone.now() - timedelta(hours=hours) for hours in (30, 20, 10))
    refreshing._store_grant(allocation, entry(), first)
    refreshing._store_grant(allocation, entry(), second)
    assert Grant.objects.get().as_of == first
    refreshing._store_grant(allocation, entry(used=Decimal(11)), third)
    assert Grant.objects.get().as_of == third


def test_a_resource_that_nobody_knows_is_kept_and_charged_to_nothing(allocation: Allocation) -> None:
    refreshing._store_grant(
        allocation, entry(resource=None, provider_resource="quantum.example"), timezone.now()
    )
    assert Grant.objects.get(provider_resource="quantum.example").resource == "other"


def test_a_cloud_without_accounting_still_tells_its_quota(allocation: Allocation) -> None:
    before = allocation.accounting_read_at
    refreshing._store(allocation, [], [], timezone.now())
    allocation.refresh_from_db()
    assert allocation.accounting_read_at == before
    assert allocation.title == "Genome assembly of prairie grasses"
