"""What the portal keeps of a person in this layer and below: the parts of their export. No secrets, no hashes of any."""

from django.db.models import Q

from allocations.models import LedgerEntry, Membership
from allocations.overview.hooks import Rows, export_part
from portal.accounts.models import ApiToken, CloudCredential, User
from portal.core.models import AuditEvent
from portal.notices.models import Notice


@export_part("profile", "who you are to the portal, as your identity provider said, and what you chose")
def profile(user: User) -> Rows:
    yield {
        "username": user.username,
        "name": user.display_name,
        "id": user.access_id,
        "email": user.email,
        "identity_provider": user.identity_provider_name or user.identity_provider,
        "groups": list(user.claimed_groups),
        "preferences": user.preferences,
        "first_seen": user.date_joined,
        "last_sign_in": user.last_login,
    }


@export_part("memberships", "allocations that you are or were a member of, and as what")
def memberships(user: User) -> Rows:
    found = Membership.objects.filter(user=user).select_related("allocation").order_by("since")
    for one in found:
        yield {
            "allocation": one.allocation.project_name,
            "title": one.allocation.title,
            "cloud": one.allocation.cloud,
            "region": one.allocation.region,
            "project_id": one.allocation.project_id,
            "role": one.role,
            "source": one.source,
            "since": one.since,
            "ended": one.ended_at,
        }


@export_part(
    "usage", "what your machines were charged: every entry of the ledger that stands under your name"
)
def charges(user: User) -> Rows:
    mine = (
        LedgerEntry.objects.filter(owner_key=str(user.pk)).select_related("allocation").order_by("starts_at")
    )
    for one in mine.iterator(chunk_size=2000):
        yield {
            "allocation": one.allocation.project_name,
            "region": one.allocation.region,
            "resource": one.resource,
            "machine": one.instance_name,
            "machine_id": one.instance_id,
            "size": one.flavor_name,
            "status": one.status,
            "from": one.starts_at,
            "to": one.ends_at,
            "su": one.su,
            "kind": one.kind,
        }


@export_part("audit", "what you did in the portal, and what was done to your account and memberships")
def audit(user: User) -> Rows:
    key = str(user.pk)
    mine = AuditEvent.objects.filter(Q(actor_id=key) | Q(target_type="user", target_id=key)).order_by("pk")
    for one in mine.iterator(chunk_size=2000):
        yield {
            "at": one.at,
            "who": one.actor_name,
            "action": one.action,
            "target": one.target_name,
            "target_type": one.target_type,
            "target_id": one.target_id,
            "detail": one.detail,
        }


@export_part("tokens", "your tokens of the portal's API: names and dates, not the tokens")
def tokens(user: User) -> Rows:
    for one in ApiToken.objects.filter(user=user).order_by("created_at"):
        yield {
            "name": one.name,
            "scope": one.scope,
            "made": one.created_at,
            "ends": one.expires_at,
            "last_used": one.last_used_at,
            "revoked": one.revoked_at,
        }


@export_part(
    "credentials", "what the portal may act for you with at clouds: names and dates, not the secrets"
)
def credentials(user: User) -> Rows:
    for one in CloudCredential.objects.filter(user=user).order_by("pk"):
        yield {
            "cloud": one.cloud,
            "project": one.project_name,
            "name": one.name,
            "id_at_the_cloud": one.application_credential_id,
            "roles": one.roles,
            "ends": one.expires_at,
        }


@export_part("notices", "what the portal told you in its inbox")
def told(user: User) -> Rows:
    for one in Notice.objects.filter(user=user).order_by("pk").iterator(chunk_size=2000):
        yield {"at": one.created_at, "kind": one.kind, "title": one.title, "text": one.text, "url": one.url}
