from __future__ import annotations

import re
from typing import Any

import asyncssh
import pytest

from portal.democloud.guest import Guests
from portal.democloud.guest_userdata import DESKTOP_FILE, SETUP_FILE
from tests.democloud.guest_fixtures import (
    booted,
    certified,
    cloud_config,
    connect,
    new_key,
    public,
    running,
    spec,
)

MINE = new_key()
CA = new_key()
REFUSED = re.compile("refused|failed")
ELSEWHERE = [
    ("10.0.0.7", 22),
    ("10.0.0.6", 80),
    ("10.0.0.99", 22),
    ("127.0.0.1", 22),
    ("example.org", 22),
]


def address(guests: Guests, number: int = 10) -> str:
    return str(guests.network[number])


def certificate(
    ca: asyncssh.SSHKey = CA, *, principals: tuple[str, ...] = ("instance-1",), **more: Any
) -> Any:
    times: dict[str, Any] = {"valid_after": "-1m", "valid_before": "+2m"} | more
    return ca.generate_user_certificate(MINE, "alice", principals=principals, **times)


async def enter(guests: Guests, user: str, *keys: object, number: int = 10) -> str:
    """Who one is after signing in; PermissionDenied where the guest refuses."""
    connection = await connect(guests, address(guests, number), user, *keys)
    done = await connection.run("whoami")
    connection.close()
    await connection.wait_closed()
    return str(done.stdout).strip()


async def test_the_keypair_lets_in_as_the_images_user_and_as_exouser() -> None:
    async with running() as guests:
        await booted(guests, spec(key=public(MINE), image_name="Featured-RockyLinux9"), address(guests))
        assert await enter(guests, "rocky", MINE) == "rocky"
        assert await enter(guests, "exouser", MINE) == "exouser"
        for user, key in (("ubuntu", MINE), ("root", MINE), ("rocky", new_key())):
            with pytest.raises(asyncssh.PermissionDenied):
                await enter(guests, user, key)


async def test_a_guest_without_any_key_lets_nobody_in() -> None:
    async with running() as guests:
        await booted(guests, spec(), address(guests))
        with pytest.raises(asyncssh.PermissionDenied):
            await enter(guests, "ubuntu", MINE)


async def test_a_password_never_lets_in() -> None:
    async with running() as guests:
        await booted(guests, spec(key=public(MINE)), address(guests))
        with pytest.raises(asyncssh.PermissionDenied):
            await connect(guests, address(guests), "ubuntu", password="ubuntu")


async def test_a_certificate_of_the_ca_with_the_principal_lets_in() -> None:
    async with running() as guests:
        data = cloud_config(certified(CA, "exouser", "instance-1", "instance-2"))
        await booted(guests, spec(user_data=data), address(guests))
        second = certificate(principals=("x", "instance-2"))
        assert await enter(guests, "exouser", (MINE, certificate())) == "exouser"
        assert await enter(guests, "exouser", (MINE, second)) == "exouser"


@pytest.mark.parametrize(
    "refused",
    [
        certificate(principals=("instance-9",)),
        certificate(principals=("exouser",)),
        certificate(principals=()),
        certificate(new_key()),
        certificate(valid_after="-10m", valid_before="-5m"),
        certificate(valid_after="+5h", valid_before="+6h"),
    ],
    ids=["other-principal", "user-name", "no-principal", "other-ca", "expired", "not-yet"],
)
async def test_any_other_certificate_is_refused(refused: object) -> None:
    async with running() as guests:
        data = cloud_config(certified(CA, "exouser", "instance-1"))
        await booted(guests, spec(user_data=data), address(guests))
        with pytest.raises(asyncssh.PermissionDenied):
            await enter(guests, "exouser", (MINE, refused))


async def test_a_principal_of_one_user_does_not_open_another() -> None:
    async with running() as guests:
        data = cloud_config(certified(CA, "exouser", "instance-1"))
        await booted(guests, spec(user_data=data), address(guests))
        with pytest.raises(asyncssh.PermissionDenied):
            await enter(guests, "ubuntu", (MINE, certificate()))


async def test_the_host_key_is_the_one_in_the_console_log() -> None:
    async with running() as guests:
        await booted(guests, spec(key=public(MINE)), address(guests))
        block = guests.console_log("server-1").split("HOST KEY KEYS-----\n")[1].split("-----END")[0]
        known = "".join(
            f"[{address(guests)}]:{guests.ssh_port} {line}\n" for line in block.strip().splitlines()
        )
        trusted = asyncssh.import_known_hosts(known)
        async with await connect(guests, address(guests), "ubuntu", MINE, known_hosts=trusted):
            pass
        other = asyncssh.import_known_hosts(f"* {public(new_key())}")
        with pytest.raises(asyncssh.HostKeyNotVerifiable):
            await connect(guests, address(guests), "ubuntu", MINE, known_hosts=other)


