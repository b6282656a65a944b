"""Personal tokens of the REST API. Only their hash is kept: whoever reads the database cannot use them."""

import hashlib
import secrets
from datetime import timedelta

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from portal.accounts.models import ApiToken, User
from portal.core.audit import record
from portal.core.errors import PortalError

PREFIX = "helio_"
LONGEST_DAYS = 365
MOST_TOKENS = 50
_USE_NOTED_EACH = timedelta(minutes=1)


def issue(user: User, name: str, scope: str, days: int) -> tuple[ApiToken, str]:
    """A new token, and its plain text, which exists nowhere else."""
    name = name.strip()
    if not 1 <= len(name) <= 100:
        raise PortalError("portal:bad-input", reason="A token needs a name of 1 to 100 characters.")
    if scope not in ApiToken.Scope.values:
        raise PortalError("portal:bad-input", reason="The scope of a token is read or write.")
    if not 1 <= days <= LONGEST_DAYS:
        raise PortalError("portal:bad-input", reason=f"A token lives 1 to {LONGEST_DAYS} days.")
    plain = PREFIX + secrets.token_urlsafe(32)
    now = timezone.now()
    with transaction.atomic():
        if user.api_tokens.filter(revoked_at=None, expires_at__gt=now).count() >= MOST_TOKENS:
            raise PortalError(
                "portal:bad-input", reason=f"You have {MOST_TOKENS} tokens already: revoke one."
            )
        token = ApiToken.objects.create(
            user=user,
            name=name,
            scope=scope,
            digest=_digest(plain),
            hint=plain[-4:],
            expires_at=now + timedelta(days=days),
        )
        _record("token.issue", user, token, token_scope=scope, days=days)
    return token, plain


def authenticate(plain: str) -> ApiToken | None:
    """The live token with its user, in one query (and, once a minute, a write of its last use)."""
    if not plain.startswith(PREFIX):
        return None
    now = timezone.now()
    token = (
        ApiToken.objects.select_related("user")
        .filter(
            digest=_digest(plain),
            revoked_at=None,
            expires_at__gt=now,
            user__is_active=True,
            user__is_visitor=False,
        )
        .first()
    )
    if token is not None and (token.last_used_at is None or token.last_used_at < now - _USE_NOTED_EACH):
        due = Q(last_used_at=None) | Q(last_used_at__lt=now - _USE_NOTED_EACH)
        ApiToken.objects.filter(due, pk=token.pk).update(last_used_at=now)
        token.last_used_at = now
    return token


def revoke(*, token: ApiToken, by: User) -> None:
    with transaction.atomic():
        if ApiToken.objects.filter(pk=token.pk, revoked_at=None).update(revoked_at=timezone.now()):
            _record("token.revoke", by, token)


def _record(action: str, by: User, token: ApiToken, **detail: object) -> None:
    record(
        action,
        by=by,
        scope=f"user.{token.user_id}",
        target_type="api_token",
        target_id=token.pk,
        target_name=str(token),
        **detail,
    )


def _digest(plain: str) -> str:
    """The token is 256 random bits: a fast hash is enough, and no salt can add to it."""
    return hashlib.sha256(plain.encode()).hexdigest()
