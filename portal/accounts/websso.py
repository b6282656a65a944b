"""Signing in at a cloud's own page. Keystone posts a token to us and nothing else: no state, no nonce.

So a token is taken only when all of these hold: the page that posted it is one of the cloud's (`Origin`, which browsers
set and pages cannot); the same browser then comes with a session of ours; that session began a sign-in at this cloud in
the last minutes; and that one was not used. The post itself cannot show the session, whose cookie is SameSite=Lax: the
token waits in a sealed cookie of its own for the redirect that follows.
"""

import json
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from portal.accounts import services
from portal.accounts.models import User, WebSsoAttempt
from portal.cloud.config import CloudConfig, clouds
from portal.cloud.websso import form_origins
from portal.core.audit import record
from portal.core.claims import claim
from portal.core.errors import PortalError
from portal.core.events import session_mark
from portal.core.seal import seal, unseal

# People look for their password, and for their second factor.
LASTS = timedelta(minutes=10)
# How long a page says that an attempt never came back.
REMEMBERED = timedelta(days=1)
# Keystone's tokens have a few hundred characters, and sixteen bytes for each group; sealed, it has to fit into a cookie.
LONGEST_TOKEN = 2500
# Between the cloud's page and ours there is one redirect.
PARCEL_LASTS = timedelta(minutes=2)
_MOST_OPEN = 20


def offered_by(cloud: CloudConfig) -> bool:
    return "websso" in cloud.portal.sign_in.methods


def begin(*, user: User, cloud: CloudConfig, session_key: str, by: User) -> WebSsoAttempt:
    """Remember that this session of this person goes to the cloud's page now."""
    if not offered_by(cloud):
        raise PortalError("accounts:method-not-offered", cloud=cloud.title)
    now = timezone.now()
    with transaction.atomic():
        mine = WebSsoAttempt.objects.filter(user=user)
        # One is open per session and cloud: who presses the button again begins anew.
        over = Q(session=session_mark(session_key)) | Q(expires_at__lt=now)
        mine.filter(Q(cloud=cloud.name) & over | Q(begun_at__lt=now - REMEMBERED)).delete()
        if mine.filter(used_at=None).count() >= _MOST_OPEN:
            raise PortalError("portal:too-many", outcome="retry", retry_after=60, seconds=60)
        attempt = WebSsoAttempt.objects.create(
            user=user, cloud=cloud.name, session=session_mark(session_key), expires_at=now + LASTS
        )
        record(
            "cloud.websso-begin",
            by=by,
            scope=f"user.{user.pk}",
            target_type="cloud",
            target_id=cloud.name,
            target_name=cloud.title,
        )
    return attempt


def parcel_of(*, token: str, origin: str) -> str:
    """What a page posted, sealed for its way through the browser: the token, or why it is not taken."""
    if not any(offered_by(cloud) and origin in form_origins(cloud) for cloud in clouds().clouds.values()):
        return _sealed(refused="accounts:websso-origin", origin=origin[:200] or "an unnamed page")
    if not token or len(token) > LONGEST_TOKEN or not token.isascii() or not token.isprintable():
        return _sealed(refused="accounts:websso-no-token", origin=origin)
    return _sealed(token=token, origin=origin)


def _sealed(**content: str) -> str:
    return seal(json.dumps({"kind": "websso", "at": timezone.now().timestamp(), **content}))


def finish(*, user: User, session_key: str, parcel: str, by: User) -> None:
    """Match the token with the attempt of this session, which is used up by it, and hand it to a worker."""
    token, origin = _opened(parcel)
    with transaction.atomic():
        attempt = _open_attempt(user, session_key, origin)
        unused = WebSsoAttempt.objects.filter(pk=attempt.pk, used_at=None)
        if not claim(unused, used_at=timezone.now()):
            raise _unexpected()
        services.connect_with_websso(user=user, cloud=attempt.cloud, token=token, by=by)


def _opened(parcel: str) -> tuple[str, str]:
    """Token and origin out of what `parcel_of` sealed just now; nothing else that is sealed is taken for it."""
    try:
        content: Any = json.loads(unseal(parcel))
    except (PortalError, ValueError) as error:
        raise _unexpected() from error
    if not isinstance(content, dict) or content.get("kind") != "websso":
        raise _unexpected()
    if timezone.now().timestamp() - content["at"] > PARCEL_LASTS.total_seconds():
        raise _unexpected()
    if "refused" in content:
        raise PortalError(content["refused"], origin=content["origin"])
    return content["token"], content["origin"]


def _open_attempt(user: User, session_key: str, origin: str) -> WebSsoAttempt:
    """The newest of this session at a cloud that this page speaks for."""
    fitting = [
        name for name, cloud in clouds().clouds.items() if offered_by(cloud) and origin in form_origins(cloud)
    ]
    found = (
        WebSsoAttempt.objects.filter(
            user=user,
            session=session_mark(session_key),
            cloud__in=fitting,
            used_at=None,
            expires_at__gt=timezone.now(),
        )
        .order_by("-begun_at")
        .first()
    )
    if found is None:
        raise _unexpected()
    return found


def _unexpected() -> PortalError:
    return PortalError("accounts:websso-unexpected", minutes=round(LASTS.total_seconds() / 60))
