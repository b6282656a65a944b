"""When to try again what somebody else's server did not take. Pure, but for the dice."""

import random
from datetime import timedelta

_STEPS = (10, 60, 300, 1800, 7200, 18_000, 36_000)


def after(attempts: int) -> timedelta:
    """Ten seconds at first, ten hours in the end; spread, so that not all come back at once."""
    step = _STEPS[min(max(attempts, 1), len(_STEPS)) - 1]
    return timedelta(seconds=step * random.uniform(0.8, 1.2))  # noqa: S311 (spreads load, keeps no secret)
