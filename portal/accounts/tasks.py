"""What workers do for accounts: connect, revoke, renew."""

from datetime import timedelta

from celery import shared_task
from django.db.models import Q
from django.utils import timezone

from portal.accounts import connecting, impersonation, leases, renewing, services, tools_making
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
def make_tool(pk: int) -> None:
    tools_making.make(pk)


@shared_task
def remove_tool(pk: int) -> None:
    tools_making.remove(pk)


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
    for pk in leases.free(waiting).values_list("pk", flat=True):
        enqueue("connect", pk)
    revoked = CloudCredential.objects.filter(revoked_at__lt=now - _LOST_AFTER).exclude(sealed_secret="")
    for pk in revoked.values_list("pk", flat=True):
        enqueue("revoke", pk)
    _sweep_questions()
    _sweep_tools()
    impersonation.end_overdue()


def _sweep_questions() -> None:
    """Nobody said whose account it is while the login was good."""
    asking = CloudLink.objects.filter(state=CloudLink.State.ASKING, login_expires_at__lte=timezone.now())
    for link in asking.select_related("user"):
        services.decline(user=link.user, cloud=link.cloud, by=None)


def _sweep_tools() -> None:
    tools_making.forget_secrets()
    lost = timezone.now() - _LOST_AFTER
    for pk in tools_making.waiting_to_be_made().filter(asked_at__lt=lost).values_list("pk", flat=True):
        enqueue("make_tool", pk)
    for pk in tools_making.waiting_to_go().filter(revoked_at__lt=lost).values_list("pk", flat=True):
        enqueue("remove_tool", pk)
