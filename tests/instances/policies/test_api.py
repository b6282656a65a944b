"""The same over the API: the same services, the same refusals."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from allocations.models import Allocation
from instances.models import Instance
from instances.policies import enforcing
from instances.policies.models import Policy, Standing
from instances.policies.rules import LeaseRules
from portal.accounts.models import ApiToken, User
from portal.accounts.tokens import issue
from portal.core.redis_client import client as redis
from tests.instances.policies.conftest import office_hours

WEEK = [{"start": 480, "end": 1140}] * 5 + [None, None]
HOURS = {"zone": "America/Chicago", "week": WEEK}


def call(user: User, method: str, path: str, body: Any = None, scope: str = "write") -> Any:
    token = issue(user, "test", ApiToken.Scope(scope), 1)[1]
    send = getattr(Client(), method)
    return send(
        f"/api/v1/{path}",
        body,
        content_type="application/json",
        headers={"Authorization": f"Bearer {token}"},
    )


def test_rules_are_set_read_and_dropped(machine: Instance, member: User) -> None:
    address = f"instances/{machine.pk}/policies/schedule"
    answer = call(member, "put", address, {"rules": HOURS})
    assert answer.status_code == 200
    found = call(member, "get", f"instances/{machine.pk}/policies").json()
    schedule = found["policies"][0]
    assert (schedule["policy"], schedule["origin"], schedule["rules"]["zone"]) == (
        "schedule",
        "machine",
        "America/Chicago",
    )
    assert found["next"][0]["action"] == "shelve"
    assert call(member, "put", address, {"rules": None}).json()["policies"][0]["origin"] == "off"
    assert call(member, "delete", address).json()["policies"][0]["origin"] == "none"


@pytest.mark.parametrize(
    ("rules", "status"), [({"week": [None] * 7}, 422), ({"week": WEEK, "sudo": 1}, 422), ("text", 422)]
)
def test_what_is_odd_is_refused(machine: Instance, member: User, rules: object, status: int) -> None:
    answer = call(member, "put", f"instances/{machine.pk}/policies/schedule", {"rules": rules})
    assert answer.status_code == status
    assert not Policy.objects.exists()


@pytest.mark.parametrize(("who", "status"), [("colleague", 403), ("assistant", 403), ("stranger", 404)])
def test_who_may_not_is_refused(
    machine: Instance, who: str, status: int, request: pytest.FixtureRequest
) -> None:
    user = request.getfixturevalue(who)
    answer = call(user, "put", f"instances/{machine.pk}/policies/schedule", {"rules": HOURS})
    assert (answer.status_code, Policy.objects.count()) == (status, 0)


def test_a_token_for_reading_changes_nothing(machine: Instance, member: User) -> None:
    answer = call(member, "put", f"instances/{machine.pk}/policies/schedule", {"rules": HOURS}, scope="read")
    assert (answer.status_code, Policy.objects.count()) == (403, 0)


def test_a_lease_is_extended_and_the_rest_put_off(
    machine: Instance, member: User, give: Callable[..., Policy]
) -> None:
    end = timezone.now() + timedelta(days=3)
    give(machine, LeaseRules(until=end, extend_days=7))
    assert call(member, "post", f"instances/{machine.pk}/extend-lease").status_code == 200
    assert Standing.objects.get().lease_until == end + timedelta(days=7)
    until = (timezone.now() + timedelta(hours=5)).isoformat()
    answer = call(member, "post", f"instances/{machine.pk}/put-off/busy", {"until": until})
    assert answer.json()["busy_until"] is not None
    assert call(member, "post", f"instances/{machine.pk}/put-off/else", {"until": until}).status_code == 422


def test_the_allocations_own_and_what_comes_next(
    machine: Instance, allocation: Allocation, pi: User, member: User
) -> None:
    address = f"allocations/{allocation.slug}/policies"
    given = {"rules": HOURS, "may_loosen": False}
    assert call(member, "put", f"{address}/schedule", given).status_code == 403
    assert call(pi, "put", f"{address}/schedule", given).json()["may_loosen"] is False
    found = call(member, "get", address).json()
    assert found["machines"][0]["next"]["action"] == "shelve"
    answer = call(member, "put", f"instances/{machine.pk}/policies/schedule", {"rules": None})
    assert (answer.status_code, answer.json()["title"]) == (409, "The allocation asks for more")


def test_a_dry_run_changes_nothing(machine: Instance, member: User) -> None:
    answer = call(member, "post", f"instances/{machine.pk}/policies/schedule/dry-run", {"rules": HOURS})
    assert answer.json()[0]["name"] == "lab"
    assert not Policy.objects.exists()


def test_rows_of_lists_say_what_comes_within_a_day(machine: Instance, member: User, client: Client) -> None:
    Standing.objects.create(
        instance=machine,
        next_at=timezone.now() + timedelta(hours=5),
        next_kind="lease",
        next_action="delete",
    )
    client.force_login(member)
    shown = client.get(f"/instances/{machine.pk}/row/").content.decode()
    assert "Deleted in <time data-until" in shown
    Standing.objects.update(next_at=timezone.now() + timedelta(days=2))
    assert "Deleted in" not in client.get(f"/instances/{machine.pk}/row/").content.decode()


def test_one_round_at_a_time(
    machine: Instance, give: Callable[..., Policy], monkeypatch: pytest.MonkeyPatch
) -> None:
    from instances.policies import tasks

    made = []
    monkeypatch.setattr(enforcing, "enforce", lambda: made.append(1))
    give(machine, office_hours())
    redis().set(tasks.LOCK, 1)
    tasks.enforce()
    redis().delete(tasks.LOCK)
    tasks.enforce()
    assert (made, redis().get(tasks.LOCK)) == ([1], None)
