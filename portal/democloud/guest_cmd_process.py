"""Programs of a guest that begin and end processes of their own: `setsid`, `kill`."""

import copy

from portal.democloud import guest_processes, guest_program
from portal.democloud.guest_io import Nothing
from portal.democloud.guest_program import Process, program
from portal.democloud.guest_shell import Shell, Streams


@program("setsid")
async def setsid(process: Process, args: list[str]) -> int:
    """`setsid -f PROGRAM` goes on when the session has ended; without -f it is the program alone."""
    words = list(args)
    while words and words[0].startswith("-"):
        words.pop(0)
    if not words:
        return await process.fail("no command specified")
    if not {"-f", "--fork"} & set(args[: len(args) - len(words)]):
        return await guest_program.start(process.shell, words, process.streams, {})
    quiet = Streams(Nothing(), Nothing(), Nothing())
    shell = copy.copy(process.shell.child(quiet))
    shell.tty, shell.pid = None, process.host.next_pid()
    if shell.pid == process.shell.pid:
        shell.pid = process.host.next_pid()
    if not guest_processes.begin(process.host, shell.pid, lambda: _work(shell, words)):
        return await process.fail("fork: Resource temporarily unavailable")
    return 0


async def _work(shell: Shell, words: list[str]) -> int:
    try:
        return await guest_program.start(shell, words, shell.streams, {})
    finally:
        await shell.finish()


@program("kill", "pkill", "killall")
async def kill(process: Process, args: list[str]) -> int:
    """Only what was begun by `setsid -f` can be ended; of others `-0` says that they live."""
    pids = [int(one) for one in args if one.isdigit()]
    asks = "-0" in args
    for pid in pids if process.name == "kill" else []:
        lives = guest_processes.lives(process.host, pid)
        if lives is None:
            continue
        if lives and not asks:
            guest_processes.end(process.host, pid)
        return 0 if lives else await process.fail(f"({pid}) - No such process")
    return 0 if asks else await process.fail("No such process")
