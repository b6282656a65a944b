"""The user-data of a machine, as cloud-init would read it."""

import base64
import gzip
import json
import random
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from instances import userdata
from instances.userdata import MAX_BOOT_SCRIPT_BYTES, MAX_BYTES, UNITS, BadUserData, build, version

ID = "0192aaaa-0000-7000-8000-000000000001"
KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIFH5le2D7iLis0Pc6JnAKX3qAd6lji5N9FdKuoTjF2WM ada@laptop"
CA = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOm1dPHF0vZG8q1nGFm0W1YlHcXUuZ1mB6vJ2V7d7n2Q"
FULL: dict[str, Any] = {
    "instance_id": ID,
    "username": "exouser",
    "ssh_keys": [KEY],
    "desktop": True,
    "boot_script": "echo hello",
    "push_url": "https://portal.example/metrics/push",
    "metrics_key": "k" * 43,
    "ca_public_keys": [CA],
}


def config(**changes: Any) -> dict[str, Any]:
    data = build(**{**FULL, **changes})
    assert data.startswith(b"#cloud-config\n")
    found: dict[str, Any] = yaml.safe_load(data)
    return found


def files(**changes: Any) -> dict[str, dict[str, str]]:
    return {entry["path"]: entry for entry in config(**changes)["write_files"]}


def content(entry: dict[str, str]) -> str:
    if entry.get("encoding") == "gz+b64":
        return gzip.decompress(base64.b64decode(entry["content"])).decode()
    return entry["content"]


def test_the_person_is_a_user_with_their_keys_and_sudo_and_no_password() -> None:
    default, user = config()["users"]
    assert default == "default"
    assert user["name"] == "exouser"
    assert user["ssh_authorized_keys"] == [KEY]
    assert user["sudo"] == "ALL=(ALL) NOPASSWD:ALL"
    assert user["lock_passwd"] is True
    assert config()["ssh_pwauth"] is False


def test_without_a_key_there_is_none_and_not_an_empty_list() -> None:
    assert "ssh_authorized_keys" not in config(ssh_keys=[])["users"][1]


def test_the_agent_gets_its_configuration_and_only_root_reads_it() -> None:
    entry = files()["/etc/heliosphere/agent.json"]
    assert json.loads(content(entry)) == {
        "url": "https://portal.example/metrics/push",
        "instance": ID,
        "key": "k" * 43,
        "interval": 5,
        "version": version(),
    }
    assert (entry["permissions"], entry["owner"]) == ("0600", "root:root")


def test_the_agent_itself_is_the_one_of_this_portal() -> None:
    source = Path("instances/guest/agent.py").read_text(encoding="utf-8")
    assert content(files()["/opt/heliosphere/agent.py"]) == source


def test_certificates_of_the_portal_are_trusted_for_this_machine_and_user_only() -> None:
    found = files()
    assert content(found["/etc/ssh/heliosphere_ca.pub"]) == CA + "\n"
    assert content(found["/etc/ssh/heliosphere_principals/exouser"]) == f"{ID}:exouser\n"
    assert "TrustedUserCAKeys /etc/ssh/heliosphere_ca.pub" in content(
        found["/etc/ssh/sshd_config.d/10-heliosphere.conf"]
    )


def test_every_authority_has_its_own_line_so_that_one_can_follow_another() -> None:
    other = CA.replace("Om1d", "Om2d")
    found = files(ca_public_keys=[CA, other])
    assert content(found["/etc/ssh/heliosphere_ca.pub"]) == f"{CA}\n{other}\n"


def test_many_shells_ports_and_files_go_over_one_connection_and_dead_ones_end() -> None:
    lines = content(files()["/etc/ssh/sshd_config.d/10-heliosphere.conf"]).splitlines()
    assert {"AllowTcpForwarding yes", "AllowStreamLocalForwarding yes", "MaxSessions 64"} <= set(lines)
    assert "ClientAliveInterval 30" in lines
    # An older sshd has them at the top of its one file, where a block would swallow what follows.
    assert not [line for line in lines if line.startswith("Match")]


def test_a_jump_host_is_told_the_principal_of_that_login_only() -> None:
    script = content(files(jump=True)["/opt/heliosphere/jump.sh"])
    assert f'echo "{ID}:heliojump" > ' in script
    assert "@" not in script
    # Its owner logs in as on any machine.
    assert "/etc/ssh/heliosphere_principals/exouser" in files(jump=True)


def test_other_machines_have_nothing_of_a_jump_host() -> None:
    assert not [path for path in files() if "jump" in path]


