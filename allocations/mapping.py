"""What a cloud and an identity provider say about a person → which memberships to add, change and end. Pure.

OpenStack decides who is in: no project at the cloud, no membership. Claims only say what the role is called. What
was decided here only narrows: who was removed here stays out, and a role given here is never more than the cloud allows.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from allocations.roles import WEAKEST, strongest

# A project in a region: within one cloud, what an allocation is.
Key = tuple[str, str]
_SYNONYMS: Mapping[str, str] = {"allocation_manager": "manager", "user": "member"}


@dataclass(frozen=True, slots=True)
class Granted:
    """A project that the cloud lets the person into, with their roles there in the cloud's words."""

    region: str
    project_id: str
    project_name: str
    roles: tuple[str, ...]

    @property
    def key(self) -> Key:
        return self.region, self.project_id


@dataclass(frozen=True, slots=True)
class Claimed:
    """A grant that the identity provider says the person has, and their role in its words."""

    grant: str
    role: str


@dataclass(frozen=True, slots=True)
class Held:
    """A live membership. `source` is keystone, claim or portal."""

    region: str
    project_id: str
    role: str
    source: str

    @property
    def key(self) -> Key:
        return self.region, self.project_id


@dataclass(frozen=True, slots=True)
class Seat:
    """The membership that there ought to be."""

    key: Key
    role: str
    source: str


@dataclass(frozen=True, slots=True)
class Plan:
    """`pending`: grants that are claimed, and that the cloud does not know the person in (yet)."""

    add: tuple[Seat, ...]
    change: tuple[Seat, ...]
    end: tuple[Key, ...]
    pending: tuple[str, ...]


def plan(
    granted: Iterable[Granted],
    claimed: Iterable[Claimed],
    held: Iterable[Held],
    role_names: Mapping[str, str],
    *,
    complete: bool = True,
    out: Collection[str] = (),
    given: Mapping[str, str] | None = None,
) -> Plan:
    """The difference between what is and what ought to be. Applied and asked for again, it is empty.

    `role_names` maps the cloud's roles to ours. Not `complete`: these are only some of the person's projects,
    so nothing ends but what was ended here. `out`: projects from which the person was removed here: until somebody
    adds them again the cloud's word does not bring them back. `given`: the role that they were given here, by project.
    """
    granted, claims, given = list(granted), list(claimed), given or {}
    now = {membership.key: membership for membership in held}
    wanted = {
        project.key: _seat(
            project, claims, now.get(project.key), role_names, given.get(project.project_id, "")
        )
        for project in granted
        if project.project_id not in out
    }
    return Plan(
        add=tuple(seat for key, seat in wanted.items() if key not in now),
        change=tuple(seat for key, seat in wanted.items() if key in now and _differs(seat, now[key])),
        end=tuple(key for key in now if key not in wanted and (complete or key[1] in out)),
        pending=pending(claims, {project.project_name for project in granted}),
    )


def pending(claimed: Iterable[Claimed], known: Iterable[str]) -> tuple[str, ...]:
    """Grants that are claimed and not among the projects known, each once."""
    names = {name.casefold() for name in known}
    return tuple(dict.fromkeys(claim.grant for claim in claimed if claim.grant.casefold() not in names))


def _seat(
    project: Granted, claims: list[Claimed], held: Held | None, role_names: Mapping[str, str], given: str
) -> Seat:
    by_cloud = strongest(role_names.get(role, "") for role in project.roles) or WEAKEST
    if by_cloud == WEAKEST:
        # The cloud lets them look only: whatever they are called, the portal must not promise more.
        return Seat(project.key, WEAKEST, "keystone")
    if given:
        return Seat(project.key, given, "portal")
    if held is not None and held.source == "portal":
        return Seat(project.key, held.role, "portal")
    by_claim = strongest(
        _SYNONYMS.get(claim.role, claim.role)
        for claim in claims
        if claim.grant.casefold() == project.project_name.casefold()
    )
    if by_claim is not None and strongest((by_cloud, by_claim)) == by_claim != by_cloud:
        return Seat(project.key, by_claim, "claim")
    return Seat(project.key, by_cloud, "keystone")


def _differs(seat: Seat, held: Held) -> bool:
    return (seat.role, seat.source) != (held.role, held.source)
