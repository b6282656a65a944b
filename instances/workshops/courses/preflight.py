"""What will stop a workshop, said before it is planned: facts in, findings with numbers out. Pure.

A finding either blocks (planning is refused) or warns (planning asks whether that is known).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Literal
from zoneinfo import ZoneInfo

from instances.workshops.courses.facts import Facts, Holding, Need, Words, needs_of

Level = Literal["block", "warn"]
_GB = 1024
# SUs that are left after it: less than this share of what it costs is a warning.
_SPARE = Decimal("0.1")


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """`what` with its numbers, `todo` what to do about it. `id` is the same as long as it is about the same thing."""

    id: str
    level: Level
    title: str
    what: str
    todo: str


@dataclass(frozen=True, slots=True)
class Report:
    findings: tuple[Finding, ...]
    needs: tuple[Need, ...]

    @property
    def blocks(self) -> tuple[Finding, ...]:
        return tuple(one for one in self.findings if one.level == "block")

    @property
    def warnings(self) -> tuple[Finding, ...]:
        return tuple(one for one in self.findings if one.level == "warn")


def examine(facts: Facts) -> Report:
    """All that stands in the way, what blocks first."""
    needs = tuple(needs_of(facts))
    found = [
        *_unfinished(facts),
        *_of_times(facts),
        *_of_size(facts),
        *(_of_need(need, facts) for need in needs if need.lacking),
        *_of_gpus(facts),
        *_of_units(facts),
        *(_said(f"budget-{place}", "block", one) for place, one in enumerate(facts.budget)),
        *(_said(f"seat-{place}", "block", one) for place, one in enumerate(facts.problems)),
        *(_said(f"note-{place}", "warn", one) for place, one in enumerate(facts.notes)),
        *_of_the_rest(facts),
    ]
    return Report(tuple(sorted(found, key=lambda one: one.level != "block")), needs)


def _unfinished(facts: Facts) -> Iterator[Finding]:
    if facts.read_at is None:
        yield _finding(
            "unread",
            "block",
            "The cloud has not told yet what it offers",
            "Sizes, images and quotas are read within a minute of the first visit.",
            "Wait a moment; this is looked at again by itself.",
        )
    if facts.size is None:
        yield _finding("size", "block", "No size is chosen", "Seats need a size.", "Choose one.")
    if facts.image is None:
        yield _finding("image", "block", "No image is chosen", "Seats need an image.", "Choose one.")
    if not facts.seats:
        yield _finding(
            "seats", "block", "It has no seats", "Nobody could take part.", "Say how many seats there are."
        )
    if facts.seats > facts.most_seats or facts.spares > facts.most_spares:
        yield _finding(
            "most",
            "block",
            "It is too large",
            f"{facts.seats:,} seats and {facts.spares:,} spares are wanted; a workshop here has "
            f"{facts.most_seats:,} seats and {facts.most_spares:,} spares at most.",
            "Make two workshops of it, or ask the operators for more.",
        )


def _of_times(facts: Facts) -> Iterator[Finding]:
    if not facts.meetings:
        yield _finding("dates", "block", "No date is set", "Nothing would be built.", "Give it a meeting.")
        return
    past = [end for _, end in facts.meetings if end <= facts.now]
    if len(past) == len(facts.meetings):
        yield _finding(
            "past",
            "block",
            "Its meetings are over",
            f"The last one ended {_when(facts.meetings[-1][1], facts)}.",
            "Give it dates that are still to come.",
        )
    elif past and not facts.planned:
        yield _finding(
            "past",
            "warn",
            "Some of its meetings are over",
            f"{len(past)} of {len(facts.meetings)} lie in the past and nothing will be built for them.",
            "Remove them, unless you want to keep them on the list.",
        )
    if facts.overlapping:
        yield _finding(
            "overlap",
            "block",
            "Two meetings are at the same time",
            "The second begins before the first has ended.",
            "Change one of them, or make a second workshop for a second group.",
        )
    yield from _too_soon(facts)


def _too_soon(facts: Facts) -> Iterator[Finding]:
    coming = [start for start, end in facts.meetings if end > facts.now]
    if not coming or facts.planned or not facts.more:
        return
    ready_at = facts.now + facts.lead
    if ready_at > coming[0]:
        yield _finding(
            "soon",
            "warn",
            "Not all seats will be ready at the start",
            f"Building {facts.more:,} machines usually takes {_minutes(facts.lead)}, so the last is ready about "
            f"{_when(ready_at, facts)}; the first meeting begins {_when(coming[0], facts)}.",
            "Start later, or begin with fewer seats: seats are given out in the order in which they get ready.",
        )


def _of_size(facts: Facts) -> Iterator[Finding]:
    size, image = facts.size, facts.image
    if size is not None and size.gone:
        yield _finding(
            "size-gone",
            "block",
            "The size is not offered any more",
            f"The cloud launches nothing as {size.name or 'the chosen size'} now.",
            "Choose another size.",
        )
    if image is not None and image.gone:
        yield _finding(
            "image-gone",
            "block",
            "The image is not there any more",
            f"“{image.name or 'The chosen image'}” cannot be launched from.",
            "Choose another image.",
        )
    if size is None or image is None or size.gone or image.gone:
        return
    if not size.fits_image:
        yield _finding(
            "pair",
            "block",
            "This image does not run on this size",
            f"The operators of this cloud let “{image.name}” run on other sizes than {size.name}.",
            "Choose another size or another image.",
        )
    disk = size.disk_gb if facts.boot_volume_gb is None else facts.boot_volume_gb
    # A flavor with a disk of 0 takes the size of the image.
    if disk < image.disk_gb and not (disk == 0 and facts.boot_volume_gb is None):
        yield _finding(
            "disk",
            "block",
            "The image does not fit on the disk",
            f"“{image.name}” needs {image.disk_gb:,} GB, and the disk of {size.name} has {disk:,} GB.",
            "Choose a larger size, or give each seat a boot volume that is large enough.",
        )
    if size.ram_mb < image.ram_mb:
        yield _finding(
            "ram",
            "block",
            "The image needs more memory",
            f"“{image.name}” needs {_gb(image.ram_mb)} of RAM, and {size.name} has {_gb(size.ram_mb)}.",
            "Choose a larger size.",
        )


def _of_need(need: Need, facts: Facts) -> Finding:
    unit = _gb if need.resource == "ram_mb" else _plain
    together = f", other workshops at that time need {unit(need.others)}" if need.others else ""
    limit = 0 if need.limit is None else need.limit
    fits = _fitting(need, facts)
    fewer = f" As it stands there is room for {fits:,} machines." if fits is not None else ""
    alone = f"a quota of {unit(limit)} {need.label}: {unit(need.used)} in use"
    return _finding(
        need.resource,
        "block",
        f"Not enough {need.label}",
        f"It needs {unit(need.asked)} {need.label} of {alone}{together}. {unit(need.lacking)} too few.{fewer}",
        "Ask for more quota with the text below, choose a smaller size or fewer seats, or free what is in use.",
    )


def _fitting(need: Need, facts: Facts) -> int | None:
    """How many machines there is room for; None where it is not the machines that count."""
    if need.resource not in ("instances", "cores", "ram_mb", "volume_gb") or not facts.more:
        return None
    each = need.asked // facts.more
    free = (need.limit or 0) - need.used - need.others
    return facts.there + max(0, free) // each if each else None


def _of_gpus(facts: Facts) -> Iterator[Finding]:
    size = facts.size
    if size is None or not size.gpus:
        return
    known = [facts.gpus[name] for name in sorted(size.gpu_classes) if name in facts.gpus]
    if not known:
        yield _finding(
            "gpus",
            "warn",
            "Nobody knows how many GPUs will be free",
            f"This cloud does not tell. {facts.more:,} machines of {size.name} need {facts.more * size.gpus:,} GPUs "
            "or shares of one.",
            "Seats that find none are tried again and again. For a large class, ask the operators to reserve them.",
        )
        return
    free = sum(max(0, one.get("total", 0) - one.get("used", 0)) for one in known)
    if free < facts.more * size.gpus:
        yield _finding(
            "gpus",
            "warn",
            "Fewer GPUs are free now than it needs",
            f"{free:,} are free in the whole cloud at the moment; {facts.more:,} machines of {size.name} need "
            f"{facts.more * size.gpus:,}.",
            "It may be different on the day. Seats that find none are tried again and again; for a large class, "
            "ask the operators to reserve them.",
        )


def _of_units(facts: Facts) -> Iterator[Finding]:
    cost, holding = facts.cost, facts.holding
    if not facts.priced:
        yield _finding(
            "rate",
            "warn",
            "Its cost is not known",
            "The operators gave no rate for this size on some of these days.",
            "Ask them before you plan it; what it spends is still counted by the provider.",
        )
    if holding is not None and holding.absent:
        yield _finding(
            "resource",
            "block",
            "The allocation has no service units for this size",
            f"Machines of {facts.size.name if facts.size else 'this size'} spend “{holding.resource}” units, "
            "and this allocation was given none.",
            "Choose a size of another kind, or exchange credits for units of this kind.",
        )
        return
    if holding is not None and facts.gone_at is not None and holding.ends_on is not None:
        yield from _of_end(facts, holding.ends_on)
    if cost is None:
        return
    if facts.cap is not None and cost > facts.cap:
        yield _finding(
            "cap",
            "warn",
            "It costs more than its cap",
            f"As planned it costs {_su(cost)} SU, and its cap is {_su(facts.cap)} SU: the cap will be reached.",
            "Raise the cap, or plan fewer seats or hours. A running meeting is never cut without your word.",
        )
    if holding is not None and holding.remaining is not None:
        yield from _of_remaining(cost, holding, holding.remaining)


def _of_end(facts: Facts, ends_on: date) -> Iterator[Finding]:
    late = [end for _, end in facts.meetings if _day(end, facts) > ends_on]
    if late:
        yield _finding(
            "end",
            "block",
            "The allocation ends before the workshop",
            f"Its service units hold until {ends_on:%Y-%m-%d}, and {len(late)} of {len(facts.meetings)} meetings are "
            "later. The cloud lets nobody in after that.",
            "Extend or renew the allocation first, or choose earlier dates.",
        )
    elif facts.gone_at is not None and _day(facts.gone_at, facts) > ends_on:
        yield _finding(
            "end",
            "warn",
            "The allocation ends soon after the last meeting",
            f"Its service units hold until {ends_on:%Y-%m-%d}; machines would be kept until {facts.gone_at:%Y-%m-%d}.",
            "Have work collected before that day, or keep the machines for fewer days.",
        )


def _of_remaining(cost: Decimal, holding: Holding, remaining: Decimal) -> Iterator[Finding]:
    free = remaining - holding.promised
    promised = f", of which other workshops need {_su(holding.promised)} SU" if holding.promised else ""
    if cost > free:
        yield _finding(
            "units",
            "block",
            "Not enough service units",
            f"It costs {_su(cost)} SU, and {_su(max(remaining, Decimal(0)))} SU of the kind “{holding.resource}” "
            f"are left{promised}. {_su(cost - free)} SU are lacking.",
            "Plan fewer seats, hours or a smaller size, put machines away that are not used, or ask for more units.",
        )
    elif free - cost < cost * _SPARE:
        yield _finding(
            "units",
            "warn",
            "Hardly any service units will be left",
            f"It costs {_su(cost)} SU of {_su(remaining)} SU{promised}: {_su(free - cost)} SU remain, if nothing else runs.",
            "Leave a tenth for machines that have to be replaced and for meetings that last longer.",
        )


def _of_the_rest(facts: Facts) -> Iterator[Finding]:
    if not facts.connected:
        yield _finding(
            "credential",
            "block",
            "The portal cannot act for you at this cloud",
            "Machines are built with your access to the project, and the portal has none at the moment.",
            "Connect the cloud in your profile.",
        )
    if facts.seats and not facts.spares:
        yield _finding(
            "spares",
            "warn",
            "There is no spare",
            "A machine that fails in class is rebuilt, and its learner waits for that.",
            "Plan one spare for every twenty seats, at least one.",
        )
    for place, one in enumerate(facts.maintenance):
        yield _finding(
            f"maintenance-{place}",
            "warn",
            "Maintenance is announced",
            f"{_when(one.starts_at, facts)} to {_when(one.ends_at, facts)}: {one.text}",
            "Ask the operators whether machines go on meanwhile, or move the meeting.",
        )


def _said(id: str, level: Level, words: Words) -> Finding:
    return _finding(id, level, words.title, words.what, words.todo)


def _finding(id: str, level: Level, title: str, what: str, todo: str) -> Finding:
    return Finding(id=id, level=level, title=title, what=what, todo=todo)


def _when(at: datetime, facts: Facts) -> str:
    return f"{at.astimezone(ZoneInfo(facts.zone)):%a %Y-%m-%d %H:%M}"


def _day(at: datetime, facts: Facts) -> date:
    return at.astimezone(ZoneInfo(facts.zone)).date()


def _minutes(span: timedelta) -> str:
    minutes = max(1, round(span.total_seconds() / 60))
    return f"{minutes} min" if minutes < 90 else f"{minutes / 60:.1f} h"


def _gb(megabytes: int) -> str:
    return f"{-(-megabytes // _GB):,} GB"


def _plain(number: int) -> str:
    return f"{number:,}"


def _su(amount: Decimal) -> str:
    return f"{amount:,.0f}" if abs(amount) >= 10 else f"{amount:,.1f}"
