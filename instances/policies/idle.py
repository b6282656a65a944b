"""Whether a machine does nothing for anybody. Pure, and never by one signal alone.

Quiet is what was measured to be quiet, for the whole time: a gap in the measurements is not idleness, and too few signals
mean that nobody can tell.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

State = Literal["quiet", "busy", "unknown"]
QUARTER = timedelta(minutes=15)
# Of the minutes of the time looked at, so many have to be measured.
LEAST_MEASURED = 0.9
NAMES = ("cpu", "gpu", "network", "disk", "logins")


@dataclass(frozen=True, slots=True)
class Limits:
    """What still counts as nothing: means over a quarter of an hour."""

    cpu_percent: float = 5.0
    gpu_percent: float = 3.0
    network_bytes: float = 20_000.0
    disk_bytes: float = 100_000.0

    def of(self, name: str) -> float:
        found = {
            "cpu": self.cpu_percent,
            "gpu": self.gpu_percent,
            "network": self.network_bytes,
            "disk": self.disk_bytes,
        }
        # Of logins one is too many.
        return found.get(name, 0.0)


@dataclass(frozen=True, slots=True)
class Quarter:
    """A quarter of an hour of one machine, by signal; a signal that is absent was not measured."""

    at: datetime
    values: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Reading:
    """One signal: in how many quarters of an hour it was measured, and the most that it was."""

    quarters: int
    most: float


@dataclass(frozen=True, slots=True)
class Summary:
    """What was measured: of `wanted` whole quarters so many; `seen`: those, and the one that still runs.

    `minutes`: the part of all minutes that was measured; None where that was not looked at.
    """

    quarters: int
    wanted: int
    seen: int
    readings: Mapping[str, Reading]
    minutes: float | None = None


@dataclass(frozen=True, slots=True)
class Signal:
    name: str
    title: str
    state: State
    words: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """`reason`: what keeps it busy, or why nobody can tell; empty when all is quiet."""

    state: State
    reason: str
    signals: tuple[Signal, ...]


_TITLES = {
    "cpu": "Processor",
    "gpu": "GPU",
    "network": "Network",
    "disk": "Disk activity",
    "logins": "Logins on the machine",
}
# Besides the processor, one of these has to be measured all the time, or nobody can tell.
_FURTHER = frozenset({"network", "disk", "logins"})


def judge(
    summary: Summary,
    *,
    gpus: int,
    limits: Limits,
    now: datetime,
    visited_until: datetime | None = None,
    busy_until: datetime | None = None,
) -> Verdict:
    """`visited_until`: when the last shell, desktop or file browser of that time was closed; `now`, while one is open."""
    signals = tuple(
        _signal(name, summary, limits) for name in NAMES if name != "gpu" or gpus or "gpu" in summary.readings
    )
    signals = (*signals, _visits(visited_until, now))
    if busy_until is not None and busy_until > now:
        return Verdict("busy", f"it is marked as busy until {busy_until:%Y-%m-%d %H:%M} UTC", signals)
    busy = [f"{one.title}: {one.words}" for one in signals if one.state == "busy"]
    if busy:
        return Verdict("busy", "; ".join(busy), signals)
    if reason := _cannot_tell(signals, summary, gpus):
        return Verdict("unknown", reason, signals)
    return Verdict("quiet", "", signals)


def summary_of(quarters: Sequence[Quarter], *, start: datetime, now: datetime) -> Summary:
    """What these say of the time from `start` to `now`, both on the quarter but for the last, which still runs."""
    edge = start + (now - start) // QUARTER * QUARTER
    inside = [one for one in quarters if start <= one.at <= now]
    readings = {}
    for name in NAMES:
        values = [one.values[name] for one in inside if name in one.values]
        if values:
            readings[name] = Reading(len(values), max(values))
    whole = sum(1 for one in inside if one.at < edge)
    return Summary(whole, (edge - start) // QUARTER, len(inside), readings)


def quiet_runs(
    quarters: Iterable[Quarter],
    visits: Sequence[tuple[datetime, datetime]],
    *,
    gpus: int,
    limits: Limits,
) -> list[tuple[datetime, datetime]]:
    """The stretches in which every quarter of an hour was measured, and quiet. For looking back."""
    runs: list[tuple[datetime, datetime]] = []
    for one in quarters:
        end = one.at + QUARTER
        if not _quiet(one, gpus, limits) or any(begin < end and until > one.at for begin, until in visits):
            continue
        if runs and runs[-1][1] == one.at:
            runs[-1] = (runs[-1][0], end)
        else:
            runs.append((one.at, end))
    return runs


def _quiet(quarter: Quarter, gpus: int, limits: Limits) -> bool:
    seen = Summary(1, 1, 1, {name: Reading(1, value) for name, value in quarter.values.items()})
    return judge(seen, gpus=gpus, limits=limits, now=quarter.at).state == "quiet"


def _signal(name: str, summary: Summary, limits: Limits) -> Signal:
    title, reading = _TITLES[name], summary.readings.get(name)
    if reading is None:
        return Signal(name, title, "unknown", "not measured")
    if reading.most > limits.of(name):
        # A busy moment counts although the rest was not measured.
        return Signal(name, title, "busy", _words(name, reading.most))
    if reading.quarters < summary.seen:
        return Signal(name, title, "unknown", "not measured all the time")
    return Signal(name, title, "quiet", _words(name, reading.most))


def _visits(until: datetime | None, now: datetime) -> Signal:
    title = "Shells, desktops and files opened here"
    if until is None:
        return Signal("visits", title, "quiet", "none")
    return Signal("visits", title, "busy", "open now" if until >= now else f"until {until:%H:%M} UTC")


def _cannot_tell(signals: Sequence[Signal], summary: Summary, gpus: int) -> str:
    quiet = {one.name for one in signals if one.state == "quiet"}
    if "cpu" not in quiet:
        return "the load of its processor was not measured all the time"
    if gpus and "gpu" not in quiet:
        return "it has a GPU, whose load was not measured all the time"
    if not quiet & _FURTHER:
        return "besides the processor neither network, disk nor logins were measured all the time"
    if summary.quarters < summary.wanted:
        hours = (summary.wanted - summary.quarters) * QUARTER / timedelta(hours=1)
        return f"there is a gap of {hours:g} h in what was measured"
    if summary.minutes is not None and summary.minutes < LEAST_MEASURED:
        return f"only {summary.minutes:.0%} of the minutes were measured"
    return ""


def _words(name: str, most: float) -> str:
    if name in ("cpu", "gpu"):
        return f"at most {most:.0f} %"
    if name == "logins":
        return "nobody" if most < 1 else f"{most:.0f}"
    return f"at most {most / 1000:,.0f} kB/s"
