"""How people are told of things. A part of the shape of portal.yaml."""

from zoneinfo import available_timezones

from pydantic import BaseModel, ConfigDict, Field, field_validator


class Telling(BaseModel):
    """The inbox, e-mails and webhooks; and how long an operator may look as a person."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    # In which people read times until they choose their own.
    time_zone: str = "UTC"
    inbox_days: float = Field(default=180, gt=0)
    # Mails and webhook deliveries, with their texts.
    deliveries_days: float = Field(default=30, gt=0)
    # What happens within so many seconds comes in one mail, from so many on as a digest.
    gather_seconds: float = Field(default=20, ge=0, le=3600)
    digest_from: int = Field(default=4, ge=2, le=100)
    mails_per_hour: int = Field(default=12, ge=1)
    mail_give_up_days: float = Field(default=3, gt=0)
    webhooks_per_person: int = Field(default=10, ge=0)
    webhook_disable_days: float = Field(default=5, gt=0)
    look_minutes: int = Field(default=30, ge=1, le=480)

    @field_validator("time_zone")
    @classmethod
    def _is_a_zone(cls, given: str) -> str:
        if given not in available_timezones():
            raise ValueError(f"{given!r} is no time zone: write one such as America/Indiana/Indianapolis")
        return given
