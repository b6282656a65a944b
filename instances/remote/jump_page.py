"""What pages show of a jump host, read from our tables."""

from dataclasses import dataclass
from typing import Any

from allocations.models import Allocation
from allocations.roles import Need, allows
from instances import lacking
from instances.access import instances_of, may
from instances.models import Instance
from instances.remote.jump_offer import JumpOffer, offer
from instances.remote.jump_states import state_of
from instances.remote.jumps import jump_of, may_change
from instances.remote.models import JumpHost, RemoteSession
from instances.remote.neighbours import networks_of, shares_network
from instances.rows import row
from instances.states import ACTIONS
from instances.statuses import ACTIVE
from portal.accounts.models import User
from portal.core.errors import PortalError

_SHOWN = 50


@dataclass(frozen=True, slots=True)
class Behind:
    """A machine without a public address. `near`: on a network of the jump host; None: that is not known."""

    instance: Instance
    networks: tuple[str, ...]
    near: bool | None


def shown_jump(user: User, allocation: Allocation, behind: Instance | None) -> dict[str, Any]:
    jump = jump_of(allocation)
    state = state_of(jump) if jump else None
    role = allocation.viewer_role or ""
    wanted = jump is None or (state is not None and state.lost)
    made, problem = _offer(user, allocation, behind) if wanted and allows(role, Need.LAUNCH) else (None, None)
    machines = list(instances_of(user, allocation).order_by("name"))
    for one in machines:
        # With the viewer's role in it.
        one.allocation = allocation
    return {
        "allocation": allocation,
        "section": "instances",
        "jump": jump,
        "state": state,
        "action": ACTIONS[state.action] if state and state.action else None,
        "row": row(jump.instance) if jump else None,
        "may_change": jump is not None and may_change(user, jump),
        "may_choose": allows(role, Need.LAUNCH),
        "offer": made,
        "offer_problem": problem,
        "candidates": _candidates(user, machines, jump),
        "behind_it": _behind_it(machines, jump)[:_SHOWN],
        "sessions": _sessions(allocation),
        "behind": behind,
    }


def shown_offer(user: User, instance: Instance) -> dict[str, Any]:
    """For the page of a machine that runs and has no public address; empty for any other."""
    if instance.status != ACTIVE or instance.deleted_at or instance.public_address:
        return {}
    jump = jump_of(instance.allocation)
    if jump is not None and jump.instance_id == instance.pk:
        return {}
    return {
        "i": instance,
        "allocation": instance.allocation,
        "jump": jump,
        "state": state_of(jump) if jump else None,
        "far": jump is not None and shares_network(jump.instance, instance) is False,
        "may_assign": may(user, instance, Need.ACT) and lacking.has(instance.allocation, "public-addresses"),
    }


def _offer(
    user: User, allocation: Allocation, behind: Instance | None
) -> tuple[JumpOffer | None, PortalError | None]:
    try:
        made = offer(allocation=allocation, by=user, behind=behind)
    except PortalError as problem:
        return None, problem
    return made, made.problem


def _candidates(user: User, machines: list[Instance], jump: JumpHost | None) -> list[Instance]:
    """Those that could be lent now, by this person."""
    taken = jump.instance_id if jump else None
    suiting = [one for one in machines if one.status == ACTIVE and one.public_address and one.pk != taken]
    trusted = set(
        Instance.objects.filter(pk__in=[one.pk for one in suiting], ssh_trust__isnull=False).values_list(
            "pk", flat=True
        )
    )
    return [one for one in suiting if one.pk in trusted and may(user, one, Need.ACT)]


def _behind_it(machines: list[Instance], jump: JumpHost | None) -> list[Behind]:
    taken = jump.instance_id if jump else None
    hidden = [one for one in machines if one.private_address and not one.public_address and one.pk != taken]
    return [
        Behind(one, tuple(networks_of(one)), shares_network(jump.instance, one) if jump else None)
        for one in hidden
    ]


def _sessions(allocation: Allocation) -> int:
    """How many go through it now."""
    return RemoteSession.objects.filter(
        ended_at=None, instance__allocation=allocation, instance__public_address=""
    ).count()
