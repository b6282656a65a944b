"""guest.sh on a machine that is a seat of a workshop."""

import pytest

from tests.instances.guest.test_script import Machine, machine

__all__ = ["machine"]  # a fixture


class TestSeat:
    """What guest.sh does where the machine is a seat of a workshop: `seat.sh` is a stand-in that notes its calls."""

    @pytest.fixture(autouse=True)
    def seat(self, machine: Machine) -> None:
        self.say(machine, sudo="no")
        machine.fake("systemd-run", 'shift 2; exec "$@"')

    def say(self, machine: Machine, sudo: str, failing: str = "none") -> None:
        (machine.root / "opt/seat.sh").write_text(
            f'echo "seat $*" >> {machine.root}/calls\n'
            f'case "$*" in "value login") echo lea ;; "value sudo") echo {sudo} ;; "value port") echo 8888 ;; '
            f'"{failing}"*) exit 1 ;; esac\n'
        )

    def order(self, machine: Machine) -> list[str]:
        return [call.removeprefix("seat ") for call in machine.called("seat") if "value" not in call]

    def test_the_account_is_made_and_guarded_before_anything_of_the_workshop(self, machine: Machine) -> None:
        machine.run("setup")
        assert self.order(machine) == ["account ada", "guard", "data 180", "repository", "again"]
        assert machine.statuses() == ["running", "complete"]

    @pytest.mark.parametrize("part", ["account", "guard"])
    def test_without_its_account_or_its_guard_the_set_up_has_failed(
        self, machine: Machine, part: str
    ) -> None:
        self.say(machine, "no", failing=part)
        machine.run("setup")
        assert machine.statuses() == ["running", "error"]

    @pytest.mark.parametrize("part", ["data", "repository"])
    def test_what_is_missing_besides_does_not_stop_it(self, machine: Machine, part: str) -> None:
        self.say(machine, "no", failing=part)
        machine.run("setup")
        assert machine.statuses() == ["running", "complete"]

    def test_the_boot_script_is_told_the_login_and_the_port(self, machine: Machine) -> None:
        machine.boot_script(f'echo "$HELIOSPHERE_LOGIN $HELIOSPHERE_PORT" > {machine.root}/told')
        machine.run("setup")
        assert (machine.root / "told").read_text() == "lea 8888\n"

    def test_its_unit_is_started_before_the_others_and_at_each_boot(self, machine: Machine) -> None:
        machine.run("start")
        [enabled] = machine.called("systemctl", "--no-reload", "enable")
        assert enabled.split()[3] == "heliosphere-seat.service"
        machine.run("guard")
        assert self.order(machine) == ["guard"]

    def test_the_guard_is_tried_and_data_opened_again_at_each_later_boot(self, machine: Machine) -> None:
        machine.run("boot")
        assert self.order(machine) == []
        machine.run("setup")
        machine.forget_calls()
        machine.run("boot")
        assert self.order(machine) == ["guard", "data"]

    @pytest.mark.parametrize(("sudo", "asks"), [("no", True), ("yes", False)])
    def test_the_desktop_is_the_learners_and_unasked_only_for_administrators(
        self, machine: Machine, sudo: str, asks: bool
    ) -> None:
        (machine.root / "opt/heliosphere-desktop.service").write_text("[Unit]\n")
        (machine.root / "etc/polkit-1/rules.d").mkdir(parents=True)
        self.say(machine, sudo)
        machine.run("setup")
        rules = machine.root / "etc/polkit-1/rules.d/49-heliosphere.rules"
        assert rules.exists() is not asks
        assert asks or '"lea"' in rules.read_text()

    def test_an_image_of_a_seat_guards_and_lets_in_nobody_elsewhere(self, machine: Machine) -> None:
        machine.run("start")
        (machine.root / "cloud-id").write_text("another-server\n")
        machine.forget_calls()
        machine.run("guard")
        assert self.order(machine) == []
