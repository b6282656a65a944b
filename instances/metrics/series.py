"""What the graphs draw: one machine's history in columns, with gaps where nothing was measured."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby, pairwise
from statistics import median
from typing import Any
from uuid import UUID

from instances.metrics.models import Sample
from instances.metrics.points import Point, bucket, merge
from instances.metrics.store import FIELDS, ROLLED_FROM

Resolution = Sample.Resolution
MAX_POINTS = 1500
# Longer than this many usual distances without a point is a gap.
GAP_DISTANCES = 3
LEAST_GAP_SECONDS = 15.0


@dataclass(frozen=True, slots=True)
class Range:
    name: str
    title: str
    span: timedelta
    resolution: Resolution


RANGES = {
    found.name: found
    for found in (
        Range("30m", "30 minutes", timedelta(minutes=30), Resolution.FULL),
        Range("1h", "1 hour", timedelta(hours=1), Resolution.MINUTE),
        Range("24h", "24 hours", timedelta(hours=24), Resolution.MINUTE),
        Range("7d", "7 days", timedelta(days=7), Resolution.QUARTER_HOUR),
    )
}


def points(instance_id: UUID, wanted: Range, now: datetime) -> list[Point]:
    """Oldest first. What the roll-up has not reached yet is rolled up here: graphs end at the present."""
    since = now - wanted.span
    found = _stored(instance_id, wanted.resolution, since)
    if wanted.resolution in ROLLED_FROM:
        after = found[-1].at if found else since
        fresh = _fresh(instance_id, wanted.resolution, after)
        found = [point for point in found if not fresh or point.at < fresh[0].at] + fresh
    return thin(found, MAX_POINTS)


def columns(found: Sequence[Point]) -> dict[str, Any]:
    """Times in milliseconds, a column a metric, and for each GPU one; a point of nulls marks each gap."""
    rows = list(with_gaps(found))
    devices = max((len(point.gpus or ()) for point in rows), default=0)
    return {
        "t": [round(point.at.timestamp() * 1000) for point in rows],
        **{name: [getattr(point, name) for point in rows] for name in FIELDS if name not in ("at", "gpus")},
        "gpus": [
            {key: [_of_device(point, index, key) for point in rows] for key in ("util", "mem")}
            for index in range(devices)
        ],
    }


def with_gaps(found: Sequence[Point]) -> Iterator[Point]:
    limit = gap_seconds(found)
    before: Point | None = None
    for point in found:
        if before is not None and (point.at - before.at).total_seconds() > limit:
            yield Point(before.at + (point.at - before.at) / 2)
        yield point
        before = point


def gap_seconds(found: Sequence[Point]) -> float:
    """From the usual distance of the points themselves: some machines report each 5 s, others each minute."""
    distances = [(b.at - a.at).total_seconds() for a, b in pairwise(found)]
    return max(LEAST_GAP_SECONDS, GAP_DISTANCES * median(distances)) if distances else LEAST_GAP_SECONDS


def thin(found: list[Point], most: int) -> list[Point]:
    """At most about `most` points, by merging neighbours; never across a gap."""
    if len(found) <= most:
        return found
    seconds = max(1, round((found[-1].at - found[0].at).total_seconds() / most + 0.5))
    grouped = groupby(found, key=lambda point: bucket(point.at, seconds))
    return [merge(list(group), at) for at, group in grouped]


def _stored(instance_id: UUID, resolution: int, since: datetime) -> list[Point]:
    rows = Sample.objects.filter(instance=instance_id, resolution=resolution, at__gte=since).order_by("at")
    return [Point(*row) for row in rows.values_list(*FIELDS)]


def _fresh(instance_id: UUID, resolution: Resolution, after: datetime) -> list[Point]:
    """Buckets from `after` on, made from the level below, which may itself need its newest made."""
    source = ROLLED_FROM[resolution]
    finer = _stored(instance_id, source, after)
    if source in ROLLED_FROM:
        newest = _fresh(instance_id, source, finer[-1].at if finer else after)
        finer = [point for point in finer if not newest or point.at < newest[0].at] + newest
    grouped = groupby(finer, key=lambda point: bucket(point.at, resolution))
    return [merge(list(group), at) for at, group in grouped]


def _of_device(point: Point, index: int, key: str) -> float | None:
    return point.gpus[index].get(key) if point.gpus and index < len(point.gpus) else None