def test_the_script_for_a_machine_that_is_there_is_the_same() -> None:
    assert userdata.jump_script(ID) == content(files(jump=True)["/opt/heliosphere/jump.sh"])
    with pytest.raises(BadUserData):
        userdata.jump_script('x"; reboot #')


@pytest.mark.parametrize("bad", ["", "ssh-ed25519", f"{CA}\n{CA}", f'cert-authority,command="x" {CA}'])
def test_what_is_no_public_key_is_not_written_as_an_authority(bad: str) -> None:
    with pytest.raises(BadUserData):
        files(ca_public_keys=[bad])


def test_without_a_ca_sshd_is_left_alone() -> None:
    assert not [path for path in files(ca_public_keys=[]) if path.startswith("/etc/ssh")]


def test_a_desktop_listens_on_no_port_and_its_socket_is_the_persons_alone() -> None:
    unit = content(files(username="ada")["/opt/heliosphere/heliosphere-desktop.service"])
    assert "User=ada" in unit
    assert "-rfbport -1" in unit and "-rfbunixpath /run/heliosphere-desktop/vnc" in unit
    assert "RuntimeDirectoryMode=0700" in unit


def test_no_desktop_no_unit() -> None:
    assert "/opt/heliosphere/heliosphere-desktop.service" not in files(desktop=False)


def test_our_units_are_started_as_soon_as_the_files_are_there_and_else_at_the_end() -> None:
    (early,), (late,) = config()["bootcmd"], config()["runcmd"]
    start = "/bin/sh /opt/heliosphere/guest.sh start"
    assert f"--property='After=cloud-init.service cloud-init-network.service' {start} || true" in early[-1]
    assert late == ["sh", "-c", f"systemctl -q is-active heliosphere-agent.service || {start}"]
    assert {f"/etc/systemd/system/{unit}" for unit in UNITS} <= set(files())


def test_starting_is_said_once_in_the_life_of_a_machine() -> None:
    (command,) = config()["bootcmd"]
    assert command[:2] == ["cloud-init-per", "instance"]
    assert '{\\"status\\":\\"starting\\"' in command[-1]


@pytest.mark.parametrize("shell", ["dash", "bash"])
def test_the_first_command_ends_well_where_nothing_of_it_is_to_be_had(tmp_path: Path, shell: str) -> None:
    if shutil.which(shell) is None:
        pytest.skip(f"no {shell} here")
    (tmp_path / "dev").mkdir()
    (tmp_path / "active").write_text("tty0 ttyS0 ttyAMA0\n")
    early = config()["bootcmd"][0][-1].replace("/dev/", f"{tmp_path}/dev/")
    early = early.replace("/sys/class/tty/console/active", f"{tmp_path}/active")
    for command in (early, early.replace(f"{tmp_path}/active", f"{tmp_path}/absent")):
        without = {"PATH": "/usr/bin:/bin", "DBUS_SYSTEM_BUS_ADDRESS": "unix:path=/nowhere"}
        done = subprocess.run([shell, "-c", command], env=without, capture_output=True, check=False)
        assert done.returncode == 0
    told = {path.name: json.loads(path.read_text()) for path in (tmp_path / "dev").iterdir()}
    assert set(told) == {"ttyS0", "ttyAMA0", "console", "kmsg"}
    assert {line["status"] for line in told.values()} == {"starting"}


def test_a_guest_is_told_its_own_id_user_and_version() -> None:
    script = content(files(username="ada")["/opt/heliosphere/guest.sh"])
    assert f"STATE=/var/lib/heliosphere/{ID}\n" in script
    assert "setup ada ;;" in script
    assert f"Heliosphere {version()}." in script
    left = re.findall(r"@[a-z]+@", script)
    assert left == []


class TestVersion:
    def test_it_names_the_portals_and_a_digest(self) -> None:
        assert re.fullmatch(r"[0-9][^+]*\+[0-9a-f]{8}", version())
        assert version() in build(**FULL).decode().splitlines()[1]

    def test_another_line_in_any_file_of_guests_makes_another(self, monkeypatch: pytest.MonkeyPatch) -> None:
        before, real = version(), userdata._guest_file
        for changed in userdata.GUEST_FILES:
            userdata.version.cache_clear()
            monkeypatch.setattr(
                userdata, "_guest_file", lambda name, c=changed: real(name) + ("#" if name == c else "")
            )
            assert version() != before
        monkeypatch.undo()
        userdata.version.cache_clear()
        assert version() == before

    def test_every_file_of_guests_counts(self) -> None:
        there = {path.name for path in Path("instances/guest").iterdir() if path.is_file()}
        assert set(userdata.GUEST_FILES) == there - {"__init__.py"}


