"""The same with Python's openstacksdk. Pure; each snippet is a whole program."""

from collections.abc import Callable, Sequence
from typing import Any

from instances.commands.facts import Ask, Machine, Place
from instances.commands.quoting import py

Lines = list[str]
NEW = "new"


def first_lines(place: Place) -> Lines:
    return ["import openstack", "", f"cloud = openstack.connect(cloud={py(place.entry)})"]


def lines(place: Place, machines: Sequence[Machine], ask: Ask) -> Lines:
    make = _MAKERS.get(ask.action) or _call(*_CALLS[ask.action])
    if len(machines) == 1:
        return [*first_lines(place), *make(place, machines[0], ask.params, py(machines[0].id))]
    return [*first_lines(place), *_for_all(place, machines, ask, make)]


Maker = Callable[[Place, Machine, dict[str, Any], str], Lines]


def _for_all(place: Place, machines: Sequence[Machine], ask: Ask, make: Maker) -> Lines:
    """A loop over those for which the same is to be written, else one block after the other."""
    blocks = [make(place, machine, ask.params, "server") for machine in machines]
    if any(block != blocks[0] for block in blocks):
        alone = [make(place, machine, ask.params, py(machine.id)) for machine in machines]
        return [line for block in alone for line in block]
    names = ["servers = [", *(f"    {py(machine.id)}," for machine in machines), "]"]
    return [*names, "for server in servers:", *(f"    {line}" for line in blocks[0])]


def _call(function: str, *more: str) -> Maker:
    rest = "".join(f", {argument}" for argument in more)
    return lambda place, machine, params, server: [f"cloud.compute.{function}({server}{rest})"]


_CALLS: dict[str, tuple[str, ...]] = {
    "start": ("start_server",),
    "stop": ("stop_server",),
    "reboot": ("reboot_server", "'SOFT'"),
    "hard_reboot": ("reboot_server", "'HARD'"),
    "suspend": ("suspend_server",),
    "lock": ("lock_server",),
    "unlock": ("unlock_server",),
    "confirm_resize": ("confirm_server_resize",),
    "revert_resize": ("revert_server_resize",),
}


def _resume(place: Place, machine: Machine, params: dict[str, Any], server: str) -> Lines:
    verb = "unpause_server" if machine.status == "PAUSED" else "resume_server"
    return [f"cloud.compute.{verb}({server})"]


def _shelve(place: Place, machine: Machine, params: dict[str, Any], server: str) -> Lines:
    released = _release(machine.addresses) if params.get("release_address", True) else []
    return [f"cloud.compute.shelve_server({server})", *released]


def _unshelve(place: Place, machine: Machine, params: dict[str, Any], server: str) -> Lines:
    found = [f"cloud.compute.unshelve_server({server})"]
    if not machine.wants_address:
        return found
    wait = f"cloud.compute.wait_for_server(cloud.compute.get_server({server}), wait=3600)"
    return [*found, wait, *new_address(place, server)]


def _delete(place: Place, machine: Machine, params: dict[str, Any], server: str) -> Lines:
    if not machine.addresses or not params.get("release_address", True):
        return [f"cloud.compute.delete_server({server})"]
    return [
        f"found = cloud.compute.get_server({server})",
        "cloud.compute.delete_server(found)",
        "cloud.compute.wait_for_delete(found, wait=600)",
        *_release(machine.addresses),
    ]


def _release(addresses: Sequence[str]) -> Lines:
    return [f"cloud.network.delete_ip(cloud.network.find_ip({py(found)}))" for found in addresses]


def _rename(place: Place, machine: Machine, params: dict[str, Any], server: str) -> Lines:
    return [f"cloud.compute.update_server({server}, name={py(params['name'])})"]


def _resize(place: Place, machine: Machine, params: dict[str, Any], server: str) -> Lines:
    return [
        f"flavor = cloud.compute.find_flavor({py(params['flavor'])}, ignore_missing=False)",
        f"cloud.compute.resize_server({server}, flavor)",
    ]


def _rebuild(place: Place, machine: Machine, params: dict[str, Any], server: str) -> Lines:
    return [f"cloud.compute.rebuild_server({server}, image={py(params['image_id'])})"]


def _snapshot(place: Place, machine: Machine, params: dict[str, Any], server: str) -> Lines:
    marks = "metadata={'from-exosphere': 'true'}"
    return [f"cloud.compute.create_server_image({server}, name={py(params['name'])}, {marks})"]


def _console(place: Place, machine: Machine, params: dict[str, Any], server: str) -> Lines:
    return [
        f"screen = cloud.compute.create_server_remote_console({server}, protocol='vnc', type='novnc')",
        "print(screen.url)",
    ]


def new_address(place: Place, server: str) -> Lines:
    network = py(place.external_network or "public")
    return [
        f"network = cloud.network.find_network({network}, ignore_missing=False)",
        *_port(server),
        "address = cloud.network.create_ip(floating_network_id=network.id, port_id=port.id)",
        "print(address.floating_ip_address)",
    ]


def held_address(address: str, server: str) -> Lines:
    return [
        f"address = cloud.network.find_ip({py(address)}, ignore_missing=False)",
        *_port(server),
        "cloud.network.update_ip(address, port_id=port.id)",
    ]


def _port(server: str) -> Lines:
    return [f"port = next(cloud.network.ports(device_id={server}))"]


def _assign(place: Place, machine: Machine, params: dict[str, Any], server: str) -> Lines:
    if params["address"] == NEW:
        return new_address(place, server)
    return held_address(params["address"], server)


def _unassign(place: Place, machine: Machine, params: dict[str, Any], server: str) -> Lines:
    if params.get("release", True):
        return _release(machine.addresses)
    return [
        line
        for found in machine.addresses
        for line in (
            f"address = cloud.network.find_ip({py(found)}, ignore_missing=False)",
            "cloud.network.update_ip(address, port_id=None)",
        )
    ]


_MAKERS: dict[str, Maker] = {
    "resume": _resume,
    "shelve": _shelve,
    "unshelve": _unshelve,
    "delete": _delete,
    "rename": _rename,
    "resize": _resize,
    "rebuild": _rebuild,
    "snapshot": _snapshot,
    "console": _console,
    "assign_address": _assign,
    "unassign_address": _unassign,
}
