"""Sums of what was spent, by whatever they are asked for: rows with shares, and a grid of rows and stretches of time. Pure."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from allocations.reports.periods import bucket_of

_ZERO = Decimal(0)
# What stands for everybody, or everything, that the viewer is not shown apart.
OTHERS = "others"


@dataclass(frozen=True, slots=True)
class Spent:
    """One sum of the ledger. `day` None where days were not asked for."""

    key: str
    owner: str
    resource: str
    su: Decimal
    day: date | None = None


@dataclass(frozen=True, slots=True)
class Row:
    """`share`: percent of all that is shown. `by_resource`: SUs by the name of the resource."""

    key: str
    name: str
    detail: str
    su: Decimal
    share: Decimal
    by_resource: Mapping[str, Decimal]
    url: str = ""
    machine: str = ""


@dataclass(frozen=True, slots=True)
class Band:
    """One layer of the stacked bars: SUs for each stretch of time."""

    key: str
    name: str
    su: Sequence[Decimal]

    @property
    def total(self) -> Decimal:
        return sum(self.su, _ZERO)


def masked(lines: Iterable[Spent], own: str | None) -> list[Spent]:
    """What belongs to others is theirs: only `own`, and what is nobody's, stays apart. None: everything may be seen."""
    if own is None:
        return list(lines)
    return [
        line if line.owner in (own, "") else Spent(OTHERS, OTHERS, line.resource, line.su, line.day)
        for line in lines
    ]


def total(lines: Iterable[Spent]) -> Decimal:
    return sum((line.su for line in lines), _ZERO)


def by_key(lines: Iterable[Spent]) -> dict[str, dict[str, Decimal]]:
    """{key: {resource: SU}}, largest first."""
    found: dict[str, dict[str, Decimal]] = defaultdict(lambda: defaultdict(Decimal))
    for line in lines:
        found[line.key][line.resource] += line.su
    largest = sorted(found.items(), key=lambda entry: (-sum(entry[1].values(), _ZERO), entry[0]))
    return {key: dict(resources) for key, resources in largest}


def share(su: Decimal, of: Decimal) -> Decimal:
    return (su * 100 / of).quantize(Decimal("0.1")) if of else _ZERO


def ordered(rows: Iterable[Row], sort: str) -> list[Row]:
    """By `name`, `su` or the name of a resource; a minus before it: the other way round."""
    order, down = sort.removeprefix("-"), sort.startswith("-")
    if order == "name":
        return sorted(rows, key=lambda row: (row.name.casefold(), row.key), reverse=down)
    value: Callable[[Row], Decimal] = (
        (lambda row: row.su) if order == "su" else (lambda row: row.by_resource.get(order, _ZERO))
    )
    by_name = sorted(rows, key=lambda row: (row.name.casefold(), row.key))
    return sorted(by_name, key=value, reverse=down)


def bands(
    lines: Iterable[Spent], names: Mapping[str, str], stretches: Sequence[date], every: str, most: int
) -> list[Band]:
    """The largest rows one by one, the rest together, so that a chart stays legible."""
    place = {bucket: index for index, bucket in enumerate(stretches)}
    grid: dict[str, list[Decimal]] = defaultdict(lambda: [_ZERO] * len(stretches))
    for line in lines:
        index = place.get(bucket_of(line.day, every)) if line.day else None
        if index is not None:
            grid[line.key][index] += line.su
    largest = sorted(grid.items(), key=lambda entry: (-sum(entry[1], _ZERO), entry[0]))
    apart, rest = (
        (largest, [])
        if len(largest) <= most
        else (largest[: most - 1], [values for _, values in largest[most - 1 :]])
    )
    found = [Band(key, names.get(key, key), values) for key, values in apart]
    if rest:
        found.append(
            Band(OTHERS, f"{len(rest)} more", [sum(values, _ZERO) for values in zip(*rest, strict=True)])
        )
    return found
