"""What the page for one's own ssh shows of a machine, in a fixed number of queries."""

from dataclasses import dataclass, field
from typing import Any

from allocations.roles import Need
from instances.access import may, may_connect
from instances.exosphere import login_user
from instances.models import Instance, Teammate
from instances.remote import certificates, host_keys, teammates, trust, ways
from instances.remote.host_keys import Known
from instances.remote.models import Certificate, MachineTrust, PlacedKey
from instances.remote.native_command import Target, commands
from portal.accounts.models import User
from portal.core.errors import PortalError, Problem


@dataclass(frozen=True, slots=True, kw_only=True)
class Native:
    """`problem`: why there is no command now. `command` is two lines, of texts that were checked."""

    command: str = ""
    through: str = ""
    problem: Problem | None = None
    problem_id: str = ""
    trust: MachineTrust | None = None
    login: str = ""
    known: list[Known] = field(default_factory=list)
    certificates: list[Certificate] = field(default_factory=list)
    own_hours: float = 0
    teammates: list[Teammate] = field(default_factory=list)
    candidates: list[User] = field(default_factory=list)
    placed: list[PlacedKey] = field(default_factory=list)
    may_connect: bool = False
    may_manage: bool = False


def of(user: User, instance: Instance) -> Native:
    """For a machine that came through its door."""
    found, may_manage = trust.of(instance), may(user, instance, Need.ACT)
    return Native(
        **_way(instance),
        trust=found,
        login=found.login if found else login_user(instance.metadata, instance.image_name),
        known=host_keys.shown(instance),
        certificates=list(certificates.out(instance)),
        own_hours=certificates.hours(),
        teammates=list(teammates.of(instance)),
        candidates=list(teammates.candidates(instance)) if may_manage else [],
        placed=list(PlacedKey.objects.filter(instance=instance, removed_at=None).select_related("person")),
        may_connect=may_connect(user, instance),
        may_manage=may_manage,
    )


def _way(instance: Instance) -> dict[str, Any]:
    try:
        way = ways.way_to(instance)
    except PortalError as error:
        return {"problem": error.problem, "problem_id": error.id}
    hops = [Target(hop.instance_id, hop.address, hop.port, hop.login, hop.host_keys) for hop in way.hops]
    try:
        lines = commands(hops)
    except ValueError:
        return {}
    return {"command": "\n".join(lines), "through": way.hops[0].address if len(way.hops) > 1 else ""}
