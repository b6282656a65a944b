"""What whoever runs a workshop says on the screens of those who take part."""

from collections.abc import Collection
from datetime import timedelta
from uuid import UUID

from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from instances.workshops import live
from instances.workshops.learner.models import Delivery, Message
from instances.workshops.models import Learner, Seat, Workshop
from instances.workshops.trail import record
from portal.accounts.models import User
from portal.core.claims import claim
from portal.core.errors import PortalError

LONGEST = 1000
# How long a message may stand, and how many of a learner's are shown at once.
MOST_MINUTES, MOST_SHOWN = 24 * 60, 3
_HERE = (Learner.State.IN, Learner.State.WAITING, Learner.State.ASKING)


@transaction.atomic
def say(*, workshop: Workshop, by: User, seats: Collection[Seat] | None, text: str, minutes: int) -> Message:
    """On the screens of those who sit at these seats now; None: of everybody, also of who comes while it stands."""
    words = " ".join(text.split())
    if not words or len(words) > LONGEST:
        raise PortalError("workshops:message-empty" if not words else "workshops:message-long", most=LONGEST)
    if not 0 < minutes <= MOST_MINUTES:
        raise PortalError("workshops:message-minutes", most=MOST_MINUTES)
    heard = _heard(workshop, seats)
    if seats is not None and not heard:
        raise PortalError("workshops:message-nobody")
    now = timezone.now()
    made = Message.objects.create(
        workshop=workshop,
        text=words,
        to_all=seats is None,
        by=by,
        said_at=now,
        until=now + timedelta(minutes=minutes),
    )
    if seats is not None:
        Delivery.objects.bulk_create([Delivery(message=made, learner_id=pk) for pk in heard])
    record("workshop.say", workshop, by=by, text=words, to="everybody" if seats is None else len(heard))
    live.learners_changed(heard)
    return made


@transaction.atomic
def take_back(*, message: Message, by: User) -> bool:
    """From all screens, before its time. `message` is of a workshop that came through its door."""
    if not claim(Message.objects.filter(pk=message.pk, ended_at=None), ended_at=timezone.now()):
        return False
    record("workshop.unsay", message.workshop, by=by, text=message.text)
    live.learners_changed(_readers(message))
    return True


def standing(workshop: Workshop) -> QuerySet[Message]:
    """Those that stand on screens now, the newest first: for whoever runs it."""
    held = Message.objects.filter(workshop=workshop, until__gt=timezone.now(), ended_at=None)
    return held.select_related("by")


def current(learner: Learner) -> list[Message]:
    """What this learner's screen shows now, the newest first. One query."""
    mine = Delivery.objects.filter(message=OuterRef("pk"), learner=learner)
    held = Message.objects.filter(
        workshop=learner.workshop_id, until__gt=timezone.now(), ended_at=None
    ).select_related("by")
    put_away = Exists(mine.exclude(put_away_at=None))
    return list(held.filter(Q(to_all=True) | Exists(mine)).exclude(put_away)[:MOST_SHOWN])


@transaction.atomic
def put_away(*, learner: Learner, message_id: UUID) -> bool:
    """The learner has read it: it leaves their screen, and no other's. Twice is once."""
    found = Message.objects.filter(pk=message_id, workshop=learner.workshop_id).first()
    if found is None or not (found.to_all or found.deliveries.filter(learner=learner).exists()):
        return False
    Delivery.objects.update_or_create(
        message=found, learner=learner, defaults={"put_away_at": timezone.now()}
    )
    live.learners_changed([learner.pk])
    return True


def _heard(workshop: Workshop, seats: Collection[Seat] | None) -> list[UUID]:
    if seats is None:
        here = Learner.objects.filter(workshop=workshop, state__in=_HERE)
        return list(here.values_list("pk", flat=True))
    return [seat.learner_id for seat in seats if seat.learner_id and seat.workshop_id == workshop.pk]


def _readers(message: Message) -> list[UUID]:
    if message.to_all:
        return _heard(message.workshop, None)
    return list(message.deliveries.values_list("learner_id", flat=True))
