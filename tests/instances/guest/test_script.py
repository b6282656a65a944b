"""guest.sh run by a real shell, in a directory that stands for the machine."""

import os
import shutil
import subprocess
import time
from pathlib import Path

import pytest

from instances.console import read

SCRIPT = Path("instances/guest/guest.sh")
KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIFH5le2D7iLis0Pc6JnAKX3qAd6lji5N9FdKuoTjF2WM root@machine"
# What the script calls of the system, each noting how it was called.
FAKES = ("systemctl", "usermod", "useradd", "chown", "getent", "apt-get", "dnf", "sshd", "restorecon", "tmux")
# What it needs of the system where the machine's own is not to be found.
TOOLS = ("cat", "chmod", "cp", "date", "grep", "mkdir", "nice", "sh", "sync", "touch", "tr")
ID = "0192aaaa-0000-7000-8000-000000000001"
SERVER = "f553fdf9-a1b3-490a-8c38-dcc6a48ede1e"


class Machine:
    """`shell`: what /bin/sh is there. A machine on which cloud-init has written what it was given."""

    def __init__(self, root: Path, shell: str = "dash") -> None:
        self.root = root
        self.shell = shell
        for name in ("bin", "dev", "etc/ssh", "etc/heliosphere", "opt", "var"):
            (root / name).mkdir(parents=True)
        (root / "active").write_text("tty0 ttyS0\n")
        (root / "cloud-id").write_text(SERVER + "\n")
        (root / "etc/heliosphere/agent.json").write_text("{}")
        (root / "etc/ssh/ssh_host_ed25519_key.pub").write_text(KEY + "\n")
        (root / "etc/ssh/sshd_config").write_text("Include /etc/ssh/sshd_config.d/*.conf\n")
        for name in FAKES:
            self.fake(name, "exit 0")

    def fake(self, name: str, body: str) -> None:
        path = self.root / "bin" / name
        path.write_text(f'#!/bin/sh\necho "{name} $*" >> {self.root}/calls\n{body}\n')
        path.chmod(0o755)

    def without(self, *names: str) -> str:
        """The search path of a machine that lacks these."""
        for name in names:
            (self.root / "bin" / name).unlink()
        (self.root / "tools").mkdir()
        for name in TOOLS:
            (self.root / "tools" / name).symlink_to(shutil.which(name) or name)
        return f"{self.root}/bin:{self.root}/tools"

    def boot_script(self, body: str) -> None:
        path = self.root / "opt/boot-script"
        path.write_text(f"#!/bin/sh\n{body}\n")
        path.chmod(0o700)

    def run(self, verb: str, instance: str = ID, path: str = "") -> int:
        text = SCRIPT.read_text(encoding="utf-8")
        for key, value in {"user": "ada", "instance": instance, "version": "1.2.3+abcdef01"}.items():
            text = text.replace(f"@{key}@", value)
        for real, here in {
            "PATH=/usr/sbin:/usr/bin:/sbin:/bin": f"PATH={path or f'{self.root}/bin:/usr/sbin:/usr/bin:/sbin:/bin'}",
            "/usr/sbin/sshd -t": f"{self.root}/bin/sshd -t",
            "/sys/class/tty/console/active": f"{self.root}/active",
            "/opt/heliosphere": f"{self.root}/opt",
            "/var/lib/heliosphere": f"{self.root}/var/lib",
            "/var/lib/cloud/data/instance-id": f"{self.root}/cloud-id",
            "/var/log/heliosphere": f"{self.root}/var/log",
            "/run/sshd": f"{self.root}/run/sshd",
            "/usr/bin/vglrun": f"{self.root}/bin/vglrun",
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
            [shutil.which(self.shell) or self.shell, str(self.root / "guest.sh"), verb],
            check=False,
            env=dict(os.environ),
            stderr=subprocess.DEVNULL,
        ).returncode

    def state(self, instance: str = ID) -> Path:
        return self.root / "var/lib" / instance

    def called(self, *words: str) -> list[str]:
        """The calls that begin like this."""
        return [call for call in self.calls if call.split()[: len(words)] == list(words)]

    def forget_calls(self) -> None:
        (self.root / "calls").unlink(missing_ok=True)

    def tree(self) -> dict[str, bytes]:
        """What the set-up wrote, but for what each boot prints anew."""
        places = ("etc", "opt", "var/lib")
        found = [path for place in places for path in (self.root / place).rglob("*") if path.is_file()]
        return {str(path): path.read_bytes() for path in found if path.name not in {"line", "keys"}}

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


