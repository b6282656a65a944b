"""Actions on one server. Nova accepts (202) and carries them out later: the mirror sees when it is done."""

from typing import Any, Literal

from portal.cloud import calls, translate
from portal.cloud.connection import Cloud


def _act(cloud: Cloud, server_id: str, action: str, value: Any = None, *, wanted: str = calls.COMPUTE) -> Any:
    return calls.compute(cloud, "POST", f"/servers/{server_id}/action", json={action: value}, wanted=wanted)


def start(cloud: Cloud, server_id: str) -> None:
    _act(cloud, server_id, "os-start")


def stop(cloud: Cloud, server_id: str) -> None:
    _act(cloud, server_id, "os-stop")


def reboot(cloud: Cloud, server_id: str, kind: Literal["SOFT", "HARD"] = "SOFT") -> None:
    _act(cloud, server_id, "reboot", {"type": kind})


def pause(cloud: Cloud, server_id: str) -> None:
    _act(cloud, server_id, "pause")


def unpause(cloud: Cloud, server_id: str) -> None:
    _act(cloud, server_id, "unpause")


def suspend(cloud: Cloud, server_id: str) -> None:
    _act(cloud, server_id, "suspend")


def resume(cloud: Cloud, server_id: str) -> None:
    _act(cloud, server_id, "resume")


def shelve(cloud: Cloud, server_id: str) -> None:
    _act(cloud, server_id, "shelve")


def shelve_offload(cloud: Cloud, server_id: str) -> None:
    _act(cloud, server_id, "shelveOffload")


def unshelve(cloud: Cloud, server_id: str) -> None:
    _act(cloud, server_id, "unshelve")


def lock(cloud: Cloud, server_id: str, reason: str = "") -> None:
    _act(cloud, server_id, "lock", {"locked_reason": reason} if reason else None)


def unlock(cloud: Cloud, server_id: str) -> None:
    _act(cloud, server_id, "unlock")


def rename(cloud: Cloud, server_id: str, name: str) -> None:
    calls.compute(cloud, "PUT", f"/servers/{server_id}", json={"server": {"name": name}})


def resize(cloud: Cloud, server_id: str, flavor_id: str) -> None:
    _act(cloud, server_id, "resize", {"flavorRef": flavor_id})


def confirm_resize(cloud: Cloud, server_id: str) -> None:
    _act(cloud, server_id, "confirmResize")


def revert_resize(cloud: Cloud, server_id: str) -> None:
    _act(cloud, server_id, "revertResize")


def rebuild(cloud: Cloud, server_id: str, image_id: str) -> None:
    """A new root disk from an image. Servers that boot from a volume need a cloud of 2.93 or later for it."""
    _act(cloud, server_id, "rebuild", {"imageRef": image_id}, wanted="2.93")


def restore(cloud: Cloud, server_id: str) -> None:
    """Bring back a server that is SOFT_DELETED."""
    _act(cloud, server_id, "restore")


@translate.translated("compute")
def create_image(
    cloud: Cloud, server_id: str, name: str, metadata: dict[str, str] | None = None
) -> str | None:
    """Snapshot. The id of the image; None where the cloud is older than 2.45 and does not tell it."""
    body = _act(cloud, server_id, "createImage", {"name": name, "metadata": metadata or {}})
    return str(body["image_id"]) if body else None
