"""What a policy says, as forms and API send it and as it is kept. Pure."""

from datetime import date, datetime
from functools import cache
from typing import Annotated, Literal
from zoneinfo import ZoneInfo, available_timezones

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from instances.policies.holidays import MAX_DATES
from instances.policies.schedule import MINUTES_A_DAY, Hours, Span

Away = Literal["shelve", "stop", "suspend"]
Kind = Literal["schedule", "lease", "idle"]
KINDS: tuple[Kind, ...] = ("schedule", "lease", "idle")
# What brings a machine back from each, and the other way round: the least that is held comes first.
BACK: dict[str, str] = {"shelve": "unshelve", "stop": "start", "suspend": "resume"}
DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
# Hours of quiet that may be chosen: few, because machines are looked at together by them.
IDLE_HOURS = (1, 2, 4, 8, 12, 24, 48)


@cache
def zones() -> frozenset[str]:
    """Read from the disk once: rules are read often."""
    return frozenset(available_timezones())


def _zone(name: str) -> str:
    if name not in zones():
        raise ValueError("no such time zone, such as America/Chicago")
    return name


Zone = Annotated[str, AfterValidator(_zone)]


class Rules(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class DayHours(Rules):
    """Minutes since midnight. An end that is not after the start is on the next day."""

    start: int = Field(ge=0, lt=MINUTES_A_DAY)
    end: int = Field(ge=0, le=MINUTES_A_DAY)


class ScheduleRules(Rules):
    """`week`: hours of each day, Monday first; null: closed. `again`: what it put away it also brings back."""

    zone: Zone = "UTC"
    week: tuple[DayHours | None, ...] = Field(min_length=7, max_length=7)
    holidays: tuple[date, ...] = Field(default=(), max_length=MAX_DATES)
    action: Away = "shelve"
    again: bool = True

    @model_validator(mode="after")
    def _is_open_sometimes(self) -> "ScheduleRules":
        if not any(self.week):
            raise ValueError("give the hours of at least one day")
        return self

    @property
    def hours(self) -> Hours:
        week = tuple((Span(day.start, day.end),) if day else () for day in self.week)
        return Hours(self.zone, week, frozenset(self.holidays))


class LeaseRules(Rules):
    """`until`: of one machine. `days`: of an allocation's default, from when a machine was made.

    `delete_by` is the person (by key) who chose that the machine be deleted: its owner, and nobody for them.
    """

    until: datetime | None = None
    days: int | None = Field(default=None, ge=1, le=730)
    action: Literal["shelve", "delete"] = "shelve"
    delete_by: int | None = None
    # How far one click extends it, and how far all clicks together: of the default, for all its machines.
    extend_days: int = Field(default=14, ge=1, le=365)
    longest_days: int | None = Field(default=None, ge=1, le=1825)

    @model_validator(mode="after")
    def _ends(self) -> "LeaseRules":
        if (self.until is None) == (self.days is None):
            raise ValueError("give either the moment at which it ends or a number of days")
        if self.until is not None and self.until.tzinfo is None:
            raise ValueError("the moment needs its offset from UTC")
        if self.action == "delete" and self.until is None:
            raise ValueError("only the owner of one machine can choose that it be deleted")
        return self


class IdleRules(Rules):
    hours: int = 4
    warn_minutes: int = Field(default=60, ge=15, le=1440)
    action: Away = "shelve"

    @model_validator(mode="after")
    def _hours_are_of_the_list(self) -> "IdleRules":
        if self.hours not in IDLE_HOURS:
            raise ValueError(f"hours must be one of {', '.join(map(str, IDLE_HOURS))}")
        return self


AnyRules = ScheduleRules | LeaseRules | IdleRules
MODELS: dict[str, type[AnyRules]] = {"schedule": ScheduleRules, "lease": LeaseRules, "idle": IdleRules}


def zone_of(rules: AnyRules | None) -> ZoneInfo:
    return ZoneInfo(rules.zone if isinstance(rules, ScheduleRules) else "UTC")


def usual_week(zone: str) -> ScheduleRules:
    """What an untouched form has: Monday to Friday, 8:00 to 19:00."""
    day = DayHours(start=8 * 60, end=19 * 60)
    return ScheduleRules(zone=zone, week=(day, day, day, day, day, None, None))