# Debian's and Ubuntu's /bin/sh, and Rocky's.
@pytest.fixture(params=["dash", "bash"])
def machine(tmp_path: Path, request: pytest.FixtureRequest) -> Machine:
    if shutil.which(request.param) is None:
        pytest.skip(f"no {request.param} here")
    return Machine(tmp_path, request.param)


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


class TestAgain:
    def test_a_set_up_that_has_ended_is_not_done_again(self, machine: Machine) -> None:
        machine.boot_script(f"echo ran >> {machine.root}/ran")
        for _ in range(3):
            assert machine.run("start") == 0 and machine.run("setup") == 0
        assert machine.statuses() == ["running", "complete"]
        assert (machine.root / "ran").read_text() == "ran\n"

    def test_running_everything_twice_changes_no_file(self, machine: Machine) -> None:
        machine.boot_script("true")
        for verb in ("start", "setup", "boot"):
            machine.run(verb)
        before = machine.tree()
        for verb in ("start", "setup", "boot"):
            machine.run(verb)
        assert machine.tree() == before

    def test_one_that_was_cut_off_is_begun_again(self, machine: Machine) -> None:
        machine.fake("usermod", "kill -9 $PPID")
        machine.run("setup")
        machine.fake("usermod", "exit 0")
        machine.run("setup")
        assert machine.statuses() == ["running", "running", "complete"]


class TestImageOfAMachine:
    """A new machine, made from an image of one that was set up."""

    OTHER = "0192bbbb-0000-7000-8000-000000000002"

    @pytest.fixture
    def copy(self, machine: Machine) -> Machine:
        machine.boot_script(f"echo ran >> {machine.root}/ran")
        for verb in ("start", "setup"):
            machine.run(verb)
        (machine.root / "dev/ttyS0").unlink()
        (machine.root / "cloud-id").write_text("another-server\n")
        return machine

    def test_launched_here_it_is_set_up_anew(self, copy: Machine) -> None:
        for verb in ("start", "boot", "setup"):
            assert copy.run(verb, self.OTHER) == 0
        assert copy.statuses() == ["running", "complete"]
        assert (copy.root / "ran").read_text() == "ran\nran\n"

    def test_launched_with_another_tool_it_says_nothing_of_a_set_up_that_was_not_its_own(
        self, copy: Machine
    ) -> None:
        for verb in ("boot", "setup"):
            assert copy.run(verb) == 0
        assert copy.console == ""


