"""`remote` of portal.yaml: how long shells, desktops, files and ports may last, and how many there may be."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

Port = Annotated[int, Field(ge=1, le=65535)]


class Remote(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    # Without a key or a click; without anybody on it; from its beginning.
    idle_minutes: float = Field(default=120, gt=0)
    grace_minutes: float = Field(default=15, gt=0)
    hard_hours: float = Field(default=24, gt=0)
    most_per_person: int = Field(default=20, ge=1)
    most_per_process: int = Field(default=1200, ge=1)
    # Of a person's own key; 0: the portal signs none.
    own_certificate_hours: float = Field(default=24, ge=0, le=168)
    recordings: bool = True
    recording_days: float = Field(default=30, gt=0)
    recording_mb: float = Field(default=50, gt=0)
    ports: bool = True
    # The least that may be opened, and which below it may be as well.
    ports_from: Port = 1024
    ports_also: tuple[Port, ...] = (80, 443)
    upload_gb: float = Field(default=100, gt=0)
