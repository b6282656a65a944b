"""A shell from the click to its end, on OpenSSH's own sshd."""

import asyncio
from datetime import timedelta

import pytest
from asgiref.sync import sync_to_async
from django.utils import timezone

from instances.models import Instance
from instances.remote import limits, opening, terminal
from instances.remote.models import RemoteSession
from portal.accounts.models import User
from portal.core.models import AuditEvent
from tests.instances.remote.pages import Refused, ShellPage, browser, eventually
from tests.instances.remote.sshd import Sshd


async def row_of(page: ShellPage) -> RemoteSession:
    return await RemoteSession.objects.aget(pk=page.session)


async def ended(page: ShellPage) -> str:
    """The reason that was written down."""

    def look() -> str:
        return RemoteSession.objects.get(pk=page.session).end_reason

    return str(await eventually(look))


async def test_a_shell_opens_types_and_is_left(machine: Instance, member: User, sshd: Sshd) -> None:
    async with ShellPage(await browser(member), machine) as page:
        opened = await page.until("open")
        assert (opened["login"], opened["name"], opened["mode"]) == (sshd.login, machine.name, "own")
        await page.run("echo $((40+2))-$TERM-$COLORTERM", b"42-xterm-256color-truecolor")
        await page.socket.type(b"exit\r")
        end = await page.until("end")
        assert end["reason"] == "exited"
    assert await ended(page) == "exited"
    row = await row_of(page)
    assert row.started_at and row.ended_at and row.bytes_in >= 30 and row.bytes_out > 30
    assert row.source == "127.0.0.1" and row.login == sshd.login
    assert await AuditEvent.objects.filter(action="remote.opened", target_id=str(machine.pk)).acount() == 1


async def test_the_window_of_the_page_is_the_terminals(machine: Instance, member: User) -> None:
    async with ShellPage(await browser(member), machine, cols=111, rows=37) as page:
        await page.run("stty size", b"37 111")
        await page.socket.say(t="size", cols=90, rows=20)
        await page.run("stty size", b"20 90")


async def test_a_page_that_comes_back_finds_the_same_shell(machine: Instance, member: User) -> None:
    person = await browser(member)
    async with ShellPage(person, machine) as first:
        await first.run("marker=here; echo ready-$marker", b"ready-here")
        seen = first.offset
    again = ShellPage(person, machine, have=seen)
    again.resume = first.session
    async with again:
        opened = await again.until("open")
        assert (opened["session"], opened["offset"], opened["reset"]) == (first.session, seen, False)
        await again.run("echo still-$marker", b"still-here")


async def test_a_page_that_knows_nothing_is_shown_the_last_of_it(machine: Instance, member: User) -> None:
    person = await browser(member)
    async with ShellPage(person, machine) as first:
        await first.run("echo long-ago", b"long-ago")
    again = ShellPage(person, machine)
    again.resume = first.session
    async with again:
        await again.sees(b"long-ago")


async def test_opening_it_in_another_place_sends_the_first_page_away(machine: Instance, member: User) -> None:
    async with ShellPage(await browser(member), machine) as first:
        await first.until("open")
        second = ShellPage(await browser(member), machine)
        second.resume = first.session
        async with second:
            assert (await first.until("end"))["reason"] == "moved"
            await second.run("echo only-here", b"only-here")
    assert (await row_of(first)).ended_at is None


async def test_nobody_else_takes_up_a_session(machine: Instance, member: User, pi: User) -> None:
    async with ShellPage(await browser(member), machine) as page:
        await page.until("open")
        other = await browser(pi)
        with pytest.raises(Refused) as refused:
            await sync_to_async(other.ask)(machine, resume=page.session)
        assert refused.value.status == 404


