"""What the portal does to machines by itself: because of a schedule, a lease, an idle rule, a budget.

It acts with a credential of the allocation, the owner's before others', and under the same rules as people do.
"""

from collections.abc import Collection
from typing import Any

from django.db import transaction

from allocations.models import Allocation, Membership
from allocations.roles import MAY, Need, allows
from instances.models import Instance
from instances.services import affording
from instances.services.acting import Params, accept, params_for
from portal.accounts import credentials
from portal.accounts.models import User
from portal.cloud.config import clouds
from portal.core.errors import PortalError
from portal.operations.models import Operation

_ORDER = list(MAY)


@transaction.atomic
def act_for_portal(
    *,
    instance: Instance,
    action: str,
    reason: str,
    params: Params = None,
    without: Collection[int] = (),
    urgency: int | None = None,
) -> Operation:
    """`reason` is read as "asked for by {reason}". `without`: people whose credential is not to be used.

    PortalError `instances:nobody-to-act` where nobody is connected; else as for people who act.
    """
    affording.lock(instance, action)
    found = (
        Instance.objects.select_for_update(of=("self",))
        .select_related("allocation", "owner")
        .get(pk=instance.pk)
    )
    lends = lender(found.allocation, owner_id=found.owner_id, name=found.name, without=without)
    wanted = params_for(action, params)
    return accept(found, lends, action, wanted, asked_by=reason[:120], urgency=urgency)


def lender(
    allocation: Allocation,
    *,
    owner_id: int | None,
    name: str,
    need: Need = Need.ACT,
    without: Collection[int] = (),
) -> User:
    """Whose credential is used: the owner's, else that of the strongest role. `name`: of what it is wanted for."""
    live: Any = Membership.objects.filter(allocation=allocation, ended_at=None)
    roles = dict(live.values_list("user_id", "role"))
    usable = [
        credential.user
        for credential in credentials.usable_of_project(allocation.cloud, allocation.project_id)
        if credential.user_id not in without and allows(roles.get(credential.user_id, ""), need)
    ]
    if not usable:
        raise PortalError("instances:nobody-to-act", name=name, cloud=_cloud(allocation.cloud))
    return min(usable, key=lambda user: (user.pk != owner_id, _ORDER.index(roles[user.pk]), user.pk))


def _cloud(name: str) -> str:
    found = clouds().clouds.get(name)
    return found.title if found else name
