"""Days that go wrong inside a machine."""

from __future__ import annotations

import asyncio
import time

import asyncssh
import pytest

from portal.democloud.guest import Guests
from portal.democloud.guest_trouble import SSH, Trouble
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
from tests.democloud.guest_terminal import KEY, machine, terminal

ADDRESS, ID = 10, "server-1"


def address(guests: Guests) -> str:
    return str(guests.network[ADDRESS])


async def banner(guests: Guests) -> bytes:
    """What comes within a moment of a TCP connection."""
    reader, writer = await asyncio.open_connection(address(guests), guests.ssh_port)
    try:
        return await asyncio.wait_for(reader.read(100), 0.3)
    finally:
        writer.close()


async def test_silent_says_its_version_and_timeout_not_even_that() -> None:
    async with running() as guests, machine(guests):
        assert guests.misbehave(ID, {"ssh": "silent"}) == ""
        assert (await banner(guests)).startswith(b"SSH-2.0-")
        with pytest.raises((TimeoutError, asyncssh.Error)):
            await connect(guests, address(guests), "ubuntu", KEY, login_timeout=0.3)
        guests.misbehave(ID, {"ssh": "timeout"})
        with pytest.raises(TimeoutError):
            await banner(guests)
        guests.misbehave(ID, {"ssh": ""})
        async with await connect(guests, address(guests), "ubuntu", KEY):
            pass


async def test_refuse_refuses_until_it_is_over() -> None:
    async with running() as guests, machine(guests):
        guests.misbehave(ID, {"ssh": "refuse"})
        await until(lambda: guests._machines[ID].listening.address is None)
        with pytest.raises(ConnectionRefusedError):
            await banner(guests)
        guests.misbehave(ID, {"ssh": ""})
        await until(lambda: guests._machines[ID].listening.address is not None)
        assert await banner(guests)


async def test_half_open_stops_both_ways_and_closes_nothing() -> None:
    async with running() as guests, machine(guests) as connection:
        screen = await terminal(connection)
        await screen.prompt()
        guests.misbehave(ID, {"ssh": "half-open"})
        screen.type("echo heard\r")
        with pytest.raises(TimeoutError):
            await screen.until("heard", 0.5)
        assert not connection.is_closed()
        again = await connect(guests, address(guests), "ubuntu", KEY)
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(again.run("id"), 0.5)
        again.abort()
        guests.misbehave(ID, {"ssh": ""})
        await asyncio.wait_for(connection.wait_closed(), 5)


async def test_hangup_closes_what_is_open_and_new_ones_soon() -> None:
    async with running() as guests, machine(guests) as connection:
        guests.misbehave(ID, {"ssh": "hangup", "hangup_after": 0.2})
        await asyncio.wait_for(connection.wait_closed(), 5)
        async with await connect(guests, address(guests), "ubuntu", KEY) as again:
            assert (await again.run("whoami")).stdout == "ubuntu\n"
            begun = time.monotonic()
            await asyncio.wait_for(again.wait_closed(), 5)
            assert time.monotonic() - begun < 1


async def test_without_a_prompt_one_is_in_and_sees_nothing() -> None:
    async with running() as guests, machine(guests) as connection:
        guests.misbehave(ID, {"ssh": "no-prompt"})
        screen = await terminal(connection)
        screen.type("\r")
        with pytest.raises(TimeoutError):
            await screen.until("$", 0.4)
        async with connection.start_sftp_client() as client:
            assert await client.listdir("/opt")


async def test_changed_host_keys_are_not_those_of_the_console_and_come_back() -> None:
    async with running() as guests, machine(guests):
        block = guests.console_log(ID).split("HOST KEY KEYS-----\n")[1].split("-----END")[0]
        place = f"[{address(guests)}]:{guests.ssh_port}"
        known = asyncssh.import_known_hosts(
            "".join(f"{place} {line}\n" for line in block.strip().splitlines())
        )
        guests.misbehave(ID, {"ssh": "changed-host-key"})
        with pytest.raises(asyncssh.HostKeyNotVerifiable):
            await connect(guests, address(guests), "ubuntu", KEY, known_hosts=known)
        guests.misbehave(ID, {"ssh": ""})
        async with await connect(guests, address(guests), "ubuntu", KEY, known_hosts=known):
            pass


