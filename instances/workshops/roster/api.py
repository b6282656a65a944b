"""The roster and the link of a class, over the same services as the pages."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from django.http import HttpRequest
from ninja import Field, Query, Router, Schema, Status

from instances.workshops.access import learner_for, workshop_for
from instances.workshops.models import Learner
from instances.workshops.rights import Right
from instances.workshops.roster import acts, links, listing, services, sheets
from instances.workshops.roster.people import words
from portal.accounts.views_profile import person
from portal.core.csv_in import Bad
from portal.core.errors import PortalError

router = Router(tags=["workshops"])
_AT = "/workshops/{uuid:workshop_id}"
What = Literal["invite", "seat", "waiting", "approve", "decline", "remove", "let-in"]


class LearnerOut(Schema):
    id: UUID
    name: str
    email: str
    access_id: str
    state: str
    seat: int | None = Field(description="The number of their seat")
    place: int = Field(description="In the waiting list; 0: not in it")
    via: str
    added_at: datetime
    joined_at: datetime | None
    seen_at: datetime | None


class RosterPage(Schema):
    items: list[LearnerOut]
    matched: int
    counts: dict[str, int]
    next_after: str


class ListQuery(Schema):
    q: str = ""
    state: str = ""
    sort: str = "name"
    after: str = ""


class PersonIn(Schema):
    name: str = Field("", max_length=150)
    email: str = Field("", max_length=254)
    access_id: str = Field("", max_length=150)


class AddIn(Schema):
    people: list[PersonIn] = Field(max_length=sheets.MOST)


class PassedOver(Schema):
    """`number`: in the list that was sent, from 1."""

    number: int
    name: str
    reason: str


class AddedOut(Schema):
    added: list[LearnerOut]
    passed_over: list[PassedOver]


class LinkIn(Schema):
    cap: int | None = Field(None, ge=1, le=links.LARGEST_CAP, description="Seats that it gives at most")


class LinkOut(Schema):
    address: str
    code: str
    cap: int | None
    made_at: datetime


@router.get(f"{_AT}/roster", response=RosterPage)
def list_learners(request: HttpRequest, workshop_id: UUID, query: Query[ListQuery]) -> RosterPage:
    """`state`: in, invited, waiting, asking, out; `sort`: name, state, added, came, with a minus the other way round."""
    workshop = workshop_for(request.user, workshop_id, Right.HELP)
    found = listing.listed(workshop, listing.Query.read(query.model_dump()))
    return RosterPage(
        items=[_out(row) for row in found.rows],
        matched=found.matched,
        counts=dict(found.counts),
        next_after=found.next_after,
    )


@router.post(f"{_AT}/roster", response={201: AddedOut})
def add_learners(request: HttpRequest, workshop_id: UUID, given: AddIn) -> Status[AddedOut]:
    """Nobody is written to: invite them afterwards."""
    workshop = workshop_for(request.user, workshop_id, Right.RUN)
    sheet = _sheet(given.people)
    if not sheet.entries:
        raise PortalError("roster:nobody", reason=sheet.bad[0].why if sheet.bad else "the list is empty.")
    added = services.add(workshop=workshop, by=person(request), entries=sheet.entries)
    people = listing.people(workshop).filter(pk__in=[one.pk for one in (*added.made, *added.again)])
    passed = sorted((*sheet.bad, *added.sheet.bad), key=lambda bad: bad.line)
    return Status(
        201,
        AddedOut(
            added=[_out(row) for row in listing.rows_of(list(people))],
            passed_over=[PassedOver(number=bad.line, name=bad.text, reason=bad.why) for bad in passed],
        ),
    )


@router.post("/learners/{uuid:learner_id}/{what}", response=LearnerOut)
def change_learner(request: HttpRequest, learner_id: UUID, what: What) -> LearnerOut:
    learner = learner_for(request.user, learner_id, Right.RUN)
    acts.ACTS[what].do(learner, person(request))
    return _out(listing.rows_of(list(listing.people(learner.workshop).filter(pk=learner.pk)))[0])


@router.delete("/learners/{uuid:learner_id}", response={204: None})
def remove_learner(request: HttpRequest, learner_id: UUID) -> Status[None]:
    """Their sessions at the seat end at once, and the seat goes to the next in line."""
    learner = learner_for(request.user, learner_id, Right.RUN)
    services.remove(learner=learner, by=person(request))
    return Status(204, None)


@router.get(f"{_AT}/link", response=LinkOut)
def get_link(request: HttpRequest, workshop_id: UUID) -> LinkOut:
    workshop = workshop_for(request.user, workshop_id, Right.RUN)
    link = links.live(workshop)
    if link is None:
        raise PortalError("portal:not-found")
    return _link(links.shown(link))


@router.post(f"{_AT}/link", response={201: LinkOut})
def make_link(request: HttpRequest, workshop_id: UUID, given: LinkIn) -> Status[LinkOut]:
    """One that there was before is good no more."""
    workshop = workshop_for(request.user, workshop_id, Right.RUN)
    return Status(201, _link(links.shown(links.make(workshop=workshop, by=person(request), cap=given.cap))))


@router.delete(f"{_AT}/link", response={204: None})
def revoke_link(request: HttpRequest, workshop_id: UUID) -> Status[None]:
    workshop = workshop_for(request.user, workshop_id, Right.RUN)
    links.revoke(workshop=workshop, by=person(request))
    return Status(204, None)


def _sheet(people: list[PersonIn]) -> sheets.Sheet:
    """By the same rules as a file; numbers are those of the list that was sent."""
    entries: list[sheets.Entry] = []
    bad: list[Bad] = []
    for number, one in enumerate(people, start=1):
        found = sheets.read(sheets.lines([sheets.Entry(number, one.name, one.email, one.access_id)]), words())
        entries += [sheets.Entry(number, kept.name, kept.email, kept.access_id) for kept in found.entries]
        bad += [Bad(number, wrong.text, wrong.why) for wrong in found.bad]
    return sheets.together(sheets.Sheet(tuple(entries), tuple(bad)))


def _out(row: listing.Row) -> LearnerOut:
    one: Learner = row.learner
    return LearnerOut(
        id=one.pk,
        name=one.name,
        email=one.email,
        access_id=one.access_id,
        state=one.state,
        seat=row.seat,
        place=row.place,
        via=one.via,
        added_at=one.added_at,
        joined_at=one.joined_at,
        seen_at=one.seen_at,
    )


def _link(shown: links.Shown) -> LinkOut:
    return LinkOut(address=shown.address, code=shown.code, cap=shown.link.cap, made_at=shown.link.made_at)
