"""One's own part in workshops, for programs: over the same rules as the page."""

from datetime import datetime
from typing import Any
from uuid import UUID

from django.http import HttpRequest
from ninja import Router, Schema, Status

from instances.workshops.access import parts_of, taking_part
from instances.workshops.learner import calls, steps
from instances.workshops.learner.room import Room, room_of
from portal.accounts.views_profile import person

router = Router(tags=["workshops"])


class PartOut(Schema):
    """`state`: invited, waiting, asking or in. `seat` is null without one."""

    workshop: UUID
    title: str
    state: str
    seat: int | None
    opens_at: datetime | None
    closes_at: datetime | None


class CallOut(Schema):
    """`ahead` of you in line; `by` comes, as soon as somebody said so."""

    text: str
    asked_at: datetime
    ahead: int
    by: str


class SaidOut(Schema):
    text: str
    by: str
    said_at: datetime
    until: datetime


class RoomOut(PartOut):
    """`phase` is what the page shows now, `words` says it; `looking_on` are those who are on your machine besides you."""

    phase: str
    words: str
    steps: list[str]
    step: int
    call: CallOut | None
    messages: list[SaidOut]
    looking_on: list[str]


class HelpIn(Schema):
    text: str = ""


class StepIn(Schema):
    """So many of the steps are done."""

    step: int


@router.get("/workshops/parts", response=list[PartOut])
def list_parts(request: HttpRequest) -> list[dict[str, Any]]:
    """The workshops that you take part in."""
    parts = parts_of(person(request)).order_by("workshop__closes_at", "pk")
    return [_part(one) for one in parts]


@router.get("/workshops/{workshop_id}/part", response=RoomOut)
def get_part(request: HttpRequest, workshop_id: UUID) -> dict[str, Any]:
    """How your part stands now."""
    return _room(room_of(request.user, workshop_id))


@router.post("/workshops/{workshop_id}/part/help", response=RoomOut)
def ask_for_help(request: HttpRequest, workshop_id: UUID, given: HelpIn) -> dict[str, Any]:
    """Ask for help. Asked again, the call keeps its place in line."""
    calls.ask(learner=taking_part(request.user, workshop_id), text=given.text)
    return _room(room_of(request.user, workshop_id))


@router.delete("/workshops/{workshop_id}/part/help", response={204: None})
def withdraw_help(request: HttpRequest, workshop_id: UUID) -> Status[Any]:
    """You need no help any more."""
    calls.withdraw(learner=taking_part(request.user, workshop_id))
    return Status(204, None)


@router.put("/workshops/{workshop_id}/part/step", response=RoomOut)
def mark_step(request: HttpRequest, workshop_id: UUID, given: StepIn) -> dict[str, Any]:
    """Say how far you are."""
    steps.mark(learner=taking_part(request.user, workshop_id), step=given.step)
    return _room(room_of(request.user, workshop_id))


def _part(part: Any) -> dict[str, Any]:
    seat, workshop = getattr(part, "seat", None), part.workshop
    return {
        "workshop": workshop.pk,
        "title": workshop.title,
        "state": part.state,
        "seat": seat.number if seat else None,
        "opens_at": workshop.opens_at,
        "closes_at": workshop.closes_at,
    }


def _room(room: Room) -> dict[str, Any]:
    call = calls.standing(room.part)
    return {
        **_part(room.part),
        "phase": room.phase.kind,
        "words": f"{room.phase.title}. {room.phase.words}".strip(),
        "steps": room.workshop.steps,
        "step": room.part.step,
        "call": call
        and {"text": call.call.text, "asked_at": call.call.asked_at, "ahead": call.ahead, "by": call.by},
        "messages": [
            {"text": one.text, "by": str(one.by or ""), "said_at": one.said_at, "until": one.until}
            for one in room.said
        ],
        "looking_on": [one.name for one in room.looking],
    }
