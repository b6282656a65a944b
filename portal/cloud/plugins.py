"""keystoneauth's plugin for each way to sign in: it finds tokens that are still good, and names what was refused."""

import re

import requests
from keystoneauth1 import access
from keystoneauth1 import exceptions as keystone
from keystoneauth1 import session as keystone_session
from keystoneauth1.identity import v3
from keystoneauth1.identity.base import BaseIdentityPlugin
from keystoneauth1.identity.v3.base import BaseAuth

from portal.cloud import federation, tokens, translate
from portal.cloud.config import CloudConfig
from portal.cloud.logins import AppCredentialLogin, Login, OidcTokenLogin, PasswordLogin, TokenLogin
from portal.cloud.wire import Wire
from portal.core.errors import PortalError

_UNKNOWN = re.compile(r"Could not find Application Credential|Fernet token|validate token|find token", re.I)


class Plugin(BaseIdentityPlugin):
    """Wraps keystoneauth's plugin of one login: finds good tokens, and names what was refused."""

    def __init__(self, login: Login, config: CloudConfig, wire: Wire) -> None:
        self._inner = _plugin(login, config)
        super().__init__(auth_url=self._inner.auth_url)
        self._key = tokens.key_of(type(login).__name__, *_identity_of(login))
        self._wire = wire
        self._federated = isinstance(login, OidcTokenLogin)
        self._ours = isinstance(login, AppCredentialLogin)
        self._refused = "cloud:credential-revoked" if self._ours else "cloud:unauthorized"

    def get_auth_ref(self, session: keystone_session.Session) -> access.AccessInfo:
        lock = tokens.signing_in(self._key)
        # Not longer than a call may take: behind a Keystone that hangs, nobody queues past a deadline.
        if not lock.acquire(timeout=self._wire.timeouts()[1]):
            raise PortalError("cloud:timeout", outcome="retry", service="identity")
        try:
            found = tokens.find(self._key) or self._sign_in(session)
        finally:
            lock.release()
        self._wire.learn(found)
        return found

    def _sign_in(self, session: keystone_session.Session) -> access.AccessInfo:
        try:
            found = self._inner.get_auth_ref(session)
        except keystone.ClientException as error:
            raise self._named(error) or _repeatable(translate.from_client(error, "identity")) from error
        except PortalError as error:
            raise _repeatable(error) from error.__cause__
        self.auth_ref = found
        # A person's own token opens all their projects: it is used for minutes, and is nobody else's business.
        tokens.keep(self._key, found, (self.get_auth_state() or "") if self._ours else "")
        return found

    def _named(self, error: keystone.ClientException) -> PortalError | None:
        """What refused this login; None for what is no refusal of it."""
        response = getattr(error, "response", None)
        if self._federated and isinstance(response, requests.Response):
            return federation.refusal(response)
        refused = isinstance(error, keystone.Unauthorized | keystone.MissingAuthMethods)
        # Keystone's answer to a credential that was deleted and to a token that is none.
        gone = isinstance(error, keystone.NotFound) and _UNKNOWN.search(str(error))
        return PortalError(self._refused, outcome="auth", service="identity") if refused or gone else None

    def forget(self) -> None:
        tokens.drop(self._key, None)
        self.auth_ref = None

    def invalidate(self) -> bool:
        tokens.drop(self._key, self.auth_ref)
        return super().invalidate()


def _repeatable(error: PortalError) -> PortalError:
    """Asking for a token changes nothing: it can be asked for again."""
    if error.outcome == "unknown":
        error.outcome = "retry"
    return error


def _identity_of(login: Login) -> tuple[str, ...]:
    if isinstance(login, AppCredentialLogin):
        return login.cloud, login.id, login.secret
    if isinstance(login, PasswordLogin):
        return login.cloud, login.username, login.password, login.user_domain, login.project_id or ""
    if isinstance(login, TokenLogin):
        return login.cloud, login.token, login.project_id or ""
    return login.cloud, login.access_token


def _plugin(login: Login, config: CloudConfig) -> BaseAuth:
    url = config.auth_url
    if isinstance(login, AppCredentialLogin):
        return v3.ApplicationCredential(
            url, application_credential_id=login.id, application_credential_secret=login.secret
        )
    if isinstance(login, PasswordLogin):
        return v3.Password(
            url,
            username=login.username,
            password=login.password,
            user_domain_name=login.user_domain,
            project_id=login.project_id,
            unscoped=login.project_id is None,
        )
    if isinstance(login, TokenLogin):
        unscoped = login.project_id is None
        return v3.Token(url, token=login.token, project_id=login.project_id, unscoped=unscoped)
    return v3.OidcAccessToken(
        config.federation_auth_url,
        identity_provider=config.portal.sign_in.identity_provider,
        protocol=config.portal.sign_in.protocol,
        access_token=login.access_token,
    )
