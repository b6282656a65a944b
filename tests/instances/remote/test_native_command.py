"""The commands that people paste: read back by a real shell and a real ssh."""

import shutil
import subprocess
from pathlib import Path

import asyncssh
import pytest
from hypothesis import given
from hypothesis import strategies as st

from instances.remote.native_command import Target, commands

ID = "0192aaaa-0000-7000-8000-000000000001"
JUMP_ID = "0192aaaa-0000-7000-8000-000000000002"
KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIFH5le2D7iLis0Pc6JnAKX3qAd6lji5N9FdKuoTjF2WM"
LAB = Target(ID, "149.165.1.9", 22, "exouser", (KEY,))
BEHIND = Target(ID, "10.0.0.9", 2222, "exouser", (KEY,))
JUMP = Target(JUMP_ID, "149.165.1.8", 2022, "heliojump", (KEY,))


def run(line: str, home: Path) -> "subprocess.CompletedProcess[str]":
    env = {"HOME": str(home), "PATH": "/usr/bin:/bin"}
    return subprocess.run(["sh", "-c", line], env=env, capture_output=True, text=True, check=False)


def test_the_first_line_writes_the_keys_under_the_name_that_the_second_looks_for(tmp_path: Path) -> None:
    (tmp_path / ".ssh").mkdir()
    first, second = commands([LAB])
    assert run(first, tmp_path).returncode == 0
    written = (tmp_path / f".ssh/heliosphere-{ID}.hosts").read_text()
    assert written == f"heliosphere-{ID} {KEY}\n"
    asyncssh.import_known_hosts(written)
    assert f"HostKeyAlias=heliosphere-{ID}" in second


def test_a_second_time_the_old_keys_are_gone(tmp_path: Path) -> None:
    (tmp_path / ".ssh").mkdir()
    other = KEY.replace("FH5l", "FH6l")
    run(commands([LAB])[0], tmp_path)
    run(commands([Target(ID, LAB.address, 22, "exouser", (other,))])[0], tmp_path)
    assert other in (tmp_path / f".ssh/heliosphere-{ID}.hosts").read_text()
    assert KEY not in (tmp_path / f".ssh/heliosphere-{ID}.hosts").read_text()


def test_ssh_understands_it_as_meant() -> None:
    if shutil.which("ssh") is None:
        pytest.skip("no ssh here")
    told = run(commands([LAB])[1].replace("ssh ", "ssh -G -F none ", 1), Path("/nonexistent")).stdout
    options = dict(line.split(" ", 1) for line in told.splitlines() if " " in line)
    assert (options["hostname"], options["user"], options["port"]) == ("149.165.1.9", "exouser", "22")
    assert options["stricthostkeychecking"] in {"true", "yes"}
    assert options["hostkeyalias"] == f"heliosphere-{ID}"


def test_through_a_jump_host_its_key_is_checked_too() -> None:
    if shutil.which("ssh") is None:
        pytest.skip("no ssh here")
    first, second = commands([JUMP, BEHIND])
    assert f"heliosphere-{JUMP_ID} {KEY}" in first and f"heliosphere-{ID} {KEY}" in first
    told = run(second.replace("ssh ", "ssh -G -F none ", 1), Path("/nonexistent")).stdout
    proxy = next(line for line in told.splitlines() if line.startswith("proxycommand "))
    assert f"HostKeyAlias=heliosphere-{JUMP_ID}" in proxy
    assert "StrictHostKeyChecking=yes" in proxy
    assert proxy.endswith("-W [%h]:%p -p 2022 heliojump@149.165.1.8")


def test_a_longer_address_is_one_word() -> None:
    _, second = commands([Target(ID, "2001:db8::1", 22, "exouser", (KEY,))])
    assert second.endswith("exouser@2001:db8::1")


@pytest.mark.parametrize(
    "bad",
    [
        Target(ID, "149.165.1.9; reboot", 22, "exouser", (KEY,)),
        Target(ID, "fe80::1%eth0", 22, "exouser", (KEY,)),
        Target(ID, "149.165.1.9", 22, "-oProxyCommand=x", (KEY,)),
        Target(ID, "149.165.1.9", 0, "exouser", (KEY,)),
        Target(ID, "149.165.1.9", 22, "exouser", ()),
        Target(ID, "149.165.1.9", 22, "exouser", ("ssh-ed25519 AAAA'$(reboot)'",)),
        Target("x y", "149.165.1.9", 22, "exouser", (KEY,)),
    ],
)
def test_what_could_mean_something_to_a_shell_is_no_command(bad: Target) -> None:
    with pytest.raises(ValueError, match="cannot stand"):
        commands([bad])
    with pytest.raises(ValueError, match="cannot stand"):
        commands([bad, BEHIND])


@given(st.text(), st.text(), st.integers(), st.text())
def test_whatever_a_machine_is_called_the_words_are_ours(
    address: str, login: str, port: int, key: str
) -> None:
    try:
        lines = commands([Target(ID, address, port, login, (KEY, key))])
    except ValueError:
        return
    assert all(line.isprintable() for line in lines)
    assert not set(lines[1]) & set(";&|`$()<>'\"\\")
