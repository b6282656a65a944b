from typing import TYPE_CHECKING, Any

from django.contrib import admin

from allocations.budgets.models import Budget, Crossing, Group, Limits, Shelving
from portal.accounts.admin import Visible

if TYPE_CHECKING:
    _ModelAdmin = admin.ModelAdmin[Any]
else:
    _ModelAdmin = admin.ModelAdmin


@admin.register(Budget)
class BudgetAdmin(Visible, _ModelAdmin):
    list_display = ["allocation", "subject_key", "su", "resource", "period", "hard", "valid_from", "valid_to"]
    list_filter = ["subject", "period", "resource", "hard"]
    list_select_related = ["allocation"]
    search_fields = ["allocation__project_name", "user__username", "group__name", "machine_name"]


@admin.register(Limits)
class LimitsAdmin(Visible, _ModelAdmin):
    list_display = ["allocation", "subject_key", "max_vcpus", "max_machines", "max_gpus", "lifetime_hours"]
    list_select_related = ["allocation"]
    search_fields = ["allocation__project_name"]


@admin.register(Group)
class GroupAdmin(Visible, _ModelAdmin):
    list_display = ["allocation", "name", "created_at"]
    list_select_related = ["allocation"]
    search_fields = ["allocation__project_name", "name"]


@admin.register(Crossing)
class CrossingAdmin(Visible, _ModelAdmin):
    list_display = ["budget", "person_key", "period_key", "percent", "step", "spent", "at", "lifted_at"]
    list_filter = ["percent", "step"]
    list_select_related = ["budget__user", "budget__group"]


@admin.register(Shelving)
class ShelvingAdmin(Visible, _ModelAdmin):
    list_display = [
        "machine_name",
        "allocation",
        "reason",
        "due_at",
        "asked_at",
        "tries",
        "problem_id",
        "dropped_at",
    ]
    list_filter = ["problem_id"]
    list_select_related = ["allocation"]
    search_fields = ["machine_name", "allocation__project_name"]
