"""A shell over a PTY, byte by byte."""

from __future__ import annotations

import asyncio
import time

import pytest

from portal.democloud.guest_oddities import HOSTILE, unicode_sample
from tests.democloud.guest_fixtures import running
from tests.democloud.guest_terminal import at_a_prompt, machine, terminal


async def test_keys_are_echoed_as_they_are_typed_and_not_drawn_anew() -> None:
    async with at_a_prompt() as screen:
        for letter in "echo":
            screen.type(letter)
            assert await screen.until(letter) == letter.encode()
        screen.type("\x7f")
        assert await screen.until("\b \b") == b"\b \b"


async def test_letters_of_several_bytes_and_cells_come_back_whole() -> None:
    async with at_a_prompt() as screen:
        data = "echo 日本 e\u0301 🚀".encode()
        for number in data:
            screen.type(bytes([number]))
            await asyncio.sleep(0)
        screen.type("\r")
        await screen.until("\r\n")
        assert (await screen.prompt()).decode().startswith("日本 e\u0301 🚀\r\n")
        assert await screen.run("unicode") == unicode_sample().replace("\n", "\r\n")


async def test_the_new_size_is_known_at_once_also_to_what_runs() -> None:
    async with at_a_prompt() as screen:
        assert await screen.run("stty size") == "40 100\r\n"
        screen.process.change_terminal_size(120, 50)
        assert await screen.run("stty size; echo $COLUMNS") == "50 120\r\n120\r\n"
        screen.type("less /usr/share/demo/long.txt\r")
        await screen.until("line 49 of")
        screen.process.change_terminal_size(80, 10)
        await screen.until("\x1b[H")
        assert b"line 10 of" not in await screen.until("\x1b[7m")
        screen.type("q")
        await screen.prompt()


@pytest.mark.parametrize(
    "flood", ["yes", "seq 1 1000000000", "bigfile 100G", "cat /srv/big.log", "cat /dev/zero", "hostile flood"]
)
async def test_ctrl_c_ends_a_flood_within_a_tenth_of_a_second(flood: str) -> None:
    async with at_a_prompt() as screen:
        screen.type(flood + "\r")
        await screen.until("\r\n")
        deadline = time.monotonic() + 0.3
        while time.monotonic() < deadline:
            assert await screen.process.stdout.read(65536)
        begun = time.monotonic()
        screen.type("\x03")
        await screen.until("^C")
        assert time.monotonic() - begun < 0.1 + 0.2  # what was under way to a slow test is read first
        screen.type("echo status $?\r")
        await screen.until("status 130\r\n")


async def test_a_reader_that_stands_still_stops_the_flood_and_ctrl_c_still_comes_through() -> None:
    async with at_a_prompt() as screen:
        screen.process.channel.pause_reading()
        screen.type("yes\r")
        await asyncio.sleep(0.3)
        screen.type("\x03")
        await asyncio.sleep(0.1)
        screen.process.channel.resume_reading()
        await screen.until("^C")
        await screen.prompt()
        assert "130" in await screen.run("echo $?")


async def test_typing_ahead_is_not_lost() -> None:
    async with at_a_prompt() as screen:
        screen.type("sleep 0.2\recho ahead\rread x\rgiven\recho <$x>\r")
        await screen.until("\r\nahead\r\n")
        screen.type("echo got $x\r")
        await screen.until("\r\ngot given\r\n")


async def test_programs_read_lines_until_ctrl_d() -> None:
    async with at_a_prompt() as screen:
        screen.type("cat > /tmp/x\r")
        await screen.until("\r\n")
        screen.type("first\rsecnd\x7f\x7fond\r\x04")
        await screen.prompt()
        assert await screen.run("cat /tmp/x") == "first\r\nsecond\r\n"


async def test_tab_completes_commands_and_files() -> None:
    async with at_a_prompt() as screen:
        screen.type("nvid\tx\x15hist\t")
        await screen.until("history ")
        screen.type("\x15cat /usr/share/demo/uni\t")
        await screen.until("unicode.txt ")
        screen.type("\x15ls /etc/ss\t")
        await screen.until("ssh/")
        screen.type("\x15ls /srv/\t\t")
        assert b"big.log" in await screen.until("zero.bin")


