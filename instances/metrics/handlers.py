"""Hooks into the layers below."""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from django.utils import timezone

from instances.console import Reading
from instances.metrics import full_disks as full_disks  # registers its kind
from instances.metrics.models import Sample
from instances.metrics.sources import from_console
from instances.mirror.consoles import pushing
from instances.mirror.details import on_console
from instances.models import Instance


@on_console
def usage_lines(instance: Instance, reading: Reading) -> None:
    from_console(instance.pk, reading.usage, timezone.now())


@pushing
def sent_samples(ids: Collection[UUID], since: datetime) -> set[UUID]:
    """Lines of a console are minutes old by the time that it is read again, so what is newer was pushed."""
    fresh = Sample.objects.filter(instance__in=ids, resolution=Sample.Resolution.FULL, at__gte=since)
    return set(fresh.order_by().values_list("instance_id", flat=True).distinct())
