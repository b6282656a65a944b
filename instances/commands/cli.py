"""The same with the `openstack` command, one line of shell after another. Pure."""

from collections.abc import Callable, Sequence
from typing import Any

from instances.commands.facts import Ask, Machine, Place
from instances.commands.quoting import option, sh

Lines = list[str]
NEW = "new"
# The command takes several machines at once.
_MANY = {
    "start": "start",
    "stop": "stop",
    "suspend": "suspend",
    "lock": "lock",
    "unlock": "unlock",
    "unshelve": "unshelve",
}


def first_line(place: Place) -> str:
    return f"export OS_CLOUD={sh(place.entry)}"


def lines(place: Place, machines: Sequence[Machine], ask: Ask) -> Lines:
    """Commands that do it to all of these."""
    return [first_line(place), *_commands(place, machines, ask)]


def _commands(place: Place, machines: Sequence[Machine], ask: Ask) -> Lines:
    action, params = ask.action, ask.params
    if action == "unshelve" and any(machine.wants_address for machine in machines):
        return [line for machine in machines for line in _unshelve(place, machine, params)]
    if action in _MANY:
        return [openstack("server", _MANY[action], *(machine.id for machine in machines))]
    if action == "resume":
        return _resume(machines)
    if action == "delete":
        return _delete(machines, params)
    if action == "shelve":
        return _shelve(machines, params)
    return [line for machine in machines for line in _EACH[action](place, machine, params)]


def openstack(*words: str) -> str:
    return sh("openstack", *words)


def _resume(machines: Sequence[Machine]) -> Lines:
    """What was paused, elsewhere, is unpaused: to the portal both are resuming."""
    paused = [machine.id for machine in machines if machine.status == "PAUSED"]
    others = [machine.id for machine in machines if machine.status != "PAUSED"]
    found = [openstack("server", "resume", *others)] if others else []
    return [*found, openstack("server", "unpause", *paused)] if paused else found


def _delete(machines: Sequence[Machine], params: dict[str, Any]) -> Lines:
    ids = [machine.id for machine in machines]
    released = _addresses(machines) if params.get("release_address", True) else []
    if not released:
        return [openstack("server", "delete", *ids)]
    deleted = openstack("server", "delete", "--wait", *ids)
    return chain([deleted, openstack("floating", "ip", "delete", *released)])


def _shelve(machines: Sequence[Machine], params: dict[str, Any]) -> Lines:
    ids = [machine.id for machine in machines]
    released = _addresses(machines) if params.get("release_address", True) else []
    found = [openstack("server", "shelve", *ids)]
    return chain([*found, openstack("floating", "ip", "delete", *released)]) if released else found


def chain(commands: Lines) -> Lines:
    """Each of these only after the one before it went well."""
    return " &&\n".join(commands).split("\n")


def _addresses(machines: Sequence[Machine]) -> list[str]:
    return [address for machine in machines for address in machine.addresses]


def _unshelve(place: Place, machine: Machine, params: dict[str, Any]) -> Lines:
    found = openstack("server", "unshelve", machine.id)
    if not machine.wants_address:
        return [found]
    awake = openstack("server", "unshelve", "--wait", machine.id)
    return chain([awake, *new_address(place, sh(machine.id))])


def new_address(place: Place, server: str) -> Lines:
    """`server` is shell source already: an id, or a variable in quotes."""
    network = sh(place.external_network or "public")
    return [
        f"address=$(openstack floating ip create -f value -c floating_ip_address {network})",
        f'openstack server add floating ip {server} "$address"',
    ]


def _rename(place: Place, machine: Machine, params: dict[str, Any]) -> Lines:
    return [f"openstack server set {option('--name', params['name'])} {sh(machine.id)}"]


def _resize(place: Place, machine: Machine, params: dict[str, Any]) -> Lines:
    return [f"openstack server resize {option('--flavor', params['flavor'])} {sh(machine.id)}"]


def _rebuild(place: Place, machine: Machine, params: dict[str, Any]) -> Lines:
    return [f"openstack server rebuild {option('--image', params['image_id'])} {sh(machine.id)}"]


def _snapshot(place: Place, machine: Machine, params: dict[str, Any]) -> Lines:
    name = option("--name", params["name"])
    return [f"openstack server image create {name} --property from-exosphere=true {sh(machine.id)}"]


def _assign(place: Place, machine: Machine, params: dict[str, Any]) -> Lines:
    if params["address"] == NEW:
        return chain(new_address(place, sh(machine.id)))
    return [openstack("server", "add", "floating", "ip", machine.id, params["address"])]


def _unassign(place: Place, machine: Machine, params: dict[str, Any]) -> Lines:
    found = [
        openstack("server", "remove", "floating", "ip", machine.id, address) for address in machine.addresses
    ]
    if params.get("release", True) and machine.addresses:
        found.append(openstack("floating", "ip", "delete", *machine.addresses))
    return chain(found)


def _on_it(*words: str) -> Callable[[Place, Machine, dict[str, Any]], Lines]:
    return lambda place, machine, params: [openstack(*words, machine.id)]


_EACH: dict[str, Callable[[Place, Machine, dict[str, Any]], Lines]] = {
    "reboot": _on_it("server", "reboot"),
    "hard_reboot": _on_it("server", "reboot", "--hard"),
    "confirm_resize": _on_it("server", "resize", "confirm"),
    "revert_resize": _on_it("server", "resize", "revert"),
    "console": _on_it("console", "url", "show", "--novnc"),
    "rename": _rename,
    "resize": _resize,
    "rebuild": _rebuild,
    "snapshot": _snapshot,
    "assign_address": _assign,
    "unassign_address": _unassign,
}
