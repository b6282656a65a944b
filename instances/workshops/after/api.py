"""The report and what is left, for programs."""

from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.http import HttpRequest
from django.utils import timezone
from ninja import Router, Schema

from instances.workshops.access import workshop_for
from instances.workshops.after.figures import Spread
from instances.workshops.after.leavings import Leavings, leavings_of
from instances.workshops.after.report import LearnerLine, MeetingLine, report_of
from instances.workshops.clock import services
from instances.workshops.models import Workshop
from instances.workshops.rights import Right
from portal.accounts.views_profile import person

router = Router(tags=["workshops"])


class DurationsOut(Schema):
    """Of `count` durations, in seconds."""

    count: int
    middle: float
    longest: float


class ReportMeetingOut(Schema):
    """`su`: spent from the tail of the meeting before to its own; null: it has not begun."""

    title: str
    starts_at: datetime
    ends_at: datetime
    came: int
    su: Decimal | None


class PresenceOut(Schema):
    meeting: int
    first_at: datetime
    last_at: datetime


class ReportLearnerOut(Schema):
    """`present`: the meetings at which they were seen, counted from 1."""

    learner: UUID
    name: str
    seat: int | None
    present: list[PresenceOut]
    calls: int
    machines: int
    su: Decimal


class ReportOut(Schema):
    """`other_su`: of spares and of seats that nobody had. `replaced`: machines by why another took their place."""

    workshop: UUID
    total_su: Decimal
    other_su: Decimal
    kept_su: Decimal
    meetings: list[ReportMeetingOut]
    learners: list[ReportLearnerOut]
    machines_made: int
    replaced: dict[str, int]
    time_to_ready: DurationsOut | None
    calls: int
    calls_waited: DurationsOut | None


class LeavingsOut(Schema):
    """`counted`: at the cloud, by kind, at `counted_at`; empty: not yet. `waits`: what is waited for before the removal."""

    workshop: UUID
    state: str
    remove_after: datetime | None
    removed_at: datetime | None
    machines_made: int
    machines_left: int
    su_per_hour: Decimal
    waits: list[str]
    counted_at: datetime | None
    counted: dict[str, int]
    made: dict[str, int]


class KeepIn(Schema):
    """For so many days after the end."""

    days: int


@router.get("/workshops/{uuid:workshop_id}/report", response=ReportOut, url_name="workshop_report")
def workshop_report(request: HttpRequest, workshop_id: UUID) -> dict[str, Any]:
    workshop = workshop_for(request.user, workshop_id, Right.SEE)
    found = report_of(workshop, timezone.now())
    return {
        "workshop": workshop.pk,
        "total_su": found.total,
        "other_su": found.others,
        "kept_su": found.kept,
        "meetings": [_meeting(one) for one in found.meetings],
        "learners": [_learner(one) for one in found.learners],
        "machines_made": found.machines.made,
        "replaced": dict(found.machines.replaced),
        "time_to_ready": _durations(found.machines.ready),
        "calls": len(found.calls.rows),
        "calls_waited": _durations(found.calls.waited),
    }


@router.get("/workshops/{uuid:workshop_id}/left", response=LeavingsOut, url_name="workshop_left")
def workshop_left(request: HttpRequest, workshop_id: UUID) -> dict[str, Any]:
    return _left(workshop_for(request.user, workshop_id, Right.SEE))


@router.post("/workshops/{uuid:workshop_id}/keep", response=LeavingsOut, url_name="keep_workshop")
def keep_workshop(request: HttpRequest, workshop_id: UUID, given: KeepIn) -> dict[str, Any]:
    workshop = workshop_for(request.user, workshop_id, Right.PLAN)
    return _left(services.keep(workshop=workshop, by=person(request), days=given.days))


@router.post("/workshops/{uuid:workshop_id}/remove", response=LeavingsOut, url_name="remove_workshop")
def remove_workshop(request: HttpRequest, workshop_id: UUID) -> dict[str, Any]:
    """Everything that was made for one that has ended, now; what is still to be collected is not waited for."""
    workshop = workshop_for(request.user, workshop_id, Right.PLAN)
    return _left(services.remove_now(workshop=workshop, by=person(request)))


def _left(workshop: Workshop) -> dict[str, Any]:
    found: Leavings = leavings_of(workshop, timezone.now())
    return {
        "workshop": workshop.pk,
        "state": workshop.state,
        "remove_after": workshop.remove_after,
        "removed_at": workshop.removed_at,
        "machines_made": found.made,
        "machines_left": found.machines,
        "su_per_hour": found.hourly,
        "waits": list(found.waits),
        "counted_at": found.proof.at if found.proof else None,
        "counted": dict(found.proof.counted) if found.proof else {},
        "made": dict(found.proof.made) if found.proof else {},
    }


def _meeting(line: MeetingLine) -> dict[str, Any]:
    meeting = line.meeting
    return {
        "title": meeting.title,
        "starts_at": meeting.starts_at,
        "ends_at": meeting.ends_at,
        "came": line.came,
        "su": line.su,
    }


def _learner(line: LearnerLine) -> dict[str, Any]:
    return {
        "learner": line.learner.pk,
        "name": line.learner.name,
        "seat": line.seat,
        "present": [
            {"meeting": number, "first_at": one.first_at, "last_at": one.last_at}
            for number, one in enumerate(line.present, 1)
            if one is not None
        ],
        "calls": line.calls,
        "machines": line.machines,
        "su": line.su,
    }


def _durations(found: Spread | None) -> dict[str, Any] | None:
    return {"count": found.count, "middle": found.middle, "longest": found.longest} if found else None
