"""Whether one machine reaches another inside the cloud, as far as the mirror knows their networks. Pure."""

from instances.models import Instance


def networks_of(instance: Instance) -> dict[str, str]:
    """The name of each network that the machine is on, with its own address there; IPv4 first."""
    fixed = [one for one in instance.addresses if one.get("kind") == "fixed" and one.get("address")]
    by_version = sorted(fixed, key=lambda one: one.get("version") != 4)
    found: dict[str, str] = {}
    for one in by_version:
        found.setdefault(str(one.get("network", "")), str(one["address"]))
    return found


def shares_network(one: Instance, other: Instance) -> bool | None:
    """None: of one of them no network is known yet."""
    first, second = networks_of(one), networks_of(other)
    if not first or not second:
        return None
    return bool(first.keys() & second.keys())


def address_behind(jump: Instance, instance: Instance) -> str:
    """Where the jump host reaches the machine: on a network of both, else at its private address through some router."""
    there = networks_of(jump)
    common = (address for network, address in networks_of(instance).items() if network in there)
    return next(common, instance.private_address)


def address_towards(jump: Instance, instance: Instance) -> str:
    """The jump host's own address as the machine sees it; empty where none is known."""
    return address_behind(instance, jump)
