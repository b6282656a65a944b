"""What is done about a jump host that does not answer, and when. Pure."""

from datetime import datetime, timedelta
from enum import Enum

# Three looks in a row: one may be lost. A restart takes about a minute; one that is busy booting is left to it.
RESTART_AFTER = timedelta(seconds=40)
REPLACE_AFTER = timedelta(minutes=3)


class Step(Enum):
    NOTHING = "nothing"
    RESTART = "restart"
    REPLACE = "replace"


def step_for(
    silent_since: datetime | None, restarted_at: datetime | None, now: datetime, *, made: bool
) -> Step:
    """`made` by the portal: nothing else runs on it. A machine that somebody lent is not restarted under their hands."""
    if silent_since is None:
        return Step.NOTHING
    if not made:
        return Step.REPLACE if now - silent_since >= REPLACE_AFTER else Step.NOTHING
    if restarted_at is None:
        return Step.RESTART if now - silent_since >= RESTART_AFTER else Step.NOTHING
    return Step.REPLACE if now - restarted_at >= REPLACE_AFTER else Step.NOTHING
