"""Seats of a workshop on real guests of the lab cloud: two logins, what each may read, who reaches whom, and what is left.

python -m tests.lab.seats [--keep]

Without a browser and without workers: this process takes the workers' steps by hand, as carol. A jump host that the portal
makes, a seat, and later a second one: three small guests at most. Prints PASS and FAIL lines and figures; ends with 1 when
a check failed.
"""

import argparse
import logging
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from portal.demo.family import redis_server
from portal.demo.state import free_port
from tests.lab.guest_portal import CONFIG

PROJECT, PERSON = "TRA220028", "carol"
METADATA = "169.254.169.254"
BOOT_SECONDS = 1500.0


def say(text: str) -> None:
    sys.stdout.write(f"{time.strftime('%H:%M:%S')} {text}\n")
    sys.stdout.flush()


def prepare(folder: Path) -> "subprocess.Popen[bytes]":
    """A portal's database and Redis of our own, and Django in this process."""
    port = free_port()
    command = [redis_server(), "--bind", "127.0.0.1", "--port", str(port), "--save", "", "--dir", str(folder)]
    redis = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    os.environ |= {
        "DJANGO_SETTINGS_MODULE": "portal.settings",
        "DEVELOPMENT": "1",
        "LOG_LEVEL": "ERROR",
        "STATE_DIR": str(folder),
        "DATABASE_URL": f"sqlite:///{folder}/portal.sqlite3",
        "REDIS_URL": f"redis://127.0.0.1:{port}/0",
        "PORTAL_CONFIG": str(CONFIG / "portal.yaml"),
        "CLOUDS_YAML": str(CONFIG / "clouds.yaml"),
    }
    import django
    from django.core.management import call_command

    django.setup()
    logging.disable(logging.CRITICAL)
    call_command("migrate", verbosity=0)
    return redis


class Lab:
    """carol's project, and hands that do what workers do."""

    def __init__(self) -> None:
        from portal.accounts.models import CloudCredential, CloudLink
        from portal.cloud import identity
        from portal.cloud.connection import PasswordLogin, connect
        from portal.core.seal import seal
        from tests.cast import join, make_allocation, make_grant, make_user
        from tests.instances.demo import DemoCloud, Project

        given = {"cloud": "lab", "username": PERSON, "password": "labpass", "user_domain": "Default"}
        login = PasswordLogin(**given, project_id=None)
        [project_id] = [one.id for one in identity.projects(login) if one.name == PROJECT]
        allocation = make_allocation(PROJECT, cloud="lab", project_id=project_id)
        make_grant(allocation, "cpu")
        user = make_user(PERSON)
        join(user, allocation, "pi")
        token = identity.scoped(login, project_id)
        CloudLink.objects.create(
            user=user, cloud="lab", state="connected", cloud_user_id=token.user_id, cloud_user_name=PERSON
        )
        made = identity.create_app_credential(
            login, project_id=project_id, name=f"seats-{time.time():.0f}", expires_at=None
        )
        CloudCredential.objects.create(
            user=user,
            cloud="lab",
            project_id=project_id,
            project_name=PROJECT,
            application_credential_id=made.id,
            sealed_secret=seal(made.secret),
            roles=list(made.roles),
        )
        self.cloud = connect(PasswordLogin(**given, project_id=project_id), region="IU")
        self.forget: Callable[[], None] = lambda: identity.delete_app_credential(login, made.id)
        self.user, self.allocation = user, allocation
        self.project = Project(DemoCloud("", "", ""), allocation, {PERSON: user})
        self.project.read_catalogue()

    def settle(self, *ops: Any, seconds: float = BOOT_SECONDS) -> None:
        end = time.monotonic() + seconds
        told = ""
        while any(op.live for op in ops):
            if time.monotonic() > end:
                raise AssertionError([(op.label, op.state, op.step, op.error_id, op.stage) for op in ops])
            self.project.turn()
            self.project.read()
            self.project.read_consoles()
            self.project.hurry()
            for op in ops:
                op.refresh_from_db()
            now = "; ".join(f"{op.target_name} {op.state} {op.step}" for op in ops)
            if now != told:
                say(f"  {now}")
                told = now
            time.sleep(2)
        failed = [(op.target_name, op.error_id, op.error_params) for op in ops if op.state != "done"]
        if failed:
            raise AssertionError(failed)

    def launch(self, workshop: Any, number: int, script: str = "") -> Any:
        from instances.services import launch_for_portal
        from instances.workshops.guests.seat_spec import spec_of

        request = self.project.request("seat", flavor_id=self.project.id_of("flavor", "m3.tiny"))
        [op] = launch_for_portal(
            allocation=self.allocation,
            owner=self.user,
            request=request.model_copy(update={"boot_script": script}),
            names=[f"seat-{number}"],
            reason="a check",
            seat=spec_of(workshop),
        )
        return op


