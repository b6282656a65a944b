"""At the root of the site: signing in and out, and the profile. Of allauth, only the sign-in is reachable."""

from django.urls import path

from portal.accounts import (
    views_clouds,
    views_looking,
    views_profile,
    views_signin,
    views_tools,
    views_websso,
)
from portal.cloud.websso import RETURN_PATH

urlpatterns = [
    path("accounts/login/", views_signin.sign_in, name="account_login"),
    path("accounts/logout/", views_signin.sign_out, name="account_logout"),
    path("accounts/inactive/", views_signin.inactive, name="account_inactive"),
    path("accounts/oidc/<str:provider_id>/login/", views_signin.oidc_login, name="openid_connect_login"),
    path(
        "accounts/oidc/<str:provider_id>/login/callback/",
        views_signin.oidc_callback,
        name="openid_connect_callback",
    ),
    path("profile/", views_profile.profile, name="profile"),
    path("profile/end-sessions/", views_profile.end_sessions, name="profile-end-sessions"),
    path("profile/tokens/", views_profile.api_tokens, name="profile-tokens"),
    path("profile/tokens/<uuid:id>/revoke/", views_profile.revoke_token, name="profile-token-revoke"),
    path("profile/clouds/", views_clouds.connected_clouds, name="profile-clouds"),
    path(
        "profile/clouds/<slug:cloud>/connect/<slug:method>/",
        views_clouds.connect,
        name="profile-cloud-connect",
    ),
    path("profile/clouds/<slug:cloud>/websso/", views_websso.begin, name="profile-cloud-websso"),
    path("profile/clouds/<slug:cloud>/answer/", views_websso.answer, name="profile-cloud-answer"),
    path(RETURN_PATH.lstrip("/"), views_websso.come_back, name="websso-return"),
    path(f"{RETURN_PATH.lstrip('/')}finish/", views_websso.finish, name="websso-finish"),
    path("profile/clouds/<slug:cloud>/disconnect/", views_clouds.disconnect, name="profile-cloud-disconnect"),
    path(
        "profile/credentials/<int:pk>/renew/", views_clouds.renew_credential, name="profile-credential-renew"
    ),
    path(
        "profile/credentials/<int:pk>/revoke/",
        views_clouds.revoke_credential,
        name="profile-credential-revoke",
    ),
    path("operator/people/", views_looking.people, name="look-people"),
    path("operator/people/<int:pk>/look/", views_looking.start, name="look-start"),
    path("operator/look/end/", views_looking.end, name="look-end"),
    path("profile/tools/", views_tools.own_tools, name="profile-tools"),
    path("profile/tools/<int:pk>/", views_tools.own_tool, name="profile-tool"),
    path("profile/tools/<int:pk>/show/", views_tools.show_tool, name="profile-tool-show"),
    path("profile/tools/<int:pk>/revoke/", views_tools.revoke_tool, name="profile-tool-revoke"),
]
