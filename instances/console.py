"""Reads what guests print to their console: set-up status, usage, SSH host keys, our own reports.

The text is hostile: whoever is root in a guest writes it, and kernel messages cut into it anywhere.
"""

import base64
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

# Nova hands out 100 KiB; whatever comes, only the end is looked at.
MAX_CHARS = 512 * 1024
MAX_HOST_KEYS = 8
MAX_GPUS = 16
# Forward only: a line may move the status up this ladder, never down. `complete` is final.
_RANK = {
    "": 0,
    "unknown": 0,
    "waiting": 0,
    "starting": 1,
    "running": 2,
    "timeout": 3,
    "error": 4,
    "complete": 5,
}
_FROM_GUESTS = frozenset({"starting", "running", "complete", "error"})
_HINTS = ('"status"', '"exoSetup"', '"cpuPctUsed"', '"helio"')
_PART = re.compile(r"guard|repository|data-[A-Za-z0-9][A-Za-z0-9._-]{0,39}")
_KEY = re.compile(
    r"\b(ssh-ed25519|ssh-rsa|ecdsa-sha2-nistp(?:256|384|521)) "
    r"(AAAA[A-Za-z0-9+/]{20,1400}={0,2})(?![A-Za-z0-9+/=])"
)
_BEGIN, _END = "-----BEGIN SSH HOST KEY KEYS-----", "-----END SSH HOST KEY KEYS-----"


@dataclass(frozen=True, slots=True)
class Setup:
    """`at` is None where the guest gave no time, or none that can be meant."""

    status: str
    at: datetime | None


@dataclass(frozen=True, slots=True)
class Usage:
    """Percentages of one minute; None where the guest did not say."""

    at: datetime
    cpu: float | None
    ram: float | None
    disk: float | None
    gpus: tuple[float | None, ...] | None


@dataclass(frozen=True, slots=True)
class BootScript:
    """How the person's boot script ended; `exit_code` None when the machine went down under it."""

    exit_code: int | None
    at: datetime | None


@dataclass(frozen=True, slots=True)
class SeatNote:
    """One part of the set-up of a workshop's seat, and what stood in its way."""

    what: str
    ok: bool
    said: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Reading:
    """What one console log says. `host_keys` are `<type> <base64>`, from the last whole block."""

    setup: Setup | None = None
    usage: tuple[Usage, ...] = ()
    host_keys: tuple[str, ...] = ()
    boot_script: BootScript | None = None
    seat: tuple[SeatNote, ...] = ()


def read(text: str) -> Reading:
    """Never raises, whatever the guest printed."""
    lines = text[-MAX_CHARS:].splitlines()
    setup: Setup | None = None
    usage: dict[datetime, Usage] = {}
    boot_script: BootScript | None = None
    seat: dict[str, SeatNote] = {}
    for found in _objects(lines):
        if (line := _usage(found)) is not None:
            usage[line.at] = line
        elif found.get("helio") == "boot-script":
            boot_script = BootScript(_exit_code(found.get("exit")), _time(found.get("epoch"), per_second=1))
        elif found.get("helio") == "seat":
            if (note := _seat_note(found)) is not None:
                seat[note.what] = note
        else:
            setup = _setup(found) or setup
    measured = tuple(usage[at] for at in sorted(usage))
    return Reading(setup, measured, _host_keys(lines), boot_script, tuple(seat.values()))


def forward(current: str, seen: str) -> str:
    """The set-up status that holds when `current` is stored and the guest's last line says `seen`."""
    return seen if _RANK.get(seen, 0) > _RANK.get(current, 0) else current


def _objects(lines: list[str]) -> Iterator[dict[str, Any]]:
    """The JSON objects of the lines, as Exosphere reads them: from the first `{` to the last `}` of each."""
    for line in lines:
        if not any(hint in line for hint in _HINTS):
            continue
        try:
            found = json.loads(line[line.find("{") : line.rfind("}") + 1])
        except (ValueError, RecursionError):
            continue
        if isinstance(found, dict):
            yield found


def _setup(found: dict[str, Any]) -> Setup | None:
    status = found.get("status", found.get("exoSetup"))
    if not isinstance(status, str) or status not in _FROM_GUESTS:
        return None
    return Setup(status, _time(found.get("epoch"), per_second=1000))


def _usage(found: dict[str, Any]) -> Usage | None:
    at = _time(found.get("epoch"), per_second=1)
    if at is None or "cpuPctUsed" not in found:
        return None
    gpus = found.get("gpuPctUsed")
    devices = gpus if isinstance(gpus, list) else [gpus]
    # One that was not measured keeps its place, or the others would change their numbers.
    loads = tuple(map(_percent, devices[:MAX_GPUS]))
    return Usage(
        at,
        _percent(found["cpuPctUsed"]),
        _percent(found.get("memPctUsed")),
        _percent(found.get("rootfsPctUsed")),
        None if all(load is None for load in loads) else loads,
    )


def _seat_note(found: dict[str, Any]) -> SeatNote | None:
    """The last word on each part counts."""
    what, said = found.get("what"), found.get("said", "")
    at = _time(found.get("epoch"), per_second=1)
    if not isinstance(what, str) or not _PART.fullmatch(what) or at is None or not isinstance(said, str):
        return None
    plain = "".join(letter if letter.isprintable() else " " for letter in said[:200])
    return SeatNote(what, found.get("ok") is True, plain.strip(), at)


def _percent(value: object) -> float | None:
    """A number of 0 to 100, else None: also for true, for NaN and for 10 ** 400."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 100:
        return None
    return float(value)


def _exit_code(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= 255 else None


def _time(value: object, *, per_second: int) -> datetime | None:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < per_second * 1e11:
        return None
    try:
        return datetime.fromtimestamp(value / per_second, UTC)
    except (ValueError, OverflowError):
        return None


def _host_keys(lines: list[str]) -> tuple[str, ...]:
    """The keys of the last whole block: machines print one at each boot, and rebuilt ones have new keys."""
    block: list[str] | None = None
    last: list[str] = []
    for line in lines:
        if _BEGIN in line:
            block = []
        elif _END in line:
            last, block = block or last, None
        elif (
            block is not None and len(block) < MAX_HOST_KEYS and (key := _host_key(line)) and key not in block
        ):
            block.append(key)
    return tuple(last)


def _host_key(line: str) -> str | None:
    """`<type> <base64>` if the line holds a whole public key: one cut by a kernel message does not decode."""
    match = _KEY.search(line)
    if match is None:
        return None
    kind, encoded = match.groups()
    try:
        fields = _ssh_strings(base64.b64decode(encoded, validate=True))
    except ValueError:
        return None
    return f"{kind} {encoded}" if fields and fields[0] == kind.encode() and len(fields) > 1 else None


def _ssh_strings(blob: bytes) -> list[bytes]:
    """The length-prefixed strings that make up an SSH key blob; ValueError unless they fill it exactly."""
    fields = []
    while blob:
        length = int.from_bytes(blob[:4], "big")
        if len(blob) < 4 + length:
            raise ValueError("cut short")
        fields.append(blob[4 : 4 + length])
        blob = blob[4 + length :]
    return fields
