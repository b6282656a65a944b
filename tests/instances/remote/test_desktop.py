"""A desktop between a page and the screen of a machine, over OpenSSH's own sshd."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.utils import timezone

from instances.models import Instance
from instances.remote import dialing, limits, link, screen
from instances.remote.models import Mode, RemoteSession, Share, Visit
from portal.accounts.models import User
from portal.core.models import AuditEvent
from tests.instances.remote.pages import browser, eventually
from tests.instances.remote.screens import DesktopPage, hello, vnc_server

KEY = bytes([4, 1, 0, 0, 0, 0, 0, 0x61])
REFRESH = bytes([3, 1, 0, 0, 0, 0, 0, 4, 0, 3])


@pytest.fixture
def socket(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "vnc"
    monkeypatch.setattr(screen, "SOCKET", str(path))
    monkeypatch.setattr(screen, "PAUSE_SECONDS", 0.05)
    return path


class Heard:
    """A screen that keeps what it was sent after the greeting."""

    def __init__(self) -> None:
        self.data = b""
        self.connections = 0

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        await hello(reader, writer)
        while data := await reader.read(4096):
            self.data += data

    async def has(self, data: bytes) -> bool:
        return bool(await eventually(lambda: data in self.data))


async def row_of(page: DesktopPage) -> RemoteSession:
    return await RemoteSession.objects.aget(pk=page.session)


async def reason_of(page: DesktopPage) -> str:
    return str(await eventually(lambda: RemoteSession.objects.get(pk=page.session).end_reason))


async def told(page: DesktopPage) -> dict[str, Any]:
    """What the page fetches when its socket has closed."""
    answer = await sync_to_async(page.owner.client.get)(f"/remote/{page.session}/")
    found: dict[str, Any] = answer.json()
    return found


async def test_a_screen_is_shown_and_typed_to_and_what_happened_is_written_down(
    machine: Instance, member: User, socket: Path
) -> None:
    heard = Heard()
    async with vnc_server(socket, heard), DesktopPage(await browser(member), machine) as page:
        await page.greet()
        assert (page.size, page.name) == ((4, 3), b"Desk")
        await page.send(REFRESH + KEY)
        assert await heard.has(REFRESH + KEY)
        row = await row_of(page)
        assert row.started_at and row.ended_at is None
    assert await reason_of(page) == "closed"
    row = await row_of(page)
    assert (row.kind, row.bytes_in, row.bytes_out) == ("desktop", 14 + 18, 12 + 2 + 4 + 24 + 4)


async def test_a_page_whose_line_broke_takes_its_session_up_again(
    machine: Instance, member: User, socket: Path
) -> None:
    owner = await browser(member)
    async with vnc_server(socket, Heard()):
        first = DesktopPage(owner, machine)
        async with first:
            await first.greet()
            first.code = 1006
        assert await reason_of(first) == "link-lost"
        given = await sync_to_async(owner.ask)(machine, kind="desktop", resume=first.session)
        async with DesktopPage(owner, machine, given=given) as again:
            await again.greet()
            assert again.session == first.session
            assert (await row_of(again)).ended_at is None


async def test_a_desktop_that_somebody_logs_out_of_is_told_apart_from_a_lost_line(
    machine: Instance, member: User, socket: Path
) -> None:
    async with vnc_server(socket, hello), DesktopPage(await browser(member), machine) as page:
        await page.greet()
        assert await page.closed() == (4408, "desktop-ended")


async def test_a_connection_to_the_machine_that_breaks_ends_it_as_lost(
    machine: Instance, member: User, socket: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[link.Link] = []
    connect = dialing.connect

    async def noting(*given: Any, **more: Any) -> link.Link:
        made.append(await connect(*given, **more))
        return made[-1]

    monkeypatch.setattr("instances.remote.links.connect", noting)
    async with vnc_server(socket, Heard()), DesktopPage(await browser(member), machine) as page:
        await page.greet()
        made[0].conn.abort()
        assert await page.closed() == (4408, "link-lost")


class TestNoScreen:
    @pytest.fixture
    def unit(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[[bytes], int]:
        """What the machine's systemctl says of the desktop."""
        said = tmp_path / "said"
        said.write_bytes(b"LoadState=not-found\nActiveState=inactive\n")
        monkeypatch.setattr(screen, "_LOOK", f"cat {said}")
        return said.write_bytes

    async def problem(self, machine: Instance, member: User) -> dict[str, Any]:
        async with DesktopPage(await browser(member), machine) as page:
            assert await page.closed() == (1000, "failed")
        assert await reason_of(page) == "failed"
        found: dict[str, Any] = (await told(page))["problem"]
        return found

    async def test_a_machine_without_one_says_so_and_offers_a_shell(
        self, machine: Instance, member: User, socket: Path, unit: Callable[[bytes], int]
    ) -> None:
        found = await self.problem(machine, member)
        assert found["id"] == "remote:no-desktop" and machine.name in found["what"]
        assert [one["url"] for one in found["repairs"]] == [f"/instances/{machine.pk}/shell/"]

    @pytest.mark.parametrize("status", ["waiting", "starting", "running"])
    async def test_one_that_is_being_set_up_is_waited_for(
        self, machine: Instance, member: User, socket: Path, unit: Callable[[bytes], int], status: str
    ) -> None:
        await Instance.objects.filter(pk=machine.pk).aupdate(setup_status=status)
        found = await self.problem(machine, member)
        assert found["id"] == "remote:desktop-setting-up" and "3 to 8 minutes" in found["what"]
        assert found["retry_after"] == screen.RETRY_SECONDS

    async def test_one_whose_set_up_failed_is_said_to_be_so(
        self, machine: Instance, member: User, socket: Path, unit: Callable[[bytes], int]
    ) -> None:
        await Instance.objects.filter(pk=machine.pk).aupdate(setup_status="error")
        assert (await self.problem(machine, member))["id"] == "remote:desktop-not-installed"

    async def test_one_that_is_stopped_can_be_started_again(
        self, machine: Instance, member: User, socket: Path, unit: Callable[[bytes], int]
    ) -> None:
        unit(b"LoadState=loaded\nActiveState=failed\n")
        found = await self.problem(machine, member)
        assert found["id"] == "remote:desktop-down"
        assert found["repairs"][0]["url"] == f"/instances/{machine.pk}/desktop/?restart"

    async def test_one_that_is_coming_up_is_reached_as_soon_as_it_is_there(
        self, machine: Instance, member: User, socket: Path, unit: Callable[[bytes], int]
    ) -> None:
        unit(b"LoadState=loaded\nActiveState=activating\n")
        async with DesktopPage(await browser(member), machine) as page:
            await asyncio.sleep(0.1)
            async with vnc_server(socket, hello):
                await page.greet()

    async def test_one_that_never_comes_up_is_given_up(
        self, machine: Instance, member: User, socket: Path, unit: Callable[[bytes], int]
    ) -> None:
        unit(b"LoadState=loaded\nActiveState=activating\n")
        found = await self.problem(machine, member)
        assert found["id"] == "remote:desktop-starting" and found["retry_after"] == screen.RETRY_SECONDS

    async def test_an_ssh_server_that_forwards_no_sockets_is_named(
        self, machine: Instance, member: User, socket: Path, unit: Callable[[bytes], int]
    ) -> None:
        unit(b"LoadState=loaded\nActiveState=active\nSocket=there\n")
        found = await self.problem(machine, member)
        assert found["id"] == "remote:desktop-forwarding"
        assert "AllowStreamLocalForwarding" in found["todo"]

    async def test_nonsense_from_the_machine_is_no_more_than_that(
        self, machine: Instance, member: User, socket: Path, unit: Callable[[bytes], int]
    ) -> None:
        unit(b"\xff\x00LoadState\n=\n<script>=1\n" * 50)
        assert (await self.problem(machine, member))["id"] == "remote:no-desktop"


