"""Where layers above listen in."""

from collections.abc import Callable, Sequence

from django.db import transaction

from portal.accounts.models import User
from portal.operations.models import Operation

OnChange = Callable[[Sequence[Operation]], None]
MayAccess = Callable[[User, Operation, bool], bool]

_on_change: list[OnChange] = []
_within_change: list[OnChange] = []
_may_access: list[MayAccess] = []


def within_change(function: OnChange) -> OnChange:
    """Call `function(operations)` inside the transaction of each change that a person can see.

    Mostly of one; of several where they were asked for together.
    For rows of our own that have to agree with the operation whatever happens next: both are stored or neither is.
    """
    if function not in _within_change:
        _within_change.append(function)
    return function


def on_change(function: OnChange) -> OnChange:
    """Call `function(operations)` after the commit of each change that a person can see.

    Best effort, for telling people: a worker that dies just after the commit never calls it.
    """
    if function not in _on_change:
        _on_change.append(function)
    return function


def may_access(function: MayAccess) -> MayAccess:
    """`function(user, operation, to_change) -> bool`: somebody else than its own person may see or change it."""
    if function not in _may_access:
        _may_access.append(function)
    return function


def granted(user: User, operation: Operation, *, to_change: bool) -> bool:
    return any(function(user, operation, to_change) for function in _may_access)


def changed(operations: Sequence[Operation]) -> None:
    """Inside the transaction of the change. A listener that fails after the commit does not stop the others."""
    for function in _within_change:
        function(operations)
    for function in _on_change:
        transaction.on_commit(_telling(function, operations), robust=True)


def _telling(function: OnChange, operations: Sequence[Operation]) -> Callable[[], None]:
    # Not functools.partial: Django names the function in the log when it fails, and a partial has no name.
    def tell_listener() -> None:
        function(operations)

    return tell_listener
