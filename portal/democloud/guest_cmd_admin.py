"""Programs of a guest with which its administrator makes accounts and starts services."""

from portal.democloud import guest_sshd, guest_users
from portal.democloud.guest_program import Process, program, split_options

RUNNING = {"ssh", "sshd", "heliosphere-agent", "cron", "systemd-resolved", "dbus"}
VALUED = {
    "-s",
    "-d",
    "-g",
    "-G",
    "-c",
    "-u",
    "-k",
    "-p",
    "-K",
    "--shell",
    "--home",
    "--home-dir",
    "--groups",
    "--comment",
}


async def _refused(process: Process) -> bool:
    if process.who.uid == 0:
        return False
    await process.err(f"{process.name}: Permission denied.\n")
    return True


def _values(args: list[str]) -> tuple[dict[str, str], list[str]]:
    """Options with their values, and what is left."""
    values: dict[str, str] = {}
    rest = []
    words = iter(args)
    for one in words:
        name, sign, value = one.partition("=")
        if (
            one in VALUED
            or (one.startswith("-") and not one.startswith("--") and one[-2:] == "aG")
            or one == "-aG"
        ):
            values["-G" if one.endswith("G") else one] = next(words, "")
        elif one.startswith("-"):
            values[name] = value if sign else ""
        else:
            rest.append(one)
    return values, rest


@program("useradd", "adduser")
async def useradd(process: Process, args: list[str]) -> int:
    if await _refused(process):
        return 1
    values, names = _values(args)
    if not names:
        return await process.fail("missing user name", 2)
    name = names[-1] if process.name == "useradd" else names[0]
    if guest_users.account(process.files, name) is not None:
        return await process.fail(f"user '{name}' already exists", 9)
    groups = tuple(one for one in (values.get("-G") or values.get("--groups") or "").split(",") if one)
    shell = values.get("-s") or values.get("--shell") or "/bin/bash"
    home = values.get("-d") or values.get("--home-dir") or values.get("--home") or ""
    guest_users.add_user(process.files, name, groups=groups, shell=shell, home=home)
    return 0


@program("usermod", "gpasswd")
async def usermod(process: Process, args: list[str]) -> int:
    if await _refused(process):
        return 1
    values, names = _values(args)
    groups = (
        [names[-1]] if process.name == "gpasswd" else [one for one in values.get("-G", "").split(",") if one]
    )
    name = names[0] if names else ""
    if guest_users.account(process.files, name) is None:
        return await process.fail(f"user '{name}' does not exist", 6)
    for group in groups:
        if not guest_users.join(process.files, name, group):
            return await process.fail(f"group '{group}' does not exist", 6)
    return 0


@program("userdel", "deluser")
async def userdel(process: Process, args: list[str]) -> int:
    if await _refused(process):
        return 1
    _, names = split_options(args)
    account = guest_users.account(process.files, names[-1] if names else "")
    if account is None:
        return await process.fail(f"user '{names[-1] if names else ''}' does not exist", 6)
    guest_users.drop_user(process.files, account.name)
    return 0


@program("groupadd", "addgroup")
async def groupadd(process: Process, args: list[str]) -> int:
    if await _refused(process):
        return 1
    _, names = split_options(args)
    guest_users.add_group(process.files, names[-1] if names else "group")
    return 0


@program("passwd", "chpasswd", "chage", "visudo", "loginctl", "restorecon", "sync", "logger", "dmesg")
async def quiet(process: Process, args: list[str]) -> int:
    return 0


@program("systemctl", "service")
async def systemctl(process: Process, args: list[str]) -> int:
    """Units that every guest has, and the desktop of those that have one; sshd reads its settings anew."""
    words = [one for n, one in enumerate(args) if not one.startswith("-") and args[n - 1 : n] != ["-p"]]
    if process.name == "service":
        words = words[::-1]
    action, units = (words or ["status"])[0], [one.removesuffix(".service") for one in words[1:]]
    known = RUNNING | (
        {"heliosphere-desktop"} if process.host.data.desktop and process.host.data.heliosphere else set()
    )
    if action == "show":
        await process.out(
            "".join(
                f"LoadState={_load(unit in known)}\nActiveState={_active(unit in known)}\n" for unit in units
            )
        )
        return 0
    if action in {"is-active", "is-enabled", "status"}:
        up = all(unit in known for unit in units)
        if not {"-q", "--quiet"} & set(args):
            word = "active" if up else "inactive"
            await process.out((word if action != "is-enabled" else "enabled" if up else "disabled") + "\n")
        return 0 if up else 3
    if await _refused(process):
        return 1
    if action in {"daemon-reload", "list-units", "list-unit-files"}:
        return 0
    for unit in units:
        if unit not in known and process.shell.node(f"/etc/systemd/system/{unit}.service") is None:
            return await process.fail(f"Unit {unit}.service not found.", 5)
        if unit in {"ssh", "sshd"} and action in {"reload", "restart", "try-restart", "reload-or-restart"}:
            process.host.reload_sshd()
    return 0


def _load(known: bool) -> str:
    return "loaded" if known else "not-found"


def _active(known: bool) -> str:
    return "active" if known else "inactive"


@program("sshd")
async def sshd(process: Process, args: list[str]) -> int:
    """`sshd -t` finds nothing wrong; `sshd -T -C user=NAME` shows what holds for somebody."""
    if "-T" not in args:
        return 0
    given = dict(one.partition("=")[::2] for word in args for one in word.split(",") if "=" in one)
    account = guest_users.account(process.files, given.get("user", "root"))
    if account is None:
        return await process.fail("no such user", 255)
    values = guest_sshd.effective(guest_sshd.read(process.files), account)
    await process.out("".join(f"{keyword} {value}\n" for keyword, value in sorted(values.items())))
    return 0
