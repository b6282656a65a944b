"""The idle rule's verdicts, for many machines at once, from what was measured and who had a shell or desktop open."""

from collections import defaultdict
from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import Count, F, Max, Q, QuerySet

from instances.metrics.models import Sample
from instances.metrics.points import bucket
from instances.policies.effective import Held
from instances.policies.idle import Limits, Quarter, Reading, Summary, Verdict, judge, summary_of
from instances.policies.rules import IDLE_HOURS
from instances.remote.models import RemoteSession
from portal.cloud.config import clouds

QUARTER_SECONDS = int(Sample.Resolution.QUARTER_HOUR)
# Minutes are kept for a day; a longer time is looked at by its quarters alone.
MINUTES_BACK = timedelta(hours=23)
_COLUMNS = {
    "cpu": F("cpu"),
    "network": F("net_in") + F("net_out"),
    "disk": F("disk_read") + F("disk_write"),
    "logins": F("logins"),
}


def verdicts(asked: Sequence[Held], now: datetime) -> dict[UUID, Verdict]:
    """Of machines with an idle rule that run. Queries by the number of different hours in the rules, not of machines."""
    found: dict[UUID, Verdict] = {}
    for hours in IDLE_HOURS:
        these = [held for held in asked if held.idle is not None and held.idle.hours == hours]
        if these:
            found |= _verdicts(these, timedelta(hours=hours), now)
    return found


def _verdicts(asked: Sequence[Held], span: timedelta, now: datetime) -> dict[UUID, Verdict]:
    start = bucket(now, QUARTER_SECONDS) - span
    ids = [held.instance.pk for held in asked]
    with_gpu = [held.instance.pk for held in asked if held.instance.gpus]
    summaries = _summaries(ids, start, now)
    for pk, quarters in quarters_of(with_gpu, start, now).items():
        summaries[pk] = summary_of(quarters, start=start, now=now)
    visits = _visited(ids, start, now)
    found = {held.instance.pk: _one(held, summaries, visits, start, now) for held in asked}
    quiet = [pk for pk, verdict in found.items() if verdict.state == "quiet"]
    minutes = _minutes(quiet, max(start, now - MINUTES_BACK), now)
    for held in asked:
        pk = held.instance.pk
        if pk in quiet:
            found[pk] = _one(held, summaries, visits, start, now, minutes.get(pk, 0.0))
    return found


def _one(
    held: Held,
    summaries: dict[UUID, Summary],
    visits: dict[UUID, datetime],
    start: datetime,
    now: datetime,
    minutes: float | None = None,
) -> Verdict:
    instance = held.instance
    found = summaries.get(instance.pk) or summary_of([], start=start, now=now)
    found = Summary(found.quarters, found.wanted, found.seen, found.readings, minutes)
    if instance.state_since > start:
        ran = Verdict("busy", f"it runs as it does only since {instance.state_since:%Y-%m-%d %H:%M} UTC", ())
        verdict = judge(found, gpus=instance.gpus, limits=limits_of(held), now=now)
        return Verdict(ran.state, ran.reason, verdict.signals)
    return judge(
        found,
        gpus=instance.gpus,
        limits=limits_of(held),
        now=now,
        visited_until=visits.get(instance.pk),
        busy_until=held.standing.busy_until,
    )


def limits_of(held: Held) -> Limits:
    """What the operators of the cloud count as nothing."""
    wanted = clouds().cloud(held.instance.allocation.cloud).portal.policies.idle
    return Limits(
        cpu_percent=wanted.cpu_percent,
        gpu_percent=wanted.gpu_percent,
        network_bytes=wanted.network_kb_per_second * 1000,
        disk_bytes=wanted.disk_kb_per_second * 1000,
    )


def _summaries(ids: Collection[UUID], start: datetime, now: datetime) -> dict[UUID, Summary]:
    """Counted in the database: one row a machine, however long the time."""
    edge = bucket(now, QUARTER_SECONDS)
    measured = {f"{name}_count": Count(column) for name, column in _COLUMNS.items()}
    most = {f"{name}_most": Max(column) for name, column in _COLUMNS.items()}
    rows = (
        _quarters(ids, start, now)
        .order_by()
        .values("instance_id")
        .annotate(seen=Count("pk"), whole=Count("pk", filter=Q(at__lt=edge)), **measured, **most)
    )
    wanted = (edge - start) // timedelta(seconds=QUARTER_SECONDS)
    return {
        row["instance_id"]: Summary(
            row["whole"],
            wanted,
            row["seen"],
            {
                name: Reading(row[f"{name}_count"], row[f"{name}_most"])
                for name in _COLUMNS
                if row[f"{name}_count"]
            },
        )
        for row in rows
    }


def quarters_of(ids: Collection[UUID], start: datetime, now: datetime) -> dict[UUID, list[Quarter]]:
    """Quarter by quarter, oldest first: for machines with GPUs, and for looking back."""
    found: dict[UUID, list[Quarter]] = defaultdict(list)
    if not ids:
        return found
    names = ("instance_id", "at", "cpu", "net_in", "net_out", "disk_read", "disk_write", "logins", "gpus")
    for row in _quarters(ids, start, now).order_by("instance", "at").values_list(*names):
        pk, at, cpu, net_in, net_out, disk_read, disk_write, logins, gpus = row
        loads = [gpu["util"] for gpu in gpus or () if gpu.get("util") is not None]
        values = {
            "cpu": cpu,
            "network": _sum(net_in, net_out),
            "disk": _sum(disk_read, disk_write),
            "logins": logins,
            # A device that says nothing may be the one that computes.
            "gpu": max(loads) if loads and len(loads) == len(gpus or ()) else None,
        }
        found[pk].append(Quarter(at, {name: value for name, value in values.items() if value is not None}))
    return found


def visits_of(
    ids: Collection[UUID], start: datetime, now: datetime
) -> dict[UUID, list[tuple[datetime, datetime]]]:
    """When somebody had something open on them by the portal."""
    sessions = RemoteSession.objects.filter(
        Q(ended_at=None) | Q(ended_at__gt=start), instance__in=ids, started_at__lt=now
    )
    found: dict[UUID, list[tuple[datetime, datetime]]] = defaultdict(list)
    for pk, began, ended in sessions.values_list("instance_id", "started_at", "ended_at"):
        if began is not None:
            found[pk].append((began, ended or now))
    return found


def _visited(ids: Collection[UUID], start: datetime, now: datetime) -> dict[UUID, datetime]:
    return {pk: max(end for _, end in found) for pk, found in visits_of(ids, start, now).items()}


def _minutes(ids: Collection[UUID], start: datetime, now: datetime) -> dict[UUID, float]:
    """The part of the minutes in which anything was measured: a quarter may rest on one sample."""
    if not ids:
        return {}
    rows = Sample.objects.filter(
        instance__in=ids, resolution=Sample.Resolution.MINUTE, at__gte=start, at__lte=now, cpu__isnull=False
    )
    wanted = max(1.0, (now - start) / timedelta(minutes=1))
    counted = rows.order_by().values_list("instance_id").annotate(Count("pk"))
    return {pk: number / wanted for pk, number in counted}


def _sum(one: float | None, other: float | None) -> float | None:
    return None if one is None or other is None else one + other


def _quarters(ids: Collection[UUID], start: datetime, now: datetime) -> QuerySet[Sample]:
    return Sample.objects.filter(
        instance__in=ids, resolution=Sample.Resolution.QUARTER_HOUR, at__gte=start, at__lte=now
    )
