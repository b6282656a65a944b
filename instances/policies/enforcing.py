"""The round that workers make: what is idle, whom to warn, what is due, what comes next. Fixed queries but for what is done.

Run twice, or by two workers at once, it does nothing twice: each due moment is one row with a unique key.
"""

import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from instances.models import Instance
from instances.policies import running, upcoming, warning
from instances.policies.dues import Due, Times, due_now, rests
from instances.policies.effective import Held, exempt, resolve
from instances.policies.models import Policy, PolicyRun, Standing
from instances.policies.obstacles import without_need
from portal.cloud.config import clouds
from portal.core import bulk, deadline
from portal.core.errors import PortalError

logger = logging.getLogger(__name__)

# So long after it was put away a machine that runs was started again, and is not just shown late.
SETTLED = timedelta(minutes=5)
KEPT = timedelta(days=180)
# What is left of the task's time when it leaves the rest to the next round.
SPARE_SECONDS = 5.0
_NEEDED = (
    *("id", "allocation_id", "owner_id", "name", "status", "task_state", "locked", "flavor_name", "gpus"),
    *("created_at", "state_since", "version", "allocation__id", "allocation__cloud", "allocation__slug"),
    "allocation__project_name",
)


@dataclass(frozen=True, slots=True)
class Round:
    """How one round went: machines under policies, warnings given, things done or tried, runs that ended."""

    machines: int
    warned: int
    done: int
    settled: int


def enforce(now: datetime | None = None) -> Round:
    now = now or timezone.now()
    settled = running.settle(now)
    these = under_policies()
    times = Times(now)
    _note_those_that_run(these, now)
    warned = warning.idle_machines(these, now) + warning.ending_leases(these, now)
    done = _carry_out(_open(these, times, now), now)
    upcoming.write(_again(these, done), now, times)
    return Round(len(these), warned, len(done), settled)


def under_policies() -> list[Held]:
    """Every machine for which some policy holds, in five queries."""
    policies = list(Policy.objects.all())
    defaults = {one.allocation_id for one in policies if one.instance_id is None and one.on}
    own = {one.instance_id for one in policies if one.instance_id is not None}
    machines = list(
        # With those whose rules are gone, but for which something is still announced.
        Instance.objects.filter(
            Q(allocation__in=defaults) | Q(pk__in=own) | Q(standing__next_at__isnull=False), deleted_at=None
        )
        .exclude(server_id="")
        .filter(allocation__cloud__in=clouds().clouds)
        .select_related("allocation")
        .only(*_NEEDED)
    )
    standings = {one.instance_id: one for one in Standing.objects.filter(instance__deleted_at=None)}
    found = resolve(machines, policies, standings, exempt())
    return [held for held in found.values() if held.any or held.standing.next_at is not None]


def _note_those_that_run(these: Sequence[Held], now: datetime) -> None:
    """Somebody has started them: what their schedule put away is over, and it does not bring them back again."""
    back = [
        held.standing
        for held in these
        if held.standing.put_away_at is not None
        and held.standing.put_away_at < now - SETTLED
        and not rests(held.instance)
    ]
    for standing in back:
        standing.put_away_at = None
    bulk.update(back, ["put_away_at"])


def _open(these: Sequence[Held], times: Times, now: datetime) -> list[tuple[UUID, Due]]:
    """What is due and was not seen to: never looked at, or waiting and to be tried again now."""
    dues = [(held.instance, due) for held in these for due in due_now(held, times)]
    runs: Any = PolicyRun.objects.filter(due_at__in={due.at for _, due in dues})
    seen = set(runs.values_list("instance_id", "kind", "due_at"))
    fresh = [(one, due) for one, due in dues if (one.pk, due.kind, due.at) not in seen]
    # Those that are no longer due are among them, to be ended.
    waiting = PolicyRun.objects.filter(state=PolicyRun.State.WAITING, try_at__lte=now)
    again = [(run.instance_id, Due(run.kind, run.due_at, run.action)) for run in waiting]  # type: ignore[arg-type]
    return _in_need(fresh, now) + again


def _in_need(fresh: Sequence[tuple[Instance, Due]], now: datetime) -> list[tuple[UUID, Due]]:
    """Machines that are as they should be are noted in one statement: at eight in the morning that is most of them."""
    found: list[tuple[UUID, Due]] = []
    noted: list[PolicyRun] = []
    for instance, due in fresh:
        if reason := without_need(instance, due.action):
            run = PolicyRun(instance=instance, kind=due.kind, due_at=due.at, action=due.action, reason=reason)
            run.state, run.created_at, run.finished_at = PolicyRun.State.LEFT, now, now
            noted.append(run)
        else:
            found.append((instance.pk, due))
    bulk.insert(noted)
    return found


def _carry_out(dues: Iterable[tuple[UUID, Due]], now: datetime) -> list[UUID]:
    """Each on its own: what is wrong with one machine holds up no other. The rest of a long list waits a round."""
    done: list[UUID] = []
    for pk, due in dues:
        if deadline.remaining() < SPARE_SECONDS:
            logger.warning("policies: more is due than fits into one round; the rest follows in the next")
            break
        try:
            running.carry_out(pk, due, now)
        except PortalError as error:
            logger.warning("policy %s of %s: %s", due.kind, pk, error)
        done.append(pk)
    return done


def _again(these: Sequence[Held], done: Sequence[UUID]) -> list[Held]:
    """As read at the beginning, but for machines of which something was just done."""
    return [held for held in these if held.instance.pk not in set(done)] if done else list(these)


@transaction.atomic
def tidy(now: datetime | None = None) -> int:
    """Forget what was done long ago: the audit keeps it."""
    old = PolicyRun.objects.filter(due_at__lt=(now or timezone.now()) - KEPT).exclude(
        state__in=PolicyRun.LIVE
    )
    return old.delete()[0]
