"""What is left of a workshop: until when it is kept, how far its removal is, and the proof that nothing remains."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db.models import Count, Q

from instances.workshops import hooks
from instances.workshops.clock.spending import ZERO, burning
from instances.workshops.models import SeatMachine, Workshop
from portal.core.errors import Problem, explain

State = Workshop.State
# What the cloud is asked for, as people call it. Others come under their own names.
KINDS = {
    "servers": "machines",
    "ports": "network ports",
    "addresses": "public addresses",
    "volumes": "volumes",
    "boot_volumes": "boot volumes",
    "security_groups": "security groups",
    "keys": "key pairs",
}
_ORDER = {kind: number for number, kind in enumerate(KINDS)}


@dataclass(frozen=True, slots=True)
class Proof:
    """What was counted at the cloud, when, and what had been made."""

    at: datetime | None
    counted: tuple[tuple[str, int], ...]
    made: tuple[tuple[str, int], ...]

    @property
    def nothing(self) -> bool:
        return bool(self.counted) and not any(count for _, count in self.counted)


@dataclass(frozen=True, slots=True)
class Leavings:
    """`machines` of `made` are still there; `hourly`: SU/hour that they cost. `waits`: sentences of what is waited for."""

    made: int
    machines: int
    hourly: Decimal
    waits: tuple[str, ...]
    proof: Proof | None
    hold: Problem | None

    @property
    def gone(self) -> int:
        return self.made - self.machines


def leavings_of(workshop: Workshop, now: datetime) -> Leavings:
    live = Q(instance__isnull=False, instance__deleted_at=None)
    rows = SeatMachine.objects.filter(workshop=workshop)
    counts = rows.aggregate(made=Count("pk"), machines=Count("pk", filter=live))
    removing = workshop.state in (State.ENDED, State.REMOVING)
    return Leavings(
        made=counts["made"],
        machines=counts["machines"],
        hourly=burning([workshop], now).get(workshop.pk, ZERO) if counts["machines"] else ZERO,
        waits=tuple(hooks.waits_for(workshop)) if workshop.state == State.ENDED else (),
        proof=proof_of(workshop.proof),
        hold=explain(workshop.hold_id, workshop.hold_params) if removing and workshop.hold_id else None,
    )


def proof_of(stored: Mapping[str, Any]) -> Proof | None:
    """As the engine wrote it down, whatever an older version of it did."""
    counted = _counts(stored.get("counted"))
    if not counted:
        return None
    return Proof(_moment(stored.get("at")), counted, _counts(stored.get("made")))


def _counts(given: object) -> tuple[tuple[str, int], ...]:
    if not isinstance(given, Mapping):
        return ()
    known = [(str(kind), count) for kind, count in given.items() if isinstance(count, int)]
    return tuple(
        (KINDS.get(kind, kind.replace("_", " ")), count)
        for kind, count in sorted(known, key=lambda one: (_ORDER.get(one[0], len(_ORDER)), one[0]))
    )


def _moment(given: object) -> datetime | None:
    try:
        return datetime.fromisoformat(str(given)) if given else None
    except ValueError:
        return None
