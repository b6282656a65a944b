"""`authorized_keys` on a machine, over SFTP of OpenSSH's own server; and what the portal does there by itself."""

import asyncio
import os
from collections.abc import AsyncIterator, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import asyncssh
import pytest
from asgiref.sync import sync_to_async
from django.utils import timezone

from allocations.models import Allocation, Membership
from instances.models import Instance, Teammate
from instances.remote import authority, keys_file, placed_keys, rotation, teaching, trust, updating
from instances.remote.authorized_keys import digest, keys
from instances.remote.dialing import connect
from instances.remote.keys_file import Addition, Removal
from instances.remote.link import Link, Secret
from instances.remote.models import MachineTrust, PlacedKey
from instances.remote.trust_script import script
from instances.remote.ways import Hop, Way
from portal.accounts.models import User
from portal.core.errors import PortalError
from portal.core.models import AuditEvent
from tests.instances import rows
from tests.instances.remote import sshd as real

ADA = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIFH5le2D7iLis0Pc6JnAKX3qAd6lji5N9FdKuoTjF2WM"
BOB = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIFH6le2D7iLis0Pc6JnAKX3qAd6lji5N9FdKuoTjF2WM"


@pytest.fixture
def home(tmp_path: Path) -> Path:
    (tmp_path / "home").mkdir()
    return tmp_path / "home"


@pytest.fixture
def server(tmp_path: Path, home: Path) -> Iterator[real.Sshd]:
    yield from real.start(tmp_path, home=home)


@pytest.fixture
def lab(transactional_db: None, allocation: Allocation, member: User) -> Instance:
    return rows.machine(allocation, member, public_address="127.0.0.1")


def way(server: real.Sshd, lab: Instance, **changes: Any) -> Way:
    given: dict[str, Any] = {
        "instance_id": str(lab.pk),
        "address": "127.0.0.1",
        "port": server.port,
        "login": server.login,
        "host_keys": (server.host_key,),
        "certificate": False,
        **changes,
    }
    return Way(str(lab.pk), lab.name, (Hop(**given),))


@pytest.fixture
async def link(server: real.Sshd, lab: Instance) -> AsyncIterator[Link]:
    """Opened with the person's own key."""
    key = asyncssh.generate_private_key("ssh-ed25519")
    (server.etc.parent / "authorized_keys").write_bytes(key.export_public_key("openssh"))
    secret = Secret(private_key=key.export_private_key("openssh").decode())
    made = await connect(way(server, lab), person="bob", secret=secret)
    yield made
    await made.close()


def file(home: Path) -> Path:
    return home / ".ssh/authorized_keys"


def holding(home: Path, text: str, mode: int = 0o600) -> Path:
    file(home).parent.mkdir(mode=0o700)
    file(home).write_text(text)
    file(home).chmod(mode)
    return file(home)


