from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.http import HttpRequest

from portal.core.models import AuditEvent

if TYPE_CHECKING:
    _ModelAdmin = admin.ModelAdmin[Any]
else:
    _ModelAdmin = admin.ModelAdmin


class ReadOnly:
    """Operators see it, without a permission row for each model. What happened is not rewritten, not even by them."""

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self.has_view_permission(request)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        user = request.user
        return user.is_active and (getattr(user, "is_operator", False) or user.is_superuser)

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(AuditEvent)
class AuditEventAdmin(ReadOnly, _ModelAdmin):
    list_display = ["at", "actor_name", "action", "scope", "target_name", "request_id"]
    list_filter = ["action"]
    search_fields = ["actor_name", "actor_id", "target_id", "target_name", "scope", "request_id"]
    date_hierarchy = "at"
