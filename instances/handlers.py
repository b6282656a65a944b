"""Hooks into the layers below. Web processes load this too, so the steps come only when they run."""

from collections.abc import Callable
from datetime import timedelta

from allocations import hooks_people
from allocations.accrual import accrual_source, name_source, unpriced_source, unsettled_source
from allocations.budgets.hooks import machine_source, shelver
from allocations.hooks import burn_source, pulse_source, size_source, spender_source
from allocations.overview.hooks import save_source
from instances import (  # noqa: F401 (some register by being imported)
    accruing,
    left,
    looking,
    own_parts,
    reflect,
    telling,
)
from instances.actions import ACTIONS
from instances.burning import burning_now
from instances.holdings import held, shelve_for_budget
from instances.pulse import pulses
from instances.queue import enqueue
from instances.resealing import reseal_boot_scripts
from instances.saving import machines_to_save
from instances.spenders import offered, spending
from portal.accounts.hooks import on_usable
from portal.cloud import breaker
from portal.core.resealing import store
from portal.notices.kinds import Kind, register
from portal.operations import hooks
from portal.operations.context import Context
from portal.operations.outcomes import Outcome
from portal.operations.registry import handler

_LAUNCH = timedelta(hours=4)
# Besides the time that a step may take: for a cloud that is away for a while.
_SPARE = timedelta(minutes=30)
# Short ones first: nobody waits for a lock because of a hundred launches.
_URGENCY = {"console": 1, "lock": 2, "unlock": 2, "rename": 2, "launch": 5, "snapshot": 5, "delete": 4}


def _runner(name: str) -> Callable[[Context], Outcome]:
    def run(ctx: Context) -> Outcome:
        from instances.steps import RUN

        return RUN[name](ctx)

    return run


def _cancel_launch(ctx: Context) -> Outcome:
    from instances.steps import CANCEL

    return CANCEL["launch"](ctx)


for _name, _action in ACTIONS.items():
    handler(
        f"instance.{_name}",
        label=_action.label,
        deadline=timedelta(seconds=_action.longest_seconds) + _SPARE,
        urgency=_URGENCY.get(_name, 3),
    )(_runner(_name))
handler(
    "instance.launch", label="Launch", deadline=_LAUNCH, urgency=_URGENCY["launch"], on_cancel=_cancel_launch
)(_runner("launch"))

hooks.within_change(reflect.launches_ended)
hooks.on_change(reflect.operations_changed)
hooks.may_access(reflect.may_access)
on_usable(reflect.credential_usable)
burn_source(burning_now)
machine_source(held)
shelver(shelve_for_budget)
pulse_source(pulses)
accrual_source(accruing.accrued)
name_source(accruing.names)
unsettled_source(accruing.unsettled)
unpriced_source(accruing.unpriced)
spender_source(spending)
size_source(offered)
save_source(machines_to_save)
store(reseal_boot_scripts)
register(Kind("machine.handed", "A machine changed hands", group="machines", ways={"page", "mail"}))
for _source in (left.machines_left, left.volumes_left, left.doors_left):
    hooks_people.left_behind(_source)
hooks_people.settles(left.MACHINE, left.settle)
hooks_people.holding_source(left.hold)
hooks_people.on_ended(left.membership_ended)


@breaker.on_recovery
def well_again(cloud: str, region: str, service: str) -> None:
    """In the middle of the call that found out: so only a message, which a worker acts on."""
    enqueue("mirror.recovered", cloud, region)
