"""The same for Terraform and OpenTofu: the resource of the machine, as it is to be from then on. Pure.

What they describe is a state, so an action without one (a reboot) has no block, and a sentence says so.
"""

from collections.abc import Callable, Sequence
from typing import Any

from instances.commands.facts import Ask, Machine, Place
from instances.commands.hcl_text import Block, text
from instances.commands.quoting import hcl, label

NEW = "new"
SERVER = "openstack_compute_instance_v2"
SOURCE = "terraform-provider-openstack/openstack"
# So many machines are written out; more of the same would be no help.
MOST = 20
# What an imported machine has and this block does not say. A difference in most of these would make it anew.
_LEFT_ALONE = (
    *("availability_zone", "block_device", "config_drive", "image_id", "image_name", "key_pair"),
    *("metadata", "network", "security_groups", "tags", "user_data"),
)
_POWER = {"start": "active", "stop": "shutoff", "shelve": "shelved_offloaded", "unshelve": "active"}
_NO_STATE = (
    "Terraform describes a state, and this is none: {what} has no counterpart. Use one of the other two."
)
WITHOUT: dict[str, str] = {
    "reboot": _NO_STATE.format(what="a reboot"),
    "hard_reboot": _NO_STATE.format(what="a hard reboot"),
    "lock": "The provider does not know locks: lock the machine with one of the other two.",
    "unlock": "The provider does not know locks: unlock the machine with one of the other two.",
    "suspend": "The provider knows the power states active, shutoff, paused and shelved_offloaded, and not suspended.",
    "resume": "The provider cannot resume a suspended machine; it only unpauses one that is paused.",
    "confirm_resize": "The provider confirms the resizes that it asks for by itself, and no others.",
    "revert_resize": "The provider confirms the resizes that it asks for by itself, and never goes back.",
    "snapshot": _NO_STATE.format(what="an image of a running machine"),
    "console": _NO_STATE.format(what="a link to the screen"),
}


def head(place: Place) -> list[Block]:
    source = f"{{\n  source = {hcl(SOURCE)}\n}}"
    return [
        Block("terraform", blocks=[Block("required_providers", [("openstack", source)])]),
        Block('provider "openstack"', [("cloud", hcl(place.entry))]),
    ]


def lines(place: Place, machines: Sequence[Machine], ask: Ask) -> list[str]:
    """Nothing where there is no such thing: `without` says why."""
    if without(machines, ask):
        return []
    names = _labels(machines[:MOST])
    blocks = head(place)
    for machine, name in zip(machines[:MOST], names, strict=True):
        blocks += _blocks(place, machine, name, ask)
    return text(blocks)


def without(machines: Sequence[Machine], ask: Ask) -> str:
    if ask.action == "resume" and all(machine.status == "PAUSED" for machine in machines):
        return ""
    return WITHOUT.get(ask.action, "")


def note(machines: Sequence[Machine], ask: Ask) -> str:
    if found := without(machines, ask):
        return found
    words = [_NOTES.get(ask.action, _ADOPTED)]
    if len(machines) > MOST:
        words.append(f"The first {MOST} of {len(machines)} are written out; the others are alike.")
    return " ".join(words)


_ADOPTED = (
    "The import block takes the machine into your state; leave it out where Terraform made the machine. Look at what "
    "terraform plan says before you apply: prevent_destroy keeps it from making the machine anew."
)
_NOTES = {
    "delete": "Take the machine into your state by the import block, apply, then delete both blocks and apply again: "
    "terraform destroys what is described no more. A machine that Terraform made needs the second step only.",
    "unassign_address": "Import the association and apply, then delete both blocks and apply again: the machine "
    "loses the address, and the project keeps it. To release it, use one of the other two.",
    "rebuild": f"{_ADOPTED} Providers older than version 2 do not rebuild: they would make the machine anew.",
    "resize": f"{_ADOPTED} The provider confirms the resize as soon as the machine runs in its new size.",
}


def _labels(machines: Sequence[Machine]) -> list[str]:
    found: list[str] = []
    for machine in machines:
        name = label(machine.name, "machine")
        found.append(name if name not in found else f"{name}_{label(machine.id, 'id')[:12]}")
    return found


def _blocks(place: Place, machine: Machine, name: str, ask: Ask) -> list[Block]:
    if ask.action in _ADDRESSES:
        return _ADDRESSES[ask.action](place, machine, name, ask.params)
    changed = _changed(machine, ask)
    alone = [attribute for attribute in _LEFT_ALONE if attribute not in changed]
    keep = Block("lifecycle", [("prevent_destroy", "true"), ("ignore_changes", f"[{', '.join(alone)}]")])
    attributes = {"name": hcl(machine.name), "flavor_name": hcl(machine.flavor), **changed}
    if ask.action == "delete":
        keep.attributes = keep.attributes[1:]
    server = Block(f'resource "{SERVER}" "{name}"', list(attributes.items()), [keep])
    return [_import(f"{SERVER}.{name}", machine.id), server]


def _import(address: str, id: str) -> Block:
    return Block("import", [("to", address), ("id", hcl(id))])


def _changed(machine: Machine, ask: Ask) -> dict[str, str]:
    match ask.action:
        case "rename":
            return {"name": hcl(ask.params["name"])}
        case "resize":
            return {"flavor_name": hcl(ask.params["flavor"])}
        case "rebuild":
            return {"image_id": hcl(ask.params["image_id"])}
        case "delete":
            return {}
        case action:
            return {"power_state": hcl(_POWER.get(action, "active"))}


def port_of(name: str, device: str) -> Block:
    return Block(f'data "openstack_networking_port_v2" "{name}"', [("device_id", device)])


def new_address(place: Place, name: str, more: tuple[tuple[str, str], ...] = ()) -> Block:
    pool = hcl(place.external_network or "public")
    return Block(f'resource "openstack_networking_floatingip_v2" "{name}"', [*more, ("pool", pool)])


def association(name: str, address: str, port: str, more: tuple[tuple[str, str], ...] = ()) -> Block:
    attributes = [*more, ("floating_ip", address), ("port_id", port)]
    return Block(f'resource "openstack_networking_floatingip_associate_v2" "{name}"', attributes)


def _assign(place: Place, machine: Machine, name: str, params: dict[str, Any]) -> list[Block]:
    port = f"data.openstack_networking_port_v2.{name}.id"
    found = [port_of(name, hcl(machine.id))]
    if params["address"] != NEW:
        return [*found, association(name, hcl(params["address"]), port)]
    address = f"openstack_networking_floatingip_v2.{name}.address"
    return [*found, new_address(place, name), association(name, address, port)]


def _unassign(place: Place, machine: Machine, name: str, params: dict[str, Any]) -> list[Block]:
    """Each address is looked up by itself, for an association is imported by the address's id."""
    port = f"data.openstack_networking_port_v2.{name}.id"
    found = [port_of(name, hcl(machine.id))]
    for number, address in enumerate(machine.addresses, start=1):
        one = name if number == 1 else f"{name}_{number}"
        data = Block(f'data "openstack_networking_floatingip_v2" "{one}"', [("address", hcl(address))])
        target = f"openstack_networking_floatingip_associate_v2.{one}"
        by_id = Block("import", [("to", target), ("id", f"data.openstack_networking_floatingip_v2.{one}.id")])
        found += [data, by_id, association(one, hcl(address), port)]
    return found


_ADDRESSES: dict[str, Callable[[Place, Machine, str, dict[str, Any]], list[Block]]] = {
    "assign_address": _assign,
    "unassign_address": _unassign,
}
