"""The steps of every operation on a machine. Only workers import this: it loads the OpenStack client."""

from collections.abc import Callable

from instances.steps import addresses, console, delete, images, launch, launch_cancel, resize, shelve, simple
from portal.operations.context import Context
from portal.operations.outcomes import Outcome

RUN: dict[str, Callable[[Context], Outcome]] = {
    "launch": launch.run,
    **dict.fromkeys(simple.MOVES, simple.run),
    "resize": resize.run,
    "shelve": shelve.shelve,
    "unshelve": shelve.unshelve,
    "snapshot": images.snapshot,
    "console": console.run,
    "assign_address": addresses.assign,
    "unassign_address": addresses.unassign,
    "delete": delete.run,
}
CANCEL: dict[str, Callable[[Context], Outcome]] = {"launch": launch_cancel.run}
