"""What people are told of an end, in words. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from allocations.overview.countdown import Deed, Ending
from allocations.overview.outlook import day

Machines = tuple[str, ...]
_NAMED = 8


@dataclass(frozen=True, slots=True)
class Reminder:
    title: str
    text: str
    level: Literal["info", "warning", "danger"]


def reminder(
    ending: Ending,
    *,
    name: str,
    title: str,
    resources: Sequence[str],
    deeds: Sequence[Deed],
    machines: Machines,
) -> Reminder:
    """`machines`: those of the person who is told, which the end takes."""
    called = f"{name} (“{title}”)" if title else name
    rows = [
        f"The service units of {called} for {', '.join(resources)} {_when(ending)}.",
        *_following(deeds),
        *_theirs(machines),
        "What you want to keep has to be saved before: the page behind this says how.",
    ]
    level: Literal["info", "warning", "danger"] = "info"
    if ending.tone:
        level = "danger" if ending.tone == "bad" else "warning"
    return Reminder(f"{name} {_headline(ending)}", "\n".join(rows), level)


def _when(ending: Ending) -> str:
    if ending.days < 1:
        return f"ended on {day(ending.ends_on)}"
    left = "today is the last day" if ending.days == 1 else f"{ending.days} days are left"
    return f"end on {day(ending.ends_on)}: {left}"


def _headline(ending: Ending) -> str:
    if ending.days < 1:
        return f"ended on {day(ending.ends_on)}"
    return "ends today" if ending.days == 1 else f"ends in {ending.days} days"


def _following(deeds: Sequence[Deed]) -> list[str]:
    if not deeds:
        return []
    rows = [f"- {day(deed.on)}: {deed.step.means or deed.step.what}" for deed in deeds]
    return ["What the operator does then:", *rows]


def _theirs(machines: Machines) -> list[str]:
    if not machines:
        return []
    more = len(machines) - _NAMED
    rest = f" and {more} more" if more > 0 else ""
    return [f"Yours there: {', '.join(machines[:_NAMED])}{rest}."]
