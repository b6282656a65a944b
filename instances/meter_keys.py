"""Under which key an entry of the ledger stands, so that nothing is charged twice. Pure, and short: there are millions."""

from base64 import urlsafe_b64encode
from datetime import UTC, date, datetime
from decimal import Decimal
from hashlib import blake2b
from uuid import UUID

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def charge_key(machine: UUID, starts_at: datetime) -> str:
    """Of a machine and the moment from which it is charged."""
    since = starts_at - _EPOCH
    micros = (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds
    return urlsafe_b64encode(machine.bytes + micros.to_bytes(8, "big")).decode()


def correction_key(
    machine: UUID, day: date, resource: str, flavor: str, entries: int, was: Decimal, shall: Decimal
) -> str:
    """Of what stood there and what should: two that find out the same mend it once."""
    facts = f"{day}|{resource}|{flavor}|{entries}|{was}|{shall}"
    return urlsafe_b64encode(machine.bytes + blake2b(facts.encode(), digest_size=11).digest()).decode()
