"""The ledger of SUs: charges by the minute on top of what the provider's accounting reports once a day."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from django.db.models import DecimalField, OuterRef, Subquery, Sum, Value
from django.db.models.functions import Coalesce
from django.utils import timezone

from allocations.models import Allocation, Grant, LedgerEntry
from portal.core import bulk
from portal.core.audit import Actor, record

_ZERO = Decimal(0)
_SU: "DecimalField[Decimal, Decimal]" = DecimalField(max_digits=20, decimal_places=6)


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
        key=f"correction:{entry.pk}:{reason}"[:200],
        defaults={
            "allocation_id": entry.allocation_id,
            "kind": LedgerEntry.Kind.CORRECTION,
            "resource": entry.resource,
            "instance_id": entry.instance_id,
            "instance_name": entry.instance_name,
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


def balance(allocation: Allocation, on: date | None = None) -> dict[str, Balance]:
    return balances([allocation.pk], on).get(allocation.pk, {})


def balances(allocation_ids: Iterable[int], on: date | None = None) -> dict[int, dict[str, Balance]]:
    """Balances of many allocations, by resource, in one query.

    Of several periods of a resource the active one around `on` (today) counts, else the one that ends last.
    A grant is the project's: what its machines in other regions cost is drawn from it too.
    """
    since = (
        LedgerEntry.objects.filter(
            allocation__cloud=OuterRef("allocation__cloud"),
            allocation__project_id=OuterRef("allocation__project_id"),
            resource=OuterRef("resource"),
            starts_at__gte=OuterRef("as_of"),
        )
        .order_by()
        .values("resource")
        .annotate(total=Sum("su"))
        .values("total")
    )
    grants = Grant.objects.filter(allocation__in=list(allocation_ids)).annotate(
        since=Coalesce(Subquery(since, output_field=_SU), Value(_ZERO, output_field=_SU))
    )
    day = on or timezone.now().date()
    found: dict[int, dict[str, Balance]] = defaultdict(dict)
    for grant in grants:
        mine = found[grant.allocation_id]
        mine[grant.resource] = _better(mine.get(grant.resource), _balance(grant), day)
    return dict(found)


def _balance(grant: Grant) -> Balance:
    since: Decimal = getattr(grant, "since", _ZERO)
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
