"""What a guest's shell does itself: folders, variables, tests, and leaving."""

from portal.democloud import guest_program
from portal.democloud.guest_program import Process, builtin
from portal.democloud.guest_syntax import is_name


@builtin("cd")
async def cd(process: Process, args: list[str]) -> int:
    shell = process.shell
    given = args[0] if args else shell.home
    wanted = shell.env.get("OLDPWD", shell.cwd) if given == "-" else given
    try:
        node = shell.host.files.find(shell.path(wanted), shell.who)
    except OSError as problem:
        return await process.fail(f"{given}: {problem.strerror}")
    if not node.is_dir:
        return await process.fail(f"{given}: Not a directory")
    if not node.allows(shell.who, 1):
        return await process.fail(f"{given}: Permission denied")
    shell.env["OLDPWD"] = shell.cwd
    shell.cwd = shell.host.files.real(shell.path(wanted), shell.who)
    return 0


@builtin("exit", "logout")
async def leave(process: Process, args: list[str]) -> int:
    process.shell.done = True
    return int(args[0]) & 0xFF if args and args[0].isdigit() else process.shell.status


@builtin("break", "continue", "return")
async def leave_part(process: Process, args: list[str]) -> int:
    process.shell.leaving = process.name
    wanted = args[0] if args and process.name == "return" else ""
    return int(wanted) & 0xFF if wanted.isdigit() else process.shell.status if process.name == "return" else 0


@builtin("export", "readonly", "local", "declare")
async def export(process: Process, args: list[str]) -> int:
    for one in args:
        name, sign, value = one.partition("=")
        if sign and is_name(name):
            process.shell.env[name] = value
    return 0


@builtin("unset")
async def unset(process: Process, args: list[str]) -> int:
    for name in args:
        process.shell.env.pop(name, None)
    return 0


@builtin("set")
async def set_flags(process: Process, args: list[str]) -> int:
    shell = process.shell
    for number, one in enumerate(args):
        if one == "--" or one[:1] not in {"-", "+"}:
            shell.arguments = args[number + (one == "--") :]
            break
        letters = set(one[1:]) - {"o"}
        shell.flags = shell.flags | letters if one[0] == "-" else shell.flags - letters
    return 0


@builtin("shift")
async def shift(process: Process, args: list[str]) -> int:
    count = int(args[0]) if args and args[0].isdigit() else 1
    if count > len(process.shell.arguments):
        return 1
    process.shell.arguments = process.shell.arguments[count:]
    return 0


@builtin("eval")
async def evaluate(process: Process, args: list[str]) -> int:
    return await process.shell.run(" ".join(args))


@builtin("exec")
async def execute(process: Process, args: list[str]) -> int:
    if not args:
        process.shell.streams = process.streams
        return 0
    status = await guest_program.start(process.shell, args, process.streams, process.env)
    process.shell.done = True
    return status


@builtin(".", "source")
async def source(process: Process, args: list[str]) -> int:
    if not args:
        return await process.fail("filename argument required", 2)
    return await process.shell.run(await process.everything(args[0]))


@builtin("trap", "umask", "ulimit", "alias", "unalias", "shopt", "hash", "bind", "complete", "disown", ":")
async def nothing(process: Process, args: list[str]) -> int:
    if process.name == "umask" and not args:
        await process.out("0022\n")
    return 0


@builtin("wait")
async def wait(process: Process, args: list[str]) -> int:
    for task in list(process.shell.background):
        await task
    return 0


@builtin("jobs")
async def jobs(process: Process, args: list[str]) -> int:
    count = len(process.shell.background)
    await process.out("".join(f"[{number}]+  Running\n" for number in range(1, count + 1)))
    return 0


@builtin("history")
async def history(process: Process, args: list[str]) -> int:
    lines = (f"{number:5}  {line}\n" for number, line in enumerate(process.shell.history, 1))
    await process.out("".join(lines))
    return 0


@builtin("pwd")
async def pwd(process: Process, args: list[str]) -> int:
    await process.out(process.shell.cwd + "\n")
    return 0


@builtin("read")
async def read(process: Process, args: list[str]) -> int:
    names = [one for one in args if is_name(one)] or ["REPLY"]
    if "-p" in args[:-1]:
        prompt = args[args.index("-p") + 1]
        names = [one for one in names if one != prompt] or ["REPLY"]
        await process.err(prompt)
    tty = process.tty if process.streams.stdin is process.tty else None
    if tty is not None and any("s" in one for one in args if one.startswith("-")):
        tty.echo = False
    line = bytearray()
    while not line.endswith(b"\n"):
        byte = await process.streams.stdin.read(1)
        if not byte:
            break
        line += byte
    if tty is not None:
        tty.echo = True
    words = line.decode("utf-8", "surrogateescape").rstrip("\n").split(None, len(names) - 1)
    for number, name in enumerate(names):
        process.shell.env[name] = words[number].rstrip() if number < len(words) else ""
    return 0 if line.endswith(b"\n") else 1


@builtin("type", "command")
async def command(process: Process, args: list[str]) -> int:
    asks = process.name == "type" or args[:1] in (["-v"], ["-V"])
    names = [one for one in args if not one.startswith("-")]
    if not asks:
        return await guest_program.start(process.shell, names, process.streams, {}) if names else 0
    status = 0
    for name in names:
        shell = process.shell
        own = name in guest_program.BUILTINS or name in shell.functions
        path = name if own else guest_program.where(shell, name)
        if not path:
            status = 1
        elif process.name == "type":
            await process.out(f"{name} is {'a shell builtin' if own else path}\n")
        else:
            await process.out(path + "\n")
    return status
