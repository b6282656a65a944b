"""A shell that goes on in the guest while nobody looks."""

from __future__ import annotations

import asyncio

import asyncssh
import pytest

from portal.democloud.guest_cmd_tmux import parse, split_commands
from portal.democloud.guest_tmux_view import redrawn
from tests.democloud.guest_fixtures import connect, running, until
from tests.democloud.guest_terminal import KEY, machine, terminal

NEW = (
    "exec /bin/sh -c 'export COLORTERM=truecolor; if command -v tmux >/dev/null 2>&1; then printf tmux:; exec tmux -u "
    "-L heliosphere -f /dev/null new-session -A -D -s helio-1 \\; set -g status off \\; set -g prefix None \\; "
    'set -ga terminal-overrides ",xterm*:smcup@:rmcup@:Tc"; else printf portal:; exec "${SHELL:-/bin/sh}" -l; fi\''
)


async def test_a_shell_outlives_its_connection_and_shows_where_it_was() -> None:
    async with running() as guests, machine(guests) as connection:
        screen = await terminal(connection, NEW)
        await screen.until("tmux:")
        await screen.prompt()
        assert await screen.run("cd /tmp; x=kept; echo $TERM $COLORTERM") == "screen-256color truecolor\r\n"
        assert "marked" in await screen.run("echo marked")
        connection.abort()
        async with await connect(guests, str(guests.network[10]), "ubuntu", KEY) as again:
            screen = await terminal(again, NEW, term_size=(60, 20))
            assert b"\x1b[?1049h" not in await screen.until("\r\nmarked\r\n")
            await screen.prompt()
            assert await screen.run("echo $x; stty size") == "kept\r\n20 60\r\n"
            screen.type("exit\r")
            await screen.until("[exited]")
            assert await screen.ended() == 0
            assert "no server running" in str((await again.run("tmux -L heliosphere ls")).stderr)


async def test_a_program_that_fills_the_screen_draws_itself_anew() -> None:
    async with running() as guests, machine(guests) as connection:
        screen = await terminal(connection, NEW)
        await screen.prompt()
        screen.type("less /usr/share/demo/long.txt\r")
        await screen.until("line 39 of")
        connection.abort()
        async with await connect(guests, str(guests.network[10]), "ubuntu", KEY) as again:
            screen = await terminal(again, NEW)
            await screen.until("\x1b[H")
            await screen.until("line 39 of")
            screen.type("q")
            await screen.prompt()


async def test_who_comes_with_d_takes_it_over_and_without_both_look() -> None:
    async with running() as guests, machine(guests) as connection:
        one = await terminal(connection, NEW)
        await one.prompt()
        two = await terminal(connection, "tmux -L heliosphere attach -t helio-1")
        await two.prompt()
        one.type("echo both\r")
        await two.until("\r\nboth\r\n")
        two.type("echo back\r")
        await one.until("\r\nback\r\n")
        three = await terminal(connection, NEW)
        await one.until("[detached (from session helio-1)]")
        assert await one.ended() == 0
        assert await two.ended() == 0
        await three.until("\r\nback\r\n")
        await three.prompt()
        assert await three.run("echo mine") == "mine\r\n"


async def test_what_nobody_looks_at_goes_on_and_a_flood_there_is_cheap() -> None:
    async with running() as guests, machine(guests) as connection:
        screen = await terminal(connection, NEW)
        await screen.prompt()
        screen.type("yes\r")
        await screen.until("y\r\ny\r\n")
        screen.process.close()
        await asyncio.sleep(0.2)
        (session,) = guests._machines["server-1"].host.tmux[(1000, "heliosphere")].values()
        await until(lambda: not session.clients)
        assert len(session.kept) < 200_000
        screen = await terminal(connection, NEW)
        await screen.until("y\r\n")
        screen.type("\x03")
        await screen.until("^C")
        await screen.prompt()


