"""What Nova's statuses and tasks are called and how they are shown. Pure."""

from dataclasses import dataclass
from typing import Literal

Tone = Literal["ok", "busy", "off", "warn", "bad", "unknown"]

REQUESTED, BUILD, ACTIVE, ERROR = "REQUESTED", "BUILD", "ACTIVE", "ERROR"
SHUTOFF, STOPPED, PAUSED, SUSPENDED = "SHUTOFF", "STOPPED", "PAUSED", "SUSPENDED"
SHELVED, OFFLOADED = "SHELVED", "SHELVED_OFFLOADED"
RESIZE, VERIFY_RESIZE, REVERT_RESIZE = "RESIZE", "VERIFY_RESIZE", "REVERT_RESIZE"
DELETED, SOFT_DELETED = "DELETED", "SOFT_DELETED"

SHELVES = frozenset({SHELVED, OFFLOADED})
STOPS = frozenset({SHUTOFF, STOPPED})
# Nothing computes in these: what is running now is everything else.
RESTING = SHELVES | STOPS | {PAUSED, SUSPENDED, ERROR}
GONE = frozenset({DELETED, SOFT_DELETED})


@dataclass(frozen=True, slots=True)
class Badge:
    """How a state is shown. `busy`: it will change by itself."""

    label: str
    tone: Tone
    busy: bool = False


BADGES: dict[str, Badge] = {
    REQUESTED: Badge("Requested", "busy", busy=True),
    BUILD: Badge("Building", "busy", busy=True),
    ACTIVE: Badge("Active", "ok"),
    ERROR: Badge("Error", "bad"),
    SHUTOFF: Badge("Stopped", "off"),
    STOPPED: Badge("Stopped", "off"),
    PAUSED: Badge("Paused", "off"),
    SUSPENDED: Badge("Suspended", "off"),
    SHELVED: Badge("Shelved", "off"),
    OFFLOADED: Badge("Shelved", "off"),
    RESIZE: Badge("Resizing", "busy", busy=True),
    VERIFY_RESIZE: Badge("Awaiting resize confirmation", "warn"),
    REVERT_RESIZE: Badge("Reverting resize", "busy", busy=True),
    "REBOOT": Badge("Rebooting", "busy", busy=True),
    "HARD_REBOOT": Badge("Rebooting", "busy", busy=True),
    "REBUILD": Badge("Rebuilding", "busy", busy=True),
    "MIGRATING": Badge("Being moved", "busy", busy=True),
    "PASSWORD": Badge("Setting password", "busy", busy=True),
    "RESCUE": Badge("Rescue mode", "warn"),
    DELETED: Badge("Deleted", "off"),
    SOFT_DELETED: Badge("Deleted, can be restored", "warn"),
    "UNKNOWN": Badge("Unknown", "unknown"),
}

# Statuses of servers that change by themselves.
BUSY = frozenset(status for status, shown in BADGES.items() if shown.busy and status != REQUESTED)

# Nova keeps the old status while most tasks run, so the task is what people want to read.
TASKS: dict[str, str] = {
    "scheduling": "Building",
    "networking": "Building",
    "block_device_mapping": "Building",
    "spawning": "Building",
    "powering-off": "Stopping",
    "powering-on": "Starting",
    "rebooting": "Rebooting",
    "reboot_pending": "Rebooting",
    "reboot_started": "Rebooting",
    "rebooting_hard": "Rebooting",
    "reboot_pending_hard": "Rebooting",
    "reboot_started_hard": "Rebooting",
    "suspending": "Suspending",
    "resuming": "Resuming",
    "pausing": "Pausing",
    "unpausing": "Resuming",
    "shelving": "Shelving",
    "shelving_image_pending_upload": "Shelving",
    "shelving_image_uploading": "Shelving",
    "shelving_offloading": "Shelving",
    "unshelving": "Unshelving",
    "image_snapshot": "Making an image",
    "image_snapshot_pending": "Making an image",
    "image_pending_upload": "Making an image",
    "image_uploading": "Making an image",
    "image_backup": "Making an image",
    "resize_prep": "Resizing",
    "resize_migrating": "Resizing",
    "resize_migrated": "Resizing",
    "resize_finish": "Resizing",
    "resize_confirming": "Confirming resize",
    "resize_reverting": "Reverting resize",
    "rebuilding": "Rebuilding",
    "rebuild_block_device_mapping": "Rebuilding",
    "rebuild_spawning": "Rebuilding",
    "deleting": "Deleting",
    "soft-deleting": "Deleting",
    "restoring": "Restoring",
    "migrating": "Being moved",
    "rescuing": "Entering rescue mode",
    "unrescuing": "Leaving rescue mode",
}

SETUP_BADGES: dict[str, Badge] = {
    "waiting": Badge("Starting up", "busy", busy=True),
    "starting": Badge("Setting up", "busy", busy=True),
    "running": Badge("Setting up", "busy", busy=True),
    "complete": Badge("Ready", "ok"),
    "error": Badge("Setup failed", "warn"),
    "timeout": Badge("Setup took too long", "warn"),
}


def badge(status: str, task_state: str = "", setup_status: str = "") -> Badge:
    """A status that this portal has never heard of is shown as the cloud spells it, not hidden."""
    if task_state and status not in GONE:
        label = TASKS.get(task_state) or task_state.replace("_", " ").replace("-", " ").capitalize()
        return Badge(label, "busy", busy=True)
    if status == ACTIVE and setup_status in SETUP_BADGES:
        return SETUP_BADGES[setup_status]
    return BADGES.get(status) or Badge(status.replace("_", " ").capitalize() or "Unknown", "unknown")


def in_transition(status: str, task_state: str = "", setup_status: str = "") -> bool:
    """Whether the mirror has to look often, because the next state is near."""
    return badge(status, task_state, setup_status).busy
