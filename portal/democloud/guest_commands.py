"""The commands of a guest's shell. Each takes (shell, arguments) and returns its exit status."""

import asyncio
import itertools
import posixpath
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from portal.democloud.guest_reports import (
    df_report,
    free_report,
    ps_report,
    smi_report,
    top_report,
    uptime_line,
)
from portal.democloud.guest_stress import stress

if TYPE_CHECKING:
    from portal.democloud.guest_shell import Shell

Command = Callable[["Shell", list[str]], Awaitable[int]]
CHUNK = 512  # lines written at once by seq and yes
HELP = (
    "cat cd clear date df echo exit fallocate free help history hostname id ls nproc nvidia-smi poweroff\n"
    "ps pwd reboot rm seq sleep stress stty tail top true false uname uptime w whoami yes\n"
)


async def cat(shell: "Shell", args: list[str]) -> int:
    status = 0
    for name in args:
        path = shell.host.files.resolve(shell.cwd, name)
        text = shell.host.files.files.get(path)
        if text is None:
            problem = "Is a directory" if shell.host.files.is_dir(path) else "No such file or directory"
            await shell.err(f"cat: {name}: {problem}\n")
            status = 1
        else:
            await shell.out(text)
    return status


async def tail(shell: "Shell", args: list[str]) -> int:
    for name in [arg for arg in args if not arg.startswith("-") and not arg.isdigit()]:
        text = shell.host.files.files.get(shell.host.files.resolve(shell.cwd, name))
        if text is None:
            await shell.err(f"tail: cannot open '{name}' for reading: No such file or directory\n")
            return 1
        await shell.out("".join(text.splitlines(keepends=True)[-10:]))
    return 0


async def cd(shell: "Shell", args: list[str]) -> int:
    path = shell.host.files.resolve(shell.cwd, args[0].replace("~", shell.home, 1) if args else shell.home)
    if not shell.host.files.is_dir(path):
        await shell.err(f"bash: cd: {args[0]}: No such file or directory\n")
        return 1
    shell.cwd = path
    return 0


async def ls(shell: "Shell", args: list[str]) -> int:
    names = [arg for arg in args if not arg.startswith("-")] or ["."]
    for name in names:
        path = shell.host.files.resolve(shell.cwd, name)
        if path in shell.host.files.files:
            await shell.out(name + "\n")
        elif shell.host.files.is_dir(path):
            await shell.out("".join(f"{entry}\n" for entry in shell.host.files.listing(path)))
        else:
            await shell.err(f"ls: cannot access '{name}': No such file or directory\n")
            return 2
    return 0


async def rm(shell: "Shell", args: list[str]) -> int:
    for name in [arg for arg in args if not arg.startswith("-")]:
        path = shell.host.files.resolve(shell.cwd, name)
        if shell.host.files.files.pop(path, None) is None:
            await shell.err(f"rm: cannot remove '{name}': No such file or directory\n")
            return 1
    return 0


async def echo(shell: "Shell", args: list[str]) -> int:
    bare = args[:1] == ["-n"]
    await shell.out(" ".join(args[1:] if bare else args) + ("" if bare else "\n"))
    return 0


async def uname(shell: "Shell", args: list[str]) -> int:
    every = f"Linux {shell.host.spec.hostname} {shell.host.kernel} #1 SMP x86_64 GNU/Linux"
    answers = {"-a": every, "-r": shell.host.kernel, "-n": shell.host.spec.hostname, "-m": "x86_64"}
    await shell.out(answers.get(args[0] if args else "", "Linux") + "\n")
    return 0


async def identity(shell: "Shell", args: list[str]) -> int:
    await shell.out(f"uid=1000({shell.user}) gid=1000({shell.user}) groups=1000({shell.user}),27(sudo)\n")
    return 0


async def stty(shell: "Shell", args: list[str]) -> int:
    if args == ["size"]:
        await shell.out(f"{shell.rows} {shell.columns}\n")
        return 0
    await shell.out(f"speed 38400 baud; rows {shell.rows}; columns {shell.columns};\n")
    return 0


async def sleep(shell: "Shell", args: list[str]) -> int:
    try:
        seconds = sum(float(arg) for arg in args)
    except ValueError:
        await shell.err(f"sleep: invalid time interval '{args[0]}'\n")
        return 1
    await asyncio.sleep(max(0.0, min(seconds, 86_400)))
    return 0


async def seq(shell: "Shell", args: list[str]) -> int:
    if not args or not all(arg.lstrip("-").isdigit() for arg in args) or len(args) > 2:
        await shell.err("usage: seq [FIRST] LAST\n")
        return 1
    first, last = (1, int(args[0])) if len(args) == 1 else (int(args[0]), int(args[1]))
    for start in range(first, last + 1, CHUNK):
        await shell.out("".join(f"{n}\n" for n in range(start, min(start + CHUNK, last + 1))))
        await asyncio.sleep(0)
    return 0


