"""Connecting a person to a cloud: a worker exchanges their login for credentials, and erases it."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from portal.accounts import hooks, leases, making, stored_login, whose
from portal.accounts.hooks import GrantedProject
from portal.accounts.models import CloudLink, User
from portal.accounts.oidc import GroupClaim, group_claims
from portal.accounts.queue import enqueue
from portal.accounts.services import announce
from portal.accounts.whose import CloudUser
from portal.cloud import identity
from portal.cloud.config import clouds
from portal.cloud.connection import connect as connect_to
from portal.cloud.logins import AppCredentialLogin, Login, PasswordLogin, TokenLogin
from portal.cloud.types import AppCredential, NewAppCredential, Project, Token
from portal.core import deadline
from portal.core.audit import record
from portal.core.claims import claim
from portal.core.errors import PortalError

logger = logging.getLogger(__name__)
MOST_ATTEMPTS = 8


@dataclass(frozen=True, slots=True)
class Found:
    """What the cloud told about the person. Not `complete`: this login shows only some of their projects.

    `refused`: the error for each project in which no credential could be made, by the project's name.
    """

    token: Token
    projects: Sequence[GrantedProject]
    complete: bool
    refused: Mapping[str, PortalError]


@dataclass(frozen=True, slots=True)
class Stranger:
    """The cloud named somebody whom we did not expect: nothing was made."""

    token: Token


def connect(link_id: int) -> None:
    """Do what the link waits for, if nobody else is doing it. May be called any number of times."""
    waiting = leases.free(CloudLink.objects.filter(pk=link_id, state=CloudLink.State.CONNECTING))
    lease = timezone.now() + leases.LEASE
    if not claim(waiting, lease_until=lease, attempts=F("attempts") + 1):
        return
    link = CloudLink.objects.select_related("user").get(pk=link_id)
    try:
        found = _exchange(link)
    except PortalError as error:
        _failed(link, error)
    else:
        if isinstance(found, Stranger):
            _ask(link, found.token)
        else:
            _connected(link, found)
    finally:
        CloudLink.objects.filter(pk=link_id, lease_until=lease).update(lease_until=None)
    if _replaced(link):
        enqueue("connect", link_id)


def _exchange(link: CloudLink) -> Found | Stranger:
    if link.login_expires_at is None or link.login_expires_at <= timezone.now():
        raise PortalError("accounts:login-too-old", cloud=clouds().cloud(link.cloud).title)
    login = stored_login.unpack(link.sealed_login)
    # Not one that is remembered: what the person may do may have changed since.
    token = identity.validate(login)
    if not _is_expected(link, login, token):
        return Stranger(token)
    if isinstance(login, AppCredentialLogin):
        return _take(link.user, login, token)
    return _everywhere(link.user, TokenLogin(cloud=login.cloud, token=token.value), token)


def _is_expected(link: CloudLink, login: Login, token: Token) -> bool:
    return whose.expected(
        named=CloudUser(token.user_id, token.user_name),
        before=CloudUser(link.cloud_user_id, link.cloud_user_name),
        agreed_id=link.agreed_user_id,
        access_id=link.user.access_id,
        chosen_here=isinstance(login, AppCredentialLogin | PasswordLogin),
    )


def _everywhere(user: User, login: TokenLogin, token: Token) -> Found:
    """Every project that the cloud lets the person into."""
    at_cloud = making.tidied(user=user, login=login, at_cloud=identity.app_credentials(login))
    refused: dict[str, PortalError] = {}
    granted = [
        _enter(user, login, project, at_cloud, refused)
        for project in identity.projects(login)
        if project.enabled
    ]
    return Found(token, granted, True, refused)


def _enter(
    user: User,
    login: TokenLogin,
    project: Project,
    at_cloud: Sequence[AppCredential],
    refused: dict[str, PortalError],
) -> GrantedProject:
    """One project: who the person is there, and a credential to act as them."""
    if deadline.remaining() <= 0:
        # What is stored stays; the next attempt goes on from here.
        raise PortalError("cloud:timeout", outcome="retry", service="identity")
    scoped = TokenLogin(cloud=login.cloud, token=login.token, project_id=project.id)
    token = identity.whoami(scoped)
    try:
        making.ensure(user=user, login=login, project=project, token=token, at_cloud=at_cloud)
    except PortalError as error:
        if error.outcome != "refused":
            raise
        logger.warning("no credential for user %s in project %s: %s", user.pk, project.id, error)
        refused[project.name] = error
    return GrantedProject(project=project, roles=token.roles, regions=_regions(scoped))


def _take(user: User, login: AppCredentialLogin, token: Token) -> Found:
    """A credential that the person made: it is kept as it is, for the one project it opens."""
    project = Project(
        id=token.project_id or "",
        name=token.project_name or "",
        domain_id="",
        description="",
        enabled=True,
    )
    known = {credential.id: credential for credential in _listed(login)}
    made = NewAppCredential(
        id=login.id,
        name=known[login.id].name if login.id in known else "",
        secret=login.secret,
        project_id=project.id,
        roles=token.roles,
        expires_at=known[login.id].expires_at if login.id in known else None,
    )
    making.store(user=user, cloud=login.cloud, project=project, token=token, made=made, made_here=False)
    granted = GrantedProject(project=project, roles=token.roles, regions=_regions(login))
    return Found(token, [granted], False, {})


def _listed(login: AppCredentialLogin) -> list[AppCredential]:
    """With the end of its own life, where the cloud lets a credential read about itself."""
    try:
        return identity.app_credentials(login)
    except PortalError as error:
        if error.outcome == "refused":
            return []
        raise


def _regions(login: Login) -> tuple[str, ...]:
    """The configured regions in which the project has machines, in the operator's order."""
    configured = clouds().cloud(login.cloud).regions
    offered = {
        region.id
        for region in identity.regions(connect_to(login, region=configured[0]))
        if "compute" in region.services
    }
    return tuple(region for region in configured if region in offered)


