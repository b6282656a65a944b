"""The usage report, rates, and for operators all allocations: the same figures as the pages, and as files."""

from datetime import date, datetime
from decimal import Decimal

from django.http import HttpRequest, StreamingHttpResponse
from django.utils import timezone
from ninja import Router, Schema

from allocations.access import allocation_for, require_operator
from allocations.reports.health import KINDS
from allocations.reports.models import AllocationHealth
from allocations.reports.overall import OverallQuery, overall
from allocations.reports.query import ReportQuery
from allocations.reports.rate_history import histories
from allocations.reports.report import Report, report_of
from allocations.reports.tables import Row
from allocations.reports.tabular import OVERALL_HEADER, USAGE_HEADER, overall_rows, usage_rows
from allocations.roles import Need
from portal.cloud.config import clouds
from portal.core import csv_out

router = Router(tags=["reports"])


class UsageRow(Schema):
    """`key`: of a person or machine, to ask further with; `share`: percent of the total."""

    key: str
    name: str
    owner: str
    su: Decimal
    share: Decimal
    by_resource: dict[str, Decimal]


class UsageSeries(Schema):
    """SUs of one row for each of the report's `stretches`; the smallest rows are one series together."""

    key: str
    name: str
    su: list[Decimal]


class UsageOut(Schema):
    """Days are UTC days, `first` and `last` included. `own_only`: what others spent is one sum."""

    first: date
    last: date
    by: str
    every: str
    total: Decimal
    of_all: Decimal
    own_only: bool
    rows: list[UsageRow]
    stretches: list[date]
    series: list[UsageSeries]


class HealthOut(Schema):
    """One allocation as operators see it. Figures are those of the moment `as_of`."""

    slug: str
    cloud: str
    region: str
    project_id: str
    project_name: str
    title: str
    pi_name: str
    health: list[str]
    resource: str
    awarded: Decimal
    used: Decimal
    used_percent: Decimal
    remaining: Decimal
    su_per_hour: Decimal
    su_in_7_days: Decimal
    ends_on: date | None
    members: int
    connected: int
    machines: int
    running: int
    in_error: int
    quota_percent: int
    quota: str
    ran_at: datetime
    unread_since: datetime | None
    as_of: datetime


class HealthPage(Schema):
    """`next_after` empty: this is the last page. `counts`: of all allocations, by health."""

    items: list[HealthOut]
    next_after: str
    matched: int
    counts: dict[str, int]


class RateOut(Schema):
    """`valid_to` is the first day on which the rate no longer holds. `flavors`: a pattern, from the beginning of a name."""

    cloud: str
    flavors: str
    groups: list[str]
    resource: str
    per_vcpu_hour: Decimal
    valid_from: date | None
    valid_to: date | None
    state: str


@router.get("/allocations/{slug}/usage", response=UsageOut)
def get_usage(
    request: HttpRequest, slug: str, by: str = "person", every: str = "", period: str = ""
) -> UsageOut:
    """`period`: week, last-week, month, last-month, grant; or days with `from` and `to`. Filters: `person`, `resource`."""
    allocation = allocation_for(request.user, slug, Need.SEE)
    report = report_of(allocation, request.user, ReportQuery.read(request.GET), timezone.now())
    return _usage(report)


@router.get("/allocations/{slug}/usage.csv", response=None)
def get_usage_csv(request: HttpRequest, slug: str) -> StreamingHttpResponse:
    """Each machine, person and size in each stretch of time, with the same parameters."""
    allocation = allocation_for(request.user, slug, Need.SEE)
    today = timezone.now().date()
    rows = usage_rows(allocation, request.user, ReportQuery.read(request.GET), today)
    return csv_out.response(request, f"usage-{allocation.slug}-{today}", USAGE_HEADER, rows)


@router.get("/operator/allocations", response=HealthPage)
def list_all_allocations(
    request: HttpRequest, q: str = "", health: str = "", place: str = "", sort: str = "", after: str = ""
) -> HealthPage:
    """All allocations, for operators. `health`: over, ended, ending, erroring, unconnected, quota, idle, any or well."""
    require_operator(request.user)
    found = overall(OverallQuery.read(request.GET))
    items = [_health(row) for row in found.rows]
    return HealthPage(
        items=items, next_after=found.next_after, matched=found.matched, counts=dict(found.counts)
    )


@router.get("/operator/allocations.csv", response=None)
def list_all_allocations_csv(request: HttpRequest) -> StreamingHttpResponse:
    """The whole list as a file, with the same parameters."""
    require_operator(request.user)
    rows = overall_rows(OverallQuery.read(request.GET))
    return csv_out.response(request, f"allocations-{timezone.now():%Y-%m-%d}", OVERALL_HEADER, rows)


@router.get("/rates", response=list[RateOut])
def list_rates(request: HttpRequest) -> list[RateOut]:
    """What machines cost, did cost and will cost, in the order of precedence."""
    today = timezone.now().date()
    return [
        RateOut(
            cloud=name,
            flavors=history.pattern,
            groups=[group.name for group in history.groups],
            resource=spell.rate.resource,
            per_vcpu_hour=spell.rate.per_vcpu_hour,
            valid_from=spell.rate.valid_from,
            valid_to=spell.rate.valid_to,
            state=spell.state,
        )
        for name, cloud in clouds().clouds.items()
        for history in histories(cloud.portal, today)
        for spell in history.spells
    ]


def _usage(report: Report) -> UsageOut:
    return UsageOut(
        first=report.period.first,
        last=report.period.last,
        by=report.query.by,
        every=report.every,
        total=report.total,
        of_all=report.of_all,
        own_only=report.own_only,
        rows=[_row(row) for row in report.rows],
        stretches=list(report.stretches),
        series=[UsageSeries(key=band.key, name=band.name, su=list(band.su)) for band in report.bands],
    )


def _row(row: Row) -> UsageRow:
    return UsageRow(
        key=row.key,
        name=row.name,
        owner=row.detail,
        su=row.su,
        share=row.share,
        by_resource=dict(row.by_resource),
    )


def _health(row: AllocationHealth) -> HealthOut:
    of = row.allocation
    return HealthOut(
        slug=of.slug,
        cloud=of.cloud,
        region=of.region,
        project_id=of.project_id,
        project_name=of.project_name,
        title=of.title,
        pi_name=of.pi_name,
        health=[kind.name for kind in KINDS if getattr(row, kind.name)],
        resource=row.resource,
        awarded=row.awarded,
        used=row.used,
        used_percent=row.used_percent,
        remaining=row.remaining,
        su_per_hour=row.burn,
        su_in_7_days=row.week,
        ends_on=row.ends_on,
        members=row.members,
        connected=row.connected,
        machines=row.machines,
        running=row.running,
        in_error=row.errors,
        quota_percent=row.quota_percent,
        quota=row.quota_name,
        ran_at=row.ran_at,
        unread_since=row.unread_since,
        as_of=row.at,
    )
