"""How builds go from now on, on order: how long they take, and that each so-manieth fails or never ends."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Fate = Literal["", "full", "broken", "stuck"]


@dataclass
class Builds:
    """`seconds`: of the cloud's own time, while a machine is spawning; None: as a real one took. 0: none goes wrong.

    `full_each` finds no host, `broken_each` ends in an error of its own, `stuck_each` stays as it is for ever.
    """

    seconds: float | None = None
    full_each: int = 0
    broken_each: int = 0
    stuck_each: int = 0
    seen: int = 0

    def fate(self) -> Fate:
        """Of the next build. No build meets two."""
        self.seen += 1
        if self.full_each and self.seen % self.full_each == 0:
            return "full"
        if self.broken_each and self.seen % self.broken_each == self.broken_each // 3:
            return "broken"
        if self.stuck_each and self.seen % self.stuck_each == self.stuck_each // 2:
            return "stuck"
        return ""
