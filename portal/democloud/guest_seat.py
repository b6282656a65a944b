"""A guest that is a seat of a workshop: the account of whoever sits there, data, and a repository."""

import asyncio
import json
import re
from collections.abc import Callable, Collection
from dataclasses import dataclass

from portal.democloud import guest_eval, guest_users
from portal.democloud.guest_files import Files
from portal.democloud.guest_host import Host
from portal.democloud.guest_io import Kept
from portal.democloud.guest_node import ROOT
from portal.democloud.guest_shell import NOWHERE, Streams
from portal.democloud.guest_userdata import PRINCIPALS_DIR, UserData

CONFIG = "/etc/heliosphere/seat"
WAIT_SECONDS = 60.0
_LOGIN = re.compile(r"[a-z][a-z0-9_-]{0,31}")
_FOLDER = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,39}")
Told = Callable[[str], None]


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
    groups = ("sudo",) if seat.sudo else ()
    made = guest_users.add_user(files, seat.login, groups=groups)
    for one in guest_users.accounts(files).values():
        if one.uid >= guest_users.FIRST_UID and files.is_dir(one.home):
            files.chmod(one.home, 0o700)
    guest_users.join(files, "exouser", made.name)
    files.put(f"{PRINCIPALS_DIR}{made.name}", seat.principal + "\n")


async def set_up(
    host: Host, seat: Seat, attached: Callable[[], Collection[str]], tell: Told, speed: float
) -> None:
    for words in seat.data:
        await _data(host, words, attached, tell, speed)
    if seat.repository[0]:
        await _repository(host, seat, tell)


async def _data(
    host: Host, words: tuple[str, ...], attached: Callable[[], Collection[str]], tell: Told, speed: float
) -> None:
    kind, folder = words[0], words[1]
    path = f"/data/{folder}"
    host.files.folders(path)
    said = "the demo cloud has no file servers"
    if kind == "volume":
        said = "" if await _appeared(words[2], attached, speed) else "the disk has not appeared"
    if said:
        host.files.put(f"{path}-IS-NOT-HERE-YET.txt", f"{path} could not be opened: {said}\n")
    else:
        for name, text in (("README.md", _README), ("stations.csv", _STATIONS)):
            host.files.put(f"{path}/{name}", text.format(folder=folder), mode=0o444)
        host.files.chmod(path, 0o555, ROOT)
    tell(_line(f"data-{folder}", said, host.now()))


async def _appeared(volume_id: str, attached: Callable[[], Collection[str]], speed: float) -> bool:
    for _ in range(20):
        if volume_id in attached():
            return True
        await asyncio.sleep(WAIT_SECONDS / 20 / speed)
    return False


async def _repository(host: Host, seat: Seat, tell: Told) -> None:
    url, ref = seat.repository
    account = guest_users.account(host.files, seat.login)
    assert account is not None
    said = Kept(4096)
    shell = guest_eval.login(host, account.who, Streams(NOWHERE.stdin, NOWHERE.stdout, said))
    branch = f"-b '{ref}' " if ref else ""
    status = await shell.run(f"git clone -q {branch}'{url}'")
    await shell.finish()
    lines = said.data.decode("utf-8", "replace").strip().splitlines()
    problem = "" if status == 0 else (lines or ["git failed"])[-1]
    if problem:
        note = f"{url} could not be fetched: {problem}\nBy hand: git clone {url}\n"
        host.files.put(f"{account.home}/REPOSITORY-IS-NOT-HERE-YET.txt", note, who=account.who)
    tell(_line("repository", problem, host.now()))


def guarded(now: float) -> str:
    """Nobody but root reaches the metadata service of a seat (`guest_cmd_net`)."""
    return _line("guard", "", now)


def _line(what: str, said: str, now: float) -> str:
    told = {"helio": "seat", "what": what, "ok": not said, "said": said[:160], "epoch": int(now)}
    return json.dumps(told)


_README = """# {folder}

Data of the workshop, for reading only: the same on every seat.
"""
_STATIONS = "station,latitude,longitude,metres\nBloomington,39.17,-86.52,235\nTucson,32.23,-110.95,728\n"
