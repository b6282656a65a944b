from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass

import asyncssh
import pytest

from portal.democloud.guest import Guests
from tests.democloud.guest_fixtures import (
    agent_file,
    booted,
    cloud_config,
    connect,
    new_key,
    public,
    running,
    spec,
    until,
)

KEY = new_key()


@dataclass
class Login:
    guests: Guests
    connection: asyncssh.SSHClientConnection
    asked: list[tuple[str, str]]

    async def run(self, command: str) -> tuple[str, int]:
        """Output and errors together, and the exit status."""
        done = await asyncio.wait_for(self.connection.run(command), 5)
        return str(done.stdout) + str(done.stderr), done.exit_status if done.exit_status is not None else -1


@pytest.fixture
async def login() -> AsyncIterator[Login]:
    asked: list[tuple[str, str]] = []
    async with running(power_changed=lambda server, action: asked.append((server, action))) as guests:
        data = cloud_config({"/etc/motd": "hello"} | agent_file("http://127.0.0.1:1/", key="agent-secret"))
        one = spec(key=public(KEY), gpus=("PCI_10DE_2330", "PCI_10DE_2330"), user_data=data)
        await booted(guests, one, str(guests.network[10]))
        async with await connect(guests, str(guests.network[10]), "ubuntu", KEY) as connection:
            yield Login(guests, connection, asked)


@pytest.mark.parametrize(
    ("command", "output"),
    [
        ("echo one  'two  three'", "one two  three\n"),
        ("echo $USER at $HOME", "ubuntu at /home/ubuntu\n"),
        ("nproc", "4\n"),
        ("hostname", "my-machine\n"),
        ("pwd; cd /etc; pwd", "/home/ubuntu\n/etc\n"),
        ("cd /etc && cat motd", "hello"),
        ("cat /etc/hostname", "my-machine\n"),
        ("uname", "Linux\n"),
        ("echo a > /tmp/x; echo b >> /tmp/x; cat /tmp/x", "a\nb\n"),
        ("false || echo rescued", "rescued\n"),
        ("false && echo never; echo $?", "1\n"),
        ("sudo whoami", "root\n"),
        ("/usr/bin/whoami", "ubuntu\n"),
        ("seq 2 4", "2\n3\n4\n"),
        ("echo -n x", "x"),
    ],
)
async def test_commands_print_what_they_should(login: Login, command: str, output: str) -> None:
    assert await login.run(command) == (output, 0)


@pytest.mark.parametrize(
    ("command", "status", "says"),
    [
        ("nosuch", 127, "nosuch: command not found"),
        ("cat /etc/shadow", 1, "Permission denied"),
        ("cat /etc", 1, "Is a directory"),
        ("ls /nowhere", 2, "No such file or directory"),
        ("cd /nowhere", 1, "No such file or directory"),
        ("rm /nowhere", 1, "No such file or directory"),
        ("tail /nowhere", 1, "No such file or directory"),
        ("echo x > /nowhere/x", 1, "No such file or directory"),
        ("echo 'open", 2, "unexpected EOF"),
        ("echo x | | cat", 2, "syntax error near unexpected token `|'"),
        ("cat < /nowhere", 1, "No such file or directory"),
        ("sleep soon", 1, "invalid time"),
        ("stress --nonsense", 1, "usage"),
        ("stress --cpu many", 1, "usage"),
        ("seq a", 1, "usage"),
        ("fallocate -l 9T big", 1, "No space left"),
        ("fallocate big", 1, "usage"),
        ("exit 7", 7, ""),
        ("false", 1, ""),
    ],
)
async def test_mistakes_are_told_with_a_status(login: Login, command: str, status: int, says: str) -> None:
    output, found = await login.run(command)
    assert (found, says in output) == (status, True), output


@pytest.mark.parametrize(
    "command", ["free", "df", "uptime", "ps", "top", "nvidia-smi", "help", "date", "w", "id"]
)
async def test_reports_are_printed(login: Login, command: str) -> None:
    output, status = await login.run(command)
    assert status == 0
    assert len(output) > 10


async def test_nvidia_smi_lists_each_card(login: Login) -> None:
    output, _ = await login.run("nvidia-smi")
    assert output.count("NVIDIA H100 80GB HBM3") == 2


async def test_the_agents_key_is_not_readable_in_the_guest(login: Login) -> None:
    output, status = await login.run("cat /etc/heliosphere/agent.json")
    assert status == 1
    assert "agent-secret" not in output


async def test_a_machine_without_gpu_has_no_nvidia_smi() -> None:
    async with running() as guests:
        await booted(guests, spec(key=public(KEY)), str(guests.network[10]))
        async with await connect(guests, str(guests.network[10]), "ubuntu", KEY) as connection:
            done = await connection.run("nvidia-smi")
            assert (done.exit_status, "not found" in str(done.stderr)) == (127, True)


