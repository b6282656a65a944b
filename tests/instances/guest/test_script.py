"""guest.sh run by a real shell, in a directory that stands for the machine."""

import os
import subprocess
from pathlib import Path

import pytest

from instances.console import read

SCRIPT = Path("instances/guest/guest.sh")
KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIFH5le2D7iLis0Pc6JnAKX3qAd6lji5N9FdKuoTjF2WM root@machine"
# What the script calls of the system, each noting how it was called.
FAKES = ("systemctl", "usermod", "getent", "apt-get", "sshd", "restorecon")


class Machine:
    def __init__(self, root: Path) -> None:
        self.root = root
        for name in ("bin", "dev", "etc/ssh", "opt", "var"):
            (root / name).mkdir(parents=True)
        (root / "active").write_text("tty0 ttyS0\n")
        (root / "etc/ssh/ssh_host_ed25519_key.pub").write_text(KEY + "\n")
        (root / "etc/ssh/sshd_config").write_text("Include /etc/ssh/sshd_config.d/*.conf\n")
        for name in FAKES:
            self.fake(name, "exit 0")

    def fake(self, name: str, body: str) -> None:
        path = self.root / "bin" / name
        path.write_text(f'#!/bin/sh\necho "{name} $*" >> {self.root}/calls\n{body}\n')
        path.chmod(0o755)

    def boot_script(self, body: str) -> None:
        path = self.root / "opt/boot-script"
        path.write_text(f"#!/bin/sh\n{body}\n")
        path.chmod(0o700)

    def run(self, verb: str) -> int:
        text = SCRIPT.read_text(encoding="utf-8").replace("@user@", "ada")
        for real, here in {
            "PATH=/usr/sbin": f"PATH={self.root}/bin:/usr/sbin",
            "/usr/sbin/sshd -t": f"{self.root}/bin/sshd -t",
            "/sys/class/tty/console/active": f"{self.root}/active",
            "/opt/heliosphere": f"{self.root}/opt",
            "/var/lib/heliosphere": f"{self.root}/var/lib",
            "/var/log/heliosphere": f"{self.root}/var/log",
            "/etc/": f"{self.root}/etc/",
            "/dev/kmsg": f"{self.root}/dev/kmsg",
            '"/dev/$name"': f'"{self.root}/dev/$name"',
            "cd /root": f"cd {self.root}",
        }.items():
            text = text.replace(real, here)
        # A file keeps only the last writing, a console all of them.
        text = text.replace(f'cat "$1" > "{self.root}/dev/$name"', f'cat "$1" >> "{self.root}/dev/$name"')
        (self.root / "guest.sh").write_text(text)
        return subprocess.run(
            ["sh", str(self.root / "guest.sh"), verb], check=False, env=dict(os.environ)
        ).returncode

    @property
    def console(self) -> str:
        found = self.root / "dev/ttyS0"
        return found.read_text() if found.exists() else ""

    @property
    def calls(self) -> list[str]:
        found = self.root / "calls"
        return found.read_text().splitlines() if found.exists() else []

    def statuses(self) -> list[str]:
        return [found.status for line in self.console.splitlines() if (found := read(line).setup) is not None]


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def test_set_up_says_running_and_complete_on_the_serial_console_and_to_the_kernel(machine: Machine) -> None:
    assert machine.run("setup") == 0
    assert machine.statuses() == ["running", "complete"]
    found = read((machine.root / "dev/kmsg").read_text()).setup
    assert found is not None and found.status == "complete" and found.at is not None
    assert not (machine.root / "dev/tty0").exists()


def test_without_a_serial_console_it_speaks_to_the_console(machine: Machine) -> None:
    (machine.root / "active").write_text("tty0\n")
    machine.run("setup")
    found = read((machine.root / "dev/console").read_text()).setup
    assert found is not None and found.status == "complete"


def test_the_person_joins_the_groups_that_the_distribution_has(machine: Machine) -> None:
    machine.fake("getent", '[ "$2" = sudo ]')
    machine.run("setup")
    assert [call for call in machine.calls if call.startswith("usermod")] == ["usermod -a -G sudo ada"]


def test_a_set_up_that_has_ended_is_marked_so_that_the_unit_skips_it(machine: Machine) -> None:
    machine.run("setup")
    assert (machine.root / "var/lib/done").exists()
    unit = Path("instances/guest/heliosphere-setup.service").read_text(encoding="utf-8")
    assert "ConditionPathExists=!/var/lib/heliosphere/done" in unit


