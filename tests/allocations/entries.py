"""Entries of the ledger, for tests."""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid4

from allocations.models import Allocation, LedgerEntry


def entry(allocation: Allocation, su: str, at: datetime, *, hours: float = 1, **changes: Any) -> LedgerEntry:
    """A machine's hour."""
    given: dict[str, Any] = {
        "key": str(uuid4()),
        "resource": "cpu",
        "instance_id": "i-1",
        "instance_name": "assembler",
        "owner_key": "name:bob",
        "owner_name": "bob",
        "flavor_name": "m3.quad",
        "status": "ACTIVE",
    }
    return LedgerEntry(
        allocation=allocation,
        starts_at=at,
        ends_at=at + timedelta(hours=hours),
        su=Decimal(su),
        **{**given, **changes},
    )
