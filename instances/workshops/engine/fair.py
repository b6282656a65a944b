"""How many machines each of several workshops may have in the making at once, when there is not room for all. Pure."""

from collections.abc import Mapping


def shares(room: int, demands: Mapping[str, int]) -> dict[str, int]:
    """`room` dealt out one by one, in turn, until it is used up or all have what they want.

    Nobody gets more than they want, and nobody has two more than another who wants more. Ties go by name, so that all who
    work it out at the same time come to the same answer.
    """
    left = max(0, room)
    given = dict.fromkeys(demands, 0)
    open_ones = sorted(name for name, wanted in demands.items() if wanted > 0)
    while left > 0 and open_ones:
        each = max(1, left // len(open_ones))
        for name in open_ones:
            more = min(each, demands[name] - given[name], left)
            given[name] += more
            left -= more
        open_ones = [name for name in open_ones if given[name] < demands[name]]
    return given


def may_begin(name: str, room: int, going_on: Mapping[str, int], wanted: Mapping[str, int]) -> int:
    """How many more `name` may begin now: within its share, and within what is free at all."""
    names = set(going_on) | set(wanted) | {name}
    demands = {one: going_on.get(one, 0) + wanted.get(one, 0) for one in names}
    share = shares(room, demands)[name] - going_on.get(name, 0)
    free = room - sum(going_on.values())
    return max(0, min(share, free, wanted.get(name, 0)))
