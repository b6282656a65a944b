"""What of a cloud's own policies on machines is configuration: its clock, and what counts as nothing."""

from typing import Annotated
from zoneinfo import available_timezones

from pydantic import AfterValidator, BaseModel, ConfigDict, Field


class Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


def _known_zone(name: str) -> str:
    if name not in available_timezones():
        raise ValueError(f"{name!r} is no time zone, such as America/Indiana/Indianapolis")
    return name


class IdleLimits(Strict):
    """A machine is idle while its means over each quarter of an hour stay below all of these."""

    cpu_percent: float = Field(default=5, gt=0, le=100)
    gpu_percent: float = Field(default=3, gt=0, le=100)
    network_kb_per_second: float = Field(default=20, gt=0)
    disk_kb_per_second: float = Field(default=100, gt=0)


class Policies(Strict):
    """`time_zone`: what a form for office hours begins with."""

    time_zone: Annotated[str, AfterValidator(_known_zone)] = "UTC"
    idle: IdleLimits = IdleLimits()
