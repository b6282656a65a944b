"""The plain `openstack` command and openstacksdk, unpatched, against a running demo cloud."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from typing import Any

import openstack
import pytest
from openstack.exceptions import ConflictException, ForbiddenException, NotFoundException

from tests.democloud.running import Running, start

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::PendingDeprecationWarning")


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    cloud = start(tmp_path_factory.mktemp("cloud"), "--speed", "50")
    yield cloud
    cloud.end()


@pytest.fixture(scope="module")
def connection(running: Running) -> Iterator[Any]:
    found = running.connect()
    yield found
    found.close()


@pytest.fixture(scope="module")
def image(connection: Any) -> Any:
    return next(one for one in connection.image.images() if one.name == "Featured-Debian12")


def test_the_sdk_takes_a_machine_through_its_life(connection: Any, image: Any) -> None:
    compute = connection.compute
    flavors = {one.name: one.id for one in compute.flavors()}
    server = compute.create_server(
        name="sdk-1",
        flavor_id=flavors["m3.tiny"],
        image_id=image.id,
        networks="auto",
        tags=["op:1"],
        metadata={"a": "b"},
    )
    server = compute.wait_for_server(server, interval=0.05, wait=30)
    assert [one.id for one in compute.servers(tags="op:1")] == [server.id]
    for action, status in (
        (compute.suspend_server, "SUSPENDED"),
        (compute.resume_server, "ACTIVE"),
        (compute.stop_server, "SHUTOFF"),
        (compute.start_server, "ACTIVE"),
        (compute.shelve_server, "SHELVED_OFFLOADED"),
        (compute.unshelve_server, "ACTIVE"),
    ):
        action(server)
        server = compute.wait_for_server(server, status=status, interval=0.05, wait=30)
    compute.resize_server(server, flavors["m3.small"])
    server = compute.wait_for_server(server, status="VERIFY_RESIZE", interval=0.05, wait=30)
    compute.confirm_server_resize(server)
    server = compute.wait_for_server(server, interval=0.05, wait=30)
    assert server.flavor["original_name"] == "m3.small"
    with pytest.raises(ConflictException, match="in vm_state active"):
        compute.resume_server(server)
    assert {one.action for one in compute.server_actions(server)} >= {"create", "resize", "shelve"}
    compute.delete_server(server)
    compute.wait_for_delete(server, interval=0.05, wait=30)
    with pytest.raises(NotFoundException):
        compute.get_server(server.id)


def test_the_sdk_gives_a_machine_an_address_and_a_volume(connection: Any, image: Any) -> None:
    flavor = connection.compute.find_flavor("m3.tiny", ignore_missing=False)
    server = connection.compute.create_server(
        name="sdk-2", flavor_id=flavor.id, image_id=image.id, networks="auto"
    )
    server = connection.compute.wait_for_server(server, interval=0.05, wait=30)
    external = next(iter(connection.network.networks(is_router_external=True)))
    port = next(iter(connection.network.ports(device_id=server.id)))
    floating = connection.network.create_ip(floating_network_id=external.id, port_id=port.id)
    shown = connection.compute.get_server(server.id).addresses["auto_allocated_network"]
    assert floating.floating_ip_address in {one["addr"] for one in shown}
    volume = connection.block_storage.create_volume(size=3, name="sdk-volume")
    connection.block_storage.wait_for_status(volume, "available", interval=0.05, wait=20)
    connection.compute.create_volume_attachment(server, volume_id=volume.id)
    connection.block_storage.wait_for_status(volume, "in-use", interval=0.05, wait=20)
    connection.compute.delete_volume_attachment(server, volume.id)
    connection.block_storage.wait_for_status(volume, "available", interval=0.05, wait=20)
    connection.block_storage.delete_volume(volume)
    connection.compute.delete_server(server)
    connection.compute.wait_for_delete(server, interval=0.05, wait=30)
    connection.network.delete_ip(floating)


def test_the_sdk_logs_in_with_an_application_credential(running: Running, connection: Any) -> None:
    user = connection.current_user_id
    made = connection.identity.create_application_credential(user, "sdk", roles=[{"name": "member"}])
    other: Any = openstack.connect(
        auth_type="v3applicationcredential",
        auth_url=running.announced["auth_url"],
        application_credential_id=made.id,
        application_credential_secret=made.secret,
        region_name="IU",
        load_yaml_config=False,
        load_envvars=False,
    )
    assert {one.name for one in other.compute.servers()} >= {"assembly-main"}
    with pytest.raises(ForbiddenException):
        other.identity.create_application_credential(user, "another")
    other.close()


def test_the_sdk_reads_both_regions_and_only_its_own_projects(running: Running) -> None:
    names = {}
    for region in ("IU", "TACC"):
        connection = running.connect(region=region)
        names[region] = {one.name for one in connection.compute.servers()}
        connection.close()
    assert "assembly-main" in names["IU"]
    assert names["TACC"] == {"mirror-site"}


def test_the_sdk_reads_quotas_and_limits(connection: Any) -> None:
    absolute = connection.compute.get_limits().absolute
    assert (absolute.total_cores, absolute.instances) == (278, 50)
    project = connection.current_project_id
    assert connection.compute.get_quota_set(project, usage=True).cores == 278
    assert connection.network.get_quota(project, details=True).floating_ips["limit"] == 12


def test_the_command_makes_a_server_uses_it_and_deletes_it(running: Running, image: Any) -> None:
    found, complaints = running.openstack(
        f"server create --flavor m3.tiny --image {image.id} --network auto_allocated_network "
        "--key-name laptop --property a=b --wait cli-1 -f json",
        "server list -f json",
        "flavor list -f json",
        "project list -f json",
        "server event list cli-1 -f json",
        "server resume cli-1",
        "server list --all-projects",
        "server delete --wait cli-1",
        "server list -f json",
    )
    made, servers, flavors, projects, events, after = found
    assert (made["status"], made["properties"]) == ("ACTIVE", {"a": "b"})
    by_name = {one["Name"]: one for one in servers}
    assert by_name["blast-node"]["Flavor"] == "m3.quad"
    assert len(by_name["blast-node"]["Networks"]["auto_allocated_network"]) == 2
    assert "m3.quad" in {one["Name"] for one in flavors}
    assert {one["Name"] for one in projects} == {"BIO220047", "CIS220046"}
    assert [one["Action"] for one in events] == ["create"]
    assert "Cannot 'resume' instance" in complaints
    assert "Policy doesn't allow os_compute_api:servers:detail:get_all_tenants" in complaints
    assert "cli-1" in by_name
    assert "cli-1" not in {one["Name"] for one in after}


def test_the_command_reaches_the_guest_by_ssh_only_with_the_key(running: Running, connection: Any) -> None:
    server = next(one for one in connection.compute.servers() if one.name == "blast-node")
    shown = connection.compute.get_server(server.id).addresses["auto_allocated_network"]
    address = next(one["addr"] for one in shown if one["OS-EXT-IPS:type"] == "floating")
    port = str(running.announced["guests"]["ssh_port"])
    options = ("-o", "BatchMode=yes", "-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null")
    done = subprocess.run(
        ["ssh", "-F", "none", "-p", port, *options, f"rocky@{address}", "true"],
        capture_output=True,
        text=True,
        timeout=20,
        check=False,
    )
    assert done.returncode == 255
    assert "Permission denied" in done.stderr
