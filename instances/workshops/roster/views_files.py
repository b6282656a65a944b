"""The roster as a file, and the meetings for calendars."""

from collections.abc import Iterator
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from instances.workshops.access import taking_part, workshop_for
from instances.workshops.models import Workshop
from instances.workshops.rights import Right
from instances.workshops.roster import mails
from instances.workshops.roster.listing import Query, matching_people, rows_of
from instances.workshops.roster.people import words
from portal.core import csv_out
from portal.core.errors import PortalError

_WAYS = {
    "roster": "roster",
    "link": "link",
    "hand": "by hand",
    "guest": "guest code",
}


@never_cache
@require_safe
def export(request: HttpRequest, workshop_id: UUID) -> HttpResponseBase:
    """What the list shows, as CSV. Times are in UTC."""
    workshop = workshop_for(request.user, workshop_id, Right.RUN)
    head = (
        "Name",
        "E-mail",
        words().id_title,
        "State",
        "Seat",
        "Place in line",
        "Came by",
        "Added",
        "Joined",
        "Seen",
    )
    return csv_out.response(
        request, f"roster of {workshop.title}", head, _rows(workshop, Query.read(request.GET))
    )


def _rows(workshop: Workshop, query: Query) -> Iterator[list[csv_out.Cell]]:
    learners = list(matching_people(workshop, query).order_by("name", "pk"))
    for row in rows_of(learners):
        one = row.learner
        times = [one.added_at, one.joined_at, one.seen_at]
        yield [
            one.name,
            one.email,
            one.access_id,
            row.label,
            row.seat,
            row.place or None,
            _WAYS.get(one.via, one.via),
            *(f"{at:%Y-%m-%d %H:%M}" if at else None for at in times),
        ]


@never_cache
@require_safe
def calendar(request: HttpRequest, workshop_id: UUID) -> HttpResponse:
    """For whoever takes part, and for those who run it."""
    try:
        workshop = taking_part(request.user, workshop_id).workshop
    except PortalError as refusal:
        if refusal.id != "workshops:unknown":
            raise
        workshop = workshop_for(request.user, workshop_id, Right.SEE)
    answer = HttpResponse(mails.calendar(workshop), content_type="text/calendar; charset=utf-8")
    answer["Content-Disposition"] = 'attachment; filename="workshop.ics"'
    answer["X-Content-Type-Options"] = "nosniff"
    return answer
