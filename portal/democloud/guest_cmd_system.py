"""Programs of a guest that tell about the system, wait, and switch it off."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime

from portal.democloud import guest_program, guest_users
from portal.democloud.guest_interact import interact
from portal.democloud.guest_node import Who
from portal.democloud.guest_program import BUILTINS, PROGRAMS, Process, Program, available, builtin, program
from portal.democloud.guest_reports import (
    df_report,
    free_report,
    ps_report,
    smi_report,
    uptime_line,
)
from portal.democloud.guest_stress import stress

LONGEST = 86_400.0
SUFFIX = {"s": 1, "m": 60, "h": 3600, "d": 86_400}


def printing(*names: str, text: Callable[[Process], str]) -> None:
    async def run(process: Process, args: list[str]) -> int:
        await process.out(text(process))
        return 0

    program(*names)(run)


printing("df", text=lambda p: df_report(p.host))
printing("free", text=lambda p: free_report(p.host))
printing("hostname", text=lambda p: p.host.spec.hostname + "\n")
printing("nproc", text=lambda p: f"{p.host.spec.vcpus}\n")
printing("nvidia-smi", text=lambda p: smi_report(p.host))
printing("ps", text=lambda p: ps_report(p.host, p.user))
printing("uptime", "w", text=lambda p: uptime_line(p.host))
printing(
    "who", text=lambda p: f"{p.user}  pts/0  {datetime.fromtimestamp(p.host.now(), UTC):%Y-%m-%d %H:%M}\n"
)
printing("whoami", "logname", text=lambda p: p.user + "\n")
printing("clear", "reset", text=lambda p: "\x1b[H\x1b[2J\x1b[3J" if p.name == "clear" else "\x1bc")
printing("help", text=lambda p: _help(p))
program("stress", "stress-ng")(stress)


def _help(process: Process) -> str:
    names = sorted({*BUILTINS, *(name for name in PROGRAMS if available(process.host, name))})
    lines, line = [], ""
    for name in names:
        if len(line) + len(name) > 76:
            lines.append(line)
            line = ""
        line += name + " "
    return "\n".join([*lines, line]) + "\n"


@builtin("true")
async def true(process: Process, args: list[str]) -> int:
    return 0


@builtin("false")
async def false(process: Process, args: list[str]) -> int:
    return 1


@program("date")
async def date(process: Process, args: list[str]) -> int:
    now = datetime.fromtimestamp(process.host.now(), UTC)
    form = next((one[1:] for one in args if one.startswith("+")), "")
    text = now.strftime(form.replace("%s", str(int(now.timestamp()))).replace("%N", "000000000"))
    await process.out((text if form else now.strftime("%a %b %e %H:%M:%S UTC %Y")) + "\n")
    return 0


@program("uname")
async def uname(process: Process, args: list[str]) -> int:
    host = process.host
    every = f"Linux {host.spec.hostname} {host.kernel} #1 SMP x86_64 GNU/Linux"
    answers = {"-a": every, "-r": host.kernel, "-n": host.spec.hostname, "-m": "x86_64"}
    await process.out(answers.get(args[0] if args else "", "Linux") + "\n")
    return 0


@program("id", "groups")
async def identity(process: Process, args: list[str]) -> int:
    names = [one for one in args if not one.startswith("-")]
    account = guest_users.account(process.files, names[0] if names else process.user)
    if account is None:
        return await process.fail(f"'{names[0] if names else process.user}': no such user")
    if process.name == "groups" or {"-Gn", "-nG"} & set(args):
        await process.out(" ".join([account.name, *account.groups]) + "\n")
    elif {"-u", "-g", "-un", "-nu"} & set(args):
        await process.out((account.name if args[0] in {"-un", "-nu"} else str(account.uid)) + "\n")
    else:
        name, uid = account.name, account.uid
        await process.out(f"uid={uid}({name}) gid={uid}({name}) groups={','.join([name, *account.groups])}\n")
    return 0


@program("getent")
async def getent(process: Process, args: list[str]) -> int:
    path = {"passwd": "/etc/passwd", "group": "/etc/group", "hosts": "/etc/hosts"}.get(
        args[0] if args else ""
    )
    if path is None:
        return await process.fail("Unknown database", 1)
    lines = process.files.text(path).splitlines(keepends=True)
    found = [line for line in lines if len(args) < 2 or args[1] in line.split(":")[:3:2]]
    await process.out("".join(found))
    return 0 if found else 2


@program("stty")
async def stty(process: Process, args: list[str]) -> int:
    tty = process.tty
    if tty is None:
        return await process.fail("'standard input': Inappropriate ioctl for device")
    if args == ["size"]:
        await process.out(f"{tty.rows} {tty.columns}\n")
    elif args in (["-echo"], ["echo"]):
        tty.echo = args == ["echo"]
    elif args:
        return 0
    else:
        await process.out(f"speed 38400 baud; rows {tty.rows}; columns {tty.columns};\n")
    return 0


@program("tty")
async def tty_name(process: Process, args: list[str]) -> int:
    await process.out("/dev/pts/0\n" if process.tty else "not a tty\n")
    return 0 if process.tty else 1


@program("tput")
async def tput(process: Process, args: list[str]) -> int:
    tty = process.tty
    known = {
        "cols": f"{tty.columns if tty else 80}\n",
        "lines": f"{tty.rows if tty else 24}\n",
        "colors": "256\n",
    }
    known |= {
        "clear": "\x1b[H\x1b[2J",
        "sgr0": "\x1b[0m",
        "bold": "\x1b[1m",
        "smcup": "\x1b[?1049h",
        "rmcup": "\x1b[?1049l",
    }
    await process.out(known.get(args[0] if args else "", ""))
    return 0 if args and args[0] in known else 1


def seconds(text: str) -> float:
    number = text[:-1] if text[-1:] in SUFFIX else text
    return float(number) * SUFFIX.get(text[-1:], 1)


@program("sleep")
async def sleep(process: Process, args: list[str]) -> int:
    try:
        total = sum(map(seconds, args))
    except ValueError:
        return await process.fail(f"invalid time interval '{args[0]}'")
    await asyncio.sleep(max(0.0, min(total, LONGEST)))
    return 0


@program("timeout")
async def timeout(process: Process, args: list[str]) -> int:
    names = list(args)
    while names and names[0].startswith("-"):
        names = names[2 if names[0] in {"-k", "-s"} else 1 :]
    if len(names) < 2:
        return await process.fail("missing operand", 125)
    try:
        async with asyncio.timeout(seconds(names[0])):
            return await guest_program.start(process.shell, names[1:], process.streams, {})
    except TimeoutError:
        return 124


@program("env", "printenv", "nice", "nohup", "time", "stdbuf", "ionice")
async def env(process: Process, args: list[str]) -> int:
    shell = process.shell
    while args and (args[0].startswith("-") or ("=" in args[0] and process.name == "env")):
        name, sign, value = args[0].partition("=")
        if sign:
            shell.env[name] = value
        args = args[1:]
    if args and process.name != "printenv":
        return await guest_program.start(shell, args, process.streams, {})
    shown = {name: shell.env[name] for name in args if name in shell.env} if args else shell.env
    await process.out("".join(f"{value}\n" if args else f"{name}={value}\n" for name, value in shown.items()))
    return 0 if shown or not args else 1


@program("which")
async def which(process: Process, args: list[str]) -> int:
    paths = [guest_program.where(process.shell, name) for name in args]
    await process.out("".join(path + "\n" for path in paths if path))
    return 0 if all(paths) else 1


@program("bash", "sh", "dash")
async def shell_again(process: Process, args: list[str]) -> int:
    """`-c TEXT`, a file, what is read, or, on a screen, an interactive one."""
    shell = process.shell
    shell.flags |= {
        letter for one in args if one.startswith("-") and "-c" not in one for letter in one[1:]
    } & set("eux")
    if any(one.startswith("-") and one.endswith("c") for one in args):
        at = next(n for n, one in enumerate(args) if one.startswith("-") and one.endswith("c"))
        text, rest = (args[at + 1 :] or [""])[0], args[at + 2 :]
        shell.name, shell.arguments = (rest or ["bash"])[0], rest[1:]
        return await shell.run(text)
    names = [one for one in args if not one.startswith("-")]
    if names and "-s" not in args:
        return await guest_program.script(shell, names[0], names[1:])
    if process.on_screen and process.streams.stdin is process.tty:
        return await interact(shell)
    shell.arguments = names
    return await shell.run(await process.everything())


@program("sudo", "su", "doas")
async def sudo(process: Process, args: list[str]) -> int:
    shell = process.shell
    account = guest_users.account(shell.host.files, process.user)
    if account is None or not account.may_sudo:
        return await process.fail(f"{process.user} is not in the sudoers file.")
    target = "root"
    words, login = list(args), process.name == "su"
    while words and (words[0].startswith("-") or "=" in words[0]):
        one = words.pop(0)
        target = words.pop(0) if one in {"-u", "-g"} and words else target
        login = login or one in {"-i", "-s", "-l", "-"}
    if process.name == "su" and words:
        target, words = words[0], words[2:3] if words[1:2] == ["-c"] else []
        words = ["sh", "-c", *words] if words else []
    wanted = guest_users.account(shell.host.files, target)
    if wanted is None:
        return await process.fail(f"unknown user {target}")
    own = shell.child(process.streams, Who(wanted.name, wanted.uid, wanted.who.gids, wanted.home))
    own.env |= {"HOME": wanted.home, "USER": target, "LOGNAME": target, "SUDO_USER": process.user}
    if words:
        return await guest_program.start(own, words, process.streams, {})
    own.cwd = wanted.home if login else own.cwd
    return await guest_program.start(own, ["bash"], process.streams, {}) if login else 0


def power(action: str) -> Program:
    async def run(process: Process, args: list[str]) -> int:
        await process.err(
            f"Broadcast message from {process.user}@{process.host.spec.hostname}: {action} now!\n"
        )
        process.host.power(action)
        return 0

    return run


program("poweroff", "shutdown", "halt")(power("poweroff"))
program("reboot")(power("reboot"))
