"""Making application credentials at the cloud: a process killed at any line leaves at most one behind.

There are two names per project, and the credential in use has one of them. Another that is found under either
name is a stray of a process that died between making and storing it: it is deleted before a new one is made.
"""

from collections.abc import Sequence
from datetime import timedelta
from urllib.parse import urlsplit

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from portal.accounts import credentials
from portal.accounts.models import CloudCredential, User
from portal.accounts.queue import enqueue
from portal.cloud import identity
from portal.cloud.config import clouds
from portal.cloud.logins import Login
from portal.cloud.types import AppCredential, NewAppCredential, Project
from portal.core.audit import record
from portal.core.errors import PortalError
from portal.core.seal import seal


def lifetime(cloud: str) -> timedelta:
    return timedelta(days=clouds().cloud(cloud).portal.sign_in.credential_days)


def names(project: Project) -> tuple[str, str]:
    """The two names; they tell people who look in another interface whose the credential is."""
    host = urlsplit(settings.SITE_URL).netloc
    stem = f"Portal {host}, {project.name}, {project.id}"[:250]
    return f"{stem} a", f"{stem} b"


def ensure(
    *,
    user: User,
    login: Login,
    project: Project,
    roles: Sequence[str],
    at_cloud: Sequence[AppCredential],
    anew: bool = False,
) -> bool:
    """See to it that the person has a good credential in that project. True when one was made.

    `login` may make credentials there; `at_cloud` are all that the person has now.
    """
    current = credentials.live(user, login.cloud, project.id)
    in_use = current.application_credential_id if current else ""
    for stray in at_cloud:
        if stray.name in names(project) and stray.id != in_use:
            _delete(login, stray)
    if current is not None and not anew and _good(current, roles, at_cloud):
        return False
    taken = {credential.name for credential in at_cloud if credential.id == in_use}
    name = next(name for name in names(project) if name not in taken)
    store(user=user, cloud=login.cloud, project=project, made=_make(login, project, name))
    return True


def store(
    *, user: User, cloud: str, project: Project, made: NewAppCredential, made_here: bool = True
) -> CloudCredential:
    """Keep a credential, sealed, in the place of the one that the person had for the project."""
    with transaction.atomic():
        before = credentials.live(user, cloud, project.id)
        if before is not None:
            CloudCredential.objects.filter(pk=before.pk).update(revoked_at=timezone.now())
            transaction.on_commit(lambda: enqueue("revoke", before.pk))
        stored = CloudCredential.objects.create(
            user=user,
            cloud=cloud,
            project_id=project.id,
            project_name=project.name,
            application_credential_id=made.id,
            name=made.name,
            sealed_secret=seal(made.secret),
            roles=list(made.roles),
            made_here=made_here,
            expires_at=made.expires_at,
        )
        record(
            "credential.store",
            by=None,
            scope=f"user.{user.pk}",
            target_type="cloud_credential",
            target_id=stored.pk,
            target_name=project.name,
            cloud=cloud,
            made_here=made_here,
            replaces=before.pk if before else None,
        )
    return stored


def _make(login: Login, project: Project, name: str) -> NewAppCredential:
    """Unrestricted: Keystone lets only such a one be renewed, or deleted, without the person."""
    try:
        return identity.create_app_credential(
            login,
            project_id=project.id,
            name=name,
            expires_at=timezone.now() + lifetime(login.cloud),
            unrestricted=True,
            description=f"Lets {settings.SITE_URL} act for you in {project.name}. Delete it to stop that.",
        )
    except PortalError as error:
        if error.id == "cloud:conflict":
            # Made by another process at this moment, or by a request whose answer was lost: look again.
            raise PortalError("accounts:busy", outcome="retry", cloud=login.cloud) from error
        raise


def _good(current: CloudCredential, roles: Sequence[str], at_cloud: Sequence[AppCredential]) -> bool:
    now = timezone.now()
    young = current.expires_at is not None and current.expires_at - now > lifetime(current.cloud) * 2 / 3
    known = any(credential.id == current.application_credential_id for credential in at_cloud)
    return current.made_here and current.usable(now) and young and known and set(current.roles) == set(roles)


def _delete(login: Login, stray: AppCredential) -> None:
    try:
        identity.delete_app_credential(login, stray.id)
    except PortalError as error:
        if error.id != "cloud:not-found":
            raise