class TestStart:
    def test_the_agent_has_an_account_of_its_own_which_alone_reads_its_key(self, machine: Machine) -> None:
        machine.fake("getent", "exit 2")
        machine.run("start")
        (made,) = machine.called("useradd")
        assert made.endswith(" heliosphere") and "/usr/sbin/nologin" in made
        assert machine.called("chown")[0].startswith("chown root:heliosphere ")
        assert (machine.root / "etc/heliosphere/agent.json").stat().st_mode & 0o777 == 0o640

    def test_an_account_that_is_there_is_not_made_again(self, machine: Machine) -> None:
        machine.run("start")
        assert machine.called("getent", "passwd") and not machine.called("useradd")

    def test_units_are_enabled_and_started_without_waiting_or_a_slow_reload(self, machine: Machine) -> None:
        machine.run("start")
        units = ["heliosphere-agent.service", "heliosphere-boot.service", "heliosphere-setup.service"]
        assert machine.called("systemctl", "--no-reload", "enable", *units)
        assert machine.called("systemctl", "start", "--no-block", *units)
        assert not machine.called("systemctl", "daemon-reload")

    def test_units_that_systemd_read_before_they_changed_are_read_again(self, machine: Machine) -> None:
        machine.fake("systemctl", '[ "$1" != show ] || echo NeedDaemonReload=yes')
        machine.run("start")
        calls = [call.split()[1] for call in machine.called("systemctl")]
        assert calls == ["--no-reload", "show", "daemon-reload", "start"]

    def test_units_that_systemd_does_not_find_are_looked_for_once_more(self, machine: Machine) -> None:
        machine.fake("systemctl", f'[ "$1" != start ] || mkdir {machine.root}/second 2>/dev/null && exit 5')
        machine.run("start")
        calls = [call.split()[1] for call in machine.called("systemctl")]
        assert calls == ["--no-reload", "show", "start", "daemon-reload", "start"]

    def test_without_an_account_the_rest_goes_on(self, machine: Machine) -> None:
        machine.fake("getent", "exit 2")
        machine.fake("useradd", "exit 1")
        machine.run("start")
        assert machine.called("systemctl", "start", "--no-block")


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
        assert machine.called("systemctl", "reload") == ["systemctl reload ssh.service"]

    def test_where_sshd_is_called_sshd_that_is_reloaded(self, machine: Machine) -> None:
        machine.fake("systemctl", '[ "$3" != ssh.service ]')
        self.trust(machine, f"Include {machine.root}/etc/ssh/sshd_config.d/*.conf\n")
        assert machine.called("systemctl", "reload") == ["systemctl reload sshd.service"]
        assert machine.statuses()[-1] == "complete"

    def test_where_a_socket_starts_sshd_there_is_nothing_to_reload(self, machine: Machine) -> None:
        machine.fake("systemctl", '[ "$2" != is-active ]')
        self.trust(machine, f"Include {machine.root}/etc/ssh/sshd_config.d/*.conf\n")
        assert not machine.called("systemctl", "reload")
        assert (machine.root / "run/sshd").is_dir()
        assert machine.statuses()[-1] == "complete"

    def test_an_sshd_that_cannot_be_reloaded_is_an_error(self, machine: Machine) -> None:
        machine.fake("systemctl", '[ "$1" != reload ]')
        self.trust(machine, f"Include {machine.root}/etc/ssh/sshd_config.d/*.conf\n")
        assert machine.statuses()[-1] == "error"

    def test_an_include_in_quotes_is_one_too(self, machine: Machine) -> None:
        config = f'Include "{machine.root}/etc/ssh/sshd_config.d/*.conf"\n'
        assert self.trust(machine, config) == config

    def test_an_older_sshd_gets_the_lines_once_before_any_match_block(self, machine: Machine) -> None:
        config = "Port 22\nMatch User git\n  X11Forwarding no\n"
        found = self.trust(machine, config)
        assert found == f"TrustedUserCAKeys {machine.root}/etc/ssh/heliosphere_ca.pub\n{config}"
        assert len(machine.called("restorecon")) == 1

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
        assert any("tigervnc" in call for call in machine.called("apt-get"))
        assert "systemctl enable --now heliosphere-desktop" in machine.calls
        assert machine.statuses() == ["running", "complete"]

    def test_rocky_gets_its_packages_by_dnf(self, machine: Machine) -> None:
        (machine.root / "opt/heliosphere-desktop.service").write_text("[Unit]\n")
        (machine.root / "etc/systemd/system").mkdir(parents=True)
        # Nothing of this machine's own, but what the script needs besides.
        (machine.root / "bin/apt-get").unlink()
        for name in ("cat", "chmod", "cp", "date", "grep", "mkdir", "touch", "tr"):
            (machine.root / "bin" / name).symlink_to(shutil.which(name) or "")
        machine.run("setup", path=f"{machine.root}/bin")
        assert [call.split()[4] for call in machine.called("dnf")] == ["epel-release", "xfce4-session"]
        assert machine.statuses() == ["running", "complete"]

    def test_packages_that_cannot_be_had_make_the_set_up_an_error(self, machine: Machine) -> None:
        (machine.root / "opt/heliosphere-desktop.service").write_text("[Unit]\n")
        machine.fake("apt-get", "echo no network; exit 100")
        machine.run("setup")
        assert machine.statuses() == ["running", "error"]
        assert "no network" in (machine.root / "var/log/desktop.log").read_text()

    def test_nothing_on_it_asks_for_a_password_that_nobody_has(self, machine: Machine) -> None:
        (machine.root / "opt/heliosphere-desktop.service").write_text("[Unit]\n")
        for folder in ("systemd/system", "polkit-1/rules.d", "polkit-1/localauthority"):
            (machine.root / "etc" / folder).mkdir(parents=True)
        machine.run("setup")
        rule = (machine.root / "etc/polkit-1/rules.d/49-heliosphere.rules").read_text()
        assert 'who.user == "ada"' in rule and rule.count("\n") == 1
        older = machine.root / "etc/polkit-1/localauthority/50-local.d/heliosphere.pkla"
        assert "Identity=unix-user:ada\n" in older.read_text()
        assert machine.statuses() == ["running", "complete"]

    def test_windows_are_drawn_plain_unless_the_person_chose_otherwise(self, machine: Machine) -> None:
        (machine.root / "opt/heliosphere-desktop.service").write_text("[Unit]\n")
        (machine.root / "etc/systemd/system").mkdir(parents=True)
        folder = machine.root / "etc/xdg/xfce4/xfconf/xfce-perchannel-xml"
        machine.run("setup")
        assert 'name="use_compositing" type="bool" value="false"' in (folder / "xfwm4.xml").read_text()
        (folder / "xfwm4.xml").write_text("mine")
        (machine.state() / "done").unlink()
        machine.run("setup")
        assert (folder / "xfwm4.xml").read_text() == "mine"

    def test_virtualgl_comes_with_an_nvidia_driver_and_its_absence_is_no_error(
        self, machine: Machine
    ) -> None:
        (machine.root / "opt/heliosphere-desktop.service").write_text("[Unit]\n")
        (machine.root / "etc/systemd/system").mkdir(parents=True)
        machine.fake("nvidia-smi", "exit 0")
        machine.fake("apt-get", 'case "$*" in *virtualgl*) exit 100 ;; esac')
        machine.run("setup")
        assert [call for call in machine.called("apt-get") if call.endswith("virtualgl")]
        assert "usermod -a -G render ada" in machine.calls
        assert "no package of VirtualGL" in (machine.root / "var/log/desktop.log").read_text()
        assert machine.statuses() == ["running", "complete"]

    def test_without_such_a_driver_virtualgl_is_not_asked_for(self, machine: Machine) -> None:
        (machine.root / "opt/heliosphere-desktop.service").write_text("[Unit]\n")
        (machine.root / "etc/systemd/system").mkdir(parents=True)
        machine.run("setup")
        assert not [call for call in machine.calls if "virtualgl" in call]

    def test_the_session_runs_through_virtualgl_where_card_and_package_are_there(
        self, machine: Machine
    ) -> None:
        machine.fake("startxfce4", "exit 7")
        assert machine.run("session") == 7
        machine.fake("vglrun", "exit 8")
        assert machine.run("session") == 7
        machine.fake("nvidia-smi", "exit 0")
        assert machine.run("session") == 8
        assert machine.called("vglrun") == ["vglrun -d egl +wm startxfce4"]
        # It runs as the person, who may write nothing of the set-up's.
        assert not (machine.root / "var/lib").exists()

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

    def test_it_says_which_version_of_ours_set_it_up(self, machine: Machine) -> None:
        machine.run("boot")
        assert '{"helio": "guest", "version": "1.2.3+abcdef01"}' in machine.console
        assert read(machine.console).boot_script is None

    def test_gpus_are_asked_for_once_by_root_and_not_waited_for(self, machine: Machine) -> None:
        machine.fake("nvidia-smi", f"sleep 1; touch {machine.root}/answered")
        machine.run("boot")
        assert not (machine.root / "answered").exists()
        end = time.monotonic() + 20
        while not (machine.root / "answered").exists() and time.monotonic() < end:
            time.sleep(0.05)
        assert machine.called("nvidia-smi") == ["nvidia-smi -L"]

    def test_a_set_up_still_going_on_is_not_said_to_have_ended(self, machine: Machine) -> None:
        machine.run("boot")
        assert read(machine.console).setup is None


