"""What a source told → our rows. The same told twice changes nothing but its age; what differs is written down."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from django.db import transaction

from allocations.models import Allocation
from allocations.sources import storing_members
from allocations.sources.interface import Reading
from allocations.sources.models import AllocationFact
from portal.core.bulk import insert, update


def store(allocations: Sequence[Allocation], source: str, reading: Reading, now: datetime) -> None:
    """All allocations of one project, one in each region."""
    with transaction.atomic():
        for allocation in allocations:
            if reading.unchanged:
                AllocationFact.objects.filter(allocation=allocation, source=source).update(as_of=now)
            if reading.facts is not None:
                _facts(allocation, source, reading.facts, now)
            if reading.members is not None:
                storing_members.store(allocation, source, reading.members, now)


def _facts(allocation: Allocation, source: str, told: Mapping[str, str], now: datetime) -> None:
    known = {fact.field: fact for fact in AllocationFact.objects.filter(allocation=allocation, source=source)}
    given = {field: value for field, value in told.items() if value}
    AllocationFact.objects.filter(
        pk__in=[fact.pk for field, fact in known.items() if field not in given]
    ).delete()
    for field, fact in known.items():
        fact.value, fact.as_of = given.get(field, fact.value), now
    update([fact for field, fact in known.items() if field in given], ["value", "as_of"])
    insert(
        [
            AllocationFact(allocation=allocation, source=source, field=field, value=value, as_of=now)
            for field, value in given.items()
            if field not in known
        ]
    )
