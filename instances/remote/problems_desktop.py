"""What can be in the way of a desktop, in words; and the ways out that are one click away."""

from collections.abc import Mapping
from typing import Any

from django.urls import reverse

from instances.lacking import has
from instances.models import Instance
from instances.remote.shown import Repair, repairs
from portal.core.errors import Problem, register

_NOTHING = "The machine runs as before and costs what it costs."
_SHELL = "Open a shell"
_SCREEN = "Screen of the machine (from the cloud)"

register(
    {
        "remote:desktop-setting-up": Problem(
            "The desktop is still being set up",
            "{name} installs its desktop after its first start. That usually takes 3 to 8 minutes.",
            "The machine itself runs: a shell can be used meanwhile.",
            "Stay on this page: it tries again by itself.",
            503,
        ),
        "remote:desktop-starting": Problem(
            "The desktop is starting",
            "{name} starts its desktop, and its screen does not answer yet.",
            _NOTHING,
            "Stay on this page: it tries again by itself. If it does not come within a minute, start the desktop again.",
            503,
        ),
        "remote:desktop-down": Problem(
            "The desktop does not run",
            "{name} has a desktop, but it is not running.",
            "Files are where they were; programs that ran on the desktop have ended.",
            "Start the desktop again.",
            503,
        ),
        "remote:desktop-not-installed": Problem(
            "The desktop could not be installed",
            "The set-up of {name} failed or took too long, and no desktop is there.",
            _NOTHING,
            "Look into /var/log/heliosphere/desktop.log in a shell: it says what failed. Or launch a new machine.",
            503,
        ),
        "remote:no-desktop": Problem(
            "This machine has no desktop",
            "{name} was made without the portal's desktop.",
            _NOTHING,
            "Use a shell, or launch a machine with “Desktop” ticked.",
            404,
        ),
        "remote:desktop-forwarding": Problem(
            "The machine's SSH server keeps the desktop to itself",
            "The desktop of {name} runs, but its SSH server does not hand on connections to it.",
            "A shell works; the desktop does not until that is allowed.",
            "Set “AllowStreamLocalForwarding yes” in /etc/ssh/sshd_config on the machine, and reload sshd.",
            502,
        ),
        "remote:desktop-restart": Problem(
            "The desktop could not be started again",
            "{name} did not let the desktop be restarted, or it did not come up within 40 seconds.",
            _NOTHING,
            "Look in a shell: systemctl status heliosphere-desktop.",
            502,
        ),
    }
)


@repairs("remote:desktop-down", "remote:desktop-starting", "remote:desktop-restart")
def _start_again(instance: Instance, params: Mapping[str, Any]) -> list[Repair]:
    return [Repair("Start the desktop again", f"{reverse('remote:desktop', args=[instance.pk])}?restart")]


@repairs(
    "remote:desktop-setting-up",
    "remote:desktop-not-installed",
    "remote:no-desktop",
    "remote:desktop-forwarding",
    "remote:desktop-restart",
)
def _shell(instance: Instance, params: Mapping[str, Any]) -> list[Repair]:
    return [Repair(_SHELL, reverse("remote:shell", args=[instance.pk]))]


@repairs(
    "remote:no-address",
    "remote:timeout",
    "remote:refused",
    "remote:silent",
    "remote:jump-down",
    "remote:not-ssh",
    last=True,
)
def _screen(instance: Instance, params: Mapping[str, Any]) -> list[Repair]:
    """The cloud shows the screen of a machine that no network reaches, where it shows screens at all."""
    if not has(instance.allocation, "screen"):
        return []
    return [Repair(_SCREEN, reverse("instances:screen", args=[instance.pk]))]
