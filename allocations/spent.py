"""What was spent on top of the provider's figures, cut exactly at the moment of each figure."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from decimal import Decimal

from django.db.models import Exists, F, OuterRef, Q, Sum

from allocations import accrual
from allocations.accrual import Accrued
from allocations.models import Allocation, Grant, LedgerEntry
from allocations.rates import part_of

# A project of a cloud, and a resource of it.
Pot = tuple[str, str, str]
_LONGEST = timedelta(days=2)
# What only follows from a figure is in that figure, also where another region keeps it.
_METERED = LedgerEntry.objects.exclude(kind=LedgerEntry.Kind.PROVIDER)


def since_figures(grants: Sequence[Grant], now: datetime) -> dict[int, Decimal]:
    """By grant: entries after its figure, the later part of those that the figure fell into, and what runs since.

    A fixed number of queries. The grants come with their allocation.
    """
    found = {grant.pk: Decimal(0) for grant in grants}
    if not grants:
        return found
    pots: dict[Pot, list[Grant]] = defaultdict(list)
    for grant in grants:
        pots[_pot(grant.allocation, grant.resource)].append(grant)
    places = _places(grants)
    for grant_pk, su in _after(grants):
        found[grant_pk] += su
    single: Iterable[LedgerEntry | Accrued] = [
        *_around(grants, list(places)),
        *accrual.accrued(list(places), now),
    ]
    for piece in single:
        for grant in pots.get(_pot(places[piece.allocation_id], piece.resource), ()):
            later = piece.starts_at >= grant.as_of
            if isinstance(piece, Accrued) or not later:
                found[grant.pk] += part_of(piece.su, piece.starts_at, piece.ends_at, grant.as_of, now)
    return found


def _pot(allocation: Allocation, resource: str) -> Pot:
    return allocation.cloud, allocation.project_id, resource


def _places(grants: Iterable[Grant]) -> dict[int, Allocation]:
    """The allocations of these projects in all regions."""
    clouds = {grant.allocation.cloud for grant in grants}
    projects = {grant.allocation.project_id for grant in grants}
    rows = Allocation.objects.filter(cloud__in=clouds, project_id__in=projects).only("cloud", "project_id")
    return {row.pk: row for row in rows.order_by()}


def _after(grants: Iterable[Grant]) -> Iterable[tuple[int, Decimal]]:
    """Sums of entries that begin with or after the figure."""
    same = Q(
        allocation__cloud=OuterRef("allocation__cloud"),
        allocation__project_id=OuterRef("allocation__project_id"),
        resource=OuterRef("resource"),
        starts_at__gte=OuterRef("as_of"),
    )
    sums = _METERED.filter(same).order_by().values("resource").annotate(total=Sum("su"))
    rows = Grant.objects.filter(pk__in=[grant.pk for grant in grants]).order_by()
    return rows.annotate(total=sums.values("total")).exclude(total=None).values_list("pk", "total")


def _around(grants: Sequence[Grant], places: Sequence[int]) -> Iterable[LedgerEntry]:
    """Entries that one of these figures fell into."""
    figures = [grant.as_of for grant in grants]
    fell = Grant.objects.filter(
        pk__in=[grant.pk for grant in grants],
        allocation__cloud=OuterRef("allocation__cloud"),
        allocation__project_id=OuterRef("allocation__project_id"),
        resource=OuterRef("resource"),
        as_of__gt=OuterRef("starts_at"),
        as_of__lt=OuterRef("ends_at"),
    )
    near = _METERED.filter(
        allocation__in=places, starts_at__gt=min(figures) - _LONGEST, starts_at__lt=max(figures)
    )
    return near.filter(Exists(fell), ends_at__gt=F("starts_at"))
