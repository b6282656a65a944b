"""How often one guest may push to this process."""


class Limits:
    """A bucket of tokens for each name; the names longest not heard of are forgotten beyond `names`."""

    def __init__(self, *, per_second: float = 1.0, burst: float = 30.0, names: int = 20_000) -> None:
        self._per_second = per_second
        self._burst = burst
        self._names = names
        self._buckets: dict[str, tuple[float, float]] = {}

    def wait(self, name: str, now: float) -> float:
        """0 when it may go on (and has used a token), else the seconds until it may."""
        tokens, then = self._buckets.pop(name, (self._burst, now))
        tokens = min(self._burst, tokens + (now - then) * self._per_second)
        allowed = tokens >= 1
        self._buckets[name] = (tokens - 1 if allowed else tokens, now)
        if len(self._buckets) > self._names:
            del self._buckets[next(iter(self._buckets))]
        return 0.0 if allowed else (1 - tokens) / self._per_second
