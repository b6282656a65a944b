from datetime import datetime

from django.http import HttpRequest
from ninja import Router, Schema

from allocations.access import allocation_for
from allocations.roles import Need
from allocations.sources import facts

router = Router(tags=["sources"])


class OtherOut(Schema):
    source: str
    value: str
    as_of: datetime


class FactOut(Schema):
    """`stale`: not read lately; `error_id` and `unread_since` say why and since when. `others` say something else."""

    field: str
    label: str
    value: str
    source: str
    as_of: datetime
    stale: bool
    error_id: str
    unread_since: datetime | None
    others: list[OtherOut]


@router.get("/allocations/{slug}/facts", response=list[FactOut])
def list_facts(request: HttpRequest, slug: str) -> list[FactOut]:
    """What is known about the grant, each figure with who told it and when."""
    allocation = allocation_for(request.user, slug, Need.SEE)
    return [
        FactOut(
            field=fact.field,
            label=fact.label,
            value=fact.value,
            source=fact.source_title,
            as_of=fact.as_of,
            stale=fact.stale,
            error_id=fact.error_id,
            unread_since=fact.unread_since,
            others=[
                OtherOut(source=source, value=value, as_of=as_of) for source, value, as_of in fact.others
            ],
        )
        for fact in facts.of(allocation).values()
    ]
