"""A person's own export: asked for, fetched, removed. Only its person may; each of it is in the audit."""

from datetime import datetime
from uuid import UUID

from cryptography.fernet import Fernet
from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.utils import timezone

from allocations.overview import tasks
from allocations.overview.models import Export
from portal.accounts.models import User
from portal.core import seal
from portal.core.audit import record
from portal.core.claims import claim
from portal.core.errors import PortalError

State = Export.State


def of(user: User) -> "QuerySet[Export]":
    """The person's own, newest first, without what is in them."""
    return Export.objects.filter(user=user).defer("sealed")


def ask(*, by: User) -> Export:
    """One at a time: who asks again while one is being made gets that one."""
    try:
        with transaction.atomic():
            made = Export.objects.create(user=by, asked_at=timezone.now())
            record("export.ask", by=by, target_type="export", target_id=made.pk, target_name=str(by))
            transaction.on_commit(lambda: tasks.build_export.delay(str(made.pk)), robust=True)
    except IntegrityError:
        found = of(by).filter(state=State.ASKED).first()
        if found is None:
            raise PortalError("portal:unavailable", outcome="retry", part="The database") from None
        return found
    return made


def content(*, by: User, export_id: UUID, now: datetime | None = None) -> bytes:
    """The ZIP. PortalError `overview:no-export` for anybody else, and once its time is over."""
    at = now or timezone.now()
    found = Export.objects.filter(user=by, pk=export_id, state=State.READY, keep_until__gt=at).first()
    if found is None:
        raise PortalError("overview:no-export")
    plain = Fernet(seal.unseal(found.sealed_key)).decrypt(bytes(found.sealed))
    with transaction.atomic():
        Export.objects.filter(pk=found.pk).update(fetched_at=at)
        record("export.fetch", by=by, target_type="export", target_id=found.pk, target_name=str(by))
    return plain


@transaction.atomic
def remove(*, by: User, export_id: UUID) -> None:
    """Twice is once."""
    live = Export.objects.filter(user=by, pk=export_id).exclude(state=State.GONE)
    if claim(live, state=State.GONE, sealed=b"", sealed_key=""):
        record("export.remove", by=by, target_type="export", target_id=export_id, target_name=str(by))
    elif not Export.objects.filter(user=by, pk=export_id).exists():
        raise PortalError("overview:no-export")
