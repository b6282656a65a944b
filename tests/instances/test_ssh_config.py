"""Files for ssh: judged by ssh itself, whatever the machines are called."""

import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from instances import ssh_config
from instances.ssh_config import SshJump, SshMachine, aliases, certificate_file
from tests.instances.commands.examples import HOSTILE

by_ssh = pytest.mark.skipif(
    shutil.which("ssh") is None and os.environ.get("CI") != "true",
    reason="no ssh here; install it with: apt-get install openssh-client",
)
KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ0m8Wq0mV2n0n5E2B8kzGv0Yl3pKq5uQm8cQ2w0aXbZ"
ID = "6f2b3a52-5a3e-4f0d-9c0e-0d1f6e6e5a01"


def machine(name: str = "blast-node", **changes: Any) -> SshMachine:
    given: dict[str, Any] = {
        "id": ID,
        "name": name,
        "address": "149.165.1.2",
        "user": "exouser",
        "key_name": "laptop",
        "host_keys": (KEY,),
    }
    return SshMachine(**{**given, **changes})


def numbered(*names: str) -> list[SshMachine]:
    return [machine(name, id=f"{ID[:-2]}{number:02d}") for number, name in enumerate(names)]


def config(*machines: SshMachine) -> str:
    return ssh_config.config(machines, group="bio220047-iu", about="BIO220047", stem="bio220047-iu")


