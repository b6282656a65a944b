"""Samples of machines that push none: Exosphere's usage lines, from the console log that the mirror reads."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from instances.console import Usage
from instances.metrics import store
from instances.metrics.models import Sample
from instances.metrics.points import Point, bucket
from portal.core import presence
from portal.core.events import Samples, send_best_effort

MINUTE = Sample.Resolution.MINUTE
# A console log may hold a day of lines; their full resolution is kept an hour, their minutes for the day.
OLDEST = timedelta(hours=24)
CLOCK_AHEAD = timedelta(minutes=5)


def from_console(instance_id: UUID, usage: Sequence[Usage], now: datetime) -> int:
    """Store the lines of minutes that have nothing yet, and show them to who watches. Returns how many."""
    lines = {bucket(line.at, MINUTE): line for line in usage if now - OLDEST <= line.at <= now + CLOCK_AHEAD}
    if not lines:
        return 0
    known = _known_minutes(instance_id, min(lines))
    fresh = [_point(line) for minute, line in lines.items() if minute not in known]
    if fresh:
        store.keep([(instance_id, point) for point in fresh], now)
        _show(instance_id, fresh)
    return len(fresh)


def _known_minutes(instance_id: UUID, since: datetime) -> set[datetime]:
    rows = Sample.objects.filter(
        instance=instance_id, resolution__in=(Sample.Resolution.FULL, MINUTE), at__gte=since
    )
    return {bucket(at, MINUTE) for at in rows.values_list("at", flat=True)}


def _show(instance_id: UUID, points: Sequence[Point]) -> None:
    group = f"metrics.{instance_id}"
    if presence.watching(group):
        send_best_effort([group], Samples(str(instance_id), [_wire(point) for point in points]))


def _point(line: Usage) -> Point:
    gpus: Any = [{"util": load, "mem": None} for load in line.gpus] if line.gpus else None
    return Point(line.at, cpu=line.cpu, ram=line.ram, disk=line.disk, gpus=gpus)


def _wire(point: Point) -> dict[str, Any]:
    """As guests push it, which is what pages read."""
    return {
        "t": point.at.timestamp(),
        "cpu": point.cpu,
        "ram": point.ram,
        "disk": point.disk,
        "gpus": point.gpus,
        "net_in": point.net_in,
        "net_out": point.net_out,
        "disk_read": point.disk_read,
        "disk_write": point.disk_write,
        "logins": point.logins,
    }
