"""Trust for a machine made elsewhere: the portal's own script, run by the guest's own shell."""

from __future__ import annotations

from pathlib import Path

import asyncssh
import pytest

from tests.democloud.guest_fixtures import booted, connect, new_key, public, running, spec

CA, MINE, LAPTOP = new_key(), new_key(), new_key()
SCRIPT = Path(__file__).parents[2] / "instances/remote/trust.sh"
PRINCIPAL = "instance-1:exouser"


def script(action: str) -> str:
    text = SCRIPT.read_text()
    values = {
        "action": action,
        "login": "exouser",
        "principal": PRINCIPAL,
        "etc": "/etc/ssh",
        "title": "Trust",
    }
    values |= {"authorities": public(CA), "pid_file": "/run/sshd.pid"}
    for name, value in values.items():
        text = text.replace(f"@{name}@", value)
    return text


async def test_trust_is_installed_twice_and_taken_back() -> None:
    certificate = CA.generate_user_certificate(MINE, "p", principals=[PRINCIPAL], valid_before="+2m")
    async with running() as guests:
        address = str(guests.network[10])
        await booted(guests, spec(key=public(LAPTOP)), address)
        async with await connect(guests, address, "exouser", LAPTOP) as connection:
            for _ in range(2):
                done = await connection.run("sudo -n sh -s", input=script("install"))
                assert (done.exit_status, "is let in with certificates" in str(done.stdout)) == (0, True), (
                    done
                )
            async with await connect(guests, address, "exouser", (MINE, certificate)):
                pass
            done = await connection.run("sudo -n sh -s", input=script("remove"))
            assert (done.exit_status, "nobody is let in" in str(done.stdout)) == (0, True), done
        with pytest.raises(asyncssh.PermissionDenied):
            await connect(guests, address, "exouser", (MINE, certificate))


async def test_without_root_or_with_another_authority_nothing_is_changed() -> None:
    async with running() as guests:
        address = str(guests.network[10])
        await booted(guests, spec(key=public(LAPTOP)), address)
        async with await connect(guests, address, "exouser", LAPTOP) as connection:
            refused = await connection.run("sh -s", input=script("install"))
            assert (refused.exit_status, "must be run as root" in str(refused.stderr)) == (2, True)
            await connection.run(
                "sudo tee /etc/ssh/sshd_config.d/00-theirs.conf", input="TrustedUserCAKeys /etc/x\n"
            )
            refused = await connection.run("sudo -n sh -s", input=script("install"))
            assert (refused.exit_status, "somebody else" in str(refused.stderr)) == (3, True), refused
            assert (await connection.run("ls /etc/ssh")).stdout == "sshd_config\nsshd_config.d\n"
