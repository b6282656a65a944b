"""What pages show beside the list: what is under way, who left, and what the PI has to do elsewhere."""

from collections.abc import Sequence
from dataclasses import dataclass

from allocations.members import rules
from allocations.members.models import Departure
from allocations.members.people import siblings
from allocations.models import Allocation
from allocations.sources import requests
from allocations.sources.capabilities import Capabilities, capabilities
from allocations.sources.requests import Asked

_MOST = 20
_TONES = {"done": "ok", "refused": "bad"}


@dataclass(frozen=True, slots=True)
class Line:
    """A request with a tag, and words that do not say the tag again."""

    asked: Asked
    role: str
    tone: str
    label: str
    words: str


@dataclass(frozen=True, slots=True)
class Beside:
    can: Capabilities
    requests: Sequence[Line]
    departures: Sequence[Departure]


def beside(allocation: Allocation) -> Beside:
    """Four queries, for any number."""
    rows = Departure.objects.filter(allocation__in=siblings(allocation)).prefetch_related("items")
    lines = [_line(one) for one in requests.recent(allocation)[:_MOST]]
    return Beside(capabilities(allocation), lines, list(rows[:_MOST]))


def _line(asked: Asked) -> Line:
    taken_back = asked.request.problem_id == "sources:superseded"
    label = "taken back" if taken_back else asked.state
    tone = "off" if taken_back else _TONES.get(asked.state, "busy")
    words = asked.words.removeprefix(asked.state).lstrip(": ").removeprefix("Taken back. ")
    return Line(asked, rules.LABELS.get(asked.role, ""), tone, label, words)


def letter(allocation: Allocation, action: str, names: Sequence[str], role: str, signed: str) -> str:
    """A text to send to whoever changes the list of people, where the portal cannot."""
    verb = "add these people to" if action == "add" else "remove these people from"
    as_what = f" as {role}" if action == "add" and role else ""
    people = "\n".join(f"  {name}" for name in names)
    return (
        f"Please {verb} {allocation.project_name}"
        f"{f' ({allocation.title})' if allocation.title else ''}{as_what}:\n\n{people}\n\nThank you,\n{signed}"
    )
