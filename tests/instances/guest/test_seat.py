"""seat.sh run by a real shell, in a directory that stands for the machine; and its guard against a real kernel."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from instances.console import read

SCRIPT = Path("instances/guest/seat.sh")
ID = "0192aaaa-0000-7000-8000-000000000001"
FAKES = (
    *("nft", "iptables", "ip6tables", "ip", "gpasswd", "usermod", "mount", "blockdev", "apt-get"),
    *("mount.nfs", "mount.ceph", "sleep", "timeout"),
)
FACTS = f"login ada\nsudo no\nprincipal {ID}:ada\n"
SECONDS = 60


class SeatMachine:
    """`shell`: what /bin/sh is there. Commands of the system are stand-ins that note how they were called."""

    def __init__(self, root: Path, shell: str) -> None:
        self.root, self.shell = root, shell
        for name in (
            "bin",
            "dev",
            "etc/ssh",
            "etc/heliosphere",
            "etc/sudoers.d",
            "var/log",
            "run",
            "disks",
            "data",
        ):
            (root / name).mkdir(parents=True)
        (root / "home/ada").mkdir(parents=True)
        (root / "active").write_text("tty0 ttyS0\n")
        self.facts(FACTS)
        for name in FAKES:
            self.fake(name, "exit 0")
        self.fake("getent", f'echo "ada:x:1001:1001::{root}/home/ada:/bin/bash"')
        self.fake("id", 'echo "ada"')
        # Whoever is asked to do something as the learner does it; asking the metadata service is refused.
        self.fake("runuser", 'shift 3; case "$*" in *dev/tcp*) exit 1 ;; esac; exec "$@"')
        self.fake("timeout", 'shift; exec "$@"')
        self.fake("mountpoint", f'grep -qx "$2" {root}/mounted 2>/dev/null')
        self.fake("mount", f'for last in "$@"; do :; done; echo "$last" >> {root}/mounted')
        self.fake("lsblk", 'echo "$3 ext4"')

    def facts(self, text: str) -> None:
        (self.root / "etc/heliosphere/seat").write_text(text)

    def fake(self, name: str, body: str) -> None:
        path = self.root / "bin" / name
        path.write_text(f'#!/bin/sh\necho "{name} $*" >> {self.root}/calls\n{body}\n')
        path.chmod(0o755)

    def run(self, *words: str) -> int:
        text = SCRIPT.read_text(encoding="utf-8")
        for real, here in {
            "PATH=/usr/sbin": f"PATH={self.root}/bin:/usr/sbin",
            "/sys/class/tty/console/active": f"{self.root}/active",
            "/var/log/heliosphere": f"{self.root}/var/log",
            "/var/lib/cloud": f"{self.root}/var/lib/cloud",
            "/run/": f"{self.root}/run/",
            "/home/*/": f"{self.root}/home/*/",
            "/etc/": f"{self.root}/etc/",
            "/dev/disk/by-id": f"{self.root}/disks",
            "/dev/disk/by-label": f"{self.root}/labels",
            "DATA=/data": f"DATA={self.root}/data",
            '> "/dev/$name"': f'>> "{self.root}/dev/$name"',
        }.items():
            text = text.replace(real, here)
        (self.root / "seat.sh").write_text(text)
        done = subprocess.run(
            [shutil.which(self.shell) or self.shell, str(self.root / "seat.sh"), *words],
            check=False,
            env=dict(os.environ),
            stderr=subprocess.DEVNULL,
            timeout=SECONDS,
        )
        return done.returncode

    @property
    def calls(self) -> list[str]:
        found = self.root / "calls"
        return found.read_text().splitlines() if found.exists() else []

    def called(self, *words: str) -> list[str]:
        return [call for call in self.calls if call.split()[: len(words)] == list(words)]

    @property
    def told(self) -> dict[str, tuple[bool, str]]:
        found = self.root / "dev/ttyS0"
        text = found.read_text() if found.exists() else ""
        return {note.what: (note.ok, note.said) for note in read(text).seat}

    @property
    def let_in(self) -> str:
        path = self.root / "etc/ssh/heliosphere_principals/ada"
        return path.read_text() if path.exists() else ""

    def disk(self, volume_id: str) -> Path:
        path = self.root / "disks" / f"virtio-{volume_id[:20]}"
        path.write_text("")
        return path


@pytest.fixture(params=["dash", "bash"])
def machine(tmp_path: Path, request: pytest.FixtureRequest) -> SeatMachine:
    if shutil.which(request.param) is None:
        pytest.skip(f"no {request.param} here")
    return SeatMachine(tmp_path, request.param)


class TestGuard:
    def test_once_the_metadata_service_is_shut_the_learner_is_let_in(self, machine: SeatMachine) -> None:
        assert machine.run("guard") == 0
        assert machine.let_in == f"{ID}:ada\n"
        assert machine.told == {"guard": (True, "")}

    def test_without_nft_iptables_does_it_for_both_families(self, machine: SeatMachine) -> None:
        machine.fake("nft", "exit 1")
        machine.fake("iptables", '[ "$1" != -C ]')
        assert machine.run("guard") == 0
        [rule] = machine.called("iptables", "-I")
        assert rule.endswith("-d 169.254.169.254 -m owner ! --uid-owner 0 -j REJECT")

    def test_a_rule_that_is_there_is_not_added_again(self, machine: SeatMachine) -> None:
        machine.fake("nft", "exit 1")
        machine.run("guard")
        assert machine.called("iptables", "-C") and not machine.called("iptables", "-I")

    def test_without_any_firewall_the_kernels_routing_does_it(self, machine: SeatMachine) -> None:
        for name in ("nft", "iptables"):
            machine.fake(name, "exit 1")
        assert machine.run("guard") == 0
        assert machine.called("ip", "-4", "rule", "add") and machine.let_in

    def test_networkd_is_told_to_leave_that_rule(self, machine: SeatMachine) -> None:
        for name in ("nft", "iptables"):
            machine.fake(name, "exit 1")
        (machine.root / "etc/systemd").mkdir()
        machine.run("guard")
        told = (machine.root / "etc/systemd/networkd.conf.d/52-heliosphere.conf").read_text()
        assert told == "[Network]\nManageForeignRoutingPolicyRules=no\n"

    def test_where_nothing_shuts_it_the_learner_stays_out(self, machine: SeatMachine) -> None:
        machine.run("guard")
        for name in ("nft", "iptables", "ip"):
            machine.fake(name, "exit 1")
        assert machine.run("guard") == 1
        assert machine.let_in == ""
        assert machine.told["guard"][0] is False

    def test_a_rule_that_does_not_hold_is_no_rule(self, machine: SeatMachine) -> None:
        """The learner's own attempt counts, not that a program said that it had done something."""
        machine.fake("runuser", "exit 0")
        assert machine.run("guard") == 1 and machine.let_in == ""

    def test_a_disk_with_the_same_in_it_must_not_be_the_learners_to_read(self, machine: SeatMachine) -> None:
        (machine.root / "labels").mkdir()
        (machine.root / "labels/config-2").write_text("")
        machine.fake("runuser", 'case "$*" in *dev/tcp*) exit 1 ;; *"test -r"*) exit 0 ;; esac; exit 1')
        assert machine.run("guard") == 1 and machine.let_in == ""

    def test_homes_and_what_cloud_init_keeps_are_shut(self, machine: SeatMachine) -> None:
        (machine.root / "home/exouser").mkdir(mode=0o755)
        (machine.root / "var/lib/cloud").mkdir(parents=True, mode=0o755)
        machine.run("guard")
        for path in ("home/exouser", "home/ada", "var/lib/cloud"):
            assert (machine.root / path).stat().st_mode & 0o777 == 0o700


