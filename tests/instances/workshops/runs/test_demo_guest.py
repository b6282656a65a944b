"""The scripts in a guest of the demo cloud: what they are on a Linux they are there, where accounts and full disks can be had."""

from collections.abc import AsyncIterator

import pytest

from instances.workshops.runs.guest_side import Said, command, counted, last_word, said
from portal.democloud.guest_host import Host
from tests.democloud.guest_fixtures import booted, running, spec
from tests.democloud.guest_sh import sh
from tests.instances.workshops.runs.test_guest_scripts import tarred


@pytest.fixture
async def host() -> AsyncIterator[Host]:
    async with running() as guests:
        one = spec()
        await booted(guests, one, str(guests.network[10]))
        yield guests._machines[one.server_id].host


async def run(host: Host, verb: str, text: str = "", *, waits: int = 25, root: bool = False) -> Said:
    ran = await sh(host, command("run", verb, "one", 20, waits, root=root), given=text.encode())
    answer = said(ran.out.encode("utf-8", "surrogateescape"))
    assert answer is not None, ran
    return answer


async def put(host: Host, data: bytes, folder: str = "") -> tuple[str, dict[str, int]]:
    ran = await sh(host, command("put", folder, "job.1", "now"), given=data)
    return last_word(ran.out.encode(), "helio-put"), counted(ran.out.encode())


async def test_a_command_runs_once_and_is_forgotten(host: Host) -> None:
    for _ in range(2):
        answer = await run(host, "start", "echo x >>count; whoami; exit 3\n")
        assert (answer.state, answer.exit, answer.output.head) == ("done", 3, b"ubuntu\n")
    await run(host, "forget")
    assert (await run(host, "start", "echo x >>count\n")).state == "over"
    assert host.files.text("/home/ubuntu/count") == "x\n"


async def test_as_root_it_leaves_nothing_in_the_learners_home(host: Host) -> None:
    answer = await run(host, "start", "whoami; pwd\n", root=True)
    assert answer.output.head == b"root\n/root\n"
    assert ".heliosphere-runs" not in host.files.listing("/home/ubuntu")


async def test_one_that_runs_is_looked_after_and_stopped(host: Host) -> None:
    first = await run(host, "start", "echo begun; sleep 60\n", waits=2)
    assert (first.state, first.output.head) == ("running", b"begun\n")
    assert (await run(host, "stop", waits=10)).state == "stopped"


async def test_much_output_is_kept_at_both_ends(host: Host) -> None:
    answer = await run(host, "start", "echo first; bigfile 300K; echo last\n")
    assert answer.output.cut and answer.output.head.startswith(b"first\n")
    assert answer.output.tail.endswith(b"last\n")


async def test_a_full_disk_is_said_and_nothing_of_the_learners_is_touched(host: Host) -> None:
    await sh(host, "echo mine >a.txt")
    host.full = True
    assert (await run(host, "start", "true\n")).state == "full"
    assert (await put(host, tarred(**{"a.txt": b"new"})))[0] == "full"
    assert host.files.text("/home/ubuntu/a.txt") == "mine\n"
    assert ".heliosphere-put-job.1" not in host.files.listing("/home/ubuntu")


async def test_a_link_to_what_the_learner_may_not_write_leads_nowhere(host: Host) -> None:
    await sh(host, "ln -s /etc course")
    assert (await put(host, tarred(passwd=b"root::0:0::/:/bin/sh\n"), "course"))[0] == "refused"
    assert "root::0:0" not in host.files.text("/etc/passwd")


async def test_what_is_there_already_is_the_same_and_what_was_changed_is_kept(host: Host) -> None:
    data = tarred(**{"a.txt": b"A", "sub/b c.txt": b"B"})
    assert await put(host, data, "course") == ("done", {"made": 2, "same": 0, "kept": 0})
    await sh(host, "echo mine >course/a.txt")
    assert await put(host, data, "course") == ("done", {"made": 0, "same": 1, "kept": 1})
    assert host.files.text("/home/ubuntu/course/a.txt.before-now") == "mine\n"


async def test_work_is_packed_without_what_is_nobodys(host: Host) -> None:
    await sh(host, "mkdir -p n .cache; echo x >n/1.ipynb; echo y >.cache/y; echo z >z")
    ran = await sh(host, command("pack", "work") + " >/tmp/w.tar; tar -t -f - </tmp/w.tar")
    assert {"./n/1.ipynb", "./z"} <= set(ran.out.split()) and "./.cache/y" not in ran.out
    chosen = await sh(
        host, command("pack", "work") + " >/tmp/w.tar; tar -t -f - </tmp/w.tar", given=b"n/*.ipynb\n"
    )
    assert chosen.out.split() == ["./n/1.ipynb"]
    assert (await sh(host, command("pack", "work"), given=b"nothing*\n")).status == 72
