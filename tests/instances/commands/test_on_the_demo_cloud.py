"""What the pages show is run as it stands, with the files that the portal gives: against the demo cloud, unpatched."""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import openstack
import pytest

from instances.commands.facts import Launch, Place
from instances.models import CatalogueItem
from portal.accounts import tools_files
from portal.cloud import identity
from portal.cloud.config import clouds
from tests.instances.commands.life import NAME, Life, Runner, several, whole
from tests.instances.commands.runners import Python, Shell
from tests.instances.demo import Project
from tests.world import password_of

pytestmark = [
    pytest.mark.filterwarnings(
        "ignore::DeprecationWarning", "ignore::PendingDeprecationWarning", "ignore::ResourceWarning"
    ),
    pytest.mark.django_db(transaction=True),
]
PUBLIC_KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ0m8Wq0mV2n0n5E2B8kzGv0Yl3pKq5uQm8cQ2w0aXbZ me@laptop\n"


@pytest.fixture
def folder(project: Project, tmp_path: Path) -> Path:
    """clouds.yaml as the portal writes it, with a credential of the kind that it makes."""
    made = identity.create_app_credential(
        password_of("alice"), project_id=project.allocation.project_id, name="tools", expires_at=None
    )
    access = tools_files.Access(
        entry="mine",
        auth_url=clouds().cloud("demo").auth_url,
        region="IU",
        interface="public",
        verify=True,
        id=made.id,
        secret=made.secret,
    )
    (tmp_path / "clouds.yaml").write_text(tools_files.clouds_yaml(access))
    (tmp_path / "boot-script.sh").write_text("#!/bin/bash\ntrue\n")
    (tmp_path / "key.pub").write_text(PUBLIC_KEY)
    return tmp_path


@pytest.fixture
def connection(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    monkeypatch.setenv("OS_CLIENT_CONFIG_FILE", str(folder / "clouds.yaml"))
    found = openstack.connect(cloud="mine")
    yield found
    found.close()


def life(connection: Any, runner: Runner) -> Life:
    return Life(connection, runner, Place(entry="mine", region="IU", external_network="public"), patience=30)


def wanted(project: Project, **changes: Any) -> Launch:
    given: dict[str, Any] = {
        "names": ("lab",),
        "flavor": "m3.tiny",
        "image_id": project.id_of(CatalogueItem.Kind.IMAGE, "Featured-Debian12"),
        "image_name": "Featured-Debian12",
        "security_group": "default",
        "address": "new",
        "creator": "alice",
    }
    return Launch(**{**given, **changes})


def test_the_python_of_every_action_does_it(project: Project, folder: Path, connection: Any) -> None:
    image = project.id_of(CatalogueItem.Kind.IMAGE, "Featured-Ubuntu22")
    whole(life(connection, Python(folder)), wanted(project), larger="m3.small", other_image=image)


def test_the_python_of_a_launch_makes_what_the_form_asks_for(
    project: Project, folder: Path, connection: Any
) -> None:
    asked = wanted(
        project, names=(NAME,), key_name="my laptop", new_key=True, boot_script=True, boot_volume_gb=20
    )
    [server] = life(connection, Python(folder)).launch(asked)
    assert server.key_name == "my laptop"
    assert server.metadata["exoCreatorUsername"] == "alice"
    assert next(iter(connection.compute.servers(tags="made-by-command"))).id == server.id
    assert [volume.delete_on_termination for volume in connection.compute.volume_attachments(server)] == [
        True
    ]
    several(life(connection, Python(folder)), wanted(project, names=("a 1 of 2", "a 2 of 2"), address=""))


def test_the_command_line_launches_and_deletes_with_the_real_client(
    project: Project, folder: Path, connection: Any
) -> None:
    """The rest of the table is run on a real cloud (`tests.lab.tools`): a client takes a second to begin."""
    one = life(connection, Shell(folder, Path(sys.executable).with_name("openstack")))
    [server] = one.launch(wanted(project, names=(NAME,), boot_script=True))
    assert server.name == NAME
    one.act(server.id, "rename", "ACTIVE", name=f"-{NAME}")
    assert connection.compute.get_server(server.id).name == f"-{NAME}"
    one.until(lambda: one.machine(server.id).addresses, "its address")
    one.act(server.id, "delete", release_address=True)
    one.gone(server.id)
    assert list(connection.network.ips()) == []