async def test_a_looker_that_stands_still_holds_nobody_up_once_it_has_gone() -> None:
    async with running() as guests, machine(guests) as connection:
        still = await terminal(connection, NEW)
        await still.prompt()
        still.type("yes\r")
        await still.until("y\r\n")
        still.process.channel.pause_reading()
        await asyncio.sleep(0.2)
        async with await connect(guests, str(guests.network[10]), "ubuntu", KEY) as other:
            taken = await terminal(other, NEW)
            await taken.until("y\r\n")
            taken.type("\x03")
            await taken.until("^C")


async def test_sessions_are_listed_killed_and_end_with_the_machine() -> None:
    async with running() as guests, machine(guests) as connection:
        screen = await terminal(connection, NEW)
        await screen.prompt()
        assert (await connection.run("tmux -L heliosphere ls")).stdout == "helio-1: 1 windows (attached)\n"
        assert (await connection.run("tmux -L heliosphere ls -F '#{session_name}'")).stdout == "helio-1\n"
        assert (await connection.run("tmux -L heliosphere has-session -t =helio-1")).exit_status == 0
        assert (await connection.run("tmux -L heliosphere has-session -t other")).exit_status == 1
        assert (await connection.run("tmux ls")).exit_status == 1
        assert (await connection.run("tmux -L heliosphere kill-session -t helio-1")).exit_status == 0
        await screen.until("[exited]")
        screen = await terminal(connection, NEW)
        await screen.prompt()
        await guests.shutdown("server-1")
        await until(lambda: guests._machines["server-1"].host.tmux == {})


async def test_another_person_of_the_machine_has_none_of_it() -> None:
    async with running() as guests, machine(guests) as connection:
        await (await terminal(connection, NEW)).prompt()
        async with await connect(guests, str(guests.network[10]), "exouser", KEY) as other:
            assert (await other.run("tmux -L heliosphere ls")).exit_status == 1


async def test_debian_comes_without_it() -> None:
    async with (
        running() as guests,
        machine(guests, image_name="Featured-Debian12", user="debian") as connection,
    ):
        assert (await connection.run("command -v tmux")).exit_status == 1
        screen = await terminal(connection, NEW)
        await screen.until("portal:")
        await screen.prompt()
        assert await screen.run("echo here") == "here\r\n"
        screen.type("exit\r")
        assert await screen.ended() == 0


async def test_ctrl_b_d_leaves_where_the_prefix_is_not_switched_off() -> None:
    async with running() as guests, machine(guests) as connection:
        screen = await terminal(connection, "tmux new -s mine")
        await screen.until("\x1b[?1049h")
        await screen.prompt()
        screen.type("\x02d")
        await screen.until("[detached (from session mine)]")
        assert await screen.ended() == 0


async def test_without_a_terminal_there_is_nothing_to_open() -> None:
    async with running() as guests, machine(guests) as connection:
        done: asyncssh.SSHCompletedProcess = await connection.run("tmux new -A -s x")
        assert (done.exit_status, "not a terminal" in str(done.stderr)) == (1, True)


def test_options_come_before_commands_and_commands_are_parted() -> None:
    server, commands = split_commands(
        ["-u", "-L", "x", "-f", "/dev/null", "new", "-A", "-Ds", "n", ";", "set", "-g", "a", "b"]
    )
    assert (server, len(commands)) == ("x", 2)
    asked = parse(commands[0])
    assert (asked.name, asked.flags, asked.values) == ("new-session", {"A", "D"}, {"s": "n"})


@pytest.mark.parametrize(
    ("data", "shown"),
    [
        (b"one\r\ntwo\r\nthree", "two\r\nthree"),
        (b"old\r\n\x1b[H\x1b[2Jnew", "new"),
        (b"abc\b\b\x1b[KX\rY", "YX\x1b[1D"),
        (b"\x1b[31mred\x1b[0m plain", "\x1b[0m\x1b[31mred\x1b[0m plain"),
        (b"\x1b]52;c;AAAA\x07\x1b]0;title\x07\x1b[6n\x1bP+q\x1b\\ok", "ok"),
        ("日本".encode(), "日本"),
        (b"\xff\xfe", "\ufffd\ufffd"),
    ],
)
def test_what_is_drawn_anew_are_letters_and_colours_only(data: bytes, shown: str) -> None:
    assert redrawn(data, rows=2) == shown
