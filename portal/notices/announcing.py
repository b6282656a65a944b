"""Announcements of operators: made, changed and ended on their page, shown on every page of those whom they concern."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.core.cache import cache
from django.core.exceptions import ValidationError
from django.core.validators import URLValidator
from django.db import transaction
from django.utils import timezone

from portal.accounts.models import User
from portal.accounts.preferences import remember
from portal.cloud.config import clouds
from portal.core import audit
from portal.core.errors import PortalError
from portal.notices import hooks
from portal.notices.models import Announcement

PREFERENCE = "dismissed"
_CACHED = "notices:announcements"
_CACHE_SECONDS = 60
_MOST_DISMISSED = 50
_FIELDS = ("pk", "level", "text", "url", "cloud", "region", "starts_at", "ends_at", "dismissable")


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """What an operator wrote. Times are aware."""

    level: str
    text: str
    url: str
    cloud: str
    region: str
    starts_at: datetime
    ends_at: datetime
    dismissable: bool


def shown_to(user: Any) -> Sequence[Mapping[str, Any]]:
    """Those that concern this person now and that they have not put away. Mostly without a query."""
    if not isinstance(user, User):
        return [one for one in _running() if not one["cloud"]]
    put_away = dismissed(user)
    mine = [one for one in _running() if not (one["dismissable"] and str(one["pk"]) in put_away)]
    if not any(one["cloud"] for one in mine):
        return mine
    places = {(scope.cloud, scope.region) for scope in hooks.scopes_of(user).values()}
    return [one for one in mine if concerns(one["cloud"], one["region"], places) or user.is_operator]


def concerns(cloud: str, region: str, places: Iterable[tuple[str, str]]) -> bool:
    """Whether somebody who is in these places is meant. Pure."""
    return not cloud or any(at == cloud and (not region or region == where) for at, where in places)


def _running() -> list[dict[str, Any]]:
    """Those whose time it is: the list is kept for a minute by all processes together, the clock is looked at here."""
    now = timezone.now()
    known = cache.get(_CACHED)
    if known is None:
        soon = now + timedelta(seconds=2 * _CACHE_SECONDS)
        known = list(Announcement.objects.filter(starts_at__lt=soon, ends_at__gt=now).values(*_FIELDS))
        cache.set(_CACHED, known, _CACHE_SECONDS)
    return [one for one in known if one["starts_at"] <= now < one["ends_at"]]


def publish(*, draft: Draft, by: User, announcement: Announcement | None = None) -> Announcement:
    """A new one, or another wording of one. PortalError `notices:bad-announcement` says what is wrong."""
    _check(draft)
    fields = {name: getattr(draft, name) for name in Draft.__slots__}
    with transaction.atomic():
        before = _as_text(announcement) if announcement else None
        row = announcement or Announcement(made_by=by)
        for name, value in fields.items():
            setattr(row, name, value)
        row.save()
        _record(
            "announcement.change" if before else "announcement.publish",
            row,
            by,
            before=before,
            after=_as_text(row),
        )
    return row


@transaction.atomic
def end(*, announcement: Announcement, by: User) -> None:
    """It is shown no more; one that had not begun is removed."""
    now = timezone.now()
    _record("announcement.end", announcement, by, before=_as_text(announcement))
    if announcement.starts_at > now:
        announcement.delete()
    elif announcement.ends_at > now:
        Announcement.objects.filter(pk=announcement.pk).update(ends_at=now, changed_at=now)


def dismissed(user: User) -> set[str]:
    return set(str(user.preferences.get(PREFERENCE, "")).split())


def dismiss(*, user: User, announcement: Announcement) -> None:
    """Put away for good, by this person, on every device."""
    if announcement.dismissable:
        kept = [
            one for one in str(user.preferences.get(PREFERENCE, "")).split() if one != str(announcement.pk)
        ]
        remember(user, PREFERENCE, " ".join([*kept, str(announcement.pk)][-_MOST_DISMISSED:]))


def _check(draft: Draft) -> None:
    known = clouds().clouds
    if not 1 <= len(draft.text) <= 500:
        _refuse("It needs a text of 1 to 500 characters.")
    if draft.level not in Announcement.Level.values:
        _refuse("Choose one of the levels.")
    if draft.starts_at >= draft.ends_at:
        _refuse("It has to begin before it ends.")
    if draft.ends_at - draft.starts_at > timedelta(days=366):
        _refuse("It may be shown for a year at most: for longer, write it into portal.yaml.")
    if draft.cloud and draft.cloud not in known:
        _refuse("There is no such cloud.")
    if draft.region and (not draft.cloud or draft.region not in known[draft.cloud].regions):
        _refuse("There is no such region of that cloud.")
    if draft.url:
        try:
            URLValidator(schemes=["http", "https"])(draft.url)
        except ValidationError:
            _refuse("The link has to begin with https:// or http:// and lead to a host.")


def _refuse(reason: str) -> None:
    raise PortalError("notices:bad-announcement", reason=reason)


def _as_text(row: Announcement) -> dict[str, str]:
    return {name: str(getattr(row, name)) for name in Draft.__slots__}


def _record(action: str, row: Announcement, by: User, **detail: object) -> None:
    audit.record(
        action,
        by=by,
        scope="portal",
        target_type="announcement",
        target_id=row.pk or "",
        target_name=row.text[:80],
        **detail,
    )
    transaction.on_commit(forget, robust=True)


def forget() -> None:
    """The next page reads them anew."""
    cache.delete(_CACHED)
