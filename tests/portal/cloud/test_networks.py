"""Networks and public addresses."""

from typing import Any

import pytest

from portal.cloud import networks
from portal.cloud.connection import Cloud
from portal.core.errors import PortalError
from tests.portal.cloud.bodies import SERVER_ID, floating_ip, network, port
from tests.portal.cloud.stub import PROJECT, Answer, Stub

V2 = "/network/v2.0"


def serve(stub: Stub, kind: str, *rows: dict[str, Any]) -> None:
    stub.on("GET", f"{V2}/{kind}", Answer(200, {kind: list(rows)}))


def test_networks_are_read(cloud: Cloud, stub: Stub) -> None:
    serve(stub, "networks", network(), network(id="n2", name="own", **{"router:external": False}))
    public, own = networks.list_networks(cloud)
    assert (public.external, own.external) == (True, False)
    assert (public.name, public.status, public.admin_up, public.subnet_ids) == (
        "public",
        "ACTIVE",
        True,
        ("sub-1",),
    )


def test_the_projects_own_network_is_asked_for_by_project(cloud: Cloud, stub: Stub) -> None:
    path = f"{V2}/auto-allocated-topology/{PROJECT}"
    stub.on("GET", path, Answer(200, {"auto_allocated_topology": {"id": "net-9", "tenant_id": PROJECT}}))
    assert networks.auto_allocated_network(cloud) == "net-9"


def test_a_cloud_without_auto_allocation_says_so(cloud: Cloud, stub: Stub) -> None:
    body = {"NeutronError": {"type": "AutoAllocationFailure", "message": "Deployment error", "detail": ""}}
    stub.on("GET", f"{V2}/auto-allocated-topology/{PROJECT}", Answer(409, body))
    with pytest.raises(PortalError) as refused:
        networks.auto_allocated_network(cloud)
    assert refused.value.id == "cloud:conflict"


def test_the_external_network_is_the_configured_one(cloud: Cloud, stub: Stub) -> None:
    serve(stub, "networks", network(id="other", name="campus"), network())
    assert networks.external_network(cloud).name == "public"


def test_an_external_network_that_is_not_there_is_an_error(cloud: Cloud, stub: Stub) -> None:
    serve(stub, "networks", network(name="campus"), network(name="public", **{"router:external": False}))
    with pytest.raises(PortalError) as absent:
        networks.external_network(cloud)
    assert absent.value.id == "cloud:unsupported"


def test_ports_of_one_server(cloud: Cloud, stub: Stub) -> None:
    serve(stub, "ports", port())
    [found] = networks.list_ports(cloud, SERVER_ID)
    assert (found.id, found.fixed_ips, found.security_group_ids) == ("port-1", ("10.0.0.124",), ("sg-1",))
    assert stub.seen[-1].query == {"device_id": SERVER_ID}


def test_ports_of_others_are_not_taken_when_the_filter_was_ignored(cloud: Cloud, stub: Stub) -> None:
    serve(stub, "ports", port(device_id="another"), port())
    assert len(networks.list_ports(cloud, SERVER_ID)) == 1


def test_floating_addresses_tell_their_server(cloud: Cloud, stub: Stub) -> None:
    router = {"device_id": "r", "device_owner": "network:router_gateway"}
    free = floating_ip(id="fip-2", port_id=None, port_details=None, fixed_ip_address=None, status="DOWN")
    serve(stub, "floatingips", floating_ip(), free, floating_ip(id="fip-3", port_details=router))
    on_server, unused, on_router = networks.list_floating_ips(cloud)
    assert (on_server.server_id, on_server.address) == (SERVER_ID, "172.24.4.53")
    assert (unused.server_id, unused.port_id, unused.fixed_address) == (None, None, None)
    assert on_router.server_id is None
    assert stub.seen[-1].query == {"project_id": PROJECT}


def create(cloud: Cloud, stub: Stub, **how: Any) -> Any:
    serve(stub, "networks", network())
    stub.on("POST", f"{V2}/floatingips", Answer(201, {"floatingip": floating_ip()}))
    networks.create_floating_ip(cloud, **how)
    return stub.only("POST", "/floatingips").json["floatingip"]


def test_an_address_is_made_on_its_port_at_once(cloud: Cloud, stub: Stub) -> None:
    assert create(cloud, stub, port_id="port-1", description="pine", tag="op:1") == {
        "floating_network_id": "net-public",
        "port_id": "port-1",
        "description": "pine op:1",
    }


def test_an_address_can_be_made_for_later(cloud: Cloud, stub: Stub) -> None:
    assert create(cloud, stub) == {"floating_network_id": "net-public"}


def test_an_exhausted_pool_is_told_as_such(cloud: Cloud, stub: Stub) -> None:
    serve(stub, "networks", network())
    body = {
        "NeutronError": {
            "type": "IpAddressGenerationFailure",
            "message": "No more IP addresses",
            "detail": "",
        }
    }
    stub.on("POST", f"{V2}/floatingips", Answer(409, body))
    with pytest.raises(PortalError) as none_left:
        networks.create_floating_ip(cloud)
    assert none_left.value.id == "cloud:no-addresses"


@pytest.mark.parametrize("marks", [{"tags": ["op:1"]}, {"description": "pine op:1"}])
def test_an_address_whose_reply_was_lost_is_found_again(
    cloud: Cloud, stub: Stub, marks: dict[str, Any]
) -> None:
    serve(stub, "floatingips", floating_ip(id="no", description="op:12"), floating_ip(id="yes", **marks))
    found = networks.find_floating_ip_by_tag(cloud, "op:1")
    assert found is not None and found.id == "yes"


def test_an_address_that_was_never_made_is_not_found(cloud: Cloud, stub: Stub) -> None:
    serve(stub, "floatingips", floating_ip(description="op:12"), floating_ip(tags=["op:2"]))
    assert networks.find_floating_ip_by_tag(cloud, "op:1") is None


def test_an_address_is_put_on_a_port_and_taken_off(cloud: Cloud, stub: Stub) -> None:
    stub.on("PUT", f"{V2}/floatingips/fip-1", Answer(200, {"floatingip": floating_ip()}))
    networks.associate(cloud, "fip-1", "port-1")
    networks.disassociate(cloud, "fip-1")
    assert [seen.json for seen in stub.calls("PUT", "/floatingips/fip-1")] == [
        {"floatingip": {"port_id": "port-1"}},
        {"floatingip": {"port_id": None}},
    ]


def test_an_address_is_given_back(cloud: Cloud, stub: Stub) -> None:
    stub.on("DELETE", f"{V2}/floatingips/fip-1", Answer(204))
    networks.delete_floating_ip(cloud, "fip-1")
    assert stub.seen[-1].method == "DELETE"


def test_long_lists_are_read_to_their_end(cloud: Cloud, stub: Stub) -> None:
    first = {"networks": [network(id="a")], "networks_links": [{"rel": "next", "href": "x"}]}
    stub.on("GET", f"{V2}/networks", Answer(200, first), Answer(200, {"networks": [network(id="b")]}))
    assert [found.id for found in networks.list_networks(cloud)] == ["a", "b"]
    assert stub.seen[-1].query == {"marker": "a"}
