"""OpenSSH's own clients at a guest: what people use beside the portal."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from portal.democloud.guest import Guests
from tests.democloud.guest_fixtures import booted, certified, cloud_config, new_key, running, spec

pytestmark = pytest.mark.skipif(shutil.which("ssh") is None, reason="no OpenSSH client here")
CA, MINE = new_key(), new_key()


class Client:
    def __init__(self, guests: Guests, folder: Path) -> None:
        self.address = str(guests.network[10])
        (folder / "key").write_bytes(MINE.export_private_key("openssh"))
        (folder / "key").chmod(0o600)
        signed = CA.generate_user_certificate(MINE, "p", principals=["i:exouser"], valid_before="+5m")
        (folder / "key-cert.pub").write_bytes(signed.export_certificate())
        block = guests.console_log("server-1").split("HOST KEY KEYS-----\n")[1].split("-----END")[0]
        place = f"[{self.address}]:{guests.ssh_port}"
        (folder / "known").write_text("".join(f"{place} {line}\n" for line in block.strip().splitlines()))
        self.folder = folder
        self.options = ["-F", "none", "-i", str(folder / "key"), "-o", "BatchMode=yes"]
        self.options += ["-o", f"UserKnownHostsFile={folder / 'known'}", "-o", "StrictHostKeyChecking=yes"]
        self.options += ["-o", "GlobalKnownHostsFile=none", "-o", f"Port={guests.ssh_port}"]

    async def run(self, *command: str, given: bytes = b"") -> tuple[int, str]:
        process = await asyncio.create_subprocess_exec(
            *command,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        out, _ = await asyncio.wait_for(process.communicate(given), 20)
        return process.returncode or 0, out.decode("utf-8", "replace")

    async def ssh(self, *command: str, given: bytes = b"", options: tuple[str, ...] = ()) -> tuple[int, str]:
        return await self.run(
            "ssh", *self.options, *options, f"exouser@{self.address}", *command, given=given
        )


@pytest.fixture
async def client(tmp_path: Path) -> AsyncIterator[Client]:
    async with running() as guests:
        data = cloud_config(certified(CA, "exouser", "i:exouser"))
        await booted(guests, spec(user_data=data), str(guests.network[10]))
        yield Client(guests, tmp_path)


async def test_a_certificate_and_the_consoles_host_keys_are_enough(client: Client) -> None:
    assert await client.ssh("whoami; exit 3") == (3, "exouser\n")
    assert await client.ssh("cat > note; wc -c < note", given=b"x" * 100_000) == (0, "100000\n")


async def test_another_certificate_is_refused(client: Client) -> None:
    (client.folder / "key-cert.pub").unlink()
    status, said = await client.ssh("whoami")
    assert (status, "Permission denied" in said) == (255, True)


async def test_a_terminal_is_one(client: Client) -> None:
    status, seen = await client.ssh(given=b"tty; echo $TERM\rexit 4\r", options=("-tt",))
    assert (status, "/dev/pts/0" in seen) == (4, True)


async def test_files_go_up_and_down_and_links_the_right_way_round(client: Client) -> None:
    (client.folder / "up").write_bytes(b"data" * 50_000)
    batch = client.folder / "batch"
    commands = [
        "put up there",
        "ln -s there link",
        "get link down",
        "ls -l",
        "rename there moved",
        "mkdir d",
        "rmdir d",
    ]
    batch.write_text(
        "\n".join(commands).replace(" up", f" {client.folder}/up").replace(" down", f" {client.folder}/down")
    )
    status, said = await client.run("sftp", "-b", str(batch), *client.options, f"exouser@{client.address}")
    assert status == 0, said
    assert (client.folder / "down").read_bytes() == b"data" * 50_000
    assert await client.ssh("readlink link; ls") == (0, "there\nlink\nmoved\nnames\n")
