"""From our tables to the facts that commands are made from. Nothing here asks the cloud."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from urllib.parse import urlencode

from django.urls import reverse

from allocations.models import Allocation
from instances import catalogue, exosphere
from instances.actions import ACTIONS
from instances.choices import NetworkChoice
from instances.commands import snippets
from instances.commands.facts import Ask, Launch, Machine, Place
from instances.models import CatalogueItem, Instance
from instances.services.preview import Preview
from instances.specs import LaunchRequest
from portal.accounts.models import CloudLink, User
from portal.accounts.tools_files import entry_name
from portal.cloud.config import clouds
from portal.cloud.types import Network

_NEW = "new"
# What OpenStack calls the network that it makes for a project by itself.
AUTO_NETWORK = "auto_allocated_network"
_NEEDS_NETWORK = frozenset({"assign_address", "unshelve"})
Context = dict[str, Any]


def place_of(allocation: Allocation, *, with_network: bool = False) -> Place:
    return Place(
        entry=entry_name(allocation.cloud, allocation.project_name, allocation.region),
        region=allocation.region,
        external_network=external_network(allocation) if with_network else "",
    )


def external_network(allocation: Allocation) -> str:
    """The one that the operator names, else the first that the cloud showed."""
    named = clouds().cloud(allocation.cloud).portal.external_network_for(allocation.region)
    return named or next((found.name for found in _networks(allocation) if found.external), "")


def _networks(allocation: Allocation) -> list[Network]:
    rows = CatalogueItem.objects.filter(allocation=allocation, kind=CatalogueItem.Kind.NETWORK)
    return [catalogue.value_of(row) for row in rows.order_by("name")]


def machine_of(instance: Instance) -> Machine:
    marks = exosphere.marks_of(instance.metadata)
    floating = tuple(
        found["address"]
        for found in instance.addresses
        if found.get("kind") == "floating" and found.get("address")
    )
    return Machine(
        id=instance.server_id,
        name=instance.name,
        status=instance.status,
        flavor=instance.flavor_name,
        image_id=instance.image_id,
        volume_backed=instance.volume_backed,
        addresses=floating,
        wants_address=marks.version is not None
        and marks.address != "none"
        and not floating
        and not instance.public_address,
    )


def ask_of(allocation: Allocation, action: str, values: Mapping[str, Any]) -> Ask | None:
    """What a dialog's form asks for as it stands; None where something is not chosen yet."""
    keep = bool(values.get("keep"))
    match action:
        case "rename" | "snapshot":
            return _with(action, name=str(values.get("name") or "").strip())
        case "resize":
            return _with(action, flavor=_name(allocation, CatalogueItem.Kind.FLAVOR, values.get("flavor_id")))
        case "rebuild":
            return _with(action, image_id=_id(values.get("image_id")))
        case "assign_address":
            return _with(action, address=_address(allocation, values.get("address")))
        case "unassign_address":
            return Ask(action=action, params={"release": not keep})
        case "shelve" | "delete":
            return Ask(action=action, params={"release_address": not keep})
        case _:
            return Ask(action=action)


def _with(action: str, **params: str) -> Ask | None:
    return Ask(action=action, params=params) if all(params.values()) else None


def _id(value: object) -> str:
    return str(value or "")[:255]


def _name(allocation: Allocation, kind: str, value: object) -> str:
    found = catalogue.item(allocation, kind, _id(value))
    return found.name if found is not None else ""


def _address(allocation: Allocation, value: object) -> str:
    if _id(value) in ("", _NEW):
        return _NEW
    found = catalogue.item(allocation, CatalogueItem.Kind.FLOATING_IP, _id(value))
    return found.address if found is not None else ""


def context_of_action(
    allocation: Allocation, instances: Iterable[Instance], action: str, values: Mapping[str, Any]
) -> Context:
    """What `_command_body.html` shows for an action on these machines."""
    machines = [machine_of(instance) for instance in instances if instance.server_id]
    ask = ask_of(allocation, action, values)
    place = place_of(allocation, with_network=action in _NEEDS_NETWORK)
    found = snippets.of_action(place, machines, ask) if ask is not None else []
    return {
        "snippets": found,
        "command_missing": _missing(action, ask, machines),
        **_login(allocation, place),
    }


def _missing(action: str, ask: Ask | None, machines: list[Machine]) -> str:
    if not machines:
        return "The cloud has not made the machine yet: until then there is nothing to act on."
    if ask is None:
        return "Choose or enter what is asked above; the command then appears here."
    if action == "unassign_address":
        return "There is no public address to take away."
    return f"{ACTIONS[action].label} has no command."


def context_of_launch(
    allocation: Allocation,
    user: User,
    request: LaunchRequest,
    preview: Preview,
    networks: Sequence[NetworkChoice],
) -> Context:
    """What `_command_body.html` shows for the launch form as it stands."""
    cloud = clouds().cloud(allocation.cloud).portal
    place = place_of(allocation, with_network=True)
    if preview.flavor is None or preview.image is None or not request.name:
        missing = "Choose a system, a size and a name; the command then appears here."
        return {"snippets": [], "command_missing": missing, **_login(allocation, place)}
    launch = Launch(
        names=tuple(preview.names),
        flavor=preview.flavor.name,
        image_id=preview.image.id,
        image_name=preview.image.name,
        network_id=request.network_id or _own_network(allocation, networks),
        security_group=cloud.security_group_for(allocation.region).name,
        key_name=request.key_name,
        new_key=bool(request.public_key),
        boot_volume_gb=request.boot_volume_gb,
        address=_launch_address(allocation, request),
        boot_script=bool(request.boot_script.strip()),
        creator=_creator(allocation, user),
    )
    return {"snippets": snippets.of_launch(place, launch), **_login(allocation, place)}


def _own_network(allocation: Allocation, networks: Sequence[NetworkChoice]) -> str:
    """The one that a launch would take, as `steps.prepare` judges it; empty where the cloud is to choose."""
    by_name = {found.name: found.id for found in networks}
    ours = next((found.id for found in networks if allocation.project_name in found.name), "")
    alone = networks[0].id if len(networks) == 1 else ""
    return by_name.get(AUTO_NETWORK, ours or alone)


def _launch_address(allocation: Allocation, request: LaunchRequest) -> str:
    match request.address:
        case "none":
            return ""
        case "existing":
            return _address(allocation, request.floating_ip_id) if request.floating_ip_id else ""
        case _:
            return _NEW


def _creator(allocation: Allocation, user: User) -> str:
    link = CloudLink.objects.filter(user=user, cloud=allocation.cloud).first()
    return (link.cloud_user_name if link else "") or user.access_id or user.username


def _login(allocation: Allocation, place: Place) -> Context:
    """Which entry of clouds.yaml the commands use, and where one is made."""
    return {"entry": place.entry, "tools_url": tools_url(allocation)}


def tools_url(allocation: Allocation) -> str:
    chosen = f"{allocation.cloud}/{allocation.project_id}/{allocation.region}"
    return f"{reverse('profile-tools')}?{urlencode({'place': chosen})}"
