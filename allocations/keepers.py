"""Who manages an allocation: for those who tell them."""

from allocations.models import Allocation, Membership
from allocations.roles import Need, having
from portal.accounts.models import User

MANAGING = having(Need.MANAGE)


def managers(allocation: Allocation | int) -> list[User]:
    """Those who manage it now, with an account that is open. One query."""
    live = Membership.objects.filter(allocation=allocation, ended_at=None, role__in=MANAGING)
    return list(User.objects.filter(pk__in=live.values("user"), is_active=True))
