from allocations.access import Person, allocation_for
from allocations.roles import Need
from instances.access import instance_for
from instances.remote import problems_sharing  # noqa: F401  (so that they are in the catalogue)
from instances.remote.doors import attended_session
from portal.core.sockets import topic


@topic("remote")
def session_group(user: Person, key: str) -> str:
    """`remote:<session>`: who is on one session, whether it is recorded, that it ended."""
    return f"remote.{attended_session(user, key).pk}"


@topic("remote-of")
def sessions_of_instance(user: Person, key: str) -> str:
    """`remote-of:<uuid>`: that somebody came to a machine, or left it."""
    return f"remote-of.{instance_for(user, key, Need.SEE).pk}"


@topic("remote-of-all")
def sessions_of_allocation(user: Person, key: str) -> str:
    """`remote-of-all:<slug>`: the same for all machines of an allocation, for who helps others there."""
    return f"remote-of-all.{allocation_for(user, key, Need.ACT_ON_OTHERS).pk}"
