from datetime import date, datetime
from decimal import Decimal

from django.http import HttpRequest
from django.utils import timezone
from ninja import Router, Schema

from allocations.access import allocation_for, allocations_of
from allocations.forecast import days_left
from allocations.ledger import Balance, balances
from allocations.models import Allocation
from allocations.roles import Need

router = Router(tags=["allocations"])


class ResourceOut(Schema):
    """SUs of one resource. `used` is the provider's figure as of `as_of` plus our estimate since (`used_since`)."""

    resource: str
    awarded: Decimal
    used: Decimal
    used_reported: Decimal | None
    used_since: Decimal
    remaining: Decimal
    as_of: datetime
    starts_on: date
    ends_on: date
    days_left: int


class QuotaOut(Schema):
    """`limit` null: unlimited."""

    used: int
    limit: int | None


class AllocationOut(Schema):
    slug: str
    cloud: str
    region: str
    project_id: str
    project_name: str
    title: str
    pi_name: str
    role: str
    resources: list[ResourceOut]
    quota: dict[str, QuotaOut]
    quota_read_at: datetime | None
    accounting_read_at: datetime | None


def _resource(balance: Balance, now: datetime) -> ResourceOut:
    return ResourceOut(
        resource=balance.resource,
        awarded=balance.awarded,
        used=balance.used,
        used_reported=balance.used_reported,
        used_since=balance.used_since,
        remaining=balance.remaining,
        as_of=balance.as_of,
        starts_on=balance.starts_on,
        ends_on=balance.ends_on,
        days_left=days_left(balance.ends_on, now),
    )


def _out(allocation: Allocation, resources: dict[str, Balance]) -> AllocationOut:
    now = timezone.now()
    return AllocationOut(
        slug=allocation.slug,
        cloud=allocation.cloud,
        region=allocation.region,
        project_id=allocation.project_id,
        project_name=allocation.project_name,
        title=allocation.title,
        pi_name=allocation.pi_name,
        role=allocation.viewer_role or "",
        resources=[_resource(balance, now) for balance in resources.values()],
        quota={name: QuotaOut(**figures) for name, figures in allocation.quota.items()},
        quota_read_at=allocation.quota_read_at,
        accounting_read_at=allocation.accounting_read_at,
    )


@router.get("/allocations", response=list[AllocationOut])
def list_allocations(request: HttpRequest) -> list[AllocationOut]:
    """The allocations that you are a member of."""
    mine = list(allocations_of(request.user))
    figures = balances(allocation.pk for allocation in mine)
    return [_out(allocation, figures.get(allocation.pk, {})) for allocation in mine]


@router.get("/allocations/{slug}", response=AllocationOut)
def get_allocation(request: HttpRequest, slug: str) -> AllocationOut:
    allocation = allocation_for(request.user, slug, Need.SEE)
    return _out(allocation, balances([allocation.pk]).get(allocation.pk, {}))
