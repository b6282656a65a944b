"""The user-data of a seat: one account more, which learns nothing of what the machine was told."""

import shutil
import subprocess
from typing import Any
from uuid import UUID

import pytest

from instances.seat_spec import SeatSpec, ShareData
from instances.userdata_seat import SeatFiles
from tests.instances.test_userdata import CA, ID, config, content, files

WORKSHOP = UUID("0192bbbb-0000-7000-8000-000000000001")


def seat(**changes: Any) -> SeatFiles:
    return SeatFiles(SeatSpec.model_validate({"workshop": WORKSHOP, "login": "ada", **changes}))


def learner(**changes: Any) -> dict[str, Any]:
    found: dict[str, Any] = config(seat=seat(**changes))["users"][2]
    return found


def test_the_learner_is_an_account_without_key_password_and_rights() -> None:
    assert learner() == {"name": "ada", "gecos": "Workshop", "shell": "/bin/bash", "lock_passwd": True}
    assert config(seat=seat())["users"][1]["name"] == "exouser", "the portal's own is there, too"


def test_only_a_workshop_that_says_so_makes_administrators() -> None:
    assert learner(sudo=True)["sudo"] == "ALL=(ALL) NOPASSWD:ALL"


def test_a_machine_that_is_no_seat_has_nothing_of_it() -> None:
    assert len(config()["users"]) == 2
    assert not [path for path in files() if "seat" in path]


def test_the_learner_is_let_in_by_the_machine_itself_once_it_is_safe() -> None:
    """Not by cloud-init: before `seat.sh guard` has held no certificate opens the account."""
    found = files(seat=seat())
    assert "/etc/ssh/heliosphere_principals/ada" not in found
    assert f"principal {ID}:ada" in content(found["/etc/heliosphere/seat"])


@pytest.mark.parametrize(
    "path", ["/etc/heliosphere/seat", "/etc/heliosphere/agent.json", "/etc/heliosphere/ceph-big.key"]
)
def test_what_only_root_may_read_only_root_may_read(path: str) -> None:
    share = ShareData(folder="big", protocol="cephfs", hosts="m1", path="/x", user="u", sealed_key="sealed")
    given = SeatFiles(SeatSpec(workshop=WORKSHOP, login="ada", data=(share,)), keys={"big": "AQBkey=="})
    assert files(seat=given)[path]["permissions"] == "0600"


def test_the_boot_script_is_not_the_learners_to_read() -> None:
    assert files(seat=seat())["/opt/heliosphere/boot-script"]["permissions"] == "0700"


def test_no_credential_of_the_cloud_is_in_it() -> None:
    text = str(config(seat=seat(repository_url="https://git.example.edu/a/b")))
    words = ("OS_AUTH", "application_credential", "clouds.yaml", "token", "secret", "password:")
    assert [word for word in words if word in text] == []


def test_the_desktop_is_the_learners_and_those_who_help_may_enter() -> None:
    unit = content(files(seat=seat())["/opt/heliosphere/heliosphere-desktop.service"])
    assert "User=ada" in unit and "RuntimeDirectoryMode=0750" in unit and "-rfbunixmode 0660" in unit
    own = content(files()["/opt/heliosphere/heliosphere-desktop.service"])
    assert "User=exouser" in own and "RuntimeDirectoryMode=0700" in own and "-rfbunixmode 0600" in own


def test_the_guard_runs_at_each_boot_before_anybody_can_log_in() -> None:
    unit = content(files(seat=seat())["/etc/systemd/system/heliosphere-seat.service"])
    assert "Before=ssh.service sshd.service" in unit and "guest.sh guard" in unit


@pytest.mark.skipif(not shutil.which("cloud-init"), reason="no cloud-init here")
def test_cloud_init_finds_nothing_wrong_with_it(tmp_path: Any) -> None:
    from instances.userdata import build
    from tests.instances.test_userdata import FULL

    path = tmp_path / "user-data"
    path.write_bytes(build(**{**FULL, "seat": seat(sudo=True), "ca_public_keys": [CA]}))
    done = subprocess.run(["cloud-init", "schema", "-c", str(path)], capture_output=True, check=False)
    assert done.returncode == 0, done.stderr
