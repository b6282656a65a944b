"""What the pages of notices are about: of one person, with names that a test of every URL can ask for."""

from datetime import timedelta
from typing import Any

from django.utils import timezone

from portal.accounts.models import User
from portal.notices import announcing, unsubscribing, webhooks
from portal.notices.announcing import Draft
from portal.notices.models import Announcement, Notice, Webhook


def webhook_of(user: User, **more: Any) -> Webhook:
    words = {"name": "lab chat", "url": "https://hooks.example.edu/in", **more}
    made, _ = webhooks.add(owner=user, by=user, **words)
    return made


def announce(by: User, **more: Any) -> Announcement:
    now = timezone.now()
    words = {
        "level": "info",
        "text": "Maintenance on Tuesday",
        "url": "",
        "cloud": "",
        "region": "",
        "starts_at": now - timedelta(hours=1),
        "ends_at": now + timedelta(hours=1),
        "dismissable": True,
        **more,
    }
    return announcing.publish(draft=Draft(**words), by=by)


def ids_of(user: User) -> dict[str, dict[str, Any]]:
    """URL name → what its path is about."""
    notice = Notice.objects.create(
        user=user, kind="instance.ready", title="A machine is ready", url="/profile/"
    )
    hook = webhook_of(user)
    announcement = announce(user)
    of_hook = ("notices:webhook", "notices:webhook-do", "api:change_webhook", "api:remove_webhook")
    of_notice = ("notices:open", "notices:read")
    of_announcement = ("notices:dismiss", "notices:announcement", "notices:announcement-end")
    return {
        **{name: {"id": hook.pk, "action": "test"} for name in of_hook},
        **{name: {"id": hook.pk} for name in ("api:test_webhook", "api:list_deliveries")},
        **{name: {"id": notice.pk} for name in of_notice},
        **{name: {"pk": announcement.pk} for name in of_announcement},
        "notices:unsubscribe": {"token": unsubscribing.path(user, "webhook.disabled").split("/")[-2]},
    }
