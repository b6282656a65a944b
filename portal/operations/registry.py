"""The kinds of operation. Apps list theirs with `@handler` in `handlers.py`, which `portal.core.apps` imports at start."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from portal.operations.outcomes import Outcome

if TYPE_CHECKING:
    from portal.operations.context import Context

Handler = Callable[["Context"], Outcome]

# The step that `on_cancel` is called for, once a person has asked to stop an operation that had begun.
CANCEL_STEP = "cancel"


@dataclass(frozen=True, slots=True)
class Kind:
    name: str
    label: str
    run: Handler
    deadline: timedelta
    urgency: int
    on_cancel: Handler | None


_kinds: dict[str, Kind] = {}


def handler(
    name: str, *, label: str, deadline: timedelta, urgency: int = 5, on_cancel: Handler | None = None
) -> Callable[[Handler], Handler]:
    """Register the function that runs every step of operations of this kind.

    It is called for whatever `ctx.step` says, may be called again for a step whose end was not stored, and so looks
    before it acts. Lower `urgency` goes first. `on_cancel` undoes what was begun; without it a cancelled operation
    ends where it stands.
    """

    def registered(function: Handler) -> Handler:
        if name in _kinds:
            raise ValueError(f"two handlers for operation kind {name!r}")
        _kinds[name] = Kind(name, label, function, deadline, urgency, on_cancel)
        return function

    return registered


def kind_of(name: str) -> Kind | None:
    return _kinds.get(name)


def forget(name: str) -> None:
    """For tests that register a kind of their own."""
    _kinds.pop(name, None)
