"""Sending what waits for webhooks. Each is claimed, sent, and marked; sent twice it has the same `webhook-id`."""

import logging
import time
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.db.models import F, Q, QuerySet
from django.utils import timezone

from portal.core import deadline, events
from portal.core.claims import claim
from portal.core.doctor import clean
from portal.core.errors import PortalError
from portal.core.seal import unseal
from portal.core.version import PORTAL_VERSION
from portal.notices import hooks, reaching, retiring, signatures
from portal.notices.addresses import UnusableAddress
from portal.notices.backoff import after
from portal.notices.models import Sending, Webhook
from portal.notices.posting import Answer, NoAnswer, post

logger = logging.getLogger(__name__)

LEASE = timedelta(minutes=2)
# Tries of one event: the last a good day after the first.
MOST_TRIES = 8
_ENOUGH_LEFT = 20.0
_CANDIDATES = 100
_GONE = 410
_OTHERS_WAIT = timedelta(minutes=10)
State = Sending.State


def due(now: datetime) -> QuerySet[Sending]:
    waiting = Q(state=State.WAITING, due_at__lte=now)
    return Sending.objects.filter(waiting | Q(state=State.SENDING, lease_until__lt=now))


def send_due(now: datetime | None = None) -> int:
    """What was never tried first: those that do not answer keep nobody else waiting. How many arrived."""
    moment = now or timezone.now()
    waiting = due(moment).order_by("attempts", "id").values_list("pk", flat=True)[:_CANDIDATES]
    arrived = 0
    for pk in list(waiting):
        if deadline.remaining() < _ENOUGH_LEFT:
            break
        sending = take(pk, now or timezone.now())
        if sending is not None:
            arrived += _send(sending)
    return arrived


def take(pk: UUID, now: datetime) -> Sending | None:
    """The event, ours until its lease ends; None where another worker has it."""
    if not claim(
        due(now).filter(pk=pk), state=State.SENDING, lease_until=now + LEASE, attempts=F("attempts") + 1
    ):
        return None
    return Sending.objects.select_related("webhook__owner").get(pk=pk)


def _send(sending: Sending) -> bool:
    hook = sending.webhook
    if hook.disabled_at is not None:
        _keep(sending, State.FAILED, error="the webhook is switched off")
        return False
    if not hook.owner.is_active or (hook.scope and not hooks.manages(hook.owner, hook.scope)):
        retiring.disable(hook, "its owner may no longer hear of what happens there")
        _keep(sending, State.FAILED, error="its owner may no longer hear of this")
        return False
    try:
        answer = _post(sending, hook)
    except (UnusableAddress, NoAnswer, PortalError) as error:
        words = error.problem.title if isinstance(error, PortalError) else str(error)
        _not_taken(sending, words, None)
        return False
    if 200 <= answer.status < 300:
        _arrived(sending, answer)
        return True
    _not_taken(sending, _meaning(answer), answer)
    return False


def _post(sending: Sending, hook: Webhook) -> Answer:
    target, address = reaching.reach(hook.url)
    signed = signatures.headers(
        unseal(hook.sealed_secret), id=f"msg_{sending.pk.hex}", timestamp=int(time.time()), body=sending.body
    )
    own = {"Content-Type": "application/json; charset=utf-8", "User-Agent": f"Heliosphere/{PORTAL_VERSION}"}
    return post(target, address, sending.body.encode(), {**own, **signed})


def _meaning(answer: Answer) -> str:
    if 300 <= answer.status < 400:
        return f"answered {answer.status}: redirects are not followed"
    return f"answered {answer.status}"


def _arrived(sending: Sending, answer: Answer) -> None:
    now = timezone.now()
    with transaction.atomic():
        _keep(sending, State.DONE, answer=answer, done_at=now)
        Webhook.objects.filter(pk=sending.webhook_id).update(failing_since=None, last_ok_at=now)


def _not_taken(sending: Sending, words: str, answer: Answer | None) -> None:
    """Later again, ever more slowly; and a webhook that takes nothing for days is switched off."""
    logger.info("webhook %s took nothing: %s", sending.webhook_id, words)
    now = timezone.now()
    over = (
        sending.attempts >= MOST_TRIES or sending.kind == retiring.TEST or (answer and answer.status == _GONE)
    )
    wait = max(after(sending.attempts), _asked_for(answer))
    with transaction.atomic():
        _keep(sending, State.FAILED if over else State.WAITING, answer=answer, error=words, due_at=now + wait)
        Webhook.objects.filter(pk=sending.webhook_id, failing_since=None).update(failing_since=now)
        # What else waits for it is not tried meanwhile: each try can last long.
        waiting = Sending.objects.filter(
            webhook=sending.webhook_id, state=State.WAITING, due_at__lt=now + wait
        )
        waiting.update(due_at=now + min(wait, _OTHERS_WAIT))
    if answer and answer.status == _GONE:
        retiring.disable(sending.webhook, "it answered 410: gone for ever")
    else:
        retiring.disable_if_too_long(sending.webhook_id, now)


def _asked_for(answer: Answer | None) -> timedelta:
    """As long as the server wants to be left alone, an hour at most."""
    text = answer.retry_after if answer else ""
    return timedelta(seconds=min(int(text), 3600)) if text.isdecimal() and len(text) < 8 else timedelta(0)


def _keep(
    sending: Sending, state: Sending.State, *, answer: Answer | None = None, error: str = "", **more: object
) -> None:
    """How the last try went. The answer of a stranger's server is kept as printable words, and few of them."""
    Sending.objects.filter(pk=sending.pk).update(
        state=state,
        tried_at=timezone.now(),
        lease_until=None,
        status_code=answer.status if answer else None,
        answer=clean(answer.start.decode("utf-8", "replace"), 300) if answer else "",
        error=clean(error, 200),
        **more,
    )
    events.publish([f"user.{sending.webhook.owner_id}"], events.Changed("webhooks:changed"))
