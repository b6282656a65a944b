"""What those who run a workshop may do in it. Pure. Each right includes those before it."""

from enum import IntEnum


class Right(IntEnum):
    SEE = 1
    # Act on seats, look on at them, answer calls.
    HELP = 2
    # Roster, messages, the end of a meeting: everything within what was planned.
    RUN = 3
    # What costs: seats, size, dates, the cap; and who helps.
    PLAN = 4


# What a refusal says ("needs the right to …").
WORDS = {
    Right.SEE: "see this workshop",
    Right.HELP: "help at this workshop's seats",
    Right.RUN: "run this workshop",
    Right.PLAN: "plan this workshop",
}


def right_of(*, owns: bool, manages: bool, helper: str, operator: bool) -> Right | None:
    """`owns`: whose workshop it is, while they may use the allocation. `helper`: a role of `models.Helper`, or empty."""
    if owns or manages:
        return Right.PLAN
    if helper == "instructor":
        return Right.RUN
    if helper == "assistant":
        return Right.HELP
    return Right.SEE if operator else None
