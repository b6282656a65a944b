"""Putting e-mails into the queue. `mailing` sends them."""

from collections.abc import Sequence
from datetime import timedelta

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction
from django.utils import timezone

from portal.accounts.models import User
from portal.cloud.config import clouds
from portal.core import bulk
from portal.core.errors import PortalError
from portal.core.seal import seal
from portal.notices import enqueue
from portal.notices.attachments import Attachment, packed
from portal.notices.models import Mail
from portal.notices.telling import Telling


def configured() -> bool:
    """Whether the portal has a mail server, and a name to send as."""
    return bool(settings.EMAIL_BACKEND and settings.DEFAULT_FROM_EMAIL)


def of_telling(telling: Telling, people: Sequence[User], attachments: Sequence[Attachment]) -> None:
    """A short while is waited, so that what happens together comes together."""
    reachable = [person for person in people if good(person.email)] if configured() else []
    due = telling.at + timedelta(seconds=clouds().telling.gather_seconds)
    kept = packed(attachments)
    bulk.insert(
        [
            Mail(
                user=person,
                to_address=person.email,
                kind=telling.kind.name,
                level=telling.level,
                subject=telling.title,
                text=telling.text,
                url=telling.url,
                attachments=kept,
                created_at=telling.at,
                due_at=due,
            )
            for person in reachable
        ]
    )


def to_address(
    *, address: str, subject: str, text: str, key: str, url: str, attachments: Sequence[Attachment]
) -> bool:
    if not good(address):
        raise PortalError("notices:bad-address", address=address[:254])
    if not configured():
        return False
    row = Mail(to_address=address, key=key, subject=subject, sealed_text=seal(text), url=url)
    row.attachments, row.due_at = packed(attachments), timezone.now()
    with transaction.atomic():
        bulk.insert([row])
        new = Mail.objects.filter(pk=row.pk).exists()
        if new:
            enqueue.on_commit(enqueue.MAILS)
    return new


def good(address: str) -> bool:
    """Whether it can be written to: one plain address and nothing else."""
    try:
        validate_email(address)
    except ValidationError:
        return False
    return len(address) <= 254 and address.isascii()
