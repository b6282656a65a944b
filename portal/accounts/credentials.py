"""The application credentials with which the portal acts as a person. The only module that opens them."""

from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from portal.accounts.models import CloudCredential, User
from portal.accounts.queue import enqueue
from portal.cloud import identity
from portal.cloud.config import clouds
from portal.cloud.logins import AppCredentialLogin
from portal.core import events
from portal.core.audit import Actor, record
from portal.core.errors import PortalError
from portal.core.seal import unseal

# Last use is for people to read, so a minute's precision saves a write per call.
_USE_NOTED_EACH = timedelta(minutes=1)


def login_for(user: User, cloud: str, project_id: str) -> AppCredentialLogin:
    """The login with which to act as `user` in that project.

    PortalError `accounts:no-credential` or `accounts:credential-refused`, both with outcome `auth`.
    """
    credential = live(user, cloud, project_id)
    if credential is None:
        raise PortalError("accounts:no-credential", outcome="auth", cloud=clouds().cloud(cloud).title)
    now = timezone.now()
    if not credential.usable(now):
        raise PortalError(
            "accounts:credential-refused", outcome="auth", project=credential.project_name, cloud=cloud
        )
    _note_use(credential, now)
    return login_of(credential)


def login_of(credential: CloudCredential) -> AppCredentialLogin:
    return AppCredentialLogin(
        cloud=credential.cloud,
        id=credential.application_credential_id,
        secret=unseal(credential.sealed_secret),
    )


def live(user: User, cloud: str, project_id: str) -> CloudCredential | None:
    return CloudCredential.objects.filter(
        user=user, cloud=cloud, project_id=project_id, revoked_at=None
    ).first()


def usable_of_project(cloud: str, project_id: str) -> QuerySet[CloudCredential]:
    """Credentials of any member with which the project can be read, the one used last first."""
    now = timezone.now()
    return (
        CloudCredential.objects.filter(
            Q(expires_at=None) | Q(expires_at__gt=now),
            cloud=cloud,
            project_id=project_id,
            revoked_at=None,
            refused_at=None,
        )
        .select_related("user")
        .order_by("-last_used_at", "-id")
    )


def refuse(user: User, cloud: str, project_id: str) -> None:
    """The cloud answered 401 to it: use it no more, and tell the person."""
    credential = live(user, cloud, project_id)
    if credential is None or credential.refused_at is not None:
        return
    with transaction.atomic():
        CloudCredential.objects.filter(pk=credential.pk, refused_at=None).update(refused_at=timezone.now())
        record(
            "credential.refused",
            by=None,
            scope=f"user.{user.pk}",
            target_type="cloud_credential",
            target_id=credential.pk,
            target_name=credential.project_name,
            cloud=cloud,
        )
        events.publish([f"user.{user.pk}"], events.Changed("clouds:changed", {"cloud": cloud}))


def renew(user: User, cloud: str, project_id: str) -> bool:
    """Asked after the cloud said 401: does the credential open the door after all?

    It does where only a token had ended, or where another was stored meanwhile. Else it is refused from now
    on: Keystone makes a new one only with one that works, or with the person.
    """
    credential = live(user, cloud, project_id)
    if credential is None or not credential.usable():
        return False
    try:
        identity.validate(login_of(credential))
    except PortalError as error:
        if error.outcome != "auth":
            raise
        refuse(user, cloud, project_id)
        return False
    return True


def revoke(*, credential: CloudCredential, by: Actor | None, reason: str) -> None:
    """Use it no more from this moment; a worker then deletes it at the cloud and erases its secret."""
    with transaction.atomic():
        changed = CloudCredential.objects.filter(pk=credential.pk, revoked_at=None).update(
            revoked_at=timezone.now()
        )
        if not changed:
            return
        record(
            "credential.revoke",
            by=by,
            scope=f"user.{credential.user_id}",
            target_type="cloud_credential",
            target_id=credential.pk,
            target_name=credential.project_name,
            cloud=credential.cloud,
            reason=reason,
        )
        events.publish(
            [f"user.{credential.user_id}"], events.Changed("clouds:changed", {"cloud": credential.cloud})
        )
        transaction.on_commit(lambda: enqueue("revoke", credential.pk))


def revoke_for(*, user: User, cloud: str, project_id: str, by: Actor | None, reason: str) -> None:
    """Revoke what the person has for one project, if anything."""
    credential = live(user, cloud, project_id)
    if credential is not None:
        revoke(credential=credential, by=by, reason=reason)


def _note_use(credential: CloudCredential, now: datetime) -> None:
    due = Q(last_used_at=None) | Q(last_used_at__lt=now - _USE_NOTED_EACH)
    if credential.last_used_at is None or credential.last_used_at < now - _USE_NOTED_EACH:
        CloudCredential.objects.filter(due, pk=credential.pk).update(last_used_at=now)
