"""Requests carried out at ACCESS, with the portal's key: so first it is asked whether who asks manages the project."""

from collections.abc import Sequence
from contextlib import suppress
from datetime import timedelta

from django.utils import timezone

from allocations.access import allocation_by_id
from allocations.models import Allocation
from allocations.roles import Need
from allocations.sources import deciding, outcomes, source_access, storing
from allocations.sources.capabilities import access_of, grant_of
from allocations.sources.interface import Reading, Seen
from allocations.sources.models import MembershipRequest
from allocations.sources.names import key, same_grant, valid
from allocations.sources.people import login_name
from portal.cloud import access_members
from portal.cloud.schema_sources import Access
from portal.core import deadline
from portal.core.errors import PortalError

# A step that begins later than this before the task's end is left for the next run.
_SPARE = 12.0


class _Place:
    """What all requests of one run share: the list as last looked at, and who was found to manage."""

    def __init__(self, allocation: Allocation, access: Access) -> None:
        self.allocation, self.access, self.grant = allocation, access, grant_of(allocation)
        self.listed: dict[str, Seen] = {}
        self.managers: dict[str, bool] = {}
        self.sent = False

    def look(self) -> None:
        try:
            found = access_members.members(self.allocation.cloud, self.access, self.grant)
        except PortalError as error:
            raise source_access.told(error, self.access, self.grant) from error
        people = source_access.people(found, self.access.roles)
        if not people:
            raise PortalError("sources:no-members", outcome="retry", source=self.access.title)
        here = Allocation.objects.filter(cloud=self.allocation.cloud, project_id=self.allocation.project_id)
        storing.store(list(here), "access", Reading(members=people), timezone.now())
        self.listed = {key(one.username): one for one in people}

    def state_of(self, username: str) -> str:
        found = self.listed.get(key(username))
        return found.state if found else ""


def carry(allocation: Allocation, rows: Sequence[MembershipRequest]) -> None:
    access = access_of(allocation)
    assert access is not None
    place = _Place(allocation, access)
    try:
        place.look()
    except PortalError as error:
        for row in rows:
            outcomes.failed(row, error)
        return
    for row in rows:
        if deadline.remaining() < _SPARE:
            break
        try:
            _step(place, row)
        except PortalError as error:
            outcomes.failed(row, error)
    if place.sent:
        # So that pages show at once how those stand who were asked for; where that fails, the next look does.
        with suppress(PortalError):
            place.look()


def _step(place: _Place, row: MembershipRequest) -> None:
    step = deciding.step(row.action, row.state, place.state_of(row.username))
    if step == "send":
        _require_manager(place, row)
        outcomes.sending(row)
        step = _send(place, row)
    again = timedelta(minutes=place.access.pending_minutes)
    if step == "done":
        outcomes.done(row)
    elif step == "wait":
        outcomes.waiting(row, again)
    else:
        raise _declined(place, row, "it was declined there")


def _send(place: _Place, row: MembershipRequest) -> deciding.Step:
    """One person in a call, so that each has an answer of their own."""
    change = access_members.add if row.action == MembershipRequest.Action.ADD else access_members.remove
    comment = row.comment or f"Asked for by {row.asked_by_name} in the portal"
    try:
        change(row.allocation.cloud, place.access, place.grant, [row.username], comment)
    except PortalError as error:
        if error.id == "outside:declined":
            return _after_refusal(place, row, error)
        if error.id == "outside:unknown":
            # The project was found a moment ago: it is the person who is unknown.
            raise PortalError(
                "sources:unknown-person",
                detail=error.detail,
                source=place.access.title,
                username=row.username,
            ) from error
        raise
    place.sent = True
    # Not stored yet: whoever finds "sent" looks before anything else.
    return "wait"


def _after_refusal(place: _Place, row: MembershipRequest, error: PortalError) -> deciding.Step:
    """Already so is no refusal, whatever the words: the list tells."""
    place.look()
    step = deciding.step(row.action, row.state, place.state_of(row.username))
    if step == "send":
        raise _declined(place, row, str(error.params.get("said", ""))) from error
    return step


def _declined(place: _Place, row: MembershipRequest, said: str) -> PortalError:
    return PortalError(
        "sources:declined", detail=said, source=place.access.title, username=row.username, said=said
    )


def _require_manager(place: _Place, row: MembershipRequest) -> None:
    """Refuses unless who asked still manages the allocation here, and manages the project there."""
    asker = row.asked_by
    name = login_name(asker) if asker and asker.access_id else ""
    if asker is None or not valid(name):
        raise PortalError("sources:no-name-there", source=place.access.title)
    allocation_by_id(asker, row.allocation_id, Need.MANAGE)
    if name not in place.managers:
        place.managers[name] = _manages(place, name)
    if not place.managers[name]:
        raise PortalError(
            "sources:not-a-manager-there", source=place.access.title, asker=name, grant=place.grant
        )


def _manages(place: _Place, name: str) -> bool:
    try:
        managed = access_members.managed_by(place.allocation.cloud, place.access, name)
    except PortalError as error:
        if error.id == "outside:unknown":
            return False
        raise
    return any(same_grant(grant, place.grant) for grant in managed)
