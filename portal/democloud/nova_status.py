"""Which status Nova shows for a state of the machine and a task under way."""

from __future__ import annotations

from portal.democloud.model_compute import Server

_REBOOTS = {
    "rebooting": "REBOOT",
    "reboot_pending": "REBOOT",
    "reboot_started": "REBOOT",
    "rebooting_hard": "HARD_REBOOT",
    "reboot_pending_hard": "HARD_REBOOT",
    "reboot_started_hard": "HARD_REBOOT",
}
_REBUILDS = {
    "rebuilding": "REBUILD",
    "rebuild_block_device_mapping": "REBUILD",
    "rebuild_spawning": "REBUILD",
}
_RESIZES = {
    "resize_prep": "RESIZE",
    "resize_migrating": "RESIZE",
    "resize_migrated": "RESIZE",
    "resize_finish": "RESIZE",
}

# vm_state -> (status without a task that matters, status by task)
STATUS: dict[str, tuple[str, dict[str, str]]] = {
    "active": ("ACTIVE", _REBOOTS | _REBUILDS | _RESIZES | {"updating_password": "PASSWORD"}),
    "building": ("BUILD", {}),
    "stopped": ("SHUTOFF", _REBUILDS | _RESIZES),
    "resized": ("VERIFY_RESIZE", {"resize_reverting": "REVERT_RESIZE"}),
    "paused": ("PAUSED", {}),
    "suspended": ("SUSPENDED", {}),
    "rescued": ("RESCUE", {}),
    "error": ("ERROR", _REBUILDS),
    "deleted": ("DELETED", {}),
    "shelved": ("SHELVED", {}),
    "shelved_offloaded": ("SHELVED_OFFLOADED", {}),
}


def status_of(server: Server) -> str:
    plain, by_task = STATUS[server.vm_state]
    return by_task.get(server.task_state or "", plain)


def vm_states_of(status: str) -> set[str]:
    """The vm_states that can show a status; empty for a status that does not exist."""
    return {vm for vm, (plain, by_task) in STATUS.items() if status == plain or status in by_task.values()}
