"""Public addresses: made, found by their mark, moved, taken away."""

import pytest

from portal.cloud import networks, servers
from portal.cloud.connection import Cloud
from portal.core.errors import PortalError
from tests.contract.maker import Maker
from tests.contract.places import Place
from tests.contract.waiting import eventually

NOWHERE = "00000000-0000-0000-0000-000000000000"


def test_a_public_address_comes_goes_and_comes_back(
    cloud: Cloud, make: Maker, place: Place, server_id: str
) -> None:
    [port] = networks.list_ports(cloud, server_id)
    assert port.id in {interface.id for interface in servers.interfaces(cloud, server_id)}
    tag = f"op:{make.name()}"
    address_id = make.floating_ip(port_id=port.id, tag=tag)
    found = networks.find_floating_ip_by_tag(cloud, tag)
    assert found is not None and found.id == address_id
    assert (found.port_id, found.server_id, found.fixed_address) == (port.id, server_id, port.fixed_ips[0])

    def kinds() -> set[str]:
        return {address.kind for address in servers.get_server(cloud, server_id).addresses}

    eventually(place, kinds, lambda seen: seen == {"fixed", "floating"})
    off = networks.disassociate(cloud, address_id)
    assert (off.port_id, off.server_id, off.fixed_address) == (None, None, None)
    eventually(place, kinds, lambda seen: seen == {"fixed"})
    assert networks.associate(cloud, address_id, port.id).port_id == port.id
    networks.delete_floating_ip(cloud, address_id)
    assert address_id not in {address.id for address in networks.list_floating_ips(cloud)}
    eventually(place, kinds, lambda seen: seen == {"fixed"})
    assert networks.find_floating_ip_by_tag(cloud, tag) is None


def test_an_address_moves_from_one_server_to_another(
    cloud: Cloud, make: Maker, place: Place, server_id: str
) -> None:
    other = make.active_server()
    [here] = networks.list_ports(cloud, server_id)
    [there] = networks.list_ports(cloud, other.id)
    address_id = make.floating_ip(port_id=here.id)
    moved = networks.associate(cloud, address_id, there.id)
    assert (moved.port_id, moved.server_id) == (there.id, other.id)


def test_a_port_has_one_address_of_each_network(cloud: Cloud, make: Maker, server_id: str) -> None:
    [port] = networks.list_ports(cloud, server_id)
    make.floating_ip(port_id=port.id)
    with pytest.raises(PortalError) as taken:
        make.floating_ip(port_id=port.id)
    assert (taken.value.id, taken.value.outcome) == ("cloud:conflict", "refused")


def test_an_address_of_others_does_not_exist_for_a_stranger(stranger: Cloud, make: Maker) -> None:
    address_id = make.floating_ip()
    assert address_id not in {address.id for address in networks.list_floating_ips(stranger)}
    with pytest.raises(PortalError) as hidden:
        networks.delete_floating_ip(stranger, address_id)
    assert (hidden.value.id, hidden.value.outcome) == ("cloud:not-found", "refused")


def test_an_address_for_a_port_that_is_not_there_is_refused(cloud: Cloud, make: Maker) -> None:
    with pytest.raises(PortalError) as absent:
        make.floating_ip(port_id=NOWHERE)
    assert (absent.value.id, absent.value.outcome) == ("cloud:not-found", "refused")


def test_a_strangers_server_has_no_ports(stranger: Cloud, server_id: str) -> None:
    assert networks.list_ports(stranger, server_id) == []
