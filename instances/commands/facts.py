"""What the commands are made from: where, which machine, what is asked. Everything that a cloud named is hostile."""

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """`entry`: the entry of clouds.yaml. `external_network`: where public addresses come from; may be empty."""

    entry: str
    region: str
    external_network: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """`addresses` are public ones that floating addresses give. `wants_address`: unshelving gives it one again."""

    id: str
    name: str
    status: str
    flavor: str
    image_id: str = ""
    volume_backed: bool = False
    addresses: tuple[str, ...] = ()
    wants_address: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """`params` as the services take them, with names where tools take names: `flavor`, `address` as an address."""

    action: str
    params: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Launch:
    """A launch as the form stands. `address` is an address that is held, "new", or empty."""

    names: tuple[str, ...]
    flavor: str
    image_id: str
    image_name: str
    network_id: str = ""
    security_group: str = ""
    key_name: str = ""
    new_key: bool = False
    boot_volume_gb: int | None = None
    address: str = ""
    boot_script: bool = False
    creator: str = ""


@dataclass(frozen=True, slots=True)
class Snippet:
    """One way to do it. `text` empty: this tool cannot, and `note` says so in a sentence."""

    kind: str
    title: str
    text: str = ""
    note: str = ""


# Marks that a machine made by such a command carries. The portal's own requests have `op:<id>`, by which they
# find their machine again when an answer was lost.
TAG = "made-by-command"
CREATOR_KEY = "exoCreatorUsername"
USER_DATA_FILE = "boot-script.sh"
PUBLIC_KEY_FILE = "key.pub"
ANY_NETWORK = "NETWORK"
