"""What could be had for less: machines larger than their work, forgotten or resting at full price, things nobody uses. Pure.

Every piece of advice says what it stands on. Where too little was measured, none is given.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Literal

Kind = Literal["oversized", "forgotten", "resting", "address", "volume"]
WEEK = Decimal(168)
# What is looked at, and how much of it must have been measured: half a week, so that a working day and a night are in it.
WINDOW = timedelta(days=14)
LEAST_HOURS = 84.0
# Room above the busiest quarter hour, so that the smaller size is no tight fit.
CPU_ROOM, RAM_ROOM = 1.3, 1.2
QUIET_CPU, QUIET_GPU = 5.0, 5.0
UNTOUCHED = timedelta(days=14)
# Of what is not measured, only that nobody came near it is known.
UNTOUCHED_UNMEASURED = timedelta(days=45)
RESTED = timedelta(days=3)
UNUSED_ADDRESS, UNUSED_VOLUME = timedelta(days=1), timedelta(days=14)


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """`su_per_hour` None: without a rate, so it is never advised. `group`: the operator's group of sizes."""

    id: str
    name: str
    vcpus: int
    ram_mb: int
    disk_gb: int
    gpus: int
    group: str
    su_per_hour: Decimal | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """The last two weeks: hours with samples, the busiest quarter hour's mean CPU, the most memory, in percent.

    `gpu_busiest` None: no GPU was measured.
    """

    hours: float
    cpu_busiest: float | None
    ram_most: float | None
    gpu_busiest: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """`su_shelved`: what it would cost shelved. `last_used`: a session, an action or its start, whichever came last.

    `may`: the actions that its state, size and lock allow.
    """

    id: str
    name: str
    active: bool
    resting: str
    size: Size
    volume_backed: bool
    su_per_hour: Decimal
    su_shelved: Decimal
    state_since: datetime
    last_used: datetime
    may: frozenset[str]
    measured: Measured | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Unused:
    """A public address or a volume that no machine has, as long as the portal has seen it so."""

    kind: Literal["address", "volume"]
    id: str
    name: str
    size_gb: int = 0
    since: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Advice:
    """`key` names it for as long as it says the same. `su_per_week` None: it frees quota, not service units.

    `action`: what the one click leads to, of `instances.actions` or "release" and "delete_volume"; empty: only to look.
    """

    key: str
    kind: Kind
    subject_id: str
    subject: str
    what: str
    why: str
    action: str
    su_per_week: Decimal | None = None
    frees: str = ""
    size: Size | None = None


def of_machines(machines: Iterable[Machine], sizes: Sequence[Size], now: datetime) -> list[Advice]:
    """At most one for each, the one that saves most first."""
    found = [advice for machine in machines if (advice := of_machine(machine, sizes, now)) is not None]
    return sorted(found, key=lambda one: (-(one.su_per_week or 0), one.subject.casefold(), one.key))


def of_machine(machine: Machine, sizes: Sequence[Size], now: datetime) -> Advice | None:
    return _resting(machine, now) or _forgotten(machine, now) or _oversized(machine, sizes)


def of_unused(things: Iterable[Unused], now: datetime) -> list[Advice]:
    found = [advice for thing in things if (advice := _unused(thing, now)) is not None]
    return sorted(found, key=lambda one: (one.kind, one.subject.casefold(), one.key))


def _resting(machine: Machine, now: datetime) -> Advice | None:
    """Stopped, suspended or paused, and charged for its place on the host all the same."""
    saved = machine.su_per_hour - machine.su_shelved
    days = (now - machine.state_since).days
    if not machine.resting or saved <= 0 or now - machine.state_since < RESTED or "shelve" not in machine.may:
        return None
    share = round(100 * machine.su_per_hour / machine.size.su_per_hour) if machine.size.su_per_hour else 0
    charged = f" at {share} % of its price" if 0 < share < 100 else ""
    return _spare(
        machine,
        "resting",
        what="Shelve it",
        why=f"It has been {machine.resting} for {days} days and is charged{charged} all the time. "
        "Shelved it costs less and keeps its disk and volumes; unshelving takes a few minutes.",
    )


def _spare(machine: Machine, kind: Kind, *, what: str, why: str, action: str = "shelve") -> Advice:
    """Advice that saves what the machine costs above being shelved."""
    return Advice(
        key=f"{kind}:{machine.id}",
        kind=kind,
        subject_id=machine.id,
        subject=machine.name,
        what=what,
        why=why,
        action=action,
        su_per_week=(machine.su_per_hour - machine.su_shelved) * WEEK,
    )


