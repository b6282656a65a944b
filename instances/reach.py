"""Whether there is any use in connecting to a machine, by what the cloud says of it. Pure."""

# States in which a machine runs nothing that could answer, in words that follow "is".
OFF = {
    "SHUTOFF": "stopped",
    "SUSPENDED": "suspended",
    "PAUSED": "paused",
    "SHELVED": "shelved",
    "SHELVED_OFFLOADED": "shelved",
    "RESCUE": "in rescue mode",
    "ERROR": "in error",
    "DELETED": "deleted",
}
# Machines that are on their way: whoever asks waits for them.
COMING = frozenset({"REQUESTED", "BUILD", "REBUILD"})
_FIRST = {
    "stopped": "start it first",
    "suspended": "resume it first",
    "paused": "unpause it first",
    "shelved": "unshelve it first",
}


def no_shell(status: str, *, deleted: bool, address: str) -> str:
    """Why no shell can be opened; empty where it is worth asking."""
    off = "deleted" if deleted else OFF.get(status, "")
    if off:
        return f"It is {off}" + (f": {_FIRST[off]}." if off in _FIRST else ".")
    if not address and status not in COMING:
        return "It has no address: assign one first."
    return ""
