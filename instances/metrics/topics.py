from allocations.access import Person
from allocations.roles import Need
from instances.access import instance_for
from portal.core.sockets import topic


@topic("metrics")
def metrics_group(user: Person, key: str) -> str:
    """Whoever may see the machine may watch it work."""
    return f"metrics.{instance_for(user, key, Need.SEE).pk}"
