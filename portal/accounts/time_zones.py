"""In which zone a person reads and writes times: their own choice, else the operator's for everybody."""

from datetime import datetime
from functools import cache
from zoneinfo import ZoneInfo, available_timezones

from portal.accounts.models import User
from portal.accounts.preferences import remember
from portal.cloud.config import clouds
from portal.core.errors import PortalError

PREFERENCE = "time_zone"


def zone_of(user: User | None) -> ZoneInfo:
    """The zone of this person; of nobody in particular the operator's."""
    chosen = user.preferences.get(PREFERENCE, "") if user is not None else ""
    return ZoneInfo(chosen if chosen in names() else clouds().telling.time_zone)


def local(moment: datetime, user: User | None) -> datetime:
    return moment.astimezone(zone_of(user))


def choose(user: User, name: str) -> bool:
    """Keep another zone. PortalError `portal:bad-input` for one that does not exist."""
    if name not in names():
        raise PortalError("portal:bad-input", reason=f"“{name[:60]}” is no time zone that the portal knows.")
    return remember(user, PREFERENCE, name)


@cache
def names() -> frozenset[str]:
    return frozenset(available_timezones())


@cache
def offered() -> tuple[str, ...]:
    """Those that a person picks from: places, by continent, and UTC."""
    places = (
        name
        for name in names()
        if "/" in name and not name.startswith(("Etc/", "SystemV/", "posix/", "right/"))
    )
    return ("UTC", *sorted(places))
