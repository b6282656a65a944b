"""The `tmux` of a guest: what a portal needs to keep a shell, and what a person tries first."""

from dataclasses import dataclass, field

from portal.democloud.guest_program import Process, program
from portal.democloud.guest_tmux import Session, begin, look, sessions_of

VALUED = {"s", "t", "x", "y", "c", "n", "F", "e", "S", "L", "f"}
NAMES = {
    "new": "new-session",
    "attach": "attach-session",
    "a": "attach-session",
    "at": "attach-session",
    "ls": "list-sessions",
    "has": "has-session",
    "set": "set-option",
    "detach": "detach-client",
}
QUIET = {
    "set-option",
    "set-window-option",
    "setw",
    "bind-key",
    "bind",
    "unbind-key",
    "unbind",
    "start-server",
    "source-file",
}


@dataclass
class Asked:
    name: str
    flags: set[str] = field(default_factory=set)
    values: dict[str, str] = field(default_factory=dict)
    rest: list[str] = field(default_factory=list)


def parse(words: list[str]) -> Asked:
    """One command: letters of flags, their values, and what is left."""
    asked = Asked(NAMES.get(words[0], words[0])) if words else Asked("new-session")
    left = words[1:]
    while left and left[0].startswith("-") and len(left[0]) > 1 and not asked.rest:
        letters = left.pop(0)[1:]
        for number, letter in enumerate(letters):
            if letter in VALUED:
                asked.values[letter] = letters[number + 1 :] or (left.pop(0) if left else "")
                break
            asked.flags.add(letter)
    asked.rest = left
    return asked


def split_commands(args: list[str]) -> tuple[str, list[list[str]]]:
    """The server's name, and the commands between `;`."""
    server, left = "default", list(args)
    while left and left[0].startswith("-"):
        one = left.pop(0)
        if one[1:2] in {"L", "S", "f", "c"}:
            value = one[2:] or (left.pop(0) if left else "")
            server = value if one[1:2] in {"L", "S"} else server
        elif one == "-V":
            left = ["-V"]
            break
    commands: list[list[str]] = [[]]
    for word in left:
        if word == ";":
            commands.append([])
        else:
            commands[-1].append(word)
    return server, [words for words in commands if words] or [[]]


@program("tmux")
async def tmux(process: Process, args: list[str]) -> int:
    server, commands = split_commands(args)
    if commands == [["-V"]]:
        await process.out("tmux 3.4\n")
        return 0
    asked = [parse(words) for words in commands]
    text = " ".join(word for words in commands for word in words)
    status = 0
    for one in asked:
        if one.name not in QUIET:
            status = await _one(process, server, one, text)
        if status:
            return status
    return 0


async def _one(process: Process, server: str, asked: Asked, text: str) -> int:
    sessions = sessions_of(process.host, process.who.uid, server)
    wanted = asked.values.get("s" if asked.name == "new-session" else "t", "").removeprefix("=")
    if asked.name == "new-session":
        return await _new(process, server, asked, text, wanted)
    if asked.name == "kill-server":
        for one in list(sessions.values()):
            one.end()
        return 0
    if not sessions:
        where = f"/tmp/tmux-{process.who.uid}/{server}"  # noqa: S108 - a guest's
        return await _said(process, f"no server running on {where}")
    if asked.name == "list-sessions":
        await process.out("".join(_line(one, asked.values.get("F", "")) for one in sessions.values()))
        return 0
    session = sessions.get(wanted) if wanted else next(iter(sessions.values()))
    if session is None:
        return await _said(process, f"can't find session: {wanted}")
    if asked.name == "has-session":
        return 0
    if asked.name == "kill-session":
        session.end()
        return 0
    if asked.name == "detach-client":
        session.detach(f"[detached (from session {session.name})]")
        return 0
    if asked.name == "attach-session":
        return await _look(process, session, text, alone="d" in asked.flags)
    if asked.name in {"send-keys", "send"}:
        return _typed(session, asked.rest)
    return await _said(process, f"unknown command: {asked.name}")


def _typed(session: Session, words: list[str]) -> int:
    keys = {"Enter": "\r", "C-c": "\x03", "C-d": "\x04", "Space": " "}
    assert session.shell.tty is not None
    session.shell.tty.feed("".join(keys.get(word, word) for word in words).encode())
    return 0


async def _said(process: Process, words: str) -> int:
    await process.err(words + "\n")
    return 1


def _line(session: Session, form: str) -> str:
    if form:
        return form.replace("#{session_name}", session.name).replace("#S", session.name) + "\n"
    return f"{session.name}: 1 windows{' (attached)' if session.clients else ''}\n"


async def _new(process: Process, server: str, asked: Asked, text: str, wanted: str) -> int:
    tty = process.tty if process.on_screen else None
    if tty is None:
        return await _said(process, "open terminal failed: not a terminal")
    known = sessions_of(process.host, process.who.uid, server)
    name = wanted or next(str(number) for number in range(1000) if str(number) not in known)
    session = known.get(name)
    if session is not None and "A" not in asked.flags:
        return await _said(process, f"duplicate session: {name}")
    if session is None:
        begun = begin(process.shell, server, name, tty, " ".join(asked.rest))
        if begun is None:
            return await _said(process, "create session failed: too many sessions")
        if "d" in asked.flags:
            return 0
        session = begun
    return await _look(process, session, text, alone="D" in asked.flags)


async def _look(process: Process, session: Session, text: str, *, alone: bool) -> int:
    tty = process.tty
    if tty is None or not process.on_screen:
        return await _said(process, "open terminal failed: not a terminal")
    if alone:
        session.detach(f"[detached (from session {session.name})]")
    word = await look(session, tty, alternate="smcup@" not in text, prefix="prefix None" not in text)
    await process.out(word + "\n")
    return 0
