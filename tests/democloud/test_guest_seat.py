"""A guest that is a seat of a workshop: whoever sits there works on it, and finds nothing that is not theirs."""

from __future__ import annotations

from typing import Any

import asyncssh
import pytest

from portal.democloud.guest import Guests
from tests.democloud.guest_fixtures import (
    booted,
    certified,
    cloud_config,
    connect,
    new_key,
    running,
    spec,
    until,
)

MINE, CA = new_key(), new_key()
FACTS = "login ada\nsudo no\nprincipal instance-1:ada\n"
REPOSITORY = "repository https://git.demo.example/first-steps.git"


def certificate(login: str, instance: str = "instance-1") -> Any:
    principals = [f"{instance}:{login}"]
    return CA.generate_user_certificate(MINE, "portal", principals=principals, valid_before="+2m")


def told(facts: str) -> bytes:
    open_to_all = {
        "/opt/heliosphere/guest.sh": "#!/bin/sh\n",
        **certified(CA, "exouser", "instance-1:exouser"),
    }
    shut = {"/opt/heliosphere/boot-script": "#!/bin/sh\necho secret\n", "/etc/heliosphere/seat": facts}
    files = [
        *({"path": path, "content": text} for path, text in open_to_all.items()),
        *({"path": path, "content": text, "permissions": "0600"} for path, text in shut.items()),
    ]
    users = ["default", {"name": "exouser"}, {"name": "ada", "shell": "/bin/bash"}]
    return cloud_config({}, write_files=files, users=users)


async def seat(guests: Guests, facts: str = FACTS, server_id: str = "server-1", number: int = 10) -> str:
    address = str(guests.network[number])
    given = spec(server_id, user_data=told(facts), fixed_address=f"10.0.0.{number}")
    await booted(guests, given, address)
    return address


async def run(guests: Guests, address: str, command: str, login: str = "ada") -> asyncssh.SSHCompletedProcess:
    async with await connect(guests, address, login, (MINE, certificate(login))) as connection:
        ran: asyncssh.SSHCompletedProcess = await connection.run(command)
    return ran


async def test_the_learner_has_an_account_and_a_home_of_their_own() -> None:
    async with running() as guests:
        address = await seat(guests)
        done = await run(guests, address, "whoami; pwd; groups; ls -ld /home/ada")
        lines = str(done.stdout).splitlines()
        assert lines[:3] == ["ada", "/home/ada", "ada"] and lines[3].startswith("drwx------")


async def test_a_certificate_for_another_login_or_machine_does_not_open_it() -> None:
    async with running() as guests:
        address = await seat(guests)
        for one in (certificate("exouser"), certificate("ada", "instance-2")):
            with pytest.raises(asyncssh.PermissionDenied):
                await connect(guests, address, "ada", (MINE, one))


@pytest.mark.parametrize(
    "command",
    [
        "sudo id",
        "cat /opt/heliosphere/boot-script",
        "cat /etc/heliosphere/seat",
        "ls /home/exouser",
        "curl http://169.254.169.254/latest/user-data",
    ],
)
async def test_what_is_not_the_learners_is_refused_and_the_portals_account_may(command: str) -> None:
    async with running() as guests:
        address = await seat(guests)
        assert (await run(guests, address, command)).exit_status != 0
        own = f"sudo {command}" if not command.startswith("sudo") else command
        assert (await run(guests, address, own, "exouser")).exit_status == 0


async def test_an_administrator_where_it_is_told_so() -> None:
    async with running() as guests:
        address = await seat(guests, FACTS.replace("sudo no", "sudo yes"))
        assert str((await run(guests, address, "sudo id -un")).stdout) == "root\n"


async def test_a_course_is_cloned_and_can_be_worked_with() -> None:
    async with running() as guests:
        address = await seat(guests, f"{FACTS}{REPOSITORY} main\n")
        await until(lambda: '"what": "repository", "ok": true' in guests.console_log("server-1"))
        done = await run(
            guests, address, "cd first-steps && git status && sh run.sh && echo mine > notes && ls"
        )
        assert "On branch main" in str(done.stdout) and "day,value" in str(done.stdout)
        assert "notes" in str(done.stdout)


async def test_a_repository_elsewhere_is_told_as_git_says_it() -> None:
    async with running() as guests:
        address = await seat(guests, f"{FACTS}repository https://github.com/a/b\n")
        await until(lambda: '"what": "repository", "ok": false' in guests.console_log("server-1"))
        assert "Could not resolve host: github.com" in guests.console_log("server-1")
        assert (await run(guests, address, "test -e b")).exit_status == 1


async def test_a_branch_that_is_not_there_is_told() -> None:
    async with running() as guests:
        await seat(guests, f"{FACTS}{REPOSITORY} nowhere\n")
        await until(lambda: "Remote branch nowhere not found" in guests.console_log("server-1"))


async def test_a_volume_on_it_is_read_and_not_written() -> None:
    async with running(volumes=lambda server_id: ["v-1"]) as guests:
        address = await seat(guests, f"{FACTS}volume maps v-1\n")
        await until(lambda: '"what": "data-maps", "ok": true' in guests.console_log("server-1"))
        assert (await run(guests, address, "cat /data/maps/stations.csv")).exit_status == 0
        assert (await run(guests, address, "echo x > /data/maps/stations.csv")).exit_status != 0
        assert (await run(guests, address, "rm /data/maps/stations.csv")).exit_status != 0


async def test_a_share_is_more_than_the_demo_has_and_it_says_so() -> None:
    async with running() as guests:
        address = await seat(guests, f"{FACTS}nfs course 10.0.0.99 /export\n")
        await until(lambda: '"what": "data-course", "ok": false' in guests.console_log("server-1"))
        done = await run(guests, address, "cat /data/course-IS-NOT-HERE-YET.txt")
        assert "no file servers" in str(done.stdout)


async def test_the_set_up_is_complete_only_after_all_of_it() -> None:
    async with running(volumes=lambda server_id: []) as guests:
        await seat(guests, f"{FACTS}volume maps v-1\n")
        await until(lambda: '"status":"complete"' in guests.console_log("server-1"), 20)
        log = guests.console_log("server-1")
        assert log.index('"what": "data-maps"') < log.index('"status":"complete"')


async def test_a_neighbour_is_reached_as_far_as_its_firewall_lets_in() -> None:
    open_to: set[tuple[str, str]] = set()

    def lets_in(source: str, target: str, port: int) -> bool:
        return (source, target) in open_to and port == 22

    async with running(lets_in=lets_in) as guests:
        address = await seat(guests)
        await seat(guests, FACTS, "server-2", 11)
        shut = await run(guests, address, "nc -z 10.0.0.11 22")
        assert shut.exit_status == 1 and "timed out" in str(shut.stderr)
        open_to.add(("server-1", "server-2"))
        assert (await run(guests, address, "nc -z 10.0.0.11 22")).exit_status == 0
        assert (await run(guests, address, "nc -z 10.0.0.11 8888")).exit_status == 1


@pytest.mark.parametrize("facts", ["", "login root!\n", "login \n", "nonsense", "volume ../x v\n"])
async def test_a_machine_that_was_told_nonsense_is_no_seat_and_boots(facts: str) -> None:
    async with running() as guests:
        await seat(guests, facts)
        await until(lambda: guests.power("server-1") == "up")
        assert '"helio": "seat"' not in guests.console_log("server-1")
