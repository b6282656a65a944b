"""What the operators of the lab cloud do while somebody signs in: roles, accounts, the identity provider, daemons."""

import contextlib
import os
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from unittest import mock

import openstack

ROOT = Path(__file__).resolve().parents[2]
LAB = Path(os.environ.get("LAB_DIR", "/work/shared/lab/openstack"))
PROVIDER = "access"


def admin() -> Any:
    """The SDK's own types leave open which version of Keystone it is."""
    return openstack.connect(
        auth_url="http://127.0.0.1:5000/v3",
        username="admin",
        password=os.environ.get("LAB_PASS", "labpass"),
        project_name="admin",
        user_domain_name="Default",
        project_domain_name="Default",
        region_name="IU",
    )


def _user(connection: Any, name: str) -> Any:
    found = [user for user in connection.identity.users() if user.name == name]
    assert len(found) == 1, f"{len(found)} users are called {name}: sign in as them once"
    return found[0]


@contextlib.contextmanager
def role(user: str, project: str, name: str = "member") -> Iterator[None]:
    """Somebody holds a role in a project for a while."""
    connection = admin()
    who = _user(connection, user)
    where = connection.identity.find_project(project, domain_id="default")
    what = connection.identity.find_role(name)
    connection.identity.assign_project_role_to_user(where, who, what)
    try:
        yield
    finally:
        connection.identity.unassign_project_role_from_user(where, who, what)


def credentials_of(user: str) -> list[str]:
    connection = admin()
    who = _user(connection, user)
    reply = connection.identity.get(f"/users/{who.id}/application_credentials")
    return [row["name"] for row in reply.json()["application_credentials"]]


@contextlib.contextmanager
def disabled_account(name: str) -> Iterator[None]:
    connection = admin()
    who = _user(connection, name)
    connection.identity.update_user(who, is_enabled=False)
    try:
        yield
    finally:
        connection.identity.update_user(who, is_enabled=True)


def _change_provider(**facts: Any) -> None:
    reply = admin().identity.patch(
        f"/OS-FEDERATION/identity_providers/{PROVIDER}", json={"identity_provider": facts}
    )
    assert reply.status_code == 200, reply.text


@contextlib.contextmanager
def disabled_provider() -> Iterator[None]:
    _change_provider(enabled=False)
    try:
        yield
    finally:
        _change_provider(enabled=True)


@contextlib.contextmanager
def authorization_ttl(minutes: int) -> Iterator[None]:
    """Keystone lets people keep what groups gave them for so long after their last sign-in."""
    _change_provider(authorization_ttl=minutes)
    try:
        yield
    finally:
        _change_provider(authorization_ttl=None)


@contextlib.contextmanager
def stopped(daemon: str) -> Iterator[None]:
    """One of federation.sh's three daemons is down."""
    subprocess.run([LAB / "down.sh", daemon], check=True, capture_output=True)
    try:
        yield
    finally:
        subprocess.run([LAB / "federation.sh", "start"], check=True, capture_output=True)


def access_token(person: str, *, scope: str = "", client: str = "portal-dev") -> str:
    """An access token of the lab's provider, by the lab's own probe (it needs Debian's Python)."""
    more = f", scope={scope!r}" if scope else ""
    code = f"import federation_probe as p; print(p.oidc_login({person!r}, client={client!r}{more})['access_token'])"
    done = subprocess.run(
        ["/usr/bin/python3", "-c", code], cwd=LAB, check=True, capture_output=True, text=True
    )
    return done.stdout.strip()


def exchange(token: str, **rules: str) -> str:
    """Who that is at Keystone, or the error, by the portal's own gateway under the lab's configuration."""
    _set_up()
    from portal.cloud import identity
    from portal.cloud.config import clouds
    from portal.cloud.connection import OidcTokenLogin
    from portal.core.errors import PortalError

    usual = clouds()
    lab = usual.clouds["lab"]
    changed = lab.portal.model_copy(update={"sign_in": lab.portal.sign_in.model_copy(update=rules)})
    elsewhere = replace(usual, clouds={"lab": replace(lab, portal=changed)})
    with mock.patch("portal.cloud.connection.clouds", lambda: elsewhere):
        try:
            return identity.validate(OidcTokenLogin("lab", token)).user_name
        except PortalError as error:
            return error.id


def _set_up() -> None:
    """The portal's code in this process, with the lab's configuration and nothing of a running portal's."""
    import django
    from django.apps import apps

    if apps.ready:
        return
    os.environ.update(
        DEVELOPMENT="1",
        DJANGO_SETTINGS_MODULE="portal.settings",
        PORTAL_CONFIG=str(ROOT / "portal/conf/lab/portal.yaml"),
        CLOUDS_YAML=str(ROOT / "portal/conf/lab/clouds.yaml"),
        # No cache answers there, which the gateway takes for an empty one.
        REDIS_URL="redis://127.0.0.1:1/0",
        LOG_LEVEL="ERROR",
    )
    django.setup()
