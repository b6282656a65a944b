"""The accounts of a guest, as /etc/passwd and /etc/group name them."""

from dataclasses import dataclass

from portal.democloud.guest_files import Files
from portal.democloud.guest_node import Who

FIRST_UID = 1000
NO_LOGIN = ("/usr/sbin/nologin", "/sbin/nologin", "/bin/false", "/usr/bin/false")


@dataclass(frozen=True)
class Account:
    name: str
    uid: int
    home: str
    shell: str
    groups: tuple[str, ...] = ()
    gids: frozenset[int] = frozenset()

    @property
    def who(self) -> Who:
        return Who(self.name, self.uid, self.gids | {self.uid}, self.home)

    @property
    def may_sudo(self) -> bool:
        return self.uid == 0 or bool({"sudo", "wheel", "admin"} & set(self.groups))


def _rows(files: Files, path: str, fields: int) -> list[list[str]]:
    rows = (line.split(":") for line in files.text(path).splitlines())
    return [row for row in rows if len(row) >= fields]


def accounts(files: Files) -> dict[str, Account]:
    groups = [(row[0], row[2], set(row[3].split(","))) for row in _rows(files, "/etc/group", 4)]
    found = {}
    for name, _, uid, _gid, _gecos, home, shell, *_ in _rows(files, "/etc/passwd", 7):
        mine = [(group, number) for group, number, members in groups if name in members]
        gids = frozenset(int(number) for _, number in mine if number.isdigit())
        if uid.isdigit():
            found[name] = Account(name, int(uid), home, shell, tuple(group for group, _ in mine), gids)
    return found


def account(files: Files, name: str) -> Account | None:
    return accounts(files).get(name)


def name_of(files: Files, uid: int) -> str:
    return next((one.name for one in accounts(files).values() if one.uid == uid), str(uid))


def add_user(
    files: Files, name: str, *, groups: tuple[str, ...] = (), shell: str = "/bin/bash", home: str = ""
) -> Account:
    """As useradd makes one, with a home that is its own. A known name is left as it is."""
    known = accounts(files)
    if name in known:
        return known[name]
    uid = max([FIRST_UID - 1, *(one.uid for one in known.values() if one.uid < 60_000)]) + 1
    home = home or f"/home/{name}"
    _append(files, "/etc/passwd", f"{name}:x:{uid}:{uid}::{home}:{shell}\n")
    _append(files, "/etc/group", f"{name}:x:{uid}:\n")
    for group in groups:
        join(files, name, group)
    files.folders(home, mode=0o750, owner=Who(name, uid))
    return accounts(files)[name]


def add_group(files: Files, name: str) -> None:
    rows = _rows(files, "/etc/group", 4)
    if all(row[0] != name for row in rows):
        gid = max([FIRST_UID - 1, *(int(row[2]) for row in rows if row[2].isdigit())]) + 1
        _append(files, "/etc/group", f"{name}:x:{gid}:\n")


def join(files: Files, name: str, group: str) -> bool:
    """Into a group that is there; False when it is not."""
    rows = _rows(files, "/etc/group", 4)
    wanted = next((row for row in rows if row[0] == group), None)
    if wanted is None:
        return False
    members = [one for one in wanted[3].split(",") if one]
    wanted[3] = ",".join([*members, name] if name not in members else members)
    files.put("/etc/group", "".join(":".join(row) + "\n" for row in rows))
    return True


def drop_user(files: Files, name: str) -> None:
    for path in ("/etc/passwd", "/etc/group"):
        lines = files.text(path).splitlines(keepends=True)
        files.put(path, "".join(line for line in lines if line.split(":")[0] != name))


def _append(files: Files, path: str, line: str) -> None:
    files.put(path, files.text(path) + line)
