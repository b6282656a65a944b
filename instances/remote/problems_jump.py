"""What a person is told about jump hosts and firewalls, and the ways out that are one click away."""

from collections.abc import Mapping
from typing import Any

from django.urls import reverse

from instances.models import Instance
from instances.remote.shown import Repair, repairs
from portal.core.errors import Problem, register

_NOTHING = "Nothing was changed and no SUs were spent."
_RUNS = "The machines behind it run on; they can only not be reached."

register(
    {
        "remote:jump-no-image": Problem(
            "There is no system for a jump host",
            "A jump host is made from Debian or Ubuntu, and this project sees no image of either.",
            _NOTHING,
            "Choose a machine of the project that has a public address instead, or ask the operators for such an image.",
            409,
        ),
        "remote:jump-no-size": Problem(
            "There is no size for a jump host",
            "No size that this project may use is large enough for {image}.",
            _NOTHING,
            "Choose a machine of the project that has a public address instead.",
            409,
        ),
        "remote:jump-none": Problem(
            "This project has no jump host",
            "Somebody removed it just before.",
            _NOTHING,
            "Reload the page.",
            409,
        ),
        "remote:jump-unsuited": Problem(
            "{name} cannot be the jump host now",
            "A jump host has to run and to have a public address.",
            _NOTHING,
            "Start it or give it a public address, or choose another one.",
            409,
        ),
        "remote:jump-no-trust": Problem(
            "{name} cannot be the jump host",
            "It does not take the portal's certificates, by which everybody is let through.",
            _NOTHING,
            "Let it trust the portal first, from its page, or choose a machine that was launched here.",
            409,
        ),
        "remote:jump-not-yours": Problem(
            "{name} is somebody else's",
            "Who may act on a machine decides whether it stays the jump host.",
            _NOTHING,
            "Ask its owner, or who manages the allocation.",
            403,
        ),
        "remote:jump-refused": Problem(
            "{name} could not be made the jump host",
            "Its login for passing on was not put there. The machine said: {said}",
            "The machine is as it was before.",
            "Look at that in a shell on it and try again, or choose another machine.",
            502,
        ),
        "remote:jump-stopped": Problem(
            "Setting up the jump host was stopped",
            "Somebody stopped it before its login for passing on was there.",
            "The machine is as it was before.",
            "Try again, or choose another machine.",
            409,
        ),
        "remote:jump-coming": Problem(
            "The project's jump host is not ready yet",
            "{name}: {why}",
            _RUNS,
            "Wait a minute: this page tries again by itself.",
            503,
        ),
        "remote:jump-down": Problem(
            "The project's jump host does not answer",
            "{name}: {why}",
            _RUNS,
            "Bring it back, or make another one; what is open goes on once there is one.",
            503,
        ),
        "remote:firewall": Problem(
            "The firewall does not allow the portal",
            "None of the rules of {name} ({groups}) lets {source} in on port {port}, where SSH answers.",
            "The machine itself runs on as it was; nothing is charged beyond that.",
            "Add the rule: it goes into a group of its own, and your groups stay as they are.",
            409,
        ),
        "remote:firewall-narrow": Problem(
            "The firewall may not allow the portal",
            "The rules of {name} ({groups}) let only {allowed} in on port {port}, and nothing came back to the portal.",
            "The machine itself runs on as it was; nothing is charged beyond that.",
            "Add the rule: it goes into a group of its own, and your groups stay as they are.",
            504,
        ),
        "remote:firewall-none": Problem(
            "This cloud takes no firewall rules",
            "What may reach the machines there is decided by its operators.",
            _NOTHING,
            "Ask the operators to let the portal in by SSH.",
            409,
        ),
    }
)


@repairs("remote:no-address")
def _way_in(instance: Instance, params: Mapping[str, Any]) -> list[Repair]:
    return [
        Repair("Give it a public address", reverse("instances:action", args=[instance.pk, "assign_address"])),
        Repair("Use a jump host", _page(instance)),
    ]


@repairs("remote:jump-down", "remote:jump-coming")
def _jump_host(instance: Instance, params: Mapping[str, Any]) -> list[Repair]:
    """With `action`: what brings its machine back; lost for good: another one, made at once."""
    action, machine = params.get("action"), params.get("jump")
    found = []
    if action and machine:
        label = str(params.get("action_label") or "Bring it back")
        found.append(Repair(label, reverse("instances:action", args=[machine, action])))
    elif params.get("lost"):
        url = f"{reverse('remote:jump-make', args=[instance.allocation.slug])}?behind={instance.pk}"
        found.append(Repair("Make a new jump host", url, "post"))
    return [*found, Repair("The jump host", _page(instance))]


@repairs("remote:firewall", "remote:firewall-narrow")
def _let_in(instance: Instance, params: Mapping[str, Any]) -> list[Repair]:
    return [
        Repair(
            "Let the portal in", reverse("remote:let-in", args=[params.get("machine") or instance.pk]), "post"
        )
    ]


def _page(instance: Instance) -> str:
    return f"{reverse('remote:jump', args=[instance.allocation.slug])}?behind={instance.pk}"
