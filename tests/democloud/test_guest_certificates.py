"""What a certificate says besides its principal holds: from where, for how long, for what."""

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
    public,
    running,
    spec,
)

MINE, CA, NEXT = new_key(), new_key(), new_key()
WHO = "instance-1:exouser"


def certificate(ca: asyncssh.SSHKey = CA, principal: str = WHO, **more: Any) -> tuple[Any, Any]:
    given: dict[str, Any] = {"valid_before": "+2m"} | more
    return MINE, ca.generate_user_certificate(MINE, "portal", principals=[principal], **given)


async def up(guests: Guests, **files: str) -> str:
    address = str(guests.network[10])
    paths = certified(CA, "exouser", WHO) | files
    await booted(guests, spec(user_data=cloud_config(paths)), address)
    return address


async def test_instance_and_login_together_are_the_principal() -> None:
    async with running() as guests:
        address = await up(guests)
        async with await connect(guests, address, "exouser", certificate()) as connection:
            assert (await connection.run("whoami")).stdout == "exouser\n"
        for principal in (
            "instance-1",
            "instance-1:ubuntu",
            "instance-10:exouser",
            "instance-1:exouser2",
            "*",
        ):
            with pytest.raises(asyncssh.PermissionDenied):
                await connect(guests, address, "exouser", certificate(principal=principal))
        with pytest.raises(asyncssh.PermissionDenied):
            await connect(guests, address, "ubuntu", certificate())


@pytest.mark.parametrize(
    ("source", "opens"), [("127.0.0.0/8", True), ("127.0.0.1", True), ("10.0.0.0/8", False)]
)
async def test_a_source_address_holds(source: str, opens: bool) -> None:
    async with running() as guests:
        address = await up(guests)
        one = certificate(source_address=[source])
        if opens:
            async with await connect(guests, address, "exouser", one):
                return
        with pytest.raises(asyncssh.PermissionDenied):
            await connect(guests, address, "exouser", one)


async def test_a_forced_command_runs_whatever_was_asked() -> None:
    async with running() as guests:
        address = await up(guests)
        async with await connect(
            guests, address, "exouser", certificate(force_command="echo forced")
        ) as connection:
            assert (await connection.run("whoami")).stdout == "forced\n"


async def test_a_terminal_and_forwarding_may_be_left_out() -> None:
    async with running() as guests:
        address = await up(guests)
        bare = certificate(permit_pty=False, permit_port_forwarding=False)
        async with await connect(guests, address, "exouser", bare) as connection:
            assert (await connection.run("tty")).stdout == "not a tty\n"
            with pytest.raises(asyncssh.ChannelOpenError):
                await connection.create_process(term_type="xterm")
            with pytest.raises(asyncssh.ChannelOpenError):
                await connection.open_connection("127.0.0.1", 8888)


async def test_two_authorities_are_trusted_while_one_replaces_the_other() -> None:
    async with running() as guests:
        both = public(CA) + "\n" + public(NEXT) + "\n"
        address = await up(guests, **{"/etc/ssh/heliosphere_ca.pub": both})
        for ca in (CA, NEXT):
            async with await connect(guests, address, "exouser", certificate(ca)):
                pass
        with pytest.raises(asyncssh.PermissionDenied):
            await connect(guests, address, "exouser", certificate(new_key()))


async def test_trust_is_what_the_files_say_and_settings_hold_from_the_next_reload() -> None:
    laptop = new_key()
    async with running() as guests:
        address = str(guests.network[10])
        await booted(guests, spec(key=public(laptop)), address)
        with pytest.raises(asyncssh.PermissionDenied):
            await connect(guests, address, "exouser", certificate())
        script = f"""
echo '{public(CA)}' > /etc/ssh/heliosphere_ca.pub; mkdir -p /etc/ssh/heliosphere_principals
echo {WHO} > /etc/ssh/heliosphere_principals/exouser
cat > /etc/ssh/sshd_config.d/10-heliosphere.conf <<E
TrustedUserCAKeys /etc/ssh/heliosphere_ca.pub
AuthorizedPrincipalsFile /etc/ssh/heliosphere_principals/%u
E
"""
        async with await connect(guests, address, "exouser", laptop) as connection:
            assert (await connection.run("sudo -n sh -s", input=script)).exit_status == 0
            with pytest.raises(asyncssh.PermissionDenied):
                await connect(guests, address, "exouser", certificate())
            assert (await connection.run("sudo sshd -t && sudo systemctl reload ssh")).exit_status == 0
            async with await connect(guests, address, "exouser", certificate()):
                pass
            await connection.run("sudo rm /etc/ssh/heliosphere_principals/exouser")
        with pytest.raises(asyncssh.PermissionDenied):
            await connect(guests, address, "exouser", certificate())


@pytest.mark.parametrize(
    ("options", "opens"),
    [
        ("", True),
        ('from="127.*" ', True),
        ('from="10.0.0.0/8" ', False),
        ('expiry-time="20200101" ', False),
        ('expiry-time="20990101120000Z" ', True),
    ],
)
async def test_options_of_authorized_keys_hold(options: str, opens: bool) -> None:
    other = new_key()
    async with running() as guests:
        address = str(guests.network[10])
        await booted(guests, spec(key=public(MINE)), address)
        async with await connect(guests, address, "ubuntu", MINE) as connection:
            line = f"{options}{public(other)}\n"
            await connection.run("cat >> ~/.ssh/authorized_keys", input=line)
        if opens:
            async with await connect(guests, address, "ubuntu", other):
                return
        with pytest.raises(asyncssh.PermissionDenied):
            await connect(guests, address, "ubuntu", other)


async def test_a_restricted_key_gives_no_terminal_and_no_forwarding() -> None:
    other = new_key()
    async with running() as guests:
        address = str(guests.network[10])
        await booted(guests, spec(key=public(MINE)), address)
        async with await connect(guests, address, "ubuntu", MINE) as connection:
            await connection.run("cat >> ~/.ssh/authorized_keys", input=f"restrict {public(other)}\n")
        async with await connect(guests, address, "ubuntu", other) as connection:
            assert (await connection.run("whoami")).stdout == "ubuntu\n"
            with pytest.raises(asyncssh.ChannelOpenError):
                await connection.open_connection("127.0.0.1", 8888)
