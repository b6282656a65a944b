"""What exactly an action takes away from one machine and what it leaves. Pure."""

from collections.abc import Callable
from dataclasses import dataclass

from instances.models import Instance


@dataclass(frozen=True, slots=True)
class Effects:
    goes: tuple[str, ...] = ()
    stays: tuple[str, ...] = ()


def effects(action: str, instance: Instance) -> Effects:
    """Empty for actions that neither take nor risk anything."""
    found = _TABLE.get(action)
    return found(instance) if found else Effects()


def _delete(instance: Instance) -> Effects:
    disk = "The root volume" if instance.volume_backed else "The root disk"
    size = f" ({instance.disk_gb} GB)" if instance.disk_gb else ""
    goes = [f"{disk}{size} and everything on it", *_address(instance)]
    return Effects(tuple(goes), (*_volumes(instance), "Images made from it", *_key(instance)))


def _rebuild(instance: Instance) -> Effects:
    return Effects(
        ("Everything on the root disk", "Host keys: SSH warns of a changed machine"),
        ("Name, size and addresses", *_volumes(instance)),
    )


def _shelve(instance: Instance) -> Effects:
    held = f"{instance.gpus} GPU and the place on the host" if instance.gpus else "The place on the host"
    goes = ("What is only in memory", held, *_address(instance))
    return Effects(goes, ("The root disk", "Name and private address", *_volumes(instance)))


def _power_off(instance: Instance) -> Effects:
    return Effects(("What is only in memory",), ("The root disk", "Every address", *_volumes(instance)))


def _resize(instance: Instance) -> Effects:
    return Effects(
        ("What is only in memory: the machine restarts",),
        ("The root disk", "Every address", *_volumes(instance)),
    )


def _revert(instance: Instance) -> Effects:
    return Effects(("What was written to the disk since the resize",), ("Every address", *_volumes(instance)))


def _address(instance: Instance) -> list[str]:
    floating = [found["address"] for found in instance.addresses if found.get("kind") == "floating"]
    return [f"The public address {address}, unless you keep it" for address in floating]


def _volumes(instance: Instance) -> list[str]:
    attached = [found for found in instance.volumes if not found.get("boot")]
    return [
        f"Volume {found.get('name') or found.get('id')} ({found.get('size_gb', '?')} GB)"
        for found in attached
    ]


def _key(instance: Instance) -> list[str]:
    return [f"The SSH key {instance.key_name}"] if instance.key_name else []


_TABLE: dict[str, Callable[[Instance], Effects]] = {
    "delete": _delete,
    "rebuild": _rebuild,
    "shelve": _shelve,
    "stop": _power_off,
    "reboot": _power_off,
    "hard_reboot": _power_off,
    "resize": _resize,
    "revert_resize": _revert,
}
