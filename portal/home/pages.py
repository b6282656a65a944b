"""What the home page knows about a person: their allocations by cloud and region, and why there may be none."""

from collections.abc import Sequence
from dataclasses import dataclass

from allocations.access import allocations_of
from allocations.cards import Card, cards
from allocations.mapping import Claimed, pending
from allocations.models import Allocation
from portal.accounts.connecting import claims_of
from portal.accounts.models import User
from portal.accounts.pages import Connection, connections
from portal.home.places import Place, places
from portal.home.template_context import SEARCHED_FROM


@dataclass(frozen=True, slots=True)
class Section:
    """A region of a cloud, and the cards of the allocations there."""

    place: Place
    cards: Sequence[Card]


@dataclass(frozen=True, slots=True)
class Home:
    """`pending`: grants that the identity provider speaks of and no cloud knows the person in yet.

    `query`: only allocations that fit it are in the sections; `total` counts all.
    """

    sections: Sequence[Section]
    connections: Sequence[Connection]
    pending: Sequence[str]
    topics: str
    total: int
    query: str

    @property
    def cards(self) -> Sequence[Card]:
        return [card for section in self.sections for card in section.cards]

    @property
    def searched(self) -> bool:
        return self.total >= SEARCHED_FROM or bool(self.query)

    @property
    def connecting(self) -> bool:
        return any(connection.state == "connecting" for connection in self.connections)

    @property
    def troubled(self) -> Sequence[Connection]:
        """Clouds of which the person should know that something is not well, or on its way."""
        quiet = {"connected", "not_connected"}
        return [c for c in self.connections if c.state not in quiet or (c.link and c.link.error_id)]

    @property
    def silent(self) -> Sequence[Place]:
        return [section.place for section in self.sections if section.place.state == "silent"]

    @property
    def unanswered(self) -> Sequence[Connection]:
        """Clouds that did not say whether the person has projects there."""
        return [c for c in self.connections if c.state == "failed"]

    @property
    def answered(self) -> Sequence[Connection]:
        """Clouds that said that there is no project."""
        return [c for c in self.connections if c.state in {"connected", "ended"}]


def home_of(user: User, query: str = "") -> Home:
    """Seven queries and those of the burn sources, for one allocation and for a hundred."""
    mine, known = list(allocations_of(user)), connections(user)
    shown = [allocation for allocation in mine if fits(allocation, query)]
    card_of = {card.allocation.pk: card for card in cards(shown)}
    claimed = [Claimed(claim.grant, claim.role) for claim in claims_of(user)]
    found = places(shown, known)
    return Home(
        sections=[
            Section(place, [card_of[entry.allocation.pk] for entry in place.entries])
            for place in found
            if place.entries or not query
        ],
        connections=known,
        pending=pending(claimed, {allocation.project_name for allocation in mine}),
        topics=" ".join(f"allocation:{allocation.slug}" for allocation in mine),
        total=len(mine),
        query=query,
    )


def fits(allocation: Allocation, query: str) -> bool:
    """Every word of the query is somewhere in what the allocation is called, or where it is."""
    place = f"{allocation.cloud} {allocation.region}"
    told = f"{allocation.project_name} {allocation.title} {allocation.pi_name} {place}".casefold()
    return all(word in told for word in query.casefold().split())
