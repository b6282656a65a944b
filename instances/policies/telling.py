"""Telling people what a policy did, could not do, or is about to do."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from django.urls import reverse

from allocations.keepers import managers
from instances.concerned import concerned
from instances.models import Instance
from instances.policies.effective import Held
from instances.policies.models import PolicyRun
from instances.policies.rules import Kind
from instances.policies.words import DONE_WORDS, clock
from portal.accounts.models import User
from portal.notices import services as notices


def done(run: PolicyRun) -> None:
    instance = run.instance
    _tell(
        run.kind,
        instance,
        key=f"policy-run:{run.pk}:done",
        title=f"{instance.name} was {DONE_WORDS[run.action]}",
        text=f"{_why(run)}. {_after(run)}",
        level="success",
    )


def failed(run: PolicyRun) -> None:
    instance = run.instance
    _tell(
        run.kind,
        instance,
        key=f"policy-run:{run.pk}:failed",
        title=f"{instance.name} could not be {DONE_WORDS[run.action]}",
        text=f"{_why(run)}. {run.reason} The machine stays as it is, and costs what it costs until you see to it.",
        level="danger",
    )


def waits(run: PolicyRun) -> None:
    """Nobody's credential works: only people can help. Told once."""
    instance = run.instance
    _tell(
        run.kind,
        instance,
        key=f"policy-run:{run.pk}:waits",
        title=f"{instance.name} waits to be {DONE_WORDS[run.action]}",
        text=f"{_why(run)}. {run.reason} Until then it runs on and costs what it costs.",
        level="warning",
        also=managers(instance.allocation_id),
    )


def left(run: PolicyRun) -> None:
    """Left alone for a reason that somebody may want to know, such as a lock."""
    _tell(
        run.kind,
        run.instance,
        key=f"policy-run:{run.pk}:left",
        title=f"{run.instance.name} was not {DONE_WORDS[run.action]}",
        text=f"{_why(run)}. {run.reason}",
        level="warning",
    )


def idle(held: Held, due_at: datetime, action: str) -> None:
    instance = held.instance
    rules = held.idle
    hours = rules.hours if rules else 0
    _tell(
        "idle",
        instance,
        key=f"policy-idle:{instance.pk}:{due_at.isoformat()}",
        title=f"{instance.name} is idle and will be {DONE_WORDS[action]}",
        text=f"Nothing was measured to happen on it for {hours} hours. It is {DONE_WORDS[action]} at "
        f"{clock(due_at, _zone(held))}, unless something happens on it, or you say that it is busy.",
        level="warning",
    )


def lease(held: Held, end: datetime, days: int) -> None:
    instance, rules = held.instance, held.lease
    action = rules.action if rules else "shelve"
    data = (
        "Its root disk goes with it; attached volumes stay, and are charged as before."
        if action == "delete"
        else "Its disk and volumes stay."
    )
    _tell(
        "lease",
        instance,
        key=f"policy-lease:{instance.pk}:{end.isoformat()}:{days}",
        title=f"The lease of {instance.name} ends {'tomorrow' if days == 1 else f'in {days} days'}",
        text=f"It is {DONE_WORDS[action]} at {clock(end, _zone(held))}. {data} Extend the lease if you need it longer.",
        level="danger" if action == "delete" else "warning",
    )


def _why(run: PolicyRun) -> str:
    return {
        "schedule": "Its schedule asked for it",
        "lease": "Its lease has ended",
        "idle": "It was idle, and was warned of it",
    }[run.kind]


def _after(run: PolicyRun) -> str:
    return {
        "shelve": "It costs nothing until it is unshelved; disk, volumes and address stay.",
        "delete": "Its root disk is gone; volumes that were attached stay.",
    }.get(run.action, "")


def _zone(held: Held) -> ZoneInfo:
    return ZoneInfo(held.schedule.zone if held.schedule else "UTC")


def _tell(
    kind: Kind | str,
    instance: Instance,
    *,
    key: str,
    title: str,
    text: str,
    level: notices.LevelName,
    also: Iterable[User] = (),
) -> None:
    people: Sequence[User] = [*concerned(instance), *also]
    notices.tell(
        f"policy.{kind}",
        to=people,
        key=key,
        title=title,
        text=text,
        url=reverse("policies:machine", args=[instance.pk]),
        level=level,
        scope=f"allocation.{instance.allocation_id}",
    )
