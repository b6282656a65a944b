"""`planning` and `expiry` of portal.yaml: what can be asked for, and what happens after the end. Data of the operator."""

from datetime import date
from decimal import Decimal
from itertools import pairwise
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from portal.cloud.schema_types import Link, Number, complain_of_twins
from portal.cloud.types import ResourceKind

_Name = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]*$")]
_Words = Annotated[str, StringConstraints(min_length=1, max_length=80)]


class Tier(BaseModel):
    """One kind of grant that people can ask for. `credits` None: it is given in units of each resource."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    name: _Name
    title: _Words
    credits: Number | None = None
    # The part of it that is given at once; the rest after a request with a report.
    at_first: Annotated[Number, Field(le=1)] = Decimal(1)
    asks: str = ""
    review: str = ""
    url: Link = ""


class Planning(BaseModel):
    """`exchange`: how many credits one SU of a resource costs. Tiers stand from the smallest to the largest."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    programme: str = ""
    credit: _Words = "credit"
    source: Link = ""
    as_of: date | None = None
    exchange: dict[ResourceKind, Number] = Field(default_factory=dict)
    tiers: tuple[Tier, ...] = ()
    # SUs of the storage resource for each GB, where storage is granted in them; none: it is not planned in SUs.
    storage_per_gb: Number | None = None
    # What planning for a class or a year leaves out, in per cent of what was counted.
    spare_percent: int = Field(default=10, ge=0, le=100)

    @model_validator(mode="after")
    def _tiers_grow(self) -> "Planning":
        complain_of_twins("planning.tiers: the name", (tier.name for tier in self.tiers))
        sizes = [tier.credits for tier in self.tiers if tier.credits is not None]
        if any(small >= large for small, large in pairwise(sizes)):
            raise ValueError("planning.tiers: write the smallest tier first, each larger than the one before")
        return self

    @model_validator(mode="after")
    def _tiers_can_be_compared(self) -> "Planning":
        if self.tiers and not self.exchange:
            raise ValueError("planning.tiers needs planning.exchange: how many credits one SU costs")
        return self


class ExpiryStep(BaseModel):
    """What the operator does so many days after the end. `what` is a word or two, `means` a sentence."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    day: int = Field(ge=0, le=3650)
    what: _Words
    means: str = ""
    # Nothing brings it back after this step.
    final: bool = False


class Expiry(BaseModel):
    """`when_used_up`: the same happens, counted from the day on which the SUs are used up."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    steps: tuple[ExpiryStep, ...] = ()
    when_used_up: bool = False
    url: Link = ""
    # How to get more time, in the operator's words.
    extending: str = ""

    @model_validator(mode="after")
    def _days_go_forward(self) -> "Expiry":
        if any(one.day >= other.day for one, other in pairwise(self.steps)):
            raise ValueError("expiry.steps: write them in the order of their days, each day once")
        return self
