"""Sending the mails that wait. Each is claimed, handed to the mail server, and marked.

A worker that dies between the server's yes and our mark leaves the mail claimed until its lease ends, and it is sent
again then, with the same Message-ID: at worst a person gets it twice, never not at all.
"""

import logging
from datetime import datetime, timedelta
from smtplib import SMTPException, SMTPRecipientsRefused, SMTPResponseException
from typing import Any
from uuid import UUID

from django.core.mail import get_connection
from django.db.models import F, Q, QuerySet
from django.utils import timezone

from portal.cloud.config import clouds
from portal.core import deadline
from portal.core.claims import claim
from portal.core.doctor import clean
from portal.core.errors import PortalError
from portal.notices import digests, mail_message, mails
from portal.notices.backoff import after
from portal.notices.models import Mail

logger = logging.getLogger(__name__)

LEASE = timedelta(minutes=2)
_ENOUGH_LEFT = 20.0
_CANDIDATES = 50
State = Mail.State


def due(now: datetime) -> QuerySet[Mail]:
    """Waiting, and its time has come; or left by a worker that died."""
    waiting = Q(state=State.WAITING, due_at__lte=now)
    return Mail.objects.filter(waiting | Q(state=State.SENDING, lease_until__lt=now))


def send_due(now: datetime | None = None) -> int:
    """Send what is due, in the order in which it happened. How many went."""
    if not mails.configured():
        return 0
    digests.fold(now or timezone.now())
    sent, server = 0, None
    try:
        for pk in list(due(now or timezone.now()).order_by("id").values_list("pk", flat=True)[:_CANDIDATES]):
            if deadline.remaining() < _ENOUGH_LEFT:
                break
            mail = take(pk, now or timezone.now())
            if mail is not None:
                server = server or get_connection()
                sent += _send(mail, server)
    finally:
        if server is not None:
            server.close()
    return sent


def take(pk: UUID, now: datetime) -> Mail | None:
    """The mail, ours until its lease ends; None where another worker has it, or its person has had enough this hour."""
    mail = Mail.objects.select_related("user").get(pk=pk)
    later = _enough_until(mail, now)
    if later is not None:
        claim(due(now).filter(pk=pk), state=State.WAITING, due_at=later, lease_until=None)
        return None
    if not claim(
        due(now).filter(pk=pk), state=State.SENDING, lease_until=now + LEASE, attempts=F("attempts") + 1
    ):
        return None
    mail.attempts += 1
    return mail


def _enough_until(mail: Mail, now: datetime) -> datetime | None:
    """Until when this address is left in peace; None where it may be written to."""
    most, hour = clouds().telling.mails_per_hour, timedelta(hours=1)
    lately = Mail.objects.filter(to_address=mail.to_address, sent_at__gt=now - hour).order_by("-sent_at")
    times = list(lately.values_list("sent_at", flat=True)[:most])
    return times[-1] + hour if len(times) == most and times[-1] else None


def _send(mail: Mail, server: Any) -> bool:
    try:
        mail_message.message_of(mail, server).send(fail_silently=False)
    except SMTPRecipientsRefused as error:
        code, words = next(iter(error.recipients.values()), (0, b""))
        _failed(mail, _said(code, words), for_ever=500 <= code < 600)
        return False
    except SMTPResponseException as error:
        _failed(mail, _said(error.smtp_code, error.smtp_error), for_ever=False)
        server.close()
        return False
    except PortalError as error:
        _failed(mail, error.problem.title, for_ever=True)
        return False
    except (SMTPException, OSError) as error:
        _failed(mail, clean(error) or type(error).__name__, for_ever=False)
        server.close()
        return False
    Mail.objects.filter(pk=mail.pk).update(
        state=State.SENT, sent_at=timezone.now(), lease_until=None, error="", attachments=[], sealed_text=""
    )
    return True


def _failed(mail: Mail, words: str, *, for_ever: bool) -> None:
    """Later again, ever more slowly, for some days."""
    now = timezone.now()
    logger.warning("mail %s was not taken: %s", mail.pk, words)
    too_old = now - mail.created_at > timedelta(days=clouds().telling.mail_give_up_days)
    over = for_ever or too_old
    if over:
        Mail.objects.filter(pk=mail.pk).update(sealed_text="", attachments=[])
    Mail.objects.filter(pk=mail.pk).update(
        state=State.FAILED if over else State.WAITING,
        due_at=now + after(mail.attempts),
        lease_until=None,
        error=clean(words, 200),
    )


def _said(code: int, words: Any) -> str:
    text = words.decode("utf-8", "replace") if isinstance(words, bytes) else str(words)
    return f"the mail server answered {code} {text}"
