"""What the people who manage an allocation decide about its reports."""

from django.db import transaction

from allocations.models import Allocation
from portal.accounts.models import User
from portal.core import events
from portal.core.audit import record


@transaction.atomic
def show_spending(*, by: User, allocation: Allocation, shown: bool) -> bool:
    """Whether members see what each of them spent. `allocation` came through its door with `Need.MANAGE`.

    True if it was otherwise before: only then is there something to write down.
    """
    changed = Allocation.objects.filter(pk=allocation.pk, spending_shown=not shown).update(
        spending_shown=shown
    )
    allocation.spending_shown = shown
    if not changed:
        return False
    record(
        "allocation.spending_shown",
        by=by,
        scope=f"allocation.{allocation.pk}",
        target_type="allocation",
        target_id=allocation.pk,
        target_name=str(allocation),
        before=not shown,
        after=shown,
    )
    events.publish(
        [f"allocation.{allocation.pk}"], events.Changed("allocation:changed", {"slug": allocation.slug})
    )
    return True
