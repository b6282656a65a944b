"""Telling people what became of their launches: once a launch, when the last of its machines has ended.

Looked at by the clock rather than at the end of each operation: of two that end at the same moment neither sees the
other, and a worker that dies just then tells nobody.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.urls import reverse
from django.utils import timezone

from allocations.scopes import scope_of
from instances.launch_words import Ended, words
from instances.models import Instance
from portal.cloud.config import clouds
from portal.core.errors import explain
from portal.core.ids import first_of
from portal.notices import services as notices
from portal.notices.kinds import Kind, register
from portal.operations.models import Operation

READY = register(Kind("instance.ready", "A machine you launched is ready", group="machines", ways={"page"}))
FAILED = register(Kind("instance.failed", "A launch failed", group="machines", ways={"page", "mail"}))
LAUNCH = "instance.launch"
# Longer than any launch may take; and for how long an ending is looked for, should no worker have come round.
_LONGEST = timedelta(hours=12)
_LOOKED_FOR = timedelta(hours=1)
State = Operation.State


def tell_launches(now: datetime | None = None) -> int:
    """Those launches whose last machine ended lately. A fixed number of queries, and some for each that is told."""
    now = now or timezone.now()
    launches = Operation.objects.filter(kind=LAUNCH, pk__gte=first_of(now - _LONGEST))
    ended = launches.filter(finished_at__gt=now - _LOOKED_FOR, state__in=(State.DONE, State.FAILED))
    batches = set(ended.values_list("batch", flat=True)) - {None}
    batches -= set(
        launches.filter(state__in=Operation.LIVE, batch__in=batches).values_list("batch", flat=True)
    )
    found: dict[UUID, list[Operation]] = defaultdict(list)
    for op in (
        launches.filter(batch__in=batches).exclude(state=State.CANCELLED).select_related("by").order_by("pk")
    ):
        if op.batch is not None:
            found[op.batch].append(op)
    known = notices.told([_key(batch) for batch in found], {ops[0].by_id for ops in found.values()})
    new = {batch: ops for batch, ops in found.items() if _key(batch) not in known}
    machines = _machines(op for ops in new.values() for op in ops)
    return sum(_tell(batch, ops, machines) for batch, ops in new.items())


def _key(batch: UUID) -> str:
    return f"launch:{batch}"


def _machines(ops: Iterable[Operation]) -> dict[str, Instance]:
    ids = {op.target_id for op in ops}
    rows = Instance.objects.filter(pk__in=ids).select_related("allocation") if ids else ()
    return {str(row.pk): row for row in rows}


@transaction.atomic
def _tell(batch: UUID, ops: Sequence[Operation], machines: dict[str, Instance]) -> int:
    of = [machines[op.target_id] for op in ops if op.target_id in machines]
    if not of:
        return 0
    allocation = of[0].allocation
    known = clouds()
    server = known.words(allocation.cloud if allocation.cloud in known.clouds else None).get(
        "server", "machine"
    )
    told = words([_ended(op) for op in ops], server=server)
    page = reverse("instances:detail", args=[of[0].pk])
    return notices.tell(
        READY.name if told.level == "success" else FAILED.name,
        to=[ops[0].by],
        key=_key(batch),
        title=told.title,
        text=told.text,
        url=page if len(ops) == 1 else reverse("instances:list", args=[allocation.slug]),
        level=told.level,
        scope=scope_of(allocation),
    )


def _ended(op: Operation) -> Ended:
    if op.state == State.DONE:
        return Ended(op.target_name)
    problem = explain(op.error_id, op.error_params)
    return Ended(op.target_name, f"{problem.title}. {problem.what}", problem.todo)
