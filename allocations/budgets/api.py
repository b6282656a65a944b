"""Budgets over the API: one's own for everybody, all of them for who manages the allocation."""

from datetime import date, datetime
from decimal import Decimal
from typing import Literal, cast
from uuid import UUID

from django.http import HttpRequest
from django.utils import timezone
from ninja import Router, Schema, Status
from pydantic import Field

from allocations.access import allocation_for
from allocations.budgets import meters, overview_rows, services, services_people
from allocations.budgets.meters import Meter
from allocations.budgets.models import Budget, Group, Limits, Subject
from allocations.budgets.services import Place, Terms
from allocations.budgets.services_people import Bounds
from allocations.models import Allocation, Membership
from allocations.roles import Need
from portal.accounts.models import User
from portal.core.errors import PortalError

router = Router(tags=["budgets"])
StepName = Literal["", "tell", "block", "shelve"]


class MeterOut(Schema):
    """How a budget stands now. `spent` contains what runs and is not charged yet; `per_hour` what is spent now.

    `ends_at` null: no end in sight. `lasts_until` null: beyond the period, or nothing is spent.
    """

    title: str
    su: Decimal
    spent: Decimal
    left: Decimal
    percent: int
    period: str
    ends_at: datetime | None
    hard: bool
    blocked: bool
    per_hour: Decimal
    lasts_until: datetime | None
    says: str


class TermsIn(Schema):
    """`resource` empty: all. Periods begin at midnight UTC. `at_…`: what happens at that share of it."""

    su: Decimal = Field(ge=0, max_digits=16, decimal_places=3)
    resource: Literal["", "cpu", "gpu", "lm"] = ""
    period: Literal["grant", "month", "week", "day"] = "month"
    valid_from: date | None = None
    valid_to: date | None = None
    hard: bool = True
    at_80: StepName = "tell"
    at_90: StepName = "tell"
    at_100: StepName = "tell"
    grace_minutes: int = Field(60, ge=5, le=20_160)
    tell_managers: bool = True


class PlaceIn(Schema):
    """On one of these; on none: the default of each member without one of their own."""

    username: str = ""
    group: str = ""
    machine_id: str = ""


class BudgetIn(TermsIn, PlaceIn):
    pass


class BudgetOut(TermsIn):
    """`meter` null: a default, or a budget that does not hold today."""

    id: UUID
    subject: str
    name: str
    meter: MeterOut | None


class LimitsIn(Schema):
    """Null and empty limit nothing; `max_gpus` 0: none."""

    max_vcpus: int | None = Field(None, ge=0)
    max_ram_gb: int | None = Field(None, ge=0)
    flavor_groups: list[str] = []
    max_machines: int | None = Field(None, ge=0)
    max_gpus: int | None = Field(None, ge=0)
    lifetime_hours: int | None = Field(None, ge=1)
    shelve_at_end: bool = False


class LimitsOf(LimitsIn, PlaceIn):
    pass


class LimitsOut(LimitsIn):
    subject: str
    name: str


class GroupIn(Schema):
    name: str
    usernames: list[str]


@router.get("/allocations/{slug}/budgets/mine", response=list[MeterOut])
def my_budgets(request: HttpRequest, slug: str) -> list[MeterOut]:
    """What you may spend here, and have."""
    allocation = allocation_for(request.user, slug, Need.SEE)
    return [_meter(one) for one in meters.of_person(allocation, cast(User, request.user))]


@router.get("/allocations/{slug}/budgets", response=list[BudgetOut])
def list_budgets(request: HttpRequest, slug: str) -> list[BudgetOut]:
    """All that are set, with how they stand."""
    allocation = allocation_for(request.user, slug, Need.MANAGE)
    lines, _ = overview_rows.lines(allocation, timezone.now())
    return [_out(line.budget, line.meter) for line in lines]


@router.post("/allocations/{slug}/budgets", response={201: BudgetOut})
def set_budget(request: HttpRequest, slug: str, body: BudgetIn) -> Status[BudgetOut]:
    """Refused with 409 where the same one has a budget of this resource and period already: change that one."""
    allocation = allocation_for(request.user, slug, Need.MANAGE)
    made = services.create(
        allocation=allocation, by=cast(User, request.user), place=_place(allocation, body), terms=_terms(body)
    )
    return Status(201, _out(made, None))


