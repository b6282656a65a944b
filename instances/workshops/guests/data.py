"""What a workshop gives its seats to read: from what an instructor chose to what is kept in `Workshop.data`."""

from collections.abc import Sequence
from typing import Literal

from pydantic import ValidationError

from allocations.models import Allocation
from instances import catalogue
from instances.models import CatalogueItem
from instances.seat_spec import SeatData, ShareData, VolumeData
from instances.workshops.guests.seat_spec import data_of
from instances.workshops.models import Workshop
from portal.cloud.types import Volume
from portal.core.errors import PortalError
from portal.core.seal import seal


def volumes_of(allocation: Allocation) -> list[Volume]:
    """Those that can be chosen, as the mirror last saw them."""
    rows = CatalogueItem.objects.filter(allocation=allocation, kind=CatalogueItem.Kind.VOLUME, user=None)
    found: list[Volume] = [catalogue.value_of(row) for row in rows]
    return [volume for volume in found if volume.status in ("available", "in-use")]


def volume_of(allocation: Allocation, *, volume_id: str, folder: str, sudo: bool) -> VolumeData:
    """All seats share one that several machines may have at once, unless learners are administrators: such could write
    to it from the device. Then, and otherwise, each seat has a copy of its own."""
    found = next((one for one in volumes_of(allocation) if one.id == volume_id), None)
    if found is None:
        raise PortalError("workshops:bad-data", reason="There is no such volume in this project.")
    try:
        return VolumeData(
            folder=folder,
            volume_id=found.id,
            name=found.name,
            size_gb=max(1, found.size_gb),
            shared=found.multiattach and not sudo,
        )
    except ValidationError as error:
        raise _bad(error) from None


def share_of(
    *, protocol: Literal["nfs", "cephfs"], hosts: str, path: str, folder: str, user: str = "", key: str = ""
) -> ShareData:
    """The key of a CephFS share is sealed."""
    if protocol == "cephfs" and not (user and key):
        raise PortalError("workshops:bad-data", reason="A CephFS share needs the name of a key, and the key.")
    if key and not set(key) <= _BASE64:
        raise PortalError("workshops:bad-data", reason="A CephFS key is letters, digits, + / and =.")
    try:
        return ShareData(
            folder=folder,
            protocol=protocol,
            hosts=hosts.replace(" ", ""),
            path=path,
            user=user,
            sealed_key=seal(key) if key else "",
        )
    except ValidationError as error:
        raise _bad(error) from None


_BASE64 = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=")


def checked(data: Sequence[SeatData]) -> list[dict[str, object]]:
    """As `Workshop.data` keeps them: no folder twice."""
    folders = [one.folder for one in data]
    twice = next((folder for folder in folders if folders.count(folder) > 1), "")
    if twice:
        raise PortalError("workshops:bad-data", reason=f"Two of them are to be at /data/{twice}.")
    return [one.model_dump(mode="json") for one in data]


def extra(workshop: Workshop) -> tuple[int, int]:
    """How many volumes, and GB of them, each machine takes besides its own disk: for the quota and the preflight."""
    own = [one for one in data_of(workshop) if isinstance(one, VolumeData) and not one.shared]
    return len(own), sum(one.size_gb for one in own)


def _bad(error: ValidationError) -> PortalError:
    first = error.errors(include_input=False, include_url=False)[0]
    reason = str(first["msg"]).removeprefix("Value error, ")
    name = ".".join(str(part) for part in first["loc"])
    return PortalError("workshops:bad-data", reason=f"{name}: {reason}" if name else reason)