async def test_without_trust_certificates_are_refused_and_keys_are_not() -> None:
    ca, mine = new_key(), new_key()
    one = (mine, ca.generate_user_certificate(mine, "p", principals=["i:exouser"], valid_before="+2m"))
    async with running() as guests:
        data = cloud_config(certified(ca, "exouser", "i:exouser"))
        await booted(guests, spec(user_data=data, key=public(KEY)), address(guests))
        async with await connect(guests, address(guests), "exouser", one):
            pass
        guests.misbehave(ID, {"ssh": "no-cert"})
        with pytest.raises(asyncssh.PermissionDenied):
            await connect(guests, address(guests), "exouser", one)
        async with await connect(guests, address(guests), "exouser", KEY):
            pass


async def test_exospheres_passphrase_opens_its_own_account_only() -> None:
    async with running() as guests:
        await booted(guests, spec(passphrase="acid blue calm"), address(guests))
        async with await connect(guests, address(guests), "exouser", password="acid blue calm") as connection:
            assert (await connection.run("whoami")).stdout == "exouser\n"
        for user, word in (
            ("exouser", "acid blue"),
            ("exouser", ""),
            ("ubuntu", "acid blue calm"),
            ("root", "acid blue calm"),
        ):
            with pytest.raises(asyncssh.PermissionDenied):
                await connect(guests, address(guests), user, password=word)


async def test_no_sftp_and_no_forwarding() -> None:
    async with running() as guests, machine(guests) as connection:
        guests.misbehave(ID, {"ssh": "no-sftp"})
        with pytest.raises(asyncssh.Error):
            await connection.start_sftp_client()
        guests.misbehave(ID, {"ssh": "no-forwarding"})
        with pytest.raises(asyncssh.ChannelOpenError, match="open failed"):
            await connection.open_connection("127.0.0.1", 8888)
        assert (await connection.run("whoami")).stdout == "ubuntu\n"


async def test_latency_delays_each_piece_and_loses_none() -> None:
    async with running() as guests, machine(guests) as connection:
        screen = await terminal(connection)
        await screen.prompt()
        guests.misbehave(ID, {"latency_ms": 150.0})
        begun = time.monotonic()
        screen.type("x")
        await screen.until("x")
        assert 0.15 <= time.monotonic() - begun < 1
        guests.misbehave(ID, {"latency_ms": 0})
        assert await screen.run("\x15seq 3") == "1\r\n2\r\n3\r\n"


async def test_a_full_disk_takes_nothing() -> None:
    async with running() as guests, machine(guests) as connection:
        guests.misbehave(ID, {"disk_full": True})
        done = await connection.run("echo x > a")
        assert (done.exit_status, "No space left" in str(done.stderr)) == (1, True)
        async with connection.start_sftp_client() as client:
            file = await client.open("b", "wb")
            with pytest.raises(asyncssh.SFTPError):
                await file.write(b"x" * 10)
        guests.misbehave(ID, {"disk_full": False})
        assert (await connection.run("echo x > a")).exit_status == 0


@pytest.mark.parametrize(
    "given", [{"ssh": "nonsense"}, {"vnc": 1}, {"latency_ms": "slow"}, {"nothing": 1}, {"ssh": "", "x": 1}]
)
def test_what_is_not_known_changes_nothing(given: dict[str, object]) -> None:
    trouble = Trouble()
    assert "there is" in trouble.change(given)
    assert trouble == Trouble()


def test_every_trouble_has_words() -> None:
    assert all(SSH.values())


async def test_a_machine_behind_a_jump_host_refuses_too() -> None:
    async with running() as guests, machine(guests, fixed_address="10.0.0.5") as jump:
        await booted(guests, spec("server-2", key=public(KEY), fixed_address="10.0.0.6"))
        guests.misbehave("server-2", {"ssh": "refuse"})
        with pytest.raises(asyncssh.ChannelOpenError):
            await jump.open_connection("10.0.0.6", 22)
        assert guests.misbehave("nobody", {"ssh": ""}) == "nobody has no guest"
