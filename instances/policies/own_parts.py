"""What this layer adds to a person's export: policies of their machines, and those that they set."""

from django.db.models import Q

from allocations.overview.hooks import Rows, export_part
from instances.policies.models import Policy
from portal.accounts.models import User


@export_part("policies", "schedules, leases and idle rules of your machines, and those that you set")
def policies(user: User) -> Rows:
    mine = Policy.objects.filter(Q(instance__owner=user) | Q(set_by=user))
    for one in mine.select_related("allocation", "instance").order_by("set_at"):
        yield {
            "allocation": one.allocation.project_name,
            "machine": one.instance.name if one.instance else None,
            "kind": one.kind,
            "on": one.on,
            "rules": one.rules,
            "set": one.set_at,
        }
