"""Sessions whose bytes go over HTTP: one link for all of their requests, and an end that all of them notice."""

import asyncio
from typing import Any
from uuid import UUID

import pytest
from asgiref.sync import sync_to_async

from instances.models import Instance
from instances.remote import attending, limits
from instances.remote.attending import Attended, attend
from instances.remote.endings import End
from instances.remote.links import links
from instances.remote.models import RemoteSession
from portal.accounts.models import User
from portal.core.errors import PortalError
from tests.instances.remote.pages import Browser, browser, eventually


async def opened(person: Browser, machine: Instance, kind: str = "files") -> RemoteSession:
    given: dict[str, Any] = await sync_to_async(person.ask)(machine, kind=kind)
    return await RemoteSession.objects.select_related("person").aget(pk=given["session"])


async def at(row: RemoteSession, **changes: Any) -> Attended:
    given: dict[str, Any] = {"user": row.person, "mark": row.session_mark, **changes}
    return await attend(row.pk, **given)


async def refusal(row: RemoteSession, **changes: Any) -> str:
    with pytest.raises(PortalError) as refused:
        await at(row, **changes)
    return refused.value.id


async def stop(found: Attended) -> None:
    await found.finish(End("closed"))
    await links().drop(str(found.session.instance_id), found.user.pk)


async def test_requests_of_one_session_share_one_link_and_are_counted(
    machine: Instance, member: User
) -> None:
    row = await opened(await browser(member), machine)
    first, second = await asyncio.gather(at(row), at(row))
    assert first is second
    assert (await first.link.run("echo here")).out == b"here\n"
    first.count(in_=10, out=3)
    second.count(out=4)
    await stop(first)
    row = await RemoteSession.objects.aget(pk=row.pk)
    assert (row.bytes_in, row.bytes_out, row.end_reason) == (10, 7, "closed")
    assert row.started_at is not None


async def test_nobody_else_gets_at_it(machine: Instance, member: User, pi: User) -> None:
    row = await opened(await browser(member), machine)
    assert await refusal(row, user=pi) == "portal:not-found"
    assert await refusal(row, mark="of another session") == "portal:not-found"
    mine = await at(row)
    assert await refusal(row, user=pi) == "portal:not-found"
    await stop(mine)


async def test_no_session_is_made_up(member: User, machine: Instance) -> None:
    with pytest.raises(PortalError, match="portal:not-found"):
        await attend(UUID(int=7), user=member, mark="m")


async def test_one_that_ended_is_over_and_is_not_begun_again(machine: Instance, member: User) -> None:
    row = await opened(await browser(member), machine)
    await stop(await at(row))
    assert await refusal(row) == "remote:over"


async def test_ending_it_elsewhere_is_noticed_by_what_is_going_on(machine: Instance, member: User) -> None:
    person = await browser(member)
    row = await opened(person, machine)
    found = await at(row)
    await sync_to_async(person.client.post)(f"/remote/{row.pk}/end/")
    async with asyncio.timeout(5):
        assert (await found.ended).reason == "closed"
    assert await refusal(row) == "remote:over"


async def test_signing_out_ends_it_even_where_no_process_attends_it(machine: Instance, member: User) -> None:
    person = await browser(member)
    row = await opened(person, machine, kind="files")
    await sync_to_async(person.client.post)("/accounts/logout/")

    def reason() -> str:
        return RemoteSession.objects.get(pk=row.pk).end_reason

    assert await eventually(reason) == "signed-out"


async def test_a_person_who_may_not_connect_any_more_is_refused_within_seconds(
    machine: Instance, member: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = await opened(await browser(member), machine)
    found = await at(row)
    await member.memberships.aupdate(role="reader")
    monkeypatch.setattr(attending, "FRESH_SECONDS", -1)
    assert await refusal(row) == "portal:forbidden"
    await stop(found)


async def test_a_lost_link_is_made_again(machine: Instance, member: User) -> None:
    row = await opened(await browser(member), machine)
    found = await at(row)
    lost = found.link
    lost.conn.abort()
    await lost.conn.wait_closed()
    again = await at(row)
    assert again is found and again.link is not lost
    assert (await again.link.run("echo back")).out == b"back\n"
    await stop(found)


async def test_an_idle_one_ends(machine: Instance, member: User, monkeypatch: pytest.MonkeyPatch) -> None:
    short = limits.remote().model_copy(update={"idle_minutes": 0.001})
    monkeypatch.setattr(limits, "remote", lambda: short)
    monkeypatch.setattr(limits, "RECHECK_SECONDS", 0.2)
    row = await opened(await browser(member), machine)
    found = await at(row)
    async with asyncio.timeout(5):
        assert (await found.ended).reason == "idle"

    def reason() -> str:
        return RemoteSession.objects.get(pk=row.pk).end_reason

    assert await eventually(reason) == "idle"
    await links().drop(str(machine.pk), member.pk)


async def test_lending_a_shells_link_neither_counts_nor_ends_the_shell(
    machine: Instance, member: User
) -> None:
    row = await opened(await browser(member), machine, kind="shell")
    found = await at(row)
    found.count(in_=5, out=5)
    await stop(found)
    row = await RemoteSession.objects.aget(pk=row.pk)
    assert (row.ended_at, row.bytes_in, row.started_at) == (None, 0, None)
