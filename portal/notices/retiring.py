"""Switching a webhook off by the portal itself, and telling its owner."""

from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.urls import reverse
from django.utils import timezone

from portal.cloud.config import clouds
from portal.core import audit
from portal.core.claims import claim
from portal.notices import kinds, services
from portal.notices.kinds import Kind
from portal.notices.models import Sending, Webhook

# The kind of what "send a test" sends; nobody is told of it otherwise.
TEST = "webhook.test"
DISABLED = kinds.register(
    Kind(
        "webhook.disabled",
        "A webhook of yours was switched off",
        group="portal",
        ways={"page", "mail"},
        always=True,
    )
)


def disable_if_too_long(pk: UUID, now: datetime) -> None:
    """Once nothing has arrived for as many days as the operator bears it."""
    since = now - timedelta(days=clouds().telling.webhook_disable_days)
    hook = Webhook.objects.filter(pk=pk, failing_since__lte=since, disabled_at=None).first()
    if hook is not None:
        disable(hook, f"it took nothing for {clouds().telling.webhook_disable_days:g} days")


def disable(hook: Webhook, why: str) -> None:
    """Nothing more is sent; what waits ends here. Of two workers one does it."""
    now = timezone.now()
    with transaction.atomic():
        if not claim(Webhook.objects.filter(pk=hook.pk, disabled_at=None), disabled_at=now, disabled_why=why):
            return
        Sending.objects.filter(webhook=hook, state=Sending.State.WAITING).update(
            state=Sending.State.FAILED, error="the webhook was switched off"
        )
        audit.record(
            "webhook.disable",
            by=None,
            scope=hook.scope or f"user.{hook.owner_id}",
            target_type="webhook",
            target_id=hook.pk,
            target_name=hook.name,
            why=why,
        )
        services.tell(
            DISABLED.name,
            to=[hook.owner],
            key=f"webhook-off:{hook.pk}:{now.isoformat()}",
            title=f"Your webhook {hook.name} was switched off",
            text=f"The portal sends it nothing any more: {why}.\n\nOnce it works, switch it on again on its page.",
            url=reverse("notices:webhook", kwargs={"id": hook.pk}),
            level="warning",
            scope=hook.scope,
        )
