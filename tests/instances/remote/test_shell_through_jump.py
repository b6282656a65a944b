"""A shell behind a jump host that is lost: it goes on once the jump host, or another in its place, is there again."""

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.utils import timezone

from instances.models import Instance
from instances.remote import authority, room, ways
from instances.remote.models import JumpHost, MachineTrust, RemoteSession
from portal.accounts.models import User
from tests.instances import rows
from tests.instances.remote import sshd as sshd_
from tests.instances.remote.pages import ShellPage, browser
from tests.instances.remote.sshd import Sshd
from tests.instances.remote.test_shell_kept import TMUX, no_tmux_left

pytestmark = pytest.mark.skipif(TMUX is None, reason="no tmux here: apt-get install tmux")
__all__ = ["no_tmux_left"]  # a fixture
NETWORK = [{"network": "auto", "address": "127.0.0.1", "version": 4, "kind": "fixed"}]
Jump = Callable[[], Instance]


@contextmanager
def running(folder: Path) -> Iterator[Sshd]:
    folder.mkdir()
    (folder / "ca.pub").write_text("".join(f"{key}\n" for key in authority.trusted()))
    trust = f"TrustedUserCAKeys {folder}/ca.pub\nAuthorizedPrincipalsFile {folder}/principals"
    for server in sshd_.start(folder, more=trust):
        yield server
        # What goes through it has processes of its own, which outlive the one that listens.
        children = Path(f"/proc/{server.process.pid}/task/{server.process.pid}/children").read_text().split()
        for pid in children:
            os.kill(int(pid), signal.SIGKILL)


@pytest.fixture
def jumps(
    machine: Instance, member: User, sshd: Sshd, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Jump]:
    """Each call stands up another jump host of the machine's project, in place of the last, whose sshd ends."""
    Instance.objects.filter(pk=machine.pk).update(
        public_address="", private_address="127.0.0.1", addresses=NETWORK
    )
    machine.refresh_from_db()
    ports: dict[Any, int] = {machine.pk: sshd.port}
    monkeypatch.setattr(ways, "_port", lambda instance: ports[instance.pk])
    open_now: list[Any] = []

    def stop() -> None:
        while open_now:
            open_now.pop().__exit__(None, None, None)

    def begin() -> Instance:
        stop()
        context = running(tmp_path / f"jump{len(ports)}")
        server = context.__enter__()
        open_now.append(context)
        made = rows.machine(
            machine.allocation,
            member,
            name=f"jump{len(ports)}",
            public_address="127.0.0.1",
            addresses=NETWORK,
            host_keys=[server.host_key],
            setup_status="complete",
            server_id=f"jump{len(ports)}",
            status="ACTIVE",
        )
        ports[made.pk] = server.port
        now = timezone.now()
        MachineTrust.objects.create(
            instance=made, login=server.login, authorities=authority.trusted(), how="launch", at=now
        )
        (server.etc.parent / "principals").write_text(authority.principal(made.pk, server.login) + "\n")
        JumpHost.objects.all().delete()
        JumpHost.objects.create(
            allocation=machine.allocation,
            instance=made,
            login=server.login,
            how="chosen",
            at=now,
            ready_at=now,
        )
        return made

    yield begin
    stop()


async def test_it_goes_on_through_the_jump_host_that_took_the_place_of_a_lost_one(
    machine: Instance, member: User, jumps: Jump, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(room, "_AGAIN", (0.2,))
    first = await sync_to_async(jumps)()
    async with ShellPage(await browser(member), machine, keep="auto") as page:
        assert (await page.until("open"))["kept"] == "tmux"
        await page.run("marker=kept; echo set-$((1+1))", b"set-2")
        # Another machine, with another key on another port: what was known of the way no longer holds.
        second = await sync_to_async(jumps)()
        assert second.pk != first.pk
        assert "lost" in (await page.until("lost"))["words"]
        opened = await page.until("open")
        assert (opened["reset"], opened["session"]) == (True, page.session)
        await page.run("echo back-$marker", b"back-kept")
    row = await RemoteSession.objects.aget(pk=page.session)
    assert row.ended_at is None


async def test_while_there_is_none_it_waits_and_tries_again(
    machine: Instance, member: User, jumps: Jump, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(room, "_AGAIN", (0.2,))
    await sync_to_async(jumps)()
    async with ShellPage(await browser(member), machine, keep="auto") as page:
        await page.run("marker=kept; echo set-$((1+1))", b"set-2")
        await JumpHost.objects.all().adelete()
        # The old one ends only as the next begins: until then the connection stands.
        await page.run("echo still-$((1+2))", b"still-3")
        await sync_to_async(jumps)()
        await page.until("open")
        await page.run("echo back-$marker", b"back-kept")
