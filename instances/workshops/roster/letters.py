"""What learners are written: invitation, reminder, changes, goodbye. Pure. Plain text, short lines, the times twice."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

Times = tuple[datetime, datetime]
MOST_TIMES = 12


@dataclass(frozen=True, slots=True)
class Facts:
    """`zone`: the workshop's; `reader`: the one in which its reader lives, where that is known."""

    title: str
    host: str
    meetings: Sequence[Times]
    zone: str
    reader: str = ""
    summary: str = ""
    needs: str = ""
    portal: str = ""


@dataclass(frozen=True, slots=True)
class Letter:
    subject: str
    text: str


def invitation(facts: Facts, *, link: str, by: str) -> Letter:
    """`link` empty: the mail has a button that leads there."""
    way = (
        f"Open this link and sign in; it is for you alone:\n{link}"
        if link
        else "Open it in the portal and join."
    )
    return Letter(
        f"{by} invites you to {facts.title}",
        _text(
            f"{by} invites you to {facts.title}.",
            facts.summary,
            f"When:\n{when(facts)}",
            way,
            f"What you need: a browser, and nothing installed. {facts.needs}".strip(),
            "You work on a machine of your own, in the browser, while the workshop is on; it costs you nothing.",
            f"If you do not know {by}, ignore this message.",
        ),
    )


def reminder(facts: Facts, *, hours: int, joined: bool, sign_in_early: bool = True) -> Letter:
    soon = "in an hour" if hours == 1 else "tomorrow"
    what = (
        "Your seat is kept for you. Sign in a few minutes before it begins."
        if joined
        else "You have not joined so far: open the invitation and join, or somebody else may get your seat."
    )
    return Letter(
        f"{facts.title} is {soon}",
        _text(f"{facts.title} meets {soon}.", f"When:\n{when(facts)}", what),
    )


def moved(facts: Facts) -> Letter:
    times = f"It meets now:\n{when(facts)}" if facts.meetings else "No meeting is planned at the moment."
    return Letter(
        f"{facts.title} has other times",
        _text(
            f"{facts.host} has changed the times of {facts.title}.",
            times,
            "The attached file brings your calendar up to date.",
        ),
    )


def cancelled(facts: Facts) -> Letter:
    return Letter(
        f"{facts.title} is cancelled",
        _text(
            f"{facts.host} has cancelled {facts.title}. There are no seats for it any more, and nothing is left to do.",
            "The attached file takes it out of your calendar.",
        ),
    )


def goodbye(facts: Facts, *, work_until: datetime | None) -> Letter:
    kept = (
        f"What you made on your machine is kept until {moment(work_until, facts.reader or facts.zone)}: open the "
        "workshop's page and download it before then. After that it is deleted, and nobody can bring it back."
        if work_until
        else "What you made on your machine can be downloaded from the workshop's page as long as it is there."
    )
    return Letter(
        f"{facts.title} is over: fetch your work",
        _text(f"{facts.title} is over. Thank you for taking part.", kept, f"With thanks from {facts.host}."),
    )


def answered(facts: Facts, *, yes: bool, seat: bool) -> Letter:
    if not yes:
        return Letter(
            f"You were not let into {facts.title}",
            f"Whoever runs {facts.title} did not let you in. If you think that this is a mistake, ask them.",
        )
    got = (
        "You have a seat."
        if seat
        else "All seats are taken: you are on the waiting list, and the next free one is yours."
    )
    return Letter(
        f"You are in {facts.title}", _text(f"You were let into {facts.title}. {got}", f"When:\n{when(facts)}")
    )


def when(facts: Facts) -> str:
    """Each meeting in the workshop's zone, and below it in the reader's, where clocks show something else there."""
    lines: list[str] = []
    for begins, ends in facts.meetings[:MOST_TIMES]:
        lines.append(span(begins, ends, facts.zone))
        if facts.reader and differs(begins, facts.zone, facts.reader):
            lines.append(f"  = {span(begins, ends, facts.reader)}")
    more = len(facts.meetings) - MOST_TIMES
    if more > 0:
        lines.append(f"and {more} more, which stand on the workshop's page")
    return "\n".join(lines) or "The times are not fixed yet."


def differs(at: datetime, zone: str, other: str) -> bool:
    """Whether clocks in the two zones show different times at that moment."""
    return at.astimezone(ZoneInfo(zone)).utcoffset() != at.astimezone(ZoneInfo(other)).utcoffset()


def span(begins: datetime, ends: datetime, zone: str) -> str:
    there, until = begins.astimezone(ZoneInfo(zone)), ends.astimezone(ZoneInfo(zone))
    last = f"{until:%H:%M}" if until.date() == there.date() else f"{until:%a %-d %B, %H:%M}"
    return f"{there:%a %-d %B %Y, %H:%M} to {last} ({place(zone, there)})"


def moment(at: datetime, zone: str) -> str:
    there = at.astimezone(ZoneInfo(zone))
    return f"{there:%a %-d %B %Y, %H:%M} ({place(zone, there)})"


def place(zone: str, at: datetime) -> str:
    """The zone, and what its clocks are called at that time, where that says more."""
    named = f"{at:%Z}"
    return zone.replace("_", " ") + ("" if named == zone else f", {named}")


def due(starts_at: datetime, now: datetime) -> int:
    """Which reminder is due before a meeting: 24 or 1 hours; 0: none. One that is late by much is not sent."""
    left = starts_at - now
    if timedelta(0) < left <= timedelta(hours=1):
        return 1
    return 24 if timedelta(hours=12) < left <= timedelta(hours=24) else 0


def _text(*parts: str) -> str:
    return "\n\n".join(part.strip() for part in parts if part.strip())
