from __future__ import annotations

import json
from typing import Any

import asyncssh
import pytest

from portal.democloud.guest_boot import Setup, boot_stages, setup_line, usage_line
from portal.democloud.guest_console import MAX_BYTES, Console
from portal.democloud.guest_load import GpuUsage, Usage
from portal.democloud.guest_spec import HostKeys, key_fingerprint
from tests.democloud.guest_fixtures import new_key, public, spec

KEYS = HostKeys(b"secret", "server-1")
NOW = 1_795_240_000.0
PLAIN = Setup()


def stages(*, first: bool = True, setup: Setup = PLAIN, **changes: Any) -> list[tuple[float, str, list[str]]]:
    found = boot_stages(spec(**changes), KEYS, first=first, now=NOW, setup=setup)
    return [(stage.at, stage.reached, list(stage.lines)) for stage in found]


def text(*, first: bool = True, **changes: Any) -> str:
    return "\n".join(line for _, _, lines in stages(first=first, **changes) for line in lines)


def reached(*, first: bool = True, **changes: Any) -> list[str]:
    return [name for _, name, _ in stages(first=first, **changes) if name]


def test_stages_come_in_order_of_time() -> None:
    times = [at for at, _, _ in stages()]
    assert times == sorted(times)
    assert times[0] > 0


def test_an_exosphere_machine_goes_through_its_setup_while_it_boots() -> None:
    assert reached() == ["starting", "ssh", "running", "up", "complete"]


@pytest.mark.parametrize(("told", "last"), [("error", "error"), ("stuck", "up")])
def test_a_setup_can_be_told_to_fail_or_to_hang(told: str, last: str) -> None:
    assert reached(metadata={"exoServerVersion": "6", "democloud:setup": told})[-1] == last


def test_a_machine_made_elsewhere_says_nothing_of_setup() -> None:
    assert reached(metadata={}) == ["ssh", "up"]


def test_a_second_boot_shows_no_keys_and_no_setup() -> None:
    assert reached(first=False) == ["ssh", "up"]
    assert "HOST KEY" not in text(first=False)


def test_our_own_setup_repeats_keys_and_status_at_every_boot() -> None:
    ours = Setup(ours=True)
    assert reached(first=False, setup=ours) == ["again", "ssh", "up"]
    again = text(first=False, setup=ours)
    assert again.count("BEGIN SSH HOST KEY KEYS") == 1
    assert text(setup=ours).count("BEGIN SSH HOST KEY KEYS") == 1


@pytest.mark.parametrize(("code", "last"), [(0, "complete"), (3, "error")])
def test_the_persons_script_ends_before_the_setup_and_decides_it(code: int, last: str) -> None:
    ours = Setup(ours=True, script_exit=code)
    assert reached(setup=ours)[-1] == last
    *_, script, _ = stages(setup=ours)
    assert json.loads(script[2][0])["exit"] == code
    assert "boot-script" not in text()


def test_the_host_keys_of_the_log_are_those_of_the_guest() -> None:
    log = text()
    block = log.split("-----BEGIN SSH HOST KEY KEYS-----")[1].split("-----END SSH HOST KEY KEYS-----")[0]
    shown = [asyncssh.import_public_key(line) for line in block.strip().splitlines()]
    assert {key.get_algorithm() for key in shown} == {"ecdsa-sha2-nistp256", "ssh-ed25519"}
    assert {key.public_data for key in shown} == {key.public_data for key in KEYS.private}
    for key in KEYS.private:
        assert key.get_fingerprint() in log


def test_host_keys_depend_on_secret_server_and_disk_and_on_nothing_else() -> None:
    def data(secret: bytes, server: str, disk: str) -> list[bytes]:
        return [key.public_data for key in HostKeys(secret, server, disk).private]

    assert data(b"s", "a", "1") == data(b"s", "a", "1")
    others = [data(b"t", "a", "1"), data(b"s", "b", "1"), data(b"s", "a", "2")]
    assert all(other != data(b"s", "a", "1") for other in others)
    assert "secret" not in repr(HostKeys(b"secret", "a"))


def test_the_table_of_authorized_keys_shows_the_keypair() -> None:
    key = public(new_key())
    log = text(key=f"{key} me@laptop")
    assert "for user ubuntu" in log
    assert key_fingerprint(key) in log
    assert "me@laptop" in log
    assert "ci-info" not in text(key=None)


@pytest.mark.parametrize("key", ["", "ssh-ed25519", "ssh-ed25519 !!!", "one"])
def test_an_unreadable_key_has_no_fingerprint_and_stops_no_boot(key: str) -> None:
    assert key_fingerprint(key) == ""
    assert "login:" in text(key=key or None)


@pytest.mark.parametrize(
    ("image", "user"),
    [
        ("Featured-Ubuntu24", "ubuntu"),
        ("Featured-RockyLinux9", "rocky"),
        ("Featured-Debian12", "debian"),
        ("my-own-image", "ubuntu"),
    ],
)
def test_the_image_decides_the_system_and_its_user(image: str, user: str) -> None:
    one = spec(image_name=image)
    assert one.default_user == user
    assert "login:" in text(image_name=image)


def test_setup_lines_are_exospheres() -> None:
    found = json.loads(setup_line("running", NOW))
    assert found == {"status": "running", "epoch": 1_795_240_000_000}


def test_usage_lines_are_exospheres() -> None:
    gpu = GpuUsage("card", 41.6, 1, 2, 3, 4)
    plain = Usage(12.4, 500, 1000, 5.0, 20.0, 0, 0, 0.1)
    assert json.loads(usage_line(plain, NOW)) == {
        "epoch": 1_795_240_000,
        "cpuPctUsed": 12,
        "memPctUsed": 50,
        "rootfsPctUsed": 25,
        "gpuPctUsed": None,
    }
    two = Usage(12.4, 500, 1000, 5.0, 20.0, 0, 0, 0.1, (gpu, gpu))
    assert json.loads(usage_line(two, NOW))["gpuPctUsed"] == [42, 42]


def test_the_console_gives_all_or_the_last_lines() -> None:
    console = Console()
    console.print("a", "b", "c")
    assert console.text() == "a\nb\nc\n"
    assert console.text(2) == "b\nc\n"
    assert console.text(99) == "a\nb\nc\n"
    assert console.text(-1) == "a\nb\nc\n"
    assert console.text(0) == ""
    console.clear()
    assert console.text() == ""


def test_the_console_forgets_its_oldest_lines() -> None:
    console = Console()
    for number in range(5000):
        console.print(f"{number:060}")
    kept = console.text()
    assert len(kept) <= MAX_BYTES
    assert kept.endswith(f"{4999:060}\n")
    assert f"{0:060}" not in kept
