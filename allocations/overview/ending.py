"""The end of an allocation as pages tell of it: how long still, and what the operator does when."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime

from allocations.ledger import Balance
from allocations.models import Allocation
from allocations.overview.countdown import STEPS, Deed, Ending, Period, endings, timeline
from allocations.overview.standing import Standing, label_of
from portal.cloud.config import clouds
from portal.cloud.schema_planning import Expiry

# So long an end is told of that only some of the resources have come to, where the operator names no days.
_TOLD_DAYS = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class End:
    """`deeds`: what follows, with dates. `used_up`: the day on which the same would begin earlier, for want of SUs."""

    ending: Ending
    resources: str
    all_of_it: bool
    expiry: Expiry
    deeds: Sequence[Deed]
    used_up: date | None = None
    used_up_deeds: Sequence[Deed] = ()

    @property
    def pressing(self) -> bool:
        return self.ending.days <= STEPS[0]

    @property
    def over(self) -> bool:
        return self.ending.days < 1


def expiry_of(allocation: Allocation) -> Expiry:
    """Empty for a cloud that has left the configuration."""
    found = clouds().clouds.get(allocation.cloud)
    return found.portal.expiry if found else Expiry()


def periods_of(balances: Sequence[Balance]) -> list[Period]:
    return [Period(one.resource, one.starts_on, one.ends_on) for one in balances]


def ends(allocation: Allocation, balances: Sequence[Balance], today: date) -> list[End]:
    """Soonest first; what ended long ago only where nothing else is left."""
    expiry = expiry_of(allocation)
    found = endings(periods_of(balances), today)
    told = expiry.steps[-1].day if expiry.steps else _TOLD_DAYS
    fresh = [one for one in found if one.days > -told] or found[-1:]
    return [
        End(
            ending=one,
            resources=_listed([label_of(name) for name in one.resources]),
            all_of_it=len(found) == 1,
            expiry=expiry,
            deeds=timeline(expiry.steps, one.ends_on, today),
        )
        for one in fresh
    ]


def end_of(standing: Standing) -> End | None:
    """The one to warn of, with what would come of running out before it."""
    today = standing.now.astimezone(UTC).date()
    found = ends(standing.allocation, standing.periods, today)
    if not found:
        return None
    first = found[0]
    out = _runs_out(standing) if first.expiry.when_used_up else None
    if out is None or out >= first.ending.ends_on:
        return first
    return End(
        ending=first.ending,
        resources=first.resources,
        all_of_it=first.all_of_it,
        expiry=first.expiry,
        deeds=first.deeds,
        used_up=out,
        used_up_deeds=timeline(first.expiry.steps, out, today),
    )


def _runs_out(standing: Standing) -> date | None:
    """When the first resource that burns is used up at today's burn."""
    moments: list[datetime] = [
        resource.spending.as_is.runs_out_at
        for resource in standing.burning
        if resource.spending.state == "running" and resource.spending.as_is.runs_out_at is not None
    ]
    return min(moments).astimezone(UTC).date() if moments else None


def _listed(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