def _forgotten(machine: Machine, now: datetime) -> Advice | None:
    untouched = now - machine.last_used
    saved = machine.su_per_hour - machine.su_shelved
    if not machine.active or untouched < UNTOUCHED or saved <= 0:
        return None
    measured = machine.measured
    if measured is None or measured.hours < LEAST_HOURS or measured.cpu_busiest is None:
        return _nobody_knows(machine, untouched)
    if not _quiet(machine, measured) or "shelve" not in machine.may:
        return None
    return _spare(
        machine,
        "forgotten",
        what="Shelve it",
        why=f"Nobody has opened or changed it for {untouched.days} days, and in the last {WINDOW.days} its busiest "
        f"quarter hour used {measured.cpu_busiest:.0f} % of its processors.",
    )


def _nobody_knows(machine: Machine, untouched: timedelta) -> Advice | None:
    """It may be hard at work: somebody has to look."""
    if untouched < UNTOUCHED_UNMEASURED:
        return None
    return _spare(
        machine,
        "forgotten",
        what="Look whether it is still needed",
        why=f"Nobody has opened or changed it through the portal for {untouched.days} days. What it does is not "
        "measured, so it may well be at work.",
        action="",
    )


def _quiet(machine: Machine, measured: Measured) -> bool:
    """Never by one signal alone where there is another: a job on a GPU may leave the processors idle."""
    cpu = measured.cpu_busiest is not None and measured.cpu_busiest < QUIET_CPU
    if not machine.size.gpus:
        return cpu
    return cpu and measured.gpu_busiest is not None and measured.gpu_busiest < QUIET_GPU


def _oversized(machine: Machine, sizes: Sequence[Size]) -> Advice | None:
    measured, now = machine.measured, machine.size
    if not machine.active or now.gpus or "resize" not in machine.may or measured is None:
        return None
    if measured.hours < LEAST_HOURS or measured.cpu_busiest is None or measured.ram_most is None:
        return None
    cpus = measured.cpu_busiest / 100 * now.vcpus
    ram_mb = measured.ram_most / 100 * now.ram_mb
    fitting = [
        size
        for size in sizes
        if _smaller(size, machine) and size.vcpus >= cpus * CPU_ROOM and size.ram_mb >= ram_mb * RAM_ROOM
    ]
    best = min(fitting, key=lambda size: (size.su_per_hour or 0, size.vcpus, size.ram_mb), default=None)
    if best is None or best.su_per_hour is None:
        return None
    return Advice(
        key=f"oversized:{machine.id}:{best.name}",
        kind="oversized",
        subject_id=machine.id,
        subject=machine.name,
        what=f"Resize it to {best.name}",
        why=f"In the last {WINDOW.days} days its busiest quarter hour used {cpus:.1f} of {now.vcpus} processors, and "
        f"it never used more than {ram_mb / 1024:.0f} of {now.ram_mb / 1024:.0f} GB of memory.",
        action="resize",
        su_per_week=(machine.su_per_hour - best.su_per_hour) * WEEK,
        size=best,
    )


def _smaller(size: Size, machine: Machine) -> bool:
    """Of the same group, for less, and its disk takes what is there."""
    now = machine.size
    return (
        size.group == now.group
        and not size.gpus
        and size.su_per_hour is not None
        and size.su_per_hour < machine.su_per_hour
        and (machine.volume_backed or size.disk_gb >= now.disk_gb)
    )


def _unused(thing: Unused, now: datetime) -> Advice | None:
    days = (now - thing.since).days
    if thing.kind == "address":
        if now - thing.since < UNUSED_ADDRESS:
            return None
        what, why, frees = "Release it", "No machine has it", "one public address"
    else:
        if now - thing.since < UNUSED_VOLUME:
            return None
        what, why, frees = (
            "Delete it, if nobody needs what is on it",
            "No machine has it attached",
            f"{thing.size_gb} GB",
        )
    return Advice(
        key=f"{thing.kind}:{thing.id}",
        kind=thing.kind,
        subject_id=thing.id,
        subject=thing.name,
        what=what,
        why=f"{why}, for at least {days} day{'' if days == 1 else 's'}.",
        action="release" if thing.kind == "address" else "delete_volume",
        frees=frees,
    )
