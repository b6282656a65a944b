"""A shell that outlives its connection: tmux on the machine keeps it, and the portal comes back to it."""

import os
import shutil
import subprocess
from collections.abc import Iterator

import pytest
from asgiref.sync import sync_to_async

from instances.models import Instance
from instances.remote import limits, room, rooms
from instances.remote.links import links
from instances.remote.models import RemoteSession
from portal.accounts.models import User
from tests.instances.remote.pages import Refused, ShellPage, browser, eventually
from tests.instances.remote.sshd import Sshd

TMUX = shutil.which("tmux")
pytestmark = pytest.mark.skipif(TMUX is None, reason="no tmux here: apt-get install tmux")


def tmux(sshd: Sshd, command: str) -> str:
    """What the machine's own tmux says."""
    words = [str(TMUX), "-L", "heliosphere", command]
    env = {**os.environ, "TMUX_TMPDIR": str(sshd.etc.parent)}
    return subprocess.run(words, env=env, capture_output=True, check=False, text=True).stdout


@pytest.fixture(autouse=True)
def no_tmux_left(sshd: Sshd) -> Iterator[None]:
    yield
    tmux(sshd, "kill-server")


def cut(page: ShellPage) -> None:
    """The network between the portal and the machine breaks."""
    held = rooms.find(page.session)
    assert held is not None
    for shared in links()._shared.values():
        for link in shared.users:
            link.conn.abort()


async def test_tmux_keeps_the_shell_where_it_is(machine: Instance, member: User, sshd: Sshd) -> None:
    async with ShellPage(await browser(member), machine, keep="auto") as page:
        assert (await page.until("open"))["kept"] == "tmux"
        await page.run("echo $TERM-$((40+2))", b"-42")
        assert f"helio-{page.session.replace('-', '')}" in await sync_to_async(tmux)(sshd, "ls")


async def test_a_lost_connection_is_made_again_into_the_same_shell(
    machine: Instance, member: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(room, "_AGAIN", (0.1,))
    async with ShellPage(await browser(member), machine, keep="auto") as page:
        await page.run("marker=kept; echo set-$((1+1))", b"set-2")
        cut(page)
        assert "lost" in (await page.until("lost"))["words"]
        opened = await page.until("open")
        assert (opened["reset"], opened["session"]) == (True, page.session)
        await page.run("echo back-$marker", b"back-kept")
    row = await RemoteSession.objects.aget(pk=page.session)
    assert row.ended_at is None


async def test_without_tmux_a_lost_connection_ends_it_and_says_so(machine: Instance, member: User) -> None:
    async with ShellPage(await browser(member), machine, keep="portal") as page:
        await page.run("echo here-$((1+1))", b"here-2")
        cut(page)
        end = await page.until("end")
        assert (end["reason"], end["again"]) == ("link-lost", True)


async def test_a_shell_is_found_again_when_the_process_that_held_it_has_died(
    machine: Instance, member: User
) -> None:
    person = await browser(member)
    first = ShellPage(person, machine, keep="auto")
    async with first:
        await first.run("marker=survived; echo set-$((1+1))", b"set-2")
        held = rooms.find(first.session)
        assert held is not None and held.task is not None
        held.task.cancel()
        await first.until("end")
    again = ShellPage(person, machine, keep="auto")
    again.resume = first.session
    async with again:
        await again.until("open")
        await again.run("echo still-$marker", b"still-survived")
        assert "notice" in again.said
    assert await sync_to_async(RemoteSession.objects.count)() == 1


async def test_who_slept_for_longer_than_the_portal_waits_finds_the_shell_all_the_same(
    machine: Instance, member: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    short = limits.remote().model_copy(update={"grace_minutes": 0.002})
    monkeypatch.setattr(limits, "remote", lambda: short)
    person = await browser(member)
    first = ShellPage(person, machine, keep="auto")
    async with first:
        await first.run("marker=dreamt; echo set-$((1+1))", b"set-2")

    def over() -> bool:
        return RemoteSession.objects.get(pk=first.session).end_reason == "grace-over"

    assert await eventually(over)
    again = ShellPage(person, machine, keep="auto")
    again.resume = first.session
    async with again:
        await again.run("echo still-$marker", b"still-dreamt")


async def test_a_shell_that_is_ended_is_not_left_running_on_the_machine(
    machine: Instance, member: User, sshd: Sshd
) -> None:
    person = await browser(member)
    async with ShellPage(person, machine, keep="auto") as page:
        await page.run("echo ready-$((1+1))", b"ready-2")
        assert page.session.replace("-", "") in await sync_to_async(tmux)(sshd, "ls")
        await sync_to_async(person.client.post)(f"/remote/{page.session}/end/")
        assert (await page.until("end"))["reason"] == "closed"
    assert page.session.replace("-", "") not in await sync_to_async(tmux)(sshd, "ls")
    with pytest.raises(Refused):
        await sync_to_async(person.ask)(machine, resume=page.session)


async def test_leaving_the_shell_in_tmux_ends_the_session(machine: Instance, member: User) -> None:
    async with ShellPage(await browser(member), machine, keep="auto") as page:
        await page.run("echo ready-$((1+1))", b"ready-2")
        await page.socket.type(b"exit\r")
        assert (await page.until("end"))["reason"] == "exited"


async def test_a_shell_that_cannot_be_reached_again_is_given_up(
    machine: Instance, member: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(room, "_AGAIN", (0.05,))
    async with ShellPage(await browser(member), machine, keep="auto") as page:
        await page.run("echo ready-$((1+1))", b"ready-2")
        short = limits.remote().model_copy(update={"grace_minutes": 0.005})
        monkeypatch.setattr(limits, "remote", lambda: short)

        async def unreachable(*args: object, **more: object) -> None:
            from portal.core.errors import PortalError

            raise PortalError("remote:timeout", outcome="retry")

        monkeypatch.setattr("instances.remote.links.connect", unreachable)
        cut(page)
        assert (await page.until("end"))["reason"] == "link-lost"
