from __future__ import annotations

import dataclasses
import json
import re
import time
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from portal.democloud.guest import Guests
from portal.democloud.guest_net import claim_slice
from portal.democloud.guest_userdata import SCRIPT_FILE, SETUP_FILE
from tests.democloud.guest_fixtures import (
    BASE,
    PORT,
    agent_file,
    booted,
    cloud_config,
    connect,
    new_key,
    public,
    running,
    spec,
    until,
)

ID = "server-1"
KEY = new_key()


def statuses(guests: Guests) -> list[str]:
    return re.findall(r'"status":"(\w+)"', guests.console_log(ID))


def usage_lines(guests: Guests) -> list[dict[str, Any]]:
    log = guests.console_log(ID).splitlines()
    return [json.loads(line) for line in log if "cpuPctUsed" in line]


def host_keys(guests: Guests) -> str:
    return guests.console_log(ID).partition("BEGIN SSH HOST KEY KEYS")[2].partition("-----END")[0]


async def test_a_boot_goes_from_off_to_up_and_tells_its_story() -> None:
    async with running() as guests:
        assert guests.power(ID) == "off"
        assert guests.usage(ID) is None
        await guests.boot(spec(), None)
        assert guests.power(ID) == "booting"
        await until(lambda: guests.power(ID) == "up")
        await until(lambda: statuses(guests) == ["starting", "running", "complete"])
        assert host_keys(guests)
        assert guests.usage(ID) is not None


async def test_the_usage_line_comes_every_minute_of_the_wall_not_of_the_speed() -> None:
    async with running(usage_interval=0.2) as guests:
        await booted(guests, spec())
        await until(lambda: len(usage_lines(guests)) >= 3)
        epochs = [line["epoch"] for line in usage_lines(guests)]
        assert epochs == sorted(epochs)
    async with running() as guests:
        await booted(guests, spec())
        await until(lambda: usage_lines(guests))
        assert len(usage_lines(guests)) == 1


@pytest.mark.parametrize("agent", [False, True])
async def test_a_machine_made_elsewhere_prints_usage_only_with_our_agent(agent: bool) -> None:
    data = cloud_config(agent_file("http://127.0.0.1:1/")) if agent else None
    async with running(usage_interval=0.1) as guests:
        await booted(guests, spec(metadata={}, user_data=data))
        await booted(guests, spec("other"))
        await until(lambda: "cpuPctUsed" in guests.console_log("other"))
        await until(lambda: bool(usage_lines(guests)) == agent)
        assert statuses(guests) == []


async def test_stop_and_start_begin_a_new_log_without_host_keys() -> None:
    async with running() as guests:
        await booted(guests, spec())
        await guests.shutdown(ID)
        assert guests.power(ID) == "off"
        assert host_keys(guests), "the log of a stopped machine can still be read"
        await booted(guests, spec())
        assert not host_keys(guests)
        assert statuses(guests) == []


async def test_a_machine_of_ours_tells_its_keys_and_status_again_after_a_cold_start() -> None:
    data = cloud_config({SETUP_FILE: "#!/bin/sh", SCRIPT_FILE: "#!/bin/sh\nexit 2\n"})
    async with running() as guests:
        await booted(guests, spec(user_data=data))
        await until(lambda: statuses(guests) == ["starting", "running", "error"])
        assert '"exit": 2' in guests.console_log(ID)
        keys = host_keys(guests)
        await guests.shutdown(ID)
        await booted(guests, spec(user_data=data))
        assert host_keys(guests) == keys
        assert statuses(guests) == ["error"]
        assert '"exit"' not in guests.console_log(ID), "the script runs once"


@pytest.mark.parametrize(("hard", "kept"), [(False, True), (True, False)])
async def test_a_soft_reboot_goes_on_in_the_same_log(hard: bool, kept: bool) -> None:
    async with running() as guests:
        await booted(guests, spec())
        await guests.reboot(ID, hard=hard)
        assert guests.power(ID) == "booting"
        await until(lambda: guests.power(ID) == "up")
        assert bool(host_keys(guests)) == kept
        assert guests.console_log(ID).count("Linux version") == (2 if kept else 1)


async def test_a_rebuilt_disk_has_new_host_keys_and_forgets_its_files() -> None:
    async with running() as guests:
        await booted(guests, spec(disk_serial="disk-1"))
        before = host_keys(guests)
        await booted(guests, spec(disk_serial="disk-2"))
        assert host_keys(guests)
        assert host_keys(guests) != before


async def test_a_resize_changes_the_machine_and_keeps_the_disk() -> None:
    async with running() as guests:
        address = str(guests.network[10])
        small = spec(key=public(KEY))
        await booted(guests, small, address)
        async with await connect(guests, address, "ubuntu", KEY) as connection:
            await connection.run("echo kept > /tmp/x")
        large = dataclasses.replace(small, vcpus=16, ram_mb=61440, gpus=("A100X_10C",))
        await booted(guests, large, address)
        async with await connect(guests, address, "ubuntu", KEY) as connection:
            assert (await connection.run("cat /tmp/x; nproc")).stdout == "kept\n16\n"
        found = guests.usage(ID)
        assert found is not None
        assert (found.ram_total_mb, len(found.gpus)) == (61440, 1)


