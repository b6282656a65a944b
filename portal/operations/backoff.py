"""How long to wait before the next try. Pure, but for the dice."""

import random

FIRST = 1.0
LONGEST = 60.0


def seconds(attempts: int, retry_after: float | None = None) -> float:
    """Doubling with full jitter above half; never before the time that the cloud asked for, never all at once after it."""
    grown = min(LONGEST, FIRST * 2.0 ** min(attempts, 10))
    jittered = grown * random.uniform(0.5, 1.0)  # noqa: S311 (spreads load, keeps no secret)
    if retry_after is None:
        return jittered
    return max(0.0, retry_after) + random.uniform(0.0, min(grown, max(1.0, retry_after * 0.2)))  # noqa: S311
