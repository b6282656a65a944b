"""`oversight` of portal.yaml: from when on an allocation asks for an operator's eye, and when PIs get their weekly mail."""

from datetime import timedelta

from pydantic import BaseModel, ConfigDict, Field


class Oversight(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    # Before the end of the period.
    ending_days: int = Field(default=30, ge=1, le=365)
    # Nothing ran for so long, and SUs are left.
    idle_days: int = Field(default=14, ge=1, le=365)
    # The cloud has told nothing for so long.
    unread_minutes: float = Field(default=60, gt=0)
    # So many machines in an error at once.
    error_machines: int = Field(default=3, ge=1)
    # Of any quota.
    quota_percent: int = Field(default=90, ge=1, le=100)
    # On Mondays from this hour on, in the time zone of whoever gets it.
    weekly_hour: int = Field(default=7, ge=0, le=23)

    @property
    def unread(self) -> timedelta:
        return timedelta(minutes=self.unread_minutes)
