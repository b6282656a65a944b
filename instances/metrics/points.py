"""Pure: one moment of one machine, and the mean of many."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple

Gpu = Mapping[str, float | None]


class Point(NamedTuple):
    """Percentages and bytes per second; None where nothing was measured. Named as the columns of `Sample`."""

    at: datetime
    cpu: float | None = None
    cpu_peak: float | None = None
    ram: float | None = None
    ram_peak: float | None = None
    disk: float | None = None
    gpus: Sequence[Gpu] | None = None
    net_in: float | None = None
    net_out: float | None = None
    disk_read: float | None = None
    disk_write: float | None = None
    logins: float | None = None


def bucket(at: datetime, seconds: int) -> datetime:
    """The start of the bucket that `at` lies in."""
    return datetime.fromtimestamp(at.timestamp() // seconds * seconds, UTC)


def from_wire(sample: dict[str, Any]) -> Point:
    """A sample that `wire.parse` let through."""
    return Point(
        at=datetime.fromtimestamp(sample["t"], UTC),
        cpu=sample["cpu"],
        ram=sample["ram"],
        disk=sample["disk"],
        gpus=sample["gpus"],
        net_in=sample["net_in"],
        net_out=sample["net_out"],
        # Of an older portal's stream: what it did not know was not measured.
        disk_read=sample.get("disk_read"),
        disk_write=sample.get("disk_write"),
        logins=sample.get("logins"),
    )


def merge(points: Sequence[Point], at: datetime) -> Point:
    """Means of what was measured, and the peaks of what matters at its worst. At least one point."""
    return Point(
        at=at,
        cpu=_mean([point.cpu for point in points]),
        cpu_peak=_most([_peak(point.cpu, point.cpu_peak) for point in points]),
        ram=_mean([point.ram for point in points]),
        ram_peak=_most([_peak(point.ram, point.ram_peak) for point in points]),
        disk=_mean([point.disk for point in points]),
        gpus=_merge_gpus([point.gpus for point in points if point.gpus]),
        net_in=_mean([point.net_in for point in points]),
        net_out=_mean([point.net_out for point in points]),
        disk_read=_mean([point.disk_read for point in points]),
        disk_write=_mean([point.disk_write for point in points]),
        logins=_most([point.logins for point in points]),
    )


def _peak(value: float | None, peak: float | None) -> float | None:
    return value if peak is None else peak


def _mean(values: Sequence[float | None]) -> float | None:
    measured = [value for value in values if value is not None]
    return round(sum(measured) / len(measured), 2) if measured else None


def _most(values: Sequence[float | None]) -> float | None:
    return max((value for value in values if value is not None), default=None)


def _merge_gpus(lists: Sequence[Sequence[Gpu]]) -> list[Gpu] | None:
    """Device by device; a device that was away for part of the time counts where it was there."""
    if not lists:
        return None
    return [
        {key: _mean([gpus[index].get(key) for gpus in lists if index < len(gpus)]) for key in ("util", "mem")}
        for index in range(max(map(len, lists)))
    ]
