"""What workers do for notices. Messages carry nothing: what is to be sent stands in the database."""

from datetime import timedelta
from typing import Any

from celery import shared_task
from django.db.models import QuerySet
from django.utils import timezone

from portal.accounts.models import Look
from portal.cloud.config import clouds
from portal.core.ids import first_of
from portal.notices import delivering, mailing
from portal.notices.models import Announcement, Mail, Notice, Sending

# Rows of one kind that one run removes: others want to write meanwhile.
TIDY_AT_MOST = 5000


@shared_task(ignore_result=True)
def send_mails() -> None:
    mailing.send_due()


@shared_task(ignore_result=True)
def send_webhooks() -> None:
    delivering.send_due()


@shared_task(ignore_result=True)
def tidy() -> None:
    """Remove what is older than the operator keeps it. That somebody was told of an event is kept for ever."""
    now, kept = timezone.now(), clouds().telling
    shown, sent = now - timedelta(days=kept.inbox_days), now - timedelta(days=kept.deliveries_days)
    _remove(Notice.objects.filter(pk__lt=first_of(shown)))
    over = Mail.objects.filter(pk__lt=first_of(sent)).exclude(
        state__in=(Mail.State.WAITING, Mail.State.SENDING)
    )
    # Those to addresses keep their key, that they are not sent twice.
    _remove(over.filter(key=None))
    over.exclude(key=None).exclude(url="").update(url="")
    waits = (Sending.State.WAITING, Sending.State.SENDING)
    _remove(Sending.objects.filter(pk__lt=first_of(sent)).exclude(state__in=waits))
    Look.objects.filter(started_at__lt=now - timedelta(days=clouds().retention.audit_days)).delete()
    Announcement.objects.filter(ends_at__lt=now - timedelta(days=kept.inbox_days)).delete()


def _remove(rows: QuerySet[Any]) -> None:
    pks = list(rows.order_by("pk").values_list("pk", flat=True)[:TIDY_AT_MOST])
    rows.model._default_manager.filter(pk__in=pks).delete()
