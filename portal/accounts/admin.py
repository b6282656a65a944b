"""What operators may look at. Nothing here shows a sealed secret, or changes anything but who may come in."""

from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.db import transaction
from django.http import HttpRequest

from portal.accounts import services
from portal.accounts.models import ApiToken, CloudCredential, CloudLink, ToolCredential, User
from portal.core.admin import ReadOnly
from portal.core.errors import PortalError

if TYPE_CHECKING:
    _ModelAdmin = admin.ModelAdmin[Any]
else:
    _ModelAdmin = admin.ModelAdmin


class Visible(ReadOnly):
    """The name under which apps above take it."""


@admin.register(User)
class UserAdmin(Visible, _ModelAdmin):
    """The one thing to change is `is_active`: who is switched off is signed out, and cannot come back."""

    list_display = [
        "username",
        "display_name",
        "access_id",
        "identity_provider_name",
        "is_operator",
        "is_active",
    ]
    list_filter = ["is_operator", "is_active", "identity_provider_name"]
    search_fields = ["username", "display_name", "access_id", "email", "subject"]
    readonly_fields = [
        "username",
        "display_name",
        "access_id",
        "email",
        "issuer",
        "subject",
        "identity_provider",
        "authentication_context",
        "is_operator",
        "claimed_groups",
        "date_joined",
        "last_login",
    ]
    fields = ["is_active", *readonly_fields]

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.has_view_permission(request)

    def save_model(self, request: HttpRequest, obj: User, form: Any, change: bool) -> None:
        with transaction.atomic():
            super().save_model(request, obj, form, change)
            services.switched(user=obj, by=_operator(request))


def _operator(request: HttpRequest) -> User:
    if not isinstance(request.user, User):
        raise PortalError("portal:sign-in")
    return request.user


@admin.register(CloudLink)
class CloudLinkAdmin(Visible, _ModelAdmin):
    list_display = ["user", "cloud", "state", "cloud_user_name", "error_id", "attempts", "changed_at"]
    list_filter = ["cloud", "state"]
    list_select_related = ["user"]
    search_fields = ["user__username", "cloud_user_name"]
    exclude = ["sealed_login"]


@admin.register(CloudCredential)
class CloudCredentialAdmin(Visible, _ModelAdmin):
    list_display = ["user", "project_name", "cloud", "expires_at", "last_used_at", "refused_at", "revoked_at"]
    list_filter = ["cloud", "made_here"]
    list_select_related = ["user"]
    search_fields = ["user__username", "project_name", "application_credential_id"]
    exclude = ["sealed_secret"]


@admin.register(ToolCredential)
class ToolCredentialAdmin(Visible, _ModelAdmin):
    list_display = [
        "user",
        "name",
        "project_name",
        "cloud",
        "state",
        "asked_at",
        "expires_at",
        "revoked_at",
        "gone_at",
    ]
    list_filter = ["cloud", "state"]
    list_select_related = ["user"]
    search_fields = ["user__username", "name", "project_name", "application_credential_id"]
    exclude = ["sealed_secret"]


@admin.register(ApiToken)
class ApiTokenAdmin(Visible, _ModelAdmin):
    list_display = ["user", "name", "hint", "scope", "created_at", "last_used_at", "expires_at", "revoked_at"]
    list_filter = ["scope"]
    list_select_related = ["user"]
    search_fields = ["user__username", "name"]
    exclude = ["digest"]
