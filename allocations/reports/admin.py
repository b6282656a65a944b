from typing import TYPE_CHECKING, Any

from django.contrib import admin

from allocations.reports.models import AllocationHealth, WeeklyReport
from portal.accounts.admin import Visible

if TYPE_CHECKING:
    _ModelAdmin = admin.ModelAdmin[Any]
else:
    _ModelAdmin = admin.ModelAdmin


@admin.register(AllocationHealth)
class AllocationHealthAdmin(Visible, _ModelAdmin):
    list_display = [
        "allocation",
        "troubles",
        "used_percent",
        "remaining",
        "burn",
        "ends_on",
        "machines",
        "at",
    ]
    list_filter = ["over", "ended", "ending", "erroring", "unconnected", "quota", "idle"]
    list_select_related = ["allocation"]
    search_fields = ["allocation__project_name", "allocation__title"]


@admin.register(WeeklyReport)
class WeeklyReportAdmin(Visible, _ModelAdmin):
    list_display = ["week", "allocation", "user", "told", "at"]
    list_filter = ["told"]
    list_select_related = ["allocation", "user"]
    search_fields = ["week", "allocation__project_name", "user__username"]
