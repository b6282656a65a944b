from typing import TYPE_CHECKING, Any

from django.contrib import admin

from allocations.sources.models import AllocationFact, MemberRecord, MembershipRequest, SourceState
from portal.accounts.admin import Visible

if TYPE_CHECKING:
    _ModelAdmin = admin.ModelAdmin[Any]
else:
    _ModelAdmin = admin.ModelAdmin


@admin.register(SourceState)
class SourceStateAdmin(Visible, _ModelAdmin):
    list_display = [
        "source",
        "cloud",
        "project_id",
        "due_at",
        "read_at",
        "error_id",
        "error_since",
        "failures",
    ]
    list_filter = ["source", "cloud", "error_id"]
    search_fields = ["project_id"]


@admin.register(MemberRecord)
class MemberRecordAdmin(Visible, _ModelAdmin):
    list_display = ["username", "allocation", "source", "role", "state", "said", "since", "seen_at", "user"]
    list_filter = ["source", "state", "role"]
    list_select_related = ["allocation", "user"]
    search_fields = ["username", "name", "allocation__project_name"]


@admin.register(MembershipRequest)
class MembershipRequestAdmin(Visible, _ModelAdmin):
    list_display = [
        "username",
        "action",
        "allocation",
        "state",
        "source",
        "problem_id",
        "asked_by_name",
        "asked_at",
    ]
    list_filter = ["state", "action", "source", "problem_id"]
    list_select_related = ["allocation"]
    search_fields = ["username", "allocation__project_name", "asked_by_name"]


@admin.register(AllocationFact)
class AllocationFactAdmin(Visible, _ModelAdmin):
    list_display = ["allocation", "field", "source", "as_of"]
    list_filter = ["source", "field"]
    list_select_related = ["allocation"]
    search_fields = ["allocation__project_name", "value"]
