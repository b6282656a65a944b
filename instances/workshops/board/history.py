"""What happened at one seat: its machines, one after the other, and the calls of who sits there."""

from dataclasses import dataclass
from datetime import datetime

from instances.workshops.models import HelpRequest, Seat, SeatMachine

_LEFT = {
    "failed": "Its build failed; it was deleted, and another was built.",
    "stuck": "Its build took far too long; it was deleted, and another was built.",
    "swapped": "It was swapped for a spare.",
    "replaced": "It was replaced by hand.",
    "lost": "It was deleted outside the portal.",
    "over": "The workshop was over.",
}
SHOWN = 30


@dataclass(frozen=True, slots=True)
class Line:
    at: datetime
    words: str
    bad: bool = False


def machines(seat: Seat) -> list[Line]:
    """Newest first. One query."""
    found: list[Line] = []
    for one in SeatMachine.objects.filter(seat=seat).select_related("instance").order_by("made_at")[:SHOWN]:
        name = one.instance.name if one.instance else "A machine"
        found.append(Line(one.made_at, f"{name} was asked for."))
        if one.ready_at:
            found.append(Line(one.ready_at, f"{name} was ready."))
        if one.left_at:
            said = _LEFT.get(one.left_because, "It serves this seat no more.")
            found.append(
                Line(one.left_at, f"{name}: {said}", bad=one.left_because in ("failed", "stuck", "lost"))
            )
    return sorted(found, key=lambda line: line.at)[::-1]


def calls(seat: Seat) -> list[HelpRequest]:
    """Of the learner who sits there now, newest first. One query."""
    if seat.learner_id is None:
        return []
    found = HelpRequest.objects.filter(learner=seat.learner_id).select_related("claimed_by", "done_by")
    return list(found.order_by("-asked_at")[:SHOWN])
