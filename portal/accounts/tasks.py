"""What workers do for accounts: connect, revoke, renew."""

from datetime import timedelta

from celery import shared_task
from django.db.models import Q
from django.utils import timezone

from portal.accounts import connecting, renewing
from portal.accounts.models import CloudCredential, CloudLink
from portal.accounts.queue import enqueue

# A message may be on its way: only what has waited this long is enqueued again.
_LOST_AFTER = timedelta(seconds=15)


@shared_task
def connect(link_id: int) -> None:
    connecting.connect(link_id)


@shared_task
def revoke(credential_id: int) -> None:
    renewing.revoke_at_cloud(credential_id)


@shared_task
def renew(credential_id: int) -> None:
    renewing.renew(credential_id)


@shared_task
def renew_due() -> None:
    """Credentials that end soon and whose owner was here lately."""
    for credential in renewing.due():
        enqueue("renew", credential.pk)


@shared_task
def sweep() -> None:
    """Find connections begun and revocations asked for that no worker has."""
    now = timezone.now()
    waiting = CloudLink.objects.filter(
        Q(next_attempt_at__lte=now) | Q(changed_at__lt=now - _LOST_AFTER), state=CloudLink.State.CONNECTING
    )
    for pk in connecting.free(waiting).values_list("pk", flat=True):
        enqueue("connect", pk)
    revoked = CloudCredential.objects.filter(revoked_at__lt=now - _LOST_AFTER).exclude(sealed_secret="")
    for pk in revoked.values_list("pk", flat=True):
        enqueue("revoke", pk)
