"""Where layers above listen in."""

from collections.abc import Callable

from django.db import transaction

from portal.accounts.models import User
from portal.operations.models import Operation

OnChange = Callable[[Operation], None]
MayAccess = Callable[[User, Operation, bool], bool]

_on_change: list[OnChange] = []
_may_access: list[MayAccess] = []


def on_change(function: OnChange) -> OnChange:
    """Call `function(operation)` after the commit of each change that a person can see."""
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


def changed(operation: Operation) -> None:
    """Tell the listeners once the current transaction has committed. One that fails does not stop the others."""
    for function in _on_change:
        transaction.on_commit(_telling(function, operation), robust=True)


def _telling(function: OnChange, operation: Operation) -> Callable[[], None]:
    # Not functools.partial: Django names the function in the log when it fails, and a partial has no name.
    def tell_listener() -> None:
        function(operation)

    return tell_listener