class TestRestart:
    @pytest.fixture
    def restarts(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[[], str]:
        noted = tmp_path / "restarted"
        noted.touch()
        monkeypatch.setattr(screen, "_RESTART", f"echo again >> {noted}")
        return noted.read_text

    async def test_the_owner_starts_it_again_and_then_sees_it(
        self, machine: Instance, member: User, socket: Path, restarts: Callable[[], str]
    ) -> None:
        async with vnc_server(socket, hello):
            page = DesktopPage(await browser(member), machine, query=b"restart=1")
            async with page:
                await page.greet()
        assert restarts() == "again\n"
        events = AuditEvent.objects.filter(action="remote.desktop_restarted", target_id=str(machine.pk))
        assert await events.acount() == 1

    async def test_unasked_it_is_left_alone(
        self, machine: Instance, member: User, socket: Path, restarts: Callable[[], str]
    ) -> None:
        async with vnc_server(socket, hello), DesktopPage(await browser(member), machine) as page:
            await page.greet()
        assert restarts() == ""

    async def test_a_machine_that_refuses_says_why(
        self, machine: Instance, member: User, socket: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(screen, "_RESTART", "echo 'a password is required' >&2; exit 1")
        page = DesktopPage(await browser(member), machine, query=b"restart=1")
        async with page:
            assert await page.closed() == (1000, "failed")
        found = (await told(page))["problem"]
        assert (found["id"], found["detail"]) == ("remote:desktop-restart", "a password is required ")


async def joined(
    machine: Instance, session: str, guest: User, mode: str
) -> tuple[Share, dict[str, Any], Any]:
    """A guest's browser, and the ticket that an invitation gives it."""
    owner = await sync_to_async(lambda: RemoteSession.objects.get(pk=session).person)()
    share = await Share.objects.acreate(
        session_id=session, mode=mode, invited=guest, created_by=owner, created_at=timezone.now()
    )
    page = await browser(guest)
    answer = await sync_to_async(page.client.post)(f"/remote/join/{share.pk}/open/")
    return share, answer.json(), page


class TestShared:
    async def test_who_looks_on_sees_the_screen_and_is_heard_by_nobody(
        self, machine: Instance, member: User, colleague: User, socket: Path
    ) -> None:
        heard = Heard()
        async with vnc_server(socket, heard), DesktopPage(await browser(member), machine) as own:
            await own.greet()
            _, given, page = await joined(machine, own.session, colleague, Mode.VIEW)
            async with DesktopPage(page, machine, given=given) as guest:
                await guest.greet()
                await guest.send(KEY + REFRESH)
                assert await heard.has(REFRESH) and KEY not in heard.data
                await own.send(KEY)
                assert await heard.has(KEY)
                assert heard.connections == 2
            visit = await Visit.objects.aget(session__pk=own.session)
            assert visit.person_id == colleague.pk and visit.left_at
            assert (await row_of(own)).ended_at is None

    async def test_who_may_type_does(
        self, machine: Instance, member: User, colleague: User, socket: Path
    ) -> None:
        heard = Heard()
        async with vnc_server(socket, heard), DesktopPage(await browser(member), machine) as own:
            await own.greet()
            _, given, page = await joined(machine, own.session, colleague, Mode.TYPE)
            async with DesktopPage(page, machine, given=given) as guest:
                await guest.greet()
                await guest.send(KEY)
                assert await heard.has(KEY)

    async def test_who_looks_on_and_sends_what_no_viewer_sends_is_shown_out(
        self, machine: Instance, member: User, colleague: User, socket: Path
    ) -> None:
        async with vnc_server(socket, Heard()), DesktopPage(await browser(member), machine) as own:
            await own.greet()
            _, given, page = await joined(machine, own.session, colleague, Mode.VIEW)
            async with DesktopPage(page, machine, given=given) as guest:
                await guest.greet()
                await guest.send(b"\xfe\x00")
                assert await guest.closed() == (4403, "not-vnc")
            await own.send(REFRESH)

    async def test_a_mode_that_is_changed_brings_the_page_back_with_the_new_one(
        self, machine: Instance, member: User, colleague: User, socket: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(limits, "RECHECK_SECONDS", 0.1)
        async with vnc_server(socket, Heard()), DesktopPage(await browser(member), machine) as own:
            await own.greet()
            share, given, page = await joined(machine, own.session, colleague, Mode.TYPE)
            async with DesktopPage(page, machine, given=given) as guest:
                await guest.greet()
                await Visit.objects.filter(share=share).aupdate(mode=Mode.VIEW)
                assert await guest.closed() == (4408, "mode-changed")

    async def test_the_end_of_the_sharing_ends_the_visit_and_not_the_desktop(
        self, machine: Instance, member: User, colleague: User, socket: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(limits, "RECHECK_SECONDS", 0.1)
        async with vnc_server(socket, Heard()), DesktopPage(await browser(member), machine) as own:
            await own.greet()
            share, given, page = await joined(machine, own.session, colleague, Mode.VIEW)
            async with DesktopPage(page, machine, given=given) as guest:
                await guest.greet()
                await Share.objects.filter(pk=share.pk).aupdate(ended_at=timezone.now())
                assert await guest.closed() == (4403, "share-ended")
            assert (await row_of(own)).ended_at is None

    async def test_who_joins_cannot_start_the_desktop_again(
        self, machine: Instance, member: User, colleague: User, socket: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(screen, "_RESTART", "exit 9")
        async with vnc_server(socket, Heard()), DesktopPage(await browser(member), machine) as own:
            await own.greet()
            _, given, page = await joined(machine, own.session, colleague, Mode.TYPE)
            async with DesktopPage(page, machine, given=given, query=b"restart=1") as guest:
                await guest.greet()


class TestEnds:
    async def test_signing_out_closes_it_at_once(self, machine: Instance, member: User, socket: Path) -> None:
        owner = await browser(member)
        async with vnc_server(socket, Heard()), DesktopPage(owner, machine) as page:
            await page.greet()
            await sync_to_async(owner.client.post)("/accounts/logout/")
            assert (await page.closed(seconds=5))[0] == 4401

    async def test_ended_from_the_portal_it_closes_at_once(
        self, machine: Instance, member: User, socket: Path
    ) -> None:
        owner = await browser(member)
        async with vnc_server(socket, Heard()), DesktopPage(owner, machine) as page:
            await page.greet()
            await sync_to_async(owner.client.post)(f"/remote/{page.session}/end/")
            assert await page.closed(seconds=5) == (1000, "closed")

    async def test_looking_alone_does_not_keep_it_from_being_idle(
        self, machine: Instance, member: User, socket: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        short = limits.remote().model_copy(update={"idle_minutes": 0.5 / 60})
        monkeypatch.setattr(limits, "remote", lambda: short)
        monkeypatch.setattr(limits, "RECHECK_SECONDS", 0.1)
        async with vnc_server(socket, Heard()), DesktopPage(await browser(member), machine) as page:
            await page.greet()
            for _ in range(8):
                await page.send(KEY)
                await asyncio.sleep(0.1)
            assert (await row_of(page)).ended_at is None
            await page.send(REFRESH)
            assert await page.closed(seconds=5) == (1000, "idle")

    async def test_a_screen_that_floods_waits_for_the_page(
        self, machine: Instance, member: User, socket: Path
    ) -> None:
        sent = 0

        async def flood(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            nonlocal sent
            while True:
                writer.write(bytes(65_536))
                await writer.drain()
                sent += 65_536

        # In this test's own process an unread message is as good as a page that is slow: it is asked for one by one.
        async with vnc_server(socket, flood), DesktopPage(await browser(member), machine) as page:
            assert await page.read(200_000) == bytes(200_000)
            assert sent >= 200_000

    async def test_words_where_bytes_belong_end_it(
        self, machine: Instance, member: User, socket: Path
    ) -> None:
        async with vnc_server(socket, Heard()), DesktopPage(await browser(member), machine) as page:
            await page.greet()
            await page.socket.say(t="start")
            assert await page.closed() == (4403, "not-vnc")
