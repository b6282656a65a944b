"""Exports of everything that is one's own, for programs. Each person meets their own only."""

from datetime import datetime
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from ninja import Router, Schema, Status

from allocations.overview import exports
from allocations.overview.asking import person_of
from allocations.overview.models import Export
from allocations.overview.views_saving import asked_for, zipped

router = Router(tags=["exports"])


class ExportOut(Schema):
    """`state`: asked, ready, failed or gone. `size` in bytes, `counts` the rows of each part."""

    id: UUID
    state: str
    asked_at: datetime
    ready_at: datetime | None
    keep_until: datetime | None
    size: int
    counts: dict[str, int]
    error_id: str


@router.get("/exports", response=list[ExportOut])
def list_exports(request: HttpRequest) -> list[Export]:
    """Yours, newest first."""
    return list(exports.of(person_of(request))[:20])


@router.post("/exports", response={202: ExportOut})
def make_export(request: HttpRequest) -> Status[Export]:
    """Ask for one. While one is being made, that one is given back."""
    return Status(202, asked_for(person_of(request)))


@router.get("/exports/{export_id}/content", response={200: None})
def get_export_content(request: HttpRequest, export_id: UUID) -> HttpResponse:
    """The ZIP."""
    return zipped(person_of(request), export_id)


@router.delete("/exports/{export_id}", response={204: None})
def delete_export(request: HttpRequest, export_id: UUID) -> Status[None]:
    """Erase it before its day is over."""
    exports.remove(by=person_of(request), export_id=export_id)
    return Status(204, None)
