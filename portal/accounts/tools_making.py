"""What workers do for the credentials of people's own tools: make them, delete them, let no secret lie about.

Each has one name at the cloud, with its number in it. The secret is told only in the answer to the call that makes
it, so whatever is found there under that name, and not stored, is a stray of a call whose answer was lost: it is
deleted, and another is made.
"""

import logging
from datetime import timedelta
from urllib.parse import urlsplit

from django.conf import settings
from django.db import transaction
from django.db.models import F, QuerySet
from django.utils import timezone

from portal.accounts import credentials, leases, tools
from portal.accounts.models import CloudCredential, ToolCredential
from portal.accounts.queue import enqueue
from portal.cloud import identity
from portal.cloud.config import clouds
from portal.cloud.logins import AppCredentialLogin
from portal.cloud.types import NewAppCredential
from portal.core.claims import claim
from portal.core.errors import PortalError
from portal.core.seal import seal

logger = logging.getLogger(__name__)
MOST_ATTEMPTS = 8
# Deleting is tried for longer: a cloud that is away for a day must not leave a credential behind.
MOST_REMOVALS = 60
_LONGEST_PAUSE = 1800
State = ToolCredential.State


def cloud_name(tool: ToolCredential) -> str:
    """Its name at the cloud: what the person called it, where it is from, and what makes it the only one.

    The time is part of that: numbers begin anew with a new database, and a stray is deleted by its name.
    """
    tail = f" ({urlsplit(settings.SITE_URL).netloc} {tool.pk}, {tool.asked_at:%Y-%m-%d %H:%M:%S.%f})"
    return tool.name[: 255 - len(tail)] + tail


def free(rows: QuerySet[ToolCredential]) -> QuerySet[ToolCredential]:
    """Those that no worker holds and whose time has come, at clouds that are configured still."""
    return leases.free(rows.filter(cloud__in=list(clouds().clouds)))


def waiting_to_be_made() -> QuerySet[ToolCredential]:
    return free(ToolCredential.objects.filter(state=State.MAKING, revoked_at=None))


def waiting_to_go() -> QuerySet[ToolCredential]:
    return free(ToolCredential.objects.filter(gone_at=None, error_id="").exclude(revoked_at=None))


def make(pk: int) -> None:
    """Make what was asked for, if nobody else is doing it. May be called any number of times."""
    lease = timezone.now() + leases.LEASE
    if not claim(waiting_to_be_made().filter(pk=pk), lease_until=lease, attempts=F("attempts") + 1):
        return
    tool = ToolCredential.objects.select_related("user").get(pk=pk)
    try:
        made = _make(tool)
    except PortalError as error:
        _failed(tool, error)
    else:
        if made is not None:
            _store(tool, made)
    finally:
        ToolCredential.objects.filter(pk=pk, lease_until=lease).update(lease_until=None)
    if ToolCredential.objects.filter(pk=pk, gone_at=None).exclude(revoked_at=None).exists():
        enqueue("remove_tool", pk)  # revoked while it was being made: this worker held it


def _make(tool: ToolCredential) -> NewAppCredential | None:
    """None: it was revoked before it was begun."""
    login = credentials.login_for(tool.user, tool.cloud, tool.project_id)
    _delete_strays(login, tool)
    if not ToolCredential.objects.filter(pk=tool.pk, revoked_at=None).exists():
        return None
    try:
        return identity.create_app_credential(
            login,
            project_id=tool.project_id,
            name=cloud_name(tool),
            expires_at=tool.expires_at,
            roles=tool.wanted_roles or None,
            unrestricted=tool.unrestricted,
            description=f"For your own tools. Made through {settings.SITE_URL}, which does not keep the secret.",
        )
    except PortalError as error:
        if error.id == "cloud:conflict":
            # Made by a request whose answer was lost: found, deleted and made anew at the next attempt.
            raise PortalError("accounts:busy", outcome="retry", cloud=tool.cloud) from error
        if error.id == "cloud:forbidden":
            raise PortalError(
                "accounts:tool-forbidden", project=tool.project_name, detail=error.detail
            ) from error
        raise


def _delete_strays(login: AppCredentialLogin, tool: ToolCredential) -> None:
    for found in identity.app_credentials(login):
        if found.name == cloud_name(tool):
            _delete(login, found.id)


def _delete(login: AppCredentialLogin, id: str) -> None:
    try:
        identity.delete_app_credential(login, id)
    except PortalError as error:
        if error.id != "cloud:not-found":
            raise


def _store(tool: ToolCredential, made: NewAppCredential) -> None:
    """Keep it until it is seen. One that was revoked meanwhile is only noted, for `remove` to delete."""
    now = timezone.now()
    with transaction.atomic():
        kept = ToolCredential.objects.filter(pk=tool.pk, state=State.MAKING, revoked_at=None).update(
            state=State.READY,
            application_credential_id=made.id,
            roles=list(made.roles),
            sealed_secret=seal(made.secret),
            secret_until=now + tools.SHOWN_WITHIN,
            made_at=now,
            error_id="",
            error_params={},
            error_detail="",
            next_attempt_at=None,
        )
        if not kept:
            ToolCredential.objects.filter(pk=tool.pk).update(application_credential_id=made.id)
            return
        tools.note("tool.make", tool, by=None, credential=made.id)
        tools.announce(tool)


