"""Root disks that run full: told once when one is over 90 %, and again only after it fell below 85 %."""

from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet
from django.urls import reverse

from allocations.scopes import scope_of
from instances.concerned import concerned
from instances.metrics.alerts import DISK_WARNING
from instances.metrics.models import FullDisk, Sample
from instances.models import Instance
from portal.core import bulk
from portal.notices import services as notices
from portal.notices.kinds import Kind, register

KIND = register(
    Kind("disk.full", "The disk of a machine is over 90 % full", group="machines", ways={"page", "mail"})
)
BELOW = 85
# As far back as a last measurement is looked for: machines known by their console alone are measured in minutes.
_WINDOW = timedelta(minutes=10)


def look(now: datetime) -> int:
    """How many were told. Four queries, and some for each machine whose disk has just run full."""
    measured = Sample.objects.filter(
        resolution=Sample.Resolution.MINUTE, at__gt=now - _WINDOW, disk__isnull=False
    )
    over = set(measured.filter(disk__gt=DISK_WARNING).values_list("instance_id", flat=True).distinct())
    full = set(FullDisk.objects.values_list("instance_id", flat=True))
    latest = _latest(measured.filter(instance__in=over | full)) if over | full else {}
    again = {pk for pk in full if latest.get(pk, DISK_WARNING) < BELOW}
    if again:
        FullDisk.objects.filter(instance__in=again).delete()
    new = {pk: used for pk, used in latest.items() if used > DISK_WARNING and pk not in full}
    return _tell(new, now) if new else 0


def _latest(measured: QuerySet[Sample]) -> dict[UUID, float]:
    rows = measured.order_by("at").values_list("instance_id", "disk")
    return {pk: float(used) for pk, used in rows.iterator(chunk_size=2000) if used is not None}


def _tell(new: dict[UUID, float], now: datetime) -> int:
    rows = Instance.objects.filter(pk__in=new, deleted_at=None).select_related("allocation", "owner")
    told = 0
    for instance in rows:
        with transaction.atomic():
            mark = FullDisk(instance=instance, since=now)
            bulk.insert([mark])
            # Of two workers that look at once, one has the row.
            if FullDisk.objects.filter(pk=mark.pk).exists():
                told += _tell_of(instance, new[instance.pk], mark)
    return told


def _tell_of(instance: Instance, used: float, mark: FullDisk) -> int:
    return notices.tell(
        KIND.name,
        to=concerned(instance),
        key=f"disk-full:{mark.pk}",
        title=f"The disk of {instance.name} is {used:.0f} % full",
        text="Programs that cannot write will fail, and at 100 % nobody can log in any more.\n\n"
        "Delete what is not needed, move data to a volume, or resize to a larger disk.",
        url=reverse("instances:detail", args=[instance.pk]),
        level="warning",
        scope=scope_of(instance.allocation),
    )
