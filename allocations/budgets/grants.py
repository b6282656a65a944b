"""Shares of an allocation's own SUs that are reached: told once per resource and grant period."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.urls import reverse

from allocations import ledger
from allocations.budgets import hooks, words
from allocations.budgets.models import SuCrossing
from allocations.keepers import MANAGING
from allocations.ledger import Balance
from allocations.models import Allocation, Grant, Membership
from portal.accounts.models import User
from portal.core import bulk
from portal.notices import services as notices

KIND = "su.threshold"
SHARES = (50, 80, 90, 100)
# From here on those whose machines are there are told as well, not only those who manage it.
_ALL_TOLD_FROM = 90
_COUNTED = {Grant.Resource.CPU, Grant.Resource.GPU, Grant.Resource.LARGE_MEMORY}


@dataclass(frozen=True, slots=True)
class Reached:
    allocation: Allocation
    balance: Balance
    shares: tuple[int, ...]


def see_to(allocations: Sequence[Allocation], now: datetime) -> None:
    """The queries of the balances and one more for any number of allocations; then a few for each thing that is new."""
    known: dict[tuple[int, str, object], set[int]] = defaultdict(set)
    rows = SuCrossing.objects.filter(allocation__in=allocations)
    for pk, resource, starts_on, percent in rows.values_list(
        "allocation_id", "resource", "starts_on", "percent"
    ):
        known[pk, resource, starts_on].add(percent)
    for one in _reached(allocations, now):
        before = known[one.allocation.pk, one.balance.resource, one.balance.starts_on]
        new = [share for share in one.shares if share not in before]
        if new:
            _write(one, new, now)


def _reached(allocations: Sequence[Allocation], now: datetime) -> Iterator[Reached]:
    found = ledger.balances([allocation.pk for allocation in allocations], now.date())
    for allocation in allocations:
        for balance in found.get(allocation.pk, {}).values():
            if balance.resource not in _COUNTED or not balance.covers(now.date()) or balance.awarded <= 0:
                continue
            shares = tuple(share for share in SHARES if balance.used * 100 >= balance.awarded * share)
            if shares:
                yield Reached(allocation, balance, shares)


@transaction.atomic
def _write(one: Reached, shares: Sequence[int], now: datetime) -> None:
    """Each once; of several at once the highest is told."""
    balance = one.balance
    rows = [
        SuCrossing(
            allocation=one.allocation,
            resource=balance.resource,
            starts_on=balance.starts_on,
            percent=share,
            at=now,
        )
        for share in shares
    ]
    bulk.insert(rows)
    if SuCrossing.objects.filter(pk=rows[-1].pk).exists():
        _tell(one, shares[-1])


def _tell(one: Reached, share: int) -> None:
    allocation, balance = one.allocation, one.balance
    resource = words.resource(balance.resource)
    what = "All" if share >= 100 else f"{share} %"
    notices.tell(
        KIND,
        to=_people(allocation, share),
        # A grant is the project's: who is in several of its regions hears it once.
        key=f"su-{share}:{allocation.cloud}:{allocation.project_id}:{balance.resource}:{balance.starts_on}",
        title=f"{what} of the {resource} SUs of {allocation.project_name} are spent",
        text=f"{words.su(balance.used)} of {words.su(balance.awarded)} SU are used, by the provider's figure and what was "
        f"metered since. The grant ends {balance.ends_on}.\n"
        + (
            "Providers switch machines off or stop new ones when nothing is left: shelve what you do not need, and ask for "
            "more."
            if share >= 90
            else "The page of the allocation shows when they run out at this pace, and what shelving saves."
        ),
        url=reverse("allocations:detail", args=[allocation.slug]),
        level="danger" if share >= 90 else "warning" if share >= 80 else "info",
        scope=f"allocation.{allocation.pk}",
    )


def _people(allocation: Allocation, share: int) -> list[User]:
    live = Membership.objects.filter(allocation=allocation, ended_at=None).select_related("user")
    owners = {held.owner_id for held in hooks.machines([allocation.pk])} if share >= _ALL_TOLD_FROM else set()
    return [one.user for one in live if one.role in MANAGING or one.user_id in owners]
