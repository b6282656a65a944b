"""Doing one thing to many seats: each that can is done, each that cannot is told why."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from uuid import UUID

from instances.rows import rows
from instances.workshops.board.acts import Act, in_the_way
from instances.workshops.board.facts import Placed
from instances.workshops.engine import acts as engine
from instances.workshops.models import Seat
from portal.accounts.models import User
from portal.core.errors import PortalError


@dataclass(frozen=True, slots=True)
class Candidate:
    """One of the seats that were chosen. `reason` empty: it can be tried."""

    one: Placed
    reason: str


@dataclass(frozen=True, slots=True)
class Report:
    """What became of one seat; `problem` None: accepted."""

    one: Placed
    problem: PortalError | None


@dataclass(frozen=True, slots=True)
class Cost:
    """SU per hour of these seats now and afterwards; `after` None where the act leaves that as it is."""

    now: Decimal
    after: Decimal | None

    @property
    def saves(self) -> Decimal:
        return self.now - (self.after if self.after is not None else self.now)


def candidates(act: Act, chosen: Sequence[Placed]) -> list[Candidate]:
    return [Candidate(one, in_the_way(act, one.facts)) for one in chosen]


def cost(act: Act, able: Sequence[Placed]) -> Cost:
    """Three queries for any number."""
    machines = [one.seat.instance for one in able if one.seat.instance is not None]
    for one in able:
        if one.seat.instance is not None:
            one.seat.instance.allocation = one.seat.workshop.allocation
    shown = rows(machines)
    now = sum((row.su_per_hour or Decimal(0) for row in shown), Decimal(0))
    if not act.leads_to:
        return Cost(now, None)
    return Cost(now, sum((row.su_in(act.leads_to) or Decimal(0) for row in shown), Decimal(0)))


def carry_out(*, act: Act, found: Sequence[Candidate], by: User, keep_home: bool) -> list[Report]:
    """The engine's word for each seat that can be tried, then the others; what was refused comes first."""
    able = {one.one.seat.pk: one.one for one in found if not one.reason}
    refused = [Report(one.one, refusal(act, one)) for one in found if one.reason]
    done = _done(act, [one.seat for one in able.values()], by, keep_home) if able else {}
    reports = [Report(one, done.get(pk)) for pk, one in able.items()]
    return sorted([*refused, *reports], key=lambda report: report.problem is None)


def _done(act: Act, seats: list[Seat], by: User, keep_home: bool) -> dict[UUID, PortalError | None]:
    if act.name == "reset":
        results = engine.reset(seats=seats, by=by, keep_home=keep_home)
    else:
        results = _PLAIN[act.name](seats=seats, by=by)
    return {result.seat.pk: result.problem for result in results}


def refusal(act: Act, found: Candidate) -> PortalError:
    return PortalError(
        "workshops:act-not-now", label=act.label, seat=str(found.one.seat), reason=found.reason
    )


_PLAIN: dict[str, Callable[..., list[engine.SeatResult]]] = {
    "start": engine.start,
    "stop": engine.stop,
    "shelve": engine.shelve,
    "release": engine.release,
    "swap": engine.swap,
    "replace": engine.replace,
}
