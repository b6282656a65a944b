"""The times of workshops as the pure modules take them."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import cast
from uuid import UUID

from instances.workshops.clock.repeating import Planned
from instances.workshops.clock.window import Between, Times
from instances.workshops.models import Meeting, Workshop


def meetings_of(workshop: Workshop) -> list[Meeting]:
    """In their order. One query."""
    return list(Meeting.objects.filter(workshop=workshop).order_by("starts_at"))


def times_of(workshop: Workshop, meetings: Sequence[Meeting] | None = None) -> Times:
    """One query, or none where the meetings are at hand (in their order)."""
    known = meetings_of(workshop) if meetings is None else meetings
    return Times(
        meetings=tuple((one.starts_at, one.ends_at) for one in known),
        ready_minutes=workshop.ready_minutes,
        tail_minutes=workshop.tail_minutes,
        between=cast(Between, str(workshop.between)),
    )


def times_of_all(workshops: Iterable[Workshop]) -> dict[UUID, Times]:
    """One query for any number of them."""
    known = list(workshops)
    found: dict[UUID, list[Meeting]] = defaultdict(list)
    for one in Meeting.objects.filter(workshop__in=known).order_by("starts_at"):
        found[one.workshop_id].append(one)
    return {one.pk: times_of(one, found[one.pk]) for one in known}


def planned_of(meeting: Meeting) -> Planned:
    return Planned(meeting.day, meeting.begins, meeting.ends, meeting.title)
