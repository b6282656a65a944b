"""What every source is to the rest: a name, when it applies, how often it is asked, and how it is read.

A source is a module with these four; `registry` lists them. Reading happens in workers only. What it gives is stored by
`storing`, whatever the source; what is None was not told, and what was known of it stays.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from portal.cloud.config import CloudConfig


@dataclass(frozen=True, slots=True)
class Project:
    """What a source is asked about: one project of one cloud, and `grant`, its number in the world outside."""

    cloud: str
    project_id: str
    name: str
    grant: str


@dataclass(frozen=True, slots=True)
class Seen:
    """A person whom a source lists. Empty: it does not tell. `said` is its own word for the state."""

    username: str
    role: str = ""
    state: str = "active"
    said: str = ""
    name: str = ""
    email: str = ""
    organization: str = ""
    external_id: str = ""
    resources: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Reading:
    """What one source told. `unchanged`: the same as last time, only newer."""

    facts: dict[str, str] | None = None
    members: Sequence[Seen] | None = None
    validator: str = ""
    unchanged: bool = False
    # Read again so soon: something is under way there.
    again: timedelta | None = None


@dataclass(frozen=True, slots=True)
class Source:
    """`read(project, validator)`: PortalError for whatever keeps it from telling."""

    name: str
    title: Callable[[CloudConfig], str]
    applies: Callable[[CloudConfig, str], bool]
    every: Callable[[CloudConfig], timedelta]
    read: Callable[[Project, str], Reading]
    url: Callable[[CloudConfig], str] = field(default=lambda cloud: "")