def _failed(tool: ToolCredential, error: PortalError) -> None:
    """Try again where that may help; otherwise the person is told why, and may ask anew."""
    may_help = error.outcome in {"retry", "unknown"} or (error.outcome == "auth" and _still_opens(tool))
    again = may_help and tool.attempts < MOST_ATTEMPTS
    words = {"error_id": error.id, "error_params": error.params, "error_detail": error.detail}
    rows = ToolCredential.objects.filter(pk=tool.pk, state=State.MAKING, revoked_at=None)
    with transaction.atomic():
        if again:
            rows.update(next_attempt_at=timezone.now() + _pause(tool.attempts, error), **words)
        elif rows.update(state=State.FAILED, **words):
            tools.note("tool.fail", tool, by=None, error=error.id)
        tools.announce(tool)


def _still_opens(tool: ToolCredential) -> bool:
    """Whether the portal's own credential is good after all. One that is not is refused from now on."""
    try:
        return credentials.renew(tool.user, tool.cloud, tool.project_id)
    except PortalError:
        return True  # nobody can tell now


def _pause(attempts: int, error: PortalError) -> timedelta:
    return timedelta(seconds=max(min(2**attempts, _LONGEST_PAUSE), error.retry_after or 0))


def remove(pk: int) -> bool:
    """Delete a revoked one at the cloud. False: not now, it is tried again."""
    lease = timezone.now() + leases.LEASE
    if not claim(waiting_to_go().filter(pk=pk), lease_until=lease, attempts=F("attempts") + 1):
        return not waiting_to_go().filter(pk=pk).exists()
    tool = ToolCredential.objects.select_related("user").get(pk=pk)
    try:
        return _remove(tool)
    finally:
        ToolCredential.objects.filter(pk=pk, lease_until=lease).update(lease_until=None)


def _remove(tool: ToolCredential) -> bool:
    refused: PortalError = PortalError("accounts:no-credential", outcome="auth", cloud=tool.cloud)
    for login in _logins(tool):
        try:
            # By name, too: of one that was revoked while it was being made, nobody may know the id.
            if tool.application_credential_id:
                _delete(login, tool.application_credential_id)
            _delete_strays(login, tool)
        except PortalError as error:
            if error.outcome in {"retry", "unknown"}:
                return _again(tool, error)
            refused = error
        else:
            return _gone(tool)
    return _left_there(tool, refused)


def _logins(tool: ToolCredential) -> list[AppCredentialLogin]:
    """The portal's own for that cloud: those in use, then those that are about to be deleted."""
    held = CloudCredential.objects.filter(user=tool.user_id, cloud=tool.cloud, made_here=True).exclude(
        sealed_secret=""
    )
    rows = sorted(held, key=lambda row: (row.revoked_at is not None, not row.usable(), -row.pk))
    found = []
    for row in rows:
        try:
            found.append(credentials.login_of(row))
        except PortalError as error:
            logger.error("credential %s cannot be opened: %s", row.pk, error)
    return found


def _gone(tool: ToolCredential) -> bool:
    with transaction.atomic():
        if ToolCredential.objects.filter(pk=tool.pk, gone_at=None).update(gone_at=timezone.now()):
            tools.note("tool.gone", tool, by=None)
            tools.announce(tool)
    return True


def _again(tool: ToolCredential, error: PortalError) -> bool:
    if tool.attempts >= MOST_REMOVALS:
        return _left_there(tool, error)
    ToolCredential.objects.filter(pk=tool.pk).update(
        next_attempt_at=timezone.now() + _pause(tool.attempts, error)
    )
    return False


def _left_there(tool: ToolCredential, error: PortalError) -> bool:
    """The cloud does not let us: the person is told that it is still there, and how to delete it."""
    with transaction.atomic():
        ToolCredential.objects.filter(pk=tool.pk, gone_at=None).update(
            error_id="accounts:tool-not-deleted",
            error_params={"name": cloud_name(tool), "cloud": tool.cloud},
            error_detail=f"{error.id} {error.detail}".strip(),
        )
        tools.note("tool.not-deleted", tool, by=None, error=error.id)
        tools.announce(tool)
    return True


def remove_pending(user_id: int, cloud: str) -> bool:
    """Before the portal's own credential goes, all that only it can delete goes. False: some could not yet."""
    pending = ToolCredential.objects.filter(user=user_id, cloud=cloud, gone_at=None, error_id="").exclude(
        revoked_at=None
    )
    done = [remove(pk) for pk in pending.values_list("pk", flat=True)]
    return all(done)


def forget_secrets() -> None:
    """A secret that nobody came to see is erased, and the credential with it: it would serve nobody."""
    late = ToolCredential.objects.filter(state=State.READY, revoked_at=None, secret_until__lte=timezone.now())
    for tool in late:
        tools.revoke(tool=tool, by=None, reason="not fetched in time")
