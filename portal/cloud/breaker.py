"""A circuit breaker per cloud, region and service, shared by all processes through the cache.

After FAILURES in a row nobody calls for REST seconds; then one call at a time may try. The one that succeeds lets
everybody through again, and those who wait for the service are told (`on_recovery`). The same record tells pages and
/healthz how each service is. Without a cache every call is let through.

A service that hangs must not take all threads of a worker with it before the failures are counted: when MOST calls of
this process wait for one service and the oldest of them for long, further ones are turned away at once.
"""

import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime

from django.conf import settings
from django.core.cache import cache

from portal.cloud.shared import quietly
from portal.core.errors import PortalError

FAILURES = 5
REST = 5.0
# So many calls of one process may wait for one service once the oldest has waited for HANGS seconds.
MOST = 4
HANGS = 4.0
_MEMORY = 120
_KEPT = 3600
_SEEN_EVERY = 5.0

_told: dict[str, float] = {}
_lock = threading.Lock()
_waiting: dict[str, list[float]] = {}

# cloud, region, service
Recovered = Callable[[str, str, str], None]
_listeners: list[Recovered] = []


@dataclass(frozen=True, slots=True)
class Health:
    """`ok_at` and `failed_at` are epoch seconds, 0 when never (or forgotten)."""

    service: str
    ok_at: float
    failed_at: float
    open: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Down:
    """A service that nobody calls at the moment, and since when it fails."""

    region: str
    service: str
    since: datetime


def circuit(cloud: str, region: str, service: str) -> str:
    return f"{cloud}:{region}:{service}"


def on_recovery(function: Recovered) -> Recovered:
    """Call `function(cloud, region, service)` in the process that finds a service well again."""
    if function not in _listeners:
        _listeners.append(function)
    return function


def _keys(circuit: str) -> tuple[str, str, str, str, str, str]:
    names = ("failures", "open", "probe", "ok", "failed", "since")
    found = [f"breaker:{circuit}:{name}" for name in names]
    return found[0], found[1], found[2], found[3], found[4], found[5]


@contextmanager
def passage(circuit: str, service: str) -> Iterator[None]:
    """Around one call. PortalError where it must not be made now."""
    check(circuit, service)
    now = time.monotonic()
    with _lock:
        begun = _waiting.setdefault(circuit, [])
        if len(begun) >= MOST and now - begun[0] >= HANGS:
            raise PortalError("cloud:slow", outcome="retry", retry_after=2.0, service=service)
        begun.append(now)
    try:
        yield
    finally:
        with _lock:
            begun.remove(now)


def check(circuit: str, service: str) -> None:
    """PortalError `cloud:service-down` while the circuit is open, or another call is trying it out."""
    failures, opened, probe, _, _, _ = _keys(circuit)
    known: dict[str, float] = quietly(lambda: cache.get_many([failures, opened]), {})
    count = known.get(failures, 0)
    if count:
        # The next success has to be told at once, whenever this process told its last.
        _told.pop(circuit, None)
    if count < FAILURES:
        return
    until = known.get(opened, 0.0)
    if until > time.time():
        raise _down(service, until - time.time())
    longest = settings.CLOUD_CONNECT_TIMEOUT + settings.CLOUD_READ_TIMEOUT + 5
    if not quietly(lambda: bool(cache.add(probe, 1, longest)), True):
        raise _down(service, REST / 3)


def _down(service: str, seconds: float) -> PortalError:
    return PortalError("cloud:service-down", outcome="retry", retry_after=round(seconds, 1), service=service)


def failed(circuit: str) -> None:
    failures, opened, probe, _, failed_at, since = _keys(circuit)
    now = time.time()

    def note() -> None:
        cache.add(failures, 0, _MEMORY)
        try:
            count = cache.incr(failures)
        except ValueError:  # it expired between the two
            cache.set(failures, 1, _MEMORY)
            count = 1
        cache.set(failed_at, now, _KEPT)
        if count == 1:
            cache.set(since, now, 24 * _KEPT)
        if count >= FAILURES:
            cache.set(opened, now + REST, _MEMORY)
            cache.touch(failures, _MEMORY)
        cache.delete(probe)

    _told.pop(circuit, None)
    quietly(note, None)


def come_back(error: PortalError, circuit: str) -> PortalError:
    """The error of a failed call, with the time at which trying again is worth it while the service gets its rest."""
    if error.outcome in ("retry", "unknown") and error.retry_after is None:
        failures = _keys(circuit)[0]
        if int(quietly(lambda: cache.get(failures, 0), 0)) >= FAILURES:
            error.retry_after = REST
    return error


def succeeded(circuit: str) -> None:
    """Closes the circuit. Told at most every few seconds while all is well: it costs a round trip."""
    failures, opened, probe, ok_at, _, since = _keys(circuit)
    now = time.time()
    if now - _told.get(circuit, 0.0) < _SEEN_EVERY:
        return
    _told[circuit] = now

    def note() -> bool:
        was_open = int(cache.get(failures, 0)) >= FAILURES
        cache.delete_many([failures, opened, probe, since])
        cache.set(ok_at, now, _KEPT)
        return was_open

    if quietly(note, False):
        _recovered(circuit)


def _recovered(circuit: str) -> None:
    cloud, region, service = circuit.split(":", 2)
    for listener in tuple(_listeners):
        listener(cloud, region, service)


def forget_all() -> None:
    """For tests: this process has told nothing yet."""
    _told.clear()
    with _lock:
        _waiting.clear()


def health(circuits: dict[str, str]) -> list[Health]:
    """How each service was when last called; `circuits` maps circuit to the name of its service."""
    wanted = [key for circuit in circuits for key in _keys(circuit)]
    known: dict[str, float] = quietly(lambda: cache.get_many(wanted), {})
    found = []
    for circuit, service in circuits.items():
        failures, _, _, ok_at, failed_at, _ = _keys(circuit)
        found.append(
            Health(
                service=service,
                ok_at=known.get(ok_at, 0.0),
                failed_at=known.get(failed_at, 0.0),
                open=known.get(failures, 0) >= FAILURES,
            )
        )
    return found


# What pages may have to say something about.
SERVICES = ("identity", "compute", "network", "image", "block-storage", "placement", "accounting")


def down(cloud: str, regions: Iterable[str]) -> list[Down]:
    """Services that are being given a rest, in one question to the cache."""
    places = [(region, service) for region in regions for service in SERVICES]
    keys = {place: _keys(circuit(cloud, *place)) for place in places}
    wanted = [key for found in keys.values() for key in (found[0], found[4], found[5])]
    known: dict[str, float] = quietly(lambda: cache.get_many(wanted), {})
    return [
        Down(
            region=region,
            service=service,
            since=datetime.fromtimestamp(known.get(since) or known.get(failed_at) or time.time(), UTC),
        )
        for (region, service), (failures, _, _, _, failed_at, since) in keys.items()
        if known.get(failures, 0) >= FAILURES
    ]
