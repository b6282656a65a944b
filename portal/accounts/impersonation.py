"""Looking at the portal as somebody sees it: operators only, to help. Visible, written down, short, and read-only.

The operator stays signed in as themselves; their session names a `Look`. `impersonation_middleware` shows the pages as
the person's, and refuses everything that changes, opens or reveals something.
"""

from datetime import timedelta
from typing import Any

from django.db import transaction
from django.db.models import F
from django.http import HttpRequest
from django.utils import timezone

from portal.accounts.models import Look, User
from portal.cloud.config import clouds
from portal.core import audit, events, limits
from portal.core.errors import PortalError

KEY = "looking_as"
SHORTEST_REASON = 10


def looking_in(request: HttpRequest) -> Look | None:
    """The look that this request is part of: `request.user` is then the person looked at."""
    found: Look | None = getattr(request, "looking", None)
    return found


def start(*, request: HttpRequest, person: User, reason: str, by: User) -> Look:
    """From the next request on this session's pages are the person's."""
    reason = " ".join(reason.split())
    _check(person, reason, by)
    limits.check(f"looking:{by.pk}", most=30, seconds=3600)
    now = timezone.now()
    with transaction.atomic():
        _end_open(by, "began another look")
        look = Look.objects.create(
            operator=by,
            person=person,
            reason=reason[:300],
            session=_mark(request),
            started_at=now,
            until=now + timedelta(minutes=clouds().telling.look_minutes),
        )
        _record("impersonation.start", look, by, reason=look.reason, until=look.until.isoformat())
        request.session[KEY] = look.pk
    return look


def _check(person: User, reason: str, by: User) -> None:
    if not by.is_operator:
        raise PortalError("portal:forbidden", need="operators only")
    if person.pk == by.pk or person.is_operator or person.is_staff or person.is_superuser:
        raise PortalError("accounts:look-refused")
    if not person.is_active:
        raise PortalError("accounts:look-inactive")
    if len(reason) < SHORTEST_REASON:
        raise PortalError(
            "portal:bad-input", reason=f"Give a reason of at least {SHORTEST_REASON} characters."
        )


def current(request: HttpRequest, operator: Any) -> Look | None:
    """The look of this session, if it still holds; one that does not is ended here. One query where there is one."""
    pk = request.session.get(KEY)
    if pk is None:
        return None
    look = Look.objects.select_related("person", "operator").filter(pk=pk, ended_at=None).first()
    why = "" if look is None else _over(look, operator, _mark(request))
    if look is not None and not why:
        return look
    del request.session[KEY]
    if look is not None:
        end(look=look, why=why, by=None)
    return None


def _over(look: Look, operator: Any, mark: str) -> str:
    """Why it no longer holds; empty where it does."""
    if look.until <= timezone.now():
        return "its time was over"
    if not isinstance(operator, User) or operator.pk != look.operator_id or look.session != mark:
        return "another session"
    if not operator.is_operator or not operator.is_active:
        return f"{operator} is no operator any more"
    if (
        look.person.is_operator
        or look.person.is_staff
        or look.person.is_superuser
        or not look.person.is_active
    ):
        return "the person's account changed"
    return ""


def end(*, look: Look, why: str, by: User | None) -> bool:
    """Written down once, whoever ends it first. By None: the portal."""
    with transaction.atomic():
        ended_at = min(timezone.now(), look.until)
        if not Look.objects.filter(pk=look.pk, ended_at=None).update(ended_at=ended_at, ended_why=why[:100]):
            return False
        look.refresh_from_db(fields=["pages", "ended_at", "ended_why"])
        _record("impersonation.end", look, by, why=why, pages=look.pages)
    return True


def end_overdue() -> int:
    """Those of browsers that were closed. Called by the clock."""
    over = Look.objects.filter(ended_at=None, until__lte=timezone.now()).select_related("person", "operator")
    return sum(end(look=look, why="its time was over", by=None) for look in over[:200])


def signed_out(user: User, mark: str = "") -> None:
    """A session of an operator ended (an empty mark: all of them): what they looked at through it is over."""
    looks = Look.objects.filter(operator=user, ended_at=None).select_related("person", "operator")
    for look in looks.filter(session=mark) if mark else looks:
        end(look=look, why="signed out", by=user)


def count_page(look: Look) -> None:
    Look.objects.filter(pk=look.pk).update(pages=F("pages") + 1)


def _end_open(operator: User, why: str) -> None:
    for look in Look.objects.filter(operator=operator, ended_at=None).select_related("person", "operator"):
        end(look=look, why=why, by=operator)


def _mark(request: HttpRequest) -> str:
    if request.session.session_key is None:
        request.session.save()
    return events.session_mark(request.session.session_key or "")


def _record(action: str, look: Look, by: User | None, **detail: object) -> None:
    audit.record(
        action,
        by=by,
        scope=f"user.{look.person_id}",
        target_type="user",
        target_id=look.person_id,
        target_name=str(look.person),
        operator=str(look.operator),
        look=look.pk,
        **detail,
    )
