"""What operators may look at of sessions. Nothing here shows what was shown or typed, or a key."""

from typing import TYPE_CHECKING, Any

from django.contrib import admin

from instances.remote.models import Recording, RemoteSession, Share, Visit
from portal.accounts.admin import Visible

if TYPE_CHECKING:
    _ModelAdmin = admin.ModelAdmin[Any]
else:
    _ModelAdmin = admin.ModelAdmin


@admin.register(RemoteSession)
class RemoteSessionAdmin(Visible, _ModelAdmin):
    list_display = ("person", "instance", "kind", "source", "asked_at", "ended_at", "end_reason", "bytes_out")
    list_filter = ("kind", "end_reason")
    search_fields = ("=id", "person__access_id", "person__display_name", "instance__name", "=source")
    list_select_related = ("person", "instance")
    exclude = ("session_mark",)


@admin.register(Share)
class ShareAdmin(Visible, _ModelAdmin):
    list_display = ("session", "mode", "invited", "created_by", "created_at", "ended_at")
    list_filter = ("mode",)
    list_select_related = ("session", "invited", "created_by")


@admin.register(Visit)
class VisitAdmin(Visible, _ModelAdmin):
    list_display = ("person", "session", "mode", "source", "joined_at", "left_at", "left_reason")
    list_filter = ("mode", "left_reason")
    list_select_related = ("person", "session")


@admin.register(Recording)
class RecordingAdmin(Visible, _ModelAdmin):
    list_display = (
        "session",
        "started_by",
        "started_at",
        "seconds",
        "size_bytes",
        "end_reason",
        "keep_until",
        "removed_at",
    )
    list_filter = ("end_reason",)
    list_select_related = ("session", "started_by")
    exclude = ("sealed_key",)
