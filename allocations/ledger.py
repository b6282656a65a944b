"""The ledger of SUs: what we charged, on top of what the provider's accounting reports once a day."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from django.utils import timezone

from allocations import spent
from allocations.models import Allocation, Grant, LedgerEntry
from portal.core import bulk
from portal.core.audit import Actor, record

_ZERO = Decimal(0)
# The keys of entries by which people mend the ledger.
BY_HAND = "correction:"


@dataclass(frozen=True, slots=True)
class Balance:
    """One resource of an allocation. `used_since` is our estimate of what came after the provider's figure.

    `used_reported` None: the provider gives none. `remaining` counts both and may be negative.
    """

    resource: str
    awarded: Decimal
    used_reported: Decimal | None
    as_of: datetime
    used_since: Decimal
    starts_on: date
    ends_on: date
    active: bool

    @property
    def used(self) -> Decimal:
        return (self.used_reported or _ZERO) + self.used_since

    @property
    def remaining(self) -> Decimal:
        return self.awarded - self.used

    @property
    def percent(self) -> int:
        return min(100, int(self.used * 100 / self.awarded)) if self.awarded > 0 else 100

    def covers(self, day: date) -> bool:
        return self.active and self.starts_on <= day <= self.ends_on


def charge(entry: LedgerEntry) -> bool:
    """Write one charge. False when its key is there already: nothing is charged twice."""
    return charge_many([entry]) == 1


def charge_many(entries: Iterable[LedgerEntry]) -> int:
    """Write charges, passing over those whose key is there already. How many were new."""
    given = {entry.key: entry for entry in entries}
    known = set(LedgerEntry.objects.filter(key__in=given).values_list("key", flat=True))
    fresh = [entry for key, entry in given.items() if key not in known]
    # Two meters at once: the unique key decides, and the loser's rows are passed over.
    bulk.insert(fresh)
    return len(fresh)


def correct(*, by: Actor | None, entry: LedgerEntry, su: Decimal, reason: str) -> LedgerEntry:
    """Mend a charge by a further entry of `su` more (or, negative, less), once per entry and reason."""
    mended, made = LedgerEntry.objects.get_or_create(
        key=f"{BY_HAND}{entry.pk}:{reason}"[:200],
        defaults={
            "allocation_id": entry.allocation_id,
            "kind": LedgerEntry.Kind.CORRECTION,
            "resource": entry.resource,
            "instance_id": entry.instance_id,
            "instance_name": entry.instance_name,
            "owner_key": entry.owner_key,
            "owner_name": entry.owner_name,
            "flavor_name": entry.flavor_name,
            "status": entry.status,
            "starts_at": entry.starts_at,
            "ends_at": entry.ends_at,
            "su": su,
        },
    )
    if made:
        record(
            "ledger.correct",
            by=by,
            scope=f"allocation.{entry.allocation_id}",
            target_type="ledger_entry",
            target_id=entry.pk,
            target_name=entry.instance_name,
            su=str(su),
            reason=reason,
        )
    return mended


def balance(
    allocation: Allocation, on: date | None = None, *, now: datetime | None = None
) -> dict[str, Balance]:
    return balances([allocation.pk], on, now=now).get(allocation.pk, {})


def balances(
    allocation_ids: Iterable[int], on: date | None = None, *, now: datetime | None = None
) -> dict[int, dict[str, Balance]]:
    """Balances of many allocations, by resource, in a fixed number of queries.

    Of several periods of a resource the active one around `on` (today) counts, else the one that ends last.
    """
    day = on or timezone.now().date()
    found = balances_of_periods(allocation_ids, now)
    return {allocation_id: current(periods, day) for allocation_id, periods in found.items()}


def current(periods: Iterable[Balance], day: date) -> dict[str, Balance]:
    """Of each resource the period that counts on that day."""
    found: dict[str, Balance] = {}
    for each in periods:
        found[each.resource] = _better(found.get(each.resource), each, day)
    return found


def balances_of_periods(
    allocation_ids: Iterable[int], now: datetime | None = None
) -> dict[int, list[Balance]]:
    """Every period of every resource, as the provider lists them.

    A grant is the project's: what its machines in other regions cost is drawn from it too.
    """
    grants = list(Grant.objects.filter(allocation__in=list(allocation_ids)).select_related("allocation"))
    since = spent.since_figures(grants, now or timezone.now())
    found: dict[int, list[Balance]] = defaultdict(list)
    for grant in grants:
        found[grant.allocation_id].append(_balance(grant, since[grant.pk]))
    return dict(found)


def _balance(grant: Grant, since: Decimal) -> Balance:
    return Balance(
        resource=grant.resource,
        awarded=grant.awarded,
        used_reported=grant.used,
        as_of=grant.as_of,
        used_since=since,
        starts_on=grant.starts_on,
        ends_on=grant.ends_on,
        active=grant.active,
    )


def _better(one: Balance | None, other: Balance, day: date) -> Balance:
    if one is None:
        return other
    return max(one, other, key=lambda balance: (balance.covers(day), balance.ends_on))