@pytest.mark.parametrize("program", ["top", "less /usr/share/demo/long.txt", "vi /etc/hosts"])
async def test_programs_that_fill_the_screen_give_it_back(program: str) -> None:
    async with at_a_prompt() as screen:
        screen.type(program + "\r")
        await screen.until("\x1b[?1049h")
        await screen.until("\x1b[H")
        screen.type("q")
        await screen.until("\x1b[?1049l")
        await screen.prompt()
        assert await screen.run("echo back") == "back\r\n"


async def test_ctrl_c_leaves_the_alternate_screen() -> None:
    async with at_a_prompt() as screen:
        screen.type("top\r")
        await screen.until("%Cpu")
        screen.type("\x03")
        await screen.until("\x1b[?1049l")
        await screen.prompt()


async def test_less_scrolls() -> None:
    async with at_a_prompt() as screen:
        screen.type("less /usr/share/demo/long.txt\r")
        await screen.until("line 1 of")
        screen.type(" ")
        await screen.until("line 40 of")
        screen.type("G")
        await screen.until("line 2000 of")
        assert b"(END)" in await screen.until("\x1b[0m")
        screen.type("g")
        await screen.until("line 1 of")
        screen.type("q")
        await screen.prompt()


async def test_colours_are_there_on_a_screen_and_not_in_a_file() -> None:
    async with at_a_prompt() as screen:
        shown = await screen.run("colors")
        assert "\x1b[48;5;200m" in shown
        assert "\x1b[48;2;" in shown
        assert "\x1b[01;34m" in await screen.run("ls /")
        assert "\x1b[01;34m" not in await screen.run("ls / > /tmp/l; cat /tmp/l")


async def test_the_prompt_sets_the_title_and_clear_clears() -> None:
    async with at_a_prompt() as screen:
        screen.type("cd /etc\r")
        await screen.until("\x1b]0;ubuntu@my-machine: /etc\x07")
        assert "\x1b[2J" in await screen.run("clear")
        screen.type("x\x0c")
        await screen.until("\x1b[H\x1b[2J")


@pytest.mark.parametrize("kind", sorted(HOSTILE))
async def test_hostile_output_comes_through_as_it_is(kind: str) -> None:
    """The guest is the enemy here: what it prints is the portal's to bear."""
    async with at_a_prompt() as screen:
        wanted = HOSTILE[kind].encode("utf-8", "surrogateescape").replace(b"\n", b"\r\n")
        screen.type(f"hostile {kind}\r")
        await screen.until("\r\n")
        assert await screen.until(wanted) == wanted


async def test_a_shell_in_a_shell_is_left_first() -> None:
    async with at_a_prompt() as screen:
        screen.type("bash\r")
        await screen.prompt()
        screen.type("sudo -i\r")
        await screen.until("root@my-machine")
        await screen.until("# ")
        screen.type("whoami\r")
        await screen.until("root\r\n")
        screen.type("\x04")
        await screen.prompt()
        screen.type("exit 3\r")
        await screen.prompt()
        assert await screen.run("echo $?") == "3\r\n"
        screen.type("exit 4\r")
        assert await screen.ended() == 4


async def test_a_command_with_a_terminal_is_interrupted_and_ends() -> None:
    async with running() as guests, machine(guests) as connection:
        screen = await terminal(connection, "echo begun; sleep 600; echo never")
        await screen.until("begun")
        screen.type("\x03")
        assert await screen.ended() == 130
        assert b"never" not in screen.seen


async def test_many_lines_in_one_paste_run_one_after_the_other() -> None:
    async with at_a_prompt() as screen:
        screen.type("".join(f"echo line-{n} >> /tmp/all\r" for n in range(200)))
        screen.type("echo finished\r")
        await screen.until("\r\nfinished\r\n", 20)
        await screen.prompt()
        assert await screen.run("wc -l < /tmp/all") == "200\r\n"


async def test_output_is_fast_enough_for_a_terminal_to_be_the_slow_one() -> None:
    async with running() as guests, machine(guests) as connection:
        begun = time.process_time()
        process = await connection.create_process("bigfile 64M", encoding=None)
        size = 0
        while data := await process.stdout.read(1 << 18):
            size += len(data)
        assert size == 64 << 20
        assert time.process_time() - begun < 10, "client and guest together, on a busy machine"
