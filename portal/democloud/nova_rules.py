"""In which state of a machine Nova lets which action begin, and how it refuses."""

from __future__ import annotations

from portal.democloud.errors import Fault
from portal.democloud.model_compute import Server

_RUNNING = frozenset({"active"})
_WITH_DISK = frozenset({"active", "paused", "suspended", "stopped"})

# Nova's own name of an action -> the vm_states it may begin in.
ALLOWED: dict[str, frozenset[str]] = {
    "stop": frozenset({"active", "error"}),
    "start": frozenset({"stopped"}),
    "suspend": _RUNNING,
    "resume": frozenset({"suspended"}),
    "pause": _RUNNING,
    "unpause": frozenset({"paused"}),
    "reboot": _RUNNING,
    "reboot_hard": frozenset({"active", "stopped", "paused", "suspended", "error"}),
    "shelve": _WITH_DISK,
    "unshelve": frozenset({"shelved", "shelved_offloaded"}),
    "shelveOffload": frozenset({"shelved"}),
    "restore": frozenset({"soft-delete"}),
    "resize": frozenset({"active", "stopped"}),
    "confirmResize": frozenset({"resized"}),
    "revertResize": frozenset({"resized"}),
    "rebuild": frozenset({"active", "stopped", "error"}),
    "createImage": _WITH_DISK,
    "rescue": frozenset({"active", "stopped", "error"}),
    "unrescue": frozenset({"rescued"}),
    "attach_volume": _WITH_DISK | {"resized", "shelved", "shelved_offloaded"},
    "detach_volume": _WITH_DISK | {"resized", "shelved", "shelved_offloaded"},
    "attach_interface": frozenset({"active", "paused", "stopped"}),
    "detach_interface": frozenset({"active", "paused", "stopped"}),
    "update metadata": _WITH_DISK,
    "delete metadata": _WITH_DISK,
    "update tag": _WITH_DISK,
    "update tags": _WITH_DISK,
    "delete tag": _WITH_DISK,
    "delete tags": _WITH_DISK,
    "changePassword": _RUNNING,
}
_TAGS = frozenset({"update tag", "update tags", "delete tag", "delete tags"})
_NEVER_LAUNCHED_MAY = _TAGS | {"update metadata", "delete metadata", "reboot_hard"}
_NEED_A_HOST = frozenset({"start", "stop"})


def check_unlocked(server: Server) -> None:
    if server.locked:
        raise Fault(409, f"Instance {server.id} is locked")


def check_host(server: Server) -> None:
    """A shelved server has left its host."""
    if server.provider_id is None:
        raise Fault(409, f"Instance {server.id} is not ready")


ORPHAN = (
    "Unexpected API Error. Please report this at http://bugs.launchpad.net/nova/ and attach the Nova API log if "
    "possible.\n<class 'oslo_versionedobjects.exception.OrphanedObjectError'>"
)


def check_in_a_cell(server: Server) -> None:
    """Until the scheduler has given a server to a host, Nova has nowhere to save a change of it, and breaks."""
    if server.task_state == "scheduling" and server.vm_state == "building":
        raise Fault(500, ORPHAN)


def check(server: Server, action: str, *, lock: bool = True) -> None:
    """409 as Nova words it, unless the action may begin now."""
    if lock:
        check_unlocked(server)
    if action in _NEED_A_HOST and server.launched_at is not None:
        check_host(server)
    named = "reboot" if action == "reboot_hard" else action
    if server.vm_state not in ALLOWED[action]:
        _refuse(server, named, f"vm_state {server.vm_state}")
    if server.task_state is not None and action not in _TAGS:
        _refuse(server, named, f"task_state {server.task_state}")
    if server.launched_at is None and action not in _NEVER_LAUNCHED_MAY:
        raise Fault(409, f"Cannot '{named}' an instance which has never been active")


def _refuse(server: Server, action: str, why: str) -> None:
    raise Fault(409, f"Cannot '{action}' instance {server.id} while it is in {why}")
