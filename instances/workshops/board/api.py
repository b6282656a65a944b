"""The board for programs: seats, acts on them, and calls for help, over the same services as the pages."""

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from django.http import HttpRequest
from ninja import Router, Schema, Status

from instances.workshops.access import call_for, workshop_for
from instances.workshops.board import acting
from instances.workshops.board.acts import ACTS
from instances.workshops.board.choosing import Asked, chosen
from instances.workshops.board.facts import Placed, read
from instances.workshops.board.views_calls import DOES
from instances.workshops.learner import calls, messages
from instances.workshops.models import HelpRequest
from instances.workshops.rights import Right
from portal.accounts.views_profile import person
from portal.core.errors import PortalError

router = Router(tags=["workshops"])
ActName = Literal["start", "stop", "shelve", "release", "reset", "swap", "replace"]


class SeatOut(Schema):
    """`key` names it within the workshop; `state` is what the board shows, `stage` where its machine is."""

    id: UUID
    key: str
    state: str
    stage: str
    said: str
    problem: str
    spare: bool
    learner: str
    step: int
    seen_at: datetime | None
    helpers: list[str]
    cpu_percent: float | None
    gpu_percent: float | None
    machine: UUID | None
    next_try_at: datetime | None


class BoardOut(Schema):
    words: str
    seats: int
    ready: int
    joined: int
    need_help: int
    broken: int
    replaced: int
    spares: int
    spares_ready: int
    list: list[SeatOut]


class ActIn(Schema):
    """`seats` by their keys, or `which` by a word (all, broken, idle, not-joined, help, away, spares).

    `confirm_count`: how many seats it is, for what destroys: reset, swap, replace.
    """

    seats: list[str] = []
    which: str = ""
    keep_home: bool = True
    confirm_count: int | None = None


class ResultOut(Schema):
    """`problem` empty: accepted."""

    seat: str
    problem: str
    todo: str


class SayIn(Schema):
    """Without `seats` and `which`, or with `which` "all": to everybody, also to who joins while it stands."""

    text: str
    minutes: int = 15
    seats: list[str] = []
    which: str = ""


class SaidOut(Schema):
    id: UUID
    until: datetime


class CallOut(Schema):
    id: UUID
    learner: str
    seat: str
    step: int
    text: str
    asked_at: datetime
    claimed_by: str


@router.get("/workshops/{uuid:workshop_id}/seats", response=BoardOut, url_name="list_seats")
def list_seats(request: HttpRequest, workshop_id: UUID) -> dict[str, Any]:
    """How each seat stands, and the counts in words."""
    room = read(workshop_for(request.user, workshop_id, Right.SEE))
    counts = room.counts
    names = ("words", "seats", "ready", "joined", "broken", "replaced", "spares", "spares_ready")
    return {
        **{name: getattr(counts, name) for name in names},
        "need_help": counts.help,
        "list": [_seat(one) for one in room.placed],
    }


@router.post(
    "/workshops/{uuid:workshop_id}/seats/acts/{act}",
    response={202: list[ResultOut]},
    url_name="act_on_seats",
)
def act_on_seats(request: HttpRequest, workshop_id: UUID, act: ActName, given: ActIn) -> Status[Any]:
    """Each seat that can is acted on, each that cannot is told why; what was refused comes first."""
    wanted = ACTS[act]
    workshop = workshop_for(request.user, workshop_id, wanted.right)
    found = acting.candidates(wanted, chosen(read(workshop), Asked.read(given.seats, given.which)))
    able = sum(1 for one in found if not one.reason)
    if wanted.counted and given.confirm_count != able:
        raise PortalError("portal:bad-input", reason=f"confirm_count must be the number of seats: {able}.")
    results = acting.carry_out(act=wanted, found=found, by=person(request), keep_home=given.keep_home)
    return Status(202, [_result(one) for one in results])


@router.post("/workshops/{uuid:workshop_id}/messages", response={201: SaidOut}, url_name="say_on_screens")
def say_on_screens(request: HttpRequest, workshop_id: UUID, given: SayIn) -> Status[Any]:
    """A message on the learners' screens, for some minutes."""
    workshop = workshop_for(request.user, workshop_id, Right.RUN)
    everybody = given.which == "all" or not (given.seats or given.which)
    asked = Asked.read(given.seats, given.which)
    seats = None if everybody else [one.seat for one in chosen(read(workshop), asked)]
    made = messages.say(
        workshop=workshop, by=person(request), seats=seats, text=given.text, minutes=given.minutes
    )
    return Status(201, {"id": made.pk, "until": made.until})


@router.get("/workshops/{uuid:workshop_id}/calls", response=list[CallOut], url_name="list_calls")
def list_calls(request: HttpRequest, workshop_id: UUID) -> list[dict[str, Any]]:
    """Open calls for help, in the order in which they were made."""
    workshop = workshop_for(request.user, workshop_id, Right.SEE)
    return [_call(one) for one in calls.open_calls(workshop)]


@router.post(
    "/workshops/{uuid:workshop_id}/calls/{uuid:call_id}/{what}",
    response=list[CallOut],
    url_name="answer_call",
)
def answer_call(
    request: HttpRequest, workshop_id: UUID, call_id: UUID, what: Literal["claim", "leave", "done"]
) -> list[dict[str, Any]]:
    """`claim` says that you come: who is second is refused. What is open afterwards is the answer."""
    call = call_for(request.user, call_id, Right.HELP)
    if call.workshop_id != workshop_id:
        raise PortalError("workshops:unknown")
    DOES[what](call=call, by=person(request))
    return [_call(one) for one in calls.open_calls(call.workshop)]


def _seat(one: Placed) -> dict[str, Any]:
    facts = one.facts
    return {
        "id": one.seat.pk,
        "key": one.key,
        "state": one.tile.state,
        "stage": facts.stage,
        "said": one.tile.said,
        "problem": facts.problem,
        "spare": facts.spare,
        "learner": facts.name,
        "step": facts.step,
        "seen_at": facts.seen_at,
        "helpers": list(facts.helpers),
        "cpu_percent": facts.cpu,
        "gpu_percent": facts.gpu,
        "machine": one.seat.instance_id,
        "next_try_at": facts.not_before if facts.stage in ("empty", "broken") else None,
    }


def _result(report: acting.Report) -> dict[str, str]:
    if report.problem is None:
        return {"seat": report.one.key, "problem": "", "todo": ""}
    words = report.problem.problem
    return {"seat": report.one.key, "problem": words.what, "todo": words.todo}


def _call(call: HelpRequest) -> dict[str, Any]:
    seat = getattr(call.learner, "seat", None)
    return {
        "id": call.pk,
        "learner": call.learner.name,
        "seat": str(seat or ""),
        "step": call.learner.step,
        "text": call.text,
        "asked_at": call.asked_at,
        "claimed_by": str(call.claimed_by or ""),
    }
