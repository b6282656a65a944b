"""A guest that passes connections on: with the portal's own script, run by the guest's own shell."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import asyncssh
import pytest

from portal.democloud.guest import Guests
from portal.democloud.guest_userdata import JUMP_FILE, SETUP_FILE
from tests.democloud.guest_fixtures import (
    booted,
    certified,
    cloud_config,
    connect,
    new_key,
    public,
    running,
    spec,
    until,
)

MINE, CA = new_key(), new_key()
SCRIPT = Path(__file__).parents[2] / "instances/guest/jump.sh"
PRINCIPAL = "instance-1:heliojump"


def script() -> str:
    return SCRIPT.read_text().replace("@principal@", PRINCIPAL)


def certificate(*principals: str, **more: Any) -> Any:
    return CA.generate_user_certificate(MINE, "portal", principals=principals, valid_before="+2m", **more)


async def site(guests: Guests, files: dict[str, str]) -> str:
    address = str(guests.network[10])
    data = cloud_config(files | certified(CA, "exouser", "instance-1:exouser"))
    await booted(guests, spec(user_data=data, fixed_address="10.0.0.5"), address)
    inner = cloud_config(certified(CA, "exouser", "instance-2:exouser"))
    await booted(guests, spec("server-2", hostname="inner", user_data=inner, fixed_address="10.0.0.6"))
    return address


async def inside(
    jump: asyncssh.SSHClientConnection, *, port: int = 22, host: str = "10.0.0.6", **more: Any
) -> str:
    keys = [(MINE, certificate("instance-2:exouser", **more))]
    connection = await asyncssh.connect(
        host, port, tunnel=jump, username="exouser", client_keys=keys, known_hosts=None, config=None
    )
    done = await connection.run("hostname")
    connection.close()
    await connection.wait_closed()
    return str(done.stdout)


async def test_the_login_of_a_jump_host_reaches_its_neighbours_and_nothing_else() -> None:
    async with running() as guests:
        address = await site(guests, {JUMP_FILE: script(), SETUP_FILE: "#!/bin/sh"})
        await until(lambda: "heliojump" in guests._machines["server-1"].host.files.text("/etc/passwd"))
        async with await connect(guests, address, "heliojump", (MINE, certificate(PRINCIPAL))) as jump:
            assert await inside(jump) == "inner\n"
            for host, port in (("10.0.0.6", 80), ("127.0.0.1", 8888), ("10.0.0.99", 22)):
                with pytest.raises(asyncssh.ChannelOpenError):
                    await inside(jump, host=host, port=port)
            for attempt in (jump.run("id"), jump.create_process(term_type="xterm"), jump.start_sftp_client()):
                with pytest.raises((asyncssh.ChannelOpenError, asyncssh.SFTPError)):
                    await attempt
            with pytest.raises(asyncssh.ChannelOpenError):
                await jump.open_unix_connection("/run/heliosphere-desktop/vnc")
            with pytest.raises(asyncssh.ChannelListenError):
                await jump.forward_remote_port("", 0, "127.0.0.1", 9)


@pytest.mark.parametrize(
    "principal", ["instance-1", "instance-1:exouser", "instance-2:heliojump", "heliojump"]
)
async def test_no_other_principal_opens_it(principal: str) -> None:
    async with running() as guests:
        address = await site(guests, {JUMP_FILE: script()})
        await until(lambda: "heliojump" in guests._machines["server-1"].host.files.text("/etc/passwd"))
        with pytest.raises(asyncssh.PermissionDenied):
            await connect(guests, address, "heliojump", (MINE, certificate(principal)))


async def test_an_ordinary_machine_becomes_one_and_an_ordinary_one_again() -> None:
    async with running() as guests:
        address = await site(guests, {SETUP_FILE: "#!/bin/sh"})
        mine = (MINE, certificate(PRINCIPAL))
        with pytest.raises(asyncssh.PermissionDenied):
            await connect(guests, address, "heliojump", mine)
        keys = (MINE, certificate("instance-1:exouser"))
        async with await connect(guests, address, "exouser", keys) as connection:
            for _ in range(2):
                done = await connection.run("sudo -n sh -s -- install", input=script())
                assert (done.exit_status, str(done.stdout).splitlines()[-1:]) == (
                    0,
                    ["heliojump: installed"],
                ), done
            async with await connect(guests, address, "heliojump", mine) as jump:
                assert await inside(jump) == "inner\n"
            done = await connection.run("sudo -n sh -s -- remove", input=script())
            assert (done.exit_status, done.stdout) == (0, "heliojump: removed\n")
        with pytest.raises(asyncssh.PermissionDenied):
            await connect(guests, address, "heliojump", mine)


async def test_a_machine_behind_it_sees_the_jump_hosts_address() -> None:
    async with running() as guests:
        address = await site(guests, {JUMP_FILE: script()})
        await until(lambda: "heliojump" in guests._machines["server-1"].host.files.text("/etc/passwd"))
        async with await connect(guests, address, "heliojump", (MINE, certificate(PRINCIPAL))) as jump:
            assert await inside(jump, source_address=["10.0.0.5"]) == "inner\n"
            with pytest.raises(asyncssh.PermissionDenied):
                await inside(jump, source_address=["127.0.0.1"])


async def test_without_a_ca_a_machine_does_not_become_one() -> None:
    async with running() as guests:
        address = str(guests.network[10])
        await booted(guests, spec(key=public(MINE)), address)
        async with await connect(guests, address, "exouser", MINE) as connection:
            done = await connection.run("sudo -n sh -s -- install", input=script())
            assert (done.exit_status, "takes no certificates" in str(done.stdout)) == (1, True)
