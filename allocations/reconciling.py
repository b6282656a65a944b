"""The ledger and the provider's figures: kept, compared once each, and brought to agree by entries of nobody.

The provider's word is final: whatever our own metering missed, or the provider does not charge, is posted as the
difference, so that the ledger's sum of a period is what the provider says was used of it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from decimal import Decimal

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from allocations import accrual, ledger, usage
from allocations.forecast import last_moment
from allocations.models import Allocation, Grant, LedgerEntry, ProviderFigure
from allocations.rates import MICRO, days, midnight
from portal.cloud.config import clouds
from portal.core.audit import record

NAME = "Provider's figure"
# Machines whose history is still being read are waited for, but not for longer than until the next figure comes.
_PATIENCE = timedelta(days=1)
_SETTLED = timedelta(minutes=2)
_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class Difference:
    """One comparison. `difference` is what the provider counts beyond what we metered; negative: less."""

    resource: str
    provider_resource: str
    as_of: datetime
    reported: Decimal
    metered: Decimal
    difference: Decimal

    @property
    def percent(self) -> Decimal | None:
        """Of the provider's figure; None where that is nothing."""
        return self.difference * 100 / self.reported if self.reported else None


def note(grant: Grant) -> ProviderFigure | None:
    """Keep the figure that the grant has now. None where there is none, or another region of the project keeps it."""
    if grant.used is None or grant.resource == Grant.Resource.OTHER or _kept_elsewhere(grant):
        return None
    figure, _ = ProviderFigure.objects.get_or_create(
        grant=grant, as_of=grant.as_of, defaults={"used": grant.used}
    )
    return figure


def due(now: datetime) -> list[int]:
    """Figures to compare: those of periods that last, once the histories of the machines are known."""
    waiting = ProviderFigure.objects.filter(difference=None, grant__active=True, as_of__lte=now - _SETTLED)
    known = Q(grant__allocation__history_read_at__isnull=False) | Q(as_of__lte=now - _PATIENCE)
    rows = list(waiting.filter(known).values_list("pk", "as_of", "grant__allocation_id")[:_AT_ONCE])
    busy = accrual.unsettled({allocation_id for _, _, allocation_id in rows})
    return [pk for pk, as_of, held in rows if held not in busy or as_of <= now - _PATIENCE]


def reconcile_all(now: datetime | None = None) -> int:
    """Compare what is due. How many figures were."""
    return sum(reconcile(pk) for pk in due(now or timezone.now()))


@transaction.atomic
def reconcile(figure_id: int) -> bool:
    """Compare one figure with the ledger and post the difference. False: it was compared already."""
    figures = ProviderFigure.objects.select_for_update(of=("self",)).select_related("grant__allocation")
    figure = figures.filter(pk=figure_id, difference=None).first()
    if figure is None:
        return False
    grant = figure.grant
    figure.metered = _metered(grant, figure.as_of)
    figure.difference = (figure.used - figure.metered).quantize(MICRO)
    figure.save(update_fields=["metered", "difference"])
    if figure.difference and _posts(grant):
        ledger.charge_many(_entries(figure, grant, figure.difference))
        record(
            "ledger.reconcile",
            by=None,
            scope=f"allocation.{grant.allocation_id}",
            target_type="grant",
            target_id=grant.pk,
            target_name=str(grant),
            reported=str(figure.used),
            metered=str(figure.metered),
            difference=str(figure.difference),
        )
    return True


def differences(allocation: Allocation, most: int = 60) -> list[Difference]:
    """The newest comparisons of a project, whichever region keeps its figures; newest first. One query."""
    figures = ProviderFigure.objects.filter(
        grant__allocation__cloud=allocation.cloud,
        grant__allocation__project_id=allocation.project_id,
        difference__isnull=False,
    )
    return [
        Difference(
            resource=figure.grant.resource,
            provider_resource=figure.grant.provider_resource,
            as_of=figure.as_of,
            reported=figure.used,
            metered=figure.metered or Decimal(0),
            difference=figure.difference or Decimal(0),
        )
        for figure in figures.select_related("grant").order_by("-as_of", "grant__resource")[:most]
    ]


def _kept_elsewhere(grant: Grant) -> bool:
    """A grant is the project's: of its regions, the one that the portal met first keeps the figures."""
    return Grant.objects.filter(
        provider_resource=grant.provider_resource,
        starts_on=grant.starts_on,
        allocation__cloud=grant.allocation.cloud,
        allocation__project_id=grant.allocation.project_id,
        allocation_id__lt=grant.allocation_id,
    ).exists()


def _posts(grant: Grant) -> bool:
    """Where two grants of a resource run at once, nobody can say from which of them a machine drew."""
    cloud = clouds().clouds.get(grant.allocation.cloud)
    others = Grant.objects.filter(
        allocation=grant.allocation,
        resource=grant.resource,
        active=True,
        starts_on__lte=grant.ends_on,
        ends_on__gte=grant.starts_on,
    ).exclude(pk=grant.pk)
    return cloud is not None and cloud.portal.metering.reconcile and not others.exists()


def _begin(grant: Grant) -> datetime:
    return datetime.combine(grant.starts_on, time(), UTC)


def _metered(grant: Grant, as_of: datetime) -> Decimal:
    """What the ledger has for the period up to the figure, in all regions."""
    allocation = grant.allocation
    project = Allocation.objects.filter(cloud=allocation.cloud, project_id=allocation.project_id)
    end = min(as_of, last_moment(grant.ends_on))
    found = usage.totals(
        project.values_list("pk", flat=True), start=_begin(grant), end=end, by=(), resource=grant.resource
    )
    return sum((line.su for line in found), Decimal(0)).quantize(MICRO)


def _entries(figure: ProviderFigure, grant: Grant, difference: Decimal) -> list[LedgerEntry]:
    """In the day of the figure; what the first one tells was spent some time since the period began, so on all its days."""
    end = min(figure.as_of, last_moment(grant.ends_on))
    earlier = grant.figures.filter(as_of__lt=figure.as_of).order_by("-as_of").first()
    if earlier is None and _begin(grant) < end:
        pieces = days(_begin(grant), end)
    else:
        last = end - timedelta(microseconds=1)
        pieces = [(max(midnight(last), earlier.as_of if earlier else midnight(last)), end)]
    return [
        _entry(figure, grant, place, piece, su)
        for place, (piece, su) in enumerate(zip(pieces, _shares(difference, pieces), strict=True))
        if su
    ]


def _shares(su: Decimal, pieces: Sequence[tuple[datetime, datetime]]) -> list[Decimal]:
    """By their length, such that they add up to the whole."""
    start, whole = pieces[0][0], pieces[-1][1] - pieces[0][0]
    marks = [(su * Decimal((end - start) / whole)).quantize(MICRO) for _, end in pieces]
    return [mark - before for mark, before in zip(marks, [Decimal(0), *marks], strict=False)]


def _entry(
    figure: ProviderFigure, grant: Grant, place: int, piece: tuple[datetime, datetime], su: Decimal
) -> LedgerEntry:
    return LedgerEntry(
        key=f"figure:{figure.pk}:{place}",
        allocation_id=grant.allocation_id,
        kind=LedgerEntry.Kind.PROVIDER,
        resource=grant.resource,
        instance_id="",
        instance_name=NAME,
        flavor_name="",
        status="",
        starts_at=piece[0],
        ends_at=piece[1],
        su=su,
    )
