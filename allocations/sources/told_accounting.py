"""The cloud's accounting as a source: `allocations.refreshing` reads it, with the quota, and tells it here.

Its awards go into grants (`refreshing`); what it says about the allocation goes where all sources' facts are.
"""

from collections.abc import Sequence
from datetime import datetime

from allocations.models import Allocation
from allocations.sources import storing
from allocations.sources.interface import Reading
from portal.cloud.types import AccountingEntry

NAME = "accounting"


def told(allocation: Allocation, entries: Sequence[AccountingEntry], now: datetime) -> None:
    """Within the transaction in which grants are stored. Nothing told: what was known stays, with its age."""
    if entries:
        storing.store([allocation], NAME, Reading(facts=facts(entries, now)), now)


def facts(entries: Sequence[AccountingEntry], now: datetime) -> dict[str, str]:
    """Of the period that is going on: the active one that ends last, else the one that ends last of all."""
    chosen = max(entries, key=lambda entry: (_now(entry, now), entry.active, entry.ends_on))
    of_period = [
        entry for entry in entries if (entry.active, _now(entry, now)) == (chosen.active, _now(chosen, now))
    ]
    if not chosen.active:
        of_period = [entry for entry in entries if entry.ends_on == chosen.ends_on]
    return {
        "title": chosen.title,
        "abstract": chosen.abstract,
        "begins": min(entry.starts_on for entry in of_period).isoformat(),
        "ends": max(entry.ends_on for entry in of_period).isoformat(),
    }


def _now(entry: AccountingEntry, now: datetime) -> bool:
    return entry.starts_on <= now.date() <= entry.ends_on