def over_ssh(row: Any, command: str, login: str = "", seconds: float = 60) -> Any:
    from tests.instances.workshops.guests.ssh import over_ssh as run

    return run(row, command, login, seconds=seconds)


def row_of(op: Any) -> Any:
    from instances.models import Instance

    return Instance.objects.select_related("allocation").get(pk=op.target_id)


def checks(lab: Lab) -> Iterator[tuple[str, bool, str]]:
    from instances.workshops.guests import notes, removal
    from instances.workshops.guests.jump import ensure_jump
    from portal.cloud import servers, volumes
    from portal.operations.models import Operation
    from tests.instances.workshops.room import make_workshop

    volume = volumes.create_volume(lab.cloud, name="seats-data", size_gb=1)
    workshop = make_workshop(
        lab.allocation,
        lab.user,
        seats=2,
        login="ada",
        repository_url="https://git.demo.example/course.git",
        data=[{"kind": "volume", "folder": "maps", "volume_id": volume.id, "size_gb": 1}],
    )
    ensure_jump(workshop)
    jump = Operation.objects.get(spec__role="jump")
    first = lab.launch(
        workshop, 1, "#!/bin/sh\necho the-secret-of-the-script; id -un > /root/ran; env > /root/env"
    )
    began = time.monotonic()
    lab.settle(jump, first)
    say(f"jump host and first seat after {time.monotonic() - began:.0f} s")
    yield "the jump host is ready", ensure_jump(workshop).ok, str(ensure_jump(workshop))
    seat = row_of(first)
    lab.project.read_consoles()
    yield from _learner(seat)
    yield from _own_account(seat)
    said = notes.troubles([seat.pk]).get(seat.pk, [])
    yield "a repository that cannot be had is told", any("repository" in one for one in said), str(said)
    yield (
        "an empty volume is told, so the disk was found",
        any("no file system" in one for one in said),
        str(said),
    )
    second = lab.launch(workshop, 2)
    lab.settle(second)
    yield from _apart(lab, seat, row_of(second), row_of(jump))
    yield from _again(seat)
    for one in (seat, row_of(second), row_of(jump)):
        _delete(lab, one)
    gone = removal.remove(lab.cloud, workshop)
    left = dict(removal.left(workshop, lab.cloud))
    yield "nothing of it is left", gone and set(left.values()) == {0}, str(left)
    volumes.delete_volume(lab.cloud, volume.id)
    ours = {row.server_id for row in (seat, row_of(second), row_of(jump))}
    there = ours & {one.id for one in servers.list_servers(lab.cloud)}
    yield "no server of it is left", not there, str(there)


def _delete(lab: Lab, row: Any) -> None:
    from instances import services

    row.refresh_from_db()
    op = services.act(instance=row, by=lab.user, action="delete", params={"release_address": True})
    lab.settle(op, seconds=300)


