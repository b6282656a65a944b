"""Shared data as the form names it: volumes of the project, and a share on the network. What they become is `guests.data`."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal

from allocations.models import Allocation
from instances.workshops.guests import data
from portal.core.errors import PortalError


class BadData(ValueError):
    """What is wrong, as a sentence, and with which field."""

    def __init__(self, field: str, error: PortalError) -> None:
        super().__init__(str(error.params.get("reason") or error.problem.what))
        self.field = field


def of_form(
    allocation: Allocation, kept: Sequence[Mapping[str, Any]], given: Mapping[str, Any]
) -> list[dict[str, Any]]:
    """What was there and stays, and what is added. Whether seats share a volume goes by what learners may do there."""
    sudo = bool(given.get("sudo"))
    return [
        *(_again(allocation, one, sudo) for one in kept),
        *_volume(allocation, given, sudo),
        *_share(given),
    ]


def _again(allocation: Allocation, entry: Mapping[str, Any], sudo: bool) -> dict[str, Any]:
    """A volume is looked at again; one that is gone stays as it was, and the preflight says so."""
    if entry.get("kind") != "volume":
        return dict(entry)
    try:
        made = data.volume_of(
            allocation, volume_id=str(entry["volume_id"]), folder=str(entry["folder"]), sudo=sudo
        )
    except PortalError:
        return dict(entry)
    return made.model_dump(mode="json")


def _volume(allocation: Allocation, given: Mapping[str, Any], sudo: bool) -> list[dict[str, Any]]:
    chosen = given.get("volume_id", "")
    if not chosen:
        return []
    folder = given.get("volume_folder") or "data"
    try:
        made = data.volume_of(allocation, volume_id=chosen, folder=folder, sudo=sudo)
    except PortalError as error:
        raise BadData("volume_id", error) from None
    return [made.model_dump(mode="json")]


def _share(given: Mapping[str, Any]) -> list[dict[str, Any]]:
    if not given.get("share_hosts") and not given.get("share_path"):
        return []
    protocol: Literal["nfs", "cephfs"] = "cephfs" if given.get("share_protocol") == "cephfs" else "nfs"
    try:
        made = data.share_of(
            protocol=protocol,
            hosts=given.get("share_hosts", "").replace(" ", ""),
            path=given.get("share_path", ""),
            folder=given.get("share_folder") or "share",
            user=given.get("share_user", ""),
            key=given.get("share_key", ""),
        )
    except PortalError as error:
        raise BadData("share_hosts", error) from None
    return [made.model_dump(mode="json")]