async def test_a_session_that_nobody_comes_back_to_ends(
    machine: Instance, member: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    short = limits.remote().model_copy(update={"grace_minutes": 0.005})
    monkeypatch.setattr(limits, "remote", lambda: short)
    async with ShellPage(await browser(member), machine) as page:
        await page.until("open")
    assert await ended(page) == "grace-over"


async def test_it_ends_when_its_owner_or_the_pi_says_so(machine: Instance, member: User, pi: User) -> None:
    async with ShellPage(await browser(member), machine) as page:
        await page.until("open")
        other = await browser(pi)
        response = await sync_to_async(other.client.post)(f"/remote/{page.session}/end/")
        assert response.status_code == 302
        assert (await page.until("end"))["reason"] == "ended"
    row = await row_of(page)
    assert (row.end_reason, row.ended_by_id) == ("ended", pi.pk)


async def test_signing_out_ends_it_at_once(machine: Instance, member: User) -> None:
    person = await browser(member)
    async with ShellPage(person, machine) as page:
        await page.until("open")
        await sync_to_async(person.client.post)("/accounts/logout/")
        end = await page.until("end", seconds=3)
        assert end["reason"] == "signed-out"
        assert (await page.until("closed"))["code"] == 4401


async def test_signing_out_elsewhere_leaves_it(machine: Instance, member: User) -> None:
    async with ShellPage(await browser(member), machine) as page:
        await page.until("open")
        other = await browser(member)
        await sync_to_async(other.client.post)("/accounts/logout/")
        await page.run("echo still-here", b"still-here")


async def test_ctrl_c_acts_in_a_flood_that_the_page_hardly_reads(machine: Instance, member: User) -> None:
    async with ShellPage(await browser(member), machine) as page:
        await page.run("echo ready", b"ready")
        page.acks = False
        await page.socket.type(b"cat /dev/zero | tr '\\0' x\r")
        while page.offset < limits.WINDOW_BYTES:
            await page.hear()
        while not await page.nothing(0.5):
            await page.hear()
            assert page.offset < 2 * limits.WINDOW_BYTES, "unread output was sent on without end"
        page.acks = True
        await page.socket.type(b"\x03")
        await page.socket.say(t="ack", n=page.offset)
        page.forget()
        started = asyncio.get_running_loop().time()
        await page.sees(b"^C", seconds=5)
        await page.socket.type(b"echo back-$((1+1))\r")
        await page.sees(b"back-2", seconds=5)
        assert asyncio.get_running_loop().time() - started < 2


async def test_a_page_that_acknowledges_what_it_never_got_is_not_believed(
    machine: Instance, member: User
) -> None:
    async with ShellPage(await browser(member), machine) as page:
        await page.run("echo ready", b"ready")
        page.acks = False
        await page.socket.say(t="ack", n=10**12)
        await page.socket.type(b"yes\r")
        while page.offset < limits.WINDOW_BYTES:
            await page.hear()
        while not await page.nothing(0.5):
            await page.hear()
            assert page.offset < 2 * limits.WINDOW_BYTES


async def test_an_idle_shell_ends(machine: Instance, member: User, monkeypatch: pytest.MonkeyPatch) -> None:
    short = limits.remote().model_copy(update={"idle_minutes": 0.001})
    monkeypatch.setattr(limits, "remote", lambda: short)
    monkeypatch.setattr(limits, "RECHECK_SECONDS", 0.3)
    async with ShellPage(await browser(member), machine) as page:
        assert (await page.until("end"))["reason"] == "idle"


async def test_none_lasts_longer_than_the_portal_lets_it(
    machine: Instance, member: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "RECHECK_SECONDS", 0.3)
    async with ShellPage(await browser(member), machine) as page:
        await page.until("open")
        old = timezone.now() - timedelta(hours=limits.remote().hard_hours + 1)
        await RemoteSession.objects.filter(pk=page.session).aupdate(asked_at=old)
        assert (await page.until("end"))["reason"] == "too-long"


async def test_a_machine_that_is_shelved_ends_it(
    machine: Instance, member: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "RECHECK_SECONDS", 0.3)
    async with ShellPage(await browser(member), machine) as page:
        await page.until("open")
        await Instance.objects.filter(pk=machine.pk).aupdate(status="SHELVED_OFFLOADED")
        assert (await page.until("end"))["reason"] == "machine-gone"


async def test_a_machine_that_never_gives_a_prompt_is_told(
    machine: Instance, member: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(terminal, "PROMPT_SECONDS", 0.3)
    monkeypatch.setattr(terminal, "command", lambda session_id, keep: "sleep 60")
    async with ShellPage(await browser(member), machine) as page:
        assert (await page.until("problem"))["id"] == "remote:no-prompt"
    assert await ended(page) == "failed"


async def test_what_is_typed_ahead_arrives_but_not_without_end(machine: Instance, member: User) -> None:
    async with ShellPage(await browser(member), machine) as page:
        await page.socket.type(b"echo typed-$((20+1))\r")
        await page.socket.type(b"x" * 5000)
        await page.until("open")
        await page.sees(b"typed-21")
        await page.run("echo fine", b"fine")
        assert b"xxx" not in page.output


async def test_nobody_may_have_more_than_the_portal_allows(
    machine: Instance, member: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    few = limits.remote().model_copy(update={"most_per_person": 1})
    monkeypatch.setattr(limits, "remote", lambda: few)
    person = await browser(member)
    async with ShellPage(person, machine) as page:
        await page.until("open")
        with pytest.raises(Refused) as refused:
            await sync_to_async(person.ask)(machine)
        assert (refused.value.status, refused.value.problem["id"]) == (429, "remote:too-many")


async def test_what_nobody_is_on_makes_room_the_one_left_first_before_the_others(
    machine: Instance, member: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    few = limits.remote().model_copy(update={"most_per_person": 2})
    monkeypatch.setattr(limits, "remote", lambda: few)
    person = await browser(member)
    left = []
    for _ in range(2):
        async with ShellPage(person, machine) as page:
            await page.until("open")
        left.append(page)
        assert await eventually(lambda page=page: RemoteSession.objects.get(pk=page.session).away_since)
    async with ShellPage(person, machine) as third:
        await third.until("open")
        assert await ended(left[0]) == "made-room"
        assert (await row_of(left[1])).ended_at is None
        again = ShellPage(person, machine)
        again.resume = left[1].session
        async with again:
            await again.until("open")
            assert (await row_of(again)).away_since is None
            with pytest.raises(Refused):
                await sync_to_async(person.ask)(machine)


async def test_a_session_whose_process_died_is_ended_by_the_sweep(machine: Instance, member: User) -> None:
    from instances.remote import sessions

    person = await browser(member)
    given = await sync_to_async(person.ask)(machine)
    old = timezone.now() - sessions.SILENT - sessions.SILENT
    rows = RemoteSession.objects.filter(pk=given["session"])
    assert await sync_to_async(sessions.sweep)() == 0
    await rows.aupdate(asked_at=old)
    assert await sync_to_async(sessions.sweep)() == 1
    assert (await rows.aget()).end_reason == "never-came"
    row = await rows.aget()
    assert opening.socket_path(row) == "/ws/remote/shell/"
