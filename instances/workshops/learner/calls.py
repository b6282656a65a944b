""" "I need help": asked by a learner, one at a time; claimed and answered by whoever helps."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from instances.workshops import live
from instances.workshops.models import HelpRequest, Learner, Seat, Workshop
from instances.workshops.trail import record
from portal.accounts.models import User
from portal.core import limits
from portal.core.claims import claim as claim_row
from portal.core.errors import PortalError

LONGEST = 500
# What one learner may ask for in ten minutes.
_MOST, _SECONDS = 20, 600


@dataclass(frozen=True, slots=True)
class Standing:
    """How a learner's call stands: `ahead` of them in line; `by` comes, as soon as somebody said so."""

    call: HelpRequest
    ahead: int
    by: str


def ask(*, learner: Learner, text: str = "") -> HelpRequest:
    """The learner's open call; asked for again, it keeps its place and its words are what was said last."""
    limits.check(f"workshop-help:{learner.pk}", most=_MOST, seconds=_SECONDS)
    words = " ".join(text.split())[:LONGEST]
    if learner.state != Learner.State.IN:
        raise PortalError("workshops:no-seat", title=learner.workshop.title)
    try:
        with transaction.atomic():
            return _asked(learner, words)
    except IntegrityError:
        # Two at once: the other one stands.
        with transaction.atomic():
            return _asked(learner, words)


def _asked(learner: Learner, words: str) -> HelpRequest:
    found = open_call(learner)
    if found is None:
        found = HelpRequest.objects.create(
            workshop_id=learner.workshop_id, learner=learner, text=words, asked_at=timezone.now()
        )
        record("workshop.help", learner.workshop, by=learner.user, **_where(learner))
    elif words:
        found.text = words
        found.save(update_fields=["text"])
    tell(found)
    return found


@transaction.atomic
def withdraw(*, learner: Learner) -> bool:
    """The learner needs no help any more."""
    found = open_call(learner)
    return found is not None and _end(found, by=learner.user)


@transaction.atomic
def claim(*, call: HelpRequest, by: User) -> HelpRequest:
    """`by` comes. `workshops:call-taken` when somebody else does already; said twice by one person, it is once."""
    free = HelpRequest.objects.filter(pk=call.pk, done_at=None, claimed_by=None)
    if not claim_row(free, claimed_by=by, claimed_at=timezone.now()):
        call.refresh_from_db()
        if call.done_at is not None:
            raise PortalError("workshops:call-over")
        if call.claimed_by_id != by.pk:
            raise PortalError("workshops:call-taken", by=str(call.claimed_by))
        return call
    call.refresh_from_db()
    tell(call)
    return call


@transaction.atomic
def let_go(*, call: HelpRequest, by: User) -> bool:
    """Nobody comes now: it is back in its old place in line."""
    held = HelpRequest.objects.filter(pk=call.pk, done_at=None).exclude(claimed_by=None)
    if not claim_row(held, claimed_by=None, claimed_at=None):
        return False
    tell(call)
    return True


@transaction.atomic
def done(*, call: HelpRequest, by: User) -> bool:
    """Somebody helped. False: it was done already."""
    return _end(call, by=by)


def open_call(learner: Learner) -> HelpRequest | None:
    return HelpRequest.objects.filter(learner=learner, done_at=None).select_related("claimed_by").first()


def open_calls(workshop: Workshop) -> QuerySet[HelpRequest]:
    """Those of learners who still take part, in the order in which they asked."""
    held = HelpRequest.objects.filter(workshop=workshop, done_at=None, learner__state=Learner.State.IN)
    return held.select_related("learner__seat", "claimed_by").order_by("asked_at", "pk")


def standing(learner: Learner) -> Standing | None:
    """Two queries at most. Those whom somebody comes to already are not ahead of anybody."""
    call = open_call(learner)
    if call is None:
        return None
    by = str(call.claimed_by) if call.claimed_by else ""
    return Standing(call, 0 if by else _ahead(call.workshop_id, call.asked_at, call), by)


def _ahead(workshop_id: UUID, asked_at: datetime, call: HelpRequest) -> int:
    before = Q(asked_at__lt=asked_at) | Q(asked_at=asked_at, pk__lt=call.pk)
    waiting = HelpRequest.objects.filter(
        before, workshop=workshop_id, done_at=None, claimed_by=None, learner__state=Learner.State.IN
    )
    return waiting.count()


def _end(call: HelpRequest, *, by: User | None) -> bool:
    live_call = HelpRequest.objects.filter(pk=call.pk, done_at=None)
    if not claim_row(live_call, done_at=timezone.now(), done_by=by):
        return False
    record("workshop.helped", call.workshop, by=by, **_where(call.learner))
    tell(call)
    return True


def tell(call: HelpRequest) -> None:
    """The board's tile of the learner, their own page, and those behind them in line, whose place may be another."""
    live.seats_changed(list(Seat.objects.filter(learner=call.learner_id)))
    behind = HelpRequest.objects.filter(workshop=call.workshop_id, done_at=None, asked_at__gte=call.asked_at)
    live.learners_changed(behind.exclude(pk=call.pk).values_list("learner_id", flat=True))


def _where(learner: Learner) -> dict[str, int]:
    """No name of a learner stands in the audit: it is their seat that concerns whoever reads it."""
    number = Seat.objects.filter(learner=learner).values_list("number", flat=True).first()
    return {} if number is None else {"seat": number}