def _connected(link: CloudLink, found: Found) -> None:
    user, cloud = link.user, link.cloud
    id, params, detail = _partly(cloud, found.refused)
    with transaction.atomic():
        hooks.projects_known(user, cloud, found.projects, claims_of(user), complete=found.complete)
        CloudLink.objects.filter(pk=link.pk, sealed_login=link.sealed_login).update(
            state=CloudLink.State.CONNECTED,
            sealed_login="",
            login_expires_at=None,
            connected_at=timezone.now(),
            changed_at=timezone.now(),
            error_id=id,
            error_params=params,
            error_detail=detail,
        )
        CloudLink.objects.filter(pk=link.pk).update(
            cloud_user_id=found.token.user_id, cloud_user_name=found.token.user_name[:255]
        )
        _record("cloud.connected", link, projects=[granted.project.name for granted in found.projects])
        hooks.became_usable(user, cloud)
        announce(user.pk, cloud)


def _partly(cloud: str, refused: Mapping[str, PortalError]) -> tuple[str, dict[str, str], str]:
    """Id, params and detail of what the person is told where some project gave no credential; empty for none."""
    if not refused:
        return "", {}, ""
    errors = list(refused.values())
    by_group = all(error.id == "cloud:role-by-group" for error in errors)
    words = {"projects": ", ".join(refused), "cloud": clouds().cloud(cloud).title}
    return "accounts:only-by-group" if by_group else "accounts:partly-connected", words, errors[0].detail


def _ask(link: CloudLink, token: Token) -> None:
    """Keep the login, for its short time, until the person has said whether that account is theirs."""
    mine = CloudLink.objects.filter(
        pk=link.pk, sealed_login=link.sealed_login, state=CloudLink.State.CONNECTING
    )
    with transaction.atomic():
        if mine.update(
            state=CloudLink.State.ASKING,
            asked_user_id=token.user_id,
            asked_user_name=token.user_name[:255],
            error_id="",
            error_params={},
            error_detail="",
            changed_at=timezone.now(),
        ):
            _record("cloud.ask", link, cloud_user=token.user_name[:255])
        announce(link.user_id, link.cloud)


def _failed(link: CloudLink, error: PortalError) -> None:
    """Try again where that may help while the login is good; otherwise erase it and tell the person why."""
    again = error.outcome in {"retry", "unknown"} and link.attempts < MOST_ATTEMPTS
    words = {"error_id": error.id, "error_params": error.params, "error_detail": error.detail}
    mine = CloudLink.objects.filter(pk=link.pk, sealed_login=link.sealed_login)
    with transaction.atomic():
        if again:
            pause = timedelta(seconds=max(2**link.attempts, error.retry_after or 0))
            mine.update(next_attempt_at=timezone.now() + pause, **words)
        elif mine.update(
            state=CloudLink.State.FAILED,
            sealed_login="",
            login_expires_at=None,
            changed_at=timezone.now(),
            **words,
        ):
            _record("cloud.connect-failed", link, error=error.id)
        announce(link.user_id, link.cloud)


def claims_of(user: User) -> tuple[GroupClaim, ...]:
    rules = clouds().oidc
    return group_claims(user.claimed_groups, rules) if rules else ()


def _replaced(link: CloudLink) -> bool:
    """The person began anew while this was going on, with a login that nobody has tried."""
    return (
        CloudLink.objects.filter(pk=link.pk, state=CloudLink.State.CONNECTING)
        .exclude(sealed_login=link.sealed_login)
        .exists()
    )


def _record(action: str, link: CloudLink, **detail: object) -> None:
    record(
        action,
        by=None,
        scope=f"user.{link.user_id}",
        target_type="cloud",
        target_id=link.cloud,
        target_name=clouds().cloud(link.cloud).title,
        **detail,
    )
