"""Machines that the portal launches by itself: the seats of a workshop.

With a credential of the allocation, the owner's before others', and within the same quota, SUs and budgets as people.
"""

from collections.abc import Mapping, Sequence

from django.db import transaction

from allocations.models import Allocation
from allocations.roles import Need
from instances.models import Instance
from instances.seat_spec import SeatSpec
from instances.services.launching import rows_of, wanted_of
from instances.services.portal_acts import lender
from instances.services.preview import Preview, preview
from instances.specs import MAX_COUNT, LaunchRequest, Role
from portal.accounts.models import User
from portal.core import audit, bulk
from portal.core.ids import uuid7
from portal.operations import services as operations
from portal.operations.models import Operation

# After what people ask for themselves: nobody waits for one machine because of a class.
URGENCY = 6


@transaction.atomic
def launch_for_portal(
    *,
    allocation: Allocation,
    owner: User | None,
    request: LaunchRequest,
    names: Sequence[str],
    reason: str,
    role: Role = "seat",
    seat: SeatSpec | None = None,
    marks: Mapping[str, str] | None = None,
) -> list[Operation]:
    """One operation per name in their order, as many as there is room for; PortalError where there is none for any.

    `reason` is read as "asked for by {reason}"; `marks` is further metadata of the servers. The same few statements for
    any number.
    """
    # As for people: of two that want the last room the second waits here, and then counts the first.
    allocation = Allocation.objects.select_for_update(no_key=True).get(pk=allocation.pk)
    lends = lender(allocation, owner_id=owner.pk if owner else None, name=names[0], need=Need.LAUNCH)
    plan = _plan(allocation, owner or lends, request, lends, len(names))
    machines = rows_of(
        allocation, owner or lends, request, plan, role, names=names[: plan.count], marks=marks
    )
    bulk.insert(machines)
    batch = uuid7()
    found = operations.submit_many(
        kind="instance.launch",
        by=lends,
        cloud=allocation.cloud,
        region=allocation.region,
        project_id=allocation.project_id,
        target_type="instance",
        wanted=wanted_of(request, plan, machines, role, seat=seat, asked_by=reason[:120]),
        batch=batch,
        urgency=URGENCY,
    )
    _record(allocation, machines, plan, reason, str(lends), str(batch), role)
    return found


def _plan(allocation: Allocation, owner: User, request: LaunchRequest, lends: User, wanted: int) -> Preview:
    """For as many as fit."""

    def of(count: int) -> Preview:
        asked = request.model_copy(update={"count": count})
        return preview(allocation=allocation, by=owner, request=asked, lender=lends)

    one = of(1)
    if one.problems:
        raise one.problems[0]
    count = min([wanted, MAX_COUNT, *_fitting(one)])
    if count <= 1:
        return one
    found = of(count)
    # What the rest of it would cost is too much: one after the other, as long as that is allowed.
    return one if found.problems else found


def _fitting(one: Preview) -> list[int]:
    found = [need.times for need in one.needs]
    if one.remaining is not None and one.su_per_hour:
        found.append(int(one.remaining // one.su_per_hour))
    return [times for times in found if times is not None]


def _record(
    allocation: Allocation,
    machines: Sequence[Instance],
    plan: Preview,
    reason: str,
    lends: str,
    batch: str,
    role: Role,
) -> None:
    audit.record(
        "instance.launch",
        by=None,
        scope=f"allocation.{allocation.pk}",
        target_type="instance",
        target_id=machines[0].pk,
        target_name=machines[0].name,
        count=len(machines),
        flavor=machines[0].flavor_name,
        image=machines[0].image_name,
        batch=batch,
        su_per_hour=str(plan.su_per_hour),
        role=role,
        asked_by=reason,
        acting_as=lends,
    )
