"""A round as soon as something that it waits for has happened. Lost without harm: rounds are made anyway."""

from collections.abc import Collection, Sequence
from datetime import timedelta
from uuid import UUID

from django.utils import timezone

from instances.workshops.models import SeatMachine, Workshop
from portal.operations.models import Operation

GATHERED = timedelta(seconds=1)


def operations_changed(ops: Sequence[Operation]) -> None:
    """Those that ended, or are in trouble: of the others rounds see what they do to machines."""
    machines_changed(
        [op.target_id for op in ops if op.target_type == "instance" and (not op.live or op.error_id)]
    )


def machines_changed(ids: Collection[UUID | str]) -> None:
    """One statement for any number. Not at once: where one machine of a class changes, others do."""
    if not ids:
        return
    soon = timezone.now() + GATHERED
    theirs = SeatMachine.objects.filter(instance__in=list(ids)).values("workshop")
    Workshop.objects.filter(pk__in=theirs, next_at__gt=soon).update(next_at=soon)


def machines_of_workshops(ids: Collection[UUID] | None = None) -> set[UUID]:
    """Those that are there: what an allocation has for all its machines does not hold for them."""
    rows = SeatMachine.objects.filter(instance__deleted_at=None).exclude(instance=None)
    if ids is not None:
        rows = rows.filter(instance__in=list(ids))
    return {pk for pk in rows.values_list("instance_id", flat=True) if pk is not None}
