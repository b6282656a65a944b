"""Who asked is told how it ended: once, together, and also after a crash. Nobody else is."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from allocations.models import Allocation
from allocations.sources import outcomes, requests, telling, tidying
from allocations.sources.models import MembershipRequest
from portal.accounts.models import User
from portal.core.errors import PortalError
from portal.notices.models import Notice

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def keys(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ACCESS_USERMANAGEMENT_KEY", "a-key")


def asked(allocation: Allocation, by: User, *names: str, **more: Any) -> list[MembershipRequest]:
    return requests.ask(allocation=allocation, by=by, action="add", usernames=names, **more)


def test_what_ended_together_is_told_together(allocation: Allocation, pi: User, manager: User) -> None:
    rows = asked(allocation, pi, "a1", "b2", "c3")
    for row in rows[:2]:
        outcomes.done(row)
    outcomes.refused(rows[2], PortalError("sources:unknown-person", source="ACCESS", username="c3"))
    telling.tell_ended()
    told = {notice.level: notice for notice in Notice.objects.all()}
    assert {notice.user for notice in told.values()} == {pi}
    assert told["success"].title == "BIO220047: done for 2 people"
    assert "ACCESS knows no account “c3”" in told["warning"].text
    assert told["warning"].url == f"/allocations/{allocation.slug}/members/"


def test_it_is_told_once(allocation: Allocation, pi: User) -> None:
    [row] = asked(allocation, pi, "a1")
    outcomes.done(row)
    telling.tell_ended()
    telling.tell_ended()
    assert Notice.objects.count() == 1


def test_after_a_crash_before_the_telling_it_is_told_all_the_same(
    allocation: Allocation, pi: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    [row] = asked(allocation, pi, "a1")
    outcomes.done(row)

    def die(*given: object, **more: object) -> int:
        raise RuntimeError("the worker dies")

    with monkeypatch.context() as patch:
        patch.setattr("portal.notices.services.tell", die)
        with pytest.raises(RuntimeError):
            telling.tell_ended()
    row.refresh_from_db()
    assert row.told_at is None
    telling.tell_ended()
    assert Notice.objects.count() == 1


def test_what_was_refused_at_once_was_shown_at_once(allocation: Allocation, pi: User) -> None:
    asked(allocation, pi, "not a name")
    telling.tell_ended()
    assert not Notice.objects.exists()


def test_a_long_list_is_cut_short(allocation: Allocation, pi: User) -> None:
    for row in asked(allocation, pi, *[f"n{i:02}" for i in range(30)]):
        outcomes.done(row)
    telling.tell_ended()
    text = Notice.objects.get().text
    assert "n11 was added." in text
    assert "n12" not in text
    assert "and 18 more" in text


def test_how_long_it_took_is_told_where_it_took_long(allocation: Allocation, pi: User) -> None:
    [row] = asked(allocation, pi, "a1")
    row.asked_at -= timedelta(hours=3)
    MembershipRequest.objects.update(asked_at=row.asked_at)
    outcomes.done(row)
    telling.tell_ended()
    assert "a1 was added after 180 minutes." in Notice.objects.get().text


def test_somebody_whose_account_is_gone_is_not_told(allocation: Allocation, pi: User, manager: User) -> None:
    [row] = asked(allocation, manager, "a1")
    manager.delete()
    outcomes.done(MembershipRequest.objects.get(pk=row.pk))
    telling.tell_ended()
    assert not Notice.objects.exists()


def test_the_end_of_a_request_that_has_ended_is_not_told_again(allocation: Allocation, pi: User) -> None:
    """Two workers, of whom one was thought dead: the first word counts."""
    [row] = asked(allocation, pi, "a1")
    other = MembershipRequest.objects.get(pk=row.pk)
    outcomes.done(row)
    outcomes.refused(other, PortalError("outside:not-allowed"))
    row.refresh_from_db()
    assert row.state == "done"
    with pytest.raises(PortalError, match="sources:superseded"):
        outcomes.sending(other)


def test_open_pages_hear_of_each_change(
    allocation: Allocation, pi: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    heard: list[tuple[str, str]] = []
    monkeypatch.setattr(
        "portal.core.events.publish", lambda groups, event: heard.append((groups[0], event.name))
    )
    [row] = asked(allocation, pi, "a1")
    outcomes.waiting(row, timedelta(minutes=5))
    outcomes.waiting(row, timedelta(minutes=5))
    outcomes.done(row)
    assert heard == [(f"allocation.{allocation.pk}", "members:changed")] * 3


def test_what_ended_long_ago_is_removed_once_it_was_told(allocation: Allocation, pi: User) -> None:
    old, untold, live = asked(allocation, pi, "a1", "b2", "c3")
    long_ago = timezone.now() - timedelta(days=800)
    for row in (old, untold):
        outcomes.done(row)
        MembershipRequest.objects.filter(pk=row.pk).update(ended_at=long_ago)
    MembershipRequest.objects.filter(pk=old.pk).update(told_at=long_ago)
    tidying.tidy()
    assert set(MembershipRequest.objects.values_list("username", flat=True)) == {"b2", "c3"}
    assert live.pk


@pytest.mark.parametrize("count", [1, 20])
def test_telling_costs_the_same_for_any_number(
    allocation: Allocation, pi: User, count: int, django_assert_max_num_queries: Callable[[int], Any]
) -> None:
    for row in asked(allocation, pi, *[f"n{i}" for i in range(count)]):
        outcomes.done(row)
    with django_assert_max_num_queries(20):
        telling.tell_ended()
