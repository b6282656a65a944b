"""Telling open pages of a workshop: those who run it (`workshop.<id>`), and each learner (`learner.<id>`)."""

from collections.abc import Collection, Iterable
from uuid import UUID

from django.db import transaction
from django.db.models import F

from instances.workshops import hooks
from instances.workshops.models import Learner, Seat, Workshop
from portal.core import events


def group_of(workshop_id: UUID) -> str:
    return f"workshop.{workshop_id}"


def group_of_learner(learner_id: UUID) -> str:
    return f"learner.{learner_id}"


def seats_changed(seats: Collection[Seat]) -> None:
    """In the transaction that changed them: newer than what pages show, and told when it commits."""
    ids = [seat.pk for seat in seats]
    if not ids:
        return
    Seat.objects.filter(pk__in=ids).update(version=F("version") + 1)
    transaction.on_commit(lambda: hooks.tell_changed(ids), robust=True)
    learners_changed(seat.learner_id for seat in seats if seat.learner_id)


def learners_changed(ids: Iterable[UUID | None]) -> None:
    """Their pages look again."""
    for pk in {pk for pk in ids if pk is not None}:
        events.publish([group_of_learner(pk)], events.Changed("seat:changed", {"id": str(pk)}))


def workshop_changed(workshop: Workshop) -> None:
    """Its times, its state or its words: everybody's page looks again."""
    Workshop.objects.filter(pk=workshop.pk).update(version=F("version") + 1)
    groups = [group_of(workshop.pk)]
    groups += [
        group_of_learner(pk) for pk in Learner.objects.filter(workshop=workshop).values_list("pk", flat=True)
    ]
    events.publish(groups, events.Changed("workshop:changed", {"id": str(workshop.pk)}))
