"""How the machines of all allocations are, for the operators' list: two queries, whatever their number."""

from dataclasses import replace

from django.db.models import Count, Max, Q

from allocations.hooks import Pulse
from instances.models import Instance, Poll
from instances.statuses import ACTIVE, ERROR

# What says of us that we may not read, rather than of the cloud that it does not answer: told as "nobody connected".
_OURS = frozenset({"instances:no-reader", "cloud:unauthorized", "cloud:forbidden"})


def pulses() -> dict[int, Pulse]:
    there = Q(deleted_at=None) & ~Q(server_id="")
    counted = Instance.objects.order_by().values_list("allocation_id")
    rows = counted.annotate(
        machines=Count("pk", filter=there),
        running=Count("pk", filter=there & Q(status=ACTIVE)),
        errors=Count("pk", filter=there & Q(status=ERROR)),
        changed=Max("state_since"),
        gone=Max("deleted_at"),
    )
    found = {
        pk: Pulse(machines, running, errors, max(filter(None, (changed, gone)), default=None))
        for pk, machines, running, errors, changed, gone in rows
    }
    failing = Poll.objects.filter(what=Poll.What.SERVERS).exclude(failing_since=None)
    for pk, since, error_id in failing.values_list("allocation_id", "failing_since", "error_id"):
        silent = None if error_id in _OURS else since
        found[pk] = replace(found.get(pk, Pulse()), unread_since=silent, error_id=error_id)
    return found
