from django.contrib import admin
from django.http import HttpRequest

from instances.models import Instance, Poll


class ReadOnly(admin.ModelAdmin):  # type: ignore[type-arg]
    """To look at, never to change: the cloud and the portal's own services write these."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return False


@admin.register(Instance)
class InstanceAdmin(ReadOnly):
    list_display = ("name", "allocation", "owner", "status", "flavor_name", "created_at", "deleted_at")
    list_filter = ("status", "allocation__cloud")
    search_fields = ("name", "server_id", "id")
    list_select_related = ("allocation", "owner")


@admin.register(Poll)
class PollAdmin(ReadOnly):
    list_display = ("allocation", "what", "ok_at", "next_at", "failures", "error_id")
    list_filter = ("what", "error_id")
    list_select_related = ("allocation",)
