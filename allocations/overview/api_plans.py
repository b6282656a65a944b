"""The what-if planner for programs: the same parameters as its page."""

from datetime import date
from decimal import Decimal

from django.http import HttpRequest
from django.utils import timezone
from ninja import Router, Schema

from allocations import hooks
from allocations.access import allocation_for
from allocations.models import Allocation
from allocations.overview.asked import asked
from allocations.overview.asking import given_in
from allocations.overview.planned import cloud_named, worked_out
from allocations.overview.planning import Plan
from allocations.roles import Need

router = Router(tags=["overview"])


class PlanNeedOut(Schema):
    resource: str
    su: Decimal
    with_spare: Decimal
    credits: Decimal | None
    remaining: Decimal | None


class PlanCostOut(Schema):
    """`su` null: no rate is known for this size."""

    size: str
    count: int
    hours_a_week: Decimal
    weeks: int
    resource: str | None
    per_hour: Decimal | None
    su: Decimal | None
    left_on: Decimal | None


class QuotaNeedOut(Schema):
    """RAM in MB. `limit` null: unlimited, or (`known` false) not told."""

    resource: str
    needed: int
    used: int
    limit: int | None
    known: bool
    lacking: int


class TierOut(Schema):
    """`fits` null: this kind of grant is not given in credits."""

    name: str
    title: str
    credits: Decimal | None
    fits: bool | None


class PlanOut(Schema):
    begins: date
    lines: list[PlanCostOut]
    needs: list[PlanNeedOut]
    quota: list[QuotaNeedOut]
    tiers: list[TierOut]
    credits: Decimal | None
    problems: list[str]


@router.get("/planner", response=PlanOut)
def get_plan(request: HttpRequest, cloud: str = "") -> PlanOut:
    """A plan in the parameters of the page /planner/: size, count, times, hours, weeks (each repeated for every line),
    begins, spare, storage."""
    return _plan_of(request, cloud, None)


@router.get("/allocations/{slug}/planner", response=PlanOut)
def get_plan_within(request: HttpRequest, slug: str) -> PlanOut:
    """The same, with what this allocation has left and its quota beside it."""
    allocation = allocation_for(request.user, slug, Need.SEE)
    return _plan_of(request, allocation.cloud, allocation)


def _plan_of(request: HttpRequest, cloud_name: str, allocation: Allocation | None) -> PlanOut:
    cloud = cloud_named(cloud_name)
    wanted = asked(
        given_in(request),
        {size.name: size for size in hooks.sizes(cloud.name)},
        today=timezone.now().date(),
        usual_spare=cloud.portal.planning.spare_percent,
    )
    problems = [*wanted.problems, *(row.problem for row in wanted.rows if row.problem)]
    return _plan(worked_out(wanted, cloud, allocation), wanted.begins, problems)


def _plan(found: Plan | None, begins: date, problems: list[str]) -> PlanOut:
    if found is None:
        return PlanOut(begins=begins, lines=[], needs=[], quota=[], tiers=[], credits=None, problems=problems)
    return PlanOut(
        begins=begins,
        lines=[
            PlanCostOut(
                size=one.line.size.name,
                count=one.line.count,
                hours_a_week=one.line.hours_a_week,
                weeks=one.line.weeks,
                resource=one.resource,
                per_hour=one.per_hour,
                su=one.su,
                left_on=one.left_on,
            )
            for one in found.costs
        ],
        needs=[PlanNeedOut.from_orm(one) for one in found.needs],
        quota=[QuotaNeedOut.from_orm(one) for one in found.quota],
        tiers=[
            TierOut(name=one.tier.name, title=one.tier.title, credits=one.tier.credits, fits=one.fits)
            for one in found.tiers
        ],
        credits=found.credits,
        problems=problems,
    )
