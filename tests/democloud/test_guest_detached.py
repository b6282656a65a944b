"""Processes of a guest that outlive their session, archives, and `dd`: as a portal's scripts use them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from portal.democloud.guest_host import Host
from tests.democloud.guest_fixtures import booted, running, spec, until
from tests.democloud.guest_sh import Ran, sh


@pytest.fixture
async def host() -> AsyncIterator[Host]:
    async with running() as guests:
        one = spec()
        await booted(guests, one, str(guests.network[10]))
        yield guests._machines[one.server_id].host


async def ended(host: Host, script: str) -> str:
    ran: Ran = await sh(host, script)
    assert ran.err == ""
    return ran.out.strip()


async def test_setsid_with_f_goes_on_when_the_session_has_ended(host: Host) -> None:
    begun = asyncio.get_running_loop().time()
    await ended(host, "setsid -f sh -c 'sleep 0.2; echo late >late' </dev/null >/dev/null 2>&1")
    assert asyncio.get_running_loop().time() - begun < 0.2
    await until(lambda: host.files.text("/home/ubuntu/late") == "late\n")


async def test_without_f_it_is_the_program_alone(host: Host) -> None:
    assert await ended(host, "setsid echo here") == "here"


async def test_it_has_a_number_of_its_own_by_which_it_is_ended(host: Host) -> None:
    await ended(host, "setsid -f sh -c 'echo $$ >pid; sleep 60; echo late >late'")
    await until(lambda: host.files.text("/home/ubuntu/pid"))
    pid = await ended(host, "cat pid")
    assert pid.isdigit() and pid != await ended(host, "echo $$")
    assert await ended(host, f"kill -0 {pid} && echo lives") == "lives"
    assert await ended(host, f"kill -TERM {pid} && echo told") == "told"
    await until(lambda: host.detached[int(pid)].done())
    assert (await sh(host, f"kill -0 {pid}")).status == 1
    assert (await sh(host, f"kill {pid}")).status == 1


async def test_of_processes_that_nobody_knows_zero_says_that_they_live(host: Host) -> None:
    assert (await sh(host, "kill -0 1")).status == 0
    assert (await sh(host, "kill 1")).status == 1


async def test_a_machine_that_is_switched_off_ends_them() -> None:
    async with running() as guests:
        one = spec()
        await booted(guests, one, str(guests.network[10]))
        machine = guests._machines[one.server_id]
        await sh(machine.host, "setsid -f sleep 60")
        [task] = machine.host.detached.values()
        machine.power_off()
        await until(task.done)
        assert not machine.host.detached


async def test_there_is_a_bound(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("portal.democloud.guest_processes.MOST", 2)
    ran = await sh(host, "setsid -f sleep 60; setsid -f sleep 60; setsid -f sleep 60 || echo refused")
    assert ran.out == "refused\n" and "unavailable" in ran.err


async def test_dd_leaves_what_it_was_not_asked_for_to_the_next(host: Host) -> None:
    line = (
        "printf 'abcdefghij' | { dd bs=1 count=4 of=head 2>/dev/null; cat >rest; }; cat head; echo; cat rest"
    )
    assert await ended(host, line) == "abcd\nefghij"
    assert await ended(host, "printf abc >f; dd if=f bs=1 count=2 2>/dev/null") == "ab"


TREE = "mkdir -p t/sub t/.cache; echo A >t/a; echo B >'t/sub/b c'; echo C >t/.cache/c; ln -s /etc/passwd t/link; cd t; "


async def test_an_archive_comes_back_as_it_was(host: Host) -> None:
    await ended(host, TREE + "tar -c -f - . >/tmp/t.tar")
    assert await ended(host, "tar -t -f - </tmp/t.tar | sort") == "\n".join(
        sorted([".", "./.cache", "./.cache/c", "./a", "./link", "./sub", "./sub/b c"])
    )
    found = await ended(
        host, "mkdir out; tar -x -f - -C out </tmp/t.tar; cd out; cat a 'sub/b c'; readlink link"
    )
    assert found == "A\nB\n/etc/passwd"


async def test_what_is_excluded_is_not_in_it(host: Host) -> None:
    left = await ended(host, TREE + "tar -c -f - --exclude=./.cache --exclude='b*' -- . | tar -t")
    assert left.splitlines() == [".", "./a", "./link", "./sub"]


async def test_what_cannot_be_read_is_left_out_and_said(host: Host) -> None:
    ran = await sh(
        host, "mkdir u; echo x >u/f; chmod 000 u/f; tar -c -f - u 2>/dev/null | tar -t; tar -c u >/dev/null"
    )
    assert ran.out.splitlines() == ["u"] and ran.status == 2 and "Permission denied" in ran.err
    assert (await sh(host, "tar -c -f - nothing >/dev/null")).status == 2


async def test_half_an_archive_is_an_error(host: Host) -> None:
    await ended(host, TREE + "tar -c -f - a >/tmp/t.tar")
    assert (await sh(host, "head -c 600 /tmp/t.tar | tar -x -f -")).status == 2
    assert (await sh(host, "tar")).status == 2


async def test_one_archive_in_the_place_of_what_is_there(host: Host) -> None:
    await ended(host, TREE + "tar -c -f - a link >/tmp/t.tar; echo new >a; tar -x -f - </tmp/t.tar")
    assert await ended(host, "cat t/a") == "A"


async def test_a_full_disk_is_said(host: Host) -> None:
    await ended(host, TREE + "tar -c -f - a >/tmp/t.tar")
    host.full = True
    ran = await sh(host, "mkdir out2; tar -x -f - -C out2 </tmp/t.tar")
    assert ran.status == 2 and "No space left" in ran.err
