"""Samples into the database, and what becomes of them there: minutes, quarter hours, and forgetting."""

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from itertools import groupby
from uuid import UUID

from django.db import transaction
from django.db.models import Max, Min, QuerySet

from instances.metrics.models import Sample
from instances.metrics.points import Point, bucket, merge
from instances.models import Instance
from portal.cloud.config import clouds

Resolution = Sample.Resolution
FIELDS = Point._fields
# Beyond what the operator keeps, so that the graph of a whole hour or day has its first minutes too.
MARGIN = {
    Resolution.FULL: timedelta(minutes=5),
    Resolution.MINUTE: timedelta(hours=1),
    Resolution.QUARTER_HOUR: timedelta(0),
}
# Each level is made from the one before it.
ROLLED_FROM = {Resolution.MINUTE: Resolution.FULL, Resolution.QUARTER_HOUR: Resolution.MINUTE}
# A sample this old comes after the roll-up of its minute, which has to be made again.
LATE = timedelta(seconds=90)
# How far back the roll-up looks again: samples are usually stored within seconds.
AGAIN = timedelta(seconds=180)
# Whole buckets of every level: as much as is rolled up in one go.
SLICE = timedelta(seconds=900)
BATCH = 500
DELETED_AT_ONCE = 5000


def keep(found: Iterable[tuple[UUID, Point]], now: datetime) -> int:
    """Store points of machines that exist, at full resolution; stored ones stay. Returns how many."""
    points = list(found)
    with transaction.atomic():
        asked = {instance_id for instance_id, _ in points}
        there = set(Instance.objects.filter(pk__in=asked, deleted_at=None).values_list("pk", flat=True))
        rows = [
            _row(instance_id, Resolution.FULL, point) for instance_id, point in points if instance_id in there
        ]
        Sample.objects.bulk_create(rows, batch_size=BATCH, ignore_conflicts=True)
    late = [row for row in rows if row.at < now - LATE]
    if late:
        _roll_up_late(
            {row.instance_id for row in late}, min(row.at for row in late), max(row.at for row in late)
        )
    return len(rows)


def kept() -> dict[Resolution, timedelta]:
    """How long each resolution is kept, by the operator's `retention`."""
    wanted = clouds().retention
    spans = {
        Resolution.FULL: timedelta(hours=wanted.samples_full_hours),
        Resolution.MINUTE: timedelta(days=wanted.samples_minute_days),
        Resolution.QUARTER_HOUR: timedelta(days=wanted.samples_rolled_days),
    }
    return {resolution: span + MARGIN[resolution] for resolution, span in spans.items()}


def roll_up(now: datetime) -> None:
    """Bring minutes and quarter hours up to date, from the last bucket made, which may be incomplete, on."""
    for into, source in ROLLED_FROM.items():
        rolled = Sample.objects.filter(resolution=into).aggregate(last=Max("at"))["last"]
        oldest = now - kept()[source]
        since = max(oldest, min(rolled, now) - AGAIN) if rolled else oldest
        _roll_up_from(bucket(since, into), source, into)


def _roll_up_from(since: datetime, source: int, into: int) -> None:
    """Slice by slice: what gathered while the workers were down is more than fits in memory."""
    while True:
        rows = Sample.objects.filter(resolution=source, at__gte=since)
        first = rows.aggregate(first=Min("at"))["first"]
        if first is None:
            return
        begin = bucket(first, into)
        since = begin + max(timedelta(seconds=into), SLICE)
        _write(_buckets(rows.filter(at__gte=begin, at__lt=since), source, into))


def expire(now: datetime) -> int:
    """Forget what is older than its resolution is kept, a bounded number of rows to a transaction."""
    gone = 0
    for resolution, span in kept().items():
        old = Sample.objects.filter(resolution=resolution, at__lt=now - span)
        while ids := list(old.values_list("pk", flat=True)[:DELETED_AT_ONCE]):
            gone += Sample.objects.filter(pk__in=ids).delete()[0]
    return gone


def _row(instance_id: UUID, resolution: int, point: Point) -> Sample:
    return Sample(instance_id=instance_id, resolution=resolution, **point._asdict())


def _roll_up_late(instances: set[UUID], first: datetime, last: datetime) -> None:
    for into, source in ROLLED_FROM.items():
        begin, end = bucket(first, into), bucket(last, into) + timedelta(seconds=into)
        rows = Sample.objects.filter(instance__in=instances, at__gte=begin, at__lt=end)
        _write(_buckets(rows, source, into))


def _buckets(rows: QuerySet[Sample], source: int, into: int) -> Iterator[Sample]:
    ordered = rows.filter(resolution=source).order_by("instance", "at").values_list("instance_id", *FIELDS)
    found = ((row[0], Point(*row[1:])) for row in ordered.iterator(chunk_size=2000))
    for (instance_id, at), pairs in groupby(found, key=lambda pair: (pair[0], bucket(pair[1].at, into))):
        yield _row(instance_id, into, merge([point for _, point in pairs], at))


def _write(rows: Iterator[Sample]) -> None:
    """Batch by batch, each its own short transaction: the other writers come in between."""
    made = list(rows)
    for start in range(0, len(made), BATCH):
        Sample.objects.bulk_create(
            made[start : start + BATCH],
            update_conflicts=True,
            unique_fields=["instance", "resolution", "at"],
            update_fields=[field for field in FIELDS if field != "at"],
        )
