"""What was spent in the windows of budgets, by owner or machine, and resource."""

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from django.core.cache import cache

from allocations import usage
from allocations.budgets.applies import counts
from allocations.rates import midnight
from allocations.usage import Window

_ZERO = Decimal(0)
_ByResource = dict[str, Decimal]
_Sums = dict[tuple[Window, str], _ByResource]
_KEPT_SECONDS, _SHARES = 1800, 30


@dataclass(frozen=True, slots=True)
class Spending:
    """SUs by resource in each of the windows asked for."""

    owners: Mapping[tuple[Window, str], _ByResource] = field(default_factory=dict)
    machines: Mapping[tuple[Window, str], _ByResource] = field(default_factory=dict)

    def of_owners(self, window: Window, keys: Collection[str], resource: str) -> Decimal:
        return sum((_of(self.owners.get((window, key)), resource) for key in keys), _ZERO)

    def of_machine(self, window: Window, machine_id: str, resource: str) -> Decimal:
        return _of(self.machines.get((window, machine_id)), resource)


def read(people: Collection[Window], machines: Collection[Window], *, settled: bool = False) -> Spending:
    """By owner in the first windows, by machine in the others: the queries of `usage.totals_in`, once for each kind.

    `settled`: what was spent before today may be as old as half an hour, in which a correction of a past day shows.
    Whoever looks at all budgets each minute need not add up a year each time; whoever decides does.
    """
    summed = _with_kept if settled else _summed
    return Spending(summed(people, "owner"), summed(machines, "instance"))


def _summed(windows: Collection[Window], whose: usage.By) -> _Sums:
    found: _Sums = defaultdict(dict)
    for window, lines in usage.totals_in(windows, by=(whose, "resource")).items():
        for line in lines:
            key, resource = line.keys
            found[window, key][resource] = line.su
    return found


def _with_kept(windows: Collection[Window], whose: usage.By) -> _Sums:
    """Before today as kept, or added up and kept now; and today added up."""
    cut = {window: max(window.start, midnight(window.end)) for window in windows}
    before = {window: Window(window.allocation_id, window.start, cut[window]) for window in windows}
    today = {window: Window(window.allocation_id, cut[window], window.end) for window in windows}
    kept = _kept({one for one in before.values() if one.start < one.end}, whose)
    fresh = _summed(set(today.values()), whose)
    by_window: dict[Window, dict[str, _ByResource]] = defaultdict(dict)
    for sums in (kept, fresh):
        for (window, key), by_resource in sums.items():
            by_window[window][key] = by_resource
    found: _Sums = defaultdict(dict)
    for window in windows:
        for part in (before[window], today[window]):
            for key, by_resource in by_window.get(part, {}).items():
                mine = found[window, key]
                for resource, su in by_resource.items():
                    mine[resource] = mine.get(resource, _ZERO) + su
    return found


def _kept(windows: Collection[Window], whose: usage.By) -> _Sums:
    names = {
        window: f"budgets:{whose}:{window.allocation_id}:{window.start:%Y%m%dT%H%M%S}:{window.end:%Y%m%d}"
        for window in windows
    }
    known = cache.get_many(names.values()) if names else {}
    missing = {window for window, name in names.items() if name not in known}
    summed = _summed(missing, whose)
    rows: dict[Window, dict[str, _ByResource]] = {window: {} for window in missing}
    for (window, key), by_resource in summed.items():
        rows[window][key] = by_resource
    # Not all at once, so that each look has to add up a few of them anew.
    for share in range(_SHARES):
        some = {names[window]: row for window, row in rows.items() if window.allocation_id % _SHARES == share}
        if some:
            cache.set_many(some, timeout=_KEPT_SECONDS // 2 + share * (_KEPT_SECONDS // 2) // _SHARES)
    found = dict(summed)
    for window, name in names.items():
        for key, by_resource in known.get(name, {}).items():
            found[window, key] = by_resource
    return found


def _of(by_resource: Mapping[str, Decimal] | None, wanted: str) -> Decimal:
    return sum((su for resource, su in (by_resource or {}).items() if counts(wanted, resource)), _ZERO)
