"""The VNC socket of a machine's desktop: reached, or why not and what can be done; and starting the desktop again."""

import asyncio
from typing import Any

from instances.models import Instance
from instances.remote.link import Link, Reader, Writer
from portal.core.errors import PortalError

SOCKET = "/run/heliosphere-desktop/vnc"
UNIT = "heliosphere-desktop.service"
# A desktop that was just started has its socket within seconds.
TRIES = 8
PAUSE_SECONDS = 1.0
RETRY_SECONDS = 15.0
_SETTING_UP = frozenset({"waiting", "starting", "running"})
_LOOK = (
    f"systemctl show -p LoadState -p ActiveState {UNIT} 2>/dev/null; "
    f"[ -S {SOCKET} ] && echo Socket=there; command -v Xvnc >/dev/null && echo Server=there; :"
)
_RESTART = f"sudo -n systemctl restart {UNIT}"
_NOT_THERE = frozenset({"remote:channel-refused", "remote:port-closed"})
_FORBIDDEN = "remote:forwarding-off"


async def reach(link: Link, instance: Instance) -> tuple[Reader, Writer]:
    """A channel to the screen. PortalError `remote:desktop-…` says what is in the way."""
    for left in reversed(range(TRIES)):
        try:
            return await link.unix(SOCKET)
        except PortalError as refusal:
            if refusal.id == _FORBIDDEN:
                raise PortalError("remote:desktop-forwarding", name=instance.name) from refusal
            if refusal.id not in _NOT_THERE:
                raise
            found = await _look(link, instance)
            if found.id != "remote:desktop-starting" or not left:
                found.detail = found.detail or refusal.detail
                raise found from refusal
        await asyncio.sleep(PAUSE_SECONDS)
    raise AssertionError("unreachable: the last try returns or raises")


async def _look(link: Link, instance: Instance) -> PortalError:
    """Why there is no channel, by what the machine says of the desktop's unit."""
    words: dict[str, Any] = {"name": instance.name}
    said = (await link.run(_LOOK)).out.decode(errors="replace").splitlines()
    facts = dict(line.split("=", 1) for line in said if "=" in line)
    if facts.get("Socket"):
        return PortalError("remote:desktop-forwarding", **words)
    if instance.setup_status in _SETTING_UP:
        return PortalError("remote:desktop-setting-up", outcome="retry", retry_after=RETRY_SECONDS, **words)
    if facts.get("ActiveState") in {"active", "activating", "reloading"}:
        return PortalError("remote:desktop-starting", outcome="retry", retry_after=RETRY_SECONDS, **words)
    if facts.get("LoadState") == "loaded":
        return PortalError("remote:desktop-down", **words)
    if instance.setup_status in {"error", "timeout"}:
        return PortalError("remote:desktop-not-installed", **words)
    return PortalError("remote:no-desktop", **words)


async def restart(link: Link, instance: Instance) -> None:
    """Ends all that runs on the desktop. PortalError `remote:desktop-restart` where the machine refuses."""
    ran = await link.run(_RESTART, seconds=40)
    if ran.status != 0:
        said = "".join(one if one.isprintable() else " " for one in ran.err.decode(errors="replace"))
        raise PortalError("remote:desktop-restart", name=instance.name, detail=said[:300])