class TestAccount:
    def test_it_leaves_groups_that_are_as_good_as_root(self, machine: SeatMachine) -> None:
        machine.fake("id", 'echo "ada docker users sudo"')
        assert machine.run("account", "exouser") == 0
        assert machine.called("gpasswd") == ["gpasswd -d ada sudo", "gpasswd -d ada docker"]

    def test_those_who_help_come_into_its_group(self, machine: SeatMachine) -> None:
        machine.run("account", "exouser")
        assert machine.called("usermod") == ["usermod -a -G ada exouser"]

    def test_an_administrator_only_where_the_workshop_says_so(self, machine: SeatMachine) -> None:
        rights = machine.root / "etc/sudoers.d/91-heliosphere-seat"
        machine.facts(FACTS.replace("sudo no", "sudo yes"))
        machine.run("account", "exouser")
        assert rights.read_text() == "ada ALL=(ALL) NOPASSWD:ALL\n"
        assert rights.stat().st_mode & 0o777 == 0o440
        machine.facts(FACTS)
        machine.run("account", "exouser")
        assert not rights.exists()


VOLUME = "3f0e7a52-8f6a-4b1c-9d3e-0a1b2c3d4e5f"


class TestData:
    def test_a_volume_is_shut_for_writing_before_it_is_opened_for_reading(self, machine: SeatMachine) -> None:
        machine.facts(f"{FACTS}volume maps {VOLUME}\n")
        machine.disk(VOLUME)
        assert machine.run("data") == 0
        order = [call.split()[0] for call in machine.calls if call.split()[0] in ("blockdev", "mount")]
        assert order == ["blockdev", "mount"]
        assert "-o ro,noload,nosuid,nodev" in machine.called("mount")[0]
        assert machine.told == {"data-maps": (True, "")}

    @pytest.mark.parametrize(("kind", "options"), [("xfs", "ro,norecovery,nouuid"), ("btrfs", "ro")])
    def test_no_file_system_replays_its_journal(self, machine: SeatMachine, kind: str, options: str) -> None:
        machine.fake("lsblk", f'echo "$3 {kind}"')
        machine.facts(f"{FACTS}volume maps {VOLUME}\n")
        machine.disk(VOLUME)
        machine.run("data")
        assert f"-o {options},nosuid,nodev" in machine.called("mount")[0]

    def test_a_disk_without_files_and_one_that_never_comes_are_told(self, machine: SeatMachine) -> None:
        machine.fake("lsblk", 'echo "$3 "')
        machine.facts(f"{FACTS}volume maps {VOLUME}\nvolume late {VOLUME[::-1]}\n")
        machine.disk(VOLUME)
        assert machine.run("data", "4") == 1
        assert machine.told == {
            "data-maps": (False, "there is no file system on it"),
            "data-late": (False, "the disk has not appeared"),
        }
        assert "has not appeared" in (machine.root / "data/late-IS-NOT-HERE-YET.txt").read_text()

    def test_what_came_later_takes_its_notice_away(self, machine: SeatMachine) -> None:
        machine.facts(f"{FACTS}volume maps {VOLUME}\n")
        machine.run("data", "0")
        machine.disk(VOLUME)
        assert machine.run("data", "0") == 0
        assert not list((machine.root / "data").glob("*.txt"))
        assert machine.told["data-maps"] == (True, "")

    def test_what_is_there_already_is_not_opened_twice(self, machine: SeatMachine) -> None:
        machine.facts(f"{FACTS}nfs course 10.0.0.5 /export/course\n")
        machine.run("data")
        machine.run("data")
        assert len(machine.called("mount")) == 1
        assert "10.0.0.5:/export/course" in machine.called("mount")[0]

    def test_the_key_of_a_share_is_on_no_command_line(self, machine: SeatMachine) -> None:
        machine.facts(f"{FACTS}cephfs big m1:6789,m2:6789 /volumes/x course\n")
        (machine.root / "etc/heliosphere/ceph-big.key").write_text("AQBsecret==\n")
        machine.run("data")
        [call] = machine.called("mount")
        assert "name=course,secretfile=" in call and "m1:6789,m2:6789:/volumes/x" in call
        assert "AQBsecret" not in " ".join(machine.calls)

    def test_a_share_that_does_not_answer_does_not_stop_the_next(self, machine: SeatMachine) -> None:
        machine.fake(
            "mount",
            f'for last in "$@"; do :; done; case "$*" in *nfs*) echo "mount.nfs: timed out"; exit 32 ;; esac\n'
            f'echo "$last" >> {machine.root}/mounted',
        )
        machine.facts(f"{FACTS}nfs one 10.0.0.5 /a\nvolume two {VOLUME}\n")
        machine.disk(VOLUME)
        assert machine.run("data") == 1
        assert machine.told == {"data-one": (False, "mount.nfs: timed out"), "data-two": (True, "")}


