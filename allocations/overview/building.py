"""The worker's side of exports: made once, however often a message comes or a worker dies; removed after their day."""

import logging
from datetime import timedelta
from uuid import UUID

from cryptography.fernet import Fernet
from django.db import transaction
from django.db.models import F, Q
from django.utils import timezone

from allocations.overview import hooks
from allocations.overview.models import Export
from allocations.overview.zipped import TooMuch, packed
from portal.core import seal
from portal.core.audit import record
from portal.core.claims import claim
from portal.notices import services as notices

logger = logging.getLogger(__name__)
KEPT = timedelta(days=1)
LEASE = timedelta(minutes=5)
# A worker that dies over it is not led into it for ever.
MOST_ATTEMPTS = 3
READY = "export.ready"
State = Export.State


def build(export_id: UUID | str) -> bool:
    """Make it, unless another worker does. True when it was made now."""
    now = timezone.now()
    free = Q(lease_until=None) | Q(lease_until__lte=now)
    waiting = Export.objects.filter(free, pk=export_id, state=State.ASKED, attempts__lt=MOST_ATTEMPTS)
    if not claim(waiting, lease_until=now + LEASE, attempts=F("attempts") + 1):
        return False
    export = Export.objects.select_related("user").defer("sealed").get(pk=export_id)
    user = export.user
    try:
        found = ((part.name, part.what, part.rows(user)) for part in hooks.parts())
        plain, counts = packed(found, whose=str(user), made_at=now)
    except TooMuch as error:
        logger.warning("export %s: %s", export_id, error)
        _failed(export, "overview:export-too-large")
        return False
    return _store(export, plain, counts)


def due() -> list[str]:
    """Asked for, and in no worker's hands: their message was lost, or their worker died."""
    now = timezone.now()
    free = Q(lease_until=None, asked_at__lte=now - timedelta(seconds=30)) | Q(lease_until__lte=now)
    waiting = Export.objects.filter(free, state=State.ASKED)
    for export in waiting.filter(attempts__gte=MOST_ATTEMPTS).defer("sealed").select_related("user"):
        _failed(export, "overview:export-failed")
    return [str(pk) for pk in waiting.filter(attempts__lt=MOST_ATTEMPTS).values_list("pk", flat=True)]


def tidy() -> int:
    """Erase the content and the key of those whose day is over. How many."""
    over = Export.objects.filter(state=State.READY, keep_until__lte=timezone.now())
    return over.update(state=State.GONE, sealed=b"", sealed_key="")


@transaction.atomic
def _store(export: Export, plain: bytes, counts: dict[str, int]) -> bool:
    now, key = timezone.now(), seal.new_key()
    done = claim(
        Export.objects.filter(pk=export.pk, state=State.ASKED),
        state=State.READY,
        ready_at=now,
        keep_until=now + KEPT,
        sealed_key=seal.seal(key),
        sealed=Fernet(key).encrypt(plain),
        size=len(plain),
        counts=counts,
        lease_until=None,
    )
    if not done:
        return False
    record("export.made", by=None, target_type="export", target_id=export.pk, target_name=str(export.user))
    notices.tell(
        READY,
        to=[export.user],
        key=f"export:{export.pk}",
        title="Your data is ready to be fetched",
        text="The copy of everything that is yours is ready. It is kept for a day, and only you can fetch it.",
        url="/profile/export/",
        level="success",
    )
    return True


@transaction.atomic
def _failed(export: Export, error_id: str) -> None:
    waiting = Export.objects.filter(pk=export.pk, state=State.ASKED)
    if claim(waiting, state=State.FAILED, error_id=error_id, lease_until=None):
        record(
            "export.failed", by=None, target_type="export", target_id=export.pk, target_name=str(export.user)
        )
