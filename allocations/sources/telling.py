"""What open pages and workers are told when requests or people change. After commit."""

from collections.abc import Sequence

from django.db import transaction

from allocations.models import Allocation
from allocations.sources.models import MembershipRequest
from portal.core import events


def people_changed(allocation: Allocation) -> None:
    events.publish(
        [f"allocation.{allocation.pk}"], events.Changed("members:changed", {"slug": allocation.slug})
    )


def requests_changed(allocation: Allocation, rows: Sequence[MembershipRequest]) -> None:
    """Pages fetch again; a worker looks at what is due."""
    if not rows:
        return
    people_changed(allocation)
    if any(row.state in MembershipRequest.LIVE for row in rows):
        from allocations.sources import tasks  # tasks import the services that workers run

        transaction.on_commit(lambda: tasks.carry.delay(allocation.pk), robust=True)
