from typing import TYPE_CHECKING, Any

from django.contrib import admin

from allocations.models import Allocation, Grant, LedgerEntry, Membership, ProviderFigure
from portal.accounts.admin import Visible

if TYPE_CHECKING:
    _ModelAdmin = admin.ModelAdmin[Any]
else:
    _ModelAdmin = admin.ModelAdmin


@admin.register(Allocation)
class AllocationAdmin(Visible, _ModelAdmin):
    list_display = ["project_name", "cloud", "region", "title", "pi_name", "quota_read_at", "read_error_id"]
    list_filter = ["cloud", "region", "read_error_id"]
    search_fields = ["project_name", "title", "pi_name", "project_id"]


@admin.register(Grant)
class GrantAdmin(Visible, _ModelAdmin):
    list_display = ["allocation", "resource", "awarded", "used", "starts_on", "ends_on", "active", "as_of"]
    list_filter = ["resource", "active"]
    list_select_related = ["allocation"]
    search_fields = ["allocation__project_name"]


@admin.register(Membership)
class MembershipAdmin(Visible, _ModelAdmin):
    list_display = ["user", "allocation", "role", "source", "since", "ended_at"]
    list_filter = ["role", "source"]
    list_select_related = ["user", "allocation"]
    search_fields = ["user__username", "allocation__project_name"]


@admin.register(LedgerEntry)
class LedgerEntryAdmin(Visible, _ModelAdmin):
    list_display = ["allocation", "instance_name", "resource", "status", "starts_at", "ends_at", "su", "kind"]
    list_filter = ["kind", "resource"]
    list_select_related = ["allocation"]
    search_fields = ["allocation__project_name", "instance_name", "instance_id"]
    date_hierarchy = "starts_at"


@admin.register(ProviderFigure)
class ProviderFigureAdmin(Visible, _ModelAdmin):
    list_display = ["grant", "as_of", "used", "metered", "difference"]
    list_filter = ["grant__resource"]
    list_select_related = ["grant"]
    search_fields = ["grant__allocation__project_name"]
    date_hierarchy = "as_of"
