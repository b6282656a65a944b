"""Workshops for programs, over the same services as the pages."""

from typing import Any
from uuid import UUID

from django.http import HttpRequest
from django.utils import timezone
from ninja import Router, Status

from allocations.access import allocation_for
from allocations.models import Allocation
from allocations.roles import Need
from instances.workshops.access import plannable, workshop_for, workshops_in, workshops_run_by
from instances.workshops.clock import services as clock
from instances.workshops.courses import gathering, offering, services, shown
from instances.workshops.courses.api_shapes import (
    EndOut,
    ExtendIn,
    PlanIn,
    PreflightOut,
    WantedIn,
    WorkshopOut,
    WorkshopsOut,
)
from instances.workshops.models import Workshop
from instances.workshops.rights import Right
from portal.accounts.models import User
from portal.accounts.views_profile import person

router = Router(tags=["workshops"])
_ONE = "/workshops/{uuid:workshop_id}"
_MOST = 200


@router.get("/workshops", response=WorkshopsOut, url_name="list_own_workshops")
def list_own_workshops(request: HttpRequest) -> dict[str, Any]:
    """All that the caller runs, helps at, or takes part in."""
    user, now = person(request), timezone.now()
    rows = list(workshops_run_by(user)[:_MOST])
    learnt = [
        {
            **_line_of(part.learner.workshop),
            "ready": 0,
            "next_at": part.next_at,
            "spent_su": None,
            "learns": True,
        }
        for part in shown.parts(user, now)
    ]
    return {"workshops": [*_lines(rows, user), *learnt]}


@router.get("/allocations/{slug}/workshops", response=WorkshopsOut, url_name="list_workshops")
def list_workshops(request: HttpRequest, slug: str) -> dict[str, Any]:
    allocation, user = allocation_for(request.user, slug, Need.SEE), person(request)
    return {"workshops": _lines(list(workshops_in(user, allocation)[:_MOST]), user)}


@router.post("/allocations/{slug}/workshops", response={201: WorkshopOut}, url_name="create_workshop")
def create_workshop(request: HttpRequest, slug: str, given: WantedIn) -> Status[dict[str, Any]]:
    """A draft: nothing is built before it is planned."""
    allocation: Allocation = plannable(request.user, slug)
    made = services.create(allocation=allocation, by=person(request), wanted=given)
    return Status(201, _out(made))


@router.get(_ONE, response=WorkshopOut, url_name="get_workshop")
def get_workshop(request: HttpRequest, workshop_id: UUID) -> dict[str, Any]:
    return _out(workshop_for(request.user, workshop_id, Right.SEE))


@router.patch(_ONE, response=WorkshopOut, url_name="change_workshop")
def change_workshop(request: HttpRequest, workshop_id: UUID, given: WantedIn) -> dict[str, Any]:
    """Fields that are not sent are not touched."""
    workshop, user = workshop_for(request.user, workshop_id, Right.RUN), person(request)
    services.change(workshop=workshop, by=user, wanted=given)
    return _out(workshop_for(user, workshop_id, Right.RUN))


@router.get(f"{_ONE}/preflight", response=PreflightOut, url_name="preflight_workshop")
def preflight_workshop(request: HttpRequest, workshop_id: UUID) -> dict[str, Any]:
    """Has the numbers of the allocation in it, so that it is for those who plan."""
    workshop, user = workshop_for(request.user, workshop_id, Right.PLAN), person(request)
    return _preflight(workshop, user)


@router.post(f"{_ONE}/plan", response=WorkshopOut, url_name="plan_workshop")
def plan_workshop(request: HttpRequest, workshop_id: UUID, given: PlanIn) -> dict[str, Any]:
    """Refused while something blocks; `known` where something is warned of."""
    workshop, user = workshop_for(request.user, workshop_id, Right.PLAN), person(request)
    services.plan(workshop=workshop, by=user, known=given.known)
    return _out(workshop_for(user, workshop_id, Right.PLAN))


@router.post(f"{_ONE}/extend", response=EndOut, url_name="extend_workshop")
def extend_workshop(request: HttpRequest, workshop_id: UUID, given: ExtendIn) -> dict[str, Any]:
    """The meeting that runs, by 15, 30 or 60 minutes."""
    workshop, user = workshop_for(request.user, workshop_id, Right.RUN), person(request)
    return {"ends_at": clock.extend(workshop=workshop, by=user, minutes=given.minutes, seen=given.seen)}


@router.post(f"{_ONE}/end", response=EndOut, url_name="end_workshop")
def end_workshop(request: HttpRequest, workshop_id: UUID) -> dict[str, Any]:
    """The meeting that runs ends now; its tail is left for saving."""
    workshop, user = workshop_for(request.user, workshop_id, Right.RUN), person(request)
    return {"ends_at": clock.end_now(workshop=workshop, by=user)}


def _lines(rows: list[Workshop], user: User) -> list[dict[str, Any]]:
    return [
        {
            **_line_of(one.workshop),
            "ready": one.ready,
            "next_at": one.next_at,
            "spent_su": one.spent,
            "learns": False,
        }
        for one in shown.lines(rows, user, timezone.now())
    ]


def _line_of(row: Workshop) -> dict[str, Any]:
    fields = {name: getattr(row, name) for name in ("title", "state", "seats")}
    return {"id": row.pk, "allocation": row.allocation.slug, **fields}


def _out(row: Workshop) -> dict[str, Any]:
    names = (
        *("title", "state", "time_zone", "seats", "spares", "image_id", "image_name", "flavor_id"),
        *("flavor_name", "su_cap", "opens_at", "closes_at", "remove_after"),
    )
    row.refresh_from_db(fields=["opens_at", "closes_at", "remove_after", "state"])
    return {
        "id": row.pk,
        "allocation": row.allocation.slug,
        "owner": str(row.owner) if row.owner else "",
        **{name: getattr(row, name) for name in names},
        "meetings": list(
            row.meetings.values("title", "day", "begins", "ends", "starts_at", "ends_at").order_by(
                "starts_at"
            )
        ),
    }


def _preflight(workshop: Workshop, user: User) -> dict[str, Any]:
    checked = gathering.check(workshop, user, sizes=False)
    cost = checked.cost
    return {
        "findings": [
            {name: getattr(one, name) for name in ("id", "level", "title", "what", "todo")}
            for one in checked.report.findings
        ],
        "quota": [
            {name: getattr(one, name) for name in ("resource", "asked", "used", "others", "limit", "lacking")}
            for one in checked.report.needs
        ],
        "meetings": [
            {"starts_at": one.starts_at, "ends_at": one.ends_at, "su": one.su}
            for one in offering.lines(workshop, user, checked)
        ],
        "total_su": cost.total if cost and cost.priced else None,
        "su_per_hour": checked.su_per_hour,
        "earliest": checked.earliest,
        "request": offering.letter(workshop, user, checked),
    }