GIT = """
case "$*" in
  *clone*) for last in "$@"; do :; done; mkdir -p "$last" && echo ok > "$last/README" ;;
  *checkout*) case "$*" in *nowhere*) echo "error: pathspec nowhere did not match" >&2; exit 1 ;; esac ;;
esac
"""


class TestRepository:
    @pytest.fixture(autouse=True)
    def with_git(self, machine: SeatMachine) -> None:
        # `env -i` keeps the search path of the script.
        machine.fake("git", GIT)
        machine.facts(f"{FACTS}repository https://git.example.edu/group/course.git main\n")

    def test_it_is_cloned_into_the_learners_home_by_https_alone(self, machine: SeatMachine) -> None:
        assert machine.run("repository") == 0
        assert (machine.root / "home/ada/course/README").exists()
        [call] = [call for call in machine.calls if "clone" in call and call.startswith("git")]
        assert "protocol.allow=never" in call and "protocol.https.allow=always" in call
        assert " -- https://git.example.edu/group/course.git " in call
        assert [
            call for call in machine.calls if call.startswith("runuser -u ada") and "GIT_TERMINAL" in call
        ]
        assert machine.told == {"repository": (True, "")}

    def test_what_the_learner_has_there_is_left_alone(self, machine: SeatMachine) -> None:
        (machine.root / "home/ada/course").mkdir()
        (machine.root / "home/ada/course/mine").write_text("x")
        machine.run("repository")
        assert (machine.root / "home/ada/course/mine").exists() and not machine.called("git")

    def test_one_that_cannot_be_had_is_tried_three_times_and_told(self, machine: SeatMachine) -> None:
        machine.fake("git", 'echo "fatal: could not read from https://x" >&2; exit 128')
        assert machine.run("repository") == 1
        assert len([call for call in machine.calls if call.startswith("git") and "clone" in call]) == 3
        assert machine.told["repository"] == (False, "fatal: could not read from https://x")
        notice = (machine.root / "home/ada/REPOSITORY-IS-NOT-HERE-YET.txt").read_text()
        assert "could not be fetched" in notice and "git clone https://git.example.edu" in notice

    def test_a_branch_that_is_not_there_leaves_no_half_of_it(self, machine: SeatMachine) -> None:
        machine.facts(f"{FACTS}repository https://git.example.edu/group/course.git nowhere\n")
        assert machine.run("repository") == 1
        assert not (machine.root / "home/ada/course").exists()
        assert "nowhere" in machine.told["repository"][1]

    def test_it_goes_on_trying_until_nothing_is_missing(self, machine: SeatMachine) -> None:
        machine.fake("git", 'echo "fatal: away" >&2; exit 128')
        machine.run("repository")
        machine.fake("git", GIT)
        assert machine.run("again") == 0
        assert machine.told["repository"] == (True, "")
        assert not (machine.root / "home/ada/REPOSITORY-IS-NOT-HERE-YET.txt").exists()

    def test_words_of_another_machine_make_no_json_of_their_own(self, machine: SeatMachine) -> None:
        machine.fake("git", """printf 'x", "ok": true, "y": "\\n' >&2; exit 1""")
        machine.run("repository")
        [line] = [one for one in (machine.root / "dev/ttyS0").read_text().splitlines() if "repository" in one]
        assert json.loads(line)["ok"] is False


