"""What ACCESS knows: people, projects, and who is in which."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date


@dataclass
class AccessPerson:
    """`status`: active, or why not; `why_not` makes somebody not eligible for allocations."""

    username: str
    first_name: str
    last_name: str
    email: str
    organization: str
    status: str = "active"
    why_not: str = ""


@dataclass
class AccessSeat:
    """A person in a project. `sp_state`: active, pending-active, pending-inactive, inactive."""

    username: str
    grant: str
    role: str = "user"
    sp_state: str = "active"


@dataclass
class AccessProject:
    grant: str
    title: str
    abstract: str
    field_of_science: str
    pi: str
    institution: str
    kind: str
    begins: date
    ends: date
    closed: bool = False
    credits: int = 0


@dataclass
class AccessData:
    """`pending_seconds`: how long ACCESS and the provider take, in the cloud's time. `tells_roles`: whether lists of
    members have them."""

    people: dict[str, AccessPerson] = field(default_factory=dict)
    projects: dict[str, AccessProject] = field(default_factory=dict)
    seats: list[AccessSeat] = field(default_factory=list)
    pending_seconds: float = 900.0
    tells_roles: bool = True

    def seat(self, grant: str, username: str) -> AccessSeat | None:
        return next((one for one in self.seats if (one.grant, one.username) == (grant, username)), None)

    def of_grant(self, grant: str) -> list[AccessSeat]:
        return [one for one in self.seats if one.grant == grant]
