"""What layers above know of where allocations come from. They register in their `handlers.py`."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

from allocations.mapping import Claimed
from allocations.models import Allocation
from portal.accounts.models import User
from portal.cloud.types import AccountingEntry

OnAccounting = Callable[[Allocation, Sequence[AccountingEntry], datetime], None]
# (user, cloud) -> {project's name: the role that a source says, whose word decides}
Deciding = Callable[[User, str], Mapping[str, str]]

_on_accounting: list[OnAccounting] = []
_deciding: list[Deciding] = []


def on_accounting(function: OnAccounting) -> OnAccounting:
    """Register `function(allocation, entries, now)`: called in the transaction in which awards are stored."""
    if function not in _on_accounting:
        _on_accounting.append(function)
    return function


def accounting_told(allocation: Allocation, entries: Sequence[AccountingEntry], now: datetime) -> None:
    for function in _on_accounting:
        function(allocation, entries, now)


def deciding_roles(function: Deciding) -> Deciding:
    """Register a source of roles whose word, by the operator's choice, counts before the identity provider's claims."""
    if function not in _deciding:
        _deciding.append(function)
    return function


def claims_of(user: User, cloud: str, claimed: Sequence[Claimed]) -> list[Claimed]:
    """The claims, with those of projects for which a source decides replaced by what it says."""
    told = {name: role for function in _deciding for name, role in function(user, cloud).items()}
    names = {name.casefold() for name in told}
    kept = [claim for claim in claimed if claim.grant.casefold() not in names]
    return [*kept, *(Claimed(name, role) for name, role in told.items())]
