from typing import TYPE_CHECKING, Any

from django.contrib import admin

from portal.core.admin import ReadOnly
from portal.operations.models import Operation, OperationStep

if TYPE_CHECKING:
    _ModelAdmin = admin.ModelAdmin[Any]
    _TabularInline = admin.TabularInline[Any, Any]
else:
    _ModelAdmin = admin.ModelAdmin
    _TabularInline = admin.TabularInline


class StepInline(ReadOnly, _TabularInline):
    model = OperationStep
    extra = 0


@admin.register(Operation)
class OperationAdmin(ReadOnly, _ModelAdmin):
    list_display = ["created_at", "label", "target_name", "by", "state", "step", "attempts", "error_id"]
    list_filter = ["state", "kind", "cloud"]
    search_fields = ["id", "target_id", "target_name"]
    list_select_related = ["by"]
    inlines = [StepInline]
    # It may hold a boot script, sealed, and people's keys.
    exclude = ["spec"]
