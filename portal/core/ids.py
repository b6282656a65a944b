"""Time-ordered UUIDs: primary keys that sort by creation and can be made before the row."""

import os
import time
import uuid
from datetime import datetime


def uuid7() -> uuid.UUID:
    """A version-7 UUID (RFC 9562): 48 bits of Unix milliseconds, then random bits."""
    value = (time.time_ns() // 1_000_000) << 80 | int.from_bytes(os.urandom(10), "big")
    value = value & ~(0xF << 76) | 0x7 << 76
    value = value & ~(0x3 << 62) | 0x2 << 62
    return uuid.UUID(int=value)


def first_of(moment: datetime) -> uuid.UUID:
    """Less than every `uuid7` made from then on, and more than those made before: for reading by age along the key."""
    return uuid.UUID(int=int(moment.timestamp() * 1000) << 80)
