"""Who hears what of policies, in which words."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.utils import timezone

from allocations.models import Membership
from instances.models import Instance
from instances.policies import telling
from instances.policies.effective import held_one
from instances.policies.models import Policy, PolicyRun
from instances.policies.rules import IdleRules, LeaseRules
from portal.accounts.models import User
from portal.notices.kinds import find
from portal.notices.models import Notice
from tests.instances.policies.conftest import NOON, office_hours


@pytest.fixture
def run(machine: Instance) -> PolicyRun:
    return PolicyRun.objects.create(
        instance=machine, kind="schedule", due_at=NOON, created_at=NOON, action="shelve", reason="So it is."
    )


def told() -> set[User]:
    return {notice.user for notice in Notice.objects.select_related("user")}


def test_the_owner_hears_of_their_machine_and_nobody_else(run: PolicyRun, member: User, pi: User) -> None:
    telling.done(run)
    assert told() == {member}


def test_of_an_owner_who_is_gone_the_managers_hear(
    run: PolicyRun, member: User, pi: User, manager: User, assistant: User
) -> None:
    Membership.objects.filter(user=member).update(ended_at=timezone.now())
    telling.failed(run)
    assert told() == {pi, manager}


def test_where_only_people_can_help_owner_and_managers_hear(run: PolicyRun, member: User, pi: User) -> None:
    telling.waits(run)
    assert told() == {member, pi}
    assert "So it is." in Notice.objects.all()[0].text


@pytest.mark.parametrize("what", ["done", "failed", "waits", "left"])
def test_nobody_hears_the_same_twice(run: PolicyRun, member: User, what: str) -> None:
    for _ in range(3):
        getattr(telling, what)(run)
    notice = Notice.objects.get(user=member)
    assert (notice.kind, notice.url) == ("policy.schedule", f"/instances/{run.instance_id}/policies/")
    assert notice.scope == f"allocation.{run.instance.allocation_id}"


def test_an_idle_machine_says_when_and_how_to_keep_it(
    machine: Instance, member: User, give: Callable[..., Policy]
) -> None:
    give(machine, IdleRules(hours=4, action="stop"))
    give(machine, office_hours())
    telling.idle(held_one(machine), NOON, "stop")
    notice = Notice.objects.get(user=member)
    assert notice.title == "lab is idle and will be stopped"
    assert "for 4 hours. It is stopped at 12:00 on 10 Feb 2026 (America/Chicago)" in notice.text


@pytest.mark.parametrize(
    ("action", "level", "words"),
    [
        ("shelve", "warning", "Its disk and volumes stay."),
        ("delete", "danger", "Its root disk goes with it; attached volumes stay, and are charged as before."),
    ],
)
def test_a_lease_says_what_becomes_of_the_data(
    machine: Instance, member: User, give: Callable[..., Policy], action: str, level: str, words: str
) -> None:
    delete_by = member.pk if action == "delete" else None
    end = NOON + timedelta(days=3)
    give(machine, LeaseRules.model_validate({"until": end, "action": action, "delete_by": delete_by}))
    telling.lease(held_one(machine), end, 3)
    notice = Notice.objects.get(user=member)
    assert (notice.level, words in notice.text) == (level, True)


def test_people_choose_how_they_hear_of_each_kind() -> None:
    for name, ways in (("idle", {"page", "mail"}), ("lease", {"page", "mail"}), ("schedule", {"page"})):
        kind = find(f"policy.{name}")
        assert kind is not None
        assert (kind.group, set(kind.ways)) == ("policies", ways)
