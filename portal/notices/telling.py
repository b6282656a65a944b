"""What is told, whoever hears it and in whatever way."""

from dataclasses import dataclass
from datetime import datetime

from portal.notices.kinds import Kind


@dataclass(frozen=True, slots=True)
class Telling:
    kind: Kind
    key: str
    title: str
    text: str
    url: str
    level: str
    scope: str
    at: datetime
