"""Who must leave a machine now, whom a learner may invite to theirs, and that somebody came to it."""

from collections.abc import Collection
from uuid import UUID

from django.db.models import F, Q

from instances.remote.models import RemoteSession
from instances.workshops import live
from instances.workshops.models import Helper, Learner, Seat, Workshop
from portal.core import events


def look_again(seat_ids: Collection[UUID]) -> None:
    """After commit of a change of these seats: whoever is on a machine of their workshops that is not their own seat's is
    looked at again, and sent away where they may not be there any more. One query."""
    workshops = Seat.objects.filter(pk__in=seat_ids).values("workshop")
    here = Q(instance__seat__workshop__in=workshops) | Q(instance__seat_machine__workshop__in=workshops)
    at_home = Q(
        instance__seat__learner__user=F("person"),
        instance__seat__learner__state=Learner.State.IN,
        instance__seat__workshop__state=Workshop.State.RUNNING,
    )
    away = RemoteSession.objects.filter(here, ended_at=None).exclude(at_home)
    groups = {f"user.{pk}" for pk in away.values_list("person_id", flat=True)}
    if groups:
        events.send_best_effort(groups, events.AccessChanged())


def helpers_at(instance_id: UUID) -> Collection[int]:
    """Those who help at the workshop whose seat this machine is, and whose workshop it is."""
    seat = Seat.objects.filter(instance=instance_id).select_related("workshop").first()
    if seat is None:
        return []
    found = Helper.objects.filter(workshop=seat.workshop).exclude(user=None)
    people = {pk for pk in found.values_list("user_id", flat=True) if pk is not None}
    return people | ({seat.workshop.owner_id} if seat.workshop.owner_id else set())


def visited(instance_id: UUID) -> None:
    """After commit: whoever sits at this machine is shown who is on it."""
    seat = Seat.objects.filter(instance=instance_id).exclude(learner=None).first()
    if seat is not None and seat.learner_id is not None:
        live.learners_changed([seat.learner_id])
