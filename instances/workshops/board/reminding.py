"""Calls that nobody answers: helpers who do not have the board open are told, once a call."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime, timedelta
from uuid import UUID

from django.urls import reverse

from instances.workshops.board import here
from instances.workshops.models import Helper, HelpRequest, Learner, Workshop
from portal.accounts.models import User
from portal.notices import services as notices

KIND = "workshop.call"
# Waited for so long without anybody coming.
UNANSWERED = timedelta(minutes=2)
# Older ones are of a meeting that is over.
FORGOTTEN = timedelta(hours=2)


def remind(now: datetime) -> int:
    """How many people heard of a call that they had not heard of. A fixed number of queries besides the notices."""
    waiting = HelpRequest.objects.filter(
        done_at=None,
        claimed_by=None,
        asked_at__lte=now - UNANSWERED,
        asked_at__gt=now - FORGOTTEN,
        learner__state=Learner.State.IN,
        workshop__state=Workshop.State.RUNNING,
    ).select_related("workshop__owner", "learner__seat")
    calls = list(waiting)
    people = _people({call.workshop_id for call in calls})
    return sum(_tell(call, people[call.workshop_id]) for call in calls)


def _people(workshops: Iterable[UUID]) -> dict[UUID, list[User]]:
    found: dict[UUID, list[User]] = defaultdict(list)
    for helper in Helper.objects.filter(workshop__in=list(workshops), user__isnull=False).select_related(
        "user"
    ):
        assert helper.user is not None
        found[helper.workshop_id].append(helper.user)
    return found


def _tell(call: HelpRequest, helpers: Iterable[User]) -> int:
    workshop = call.workshop
    looking = here.on_board(workshop.pk)
    owner = [workshop.owner] if workshop.owner else []
    absent = [person for person in [*helpers, *owner] if person.pk not in looking]
    if not absent:
        return 0
    seat = getattr(call.learner, "seat", None)
    where = f" at {seat}" if seat else ""
    return notices.tell(
        KIND,
        to=absent,
        key=f"call.{call.pk}",
        title=f"{call.learner.name} needs help in {workshop.title}",
        text=f"Nobody has come{where} for two minutes. {call.text}".strip(),
        url=reverse("board:board", args=[workshop.pk]),
        level="warning",
        scope=f"allocation.{workshop.allocation_id}",
    )
