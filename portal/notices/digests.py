"""Many mails to one person at once become one, which lists them."""

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction
from django.db.models import Count
from django.urls import reverse

from portal.accounts.time_zones import local
from portal.cloud.config import clouds
from portal.core.ids import uuid7
from portal.notices.models import Level, Mail

# Titles in full; the rest is counted.
_LISTED = 20
_WORST_FIRST = (Level.DANGER, Level.WARNING, Level.SUCCESS, Level.INFO)


def fold(now: datetime) -> int:
    """Make a digest for each person for whom enough mails are due. How many digests."""
    waiting = Mail.objects.filter(state=Mail.State.WAITING, due_at__lte=now, user__isnull=False)
    enough = (
        waiting.values("user").annotate(count=Count("pk")).filter(count__gte=clouds().telling.digest_from)
    )
    return sum(_fold_of(user, now) for user in list(enough.values_list("user", flat=True)[:200]))


def _fold_of(user_id: int, now: datetime) -> bool:
    digest = Mail(id=uuid7(), user_id=user_id, created_at=now, due_at=now)
    theirs = Mail.objects.filter(state=Mail.State.WAITING, due_at__lte=now, user_id=user_id)
    with transaction.atomic():
        # Another worker that folds them at the same time leaves us none.
        if not theirs.filter(attachments=[]).update(state=Mail.State.FOLDED, folded_into=digest.pk):
            return False
        folded = list(Mail.objects.filter(folded_into=digest.pk).select_related("user").order_by("id"))
        # Written to where the latest of them was to go.
        digest.to_address = folded[-1].to_address
        digest.subject, digest.text = subject_of(folded), text_of(folded)
        digest.level = worst(folded)
        digest.url = reverse("notices:inbox")
        digest.save(force_insert=True)
    return True


def subject_of(folded: Sequence[Mail]) -> str:
    rest = len(folded) - 1
    first = next(mail for mail in folded if mail.level == worst(folded))
    more = f" and {rest} more" if rest else ""
    return f"{first.subject[: 200 - len(more)]}{more}"


def text_of(folded: Sequence[Mail]) -> str:
    """The titles in the order in which it happened."""
    lines = [f"- {local(mail.created_at, mail.user):%H:%M %Z}  {mail.subject}" for mail in folded[:_LISTED]]
    if len(folded) > _LISTED:
        lines.append(f"and {len(folded) - _LISTED} more")
    return f"{len(folded)} things happened:\n\n" + "\n".join(lines)


def worst(folded: Sequence[Mail]) -> Level:
    return next((level for level in _WORST_FIRST if any(mail.level == level for mail in folded)), Level.INFO)
