"""Pure: what a guest pushes, checked. docs/architecture.md ("Metrics agent") gives the format.

Whoever is root in a guest can send anything that carries its signature, so each number is looked at.
"""

import hashlib
import hmac
import json
import re
from typing import Any

MAX_BODY_BYTES = 64 * 1024
MAX_SAMPLES = 120
MAX_GPUS = 16
MAX_BYTES_PER_SECOND = 1e12
MAX_LOGINS = 10_000
# How far the clock in a guest may be off, and how long it may keep what it could not send.
CLOCK_SECONDS = 300
KEEP_SECONDS = 900
_INSTANCE = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_MOMENT = re.compile(r"[0-9]{1,12}")


class Malformed(ValueError):
    """Not the format; the text says where."""


def is_instance(name: str) -> bool:
    return _INSTANCE.fullmatch(name) is not None


def clock_error(moment: str, now: float) -> float | None:
    """Seconds that the guest's clock is ahead of ours; None when it sent no time."""
    return int(moment) - now if _MOMENT.fullmatch(moment) else None


def signature(key: str, moment: str, body: bytes) -> str:
    return hmac.new(key.encode(), moment.encode() + b"\n" + body, hashlib.sha256).hexdigest()


def parse(body: bytes, now: float) -> list[dict[str, Any]]:
    """The samples that can be meant, as sent: each with every field, None where nothing usable came.

    A sample from another time is left out; a body that is no push at all is Malformed.
    """
    try:
        push = json.loads(body)
    except (ValueError, RecursionError):
        raise Malformed("the body is not JSON") from None
    samples = push.get("samples") if isinstance(push, dict) and push.get("v") == 1 else None
    if not isinstance(samples, list) or not 1 <= len(samples) <= MAX_SAMPLES:
        raise Malformed(f'the body must be {{"v": 1, "samples": [1 to {MAX_SAMPLES} of them]}}')
    cleaned = [_sample(sample, now) for sample in samples]
    return [sample for sample in cleaned if sample is not None]


def _sample(sample: object, now: float) -> dict[str, Any] | None:
    if not isinstance(sample, dict):
        raise Malformed("a sample is not an object")
    at = _number(sample.get("t"), now + CLOCK_SECONDS)
    if at is None or at < now - KEEP_SECONDS:
        return None
    return {
        "t": round(at, 3),
        "cpu": _number(sample.get("cpu"), 100),
        "ram": _number(sample.get("ram"), 100),
        "disk": _number(sample.get("disk"), 100),
        "gpus": _gpus(sample.get("gpus")),
        "net_in": _number(sample.get("net_in"), MAX_BYTES_PER_SECOND),
        "net_out": _number(sample.get("net_out"), MAX_BYTES_PER_SECOND),
        "disk_read": _number(sample.get("disk_read"), MAX_BYTES_PER_SECOND),
        "disk_write": _number(sample.get("disk_write"), MAX_BYTES_PER_SECOND),
        "logins": _number(sample.get("logins"), MAX_LOGINS),
    }


def _number(value: object, most: float) -> float | None:
    """None also for true, for NaN and for what is out of range."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= most:
        return None
    return float(value)


def _gpus(value: object) -> list[dict[str, float | None]] | None:
    """One entry a device. A device without figures still counts as one."""
    if not isinstance(value, list) or not value:
        return None
    devices = [gpu if isinstance(gpu, dict) else {} for gpu in value[:MAX_GPUS]]
    return [{"util": _number(gpu.get("util"), 100), "mem": _number(gpu.get("mem"), 100)} for gpu in devices]
