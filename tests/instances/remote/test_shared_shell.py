"""Two people on one shell, on OpenSSH's own sshd: what a guest sees, may do, and how it ends for them."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.utils import timezone
from pytest_django import Settings

from instances.models import Instance
from instances.remote import recordings, sharing
from instances.remote.models import Recording, RemoteSession, Share, Visit
from portal.accounts.models import User
from tests.instances.remote.pages import Browser, ShellPage, browser, eventually

AT_ONCE = 3.0


@pytest.fixture(autouse=True)
def folder(settings: Settings, tmp_path: Path) -> Iterator[Path]:
    settings.RECORDINGS_DIR = tmp_path / "recordings"
    yield settings.RECORDINGS_DIR


class Guest(ShellPage):
    """The page of somebody who joins: it asks with the invitation."""

    def __init__(self, owner: Browser, share: Share, **start: Any) -> None:
        super().__init__(owner, share.session.instance, **start)
        self.share = share

    async def __aenter__(self) -> "Guest":
        answer = await sync_to_async(self.owner.client.post)(f"/remote/join/{self.share.pk}/open/")
        assert answer.status_code == 200, answer.content
        await self.connect(answer.json())
        return self


async def shared(page: ShellPage, invited: User | None, mode: str = "view") -> Share:
    def invite() -> Share:
        session = RemoteSession.objects.select_related("instance", "person").get(pk=page.session)
        return sharing.invite(by=session.person, session=session, invited=invited, mode=mode)

    return await sync_to_async(invite)()


async def names_on(page: ShellPage, count: int) -> dict[str, str]:
    """Until so many are on it: their names and what they may do."""
    while True:
        who = (await page.until("who"))["who"]
        if len(who) == count:
            return {one["name"]: one["mode"] for one in who}


async def test_a_guest_sees_what_was_and_what_comes_and_types_nothing(
    machine: Instance, member: User, stranger: User
) -> None:
    async with ShellPage(await browser(member), machine) as page:
        await page.run("echo before-$((1+1))", b"before-2")
        async with Guest(await browser(stranger), await shared(page, stranger)) as guest:
            opened = await guest.until("open")
            assert (opened["mode"], opened["session"]) == ("view", page.session)
            await guest.sees(b"before-2")
            assert await names_on(page, 2) == {str(member): "own", str(stranger): "view"}
            await page.run("echo after-$((2+2))", b"after-4")
            await guest.sees(b"after-4")
            page.forget()
            await guest.socket.type(b"echo intruded-$((3+3))\r")
            await page.run("echo clean-$((1+1))", b"clean-2")
            assert b"intruded" not in page.output


async def test_the_owner_lets_a_guest_type_and_takes_it_back(
    machine: Instance, member: User, stranger: User
) -> None:
    async with ShellPage(await browser(member), machine) as page:
        await page.until("open")
        share = await shared(page, stranger)
        async with Guest(await browser(stranger), share) as guest:
            await guest.until("open")
            await sync_to_async(sharing.set_mode)(by=member, share=share, mode="type")
            assert (await guest.until("mode", seconds=AT_ONCE))["mode"] == "type"
            await guest.run("echo typed-$((1+1))", b"typed-2")
            await page.sees(b"typed-2")
            await sync_to_async(sharing.set_mode)(by=member, share=share, mode="view")
            assert (await guest.until("mode", seconds=AT_ONCE))["mode"] == "view"
            await guest.socket.type(b"echo late-$((1+1))\r")
            await page.run("echo mine-$((1+1))", b"mine-2")
            await guest.sees(b"mine-2")
            assert b"late" not in guest.output


async def test_all_guests_leave_at_once_and_the_owner_stays(
    machine: Instance, member: User, stranger: User, pi: User
) -> None:
    async with ShellPage(await browser(member), machine) as page:
        await page.until("open")
        by_name, by_right = await shared(page, stranger, "type"), await shared(page, None)
        async with (
            Guest(await browser(stranger), by_name) as first,
            Guest(await browser(pi), by_right) as second,
        ):
            await first.until("open")
            await second.until("open")
            session = await RemoteSession.objects.select_related("instance").aget(pk=page.session)
            await sync_to_async(sharing.end_all)(by=member, session=session)
            for guest in (first, second):
                assert (await guest.until("end", seconds=AT_ONCE))["reason"] == "share-ended"
                assert (await guest.until("closed"))["code"] == 4403
        await page.run("echo alone", b"alone")
        left = [one async for one in Visit.objects.values_list("left_reason", flat=True)]
        assert left == ["share-ended", "share-ended"]


async def test_guests_leave_when_the_shell_ends(machine: Instance, member: User, stranger: User) -> None:
    async with ShellPage(await browser(member), machine) as page:
        await page.until("open")
        async with Guest(await browser(stranger), await shared(page, stranger)) as guest:
            await guest.until("open")
            await page.socket.type(b"exit\r")
            assert (await guest.until("end"))["reason"] == "exited"
    assert await eventually(lambda: not Visit.objects.filter(left_at=None).exists())


async def test_a_guest_who_signs_out_leaves_and_nobody_else(
    machine: Instance, member: User, stranger: User
) -> None:
    async with ShellPage(await browser(member), machine) as page:
        await page.until("open")
        person = await browser(stranger)
        async with Guest(person, await shared(page, stranger)) as guest:
            await guest.until("open")
            await sync_to_async(person.client.post)("/accounts/logout/")
            assert (await guest.until("end", seconds=AT_ONCE))["reason"] == "signed-out"
        await page.run("echo still", b"still")


async def test_a_used_ticket_or_that_of_an_ended_share_opens_nothing(
    machine: Instance, member: User, stranger: User
) -> None:
    async with ShellPage(await browser(member), machine) as page:
        await page.until("open")
        share = await shared(page, stranger)
        person = await browser(stranger)
        given = (await sync_to_async(person.client.post)(f"/remote/join/{share.pk}/open/")).json()
        await sync_to_async(sharing.end)(by=member, share=share)
        guest = Guest(person, share)
        await guest.connect(given)
        assert (await guest.until("problem"))["id"] == "remote:share-over"
        await guest.socket.leave()
        assert not await Visit.objects.aexists()


async def test_the_size_of_a_guests_window_does_not_change_the_owners(
    machine: Instance, member: User, stranger: User
) -> None:
    async with ShellPage(await browser(member), machine, cols=100, rows=30) as page:
        await page.until("open")
        async with Guest(
            await browser(stranger), await shared(page, stranger, "type"), cols=40, rows=10
        ) as guest:
            size = await guest.until("size")
            assert (size["cols"], size["rows"]) == (100, 30)
            await guest.socket.say(t="size", cols=20, rows=5)
            await page.run("stty size", b"30 100")


async def test_what_the_shell_shows_is_recorded_and_everybody_on_it_is_told(
    machine: Instance, member: User, stranger: User
) -> None:
    async with ShellPage(await browser(member), machine) as page:
        await page.run("echo early-$((1+1))", b"early-2")
        async with Guest(await browser(stranger), await shared(page, stranger)) as guest:
            await guest.until("open")
            session = await RemoteSession.objects.select_related("instance", "person").aget(pk=page.session)
            made: Recording = await sync_to_async(recordings.start)(by=member, session=session)
            for one in (page, guest):
                told = await one.until("recording", seconds=AT_ONCE)
                assert (told["on"], told["by"]) == (True, str(member))
            await page.run("echo recorded-$((1+1))", b"recorded-2")
            await sync_to_async(recordings.stop)(by=member, session=session)
            for one in (page, guest):
                assert (await one.until("recording", seconds=AT_ONCE))["on"] is False
            await page.run("echo late-$((1+1))", b"late-2")

    def written() -> bytes:
        row = Recording.objects.filter(pk=made.pk, size_bytes__gt=0).first()
        return b"".join(recordings.text_of(row)) if row else b""

    text = await eventually(written)
    assert b"recorded-2" in text
    assert b"early" not in text
    assert b"late" not in text


async def test_who_joins_later_is_told_at_once_that_it_is_recorded(
    machine: Instance, member: User, stranger: User
) -> None:
    async with ShellPage(await browser(member), machine) as page:
        await page.until("open")
        session = await RemoteSession.objects.select_related("instance", "person").aget(pk=page.session)
        made = await sync_to_async(recordings.start)(by=member, session=session)
        await page.until("recording")
        async with Guest(await browser(stranger), await shared(page, stranger)) as guest:
            assert (await guest.until("recording"))["on"] is True
        await page.run("echo $((40+2))", b"42")
        await page.socket.type(b"exit\r")
        await page.until("end")

    def over() -> Recording | None:
        return Recording.objects.filter(pk=made.pk).exclude(ended_at=None).first()

    kept = await eventually(over)
    assert kept.end_reason == "ended"
    assert kept.keep_until > timezone.now()


async def test_a_disk_that_takes_nothing_is_told_and_the_shell_goes_on(
    machine: Instance, member: User, folder: Path
) -> None:
    await sync_to_async(folder.write_text)("no folder")
    async with ShellPage(await browser(member), machine) as page:
        await page.until("open")
        session = await RemoteSession.objects.select_related("instance", "person").aget(pk=page.session)
        await sync_to_async(recordings.start)(by=member, session=session)
        assert (await page.until("notice"))["words"] == recordings.STOPPED["disk"]
        await page.run("echo still", b"still")
        assert page.said["recording"]["on"] is False
