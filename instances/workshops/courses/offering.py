"""What pages show of a preflight: findings, costs by meeting in the workshop's zone, quota meters, the request for more."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from allocations.models import Allocation
from allocations.overview import letters
from allocations.overview.quota import help_of, writer_of
from instances.workshops.courses import gathering, services
from instances.workshops.courses.facts import Need
from instances.workshops.courses.gathering import Checked
from instances.workshops.courses.wanted import Wanted
from instances.workshops.models import Workshop
from portal.accounts import time_zones
from portal.accounts.models import User


@dataclass(frozen=True, slots=True, kw_only=True)
class MeetingLine:
    """Times on the wall of the workshop's zone; `elsewhere`: on the reader's, where that shows another time."""

    starts_at: datetime
    ends_at: datetime
    elsewhere: datetime | None
    su: Decimal | None
    over: bool
    title: str = ""


def preflight_of(
    allocation: Allocation, user: User, wanted: Wanted, workshop: Workshop | None
) -> dict[str, Any]:
    """Of the form as it stands."""
    blank = Workshop(allocation=allocation, owner=user, time_zone=str(time_zones.zone_of(user)))
    row = services.sketch(workshop or blank, wanted)
    meetings = services.planned(wanted) if wanted.meetings is not None else None
    if workshop is None and meetings is None:
        meetings = []
    return shown(row, user, gathering.check(row, user, meetings))


def shown(row: Workshop, user: User, checked: Checked) -> dict[str, Any]:
    return {
        "check": checked,
        "lines": lines(row, user, checked),
        "meters": [_meter(need) for need in checked.report.needs],
        "letter": letter(row, user, checked),
        "quota_help": help_of(row.allocation.cloud),
        "zone": row.time_zone,
        "earliest": checked.earliest.astimezone(_zone(row.time_zone)),
        "remaining": checked.facts.holding.remaining if checked.facts.holding else None,
    }


def lines(row: Workshop, user: User, checked: Checked) -> list[MeetingLine]:
    """Every meeting with what it costs; one that is over costs nothing more."""
    zone, own = _zone(row.time_zone), time_zones.zone_of(user)
    ahead = [one for one in checked.facts.meetings if one[1] > checked.facts.now]
    costs = {ahead[one.number]: one.su for one in checked.cost.meetings} if checked.cost else {}
    found = []
    for start, end in checked.facts.meetings:
        local = start.astimezone(zone)
        other = start.astimezone(own)
        found.append(
            MeetingLine(
                starts_at=local,
                ends_at=end.astimezone(zone),
                elsewhere=other if other.replace(tzinfo=None) != local.replace(tzinfo=None) else None,
                su=costs.get((start, end)),
                over=end <= checked.facts.now,
            )
        )
    return found


def letter(row: Workshop, user: User, checked: Checked) -> str:
    """The request for more quota, with the numbers filled in; empty where there is enough."""
    wanted = [
        letters.Wanted(
            need.resource,
            letters.shown(need.resource, need.used),
            None if need.limit is None else letters.shown(need.resource, need.limit),
            letters.shown(need.resource, need.total),
        )
        for need in checked.report.needs
        if need.lacking and need.resource in letters.QUOTAS
    ]
    if not wanted:
        return ""
    return letters.quota_request(writer_of(row.allocation, user), wanted, _why(row, checked))


def _why(row: Workshop, checked: Checked) -> str:
    zone = _zone(row.time_zone)
    times = [f"{start.astimezone(zone):%Y-%m-%d %H:%M}" for start, _ in checked.facts.meetings]
    size = checked.facts.size.name if checked.facts.size else "?"
    when = f"on {times[0]}" if len(times) == 1 else f"from {times[0]} to {times[-1]}" if times else ""
    title = f" “{row.title}”" if row.title else ""
    return (
        f"the workshop{title} {when} ({row.time_zone}): {row.seats:,} seats and {row.spares:,} "
        f"spare machines of {size}, {len(times)} meeting{'' if len(times) == 1 else 's'}"
    )


def _meter(need: Need) -> dict[str, Any]:
    """A bar of what is used, by others at the time too, and what the workshop adds. RAM is shown in GB."""
    divisor = 1024 if need.resource == "ram_mb" else 1
    before, limit = need.used + need.others, need.limit
    return {
        "label": need.label[0].upper() + need.label[1:],
        "unit": "GB" if need.resource in ("ram_mb", "volume_gb") else "",
        "used": f"{before / divisor:,.0f}",
        "added": f"{need.asked / divisor:,.0f}",
        "limit": None if limit is None else f"{limit / divisor:,.0f}",
        "share": min(100, round(100 * before / limit)) if limit else 0,
        "added_share": min(100, round(100 * need.asked / limit)) if limit else 0,
        "tone": "bad" if need.lacking else "",
    }


def _zone(name: str) -> ZoneInfo:
    return ZoneInfo(name if name in time_zones.names() else "UTC")
