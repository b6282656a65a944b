"""All advice for one allocation, as pages and API show it: what is dismissed apart, what may be done by whom."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.utils import timezone

from allocations.access import Person
from allocations.models import Allocation
from allocations.roles import Need, allows
from instances.access import instances_of, may
from instances.advice import gather, rules
from instances.advice.models import Dismissal
from instances.advice.rules import Advice
from portal.core.errors import PortalError

_ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class Shown:
    """`may_act`: the viewer may take the one click. `dismissed`: until when it is not shown, and by whom."""

    advice: Advice
    owner: str
    may_act: bool
    dismissed_until: datetime | None = None
    dismissed_by: str = ""


@dataclass(frozen=True, slots=True)
class Board:
    """`su_per_week`: what all of it together would save."""

    shown: Sequence[Shown]
    dismissed: Sequence[Shown]

    @property
    def su_per_week(self) -> Decimal:
        return sum((one.advice.su_per_week or _ZERO for one in self.shown), _ZERO)


def board(allocation: Allocation, viewer: Person, now: datetime | None = None) -> Board:
    """For an allocation that came through its door. The same number of queries whatever there is."""
    now = now or timezone.now()
    instances = {str(one.pk): one for one in instances_of(viewer, allocation)}
    for one in instances.values():
        one.allocation = allocation  # which knows the viewer's role
    advice = [
        *rules.of_machines(
            gather.machines(allocation, instances.values(), now), gather.sizes(allocation, now), now
        ),
        *rules.of_unused(gather.unused(allocation), now),
    ]
    dismissals = {
        row.key: row
        for row in Dismissal.objects.filter(allocation=allocation, until__gt=now).select_related("by")
    }
    manages = allows(allocation.viewer_role, Need.MANAGE)
    found = []
    for piece in advice:
        machine = instances.get(piece.subject_id)
        right = may(viewer, machine, Need.ACT) if machine else manages
        dismissal = dismissals.get(piece.key)
        found.append(
            Shown(
                piece,
                str(machine.owner or machine.creator_name) if machine else "",
                right,
                dismissal.until if dismissal else None,
                str(dismissal.by or "") if dismissal else "",
            )
        )
    return Board(
        [shown for shown in found if shown.dismissed_until is None],
        [shown for shown in found if shown.dismissed_until],
    )


def find(allocation: Allocation, viewer: Person, key: str) -> Shown:
    """PortalError `advice:unknown` where it is not advised any more."""
    whole = board(allocation, viewer)
    for one in (*whole.shown, *whole.dismissed):
        if one.advice.key == key:
            return one
    raise PortalError("advice:unknown")