class TestTheFile:
    async def test_where_there_is_none_it_is_made_as_sshd_wants_it(self, link: Link, home: Path) -> None:
        assert await keys_file.read(link) == b""
        await keys_file.change(link, Addition(f"{ADA} ada"))
        assert file(home).read_text() == f"{ADA} ada\n"
        assert file(home).stat().st_mode & 0o777 == 0o600
        assert file(home).parent.stat().st_mode & 0o777 == 0o700

    async def test_other_lines_and_the_permissions_stay(self, link: Link, home: Path) -> None:
        holding(home, f"# mine\n{ADA} ada\n\n", 0o640)
        await keys_file.change(link, Addition(f"{BOB} bob"))
        assert file(home).read_text() == f"# mine\n{ADA} ada\n\n{BOB} bob\n"
        assert file(home).stat().st_mode & 0o777 == 0o640
        await keys_file.change(link, Removal([ADA]))
        assert file(home).read_text() == f"# mine\n\n{BOB} bob\n"
        assert [path.name for path in file(home).parent.iterdir()] == ["authorized_keys"]

    async def test_what_changed_since_it_was_looked_at_is_left_alone(self, link: Link, home: Path) -> None:
        there = holding(home, f"{ADA} ada\n")
        seen = digest(await keys_file.read(link))
        there.write_text(f"{BOB} bob\n")
        with pytest.raises(PortalError) as refused:
            await keys_file.change(link, Removal([ADA]), seen=seen)
        assert refused.value.id == "remote:keys-changed"
        assert there.read_text() == f"{BOB} bob\n"

    async def test_what_changes_while_it_is_written_is_left_alone(
        self, link: Link, home: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        there = holding(home, f"{ADA} ada\n")
        sftp = await link.sftp()
        chmod = sftp.chmod

        async def meanwhile(*args: Any) -> None:
            there.write_text(f"{BOB} somebody else's\n")
            await chmod(*args)

        monkeypatch.setattr(sftp, "chmod", meanwhile)
        with pytest.raises(PortalError) as refused:
            await keys_file.change(link, Addition(f"{BOB} bob"))
        assert refused.value.id == "remote:keys-changed"
        assert there.read_text() == f"{BOB} somebody else's\n"
        assert [path.name for path in there.parent.iterdir()] == ["authorized_keys"]

    @pytest.mark.parametrize("kind", ["link", "folder", "pipe", "huge", "binary"])
    async def test_what_is_no_plain_small_text_is_not_touched(
        self, link: Link, home: Path, kind: str
    ) -> None:
        file(home).parent.mkdir()
        if kind == "link":
            (home / "elsewhere").write_text("precious")
            file(home).symlink_to(home / "elsewhere")
        elif kind == "folder":
            file(home).mkdir()
        elif kind == "pipe":
            os.mkfifo(file(home))
        else:
            file(home).write_bytes(b"x" * 300_000 if kind == "huge" else b"a\0b")
        with pytest.raises(PortalError) as refused:
            await asyncio.wait_for(keys_file.change(link, Addition(f"{ADA} ada")), 10)
        assert refused.value.id == "remote:keys-unreadable"
        assert kind != "link" or (home / "elsewhere").read_text() == "precious"

    async def test_a_full_disk_leaves_the_old_file(
        self, link: Link, home: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        there = holding(home, f"{ADA} ada\n")
        sftp = await link.sftp()

        async def full(*args: Any, **options: Any) -> None:
            raise asyncssh.SFTPFailure("No space left on device")

        monkeypatch.setattr(sftp, "posix_rename", full)
        with pytest.raises(PortalError) as refused:
            await keys_file.change(link, Addition(f"{BOB} bob"))
        assert "No space left" in refused.value.params["reason"]
        assert there.read_text() == f"{ADA} ada\n"
        assert [path.name for path in there.parent.iterdir()] == ["authorized_keys"]


class TestKeysOfPeopleWhoLeft:
    def place(self, lab: Instance, by: User, person: User, login: str, key: str) -> None:
        placed_keys.placed(by=by, instance=lab, person=person, login=login, key=key, fingerprint="SHA256:x")

    async def test_theirs_go_and_others_stay(
        self, link: Link, home: Path, lab: Instance, member: User, colleague: User, server: real.Sshd
    ) -> None:
        holding(home, f"{ADA} ada\n{BOB} bob heliosphere:colin\n")
        await sync_to_async(self.place)(lab, member, member, server.login, ADA)
        await sync_to_async(self.place)(lab, member, colleague, server.login, BOB)
        assert await placed_keys.after_connect(link) == 1
        assert [key.key for key in keys(file(home).read_bytes())] == [ADA]
        left = await sync_to_async(lambda: list(PlacedKey.objects.filter(removed_at=None)))()
        assert [row.key for row in left] == [ADA]
        removed = await sync_to_async(AuditEvent.objects.get)(action="remote.key-removed")
        assert removed.actor_name == "the portal"
        assert await placed_keys.after_connect(link) == 0

    async def test_who_may_still_log_in_keeps_theirs(
        self, link: Link, home: Path, lab: Instance, member: User, colleague: User, server: real.Sshd
    ) -> None:
        holding(home, f"{BOB} bob\n")
        await sync_to_async(Teammate.objects.create)(
            instance=lab, user=colleague, granted_by=member, at=timezone.now()
        )
        await sync_to_async(self.place)(lab, member, colleague, server.login, BOB)
        assert await placed_keys.after_connect(link) == 0
        await sync_to_async(Membership.objects.filter(user=colleague).update)(ended_at=timezone.now())
        assert await placed_keys.after_connect(link) == 1
        assert keys(file(home).read_bytes()) == []

    async def test_a_file_that_cannot_be_changed_disturbs_nobody_and_is_tried_again(
        self, link: Link, home: Path, lab: Instance, member: User, colleague: User, server: real.Sshd
    ) -> None:
        file(home).parent.mkdir()
        file(home).mkdir()
        await sync_to_async(self.place)(lab, member, colleague, server.login, BOB)
        assert await placed_keys.after_connect(link) == 0
        assert await sync_to_async(PlacedKey.objects.filter(removed_at=None).count)() == 1


class TestTeaching:
    @pytest.fixture(autouse=True)
    def own_files(self, server: real.Sshd, monkeypatch: pytest.MonkeyPatch) -> None:
        """Never those of the machine that the tests run on."""
        own = partial(script, etc=str(server.etc), pid_file=str(server.pid_file))
        monkeypatch.setattr(teaching, "script", own)

    def known(self, server: real.Sshd) -> list[str]:
        lines = (server.etc / "heliosphere_ca.pub").read_text().splitlines()
        return [" ".join(line.split()[:2]) for line in lines]

    async def test_trust_is_put_there_over_a_persons_own_connection_and_opens_the_next_one(
        self, link: Link, server: real.Sshd, lab: Instance
    ) -> None:
        wanted = await sync_to_async(authority.trusted)()
        await teaching.run_script(link, "install", server.login, wanted)
        server.until_ready()
        again = await connect(
            way(server, lab, certificate=True, authorities=tuple(wanted)), person="bob", secret=None
        )
        assert (await again.run("echo in")).out == b"in\n"
        await again.close()

    async def test_what_the_script_finds_is_said_in_words(self, link: Link, server: real.Sshd) -> None:
        with pytest.raises(PortalError) as refused:
            await teaching.run_script(
                link, "install", "nosuchlogin", await sync_to_async(authority.trusted)()
            )
        assert refused.value.id == "remote:trust-no-login"
        server.main.write_text(server.main.read_text() + "Nonsense yes\n")
        with pytest.raises(PortalError) as refused:
            await teaching.run_script(link, "install", server.login, await sync_to_async(authority.trusted)())
        assert refused.value.id == "remote:trust-refused"

    async def test_a_machine_that_lacks_an_authority_is_told_at_the_next_connection(
        self, link: Link, server: real.Sshd, lab: Instance
    ) -> None:
        old = await sync_to_async(authority.trusted)()
        await teaching.run_script(link, "install", server.login, old)
        await sync_to_async(trust.launched)(lab, server.login, old)
        assert not await teaching.after_connect(link)
        new = await sync_to_async(rotation.create)()
        assert await teaching.after_connect(link)
        assert self.known(server)[0] == " ".join(new.public_key.split()[:2])
        row = await sync_to_async(MachineTrust.objects.get)()
        assert row.authorities == await sync_to_async(authority.trusted)()
        assert not await teaching.after_connect(link)

    async def test_one_that_takes_no_certificates_is_left_alone(self, link: Link, server: real.Sshd) -> None:
        before = server.files()
        assert not await teaching.after_connect(link)
        assert server.files() == before

    async def test_a_machine_that_refuses_disturbs_nobody_and_is_asked_again(
        self, link: Link, server: real.Sshd, lab: Instance
    ) -> None:
        await sync_to_async(trust.launched)(lab, server.login, ["an old one"])
        server.main.write_text(server.main.read_text() + "Nonsense yes\n")
        assert not await teaching.after_connect(link)
        assert await sync_to_async(rotation.untaught)() == [lab]

    async def test_all_machines_are_told_by_the_operators_command(
        self, link: Link, server: real.Sshd, lab: Instance, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        old = await sync_to_async(authority.trusted)()
        await teaching.run_script(link, "install", server.login, old)
        server.until_ready()
        await sync_to_async(trust.launched)(lab, server.login, old)
        await sync_to_async(rotation.create)()
        there = way(server, lab, certificate=True, authorities=tuple(old))
        monkeypatch.setattr(updating, "way_to", lambda instance: there)
        said: list[updating.Told] = []
        waiting = await sync_to_async(rotation.untaught)()
        await updating.tell_all(waiting, at_once=2, each=said.append)
        assert [one.problem for one in said] == [None]
        assert await sync_to_async(rotation.untaught)() == []
        assert len(self.known(server)) == 2
