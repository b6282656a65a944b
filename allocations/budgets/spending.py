"""What was spent in the windows of budgets, by owner or machine, and resource."""

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from allocations import usage
from allocations.budgets.applies import counts
from allocations.usage import Window

_ZERO = Decimal(0)
_ByResource = dict[str, Decimal]


@dataclass(frozen=True, slots=True)
class Spending:
    """SUs by resource in each of the windows asked for."""

    owners: Mapping[tuple[Window, str], _ByResource] = field(default_factory=dict)
    machines: Mapping[tuple[Window, str], _ByResource] = field(default_factory=dict)

    def of_owners(self, window: Window, keys: Collection[str], resource: str) -> Decimal:
        return sum((_of(self.owners.get((window, key)), resource) for key in keys), _ZERO)

    def of_machine(self, window: Window, machine_id: str, resource: str) -> Decimal:
        return _of(self.machines.get((window, machine_id)), resource)


def read(people: Collection[Window], machines: Collection[Window]) -> Spending:
    """By owner in the first windows, by machine in the others: the queries of `usage.totals_in`, once for each kind."""
    return Spending(_by(people, "owner"), _by(machines, "instance"))


def _by(windows: Collection[Window], whose: usage.By) -> dict[tuple[Window, str], _ByResource]:
    found: dict[tuple[Window, str], _ByResource] = defaultdict(dict)
    for window, lines in usage.totals_in(windows, by=(whose, "resource")).items():
        for line in lines:
            key, resource = line.keys
            found[window, key][resource] = line.su
    return found


def _of(by_resource: Mapping[str, Decimal] | None, wanted: str) -> Decimal:
    return sum((su for resource, su in (by_resource or {}).items() if counts(wanted, resource)), _ZERO)
