"""Hooks into the layers below."""

from django.utils import timezone

from instances.console import Reading
from instances.metrics.sources import from_console
from instances.mirror.details import on_console
from instances.models import Instance


@on_console
def usage_lines(instance: Instance, reading: Reading) -> None:
    from_console(instance.pk, reading.usage, timezone.now())
