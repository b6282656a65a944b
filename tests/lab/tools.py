"""People's own tools on the lab cloud, with the real clients: by hand, as `python -m tests.lab.tools [--life cli|sdk]`.

A credential is made by the portal's own code in a database of its own, its files are given to Debian's `openstack` and to
openstacksdk, and after it is revoked they are refused. With --life, a machine in the zone of pretend servers is taken
through every action by the commands that pages show.
"""

import argparse
import logging
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
ZONE = "fake"
PERSON, PROJECT = "alice", "BIO220047"


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--life", choices=["cli", "sdk"], action="append", default=[])
    options.add_argument("--openstack", type=Path, default=Path("/usr/bin/openstack"))
    given = options.parse_args()
    with tempfile.TemporaryDirectory(prefix="helio-tools-") as name:
        folder = Path(name)
        _portal(folder)
        _prove(folder, given.openstack, given.life)
    return 0


def _portal(folder: Path) -> None:
    """Django on a database in this folder, with the lab's configuration."""
    conf = ROOT / "portal" / "conf" / "lab"
    os.environ |= {
        "DJANGO_SETTINGS_MODULE": "portal.settings",
        "DEVELOPMENT": "1",
        "LOG_LEVEL": "ERROR",
        "STATE_DIR": str(folder),
        "DATABASE_URL": f"sqlite:///{folder}/portal.sqlite3",
        "REDIS_URL": "redis://127.0.0.1:1/0",
        "PORTAL_CONFIG": str(conf / "portal.yaml"),
        "CLOUDS_YAML": str(conf / "clouds.yaml"),
    }
    import django
    from django.core.management import call_command

    django.setup()
    logging.disable(logging.CRITICAL)  # no Redis here: whatever is told to a worker is done by hand below
    call_command("migrate", verbosity=0)


def _prove(folder: Path, openstack: Path, lives: list[str]) -> None:
    from portal.accounts import tools, tools_files, tools_making
    from portal.accounts.views_tools import _access

    person, holder = _connected()
    try:
        tool = tools.ask(
            by=person,
            cloud="lab",
            project_id=holder.project_id,
            region="IU",
            name='x"; rm -rf ~ # lab',
            days=1,
            roles=["member"],
        )
        tools_making.make(tool.pk)
        tool.refresh_from_db()
        print(f"made: state {tool.state} {tool.error_id} {tool.error_detail}, roles {tool.roles}")
        access = _access(tool, tools.show(tool=tool, by=person))
        for found in tools_files.files(access):
            (folder / ("openrc.sh" if found.kind == "openrc" else found.name)).write_text(found.text)
        _use(folder, openstack, access.entry)
        for kind in lives:
            _live(folder, openstack, kind, access.entry)
        tools.revoke(tool=tool, by=person, reason="lab")
        print("removed:", tools_making.remove(tool.pk))
        _refused(folder, openstack, access.entry)
    finally:
        _forget(person)


def _connected() -> tuple[Any, Any]:
    from portal.accounts import connecting, services
    from portal.accounts.models import CloudCredential, User

    person = User.objects.create(username=PERSON)
    services.connect_with_password(
        user=person, cloud="lab", username=PERSON, password="labpass", user_domain="Default", by=person
    )
    connecting.connect(person.cloud_links.get().pk)
    return person, CloudCredential.objects.get(user=person, project_name=PROJECT)


def _forget(person: Any) -> None:
    """Whatever this run made at Keystone."""
    from portal.accounts import credentials, renewing, tools
    from portal.accounts.models import CloudCredential

    for tool in tools.listed(person):
        tools.revoke(tool=tool, by=None, reason="end of the run")
    for credential in CloudCredential.objects.filter(user=person):
        credentials.revoke(credential=credential, by=None, reason="end of the run")
        renewing.revoke_at_cloud(credential.pk)


def _shell(folder: Path, script: str) -> "subprocess.CompletedProcess[str]":
    environment = {
        "PATH": "/usr/bin:/bin",
        "HOME": str(folder),
        "OS_USERNAME": "left",
        "OS_PROJECT_NAME": "behind",
        "OS_PASSWORD": "x",
    }
    return subprocess.run(
        ["bash", "-c", script], cwd=folder, env=environment, capture_output=True, text=True, check=False
    )


def _ways(openstack: Path, entry: str) -> dict[str, str]:
    program = (
        f"import openstack as o; print([s.name for s in o.connect(cloud={entry!r}).compute.servers()][:3])"
    )
    clean = "unset OS_USERNAME OS_PROJECT_NAME OS_PASSWORD; export OS_CLIENT_CONFIG_FILE=$PWD/clouds.yaml;"
    return {
        "openrc.sh": f". ./openrc.sh && {openstack} server list -f value -c Name",
        "clouds.yaml": f"{clean} {openstack} --os-cloud {entry} server list -f value -c Name",
        "openstacksdk": f'{clean} PYTHONWARNINGS=ignore {sys.executable} -c "{program}"',
    }


def _use(folder: Path, openstack: Path, entry: str) -> None:
    for name, script in _ways(openstack, entry).items():
        done = _shell(folder, script)
        assert done.returncode == 0, (name, done.stderr[-600:])
        print(f"{name}: lists servers ({len(done.stdout.splitlines())} lines)")


def _refused(folder: Path, openstack: Path, entry: str) -> None:
    for name, script in _ways(openstack, entry).items():
        done = _shell(folder, script)
        assert done.returncode != 0, (name, done.stdout)
        print(f"{name}: refused: {done.stderr.strip().splitlines()[-1][:120]}")


def _live(folder: Path, openstack_program: Path, kind: str, entry: str) -> None:
    import openstack

    from instances.commands.facts import Launch, Place
    from tests.instances.commands.life import NAME, Life, several, whole
    from tests.instances.commands.runners import Python, Shell

    os.environ["OS_CLIENT_CONFIG_FILE"] = str(folder / "clouds.yaml")
    (folder / "boot-script.sh").write_text("#!/bin/bash\ntrue\n")
    cloud = openstack.connect(cloud=entry)
    runner = Python(folder) if kind == "sdk" else Shell(folder, openstack_program)
    _in_zone(runner)
    life = Life(
        cloud,
        runner,
        Place(entry=entry, region="IU", external_network="public"),
        patience=400,
        pause=1,
        images_end=False,
        name=f"{NAME} {kind}",
        say=print,
    )
    network = cloud.network.get_auto_allocated_topology().id
    image = cloud.image.find_image("Featured-Debian12", ignore_missing=False).id
    wanted = Launch(
        names=(f"tools-{kind}",),
        flavor="m3.tiny",
        image_id=image,
        image_name="Featured-Debian12",
        network_id=network,
        security_group="default",
        address="new",
        boot_script=True,
        creator=PERSON,
    )
    whole(life, wanted, larger="m3.small", other_image=image)
    names = {"names": (f"tools {kind} 1 of 2", f"tools {kind} 2 of 2"), "address": "", "boot_script": False}
    several(life, Launch(**{**{name: getattr(wanted, name) for name in wanted.__slots__}, **names}))


def _in_zone(runner: Any) -> None:
    """Pretend servers: the one thing that differs from what the page shows."""
    run: Callable[[str], str] = runner.run

    def in_zone(text: str) -> str:
        text = text.replace("server create ", f"server create --availability-zone {ZONE} ")
        return run(text.replace("create_server(\n", f"create_server(\n        availability_zone={ZONE!r},\n"))

    runner.run = in_zone


if __name__ == "__main__":
    raise SystemExit(main())
