"""What listens on a machine now: asked of the machine itself, when somebody wants to know."""

from asgiref.sync import async_to_sync

from instances import trail
from instances.models import Instance
from instances.remote import limits
from instances.remote.links import links
from instances.remote.ports.listening import COMMAND, MOST_BYTES, among, listening
from instances.remote.ways import Way, way_to
from portal.accounts.models import User
from portal.core.limits import check

SECONDS = 8.0
_MOST_A_MINUTE = 12


def look(*, by: User, instance: Instance) -> list[int]:
    """Ports that may be opened and answer on loopback. Connects to the machine: PortalError `remote:…` if that fails.

    For a machine that came through `connectable`. The look is in the audit log, as every connection is.
    """
    check(f"remote-look:{by.pk}", most=_MOST_A_MINUTE, seconds=60)
    way = way_to(instance, login=instance.place.login if instance.place else "")
    trail.record(
        "remote.looked",
        instance,
        by=by,
        login=way.login,
    )
    rules = limits.remote()
    return among(async_to_sync(_ask)(way, by), rules.ports_from, rules.ports_also)


async def _ask(way: Way, by: User) -> list[int]:
    async with links().borrow(way, user_id=by.pk, person=str(by)) as link:
        ran = await link.run(COMMAND, seconds=SECONDS, most=MOST_BYTES)
    return listening(ran.out)