async def test_ssh_answers_only_while_the_guest_runs_and_only_at_its_address() -> None:
    async with running() as guests:
        one = spec(key=public(MINE))
        await booted(guests, one)
        for number in (10, 11):
            with pytest.raises(OSError, match=REFUSED):
                await enter(guests, "ubuntu", MINE, number=number)
        await guests.set_address(one.server_id, address(guests, 11))
        assert await enter(guests, "ubuntu", MINE, number=11) == "ubuntu"
        await guests.set_address(one.server_id, address(guests, 10))
        with pytest.raises(OSError, match=REFUSED):
            await enter(guests, "ubuntu", MINE, number=11)
        await guests.suspend(one.server_id)
        with pytest.raises(OSError, match=REFUSED):
            await enter(guests, "ubuntu", MINE)
        await guests.resume(one.server_id)
        assert await enter(guests, "ubuntu", MINE) == "ubuntu"
        await guests.shutdown(one.server_id)
        with pytest.raises(OSError, match=REFUSED):
            await enter(guests, "ubuntu", MINE)


async def test_open_connections_end_when_the_guest_stops() -> None:
    async with running() as guests:
        await booted(guests, spec(key=public(MINE)), address(guests))
        connection = await connect(guests, address(guests), "ubuntu", MINE)
        await guests.shutdown("server-1")
        await connection.wait_closed()
        assert connection.is_closed()


async def test_a_neighbour_without_an_address_is_reached_through_its_project() -> None:
    async with running() as guests:
        await booted(guests, spec(key=public(MINE), fixed_address="10.0.0.5"), address(guests))
        inner = spec("server-2", hostname="inner", key=public(MINE), fixed_address="10.0.0.6")
        await booted(guests, inner)
        async with (
            await connect(guests, address(guests), "ubuntu", MINE) as jump,
            await connect_inside(jump, "10.0.0.6") as inside,
        ):
            assert (await inside.run("hostname")).stdout == "inner\n"
            assert str((await inside.run("seq 1 20000")).stdout).count("\n") == 20000


async def connect_inside(
    jump: asyncssh.SSHClientConnection, to: str, port: int = 22
) -> asyncssh.SSHClientConnection:
    return await asyncssh.connect(
        to, port, username="ubuntu", client_keys=[MINE], known_hosts=None, config=None, tunnel=jump
    )


@pytest.mark.parametrize(("to", "port"), ELSEWHERE)
async def test_nothing_else_is_forwarded(to: str, port: int) -> None:
    """10.0.0.7 is another project's; 127.0.0.1 would be the real machine under this cloud."""
    async with running() as guests:
        await booted(guests, spec(key=public(MINE), fixed_address="10.0.0.5"), address(guests))
        await booted(guests, spec("server-2", key=public(MINE), fixed_address="10.0.0.6"))
        stranger = spec("server-3", key=public(MINE), fixed_address="10.0.0.7", project_id="project-2")
        await booted(guests, stranger)
        async with await connect(guests, address(guests), "ubuntu", MINE) as jump:
            with pytest.raises(asyncssh.ChannelOpenError):
                await connect_inside(jump, to, port)


async def test_a_certificate_without_forwarding_may_not_forward() -> None:
    plain = certificate(permit_port_forwarding=False)
    async with running() as guests:
        data = cloud_config(certified(CA, "exouser", "instance-1"))
        await booted(guests, spec(user_data=data), address(guests))
        async with await connect(guests, address(guests), "exouser", (MINE, plain)) as connection:
            with pytest.raises(asyncssh.ChannelOpenError):
                await connection.open_connection("127.0.0.1", 5901)


async def test_the_screen_of_a_machine_that_another_portal_made_is_behind_ssh_too() -> None:
    async with running() as guests:
        await booted(guests, spec(key=public(MINE)), address(guests))
        async with await connect(guests, address(guests), "ubuntu", MINE) as connection:
            reader, writer = await connection.open_connection("127.0.0.1", 5901)
            assert await reader.readexactly(12) == b"RFB 003.008\n"
            writer.close()
            with pytest.raises(asyncssh.ChannelOpenError):
                await connection.open_unix_connection("/var/run/docker.sock")


@pytest.mark.parametrize("desktop", [True, False])
async def test_a_machine_of_ours_has_a_screen_only_with_a_desktop(desktop: bool) -> None:
    files = {SETUP_FILE: "#!/bin/sh"} | ({DESKTOP_FILE: "[Unit]"} if desktop else {})
    async with running() as guests:
        one = spec(key=public(MINE), user_data=cloud_config(files))
        await booted(guests, one, address(guests))
        async with await connect(guests, address(guests), "exouser", MINE) as connection:
            with pytest.raises(asyncssh.ChannelOpenError):
                await connection.open_connection("127.0.0.1", 5901)
            if desktop:
                reader, writer = await connection.open_unix_connection("/run/heliosphere-desktop/vnc")
                assert await reader.readexactly(12) == b"RFB 003.008\n"
                writer.close()
            else:
                with pytest.raises(asyncssh.ChannelOpenError):
                    await connection.open_unix_connection("/run/heliosphere-desktop/vnc")


async def test_a_desktop_opens_for_its_own_person_only() -> None:
    files = {SETUP_FILE: "#!/bin/sh", DESKTOP_FILE: "[Service]\nUser=exouser\n"}
    async with running() as guests:
        one = spec(key=public(MINE), user_data=cloud_config(files))
        await booted(guests, one, address(guests))
        async with await connect(guests, address(guests), "ubuntu", MINE) as connection:
            with pytest.raises(asyncssh.ChannelOpenError):
                await connection.open_unix_connection("/run/heliosphere-desktop/vnc")
