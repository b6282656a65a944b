"""`connect(login, region=...)` -> Cloud: the first argument of every other function of this package.

Nothing is called before it is needed. Versions of services are looked up once per process, tokens are shared
(tokens.py), and every request goes through wire.py.
"""

import json
from typing import Any

import openstack.connection
from keystoneauth1 import access
from keystoneauth1 import session as keystone_session

from portal.cloud import translate, wire
from portal.cloud.config import CloudConfig, clouds
from portal.cloud.logins import AppCredentialLogin, Login, OidcTokenLogin, PasswordLogin, TokenLogin
from portal.cloud.plugins import Plugin
from portal.cloud.wire import on_call
from portal.core import deadline as deadlines

__all__ = [
    "AppCredentialLogin",
    "Cloud",
    "Login",
    "OidcTokenLogin",
    "PasswordLogin",
    "TokenLogin",
    "connect",
    "forget_versions",
    "on_call",
]

# What services said about their versions, by URL: shared by all sessions of the process.
_versions: dict[str, Any] = {}


class Cloud:
    """One credential at one region. Made for one task and thrown away; not for use by two threads at once."""

    def __init__(self, config: CloudConfig, login: Login, region: str, deadline: float | None) -> None:
        self.config = config
        self.login = login
        self.region = region
        self.wire = wire.Wire(cloud=config.name, region=region, auth_base=config.auth_url, deadline=deadline)
        self._plugin = Plugin(login, config, self.wire)
        self.session = keystone_session.Session(
            auth=self._plugin,
            session=wire.session_for(self.wire, verify=config.verify),
            verify=config.verify,
            user_agent="heliosphere",
            discovery_cache=_versions,
            redirect=3,
        )
        self.sdk = openstack.connection.Connection(
            session=self.session, region_name=region, interface=config.interface, app_name="heliosphere"
        )

    @property
    def name(self) -> str:
        return self.config.name

    @property
    def request_ids(self) -> list[str]:
        """x-openstack-request-id of the changes made through this object, oldest first."""
        return self.wire.request_ids

    @property
    def access(self) -> access.AccessInfo:
        with translate.translated("identity"):
            return self._plugin.get_access(self.session)

    @property
    def project_id(self) -> str:
        return str(self.access.project_id or "")

    @property
    def user_id(self) -> str:
        return str(self.access.user_id or "")

    def forget_token(self) -> None:
        """Sign in anew at the next call, in every process."""
        self._plugin.forget()

    @property
    def token_methods(self) -> tuple[str, ...]:
        """How the token was come by: password, openid, application_credential, ..."""
        self.access  # noqa: B018  (signs in where that has not happened yet)
        state = json.loads(self._plugin.get_auth_state() or "{}")
        return tuple(str(method) for method in state["body"]["token"]["methods"])

    def endpoint(self, service_type: str) -> str | None:
        """The address of a service of the catalogue, None where the cloud has none of that type."""
        found = self.access.service_catalog.get_urls(
            service_type=service_type, interface=self.config.interface, region_name=self.region
        )
        return str(found[0]) if found else None


def connect(login: Login, *, region: str, deadline: float | None = None) -> Cloud:
    """No call will outlive `deadline`, a value of time.monotonic(); by default that of the present task."""
    end = deadlines.current() if deadline is None else deadline
    return Cloud(clouds().cloud(login.cloud), login, region, end)


def forget_versions() -> None:
    """Look the services' versions up again; they change when a cloud is upgraded."""
    _versions.clear()
