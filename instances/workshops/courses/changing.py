"""What of a workshop may still be changed, by how far it is, in words. Pure."""

from collections.abc import Iterable

# What people read, whom it is for, what it may cost: these hold from the moment at which they are saved.
WORDS = frozenset({"title", "summary", "hand_out", "house_rules", "steps"})
RULES = frozenset({"admits", "su_cap", "keep_days", "ready_minutes", "tail_minutes", "between"})
SIZE = frozenset({"seats", "spares"})
TIMES = frozenset({"meetings", "time_zone"})
# What machines are made of: those that are built have it already.
MACHINES = frozenset(
    {
        *("image_id", "image_name", "flavor_id", "flavor_name", "boot_volume_gb", "network_id", "desktop"),
        *("login", "sudo", "boot_script", "repository_url", "repository_ref", "data"),
    }
)
# Asked for when a seat is opened, so that they may change; what listens there is up to the machine.
START = frozenset({"start_up", "start_port", "start_path"})
_ALL = WORDS | RULES | SIZE | TIMES | MACHINES | START

MAY: dict[str, frozenset[str]] = {
    "draft": _ALL,
    "planned": _ALL,
    "running": WORDS | RULES | SIZE | TIMES | START,
    "ended": WORDS,
}
_WHY = {
    "running": "its machines are being built, or are there already",
    "ended": "it is over",
    "removing": "everything of it is being removed",
    "removed": "everything of it was removed",
    "cancelled": "it was cancelled",
}
_NAMES = {
    "image_id": "the image",
    "flavor_id": "the size",
    "boot_volume_gb": "the boot volume",
    "desktop": "whether there is a desktop",
    "login": "the login name",
    "sudo": "who may use sudo",
    "boot_script": "the boot script",
    "repository_url": "the repository",
    "repository_ref": "the branch",
    "data": "the shared data",
    "network_id": "the network",
    "meetings": "the meetings",
    "time_zone": "the time zone",
}


def may_change(state: str) -> frozenset[str]:
    return MAY.get(state, frozenset())


def refusal(state: str, changed: Iterable[str]) -> str:
    """Why these fields cannot be changed now; empty when they can."""
    late = sorted({_NAMES.get(name, name.replace("_", " ")) for name in set(changed) - may_change(state)})
    if not late:
        return ""
    listed = late[0] if len(late) == 1 else f"{', '.join(late[:-1])} and {late[-1]}"
    return f"{listed[0].upper()}{listed[1:]} cannot be changed, because {_WHY.get(state, 'of its state')}."


def note(state: str) -> str:
    """What the form says above itself."""
    if state == "running":
        return (
            "Its machines are being built, or are there: what they are made of stays as it is. "
            "Words, dates, seats, rules and costs can be changed."
        )
    if state == "ended":
        return "It is over: only its words can be changed."
    return "" if state in MAY else f"Nothing can be changed any more: {_WHY.get(state, 'it is over')}."
