"""Members, their roles, and invitation links, over the same services as the pages."""

from collections.abc import Mapping
from uuid import UUID

from django.http import HttpRequest
from ninja import Router, Status

from allocations.access import allocation_for
from allocations.hooks_people import Choice
from allocations.members import adding, inviting, listing, removing, roles, sheets
from allocations.members import api_shapes as shapes
from allocations.members.api_shapes import (
    AddIn,
    AskedOut,
    ChoiceIn,
    DepartureOut,
    InvitationIn,
    InvitationOut,
    MemberPage,
    RemoveIn,
    RoleIn,
    ThingOut,
)
from allocations.members.models import Departure, Invitation
from allocations.members.people import crew, key_of
from allocations.members.rows import rows_of
from allocations.members.sheets import Bad, Entry, Sheet
from allocations.models import Allocation
from allocations.roles import Need, allows
from allocations.sources.models import MembershipRequest
from allocations.sources.people import Person
from portal.accounts.models import User
from portal.accounts.views_profile import person as signed_in
from portal.core.errors import PortalError

router = Router(tags=["members"])
_AT = "/allocations/{slug}"


@router.get(f"{_AT}/members", response=MemberPage)
def list_members(
    request: HttpRequest,
    slug: str,
    q: str = "",
    role: str = "",
    state: str = "",
    sort: str = "role",
    page: int = 1,
) -> MemberPage:
    """`sort`: name, role, state, active, machines, week, month, period; with a minus before it the other way round."""
    allocation, viewer = allocation_for(request.user, slug, Need.SEE), signed_in(request)
    query = listing.Query.read({"q": q, "role": role, "state": state, "sort": sort, "page": str(page)})
    rows, starts = rows_of(crew(allocation), viewer)
    found = listing.listed(rows, starts, query)
    manages = allows(allocation.viewer_role, Need.MANAGE)
    return MemberPage(
        items=[shapes.member(row, manages) for row in found.rows],
        matched=found.matched,
        page=found.number,
        pages=found.pages,
    )


@router.post(f"{_AT}/members", response={202: list[AskedOut]})
def add_members(request: HttpRequest, slug: str, given: AddIn) -> Status[list[AskedOut]]:
    """Asks for those who can be asked for. How it goes on: `state` and `state_words` in the list."""
    allocation, viewer = allocation_for(request.user, slug, Need.MANAGE), signed_in(request)
    sheet = _sheet(given)
    planned = adding.preview(
        allocation=allocation, by=viewer, sheet=sheet, role=given.role, resources=given.resources
    )
    rows = adding.add(
        allocation=allocation,
        by=viewer,
        sheet=sheet,
        role=given.role,
        resources=given.resources,
        comment=given.comment,
    )
    return Status(202, _told(planned, rows))


@router.post(f"{_AT}/members/{{key}}/role", response={204: None})
def change_role(request: HttpRequest, slug: str, key: str, given: RoleIn) -> Status[None]:
    """In force at once, in all regions of the project."""
    allocation = allocation_for(request.user, slug, Need.MANAGE)
    roles.change(allocation=allocation, by=signed_in(request), key=key, role=given.role)
    return Status(204, None)


@router.get(f"{_AT}/members/{{key}}/things", response=list[ThingOut])
def left_behind(request: HttpRequest, slug: str, key: str) -> list[ThingOut]:
    """What the person would leave behind."""
    allocation = allocation_for(request.user, slug, Need.MANAGE)
    found = removing.left_by(allocation, crew(allocation).find(key).user)
    return [
        ThingOut(
            kind=one.kind,
            id=one.id,
            name=one.name,
            detail=one.detail,
            su_per_hour=one.su_per_hour,
            choices=list(one.choices),
        )
        for one in found
    ]


@router.post(f"{_AT}/members/{{key}}/remove", response={202: DepartureOut})
def remove_member(request: HttpRequest, slug: str, key: str, given: RemoveIn) -> Status[DepartureOut]:
    """Rights, sessions and credentials end at once; what is not among `things` is left as it is."""
    allocation, viewer = allocation_for(request.user, slug, Need.MANAGE), signed_in(request)
    found = removing.remove(
        allocation=allocation,
        by=viewer,
        key=key,
        choices=_choices(allocation, given),
        comment=given.comment,
    )
    return Status(202, shapes.departure(found))


@router.get(f"{_AT}/departures", response=list[DepartureOut])
def list_departures(request: HttpRequest, slug: str) -> list[DepartureOut]:
    """Who was removed, the newest first, and what became of their things."""
    allocation = allocation_for(request.user, slug, Need.MANAGE)
    rows = Departure.objects.filter(allocation=allocation).prefetch_related("items")
    return [shapes.departure(row) for row in rows[:100]]


@router.get(f"{_AT}/invitations", response=list[InvitationOut])
def list_invitations(request: HttpRequest, slug: str) -> list[InvitationOut]:
    allocation = allocation_for(request.user, slug, Need.MANAGE)
    rows = Invitation.objects.filter(allocation=allocation).select_related("created_by")
    return [shapes.invitation(row) for row in rows.prefetch_related("uses__user")[:200]]


@router.post(f"{_AT}/invitations", response={201: InvitationOut})
def make_invitation(request: HttpRequest, slug: str, given: InvitationIn) -> Status[InvitationOut]:
    allocation = allocation_for(request.user, slug, Need.MANAGE)
    made, link = inviting.make(allocation=allocation, by=signed_in(request), **given.model_dump())
    return Status(201, shapes.invitation(made, link))


@router.delete(f"{_AT}/invitations/{{invitation_id}}", response={204: None})
def revoke_invitation(request: HttpRequest, slug: str, invitation_id: UUID) -> Status[None]:
    allocation = allocation_for(request.user, slug, Need.MANAGE)
    inviting.revoke(allocation=allocation, by=signed_in(request), id=invitation_id)
    return Status(204, None)


def _sheet(given: AddIn) -> Sheet:
    """As a list, so that the same rules hold: each name once, and none that could not be one."""
    good: list[Entry] = []
    bad: list[Bad] = []
    for number, one in enumerate(given.people, start=1):
        found = sheets.read(one.username)
        if len(found.entries) == 1 and not found.bad:
            good.append(Entry(number, found.entries[0].username, one.role or "", tuple(one.resources)))
        else:
            bad.append(Bad(number, one.username[:80], "This is no username."))
    return sheets.together(Sheet(tuple(good), tuple(bad)))


def _told(planned: adding.Preview, rows: list[MembershipRequest]) -> list[AskedOut]:
    states = {row.username.casefold(): row.state for row in rows}
    people = [
        AskedOut(username=one.entry.username, state="refused", reason=one.why_not)
        if one.why_not
        else AskedOut(
            username=one.entry.username,
            state=states.get(one.entry.username.casefold(), "noted"),
            reason=one.note,
        )
        for one in planned.people
    ]
    return people + [AskedOut(username=bad.text, state="refused", reason=bad.why) for bad in planned.bad]


def _choices(allocation: Allocation, given: RemoveIn) -> dict[tuple[str, str], Choice]:
    heirs: Mapping[str, Person] = {key_of(one.username): one for one in crew(allocation).inside}
    return {(one.kind, one.id): Choice(one.do, _heir(heirs, one)) for one in given.things}


def _heir(heirs: Mapping[str, Person], wanted: ChoiceIn) -> User | None:
    if wanted.do != "hand":
        return None
    found = heirs.get(wanted.to)
    if found is None or found.user is None:
        raise PortalError("portal:bad-input", reason="`to` is the key of a member who has signed in here.")
    return found.user
