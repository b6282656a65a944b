"""What was spent, put into the ledger as the meter would."""

from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal

from allocations.models import Allocation, LedgerEntry
from portal.accounts.models import User


def spend(
    allocation: Allocation,
    owner: User | str,
    day: date,
    su: str | int,
    machine: str = "blast-node",
    flavor: str = "m3.quad",
    resource: str = "cpu",
    **fields: object,
) -> LedgerEntry:
    """One hour of that UTC day, at noon. `owner`: a person of the portal, or the name that the cloud tells."""
    start = datetime.combine(day, time(12), UTC)
    key = str(owner.pk) if isinstance(owner, User) else f"name:{owner}" if owner else ""
    defaults: dict[str, object] = {
        "key": f"{machine}:{day}:{resource}:{flavor}:{key}",
        "instance_id": f"id-of-{machine}" if machine else "",
        "instance_name": machine,
        "owner_key": key,
        "owner_name": str(owner),
        "flavor_name": flavor,
        "resource": resource,
        "status": "ACTIVE",
        "starts_at": start,
        "ends_at": start + timedelta(hours=1),
        "su": Decimal(su),
    }
    return LedgerEntry.objects.create(allocation=allocation, **{**defaults, **fields})
