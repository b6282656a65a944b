"""`metering` of portal.yaml: how the portal's own ledger of service units is kept."""

from pydantic import BaseModel, ConfigDict, Field


class Metering(BaseModel):
    """`history_days`: how far back Nova is asked for what ran before the portal met it, and entries are corrected."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    history_days: int = Field(default=365, ge=1, le=3660)
    # Post the difference to the provider's figure, so that the ledger's sum is the provider's.
    reconcile: bool = True
