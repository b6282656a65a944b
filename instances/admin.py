from typing import TYPE_CHECKING, Any

from django.contrib import admin

from instances.models import Instance, Poll
from portal.accounts.admin import Visible

if TYPE_CHECKING:
    _ModelAdmin = admin.ModelAdmin[Any]
else:
    _ModelAdmin = admin.ModelAdmin


@admin.register(Instance)
class InstanceAdmin(Visible, _ModelAdmin):
    list_display = ("name", "allocation", "owner", "status", "flavor_name", "created_at", "deleted_at")
    list_filter = ("status", "allocation__cloud")
    search_fields = ("name", "server_id", "id")
    list_select_related = ("allocation", "owner")


@admin.register(Poll)
class PollAdmin(Visible, _ModelAdmin):
    list_display = ("allocation", "what", "ok_at", "next_at", "failures", "error_id")
    list_filter = ("what", "error_id")
    list_select_related = ("allocation",)
