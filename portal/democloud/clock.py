"""The cloud's clock: wall time that tests can freeze and move, and durations scaled by a speed."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import UTC, datetime


@dataclass
class Clock:
    """`speed` divides every duration of the cloud (a boot of 33 s takes 3.3 s at 10); dates stay real."""

    speed: float = 10.0
    offset: float = 0.0
    frozen_at: float | None = None

    def timestamp(self) -> float:
        return (time.time() if self.frozen_at is None else self.frozen_at) + self.offset

    def now(self) -> datetime:
        return datetime.fromtimestamp(self.timestamp(), UTC)

    def after(self, seconds: float) -> float:
        """The timestamp when something begun now and taking `seconds` on a real cloud is done."""
        return self.timestamp() + seconds / self.speed

    def freeze(self) -> None:
        if self.frozen_at is None:
            self.frozen_at = time.time()

    def thaw(self) -> None:
        """Run on from the frozen moment, without a jump."""
        if self.frozen_at is not None:
            self.offset += self.frozen_at - time.time()
            self.frozen_at = None

    def advance(self, seconds: float) -> None:
        """Move wall time on by `seconds` (not divided by the speed)."""
        self.offset += seconds


def second(moment: datetime) -> datetime:
    """OpenStack's databases keep whole seconds."""
    return moment.replace(microsecond=0)


def iso_z(moment: datetime | None) -> str | None:
    """As Nova's `created` and most of Neutron and Glance: 2026-11-20T21:31:04Z."""
    return None if moment is None else moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def iso_micro(moment: datetime | None) -> str | None:
    """As Nova's OS-SRV-USG, Cinder and instance actions: 2026-11-20T21:31:04.000000, without a zone."""
    return None if moment is None else moment.strftime("%Y-%m-%dT%H:%M:%S.%f")


def iso_micro_z(moment: datetime | None) -> str | None:
    """As Keystone: 2026-11-21T02:13:50.000000Z."""
    return None if moment is None else moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def parse_iso(text: str) -> datetime:
    """Any ISO 8601 moment, UTC where it names no zone. Raises ValueError."""
    moment = datetime.fromisoformat(text)
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
