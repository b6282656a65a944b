"""The jump host of a workshop's project: there, usable, and brought back or made again when it is not."""

from dataclasses import dataclass
from datetime import timedelta

from django.utils import timezone

from allocations.models import Allocation
from instances import lacking, services
from instances.models import Instance
from instances.remote import jumps
from instances.remote.jump_states import JumpState, state_of
from instances.remote.models import JumpHost
from instances.workshops.guests import firewall
from instances.workshops.models import Workshop
from portal.core.errors import PortalError
from portal.operations import services as operations


@dataclass(frozen=True, slots=True)
class JumpStanding:
    """`words`: what is being waited for; `problem`: what a person has to do something about. Seats may be built in any
    case: they wait behind it."""

    ok: bool
    words: str = ""
    problem: PortalError | None = None


READY = JumpStanding(ok=True)
_MOST_AN_HOUR = 4


def ensure_jump(workshop: Workshop) -> JumpStanding:
    """Asked in each round of a workshop that has seats, or is about to. Makes it, starts it, or replaces it, once."""
    allocation = workshop.allocation
    try:
        standing = _standing(workshop, allocation)
        firewall.keep_true(workshop)
    except PortalError as problem:
        return JumpStanding(ok=False, problem=problem)
    return standing


def _standing(workshop: Workshop, allocation: Allocation) -> JumpStanding:
    if not lacking.has(allocation, "public-addresses"):
        return READY
    jump = jumps.jump_of(allocation)
    state = state_of(jump) if jump else None
    if jump is None or state is None or state.lost:
        _not_again_and_again(allocation)
        jump = jumps.make_for_portal(
            allocation=allocation,
            owner=workshop.owner,
            reason=reason_of(workshop),
            network_id=workshop.network_id,
        )
        state = state_of(jump)
    if state.usable:
        return READY
    if state.busy or _is_busy(jump):
        return JumpStanding(ok=False, words=f"The jump host: {state.words}")
    if state.action:
        return _brought_back(workshop, jump, state)
    return JumpStanding(ok=False, problem=_down(jump, state))


def _not_again_and_again(allocation: Allocation) -> None:
    """Where each one breaks, another costs money and brings nothing: a person has to look."""
    since = timezone.now() - timedelta(hours=1)
    tried = Instance.objects.filter(
        allocation=allocation, metadata__helioRole="jump", created_at__gte=since
    ).count()
    if tried >= _MOST_AN_HOUR:
        raise PortalError(
            "workshops:jump-down",
            name=f"of {allocation.project_name}",
            why=f"{tried} were made within an hour, and none of them lasted.",
        )


def reason_of(workshop: Workshop) -> str:
    return f"the workshop {workshop.title}"


def _brought_back(workshop: Workshop, jump: JumpHost, state: JumpState) -> JumpStanding:
    params = {"address": "new"} if state.action == "assign_address" else None
    services.act_for_portal(
        instance=jump.instance, action=state.action, reason=reason_of(workshop), params=params
    )
    return JumpStanding(ok=False, words="The jump host is being brought back.")


def _is_busy(jump: JumpHost) -> bool:
    return bool(operations.live_for("instance", [jump.instance_id]))


def _down(jump: JumpHost, state: JumpState) -> PortalError:
    return PortalError("workshops:jump-down", name=jump.instance.name, why=state.words)
