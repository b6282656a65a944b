"""What the home page knows about a person: their allocations, and why there may be none."""

from collections.abc import Sequence
from dataclasses import dataclass

from allocations.access import allocations_of
from allocations.cards import Card, cards
from allocations.mapping import Claimed, pending
from portal.accounts.connecting import claims_of
from portal.accounts.models import User
from portal.accounts.pages import Connection, connections


@dataclass(frozen=True, slots=True)
class Home:
    """`pending`: grants that the identity provider speaks of and no cloud knows the person in yet."""

    cards: Sequence[Card]
    connections: Sequence[Connection]
    pending: Sequence[str]

    @property
    def connecting(self) -> bool:
        return any(connection.state == "connecting" for connection in self.connections)

    @property
    def troubled(self) -> Sequence[Connection]:
        """Clouds of which the person should know that something is not well, or on its way."""
        quiet = {"connected", "not_connected"}
        return [c for c in self.connections if c.state not in quiet or (c.link and c.link.error_id)]

    @property
    def unanswered(self) -> Sequence[Connection]:
        """Clouds that did not say whether the person has projects there."""
        return [c for c in self.connections if c.state == "failed"]

    @property
    def answered(self) -> Sequence[Connection]:
        """Clouds that said that there is no project."""
        return [c for c in self.connections if c.state in {"connected", "ended"}]

    @property
    def topics(self) -> str:
        return " ".join(f"allocation:{card.allocation.slug}" for card in self.cards)


def home_of(user: User) -> Home:
    """Five queries and those of the burn sources, for one allocation and for thirty."""
    allocations = list(allocations_of(user))
    claimed = [Claimed(claim.grant, claim.role) for claim in claims_of(user)]
    return Home(
        cards=cards(allocations),
        connections=connections(user),
        pending=pending(claimed, {allocation.project_name for allocation in allocations}),
    )