@router.put("/allocations/{slug}/budgets/{uuid:id}", response=BudgetOut)
def change_budget(request: HttpRequest, slug: str, id: UUID, body: TermsIn) -> BudgetOut:
    """The terms from now on, all of them."""
    allocation, by = allocation_for(request.user, slug, Need.MANAGE), cast(User, request.user)
    budget = services.budget_for(by, allocation, id)
    return _out(services.change(budget=budget, by=by, terms=_terms(body)), None)


@router.delete("/allocations/{slug}/budgets/{uuid:id}", response={204: None})
def delete_budget(request: HttpRequest, slug: str, id: UUID) -> Status[None]:
    allocation, by = allocation_for(request.user, slug, Need.MANAGE), cast(User, request.user)
    services.delete(budget=services.budget_for(by, allocation, id), by=by)
    return Status(204, None)


@router.get("/allocations/{slug}/limits", response=list[LimitsOut])
def list_limits(request: HttpRequest, slug: str) -> list[LimitsOut]:
    allocation = allocation_for(request.user, slug, Need.MANAGE)
    return [_limits(line.limits) for line in overview_rows.limits(allocation)]


@router.put("/allocations/{slug}/limits", response={200: LimitsOut, 204: None})
def set_limits(request: HttpRequest, slug: str, body: LimitsOf) -> Status[LimitsOut | None]:
    """What holds from now on for a member, a group, or all without their own; nothing limited: they are taken away (204)."""
    allocation = allocation_for(request.user, slug, Need.MANAGE)
    bounds = Bounds(
        **{**body.dict(include=set(LimitsIn.model_fields)), "flavor_groups": tuple(body.flavor_groups)}
    )
    found = services_people.set_limits(
        allocation=allocation, by=cast(User, request.user), place=_place(allocation, body), bounds=bounds
    )
    return Status(200, _limits(found)) if found else Status(204, None)


@router.put("/allocations/{slug}/groups", response=GroupIn)
def save_group(request: HttpRequest, slug: str, body: GroupIn) -> GroupIn:
    """Make the group of that name, or give it these people from now on."""
    allocation = allocation_for(request.user, slug, Need.MANAGE)
    saved = services_people.save_group(
        allocation=allocation,
        by=cast(User, request.user),
        name=body.name,
        people=[_person(allocation, name) for name in body.usernames],
        group=Group.objects.filter(allocation=allocation, name=body.name).first(),
    )
    return GroupIn(name=saved.name, usernames=body.usernames)


def _place(allocation: Allocation, body: PlaceIn) -> Place:
    if sum(map(bool, (body.username, body.group, body.machine_id))) > 1:
        raise PortalError("budgets:bad-value", reason="It is set on one of username, group and machine_id.")
    user = _person(allocation, body.username) if body.username else None
    group = Group.objects.filter(allocation=allocation, name=body.group).first() if body.group else None
    if body.group and group is None:
        raise PortalError("budgets:bad-value", reason=f"There is no group “{body.group[:80]}”.")
    return Place(user=user, group=group, machine_id=body.machine_id)


def _person(allocation: Allocation, username: str) -> User:
    live = Membership.objects.filter(allocation=allocation, ended_at=None, user__username=username)
    found = live.select_related("user").first()
    if found is None:
        raise PortalError("budgets:nobody", name=username[:80])
    return found.user


def _terms(body: TermsIn) -> Terms:
    return Terms(**body.dict(include=set(TermsIn.model_fields)))


def _meter(one: Meter) -> MeterOut:
    return MeterOut(**{name: getattr(one, name) for name in MeterOut.model_fields})


def _out(budget: Budget, found: Meter | None) -> BudgetOut:
    return BudgetOut(
        id=budget.pk,
        subject=Subject(budget.subject).value,
        name=budget.name,
        meter=_meter(found) if found else None,
        **{name: getattr(budget, name) for name in TermsIn.model_fields},
    )


def _limits(row: Limits) -> LimitsOut:
    return LimitsOut(
        subject=row.subject, name=row.name, **{name: getattr(row, name) for name in LimitsIn.model_fields}
    )
