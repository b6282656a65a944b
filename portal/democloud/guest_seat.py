"""A guest that is a seat of a workshop: what it was told, and the account of whoever sits there."""

import re
from dataclasses import dataclass

from portal.democloud import guest_users
from portal.democloud.guest_files import Files
from portal.democloud.guest_userdata import PRINCIPALS_DIR, UserData

CONFIG = "/etc/heliosphere/seat"
_LOGIN = re.compile(r"[a-z][a-z0-9_-]{0,31}")
_FOLDER = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,39}")


@dataclass(frozen=True)
class Seat:
    login: str
    sudo: bool
    principal: str
    repository: tuple[str, str]
    data: tuple[tuple[str, ...], ...]


def of(data: UserData) -> Seat | None:
    """As `seat.sh` reads its lines; None on a machine that is no seat."""
    text = data.files.get(CONFIG, b"").decode("utf-8", "replace")
    lines = [line.split(" ") for line in text.splitlines() if " " in line]
    first = {words[0]: words[1:] for words in reversed(lines)}
    login = first.get("login", [""])[0]
    if not _LOGIN.fullmatch(login):
        return None
    url, ref = [*first.get("repository", []), "", ""][:2]
    kinds = {"volume", "nfs", "cephfs"}
    found = (tuple(words) for words in lines if words[0] in kinds and _FOLDER.fullmatch(words[1]))
    return Seat(
        login,
        first.get("sudo") == ["yes"],
        first.get("principal", [""])[0],
        (url, ref),
        tuple(found),
    )


def settle(files: Files, seat: Seat) -> None:
    """What the user-data's account becomes on a fresh disk: its rights, its home, who else may come to it."""
    made = guest_users.add_user(files, seat.login)
    if seat.sudo:
        guest_users.join(files, made.name, "sudo")
    for one in guest_users.accounts(files).values():
        if one.uid >= guest_users.FIRST_UID and files.is_dir(one.home):
            files.chmod(one.home, 0o700)
    guest_users.join(files, "exouser", made.name)
    files.put(f"{PRINCIPALS_DIR}{made.name}", seat.principal + "\n")
