"""What becomes of open connections when a machine stops, restarts, moves, sleeps or vanishes; and how many may be open."""

from __future__ import annotations

import asyncio
import contextlib
import time
import tracemalloc

import asyncssh
import pytest

from tests.democloud.guest_fixtures import booted, connect, public, running, spec, until
from tests.democloud.guest_terminal import KEY, Terminal, machine, terminal

ID = "server-1"


async def quiet(screen: Terminal, seconds: float = 0.4) -> bool:
    """Typing gets no answer, and nothing closes."""
    screen.type("echo heard\r")
    try:
        await screen.until("\r\nheard", seconds)
    except TimeoutError:
        return True
    return False


def running_shells() -> list[str]:
    return [repr(task) for task in asyncio.all_tasks() if "Shell.run" in repr(task)]


@pytest.mark.parametrize("how", ["stop", "soft-reboot"])
async def test_a_clean_stop_ends_connections(how: str) -> None:
    async with running() as guests, machine(guests) as connection:
        await (guests.shutdown(ID) if how == "stop" else guests.reboot(ID))
        await asyncio.wait_for(connection.wait_closed(), 5)


async def test_a_hard_reboot_says_nothing_until_the_new_system_resets_what_it_does_not_know() -> None:
    async with running() as guests, machine(guests, boot_seconds=200.0) as connection:
        screen = await terminal(connection)
        await screen.prompt()
        await guests.reboot(ID, hard=True)
        assert await quiet(screen)
        assert not connection.is_closed()
        await until(lambda: guests.power(ID) in {"ssh", "up"})
        await asyncio.wait_for(connection.wait_closed(), 5)


@pytest.mark.parametrize("how", ["delete", "address", "moved"])
async def test_what_vanishes_says_nothing_and_is_cut_in_the_end(
    how: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("portal.democloud.guest_wire.LOST_SECONDS", 1.0)
    async with running() as guests, machine(guests) as connection:
        screen = await terminal(connection)
        await screen.prompt()
        if how == "delete":
            await guests.delete(ID)
        else:
            await guests.set_address(ID, None if how == "address" else str(guests.network[11]))
        assert await quiet(screen)
        assert not connection.is_closed()
        await asyncio.wait_for(connection.wait_closed(), 5)


async def test_a_machine_that_sleeps_goes_on_where_it_was() -> None:
    async with running() as guests, machine(guests) as connection:
        screen = await terminal(connection)
        await screen.prompt()
        await guests.suspend(ID)
        assert await quiet(screen)
        await guests.resume(ID)
        await screen.until("\r\nheard\r\n")
        await screen.prompt()
        assert await screen.run("seq 2") == "1\r\n2\r\n"


async def test_what_runs_in_a_machine_ends_with_it() -> None:
    async with running() as guests, machine(guests) as connection:
        process = await connection.create_process("yes", encoding=None)
        assert await process.stdout.read(10)
        assert running_shells()
        await guests.delete(ID)
        await until(lambda: not running_shells())


async def test_a_neighbours_connection_survives_when_only_its_own_address_goes() -> None:
    async with running() as guests, machine(guests, fixed_address="10.0.0.5") as jump:
        await booted(
            guests, spec("server-2", key=public(KEY), fixed_address="10.0.0.6"), str(guests.network[12])
        )
        inner = await asyncssh.connect(
            "10.0.0.6", 22, tunnel=jump, username="ubuntu", client_keys=[KEY], known_hosts=None, config=None
        )
        await guests.set_address("server-2", None)
        assert (await inner.run("whoami")).stdout == "ubuntu\n"
        inner.close()
        await inner.wait_closed()


async def test_a_hundred_and_twenty_shells_cost_little_to_open_and_nothing_while_idle() -> None:
    async with running() as guests, contextlib.AsyncExitStack() as stack:
        addresses = [str(guests.network[10 + number]) for number in range(100)]
        for number, address in enumerate(addresses):
            one = spec(f"server-{number}", key=public(KEY))
            await guests.boot(one, address, booted_ago=3600)
            await guests.set_address(one.server_id, address)
        begun = time.process_time()
        for number in range(120):
            connection = await connect(guests, addresses[number % 100], "ubuntu", KEY)
            stack.push_async_callback(connection.wait_closed)
            stack.callback(connection.close)
            screen = await terminal(connection)
            await screen.prompt()
        each = (time.process_time() - begun) / 120
        assert each < 0.12, "client and guest together: 60 ms for the guest's half"
        # Of this thread, in which guests and clients are: what others of the process do is nothing to them.
        begun = time.thread_time()
        await asyncio.sleep(1)
        assert time.thread_time() - begun < 0.25, "agents are not here: nobody does anything"


async def test_many_idle_connections_to_one_machine_take_little_memory() -> None:
    async with running() as guests, machine(guests), contextlib.AsyncExitStack() as stack:
        address = str(guests.network[10])
        tracemalloc.start()
        before = tracemalloc.get_traced_memory()[0]
        for _ in range(60):
            connection = await connect(guests, address, "ubuntu", KEY)
            stack.push_async_callback(connection.wait_closed)
            stack.callback(connection.close)
        each = (tracemalloc.get_traced_memory()[0] - before) / 60
        tracemalloc.stop()
        assert each < 400_000, "client and guest together: a thousand fit into 400 MB"
        assert len(guests._machines[ID].wires) == 61
