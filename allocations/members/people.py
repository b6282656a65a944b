"""The people of one allocation as this part sees them: the sources' roster, with what was decided here."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256

from allocations.access import allocation_by_id
from allocations.members.models import Decision
from allocations.members.rules import Actor
from allocations.models import Allocation
from allocations.roles import Need
from allocations.sources import people as sources
from allocations.sources.names import key as name_key
from allocations.sources.people import Person
from portal.accounts.models import User
from portal.core.errors import PortalError


@dataclass(frozen=True, slots=True)
class Crew:
    """Everybody of an allocation: `inside` are those who are in, or on their way; `out` those removed here."""

    allocation: Allocation
    inside: Sequence[Person]
    out: Sequence[Person]
    decisions: Mapping[str, Decision]

    def find(self, key: str) -> Person:
        """The person behind the key in a page's address, also one who was removed here."""
        found = next((one for one in (*self.inside, *self.out) if key_of(one.username) == key), None)
        if found is None:
            raise PortalError("members:unknown")
        return found

    def named(self, username: str) -> Person | None:
        wanted = name_key(username)
        return next((one for one in self.inside if name_key(one.username) == wanted), None)

    def of_user(self, user: User) -> Person | None:
        return next((one for one in self.inside if one.user is not None and one.user.pk == user.pk), None)

    def actor(self, user: User) -> Actor:
        """What the viewer may decide: their role as the door told it, and how many PIs there are."""
        pis = sum(1 for one in self.inside if one.role == "pi" and one.state == "active")
        return Actor(self.allocation.viewer_role, pis)

    def role_of(self, person: Person) -> str:
        """The role that counts here: one decided here counts before they have come."""
        decided = self.decisions.get(name_key(person.username))
        return decided.role if decided and decided.role and person.role != "reader" else person.role


def crew(allocation: Allocation) -> Crew:
    """In five queries, for any number of people."""
    decisions = decisions_of(allocation)
    inside: list[Person] = []
    out: list[Person] = []
    for person in sources.roster(allocation):
        found = decisions.get(name_key(person.username))
        (out if found is not None and found.out else inside).append(person)
    return Crew(allocation, inside, out, decisions)


def decisions_of(allocation: Allocation) -> dict[str, Decision]:
    rows = Decision.objects.filter(cloud=allocation.cloud, project_id=allocation.project_id)
    return {row.username: row for row in rows}


def siblings(allocation: Allocation) -> list[Allocation]:
    """The project's allocations in all regions: who is in, and as what, is the project's."""
    found = Allocation.objects.filter(cloud=allocation.cloud, project_id=allocation.project_id)
    return list(found.order_by("pk"))


def held_for(by: User, allocation: Allocation) -> tuple[Allocation, list[Allocation]]:
    """The allocation as it comes through the door now, and the project's in all regions, held until the transaction
    ends: of two who decide at once the second sees what the first decided, also about themselves."""
    found = Allocation.objects.filter(cloud=allocation.cloud, project_id=allocation.project_id)
    regions = list(found.select_for_update().order_by("pk"))
    return allocation_by_id(by, allocation.pk, Need.MANAGE), regions


def key_of(username: str) -> str:
    """What stands for a person in addresses: names are other people's words."""
    return sha256(name_key(username).encode()).hexdigest()[:20]


def usernames(people: Iterable[Person]) -> list[str]:
    return [person.username for person in people]
