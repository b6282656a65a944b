"""What a seat's set-up brings, and tells on the console: data, and a repository in the home of whoever sits there."""

import asyncio
import json
from collections.abc import Callable, Collection

from portal.democloud import guest_eval, guest_users
from portal.democloud.guest_host import Host
from portal.democloud.guest_io import Kept
from portal.democloud.guest_seat import Seat
from portal.democloud.guest_shell import NOWHERE, Streams

# However fast the guests are: the cloud's own seconds are those of everybody.
WAIT_SECONDS, LEAST_WAIT = 60.0, 8.0
Told = Callable[[str], None]


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
        host.files.chmod(path, 0o555)
    tell(_line(f"data-{folder}", said, host.now()))


async def _appeared(volume_id: str, attached: Callable[[], Collection[str]], speed: float) -> bool:
    for _ in range(20):
        if volume_id in attached():
            return True
        await asyncio.sleep(max(LEAST_WAIT, WAIT_SECONDS / speed) / 20)
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