def _learner(seat: Any) -> Iterator[tuple[str, bool, str]]:
    who = over_ssh(seat, "id; pwd", "ada")
    yield "the learner is in by our certificate", b"(ada)" in who.out and b"/home/ada" in who.out, str(who)
    for command in (
        "sudo -n id",
        "cat /etc/heliosphere/agent.json",
        "cat /etc/heliosphere/seat",
        "cat /opt/heliosphere/boot-script",
        "ls /home/exouser",
        "cat /var/lib/cloud/instance/user-data.txt",
        "cat /run/cloud-init/instance-data.json",
        "cat /dev/disk/by-label/config-2",
        f"timeout 5 bash -c ': > /dev/tcp/{METADATA}/80'",
        "dmesg | grep -i secret",
    ):
        ran = over_ssh(seat, command, "ada")
        kept = ran.status != 0 and b"secret" not in ran.out
        yield f"refused to the learner: {command}", kept, str(ran)[:300]


def _own_account(seat: Any) -> Iterator[tuple[str, bool, str]]:
    root = over_ssh(seat, "sudo -n sh -c 'id -un; cat /root/ran; cat /root/env; ls -ld /home/ada'")
    text = root.out.decode(errors="replace")
    yield "the portal's own account is an administrator", text.startswith("root\nroot\n"), text
    yield "the boot script is told the login", "HELIOSPHERE_LOGIN=ada" in text, text
    yield "the learner's home is shut", "drwx------" in text, text
    rules = over_ssh(seat, "sudo -n sh -c 'nft list table inet heliosphere || iptables -S OUTPUT; ip rule'")
    say("  guard: " + " | ".join(rules.out.decode().split("\n"))[:400])
    secret = over_ssh(seat, f"sudo -n timeout 5 bash -c ': > /dev/tcp/{METADATA}/80'")
    say(f"  root asks the metadata service: status {secret.status}")
    words = over_ssh(seat, "sudo -n cat /var/lib/cloud/instance/user-data.txt").out
    none = [word for word in (b"OS_AUTH", b"application_credential", b"labpass") if word in words]
    yield "no credential of the cloud is on it", bool(words) and not none, str(none)


def _apart(lab: Lab, one: Any, other: Any, jump: Any) -> Iterator[tuple[str, bool, str]]:
    from portal.cloud import servers

    ask = "timeout 8 bash -c ': > /dev/tcp/{}/22' && echo in || echo out"
    seen = over_ssh(one, ask.format(other.private_address), "ada", 30).out
    yield "a seat does not reach another one", seen == b"out\n", str(seen)
    back = over_ssh(other, ask.format(one.private_address), "ada", 30).out
    yield "nor the other way", back == b"out\n", str(back)
    ping = over_ssh(
        one, f"ping -c 1 -W 3 {other.private_address} >/dev/null && echo in || echo out", "ada", 30
    ).out
    yield "not by ping either", ping == b"out\n", str(ping)
    both = [servers.security_group_ids(lab.cloud, row.server_id) for row in (one, other)]
    yield "both are in the workshop's group alone", both[0] == both[1] and len(both[0]) == 1, str(both)


def _again(seat: Any) -> Iterator[tuple[str, bool, str]]:
    """After a restart the guard is there before anybody is let in."""
    from portal.core.errors import PortalError

    over_ssh(seat, "sudo -n systemctl reboot")
    end = time.monotonic() + 600
    while time.monotonic() < end:
        time.sleep(15)
        try:
            ran = over_ssh(
                seat, f"cat /proc/uptime; timeout 5 bash -c ': > /dev/tcp/{METADATA}/80' && echo in", "ada"
            )
        except PortalError as error:
            say(f"  {error}"[:120])
            continue
        if float(ran.out.split()[0]) < 300:
            yield "after a restart it is shut again", b"in" not in ran.out, str(ran)
            return
    yield "after a restart it is shut again", False, "it did not come back"


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--keep", action="store_true", help="leave the machines")
    given = parser.parse_args()
    failed = 0
    with tempfile.TemporaryDirectory(prefix="seats-") as name:
        redis = prepare(Path(name))
        try:
            lab = Lab()
            for what, passed, found in checks(lab):
                say(f"{'PASS' if passed else 'FAIL'} {what}{'' if passed else ': ' + found}")
                failed += not passed
            if not given.keep:
                lab.forget()
        finally:
            redis.terminate()
            redis.wait(10)
    return int(bool(failed))


if __name__ == "__main__":
    sys.exit(main())
