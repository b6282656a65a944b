"""Who somebody is to Keystone, where they may work, and the application credentials that act for them."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from portal.cloud import translate
from portal.cloud.config import clouds
from portal.cloud.connection import Cloud, connect
from portal.cloud.logins import AppCredentialLogin, Login, PasswordLogin, TokenLogin
from portal.cloud.parse import Row, moment_or_none, text
from portal.cloud.types import AppCredential, NewAppCredential, Project, Region, Token


def whoami(login: Login) -> Token:
    """What the credential stands for; a token that is still good answers without a call."""
    return _token(_any_region(login))


def validate(login: Login) -> Token:
    """Sign in now, whatever this process remembers; PortalError with outcome `auth` when refused."""
    cloud = _any_region(login)
    cloud.forget_token()
    return _token(cloud)


def unscoped(login: Login) -> Token:
    """A token without a project, from which the projects can be listed and chosen."""
    if isinstance(login, PasswordLogin) and login.project_id is not None:
        login = PasswordLogin(login.cloud, login.username, login.password, login.user_domain)
    return whoami(login)


def scoped(login: Login, project_id: str) -> Token:
    """A token for one project, with the roles held there."""
    return _token(_any_region(_scoped_login(login, project_id)))


@translate.translated("identity")
def projects(login: Login) -> list[Project]:
    """The projects that this login may work in. An application credential works in one."""
    cloud = _any_region(login)
    own = cloud.project_id if isinstance(login, AppCredentialLogin) else None
    body = _call(cloud, "GET", "/auth/projects")
    found = [_project(row) for row in body["projects"]]
    return [project for project in found if own is None or project.id == own]


def regions(cloud: Cloud) -> list[Region]:
    """The regions of the catalogue, with what each offers at the interface that we use."""
    offered: dict[str, set[str]] = {}
    for entry in cloud.access.service_catalog.catalog:
        for endpoint in entry.get("endpoints", ()):
            if endpoint.get("interface") == cloud.config.interface:
                region = str(endpoint.get("region_id") or endpoint.get("region") or "")
                offered.setdefault(region, set()).add(str(entry.get("type", "")))
    return [Region(id=name, services=frozenset(offered[name])) for name in sorted(offered)]


@translate.translated("identity")
def create_app_credential(
    login: Login,
    *,
    project_id: str,
    name: str,
    expires_at: datetime | None,
    roles: Sequence[str] | None = None,
    unrestricted: bool = False,
    description: str = "",
) -> NewAppCredential:
    """Made with the person's own sign-in for one project; the secret is told this once.

    Without `roles` it has all that the person holds in the project. An application credential itself may not
    make another one, unless it is unrestricted.
    """
    cloud = _any_region(_scoped_login(login, project_id))
    wanted: dict[str, Any] = {"name": name, "unrestricted": unrestricted}
    if description:
        wanted["description"] = description
    if expires_at is not None:
        wanted["expires_at"] = expires_at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.000000Z")
    if roles is not None:
        wanted["roles"] = [{"name": role} for role in roles]
    path = f"/users/{cloud.user_id}/application_credentials"
    row = _call(cloud, "POST", path, {"application_credential": wanted})["application_credential"]
    return NewAppCredential(secret=str(row["secret"]), **_app_credential_facts(row))


@translate.translated("identity")
def app_credentials(login: Login) -> list[AppCredential]:
    cloud = _any_region(login)
    body = _call(cloud, "GET", f"/users/{cloud.user_id}/application_credentials")
    return [AppCredential(**_app_credential_facts(row)) for row in body["application_credentials"]]


def delete_app_credential(login: Login, credential_id: str) -> None:
    """A person may do this, and an unrestricted credential; to a restricted one it is `cloud:forbidden`."""
    cloud = _any_region(login)
    _call(cloud, "DELETE", f"/users/{cloud.user_id}/application_credentials/{credential_id}")


def _any_region(login: Login) -> Cloud:
    return connect(login, region=clouds().cloud(login.cloud).regions[0])


def _scoped_login(login: Login, project_id: str) -> Login:
    if isinstance(login, AppCredentialLogin):
        return login
    if isinstance(login, PasswordLogin):
        return PasswordLogin(login.cloud, login.username, login.password, login.user_domain, project_id)
    return TokenLogin(login.cloud, unscoped(login).value, project_id)


@translate.translated("identity")
def _call(cloud: Cloud, method: str, path: str, json: Any = None) -> Any:
    """Keystone is called where clouds.yaml says it is: a token without a project has no catalogue."""
    url = cloud.config.auth_url + path
    response = cloud.session.request(url, method, json=json, raise_exc=False)
    if response.status_code >= 400:
        raise translate.from_response(response, "identity")
    return response.json() if response.content else None


@translate.translated("identity")
def _token(cloud: Cloud) -> Token:
    access = cloud.access
    if access.expires is None:
        raise ValueError("a token without an end")
    return Token(
        value=str(access.auth_token),
        expires_at=access.expires.astimezone(UTC),
        user_id=str(access.user_id),
        user_name=str(access.username),
        user_domain=str(access.user_domain_name),
        project_id=access.project_id,
        project_name=access.project_name,
        roles=tuple(sorted(access.role_names or ())),
        methods=cloud.token_methods,
    )


def _project(row: Row) -> Project:
    return Project(
        id=row["id"],
        name=text(row, "name"),
        domain_id=text(row, "domain_id"),
        description=text(row, "description"),
        enabled=bool(row.get("enabled", True)),
    )


def _app_credential_facts(row: Row) -> dict[str, Any]:
    return {
        "id": row["id"],
        "name": text(row, "name"),
        "project_id": text(row, "project_id"),
        "roles": tuple(sorted(role["name"] for role in row.get("roles") or ())),
        "expires_at": moment_or_none(row.get("expires_at")),
    }
