"""Ways out of what stands before every shell and desktop: a machine that is off, too many sessions."""

from collections.abc import Mapping
from typing import Any

from django.urls import reverse

from instances.models import Instance
from instances.remote.shown import Repair, repairs
from instances.states import ACTIONS

# What brings a machine back, by the state it is in.
_BACK = {
    "SHUTOFF": "start",
    "SUSPENDED": "resume",
    "SHELVED": "unshelve",
    "SHELVED_OFFLOADED": "unshelve",
}


@repairs("remote:not-running")
def _bring_back(instance: Instance, params: Mapping[str, Any]) -> list[Repair]:
    name = _BACK.get(instance.status, "")
    if instance.deleted_at or not name:
        return []
    return [Repair(ACTIONS[name].label, reverse("instances:action", args=[instance.pk, name]))]


@repairs("remote:too-many")
def _look_at_them(instance: Instance, params: Mapping[str, Any]) -> list[Repair]:
    return [Repair("Your connections", reverse("remote:own-connections"))]
