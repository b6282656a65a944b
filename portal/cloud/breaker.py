"""A circuit breaker per cloud, region and service, shared by all processes through the cache.

After FAILURES in a row nobody calls for REST seconds; then one call at a time may try. The same record tells
the health page how each service is. Without a cache every call is let through.
"""

import time
from dataclasses import dataclass

from django.core.cache import cache

from portal.cloud.shared import quietly
from portal.core.errors import PortalError

FAILURES = 5
REST = 15.0
_MEMORY = 120
_PROBE = 35
_SEEN_EVERY = 5.0

_told: dict[str, float] = {}


@dataclass(frozen=True, slots=True)
class Health:
    """`ok_at` and `failed_at` are epoch seconds, 0 when never (or forgotten)."""

    service: str
    ok_at: float
    failed_at: float
    open: bool


def _keys(circuit: str) -> tuple[str, str, str, str, str]:
    return (
        f"breaker:{circuit}:failures",
        f"breaker:{circuit}:open",
        f"breaker:{circuit}:probe",
        f"breaker:{circuit}:ok",
        f"breaker:{circuit}:failed",
    )


def check(circuit: str, service: str) -> None:
    """PortalError `cloud:service-down` while the circuit is open, or another call is trying it out."""
    failures, opened, probe, _, _ = _keys(circuit)
    known: dict[str, float] = quietly(lambda: cache.get_many([failures, opened]), {})
    if known.get(failures, 0) < FAILURES:
        return
    until = known.get(opened, 0.0)
    if until > time.time():
        raise _down(service, until - time.time())
    if not quietly(lambda: bool(cache.add(probe, 1, _PROBE)), True):
        raise _down(service, REST / 3)


def _down(service: str, seconds: float) -> PortalError:
    return PortalError("cloud:service-down", outcome="retry", retry_after=round(seconds, 1), service=service)


def failed(circuit: str) -> None:
    failures, opened, probe, _, failed_at = _keys(circuit)
    now = time.time()

    def note() -> None:
        cache.add(failures, 0, _MEMORY)
        try:
            count = cache.incr(failures)
        except ValueError:  # it expired between the two
            cache.set(failures, 1, _MEMORY)
            count = 1
        cache.set(failed_at, now, 3600)
        if count >= FAILURES:
            cache.set(opened, now + REST, _MEMORY)
            cache.touch(failures, _MEMORY)
        cache.delete(probe)

    _told.pop(circuit, None)
    quietly(note, None)


def succeeded(circuit: str) -> None:
    """Closes the circuit. Told at most every few seconds while all is well: it costs a round trip."""
    failures, opened, probe, ok_at, _ = _keys(circuit)
    now = time.time()
    if now - _told.get(circuit, 0.0) < _SEEN_EVERY:
        return
    _told[circuit] = now

    def note() -> None:
        cache.delete_many([failures, opened, probe])
        cache.set(ok_at, now, 3600)

    quietly(note, None)


def forget_all() -> None:
    """For tests: this process has told nothing yet."""
    _told.clear()


def health(circuits: dict[str, str]) -> list[Health]:
    """How each service was when last called; `circuits` maps circuit to the name of its service."""
    wanted = [key for circuit in circuits for key in _keys(circuit)]
    known: dict[str, float] = quietly(lambda: cache.get_many(wanted), {})
    found = []
    for circuit, service in circuits.items():
        failures, _, _, ok_at, failed_at = _keys(circuit)
        found.append(
            Health(
                service=service,
                ok_at=known.get(ok_at, 0.0),
                failed_at=known.get(failed_at, 0.0),
                open=known.get(failures, 0) >= FAILURES,
            )
        )
    return found


def circuit(cloud: str, region: str, service: str) -> str:
    return f"{cloud}:{region}:{service}"
