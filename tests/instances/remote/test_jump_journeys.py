"""A firewall that keeps the portal out, and a jump host, on the demo cloud: asked of Nova and Neutron by a worker."""

import pytest

from instances.models import Instance
from instances.remote import firewall, jumps
from instances.remote.jump_states import state_of
from portal.cloud import networks, servers
from portal.operations.models import Operation
from tests.instances.demo import Project

pytestmark = pytest.mark.django_db(transaction=True)
OURS = "heliosphere-ssh"


@pytest.fixture
def shut(project: Project) -> Instance:
    """A machine of bob's with an address, in no group that lets anybody in."""
    row = project.machine(address="automatic")
    cloud = project.cloud_as("bob")
    closed = networks.ensure_security_group(cloud, "closed", [])
    before = servers.security_group_ids(cloud, row.server_id)
    servers.add_security_group(cloud, row.server_id, closed.id)
    for group in before:
        servers.remove_security_group(cloud, row.server_id, group)
    project.read_catalogue()
    project.read(complete=True)
    row.refresh_from_db()
    return row


def groups_of(project: Project, row: Instance) -> list[str]:
    return sorted(project.server(row).security_groups)


def test_a_shut_firewall_is_named_and_one_operation_lets_the_portal_in(
    project: Project, shut: Instance
) -> None:
    found = firewall.explain(shut)
    assert found is not None and found.id == "remote:firewall" and found.params["groups"] == "closed"
    op = firewall.let_in(instance=shut, by=project.people["bob"])
    project.settle(op)
    assert (op.state, op.outcome) == ("done", f"SSH is let in by the group {OURS}")
    assert groups_of(project, shut) == ["closed", OURS]
    shut.refresh_from_db()
    assert firewall.explain(shut) is None


def test_nobody_elses_group_is_changed(project: Project, shut: Instance) -> None:
    before = {group.name: group.rules for group in networks.list_security_groups(project.cloud_as("bob"))}
    project.settle(firewall.let_in(instance=shut, by=project.people["bob"]))
    after = {group.name: group.rules for group in networks.list_security_groups(project.cloud_as("bob"))}
    assert {name: rules for name, rules in after.items() if name != OURS} == before


def test_a_worker_that_dies_after_the_change_does_it_once(project: Project, shut: Instance) -> None:
    """The first one's answer was lost: the second finds the machine in the group, and adds nothing."""
    project.settle(firewall.let_in(instance=shut, by=project.people["bob"]))
    project.settle(firewall.let_in(instance=shut, by=project.people["bob"]))
    assert groups_of(project, shut) == ["closed", OURS]
    named = [group for group in networks.list_security_groups(project.cloud_as("bob")) if group.name == OURS]
    assert len(named) == 1


def test_a_lost_reply_is_looked_at_and_not_repeated(project: Project, shut: Instance) -> None:
    project.demo.fault("lost-reply", service="compute", path="action", method="POST", count=1)
    op = firewall.let_in(instance=shut, by=project.people["bob"])
    project.settle(op)
    assert op.state == "done" and groups_of(project, shut) == ["closed", OURS]


def test_a_made_jump_host_is_ready_once_its_guest_says_so(project: Project) -> None:
    jump = jumps.make(allocation=project.allocation, by=project.people["bob"])
    assert state_of(jump).busy
    project.settle(Operation.objects.get(target_id=str(jump.instance_id)))
    found = jumps.jump_of(project.allocation)
    assert found is not None and state_of(found).key == "ready"
    assert groups_of(project, found.instance) == ["heliosphere-jump"]
    assert project.server(found.instance).metadata["helioRole"] == "jump"
