"""Whose console is read when, and how much of it.

On an open page, and while a guest is set up: often. Otherwise for history alone: a guest that does not push its
samples writes a line each minute, and Nova keeps only the end of the log. So each is read now and then although
nobody looks, at most one machine of a project per `GAP`, the one read longest ago, and only the end of its log.
"""

from collections.abc import Callable, Collection
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.db.models import F, Q, QuerySet, Window
from django.db.models.functions import RowNumber

from instances import exosphere
from instances.models import ConsoleLog, Instance
from instances.statuses import ACTIVE
from portal.core import presence

Pushing = Callable[[Collection[UUID], datetime], Collection[UUID]]
_pushing: list[Pushing] = []

_SOON, _PAGE, _SETUP, _USAGE = (timedelta(seconds=s) for s in (3, 15, 20, 60))
# For history: not sooner again than IDLE, and of one project not two within GAP (ten a minute).
IDLE, GAP = timedelta(minutes=10), timedelta(seconds=6)
# A machine that pushed since then needs no console for its graphs.
PUSHED_LATELY = timedelta(minutes=5)
_YOUNG = timedelta(minutes=10)
_CHECKED_AT_ONCE = 500
# Lines for one minute: the guest's own, and what else is printed there. Nova keeps some 100 KiB.
_LINES_A_MINUTE, _LINES_MORE, _LINES_AT_MOST = 3, 50, 1000

_EXO = Q(metadata__has_key=exosphere.VERSION_KEY)
_HERE = Q(metadata__has_key=exosphere.INSTANCE_KEY)


def pushing(function: Pushing) -> Pushing:
    """Register `function(ids, since)`: which of these machines have sent samples by themselves since then."""
    if function not in _pushing:
        _pushing.append(function)
    return function


def due(now: datetime, limit: int) -> list[Instance]:
    """Machines whose console is worth reading now: those that somebody waits for first."""
    found = list(_running().filter(_waited_for(now)).order_by("console_read_at")[:limit])
    if len(found) < limit:
        _postpone_pushing(now)
        found += _for_history(now, [row.pk for row in found], limit - len(found))
    return found


def lines(instance: Instance, now: datetime) -> int | None:
    """How many lines are enough, given when it was read last; None: the whole log."""
    read_at = instance.console_read_at
    if read_at is None or instance.setup_status in exosphere.OPEN_SETUP:
        return None
    read_well = ConsoleLog.objects.filter(instance=instance, error_id="").exists()
    if not read_well or presence.watching(f"instance.{instance.pk}"):
        return None
    wanted = _LINES_MORE + _LINES_A_MINUTE * max(0, round((now - read_at).total_seconds() / 60))
    return wanted if wanted <= _LINES_AT_MOST else None


def _running() -> QuerySet[Instance]:
    return Instance.objects.filter(status=ACTIVE, deleted_at=None).exclude(server_id="")


def _waited_for(now: datetime) -> Q:
    pages = [group.partition(".")[2] for group in presence.watched("instance.")]
    in_setup = _EXO & Q(setup_status__in=exosphere.OPEN_SETUP)
    return (
        (Q(pk__in=pages) & _older(now - _PAGE))
        | (in_setup & Q(launched_at__gt=now - _YOUNG) & _older(now - _SOON))
        | (in_setup & _older(now - _SETUP))
        | (_EXO & ~_HERE & Q(allocation_id__in=_watched_lists()) & _older(now - _USAGE))
    )


def _for_history(now: datetime, besides: Collection[UUID], limit: int) -> list[Instance]:
    """Of each project that was not read just now, the machine that was read longest ago."""
    lately = Instance.objects.filter(console_read_at__gt=now - GAP).values("allocation_id")
    turn = Window(
        RowNumber(), partition_by="allocation_id", order_by=F("console_read_at").asc(nulls_first=True)
    )
    waiting = _running().filter(_EXO & _older(now - IDLE)).exclude(pk__in=besides)
    mine = waiting.exclude(allocation_id__in=lately).annotate(turn=turn).filter(turn=1)
    return list(mine.order_by(F("console_read_at").asc(nulls_first=True))[:limit])


def _postpone_pushing(now: datetime) -> None:
    """Machines of ours whose samples come by themselves are not due."""
    if not settings.METRICS_PUSH_URL:
        return
    waiting = _running().filter(_HERE & _older(now - IDLE)).exclude(setup_status__in=exosphere.OPEN_SETUP)
    ids = list(waiting.values_list("pk", flat=True)[:_CHECKED_AT_ONCE])
    heard = {pk for function in _pushing for pk in function(ids, now - PUSHED_LATELY)} if ids else set()
    if heard:
        Instance.objects.filter(pk__in=heard).update(console_read_at=now - GAP)


def _older(than: datetime) -> Q:
    return Q(console_read_at=None) | Q(console_read_at__lt=than)


def _watched_lists() -> list[int]:
    keys = (group.partition(".")[2] for group in presence.watched("allocation."))
    return [int(key) for key in keys if key.isdigit()]
