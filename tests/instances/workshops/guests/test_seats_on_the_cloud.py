"""Seats on the demo cloud, from the first request to the last thing removed: who is let in, from where, and to what."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from instances.models import Instance
from instances.services import launch_for_portal
from instances.steps.seat_data import WORKSHOP_KEY
from instances.workshops.guests import firewall, notes, removal
from instances.workshops.guests.isolation import group_name
from instances.workshops.guests.jump import ensure_jump
from instances.workshops.guests.models import Firewall
from instances.workshops.guests.seat_spec import spec_of
from instances.workshops.models import Workshop
from portal.cloud import networks, servers, volumes
from portal.core.seal import seal
from portal.operations.models import Operation
from tests.instances.demo import Project
from tests.instances.workshops.guests.ssh import over_ssh
from tests.instances.workshops.room import make_workshop

pytestmark = pytest.mark.django_db(transaction=True)
REPOSITORY = "https://git.demo.example/courses/first-steps.git"
Seats = Callable[..., list[Instance]]


def plan(project: Project, **fields: Any) -> Workshop:
    bob = project.people["bob"]
    return make_workshop(project.allocation, bob, seats=2, **{"login": "ada", **fields})


def launched(project: Project, workshop: Workshop, count: int = 2, **request: Any) -> list[Operation]:
    return launch_for_portal(
        allocation=project.allocation,
        owner=workshop.owner,
        request=project.request("class", **request),
        names=[f"class-{number}" for number in range(1, count + 1)],
        reason=f"the workshop {workshop.title}",
        seat=spec_of(workshop),
    )


@pytest.fixture
def room(project: Project) -> Iterator[Seats]:
    """Two seats of a workshop with all that one can have, and the jump host in front of them."""

    def build(workshop: Workshop, count: int = 2, **request: Any) -> list[Instance]:
        assert not ensure_jump(workshop).ok
        ops = [
            *launched(project, workshop, count, **request),
            Operation.objects.get(kind="instance.launch", spec__role="jump"),
        ]
        project.settle(*ops)
        assert [op.state for op in ops] == ["done"] * len(ops), [(op.error_id, op.error_params) for op in ops]
        assert ensure_jump(workshop).ok
        rows = Instance.objects.select_related("allocation").filter(pk__in=[op.target_id for op in ops[:-1]])
        return list(rows.order_by("name"))

    yield build


def test_a_learner_works_on_a_seat_and_finds_nothing_that_is_not_theirs(
    project: Project, room: Seats
) -> None:
    workshop = plan(project, repository_url=REPOSITORY)
    first, second = room(workshop, boot_script="#!/bin/sh\necho the-secret-of-the-script")
    assert not first.public_address
    assert over_ssh(first, "whoami; pwd", "ada").out == b"ada\n/home/ada\n"
    assert over_ssh(first, "cat first-steps/README.md", "ada").out.startswith(b"# first-steps")
    refused = (
        "sudo id",
        "cat /etc/heliosphere/agent.json",
        "cat /etc/heliosphere/seat",
        "cat /opt/heliosphere/boot-script",
        "ls /home/exouser",
        "curl http://169.254.169.254/openstack/latest/user_data",
        f"nc -z {second.private_address} 22",
    )
    for command in refused:
        ran = over_ssh(first, command, "ada")
        assert ran.status != 0 and b"secret" not in ran.out, command


def test_the_portal_and_helpers_come_as_the_machines_own_account(project: Project, room: Seats) -> None:
    [first] = room(plan(project), 1)
    assert over_ssh(first, "sudo -n id -un").out == b"root\n"
    told = over_ssh(first, "sudo -n curl http://169.254.169.254/openstack/latest/user_data").out
    assert b"#cloud-config" in told


def test_whoever_is_to_be_administrator_is(project: Project, room: Seats) -> None:
    [first] = room(plan(project, sudo=True), 1)
    assert over_ssh(first, "sudo -n id -un", "ada").out == b"root\n"


def test_no_credential_of_the_cloud_is_told_to_a_seat(project: Project, room: Seats) -> None:
    [first] = room(plan(project, repository_url=REPOSITORY), 1)
    told = over_ssh(first, "sudo -n curl http://169.254.169.254/openstack/latest/user_data").out.decode()
    words = ("OS_", "application_credential", "clouds.yaml", project.demo.auth_url, "X-Auth", "password")
    assert [word for word in words if word in told] == []


def test_seats_are_in_their_workshops_group_and_in_no_other(project: Project, room: Seats) -> None:
    workshop = plan(project)
    first, second = room(workshop)
    cloud = project.cloud_as("alice")
    [group] = networks.find_security_groups(cloud, group_name(workshop.pk))
    for row in (first, second):
        assert servers.security_group_ids(cloud, row.server_id) == (group.id,)
    [jump_group] = networks.find_security_groups(cloud, "heliosphere-jump")
    inward = {rule.remote_group_id for rule in group.rules if rule.direction == "ingress"}
    assert inward == {jump_group.id}


def test_a_hundred_launches_look_for_the_group_once(project: Project) -> None:
    workshop = plan(project)
    project.demo.control("DELETE", "/calls")
    ops = launched(project, workshop, 6)
    project.settle(*ops, until=lambda: all(op.step not in ("start", "create") for op in ops))
    calls = project.demo.cloud_calls()
    made = [count for route, count in calls.items() if route.endswith("POST /network/v2.0/security-groups")]
    assert len(networks.find_security_groups(project.cloud_as("alice"), group_name(workshop.pk))) == 1
    assert sum(made) <= 2, calls


def test_a_repository_that_cannot_be_had_is_told_and_does_not_stop_the_seat(
    project: Project, room: Seats
) -> None:
    [first] = room(plan(project, repository_url="https://elsewhere.example/x.git"), 1)
    project.read_consoles()
    [words] = notes.troubles([first.pk])[first.pk]
    assert "could not be fetched" in words and "elsewhere.example" in words
    assert b"could not be fetched" in over_ssh(first, "cat REPOSITORY-IS-NOT-HERE-YET.txt", "ada").out


def data_of(project: Project, *, shared: bool) -> dict[str, Any]:
    volume = volumes.create_volume(project.cloud_as("bob"), name="reference", size_gb=3)
    return {
        "kind": "volume",
        "folder": "reference",
        "volume_id": volume.id,
        "name": "reference",
        "size_gb": 3,
        "shared": shared,
    }


def copies(project: Project, workshop: Workshop) -> list[str]:
    found = volumes.list_volumes(project.cloud_as("alice"))
    return [one.status for one in found if one.metadata.get(WORKSHOP_KEY) == str(workshop.pk)]


def test_each_seat_has_its_own_copy_of_a_volume_to_read_and_takes_it_along(
    project: Project, room: Seats
) -> None:
    workshop = plan(project, data=[data_of(project, shared=False)])
    rows = room(workshop)
    assert copies(project, workshop) == ["in-use", "in-use"]
    for row in rows:
        assert b"Data of the workshop" in over_ssh(row, "cat /data/reference/README.md", "ada").out
        assert over_ssh(row, "echo x > /data/reference/README.md", "ada").status != 0
    for row in rows:
        project.act(row, "delete")
    assert copies(project, workshop) == []


def test_a_launch_that_is_stopped_leaves_no_copy(project: Project) -> None:
    workshop = plan(project, data=[data_of(project, shared=False)])
    project.demo.fault("status", status=503, service="compute", path="/servers", method="POST", count=50)
    [op] = launched(project, workshop, 1)
    project.settle(op, until=lambda: op.step == "create" and op.attempts > 0)
    assert len(copies(project, workshop)) == 1
    row = Instance.objects.get(pk=op.target_id)
    project.act(row, "delete")
    assert copies(project, workshop) == []


def test_what_was_made_for_a_workshop_is_counted_and_removed(project: Project, room: Seats) -> None:
    workshop = plan(project, sealed_boot_script=seal("true"), data=[data_of(project, shared=False)])
    [first] = room(workshop, 1)
    cloud = project.cloud_as("bob")
    assert removal.left(workshop, cloud) == {"security_groups": 1, "data_volumes": 1}
    assert not removal.remove(cloud, workshop), "a machine is still in the group"
    project.act(first, "delete")
    assert removal.remove(cloud, workshop)
    assert removal.remove(cloud, workshop), "asked again, there is nothing to do"
    assert removal.left(workshop, cloud) == {"security_groups": 0, "data_volumes": 0}


def test_rules_that_somebody_changed_are_put_right(project: Project, room: Seats) -> None:
    workshop = plan(project)
    room(workshop, 1)
    cloud = project.cloud_as("bob")
    name = group_name(workshop.pk)
    networks.ensure_security_group(cloud, name, [])
    known = Firewall.objects.get(workshop=workshop)
    known.source = "another jump host"
    known.save()
    assert ensure_jump(workshop).ok
    op = Operation.objects.get(kind=firewall.KEEP_TRUE)
    assert ensure_jump(workshop).ok and Operation.objects.filter(kind=firewall.KEEP_TRUE).count() == 1
    project.settle(op)
    [group] = networks.find_security_groups(cloud, name)
    assert len(group.rules) == 4