def asked(text: str, host: str, folder: Path) -> dict[str, str]:
    """What ssh makes of it for this host."""
    path = folder / "config"
    path.write_text(text)
    assert shutil.which("ssh"), "needs openssh-client"
    done = subprocess.run(
        ["ssh", "-T", "-G", "-F", str(path), host], capture_output=True, text=True, check=False, cwd=folder
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    return dict(line.split(" ", 1) for line in done.stdout.splitlines() if " " in line)


@by_ssh
def test_ssh_finds_the_machine_by_its_name_and_trusts_the_keys_of_its_console_only(tmp_path: Path) -> None:
    found = asked(config(machine()), "blast-node", tmp_path)
    assert (found["hostname"], found["user"], found["port"]) == ("149.165.1.2", "exouser", "22")
    assert found["hostkeyalias"] == f"heliosphere-{ID}"
    assert found["stricthostkeychecking"] in {"true", "yes"}
    assert found["userknownhostsfile"].endswith("/.ssh/bio220047-iu.known_hosts")
    assert asked(config(machine()), "blast-node.bio220047-iu", tmp_path)["hostname"] == "149.165.1.2"


@by_ssh
def test_other_hosts_are_left_as_they_were(tmp_path: Path) -> None:
    for other in ("github.com", "blast", "blast-node2", "localhost"):
        found = asked(config(machine()), other, tmp_path)
        assert found["hostname"] == other
        assert "heliosphere" not in found.get("hostkeyalias", "")


@by_ssh
def test_another_port_is_said(tmp_path: Path) -> None:
    assert asked(config(machine(port=2222)), "blast-node", tmp_path)["port"] == "2222"


@by_ssh
def test_a_machine_whose_keys_are_not_known_is_not_trusted_blindly(tmp_path: Path) -> None:
    text = config(machine(host_keys=()))
    found = asked(text, "blast-node", tmp_path)
    assert found["stricthostkeychecking"] in {"ask", "true"}
    assert "not known yet" in text and "hostkeyalias" not in found


@by_ssh
def test_of_a_machine_without_a_public_address_the_reason_stands_there(tmp_path: Path) -> None:
    text = config(machine(address="", without="no public address; it is 10.0.0.5 in its own network"))
    assert "# blast-node: no public address; it is 10.0.0.5 in its own network" in text
    assert asked(text, "blast-node", tmp_path)["hostname"] == "blast-node"


@pytest.mark.parametrize(
    "address", ["evil.example.org", "1.2.3.4 ProxyCommand", "1.2.3.4\nProxyCommand id", "fe80::1%eth0"]
)
def test_what_is_no_address_is_no_host(address: str) -> None:
    assert "HostName" not in config(machine(address=address))


@by_ssh
@pytest.mark.parametrize("text", HOSTILE)
def test_no_name_writes_a_line_of_its_own(text: str, tmp_path: Path) -> None:
    hostile = machine(text, key_name=text, user=text if text != "plain" else "root; id")
    written = ssh_config.config([hostile], group="bio220047-iu", about=text, stem="bio220047-iu")
    for line in written.splitlines():
        assert (
            line.strip().startswith(
                ("#", "Host ", "HostName ", "HostKeyAlias ", "UserKnownHostsFile ", "StrictHost")
            )
            or not line
        )
    alias = ssh_config.alias_of(text)
    found = asked(written, alias, tmp_path)
    assert found["hostname"] == "149.165.1.2"
    assert "proxycommand" not in found


@pytest.mark.parametrize(
    "key", ["ssh-ed25519 short", f"{KEY}\n* {KEY}", f"* {KEY}", 'command="id" ' + KEY, ""]
)
def test_what_is_no_key_is_in_no_file(key: str) -> None:
    found = machine(host_keys=(key,))
    assert ssh_config.known_hosts([found], about="x") == "# x\n"
    assert "StrictHostKeyChecking" not in config(found)


@by_ssh
def test_known_hosts_is_found_by_ssh_under_the_name_that_the_config_gives(tmp_path: Path) -> None:
    path = tmp_path / "known"
    path.write_text(ssh_config.known_hosts(numbered("a", "b"), about="BIO\n220047"))
    done = subprocess.run(
        ["ssh-keygen", "-F", f"heliosphere-{ID}", "-f", str(path)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert KEY in done.stdout
    other = subprocess.run(
        ["ssh-keygen", "-F", "149.165.1.2", "-f", str(path)], capture_output=True, check=False
    )
    assert other.stdout == b""


def test_equal_names_get_different_aliases_and_the_others_keep_theirs() -> None:
    found = aliases(numbered("Blast node", "blast-node", "BLAST_node", "other"))
    assert found[2:] == ["blast_node", "other"]
    assert found[0] != found[1] and all(one.startswith("blast-node-") for one in found[:2])


def test_an_alias_made_longer_does_not_take_the_name_of_another_machine() -> None:
    first = numbered("x", "x")[0].id.replace("-", "")[-6:]
    found = aliases(numbered("x", "x", f"x-{first}"))
    assert len(set(found)) == 3
    assert found[2] == f"x-{first}"


@given(st.lists(st.text(max_size=8), max_size=8))
def test_aliases_never_collide_and_mean_nothing_to_ssh(names: list[str]) -> None:
    found = aliases(numbered(*names))
    assert len(found) == len(set(found)) == len(names)
    for alias in found:
        assert alias and set(alias) <= set("abcdefghijklmnopqrstuvwxyz0123456789_-")
        assert not alias.startswith("-") and not alias.isdigit()


@pytest.mark.parametrize(
    ("name", "alias"),
    [
        ("localhost", "machine-localhost"),
        ("10.0.0.1", "10-0-0-1"),
        ("*", "machine"),
        ("!x", "x"),
        ("42", "machine-42"),
    ],
)
def test_no_alias_hides_another_host(name: str, alias: str) -> None:
    assert ssh_config.alias_of(name) == alias


JUMP_KEY = KEY.replace("J0m8", "J1m8")
JUMP = SshJump(id=f"{ID[:-2]}99", address="149.165.1.8", user="heliojump", port=2022, host_keys=(JUMP_KEY,))


@by_ssh
def test_a_machine_without_a_public_address_is_reached_through_the_jump_host(tmp_path: Path) -> None:
    text = config(machine(address="10.0.0.9", jump=JUMP), machine("second", address="10.0.0.8", jump=JUMP))
    found = asked(text, "blast-node", tmp_path)
    assert (found["hostname"], found["hostkeyalias"]) == ("10.0.0.9", f"heliosphere-{ID}")
    through = asked(text, found["proxyjump"], tmp_path)
    assert (through["hostname"], through["port"], through["user"]) == ("149.165.1.8", "2022", "heliojump")
    assert through["hostkeyalias"] == f"heliosphere-{JUMP.id}"
    assert through["stricthostkeychecking"] in {"yes", "true"}
    assert text.count("Host heliosphere-jump-") == 1


def test_the_jump_hosts_keys_are_known_as_well_and_once() -> None:
    own = machine(address="10.0.0.9", jump=JUMP)
    text = ssh_config.known_hosts([own, machine("second", jump=JUMP)], about="x")
    assert text.count(JUMP_KEY) == 1
    host = machine("gate", id=JUMP.id, host_keys=(JUMP_KEY,))
    assert ssh_config.known_hosts([own, host], about="x").count(JUMP_KEY) == 1


@pytest.mark.parametrize(
    "changes",
    [{"address": "149.165.1.8\n  ProxyCommand reboot"}, {"user": "-oProxyCommand=reboot"}, {"host_keys": ()}],
)
def test_a_jump_host_that_nobody_could_know_is_no_way(changes: dict[str, Any]) -> None:
    fields = {"id": JUMP.id, "address": JUMP.address, "user": JUMP.user, "host_keys": JUMP.host_keys}
    text = config(machine(address="10.0.0.9", jump=SshJump(**{**fields, **changes})))
    assert "ProxyJump" not in text and "reboot" not in text


@by_ssh
def test_the_certificate_is_looked_for_where_its_download_belongs(tmp_path: Path) -> None:
    found = asked(config(machine(certificate=True)), "blast-node", tmp_path)
    assert found["certificatefile"] == f"~/.ssh/{certificate_file('blast-node', ID)}"
    assert "certificatefile" not in asked(config(machine()), "blast-node", tmp_path)


@given(st.text())
def test_its_name_means_nothing_to_a_shell_or_a_disk(name: str) -> None:
    assert set(certificate_file(name, ID)) <= set("abcdefghijklmnopqrstuvwxyz0123456789-.")
    assert certificate_file(name, ID) != certificate_file(name, JUMP.id)