@pytest.mark.parametrize("instance_id", ["", "../etc", "a b", "x;reboot", "A", "é"])
def test_an_id_that_is_none_is_refused(instance_id: str) -> None:
    with pytest.raises(BadUserData, match="id of a machine"):
        build(**{**FULL, "instance_id": instance_id})


def test_the_agent_runs_as_an_account_of_its_own_that_can_do_little() -> None:
    unit = content(files()["/etc/systemd/system/heliosphere-agent.service"])
    for line in ("User=heliosphere", "NoNewPrivileges=yes", "ProtectSystem=strict", "CapabilityBoundingSet="):
        assert f"\n{line}\n" in unit


def test_a_boot_script_without_an_interpreter_gets_bash() -> None:
    assert (
        content(files(boot_script="echo hi\r\nexit 3")["/opt/heliosphere/boot-script"])
        == "#!/bin/bash\necho hi\nexit 3\n"
    )


def test_a_boot_script_with_an_interpreter_keeps_it() -> None:
    script = content(files(boot_script="#!/usr/bin/env python3\nprint(1)")["/opt/heliosphere/boot-script"])
    assert script.startswith("#!/usr/bin/env python3\n")


@pytest.mark.parametrize("blank", ["", "  \n "])
def test_a_blank_boot_script_is_none(blank: str) -> None:
    assert "/opt/heliosphere/boot-script" not in files(boot_script=blank)


def test_a_cloud_config_is_no_boot_script() -> None:
    with pytest.raises(BadUserData, match="cloud-config"):
        build(**{**FULL, "boot_script": "#cloud-config\npackages: [git]"})


def test_a_boot_script_too_long_is_refused_and_the_longest_fits() -> None:
    noise = "".join(
        random.Random(1).choices("abcdefghijklmnopqrstuvwxyz0123456789 \n", k=MAX_BOOT_SCRIPT_BYTES - 10)
    )
    assert len(build(**{**FULL, "boot_script": noise})) <= MAX_BYTES
    with pytest.raises(BadUserData, match="24 KiB"):
        build(**{**FULL, "boot_script": "x" * (MAX_BOOT_SCRIPT_BYTES + 1)})


def test_too_many_keys_are_refused() -> None:
    with pytest.raises(BadUserData, match="too long"):
        build(**{**FULL, "ssh_keys": [KEY] * 500})


def test_without_a_script_most_of_what_the_cloud_takes_is_left() -> None:
    assert len(base64.b64encode(build(**{**FULL, "boot_script": ""}))) < 65_535 * 2 / 5


@pytest.mark.parametrize("name", ["", "Ada", "a b", "root;x", "a" * 40, "-ada", "ada\n"])
def test_a_name_that_linux_does_not_take_is_refused(name: str) -> None:
    with pytest.raises(BadUserData):
        build(**{**FULL, "username": name})


@pytest.mark.parametrize(
    "key",
    [
        "",
        "not a key",
        f"{KEY}\n{KEY}",
        'command="id" ' + KEY,
        "ssh-ed25519",
        "-----BEGIN OPENSSH PRIVATE KEY-----",
    ],
)
def test_what_is_no_public_key_is_refused(key: str) -> None:
    with pytest.raises(BadUserData):
        build(**{**FULL, "ssh_keys": [key]})


@given(
    comment=st.text(alphabet=st.characters(exclude_categories=["Cc", "Cs"]), max_size=40),
    script=st.text(max_size=200),
)
def test_nothing_given_escapes_its_place(comment: str, script: str) -> None:
    key = f"{KEY.rsplit(' ', 1)[0]} {comment}".strip()
    try:
        found = config(ssh_keys=[key], boot_script=script)
    except BadUserData:
        return
    assert found["users"][1]["ssh_authorized_keys"] == [key]
    assert set(found) == {"users", "ssh_pwauth", "bootcmd", "write_files", "runcmd"}


def test_the_same_input_gives_the_same_bytes() -> None:
    assert build(**FULL) == build(**FULL)


@pytest.mark.skipif(
    shutil.which("cloud-init") is None, reason="no cloud-init here: apt-get install cloud-init"
)
@pytest.mark.parametrize("desktop", [True, False])
def test_cloud_inits_own_schema_accepts_it(tmp_path: Path, desktop: bool) -> None:
    (tmp_path / "user-data").write_bytes(build(**{**FULL, "desktop": desktop}))
    checked = subprocess.run(
        ["cloud-init", "schema", "-c", str(tmp_path / "user-data")],
        capture_output=True,
        text=True,
        check=False,
    )
    assert checked.returncode == 0, checked.stderr
