from datetime import date, datetime
from decimal import Decimal

from django.http import HttpRequest
from ninja import Query, Router, Schema
from pydantic import Field

from allocations.access import allocation_for
from allocations.overview.api_exports import router as exports
from allocations.overview.api_plans import router as plans
from allocations.overview.asking import person_of
from allocations.overview.ending import End, end_of
from allocations.overview.forecasting import Forecast, forecast_of
from allocations.overview.people import MOST_SHOWN
from allocations.overview.planned import machine_word
from allocations.overview.standing import Resource, standing
from allocations.overview.trail import trail
from allocations.roles import Need
from portal.core.errors import PortalError

router = Router(tags=["overview"])
router.add_router("", plans)
router.add_router("", exports)


class ResourceOverviewOut(Schema):
    """SUs. `state`: not-started, running, used-up or ended. `runs_out_at` null: not before the period ends."""

    resource: str
    state: str
    awarded: Decimal
    used_reported: Decimal | None
    as_of: datetime
    used_since: Decimal
    remaining: Decimal
    percent_left: int
    burn_per_hour: Decimal
    break_even_per_hour: Decimal
    runs_out_at: datetime | None
    starts_on: date
    ends_on: date


class DeedOut(Schema):
    """What the operator does on that day."""

    on: date
    what: str
    means: str
    final: bool


class EndOut(Schema):
    """`days_left` counts the last day as 1; 0 and less: it is over."""

    ends_on: date
    days_left: int
    resources: list[str]
    follows: list[DeedOut]


class SpenderOut(Schema):
    instance_id: str
    name: str
    owner: str
    resource: str
    status: str
    per_hour: Decimal
    per_hour_shelved: Decimal
    shelvable: bool


class OverviewOut(Schema):
    slug: str
    burn_per_hour: Decimal
    resources: list[ResourceOverviewOut]
    spenders: list[SpenderOut]
    end: EndOut | None


class DayOut(Schema):
    """UTC. `left`: at its end, of today now."""

    on: date
    spent: Decimal
    left: Decimal


class ForecastFilter(Schema):
    resource: str = Field("", description="cpu, gpu or lm; empty: the one that runs out first")
    shelve: list[str] = Field([], description="ids of machines, repeated: what if these were shelved?")


class ForecastOut(Schema):
    """`as_is`, `if_shelved`, `likely`: the same in words, each with what it rests on; empty where there is nothing to say."""

    resource: str
    burn_per_hour: Decimal
    runs_out_at: datetime | None
    saved_per_hour: Decimal
    runs_out_at_if_shelved: datetime | None
    likely_at: datetime | None
    earliest: datetime | None
    latest: datetime | None
    break_even_per_hour: Decimal
    as_is: str
    if_shelved: str
    likely: str
    days: list[DayOut]


class TrailEntryOut(Schema):
    at: datetime
    who: str
    action: str
    what: str
    target: str
    detail: dict[str, str]


class TrailOut(Schema):
    """`after`: give it back for the older ones; empty on the last page."""

    entries: list[TrailEntryOut]
    after: str


@router.get("/allocations/{slug}/overview", response=OverviewOut)
def get_overview(request: HttpRequest, slug: str) -> OverviewOut:
    """What is left, what is spent now and by which machines, and when it ends."""
    found = standing(allocation_for(request.user, slug, Need.SEE))
    return OverviewOut(
        slug=slug,
        burn_per_hour=found.burn,
        resources=[_resource(one) for one in found.resources],
        spenders=[SpenderOut.from_orm(one) for one in found.spenders if one.per_hour > 0],
        end=_end(end_of(found)),
    )


@router.get("/allocations/{slug}/forecast", response=ForecastOut)
def get_forecast(request: HttpRequest, slug: str, asked: Query[ForecastFilter]) -> ForecastOut:
    """When a resource runs out, in figures and in words; and when, if some machines were shelved."""
    allocation = allocation_for(request.user, slug, Need.SEE)
    chosen = frozenset(asked.shelve[:MOST_SHOWN])
    found = standing(allocation, chosen=chosen)
    wanted = found.resource(asked.resource)
    if wanted is None or not wanted.burns or (asked.resource and wanted.key != asked.resource):
        raise PortalError("overview:no-resource")
    return _forecast(forecast_of(found, wanted, chosen, machine_word(allocation.cloud)))


@router.get("/allocations/{slug}/trail", response=TrailOut)
def get_trail(request: HttpRequest, slug: str, kind: str = "", person: str = "", after: str = "") -> TrailOut:
    """Who did what, newest first, as far as it concerns you. `kind`: people, spending, policies, machines, connections."""
    allocation = allocation_for(request.user, slug, Need.SEE)
    found = trail(allocation, person_of(request), kind=kind, person=person, after=after)
    entries = [
        TrailEntryOut(
            at=one.at,
            who=one.who,
            action=one.action,
            what=one.what,
            target=one.target,
            detail=dict(one.detail),
        )
        for one in found.entries
    ]
    return TrailOut(entries=entries, after=found.after)


def _resource(found: Resource) -> ResourceOverviewOut:
    balance, spending = found.balance, found.spending
    return ResourceOverviewOut(
        resource=found.key,
        state=spending.state,
        awarded=balance.awarded,
        used_reported=balance.used_reported,
        as_of=balance.as_of,
        used_since=balance.used_since,
        remaining=balance.remaining,
        percent_left=found.percent_left,
        burn_per_hour=spending.burn,
        break_even_per_hour=spending.break_even,
        runs_out_at=spending.as_is.runs_out_at if spending.state == "running" else None,
        starts_on=balance.starts_on,
        ends_on=balance.ends_on,
    )


def _end(found: End | None) -> EndOut | None:
    if found is None:
        return None
    return EndOut(
        ends_on=found.ending.ends_on,
        days_left=found.ending.days,
        resources=list(found.ending.resources),
        follows=[
            DeedOut(on=deed.on, what=deed.step.what, means=deed.step.means, final=deed.step.final)
            for deed in found.deeds
        ],
    )


def _forecast(found: Forecast) -> ForecastOut:
    spending, projection = found.resource.spending, found.projection
    return ForecastOut(
        resource=found.resource.key,
        burn_per_hour=spending.burn,
        runs_out_at=spending.as_is.runs_out_at,
        saved_per_hour=spending.saved,
        runs_out_at_if_shelved=spending.shelved.runs_out_at,
        likely_at=projection.runs_out_at,
        earliest=projection.earliest,
        latest=projection.latest,
        break_even_per_hour=projection.break_even_per_hour,
        as_is=found.as_is,
        if_shelved=found.if_shelved,
        likely=found.likely,
        days=[DayOut(on=day.on, spent=day.spent, left=day.left) for day in found.days],
    )
