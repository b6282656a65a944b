"""What a step of an operation ends with. Errors are raised as PortalError instead."""

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Next:
    """This step is done: store `step`, and what was learnt, and go on with it."""

    step: str
    stage: str = ""
    progress: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Again:
    """The same step once more after so many seconds."""

    after_seconds: float
    stage: str = ""
    progress: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Wait:
    """The same step once more when the mirror sees the target change, at the latest after so many seconds."""

    seconds: float
    stage: str = ""
    progress: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Done:
    """Finished, in words for the person."""

    outcome: str = ""
    progress: dict[str, Any] = field(default_factory=dict)


Outcome = Next | Again | Wait | Done
