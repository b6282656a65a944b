from allocations.access import Person, allocation_for
from allocations.roles import Need
from portal.core.sockets import topic


@topic("allocation")
def allocation_group(user: Person, key: str) -> str:
    """`allocation:<slug>`: what changes in an allocation, for whoever may see it."""
    return f"allocation.{allocation_for(user, key, Need.SEE).pk}"
