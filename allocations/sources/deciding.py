"""What to do about a request, seeing how the source lists the person now. Pure.

The list is the truth: a reply that was lost changes nothing, as each look begins with it.
"""

from datetime import datetime, timedelta
from typing import Literal

Step = Literal["done", "wait", "send", "declined"]
_FIRST_PAUSE, _LONGEST_PAUSE = 20.0, 1800.0


def step(action: str, state: str, listed: str) -> Step:
    """`state`: of the request; `listed`: active, pending, inactive, refused, or empty for somebody not on the list.

    A request whose reply was lost (`sent`) is sent again if the list does not show it; one that was taken (`pending`)
    is waited for.
    """
    taken = state == "pending"
    if action == "add":
        if listed == "active":
            return "done"
        if listed == "pending":
            return "wait"
        if taken:
            return "declined" if listed == "refused" else "wait"
        return "send"
    if listed in ("", "inactive", "refused"):
        return "done"
    return "wait" if taken else "send"


def pause(attempts: int, retry_after: float | None) -> timedelta:
    """After a try that failed: longer each time, and never shorter than the source asks for."""
    return timedelta(
        seconds=max(min(_FIRST_PAUSE * 2 ** min(attempts, 12), _LONGEST_PAUSE), retry_after or 0)
    )


def expired(state: str, deadline: datetime, now: datetime) -> str:
    """The problem with a request that took too long; empty while there is time."""
    if now < deadline:
        return ""
    return "sources:took-too-long" if state == "pending" else "sources:not-sent"


def keystone_roles(
    role: str, role_names: dict[str, str], member_role: str, given_here: tuple[str, ...]
) -> tuple[set[str], set[str]]:
    """(roles to hold, roles not to hold) at Keystone for a role of ours. Others, admin above all, are left as they are."""
    known = {name: ours for name, ours in role_names.items() if name != "admin"}
    fitting = [name for name, ours in known.items() if ours == role]
    # Several of Keystone's roles may mean the same here: one of them is given, that of the same name if there is one.
    chosen = {role} if role in fitting else set(fitting[:1])
    # Assistants and managers work in the project besides: they hold what members hold.
    wanted = chosen if role == "reader" and chosen else chosen | {member_role}
    ours = {name for name, means in known.items() if means in given_here} | {member_role}
    return wanted, ours - wanted
