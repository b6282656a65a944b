from allocations.access import Person
from allocations.roles import Need
from instances.access import instance_for
from portal.core.sockets import topic


@topic("instance")
def instance_group(user: Person, key: str) -> str:
    """`instance:<uuid>`: what changes on one machine, for whoever may see it."""
    return f"instance.{instance_for(user, key, Need.SEE).pk}"
