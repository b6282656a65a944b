"""What becomes of a workshop's meetings when other ones are wanted. Pure: what was stays, what runs keeps its beginning."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from instances.workshops.clock.repeating import LONGEST, MOST, Planned
from instances.workshops.clock.window import moments, overlapping
from portal.core.errors import PortalError


@dataclass(frozen=True, slots=True)
class Held:
    """A meeting as it is kept; `key` finds it again."""

    key: int
    planned: Planned
    starts_at: datetime
    ends_at: datetime


@dataclass(frozen=True, slots=True)
class Wanted:
    """A meeting as it is to be. `key` None: a new one."""

    key: int | None
    planned: Planned
    starts_at: datetime
    ends_at: datetime


@dataclass(frozen=True, slots=True)
class Rearranged:
    """`kept`: all of them as they are to be, in order. `gone`: those to be deleted. `moved`: a meeting to come changed."""

    kept: tuple[Wanted, ...]
    gone: tuple[int, ...]
    moved: bool


def rearrange(held: Iterable[Held], wanted: Sequence[Planned], zone: str, now: datetime | None) -> Rearranged:
    """PortalError where it cannot be. `now` None: nothing has happened yet, so any day may be named (a draft).

    Meetings that are over stay, named or not. The one that runs has to be named, with its beginning.
    """
    if len(wanted) > MOST:
        raise PortalError("workshops:too-many-meetings", most=MOST)
    known = {one.starts_at: one for one in held}
    asked = [_asked(one, zone, known, now) for one in wanted]
    named = {one.key for one in asked}
    left = [one for one in known.values() if one.key not in named]
    stays = [one for one in left if now is not None and one.ends_at <= now]
    if now is not None and any(one.starts_at <= now < one.ends_at for one in left):
        raise PortalError("workshops:meeting-running")
    kept = sorted([*asked, *(_as_it_was(one) for one in stays)], key=lambda one: one.starts_at)
    _fits(kept)
    gone = tuple(one.key for one in left if one not in stays)
    return Rearranged(tuple(kept), gone, bool(gone) or any(_moves(one, known, now) for one in kept))


def _asked(wanted: Planned, zone: str, known: dict[datetime, Held], now: datetime | None) -> Wanted:
    starts_at, ends_at = moments(wanted.day, wanted.begins, wanted.ends, zone)
    held = known.get(starts_at)
    if held is None:
        if now is not None and starts_at <= now:
            raise PortalError("workshops:meeting-in-past", day=f"{wanted.day:%Y-%m-%d} {wanted.begins:%H:%M}")
        return Wanted(None, wanted, starts_at, ends_at)
    same = wanted.ends == held.planned.ends
    if now is not None and held.ends_at <= now:
        if not same:
            raise PortalError("workshops:meeting-past", day=f"{wanted.day:%Y-%m-%d}")
        return _as_it_was(held)
    if now is not None and held.starts_at <= now and not same and ends_at <= now:
        raise PortalError("workshops:ends-in-past")
    # Its end may lie between two minutes, where somebody ended or extended it.
    return Wanted(held.key, wanted, held.starts_at, held.ends_at if same else ends_at)


def _as_it_was(held: Held) -> Wanted:
    return Wanted(held.key, held.planned, held.starts_at, held.ends_at)


def _fits(kept: Sequence[Wanted]) -> None:
    both = overlapping((one.starts_at, one.ends_at) for one in kept)
    if both is not None:
        first = next(one.planned for one in kept if one.starts_at == both[0][0])
        raise PortalError("workshops:meetings-overlap", day=f"{first.day:%Y-%m-%d} {first.begins:%H:%M}")
    if kept and kept[-1].ends_at - kept[0].starts_at > LONGEST:
        raise PortalError("workshops:too-long", most=LONGEST.days)


def _moves(one: Wanted, known: dict[datetime, Held], now: datetime | None) -> bool:
    held = known.get(one.starts_at)
    if held is None:
        return True
    return (now is None or held.starts_at > now) and one.ends_at != held.ends_at