async def test_a_suspended_guest_stands_still_and_goes_on_where_it_was() -> None:
    async with running() as guests:
        await guests.boot(spec(boot_seconds=200.0), None)
        await guests.suspend(ID)
        assert guests.power(ID) == "suspended"
        assert guests.usage(ID) is None
        before = guests.console_log(ID)
        await guests.resume(ID)
        assert guests.power(ID) == "booting"
        await until(lambda: guests.power(ID) == "up")
        assert guests.console_log(ID).startswith(before)
        assert guests.console_log(ID).count("Linux version") == 1


async def test_suspend_and_resume_in_the_wrong_state_do_nothing() -> None:
    async with running() as guests:
        await booted(guests, spec())
        await guests.resume(ID)
        assert guests.power(ID) == "up"
        await guests.shutdown(ID)
        await guests.suspend(ID)
        assert guests.power(ID) == "off"


async def test_a_guest_that_was_up_before_is_at_once_complete_with_a_past() -> None:
    async with running() as guests:
        address = str(guests.network[10])
        await guests.boot(spec(key=public(KEY)), address, booted_ago=7200)
        assert guests.power(ID) == "up"
        assert statuses(guests) == ["starting", "running", "complete"]
        assert host_keys(guests)
        epochs = [line["epoch"] for line in usage_lines(guests)][:60]  # the present may have begun, too
        assert len(epochs) == 60
        assert {later - one for one, later in pairwise(epochs)} <= {59, 60, 61}
        async with await connect(guests, address, "ubuntu", KEY) as connection:
            assert "2:00" in str((await connection.run("uptime")).stdout)


async def test_calls_about_unknown_servers_are_ignored() -> None:
    async with running() as guests:
        for call in (guests.shutdown, guests.suspend, guests.resume, guests.reboot, guests.delete):
            await call("nobody")
        await guests.set_address("nobody", "127.77.0.9")
        assert guests.console_log("nobody") == ""
        assert guests.usage("nobody") is None
        assert guests.power("nobody") == "off"


async def test_a_deleted_guest_is_forgotten() -> None:
    async with running() as guests:
        await booted(guests, spec(), str(guests.network[10]))
        guests.vnc_port(ID)
        await guests.delete(ID)
        assert guests.console_log(ID) == ""
        with pytest.raises(OSError, match=re.compile("refused|failed")):
            await connect(guests, str(guests.network[10]), "ubuntu", KEY)


async def test_an_address_that_is_taken_leaves_the_guest_running(caplog: pytest.LogCaptureFixture) -> None:
    async with running() as guests:
        address = str(guests.network[10])
        await booted(guests, spec(key=public(KEY)), address)
        await booted(guests, spec("server-2"), address)
        assert guests.power("server-2") == "up"
        assert "cannot listen" in caplog.text
        async with await connect(guests, address, "ubuntu", KEY):
            pass


async def test_the_console_gives_the_last_lines() -> None:
    async with running() as guests:
        await booted(guests, spec())
        assert len(guests.console_log(ID, 3).splitlines()) == 3
        assert guests.console_log(ID).endswith(guests.console_log(ID, 3))


async def test_two_clouds_on_one_machine_have_different_addresses() -> None:
    async with running() as one, running() as two:
        assert not one.network.overlaps(two.network)
        await booted(one, spec(key=public(KEY)), str(one.network[10]))
        await booted(two, spec(key=public(KEY)), str(two.network[10]))


def test_a_restarted_cloud_gets_its_addresses_back_if_they_are_free() -> None:
    first = claim_slice(BASE, port=PORT)
    second = claim_slice(BASE, port=PORT)
    second.close()
    again = claim_slice(BASE, wanted=str(second.network), port=PORT)
    assert again.network == second.network
    elsewhere = claim_slice(BASE, wanted=str(first.network), port=PORT)
    assert elsewhere.network != first.network
    for one in (first, again, elsewhere):
        one.close()


def test_addresses_off_loopback_are_refused() -> None:
    with pytest.raises(ValueError, match="not loopback"):
        claim_slice("10.0.0.0/16")


def test_a_range_without_a_free_slice_is_told() -> None:
    held = claim_slice("127.78.0.0/24", port=PORT)
    with pytest.raises(OSError, match="taken by another demo cloud"):
        claim_slice("127.78.0.0/24", port=PORT)
    held.close()


async def test_host_keys_survive_a_restart_of_the_cloud(tmp_path: Path) -> None:
    seen = []
    for _ in range(2):
        async with running(state_dir=tmp_path) as guests:
            await booted(guests, spec())
            seen.append(host_keys(guests))
    assert seen[0] == seen[1]
    assert (tmp_path / "guest-secret").stat().st_mode & 0o077 == 0
    async with running() as guests:
        await booted(guests, spec())
        assert host_keys(guests) != seen[0]


async def test_three_hundred_guests_are_cheap() -> None:
    async with running() as guests:
        begun = time.process_time()
        for number in range(300):
            one = spec(f"server-{number}", key=public(KEY))
            await guests.boot(one, str(guests.network[10 + number]), booted_ago=3600)
        spent = time.process_time() - begun
        assert spent / 300 < 0.02, "20 ms for each at most, its listener and an hour of history included"
        async with await connect(
            guests, str(guests.network[309]), "ubuntu", KEY, known_hosts=None
        ) as connection:
            assert connection
