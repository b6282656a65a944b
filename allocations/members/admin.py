from typing import TYPE_CHECKING, Any

from django.contrib import admin

from allocations.members.models import Decision, Departure, Invitation
from portal.accounts.admin import Visible

if TYPE_CHECKING:
    _ModelAdmin = admin.ModelAdmin[Any]
else:
    _ModelAdmin = admin.ModelAdmin


@admin.register(Decision)
class DecisionAdmin(Visible, _ModelAdmin):
    list_display = ["username", "cloud", "project_id", "out", "role", "by_name", "at"]
    list_filter = ["out", "role", "cloud"]
    search_fields = ["username", "project_id"]


@admin.register(Invitation)
class InvitationAdmin(Visible, _ModelAdmin):
    list_display = ["hint", "allocation", "role", "used", "cap", "expires_at", "revoked_at", "created_by"]
    list_select_related = ["allocation", "created_by"]
    exclude = ["digest"]
    search_fields = ["allocation__project_name", "note"]


@admin.register(Departure)
class DepartureAdmin(Visible, _ModelAdmin):
    list_display = ["name", "username", "allocation", "by_name", "at", "settled_at"]
    list_select_related = ["allocation"]
    search_fields = ["username", "name", "allocation__project_name"]
