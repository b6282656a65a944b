"""The later life of application credentials: renewed before they end, deleted at the cloud when revoked."""

import logging
from collections.abc import Iterator

from django.db.models import QuerySet
from django.utils import timezone

from portal.accounts import credentials, hooks, leases, making, tools_making
from portal.accounts.models import CloudCredential, CloudLink
from portal.accounts.services import announce
from portal.cloud import identity
from portal.cloud.config import clouds
from portal.cloud.logins import AppCredentialLogin
from portal.cloud.types import Project
from portal.core.audit import record
from portal.core.claims import claim
from portal.core.errors import PortalError

logger = logging.getLogger(__name__)


def due() -> Iterator[CloudCredential]:
    """Credentials of ours in the last third of their life, whose owner signed in during that life.

    Those of people who stay away end by themselves.
    """
    now = timezone.now()
    for name in clouds().clouds:
        life = making.lifetime(name)
        yield from CloudCredential.objects.filter(
            cloud=name,
            made_here=True,
            revoked_at=None,
            refused_at=None,
            expires_at__gt=now,
            expires_at__lt=now + life / 3,
            user__last_login__gt=now - life,
            user__is_active=True,
        )


def renew(credential_id: int) -> bool:
    """Put a new credential in the place of one that still opens the door. False: not now, or never again."""
    credential = CloudCredential.objects.select_related("user").filter(pk=credential_id).first()
    if credential is None or not credential.made_here or not credential.usable():
        return False
    links = CloudLink.objects.filter(user=credential.user, cloud=credential.cloud)
    lease = timezone.now() + leases.LEASE
    if not claim(leases.free(links), lease_until=lease):
        return False
    try:
        return _renewed(credential)
    finally:
        links.filter(lease_until=lease).update(lease_until=None)


def _renewed(credential: CloudCredential) -> bool:
    user, cloud = credential.user, credential.cloud
    project = Project(
        id=credential.project_id, name=credential.project_name, domain_id="", description="", enabled=True
    )
    try:
        login = credentials.login_of(credential)
        token = identity.whoami(login)
        at_cloud = making.tidied(user=user, login=login, at_cloud=identity.app_credentials(login))
        making.ensure(user=user, login=login, project=project, token=token, at_cloud=at_cloud, anew=True)
    except PortalError as error:
        logger.warning("credential %s of user %s not renewed: %s", credential.pk, user.pk, error)
        if error.outcome == "auth":
            credentials.refuse(user, cloud, credential.project_id)
        return False
    hooks.became_usable(user, cloud)
    announce(user.pk, cloud)
    return True


def revoke_at_cloud(credential_id: int) -> None:
    """Delete a revoked credential at the cloud, then erase its secret. Called again until that is done."""
    credential = (
        CloudCredential.objects.select_related("user")
        .exclude(revoked_at=None)
        .exclude(sealed_secret="")
        .filter(pk=credential_id)
        .first()
    )
    if credential is None:
        return
    if not tools_making.remove_pending(credential.user_id, credential.cloud):
        return  # it may be the only key to what is to be deleted there, too
    outcome = _deleted(credential) if credential.made_here else "the owner's own, left alone"
    if outcome is None:
        return
    if CloudCredential.objects.filter(pk=credential.pk).exclude(sealed_secret="").update(sealed_secret=""):
        record(
            "credential.erase",
            by=None,
            scope=f"user.{credential.user_id}",
            target_type="cloud_credential",
            target_id=credential.pk,
            target_name=credential.project_name,
            outcome=outcome,
        )


def _deleted(credential: CloudCredential) -> str | None:
    """How it ended at the cloud; None: the cloud did not answer, try again."""
    refused = ""
    for login in _openers(credential):
        try:
            identity.delete_app_credential(login, credential.application_credential_id)
        except PortalError as error:
            itself = login.id == credential.application_credential_id
            if error.id == "cloud:not-found":
                return "was gone"
            if itself and error.outcome == "auth":
                # Expired, deleted, or the role is gone. In the last case it stays at the cloud, and nobody has its
                # secret any more; the next sign-in that connects deletes it (making.tidied).
                return "opens nothing any more"
            if error.outcome in {"retry", "unknown"}:
                return None
            refused = error.id
        else:
            return "deleted"
    return f"not deleted: {refused}" if refused else "not deleted: no key opens it"


def _openers(credential: CloudCredential) -> Iterator[AppCredentialLogin]:
    """Logins that may delete it: one of the same user of the cloud that stays in use, and at last itself."""
    staying = CloudCredential.objects.filter(
        user=credential.user_id,
        cloud=credential.cloud,
        cloud_user_id=credential.cloud_user_id,
        made_here=True,
        revoked_at=None,
        refused_at=None,
    )
    for found in [*_newest(staying), credential]:
        try:
            yield credentials.login_of(found)
        except PortalError as error:
            logger.error("credential %s cannot be opened: %s", found.pk, error)


def _newest(rows: QuerySet[CloudCredential]) -> QuerySet[CloudCredential]:
    return rows.filter(expires_at__gt=timezone.now()).order_by("-id")[:1]
