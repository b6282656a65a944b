"""Connections and recordings for programs, over the same rules as the pages."""

from datetime import datetime
from typing import Any
from uuid import UUID

from django.http import HttpRequest
from ninja import Query as Parameters
from ninja import Router, Schema, Status
from pydantic import Field

from allocations.access import allocation_for
from allocations.roles import Need
from instances.access import instance_for
from instances.remote import closing, connections, doors, recordings
from instances.remote.connections import Page, Query, Row
from instances.remote.endings import words_of
from instances.remote.models import Recording

router = Router(tags=["connections"])


class VisitOut(Schema):
    """Somebody else's time on the session. `mode`: view or type."""

    person: str
    mode: str
    joined_at: datetime
    left_at: datetime | None


class ConnectionOut(Schema):
    """`address` is null where it is not yours to know. `reason` is an id, `ended` says it in words."""

    id: UUID
    instance: UUID
    instance_name: str
    person: str
    you: bool
    kind: str
    login: str
    port: int | None
    address: str | None
    asked_at: datetime
    started_at: datetime | None
    ended_at: datetime | None
    reason: str
    ended: str
    bytes_out: int
    bytes_in: int
    visits: list[VisitOut]
    recordings: list[UUID]
    may_end: bool


class ConnectionPage(Schema):
    """What goes on now comes first, on the first page. `next`: give it as `after` to read on; null at the end."""

    items: list[ConnectionOut]
    next: str | None


class ConnectionFilter(Schema):
    kind: str = Field("", description="shell, desktop, files or port")
    live: bool = False
    after: str = ""


class AllConnectionsFilter(ConnectionFilter):
    allocation: str = Field(
        "", description="of all machines of this allocation (for who helps others there); empty: your own"
    )
    person: str = Field("", description="a person's number; with an allocation")


class RecordingOut(Schema):
    """`seconds` and `size_bytes` are 0 while it goes on; `content` is where its asciicast is."""

    id: UUID
    connection: UUID
    instance: UUID
    person: str
    started_at: datetime
    ended_at: datetime | None
    ended: str
    seconds: float
    size_bytes: int
    keep_until: datetime
    removed_at: datetime | None
    content: str


@router.get("/instances/{instance_id}/connections", response=ConnectionPage)
def list_instance_connections(
    request: HttpRequest, instance_id: UUID, filters: Parameters[ConnectionFilter]
) -> dict[str, Any]:
    """Who is and was connected to one machine through the portal."""
    instance = instance_for(request.user, instance_id, Need.SEE)
    sessions, asked = connections.of_instance(instance), _query(filters.model_dump())
    return _page(connections.page_of(sessions, asked, _user(request), instance.allocation))


@router.get("/connections", response=ConnectionPage)
def list_connections(request: HttpRequest, filters: Parameters[AllConnectionsFilter]) -> dict[str, Any]:
    """Your own connections, or those to all machines of an allocation."""
    asked = _query(filters.model_dump(exclude={"allocation"}))
    if not filters.allocation:
        own = connections.of_person(_user(request))
        return _page(connections.page_of(own, asked, _user(request)))
    allocation = allocation_for(request.user, filters.allocation, Need.ACT_ON_OTHERS)
    sessions = connections.of_allocation(allocation)
    return _page(connections.page_of(sessions, asked, _user(request), allocation))


@router.delete("/connections/{connection_id}", response={204: None})
def end_connection(request: HttpRequest, connection_id: UUID) -> Status[Any]:
    """End it, for everybody on it, at once. One that has ended already stays as it ended."""
    session = doors.session_for(request.user, connection_id)
    closing.end_session(session=session, by=_user(request))
    return Status(204, None)


@router.get("/recordings/{recording_id}", response=RecordingOut)
def get_recording(request: HttpRequest, recording_id: UUID) -> dict[str, Any]:
    """What is known of a recording. Its content is fetched from the portal's page."""
    return _recording(doors.recording_for(request.user, recording_id))


@router.delete("/recordings/{recording_id}", response={204: None})
def delete_recording(request: HttpRequest, recording_id: UUID) -> Status[Any]:
    """Delete it for good."""
    found = doors.removable_recording(request.user, recording_id)
    recordings.remove(by=_user(request), recording=found)
    return Status(204, None)


def _query(given: dict[str, Any]) -> Query:
    return Query.read({**given, "live": "1" if given["live"] else ""})


def _page(page: Page) -> dict[str, Any]:
    return {"items": [_out(row) for row in (*page.live, *page.past)], "next": page.next_after or None}


def _out(row: Row) -> dict[str, Any]:
    session = row.session
    plain = ("id", "kind", "login", "port", "asked_at", "started_at", "ended_at", "bytes_out", "bytes_in")
    return {
        **{name: getattr(session, name) for name in plain},
        "instance": session.instance_id,
        "instance_name": session.instance.name,
        "person": str(session.person),
        "you": row.mine,
        "address": row.address or None,
        "reason": session.end_reason,
        "ended": words_of(session.end_reason) if session.ended_at else "",
        "visits": [
            {"person": str(one.person), "mode": one.mode, "joined_at": one.joined_at, "left_at": one.left_at}
            for one in row.visits
        ],
        "recordings": [one.pk for one in row.recordings],
        "may_end": row.may_end,
    }


def _recording(found: Recording) -> dict[str, Any]:
    plain = ("id", "started_at", "ended_at", "seconds", "size_bytes", "keep_until", "removed_at")
    return {
        **{name: getattr(found, name) for name in plain},
        "connection": found.session_id,
        "instance": found.session.instance_id,
        "person": str(found.session.person),
        "ended": recordings.STOPPED.get(found.end_reason, ""),
        "content": f"/remote/recordings/{found.pk}/cast",
    }


def _user(request: HttpRequest) -> Any:
    return request.user
