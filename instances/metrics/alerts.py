"""Pure: what a person should know about a machine's load, from its last minutes."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from instances.metrics.points import Point

# A peak is no alert: load has to stay. A disk does not pass by itself, so its last value is enough.
SUSTAINED = timedelta(minutes=2)
FRESH = timedelta(minutes=5)
DISK_WARNING, DISK_DANGER, LOAD_LIMIT = 90, 95, 95


@dataclass(frozen=True, slots=True)
class Alert:
    level: Literal["warning", "danger"]
    metric: Literal["disk", "ram", "cpu"]
    title: str
    todo: str


def alerts(points: Sequence[Point], now: datetime) -> list[Alert]:
    """Worst first. `points` oldest first; nothing is said from measurements that are minutes old."""
    recent = [point for point in points if point.at >= now - FRESH]
    if not recent:
        return []
    found = [_disk(recent[-1].disk), _ram(recent), _cpu(recent)]
    return sorted((alert for alert in found if alert), key=lambda alert: alert.level != "danger")


def _disk(used: float | None) -> Alert | None:
    if used is None or used <= DISK_WARNING:
        return None
    todo = "Delete what is not needed, move data to a volume, or resize to a larger disk."
    if used > DISK_DANGER:
        return Alert(
            "danger", "disk", f"The root disk is {used:.0f} % full: programs will soon fail to write.", todo
        )
    return Alert("warning", "disk", f"The root disk is {used:.0f} % full.", todo)


def _ram(points: Sequence[Point]) -> Alert | None:
    if not _sustained([(point.at, point.ram) for point in points]):
        return None
    return Alert(
        "warning",
        "ram",
        f"Memory has been over {LOAD_LIMIT} % for minutes: programs may be killed.",
        "Stop what is not needed, or resize to a size with more memory.",
    )


def _cpu(points: Sequence[Point]) -> Alert | None:
    if not _sustained([(point.at, point.cpu) for point in points]):
        return None
    return Alert(
        "warning",
        "cpu",
        f"The CPU has been over {LOAD_LIMIT} % for minutes.",
        "Fine for a computation; if the machine is slow to use, resize to more cores.",
    )


def _sustained(values: Sequence[tuple[datetime, float | None]]) -> bool:
    """Over the limit in every measurement of the last two minutes, and measured for about that long."""
    measured = [(at, value) for at, value in values if value is not None]
    if not measured:
        return False
    end = measured[-1][0]
    last = [(at, value) for at, value in measured if at >= end - SUSTAINED]
    long_enough = end - last[0][0] >= SUSTAINED / 2
    return long_enough and all(value > LOAD_LIMIT for _, value in last)
