"""What allauth asks of us: it does the protocol, `oidc` judges the answer, `signin` keeps the person."""

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from allauth.socialaccount.models import SocialApp, SocialLogin
from allauth.socialaccount.providers.base.constants import AuthError, AuthProcess
from django.conf import settings
from django.http import HttpRequest
from requests import RequestException

from portal.accounts import hooks, services, signin
from portal.accounts.oidc import LoginClaims, Refusal, claims_of, visitor_of
from portal.cloud.config import clouds
from portal.cloud.schema import Oidc
from portal.core.errors import PortalError

# Refused as people of the portal, and not as liars.
_VISITORS_ARE = frozenset({"accounts:wrong-idp", "accounts:no-access-id"})


def rules() -> Oidc:
    found = clouds().oidc
    if found is None:
        raise PortalError("accounts:provider-down", provider="The identity provider (none is configured)")
    return found


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]
    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """People come in through the identity provider only."""
        return False

    def logout(self, request: HttpRequest) -> None:
        services.before_sign_out(request)
        super().logout(request)


class SocialAccountAdapter(DefaultSocialAccountAdapter):  # type: ignore[misc]
    def list_apps(
        self, request: HttpRequest, provider: str | None = None, client_id: str | None = None
    ) -> list[SocialApp]:
        """The one provider that portal.yaml describes, and no other: none comes from the database."""
        app = _app(rules(), visiting=hooks.visiting(request))
        wanted = provider in {None, app.provider, app.provider_id} and client_id in {None, app.client_id}
        return [app] if wanted else []

    def pre_social_login(self, request: HttpRequest, sociallogin: SocialLogin) -> None:
        """Replace allauth's own lookup, which knows no issuer, by ours; then connect the clouds."""
        if sociallogin.state.get("process") not in {None, AuthProcess.LOGIN}:
            raise PortalError("accounts:sign-in-expired")
        claims = _claims(request, sociallogin.account.extra_data)
        user = signin.person(claims)
        sociallogin.user = sociallogin.account.user = user
        if sociallogin.token is not None and not user.is_visitor:
            services.connect_with_oidc(
                user=user,
                access_token=sociallogin.token.token,
                expires_at=sociallogin.token.expires_at,
                by=user,
            )

    def on_authentication_error(
        self,
        request: HttpRequest,
        provider: Any,
        error: Any = None,
        exception: Exception | None = None,
        extra_context: dict[str, Any] | None = None,
    ) -> None:
        title = rules().title
        if error == AuthError.CANCELLED:
            raise PortalError("accounts:cancelled")
        if isinstance(exception, RequestException):
            raise PortalError("accounts:provider-down", provider=title)
        if exception is None and "error" not in request.GET:
            raise PortalError("accounts:sign-in-expired")
        raise PortalError("accounts:provider-refused", provider=title)


def _app(oidc: Oidc, *, visiting: bool) -> SocialApp:
    hint = _hint(oidc, visiting)
    return SocialApp(
        provider="openid_connect",
        provider_id=oidc.provider_id,
        name=oidc.title,
        client_id=settings.OIDC_CLIENT_ID,
        secret=settings.OIDC_CLIENT_SECRET,
        settings={
            "server_url": oidc.issuer,
            "scope": list(oidc.scopes),
            "auth_params": {"idphint": hint} if hint else {},
            "oauth_pkce_enabled": True,
            # Client ids of CILogon hold colons and slashes, which break naive Basic authentication.
            "token_auth_method": "client_secret_post",
            "fetch_userinfo": True,
            "uid_field": oidc.claims.subject,
        },
    )


def _hint(oidc: Oidc, visiting: bool) -> str:
    """A hint limits whom CILogon offers: whoever comes for a workshop chooses among all that may."""
    if not visiting or not oidc.idphint:
        return oidc.idphint
    return "" if "*" in oidc.visitor_idps else ",".join((oidc.idphint, *oidc.visitor_idps))


def _claims(request: HttpRequest, answer: dict[str, Any]) -> LoginClaims:
    userinfo, id_token = answer.get("userinfo"), answer.get("id_token")
    told = (userinfo if isinstance(userinfo, dict) else {}, id_token if isinstance(id_token, dict) else {})
    judged = claims_of(*told, rules())
    if isinstance(judged, Refusal) and judged.problem in _VISITORS_ARE:
        visitor = visitor_of(*told, rules())
        if isinstance(visitor, LoginClaims) and hooks.visiting(request, visitor):
            judged = visitor
    if isinstance(judged, Refusal):
        raise PortalError(judged.problem, **dict[str, Any](judged.params))
    return judged
