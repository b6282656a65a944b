"""What launches find and choose before the machine is asked for, on the demo cloud."""

import json
from typing import Any

import pytest

from instances import services
from instances.mirror import catalogue
from instances.models import Instance
from portal.cloud import keypairs, networks, servers, volumes
from portal.core.redis_client import client
from portal.operations.models import Operation
from tests.instances.demo import Project

pytestmark = pytest.mark.django_db(transaction=True)


def launch(project: Project, **changes: Any) -> Operation:
    [op] = services.launch(
        allocation=project.allocation, by=project.people["bob"], request=project.request(**changes)
    )
    project.settle(op, until=lambda: op.step == "setup" or not op.live)
    return op


def names_of_keys(project: Project) -> list[str]:
    return sorted(key.name for key in keypairs.list_keypairs(project.cloud_as("bob")))


def test_the_machine_is_in_exospheres_group_with_exactly_its_rules(project: Project) -> None:
    op = launch(project)
    row = Instance.objects.get(pk=op.target_id)
    assert row.security_groups == ["exosphere"]
    [group] = [
        found for found in networks.list_security_groups(project.cloud_as("bob")) if found.name == "exosphere"
    ]
    assert {rule.description for rule in group.rules} == {
        *("SSH", "SSH IPv6", "Ping", "Ping IPv6", "Mosh", "Expose all incoming ports"),
        *("Allow all outgoing IPv4 traffic", "Allow all outgoing IPv6 traffic"),
    }


def test_what_was_found_serves_the_next_launch(project: Project) -> None:
    launch(project, name="one")
    stored = client().get(f"prepared:{project.allocation.pk}")
    assert isinstance(stored, bytes)
    assert set(json.loads(stored)) == {"security_group_id", "network_id"}
    project.demo.control("DELETE", "/calls")
    launch(project, name="two")
    assert not [route for route in project.demo.cloud_calls() if "auto-allocated" in route]


def test_a_lock_left_by_a_dead_worker_only_delays(project: Project) -> None:
    client().set(f"prepared:{project.allocation.pk}:lock", "1", px=400)
    assert launch(project).step == "setup"


def test_a_pasted_key_is_put_into_the_cloud_first(project: Project) -> None:
    key = services.generate_key(by=project.people["bob"])
    op = launch(project, key_name="new key", public_key=key.public_key)
    assert names_of_keys(project) == ["laptop", "new key"]
    assert Instance.objects.get(pk=op.target_id).key_name == "new key"


def test_a_key_that_is_there_under_another_name_is_not_put_there_again(project: Project) -> None:
    [laptop] = keypairs.list_keypairs(project.cloud_as("bob"))
    op = launch(project, key_name="again", public_key=laptop.public_key)
    assert names_of_keys(project) == ["laptop"]
    assert Instance.objects.get(pk=op.target_id).key_name == "laptop"


def test_a_taken_name_does_not_replace_somebodys_key(project: Project) -> None:
    key = services.generate_key(by=project.people["bob"])
    op = launch(project, key_name="laptop", public_key=key.public_key)
    assert names_of_keys(project) == ["laptop", "laptop-2"]
    assert Instance.objects.get(pk=op.target_id).key_name == "laptop-2"


def test_a_key_that_was_deleted_meanwhile_is_named(project: Project) -> None:
    catalogue.read_keys(project.allocation, project.people["bob"])
    [op] = services.launch(
        allocation=project.allocation,
        by=project.people["bob"],
        request=project.request(key_name="laptop"),
    )
    keypairs.delete_keypair(project.cloud_as("bob"), "laptop")
    project.settle(op)
    assert (op.state, op.error_id, op.error_params) == ("failed", "instances:key-gone", {"key": "laptop"})


def test_without_a_network_of_its_own_the_person_has_to_choose(project: Project) -> None:
    project.demo.fault(
        "status", service="network", path="auto-allocated", status=501, message="no such thing"
    )
    op = launch(project)
    assert (op.state, op.error_id) == ("failed", "instances:no-network")


def test_the_network_that_exosphere_would_take_is_taken(project: Project) -> None:
    network_id = networks.auto_allocated_network(project.cloud_as("bob"))
    project.demo.fault(
        "status", service="network", path="auto-allocated", status=501, message="no such thing"
    )
    op = launch(project)
    assert op.progress["network_id"] == network_id


def test_a_chosen_network_is_used(project: Project) -> None:
    network_id = networks.auto_allocated_network(project.cloud_as("bob"))
    project.read_catalogue()
    project.demo.control("DELETE", "/calls")
    op = launch(project, network_id=network_id)
    assert op.progress["network_id"] == network_id


def test_a_root_volume_is_made_and_shown_with_its_size(project: Project) -> None:
    op = launch(project, boot_volume_gb=60)
    row = Instance.objects.get(pk=op.target_id)
    assert (row.volume_backed, row.disk_gb, row.image_name) == (True, 60, "Featured-Debian12")
    project.read_catalogue()
    row.refresh_from_db()
    assert [(volume["boot"], volume["size_gb"]) for volume in row.volumes] == [(True, 60)]
    project.act(row, "delete")
    assert volumes.list_volumes(project.cloud_as("bob")) == []


def test_an_existing_address_is_given_to_the_machine(project: Project) -> None:
    made = networks.create_floating_ip(project.cloud_as("bob"))
    project.read_catalogue()
    op = launch(project, address="existing", floating_ip_id=made.id)
    row = Instance.objects.get(pk=op.target_id)
    assert row.public_address == made.address
    metadata = servers.get_server(project.cloud_as("bob"), row.server_id).metadata
    assert (metadata["exoFloatingIpOption"], metadata["exoFloatingIpReuseOption"]) == (
        "useFloatingIp",
        made.id,
    )


def test_a_boot_script_reaches_the_guest_and_no_log(
    project: Project, caplog: pytest.LogCaptureFixture
) -> None:
    op = launch(project, boot_script="#!/bin/sh\nexport TOKEN=hunter2\n")
    assert op.step == "setup"
    assert "hunter2" not in caplog.text
    assert "hunter2" not in json.dumps([op.spec, op.progress])


def test_a_jump_host_is_in_a_group_of_its_own_that_lets_ssh_in_and_nothing_else(
    project: Project, settings: Any
) -> None:
    settings.REMOTE_SOURCE_ADDRESSES = ["192.0.2.0/28"]
    [op] = services.launch(
        allocation=project.allocation, by=project.people["bob"], request=project.request(), role="jump"
    )
    project.settle(op, until=lambda: op.step == "setup" or not op.live)
    assert Instance.objects.get(pk=op.target_id).security_groups == ["heliosphere-jump"]
    [group] = [
        found
        for found in networks.list_security_groups(project.cloud_as("bob"))
        if found.name == "heliosphere-jump"
    ]
    let_in = [rule for rule in group.rules if rule.direction == "ingress"]
    assert [(rule.protocol, rule.port_min, rule.port_max) for rule in let_in] == [("tcp", 22, 22)]
    assert let_in[0].remote_cidr == "192.0.2.0/28"
    # The next machine of the project is in the usual one all the same.
    assert Instance.objects.get(pk=launch(project).target_id).security_groups == ["exosphere"]
