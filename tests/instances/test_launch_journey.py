"""Launches on the demo cloud, through operations and mirror, as workers carry them out."""

import pytest

from instances import services, userdata
from instances.models import Instance, Poll
from portal.cloud import servers
from tests.instances.demo import Project

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_launch_ends_with_a_ready_machine_that_both_portals_know(project: Project) -> None:
    [op] = services.launch(
        allocation=project.allocation,
        by=project.people["bob"],
        request=project.request("lab", address="automatic"),
    )

    project.settle(op)

    row = Instance.objects.get(pk=op.target_id)
    assert (op.state, op.error_id) == ("done", ""), op.error_detail
    assert op.outcome.startswith("Ready after")
    assert (row.status, row.setup_status) == ("ACTIVE", "complete")
    assert row.owner == project.people["bob"]
    assert row.ready_at is not None
    assert row.public_address
    assert row.image_name == "Featured-Debian12"
    server = servers.get_server(project.cloud_as("alice"), row.server_id)
    assert f"op:{op.pk}" in server.tags
    assert server.metadata["exoServerVersion"] == "6"
    assert '"complete"' in server.metadata["exoSetup"]
    assert server.metadata["helioInstance"] == str(row.pk)
    assert server.metadata["helioGuest"] == userdata.version()


def test_waiting_for_set_up_does_not_make_the_mirror_read_often(project: Project) -> None:
    project.demo.fault("status", service="compute", method="POST", path="/action$", status=500)
    project.read()
    [op] = services.launch(
        allocation=project.allocation, by=project.people["bob"], request=project.request("lab")
    )
    project.settle(op, until=lambda: op.step == "setup")
    Poll.objects.update(fast_until=None)
    project.hurry()
    project.turn()
    assert Poll.objects.get(what="servers").fast_until is None
