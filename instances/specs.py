"""What a person asks for, checked once, and what is stored with the operation that carries it out."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from instances.seat_spec import SeatSpec

MAX_COUNT = 100

# Exosphere's values of `exoFloatingIpOption` are written in `exosphere.py`.
AddressOption = Literal["automatic", "existing", "none"]
# What the machine is for: nothing of ours; others are reached through it (`instances.remote.jumps`); it is a seat of a
# workshop (`instances.seat_spec`).
Role = Literal["", "jump", "seat"]
CloudId = Annotated[str, StringConstraints(max_length=255, pattern=r"^[A-Za-z0-9._:-]*$")]


class Spec(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class LaunchRequest(Spec):
    """A launch as form and API send it. `services` checks it against the mirror before anything is stored."""

    name: str = Field(max_length=1000)
    # More than MAX_COUNT is refused in the portal's words, as long as it is a number that people write.
    count: int = Field(default=1, ge=1, le=1_000_000)
    image_id: CloudId
    flavor_id: CloudId
    # None: the root disk is the flavor's. A number: a volume of that many GB, deleted with the machine.
    boot_volume_gb: int | None = Field(default=None, ge=1, le=65536)
    network_id: CloudId = ""
    address: AddressOption = "automatic"
    floating_ip_id: CloudId = ""
    # The name of a key in the cloud; with `public_key` that key is put there under this name first.
    key_name: str = Field(default="", max_length=255)
    public_key: str = Field(default="", max_length=16384)
    desktop: bool = False
    boot_script: str = Field(default="", max_length=32768)
    # What layers above keep of the machines, by their own names (`instances.hooks_launch`), such as `policies`.
    extras: dict[str, Any] = Field(default_factory=dict)


class LaunchSpec(Spec):
    """One machine of a launch, as its operation keeps it. The script may hold secrets, so it is sealed."""

    name: str
    number: int
    count: int
    image_id: str
    image_name: str
    flavor_id: str
    flavor_name: str
    vcpus: int
    boot_volume_gb: int | None
    network_id: str
    address: AddressOption
    floating_ip_id: str
    key_name: str
    public_key: str
    desktop: bool
    sealed_boot_script: str
    role: Role = ""
    # What else it is told and given, when it is a seat.
    seat: SeatSpec | None = None
    # What of the portal launched it, where no person did.
    asked_by: str = ""


class NoParams(Spec):
    pass


class RenameParams(Spec):
    name: str = Field(max_length=1000)


class ResizeParams(Spec):
    flavor_id: CloudId


class RebuildParams(Spec):
    image_id: CloudId


class SnapshotParams(Spec):
    name: str = Field(max_length=1000)


class AssignAddressParams(Spec):
    # "new", or the id of a free floating address of the project.
    address: CloudId = "new"


class UnassignAddressParams(Spec):
    release: bool = True


class ReleaseParams(Spec):
    """For shelve and delete."""

    release_address: bool = True


PARAMS: dict[str, type[Spec]] = {
    "rename": RenameParams,
    "resize": ResizeParams,
    "rebuild": RebuildParams,
    "snapshot": SnapshotParams,
    "assign_address": AssignAddressParams,
    "unassign_address": UnassignAddressParams,
    "shelve": ReleaseParams,
    "delete": ReleaseParams,
}


def params_of(action: str) -> type[Spec]:
    return PARAMS.get(action, NoParams)