async def yes(shell: "Shell", args: list[str]) -> int:
    text = ((" ".join(args) or "y") + "\n") * CHUNK
    while True:
        await shell.out(text)
        await asyncio.sleep(0)


async def top(shell: "Shell", args: list[str]) -> int:
    """Redraws every two seconds until Ctrl-C or q; with -b or without a terminal, prints once (-n times)."""
    batch = "-b" in args or not shell.process.get_terminal_type()
    times = (
        int(args[args.index("-n") + 1]) if "-n" in args[:-1] and args[args.index("-n") + 1].isdigit() else 0
    )
    for turn in itertools.count(1):
        await shell.out(("" if batch else "\x1b[H\x1b[2J") + top_report(shell.host, shell.user))
        if turn == times or (batch and not times):
            return 0
        try:
            line = await asyncio.wait_for(shell.lines.get(), 2.0)
        except TimeoutError:
            continue
        if line is None or line.strip() == "q":
            return 0
    return 0


async def fallocate(shell: "Shell", args: list[str]) -> int:
    """`fallocate -l 2G file`: the one thing here that fills the disk."""
    units = {"M": 1 / 1024, "G": 1.0, "T": 1024.0}
    size = args[1] if len(args) == 3 and args[0] == "-l" else ""
    if not size[:-1].isdigit() or size[-1] not in units:
        await shell.err("usage: fallocate -l SIZE[MGT] FILE\n")
        return 1
    more = int(size[:-1]) * units[size[-1]]
    if shell.host.load.disk_used_gb + more > shell.host.load.disk_gb:
        await shell.err("fallocate: fallocate failed: No space left on device\n")
        return 1
    shell.host.load.disk_used_gb += more
    shell.host.files.write(shell.host.files.resolve(shell.cwd, args[2]), "")
    return 0


async def nvidia_smi(shell: "Shell", args: list[str]) -> int:
    report = smi_report(shell.host)
    if not report:
        await shell.err("nvidia-smi: command not found\n")
        return 127
    await shell.out(report)
    return 0


async def leave(shell: "Shell", args: list[str]) -> int:
    shell.done = True
    return int(args[0]) if args and args[0].isdigit() else shell.status


def printing(text: Callable[["Shell"], str]) -> Command:
    async def run(shell: "Shell", args: list[str]) -> int:
        await shell.out(text(shell))
        return 0

    return run


def power(action: str) -> Command:
    async def run(shell: "Shell", args: list[str]) -> int:
        await shell.out(f"Broadcast message from {shell.user}@{shell.host.spec.hostname}: {action} now!\n")
        shell.done = True
        shell.host.power(action)
        return 0

    return run


async def false(shell: "Shell", args: list[str]) -> int:
    return 1


COMMANDS: dict[str, Command] = {
    "cat": cat,
    "cd": cd,
    "clear": printing(lambda shell: "\x1b[H\x1b[2J"),
    "date": printing(lambda shell: datetime.fromtimestamp(shell.host.now(), UTC).strftime("%c UTC\n")),
    "df": printing(lambda shell: df_report(shell.host)),
    "echo": echo,
    "exit": leave,
    "fallocate": fallocate,
    "false": false,
    "free": printing(lambda shell: free_report(shell.host)),
    "help": printing(lambda shell: HELP),
    "history": printing(lambda shell: "".join(f"{n:5}  {line}\n" for n, line in enumerate(shell.history, 1))),
    "hostname": printing(lambda shell: shell.host.spec.hostname + "\n"),
    "id": identity,
    "logout": leave,
    "ls": ls,
    "nproc": printing(lambda shell: f"{shell.host.spec.vcpus}\n"),
    "nvidia-smi": nvidia_smi,
    "poweroff": power("poweroff"),
    "ps": printing(lambda shell: ps_report(shell.host, shell.user)),
    "pwd": printing(lambda shell: shell.cwd + "\n"),
    "reboot": power("reboot"),
    "rm": rm,
    "seq": seq,
    "shutdown": power("poweroff"),
    "sleep": sleep,
    "stress": stress,
    "stress-ng": stress,
    "stty": stty,
    "tail": tail,
    "top": top,
    "true": printing(lambda shell: ""),
    "tty": printing(lambda shell: "/dev/pts/0\n"),
    "uname": uname,
    "uptime": printing(lambda shell: uptime_line(shell.host)),
    "w": printing(lambda shell: uptime_line(shell.host)),
    "whoami": printing(lambda shell: shell.user + "\n"),
    "yes": yes,
}
ABSOLUTE = {posixpath.join("/usr/bin", name): command for name, command in COMMANDS.items()}
COMMANDS.update(ABSOLUTE)
