"""A boot script that is on its way survives the rotation of keys."""

from datetime import timedelta

import pytest
from django.core.management import call_command
from django.utils import timezone
from pytest_django import Settings

from allocations.models import Allocation
from portal.accounts.models import User
from portal.core.seal import seal, unseal
from portal.operations.models import Operation

pytestmark = pytest.mark.django_db


def launch(by: User, allocation: Allocation, state: str, script: str) -> Operation:
    now = timezone.now()
    return Operation.objects.create(
        kind="instance.launch",
        label="Launch",
        by=by,
        cloud=allocation.cloud,
        region=allocation.region,
        project_id=allocation.project_id,
        spec={"name": "one", "sealed_boot_script": seal(script) if script else ""},
        state=state,
        run_after=now,
        deadline_at=now + timedelta(hours=1),
        created_at=now,
    )


def test_scripts_of_live_launches_move_to_the_newest_key(
    member: User, allocation: Allocation, settings: Settings
) -> None:
    live = launch(member, allocation, "queued", "echo hello")
    plain = launch(member, allocation, "queued", "")
    ended = launch(member, allocation, "done", "echo old")
    before = ended.spec
    settings.SEAL_KEYS = ["a new key of at least thirty-two characters", *settings.SEAL_KEYS]
    call_command("reseal")
    settings.SEAL_KEYS = settings.SEAL_KEYS[:1]
    for operation in (live, plain, ended):
        operation.refresh_from_db()
    assert unseal(live.spec["sealed_boot_script"]) == "echo hello"
    assert live.spec["name"] == "one"
    assert plain.spec["sealed_boot_script"] == ""
    assert ended.spec == before
