"""What pages show beside the list: what is under way, who left, and what the PI has to do elsewhere."""

from collections.abc import Sequence
from dataclasses import dataclass

from allocations.members.models import Departure
from allocations.members.people import siblings
from allocations.models import Allocation
from allocations.sources import requests
from allocations.sources.capabilities import Capabilities, capabilities
from allocations.sources.requests import Asked

_MOST = 20


@dataclass(frozen=True, slots=True)
class Beside:
    """`by_hand`: the text that a PI may send where the source takes nothing from here; empty where it does."""

    can: Capabilities
    requests: Sequence[Asked]
    departures: Sequence[Departure]


def beside(allocation: Allocation) -> Beside:
    """Four queries, for any number."""
    rows = Departure.objects.filter(allocation__in=siblings(allocation)).prefetch_related("items")
    return Beside(capabilities(allocation), requests.recent(allocation)[:_MOST], list(rows[:_MOST]))


def letter(allocation: Allocation, action: str, names: Sequence[str], role: str, signed: str) -> str:
    """A text to send to whoever changes the list of people, where the portal cannot."""
    verb = "add these people to" if action == "add" else "remove these people from"
    as_what = f" as {role}" if action == "add" and role else ""
    people = "\n".join(f"  {name}" for name in names)
    return (
        f"Please {verb} {allocation.project_name}"
        f"{f' ({allocation.title})' if allocation.title else ''}{as_what}:\n\n{people}\n\nThank you,\n{signed}"
    )