class TestBootScript:
    def test_its_output_is_kept_and_its_exit_reported(self, machine: Machine) -> None:
        machine.boot_script("echo hello; pwd")
        machine.run("setup")
        found = read(machine.console)
        assert found.boot_script is not None and found.boot_script.exit_code == 0
        assert machine.statuses() == ["running", "complete"]
        assert (machine.root / "var/log/boot-script.log").read_text() == f"hello\n{machine.root}\n"

    def test_one_that_fails_makes_the_set_up_an_error(self, machine: Machine) -> None:
        machine.boot_script("exit 3")
        machine.run("setup")
        found = read(machine.console)
        assert found.boot_script is not None and found.boot_script.exit_code == 3
        assert machine.statuses() == ["running", "error"]

    def test_it_runs_after_everything_else(self, machine: Machine) -> None:
        machine.boot_script(f"echo boot-script >> {machine.root}/calls")
        machine.run("setup")
        assert machine.calls[-1] == "boot-script"

    def test_one_that_took_the_machine_down_does_not_run_again(self, machine: Machine) -> None:
        machine.boot_script("kill -9 $PPID")
        machine.run("setup")
        assert machine.statuses() == ["running"]
        machine.boot_script("touch ran-again")
        machine.run("setup")
        assert not (machine.root / "ran-again").exists()
        found = read(machine.console)
        assert found.boot_script is not None and found.boot_script.exit_code is None
        assert machine.statuses()[-1] == "complete"

    def test_it_reads_nothing_and_waits_for_nobody(self, machine: Machine) -> None:
        machine.boot_script("cat; echo end")
        machine.run("setup")
        assert (machine.root / "var/log/boot-script.log").read_text() == "end\n"


class TestCertificates:
    DROP_IN = "TrustedUserCAKeys /etc/ssh/heliosphere_ca.pub\n"

    def trust(self, machine: Machine, config: str) -> str:
        (machine.root / "etc/ssh/heliosphere_ca.pub").write_text(KEY + "\n")
        (machine.root / "etc/ssh/sshd_config.d").mkdir()
        (machine.root / "etc/ssh/sshd_config.d/10-heliosphere.conf").write_text(
            f"TrustedUserCAKeys {machine.root}/etc/ssh/heliosphere_ca.pub\n"
        )
        (machine.root / "etc/ssh/sshd_config").write_text(config)
        machine.run("setup")
        machine.run("setup")
        return (machine.root / "etc/ssh/sshd_config").read_text()

    def test_where_sshd_reads_drop_ins_its_own_file_is_left_alone(self, machine: Machine) -> None:
        config = f"Include {machine.root}/etc/ssh/sshd_config.d/*.conf\nPort 22\n"
        assert self.trust(machine, config) == config
        assert "systemctl reload ssh" in machine.calls

    def test_an_older_sshd_gets_the_lines_once_before_any_match_block(self, machine: Machine) -> None:
        config = "Port 22\nMatch User git\n  X11Forwarding no\n"
        found = self.trust(machine, config)
        assert found == f"TrustedUserCAKeys {machine.root}/etc/ssh/heliosphere_ca.pub\n{config}"

    def test_a_configuration_that_sshd_refuses_is_not_loaded_and_is_an_error(self, machine: Machine) -> None:
        machine.fake("sshd", "exit 255")
        self.trust(machine, "Port 22\n")
        assert not [call for call in machine.calls if "reload" in call]
        assert machine.statuses()[-1] == "error"


class TestDesktop:
    def test_it_is_installed_and_started_where_it_was_asked_for(self, machine: Machine) -> None:
        (machine.root / "opt/heliosphere-desktop.service").write_text("[Unit]\n")
        (machine.root / "etc/systemd/system").mkdir(parents=True)
        machine.run("setup")
        assert any(call.startswith("apt-get") and "tigervnc" in call for call in machine.calls)
        assert "systemctl enable --now heliosphere-desktop" in machine.calls
        assert machine.statuses() == ["running", "complete"]

    def test_packages_that_cannot_be_had_make_the_set_up_an_error(self, machine: Machine) -> None:
        (machine.root / "opt/heliosphere-desktop.service").write_text("[Unit]\n")
        machine.fake("apt-get", "echo no network; exit 100")
        machine.run("setup")
        assert machine.statuses() == ["running", "error"]
        assert "no network" in (machine.root / "var/log/desktop.log").read_text()

    def test_nothing_is_installed_where_it_was_not(self, machine: Machine) -> None:
        machine.run("setup")
        assert not [call for call in machine.calls if call.startswith("apt-get")]


class TestBoot:
    def test_each_boot_prints_the_host_keys_and_how_the_set_up_ended(self, machine: Machine) -> None:
        machine.run("setup")
        (machine.root / "dev/ttyS0").unlink()
        machine.run("boot")
        found = read(machine.console)
        assert found.host_keys == (KEY.rsplit(" ", 1)[0],)
        assert found.setup is not None and found.setup.status == "complete"

    def test_a_set_up_still_going_on_is_not_said_to_have_ended(self, machine: Machine) -> None:
        machine.run("boot")
        assert read(machine.console).setup is None


def test_another_verb_is_refused(machine: Machine) -> None:
    assert machine.run("nonsense") == 2
