"""What operators may look at: how mails and webhooks fare, without what they say."""

from typing import TYPE_CHECKING, Any

from django.contrib import admin

from portal.accounts.admin import Visible
from portal.accounts.models import Look
from portal.notices.models import Announcement, Mail, Sending, Webhook

if TYPE_CHECKING:
    _ModelAdmin = admin.ModelAdmin[Any]
else:
    _ModelAdmin = admin.ModelAdmin


@admin.register(Mail)
class MailAdmin(Visible, _ModelAdmin):
    list_display = ["created_at", "to_address", "kind", "subject", "state", "attempts", "sent_at", "error"]
    list_filter = ["state", "kind"]
    search_fields = ["to_address", "subject"]
    exclude = ["text", "sealed_text", "attachments", "url"]


@admin.register(Webhook)
class WebhookAdmin(Visible, _ModelAdmin):
    list_display = ["name", "owner", "scope", "created_at", "last_ok_at", "failing_since", "disabled_at"]
    list_select_related = ["owner"]
    search_fields = ["name", "owner__username", "scope"]
    # An address may hold a secret of the program behind it.
    exclude = ["sealed_secret", "url"]


@admin.register(Sending)
class SendingAdmin(Visible, _ModelAdmin):
    list_display = ["created_at", "webhook", "kind", "state", "attempts", "status_code", "error"]
    list_filter = ["state", "kind"]
    list_select_related = ["webhook"]
    exclude = ["body", "answer"]


@admin.register(Announcement)
class AnnouncementAdmin(Visible, _ModelAdmin):
    list_display = ["text", "level", "cloud", "region", "starts_at", "ends_at", "made_by"]
    list_select_related = ["made_by"]


@admin.register(Look)
class LookAdmin(Visible, _ModelAdmin):
    list_display = ["started_at", "operator", "person", "reason", "pages", "ended_at", "ended_why"]
    list_select_related = ["operator", "person"]
    search_fields = ["operator__username", "person__username", "reason"]
