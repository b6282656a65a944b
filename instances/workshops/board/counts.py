"""How a workshop stands, counted honestly and said in words. Pure."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from instances.workshops.board.tiles import GONE, STATES, Facts, State, tile_state

_STAGES = {"empty": "waiting", "building": "building", "returning": "coming back", "mending": "being mended"}


@dataclass(frozen=True, slots=True)
class Counts:
    """Of seats without the spares; `replaced` machines were given up, and others took their place."""

    seats: int = 0
    ready: int = 0
    joined: int = 0
    help: int = 0
    broken: int = 0
    away: int = 0
    spares: int = 0
    spares_ready: int = 0
    replaced: int = 0
    # What the others are at: ("building", 2), in a fixed order.
    under_way: tuple[tuple[str, int], ...] = ()
    # Tiles by what they say, spares too: for the filter.
    by_state: dict[State, int] = field(default_factory=dict)

    @property
    def words(self) -> str:
        return "; ".join(part for part in (self._machines(), self._people()) if part)

    def _machines(self) -> str:
        if not self.seats:
            return "No seats yet"
        said = [f"{self.ready} of {self.seats} ready"]
        said += [f"{count} {words}" for words, count in self.under_way]
        said += [f"{self.broken} broken"] if self.broken else []
        said += [f"{self.away} put away"] if self.away else []
        said += [f"{self.replaced} replaced"] if self.replaced else []
        return ", ".join(said)

    def _people(self) -> str:
        if not self.seats:
            return ""
        said = [f"{self.joined} joined"]
        if self.help:
            said.append(f"{self.help} {'needs' if self.help == 1 else 'need'} help")
        if self.spares:
            said.append(f"{self.spares_ready} of {self.spares} spare{'' if self.spares == 1 else 's'} ready")
        return ", ".join(said)


def count(all_facts: Iterable[Facts], now: datetime, *, replaced: int = 0) -> Counts:
    held = [facts for facts in all_facts if facts.stage != "gone" and not facts.test]
    seats = [facts for facts in held if not facts.spare]
    spares = [facts for facts in held if facts.spare]
    stages = Counter(facts.stage for facts in seats)
    states = Counter(tile_state(facts, now) for facts in held)
    return Counts(
        seats=len(seats),
        ready=stages["ready"],
        joined=sum(facts.learner == "in" for facts in seats),
        help=sum(facts.call is not None for facts in seats),
        broken=stages["broken"],
        away=stages["away"] + sum(stages[stage] for stage in GONE),
        spares=len(spares),
        spares_ready=sum(facts.stage == "ready" for facts in spares),
        replaced=replaced,
        under_way=tuple((words, stages[stage]) for stage, words in _STAGES.items() if stages[stage]),
        by_state={state: states[state] for state in STATES if states[state]},
    )