# One network with the metadata service on its far side, and the guard's rules on the near one.
_KERNEL = """
set -e
ip link set lo up
unshare -n sleep 30 & far=$!
sleep 0.3
ip link add near type veth peer name far netns $far
nsenter -t $far -n sh -c 'ip link set lo up; ip link set far up; ip addr add 169.254.169.254/16 dev far'
ip addr add 169.254.0.2/16 dev near; ip link set near up
nsenter -t $far -n {python} -m http.server 80 --bind 169.254.169.254 > /dev/null 2>&1 & web=$!
trap 'kill $far $web' EXIT
ask() {{ timeout 2 $1 bash -c ': > /dev/tcp/169.254.169.254/80' 2>/dev/null && echo in || echo out; }}
for try in 1 2 3 4 5 6 7 8 9 10; do [ "$(ask env)" = in ] && break; sleep 0.2; done
ask "runuser -u nobody --"
{rules}
ask "runuser -u nobody --"; ask env
"""


@pytest.mark.parametrize("way", ["by_nft", "by_iptables", "by_route"])
def test_a_real_kernel_keeps_everybody_but_root_from_the_metadata_service(way: str, tmp_path: Path) -> None:
    needed = {"by_nft": "nft", "by_iptables": "iptables", "by_route": "ip"}[way]
    missing = [tool for tool in ("unshare", "nsenter", "runuser", needed) if not shutil.which(tool)]
    if missing or os.geteuid() != 0:
        pytest.skip(f"needs root and {', '.join(missing) or 'nothing else'}")
    # Nothing of this machine itself is changed: a network of its own, and no file.
    source = SCRIPT.read_text(encoding="utf-8").replace("/etc/systemd", f"{tmp_path}/systemd")
    functions = source[source.index("by_nft() {") : source.index("# As the learner would")]
    facts = "METADATA=169.254.169.254\nMETADATA6=fe80::a9fe:a9fe\n"
    path = tmp_path / "try.sh"
    path.write_text(_KERNEL.format(python=sys.executable, rules=f"{facts}{functions}\n{way} || echo failed"))
    done: Any = subprocess.run(
        ["unshare", "-n", "bash", str(path)], capture_output=True, text=True, check=False, timeout=SECONDS
    )
    if not done.stdout.startswith("in"):
        pytest.skip(f"no network of its own to be had here: {done.stderr[-200:]}")
    assert done.stdout.split() == ["in", "out", "in"], done.stderr
