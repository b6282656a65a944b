"""Making application credentials at the cloud: a process killed at any line leaves at most one behind.

There are two names per project, and the credential in use has one of them. Another that is found under a name of
ours is a stray of a process that died between making and storing it: it is deleted before a new one is made.
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
from portal.cloud.types import AppCredential, NewAppCredential, Project, Token
from portal.core.audit import record
from portal.core.errors import PortalError
from portal.core.seal import seal


def lifetime(cloud: str) -> timedelta:
    return timedelta(days=clouds().cloud(cloud).portal.sign_in.credential_days)


def names(user: User, project: Project) -> tuple[str, str]:
    """The two names; they tell people who look in another interface whose the credential is."""
    stem = f"{_prefix(user)}{project.id}, {project.name}"[:250]
    return f"{stem} a", f"{stem} b"


def _prefix(user: User) -> str:
    """With the name of the portal's person: several may be connected as one user of the cloud."""
    return f"Portal {urlsplit(settings.SITE_URL).netloc}, {user.username}, "


def tidied(*, user: User, login: Login, at_cloud: Sequence[AppCredential]) -> list[AppCredential]:
    """What stays of `at_cloud`, all that the person has there, once our strays are deleted.

    Strays are ours by their name and in use nowhere: a process died between making and storing them, or they
    were revoked here when no login could delete them, as when the role in their project was gone.
    """
    ours = [credential for credential in at_cloud if credential.name.startswith(_prefix(user))]
    in_use = set(
        CloudCredential.objects.filter(
            cloud=login.cloud,
            revoked_at=None,
            application_credential_id__in=[credential.id for credential in ours],
        ).values_list("application_credential_id", flat=True)
    )
    strays = [credential for credential in ours if credential.id not in in_use]
    for stray in strays:
        _delete(login, stray)
    return [credential for credential in at_cloud if credential not in strays]


def ensure(
    *,
    user: User,
    login: Login,
    project: Project,
    token: Token,
    at_cloud: Sequence[AppCredential],
    anew: bool = False,
) -> bool:
    """See to it that the person has a good credential in that project. True when one was made.

    `login` may make credentials there, `token` is theirs for the project, `at_cloud` all they have, `tidied`.
    """
    current = credentials.live(user, login.cloud, project.id)
    if current is not None and not anew and _good(current, token, at_cloud):
        return False
    in_use = current.application_credential_id if current else ""
    taken = {credential.name for credential in at_cloud if credential.id == in_use}
    name = next(name for name in names(user, project) if name not in taken)
    made = _make(login, project, name)
    store(user=user, cloud=login.cloud, project=project, token=token, made=made)
    return True


def store(
    *,
    user: User,
    cloud: str,
    project: Project,
    token: Token,
    made: NewAppCredential,
    made_here: bool = True,
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
            cloud_user_id=token.user_id,
            cloud_user_name=token.user_name[:255],
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
            cloud_user=token.user_name[:255],
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


def _good(current: CloudCredential, token: Token, at_cloud: Sequence[AppCredential]) -> bool:
    now = timezone.now()
    young = current.expires_at is not None and current.expires_at - now > lifetime(current.cloud) * 2 / 3
    known = any(credential.id == current.application_credential_id for credential in at_cloud)
    return (
        current.made_here
        and current.usable(now)
        and young
        and known
        and set(current.roles) == set(token.roles)
    )


def _delete(login: Login, stray: AppCredential) -> None:
    try:
        identity.delete_app_credential(login, stray.id)
    except PortalError as error:
        if error.id != "cloud:not-found":
            raise
