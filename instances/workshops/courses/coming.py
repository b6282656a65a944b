"""What happens to a workshop next, and when: its times as a list of sentences. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from instances.workshops.clock.phases import Block, blocks
from instances.workshops.clock.window import Times

_AWAY = {"shelve": "shelved", "stop": "stopped", "keep": "left running"}


@dataclass(frozen=True, slots=True)
class Step:
    at: datetime
    words: str


def coming(
    times: Times,
    now: datetime,
    *,
    build_seconds: float,
    waves: int,
    machines: int,
    remove_after: datetime | None,
    most: int = 6,
) -> list[Step]:
    """The next of them, soonest first."""
    found = [
        *(
            step
            for number, block in enumerate(blocks(times, build_seconds=build_seconds, waves=waves))
            for step in _of_block(times, block, number, machines)
        ),
        *_end(times, remove_after),
    ]
    ahead = sorted((step for step in found if step.at > now), key=lambda step: step.at)
    return ahead[:most]


def _of_block(times: Times, block: Block, number: int, machines: int) -> Iterator[Step]:
    said = f"{machines} machines" if machines != 1 else "The machine"
    verb = "begin to be built" if number == 0 else "are brought back"
    if machines == 1:
        verb = "begins to be built" if number == 0 else "is brought back"
    yield Step(block.on_from, f"{said} {verb}")
    count = len(times.meetings)
    for place in range(block.first, block.last + 1):
        start, end = times.meetings[place]
        name = f"Meeting {place + 1} of {count}" if count > 1 else "The meeting"
        yield Step(start - times.ready, f"All seats should be ready for {name[0].lower()}{name[1:]}")
        yield Step(start, f"{name} begins")
        yield Step(end, f"{name} ends")
    if block.last < count - 1:
        yield Step(block.on_until, f"The machines are {_AWAY[times.between]} until the next meeting")


def _end(times: Times, remove_after: datetime | None) -> Iterator[Step]:
    if times.meetings:
        closes = max(end for _, end in times.meetings) + times.tail
        yield Step(closes, "The seats close; work is collected")
    if remove_after is not None:
        # A moment later, so that it stands after what happens at the same time.
        yield Step(remove_after + timedelta(microseconds=1), "Everything made for it is removed, and counted")
