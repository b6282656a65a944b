"""Volumes, addresses and firewall groups around a server."""

import pytest

from portal.cloud import networks, servers, volumes
from portal.cloud.connection import Cloud
from portal.core.errors import PortalError
from tests.contract.conftest import Maker
from tests.contract.places import Place
from tests.contract.waiting import eventually


def volume_is(place: Place, cloud: Cloud, volume_id: str, status: str) -> None:
    eventually(place, lambda: volumes.get_volume(cloud, volume_id).status, lambda seen: seen == status)


def test_a_volume_is_attached_seen_from_both_sides_and_detached(
    cloud: Cloud, make: Maker, place: Place
) -> None:
    volume_id = make.volume()
    server = make.active_server()
    volume_is(place, cloud, volume_id, "available")
    # Nova's fake driver cannot take off again what was attached with a tag.
    tag = "" if place.zone == "fake" else "exoVolume data"
    attached = servers.attach_volume(cloud, server.id, volume_id, tag)
    assert attached.volume_id == volume_id
    volume_is(place, cloud, volume_id, "in-use")
    [seen] = servers.attached_volumes(cloud, server.id)
    assert (seen.volume_id, seen.server_id, seen.device[:5]) == (volume_id, server.id, "/dev/")
    assert [entry.server_id for entry in volumes.get_volume(cloud, volume_id).attachments] == [server.id]
    assert servers.get_server(cloud, server.id).volume_ids == (volume_id,)
    servers.detach_volume(cloud, server.id, volume_id)
    volume_is(place, cloud, volume_id, "available")
    eventually(place, lambda: servers.attached_volumes(cloud, server.id), lambda seen: seen == [])


def test_a_volume_in_use_is_not_deleted(cloud: Cloud, make: Maker, place: Place) -> None:
    volume_id = make.volume()
    server = make.active_server()
    volume_is(place, cloud, volume_id, "available")
    servers.attach_volume(cloud, server.id, volume_id)
    volume_is(place, cloud, volume_id, "in-use")
    with pytest.raises(PortalError) as refused:
        volumes.delete_volume(cloud, volume_id)
    assert refused.value.outcome == "refused"
    servers.detach_volume(cloud, server.id, volume_id)
    volume_is(place, cloud, volume_id, "available")


def test_a_volume_of_others_does_not_exist_for_a_stranger(cloud: Cloud, stranger: Cloud, make: Maker) -> None:
    volume_id = make.volume()
    with pytest.raises(PortalError) as hidden:
        volumes.get_volume(stranger, volume_id)
    assert hidden.value.id == "cloud:not-found"
    assert volume_id in {volume.id for volume in volumes.list_volumes(cloud)}
    eventually(
        make.place, lambda: volumes.get_volume(cloud, volume_id).status, lambda seen: seen == "available"
    )


def test_a_public_address_comes_goes_and_comes_back(cloud: Cloud, make: Maker, place: Place) -> None:
    server = make.active_server()
    [port] = networks.list_ports(cloud, server.id)
    assert port.id in {interface.id for interface in servers.interfaces(cloud, server.id)}
    tag = f"op:{make.name()}"
    address_id = make.floating_ip(port_id=port.id, tag=tag)
    found = networks.find_floating_ip_by_tag(cloud, tag)
    assert found is not None and found.id == address_id
    assert (found.port_id, found.server_id, found.fixed_address) == (port.id, server.id, port.fixed_ips[0])

    def kinds() -> set[str]:
        return {address.kind for address in servers.get_server(cloud, server.id).addresses}

    eventually(place, kinds, lambda seen: seen == {"fixed", "floating"})
    assert networks.disassociate(cloud, address_id).port_id is None
    eventually(place, kinds, lambda seen: seen == {"fixed"})
    assert networks.associate(cloud, address_id, port.id).port_id == port.id
    networks.delete_floating_ip(cloud, address_id)
    assert address_id not in {address.id for address in networks.list_floating_ips(cloud)}


def test_an_address_of_others_does_not_exist_for_a_stranger(stranger: Cloud, make: Maker) -> None:
    address_id = make.floating_ip(description="mine")
    assert address_id not in {address.id for address in networks.list_floating_ips(stranger)}
    with pytest.raises(PortalError) as hidden:
        networks.delete_floating_ip(stranger, address_id)
    assert hidden.value.id == "cloud:not-found"


def test_the_default_group_is_made_once_and_stays(cloud: Cloud, colleague: Cloud) -> None:
    preset = cloud.config.portal.security_group_for(cloud.region)
    group = networks.ensure_security_group(cloud, preset.name, preset.rules, preset.description)
    again = networks.ensure_security_group(colleague, preset.name, preset.rules, preset.description)
    assert again == group
    assert len(group.rules) == len(preset.rules)


def test_a_server_gets_its_groups_and_more_later(cloud: Cloud, make: Maker, place: Place) -> None:
    preset = cloud.config.portal.security_group_for(cloud.region)
    group = networks.ensure_security_group(cloud, preset.name, preset.rules, preset.description)
    server = make.active_server(security_groups=(group.id,))
    assert servers.security_group_ids(cloud, server.id) == (group.id,)
    [default] = [found for found in networks.list_security_groups(cloud) if found.name == "default"]
    servers.add_security_group(cloud, server.id, default.id)

    def groups() -> set[str]:
        return set(servers.security_group_ids(cloud, server.id))

    eventually(place, groups, lambda seen: seen == {group.id, default.id})
    servers.remove_security_group(cloud, server.id, default.id)
    eventually(place, groups, lambda seen: seen == {group.id})
