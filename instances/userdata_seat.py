"""What the user-data of a seat has besides: lines that `guest/seat.sh` reads, and keys of shares. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from instances.principals import principal
from instances.seat_spec import SeatSpec, ShareData, VolumeData

CONFIG = "/etc/heliosphere/seat"
SCRIPT = "seat.sh"
UNIT = "heliosphere-seat.service"


@dataclass(frozen=True, slots=True)
class SeatFiles:
    """A seat as its machine is told it. `volumes`: folder -> id of the volume that this machine gets there.

    `keys`: folder -> the plain key of a CephFS share.
    """

    spec: SeatSpec
    volumes: Mapping[str, str] = field(default_factory=dict)
    keys: Mapping[str, str] = field(default_factory=dict, repr=False)


def config(seat: SeatFiles, instance_id: str) -> str:
    """One fact a line: every value was checked to hold nothing that ends a line or, where several follow, a word."""
    spec = seat.spec
    lines = [
        f"login {spec.login}",
        f"sudo {'yes' if spec.sudo else 'no'}",
        f"principal {principal(instance_id, spec.login)}",
    ]
    if spec.repository_url:
        lines.append(f"repository {spec.repository_url} {spec.repository_ref}".rstrip())
    if spec.start_port:
        lines.append(f"port {spec.start_port}")
    if spec.start_path:
        lines.append(f"path {spec.start_path}")
    return "\n".join([*lines, *_data(seat)]) + "\n"


def key_files(seat: SeatFiles) -> Iterable[tuple[str, str]]:
    for folder, key in seat.keys.items():
        yield f"/etc/heliosphere/ceph-{folder}.key", key.strip() + "\n"


def _data(seat: SeatFiles) -> Iterable[str]:
    for one in seat.spec.data:
        match one:
            case VolumeData():
                # Without one it was not to be had at launch: the machine says that it is missing.
                yield f"volume {one.folder} {seat.volumes.get(one.folder, one.volume_id)}"
            case ShareData(protocol="nfs"):
                yield f"nfs {one.folder} {_bracketed(one.hosts)} {one.path}"
            case ShareData():
                yield f"cephfs {one.folder} {one.hosts} {one.path} {one.user}".rstrip()


def _bracketed(host: str) -> str:
    return f"[{host}]" if host.count(":") > 1 and not host.startswith("[") else host
