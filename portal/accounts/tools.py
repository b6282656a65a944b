"""Application credentials for people's own tools: asked for here, made by a worker, shown once, then forgotten."""

from collections.abc import Sequence
from datetime import timedelta

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from portal.accounts.models import CloudCredential, ToolCredential, User
from portal.accounts.queue import enqueue
from portal.cloud.config import clouds
from portal.core import events
from portal.core.audit import Actor, record
from portal.core.errors import PortalError
from portal.core.seal import unseal

MOST = 50
# So long the secret of a new one waits to be seen.
SHOWN_WITHIN = timedelta(minutes=15)


def openers(user: User) -> list[CloudCredential]:
    """The portal's own credentials, with which others can be made: one for each project that is connected."""
    held = CloudCredential.objects.filter(user=user, revoked_at=None, refused_at=None, made_here=True)
    known = clouds().clouds
    return [
        found for found in held.order_by("cloud", "project_name") if found.usable() and found.cloud in known
    ]


def opener(user: User, cloud: str, project_id: str) -> CloudCredential:
    """The one for this project; PortalError where the person is not connected there."""
    found = [one for one in openers(user) if (one.cloud, one.project_id) == (cloud, project_id)]
    if not found:
        raise PortalError("accounts:tool-not-connected")
    return found[0]


def ask(
    *,
    by: User,
    cloud: str,
    project_id: str,
    region: str,
    name: str,
    days: int,
    roles: Sequence[str] = (),
    unrestricted: bool = False,
) -> ToolCredential:
    """Have one made. Without `roles` it has all that the person has in the project."""
    holder = opener(by, cloud, project_id)
    config = clouds().cloud(cloud)
    if region not in config.regions:
        raise PortalError("portal:bad-input", reason=f"{config.title} has no region of that name.")
    longest = config.portal.sign_in.tool_days
    if not 1 <= days <= longest:
        raise PortalError("portal:bad-input", reason=f"At {config.title} it lives 1 to {longest} days.")
    if not 1 <= len(name.strip()) <= 100:
        raise PortalError("portal:bad-input", reason="It needs a name of 1 to 100 characters.")
    if missing := set(roles) - set(holder.roles):
        words = f"You do not have the role {sorted(missing)[0]} in {holder.project_name}."
        raise PortalError("portal:bad-input", reason=words)
    with transaction.atomic():
        User.objects.select_for_update().get(pk=by.pk)
        if listed(by).filter(expires_at__gt=timezone.now()).count() >= MOST:
            raise PortalError(
                "portal:bad-input", reason=f"You have {MOST} of them already: revoke one first."
            )
        made = ToolCredential.objects.create(
            user=by,
            cloud=cloud,
            region=region,
            project_id=project_id,
            project_name=holder.project_name,
            name=name.strip(),
            wanted_roles=sorted(roles),
            unrestricted=unrestricted,
            expires_at=timezone.now() + timedelta(days=days),
        )
        note("tool.ask", made, by=by, days=days, roles=sorted(roles), unrestricted=unrestricted)
        transaction.on_commit(lambda: enqueue("make_tool", made.pk))
    return made


def listed(user: User) -> QuerySet[ToolCredential]:
    """What the profile shows: all but what is gone from the cloud for good."""
    return ToolCredential.objects.filter(user=user, gone_at=None)


def mine(user: User, pk: int) -> ToolCredential:
    found = ToolCredential.objects.filter(user=user, pk=pk).first()
    if found is None:
        raise PortalError("portal:not-found")
    return found


def show(*, tool: ToolCredential, by: User) -> str:
    """The secret, this once: of two who ask at the same moment one gets it. It is erased before it is shown."""
    now = timezone.now()
    with transaction.atomic():
        row = ToolCredential.objects.select_for_update().get(pk=tool.pk, user=by)
        if not row.can_be_shown(now):
            raise PortalError("accounts:tool-not-shown-again", name=row.name)
        secret = unseal(row.sealed_secret)
        changed = ToolCredential.objects.filter(pk=row.pk, state=ToolCredential.State.READY).update(
            state=ToolCredential.State.SHOWN, shown_at=now, sealed_secret="", secret_until=None
        )
        if not changed:
            raise PortalError("accounts:tool-not-shown-again", name=row.name)
        note("tool.show", row, by=by)
    announce(tool)
    return secret


def revoke(*, tool: ToolCredential, by: Actor | None, reason: str) -> None:
    """It is deleted at the cloud by a worker; its secret, if it is still here, is erased now.

    Asked for again where the cloud did not let it be deleted, it is tried again.
    """
    with transaction.atomic():
        row = ToolCredential.objects.select_for_update().get(pk=tool.pk)
        if row.gone_at is not None or (row.revoked_at is not None and not row.error_id):
            return
        ToolCredential.objects.filter(pk=row.pk).update(
            revoked_at=row.revoked_at or timezone.now(),
            sealed_secret="",
            secret_until=None,
            error_id="",
            error_params={},
            error_detail="",
            attempts=0,
            next_attempt_at=None,
        )
        note("tool.revoke", row, by=by, reason=reason)
        announce(row)
        transaction.on_commit(lambda: enqueue("remove_tool", row.pk))


def revoke_for(*, user: User, cloud: str, project_id: str, by: Actor | None, reason: str) -> None:
    """Revoke all that the person has for one project."""
    for tool in listed(user).filter(cloud=cloud, project_id=project_id, revoked_at=None):
        revoke(tool=tool, by=by, reason=reason)


def announce(tool: ToolCredential) -> None:
    events.publish([f"user.{tool.user_id}"], events.Changed("tools:changed", {"id": str(tool.pk)}))


def note(action: str, tool: ToolCredential, *, by: Actor | None, **detail: object) -> None:
    record(
        action,
        by=by,
        scope=f"user.{tool.user_id}",
        target_type="tool_credential",
        target_id=tool.pk,
        target_name=tool.name,
        cloud=tool.cloud,
        project=tool.project_name,
        **detail,
    )
