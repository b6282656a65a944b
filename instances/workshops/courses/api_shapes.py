"""How workshops look to programs."""

from datetime import date, datetime, time
from decimal import Decimal
from uuid import UUID

from ninja import Schema
from pydantic import AwareDatetime, Field

from instances.workshops.courses.wanted import Wanted


class MeetingOut(Schema):
    """Wall-clock times of the workshop's zone, and the moments that they are."""

    title: str
    day: date
    begins: time
    ends: time
    starts_at: datetime
    ends_at: datetime


class WorkshopOut(Schema):
    id: UUID
    allocation: str
    title: str
    state: str
    owner: str
    time_zone: str
    seats: int
    spares: int
    image_id: str
    image_name: str
    flavor_id: str
    flavor_name: str
    su_cap: Decimal | None
    opens_at: datetime | None
    closes_at: datetime | None
    remove_after: datetime | None
    meetings: list[MeetingOut]


class WorkshopLineOut(Schema):
    """`spent_su`: up to now. `learns`: whether the caller takes part rather than runs it."""

    id: UUID
    allocation: str
    title: str
    state: str
    seats: int
    ready: int
    next_at: datetime | None
    spent_su: Decimal | None
    learns: bool


class WorkshopsOut(Schema):
    workshops: list[WorkshopLineOut]


class FindingOut(Schema):
    """`level`: block (planning is refused) or warn (planning asks whether it is known)."""

    id: str
    level: str
    title: str
    what: str
    todo: str


class NeedOut(Schema):
    """One quota. `others`: of workshops of the project at the same time. RAM in MB, volumes in GB."""

    resource: str
    asked: int
    used: int
    others: int
    limit: int | None
    lacking: int


class MeetingCostOut(Schema):
    starts_at: datetime
    ends_at: datetime
    su: Decimal | None


class PreflightOut(Schema):
    """`earliest`: when all of it could be ready, were it begun now. `request`: the text that asks for more quota."""

    findings: list[FindingOut]
    quota: list[NeedOut]
    meetings: list[MeetingCostOut]
    total_su: Decimal | None
    su_per_hour: Decimal | None
    earliest: datetime
    request: str


class PlanIn(Schema):
    """`known`: what is warned of is known."""

    known: bool = False


class ExtendIn(Schema):
    """`seen`: the end as the caller knows it; where somebody has moved it meanwhile, it stays as it is."""

    minutes: int = Field(ge=1, le=240)
    seen: AwareDatetime | None = None


class EndOut(Schema):
    ends_at: datetime


WantedIn = Wanted