class TestWhatNobodyWaitsFor:
    def test_tmux_is_fetched_where_it_is_missing_once_the_machine_is_ready(self, machine: Machine) -> None:
        machine.fake("apt-get", f"cat {machine.root}/dev/ttyS0 >> {machine.root}/seen; exit 0")
        path = machine.without("tmux")
        assert machine.run("setup", path=path) == 0
        assert machine.called("apt-get")[-1].endswith("install --no-install-recommends tmux")
        assert '"complete"' in (machine.root / "seen").read_text()

    def test_where_it_is_nothing_is_fetched(self, machine: Machine) -> None:
        machine.run("setup")
        assert not machine.called("apt-get")

    def test_rocky_gets_it_by_dnf(self, machine: Machine) -> None:
        path = machine.without("tmux", "apt-get")
        machine.run("setup", path=path)
        assert machine.called("dnf") == ["dnf -q -y install tmux"]

    def test_that_it_cannot_be_had_is_no_error(self, machine: Machine) -> None:
        machine.fake("apt-get", "exit 100")
        path = machine.without("tmux")
        assert machine.run("setup", path=path) == 0
        assert machine.statuses() == ["running", "complete"]


class TestAJumpHost:
    def test_its_login_is_set_up_before_it_is_called_ready(self, machine: Machine) -> None:
        (machine.root / "opt/jump.sh").write_text(f'echo "jump.sh $1" >> {machine.root}/calls\n')
        machine.run("setup")
        assert machine.called("jump.sh") == ["jump.sh install", "jump.sh alone"]
        assert machine.statuses() == ["running", "complete"]

    def test_one_that_has_no_login_for_it_is_not_called_ready(self, machine: Machine) -> None:
        (machine.root / "opt/jump.sh").write_text("exit 1\n")
        machine.run("setup")
        assert machine.statuses() == ["running", "error"]

    def test_other_machines_have_none(self, machine: Machine) -> None:
        machine.run("setup")
        assert not machine.called("jump.sh")


def test_another_verb_is_refused(machine: Machine) -> None:
    assert machine.run("nonsense") == 2