async def test_stress_moves_the_machine_while_it_runs(login: Login) -> None:
    async with login.connection.create_process("stress --cpu 4 --vm 1 --vm-bytes 8G --gpu -t 60s") as process:
        await until(lambda: usage(login)[0] > 90)
        assert usage(login)[1] > 50
        assert min(gpu for gpu in usage(login)[2:]) > 80
        process.send_signal("INT")
        await until(lambda: usage(login)[1] < 50)


def usage(login: Login) -> tuple[float, ...]:
    found = login.guests.usage("server-1")
    assert found is not None
    return (found.cpu, found.ram, *(gpu.util for gpu in found.gpus))


async def test_stress_ends_by_itself_and_with_the_session(login: Login) -> None:
    output, status = await login.run("stress --cpu 1 --timeout 0.1s")
    assert (status, "successful run completed" in output) == (0, True)
    process = await login.connection.create_process("stress 600 & sleep 600")
    await until(lambda: usage(login)[0] > 90)
    process.close()
    await until(lambda: usage(login)[0] < 90)


async def test_fallocate_fills_the_disk(login: Login) -> None:
    before = login.guests.usage("server-1")
    assert (await login.run("fallocate -l 5G big; ls"))[0] == "big\n"
    after = login.guests.usage("server-1")
    assert before is not None
    assert after is not None
    assert after.disk_used_gb == pytest.approx(before.disk_used_gb + 5, abs=0.01)


class Terminal:
    """An interactive session, as a person at xterm.js has it."""

    def __init__(self, process: asyncssh.SSHClientProcess[str]) -> None:
        self.process = process
        self.seen = ""

    async def type(self, keys: str) -> None:
        self.process.stdin.write(keys)

    async def until(self, text: str) -> str:
        """Read on until `text` is on the screen; what was read since the last call."""
        read = ""
        while text not in read:
            more = await asyncio.wait_for(self.process.stdout.read(4096), 5)
            assert more, f"the session ended before {text!r}: {read!r}"
            read += more
        self.seen += read
        return read


async def terminal(login: Login) -> Terminal:
    process = await login.connection.create_process(term_type="xterm-256color", term_size=(100, 40))
    found = Terminal(process)
    assert "Welcome to Ubuntu" in await found.until("~\x1b[0m$ ")
    return found


async def test_the_window_size_is_known_and_follows(login: Login) -> None:
    screen = await terminal(login)
    await screen.type("stty size\r")
    await screen.until("40 100\r\n")
    screen.process.change_terminal_size(120, 50)
    await screen.type("stty size\r")
    await screen.until("50 120\r\n")


async def test_the_line_can_be_edited_and_called_back(login: Login) -> None:
    screen = await terminal(login)
    await screen.type("echo wrnog\x7f\x7f\x7fong\r")
    await screen.until("wrong\r\n")
    await screen.type("\x1b[A\r")
    await screen.until("wrong\r\n")
    await screen.type("history\r")
    await screen.until("1  echo wrong\r\n    2  history")


async def test_ctrl_c_stops_a_command_and_not_the_shell(login: Login) -> None:
    screen = await terminal(login)
    for command in ("sleep 600", "yes"):
        await screen.type(f"{command}\r")
        await screen.until(command)
        await asyncio.sleep(0.1)
        await screen.type("\x03")
        await screen.until("^C")
        await screen.type("echo status $?\r")
        await screen.until("status 130\r\n")


async def test_ctrl_c_at_the_prompt_gives_a_new_prompt(login: Login) -> None:
    screen = await terminal(login)
    await screen.type("\x03")
    assert "^C" in await screen.until("$ ")


@pytest.mark.parametrize("keys", ["exit\r", "\x04", "logout\r"])
async def test_the_session_ends_when_one_leaves(login: Login, keys: str) -> None:
    screen = await terminal(login)
    await screen.type(keys)
    await asyncio.wait_for(screen.process.wait_closed(), 5)


async def test_top_redraws_until_q(login: Login) -> None:
    screen = await terminal(login)
    await screen.type("top\r")
    await screen.until("%Cpu(s)")
    await screen.type("q")
    await screen.until("$ ")
    await screen.type("echo back\r")
    await screen.until("back\r\n")


async def test_a_flood_of_output_waits_for_a_slow_reader(login: Login) -> None:
    process = await login.connection.create_process("yes", encoding=None)
    await asyncio.sleep(0.3)
    assert (await process.stdout.readexactly(4)) == b"y\ny\n"
    assert (await login.run("echo still here"))[0] == "still here\n"
    process.close()


@pytest.mark.parametrize(("command", "asked"), [("sudo poweroff", "poweroff"), ("sudo reboot", "reboot")])
async def test_power_commands_tell_the_cloud(login: Login, command: str, asked: str) -> None:
    await login.run(command)
    assert login.asked == [("server-1", asked)]
