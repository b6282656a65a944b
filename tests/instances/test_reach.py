"""Which machines can take a shell, and what to do first for those that cannot."""

import pytest

from instances.reach import COMING, OFF, no_shell

HERE = "203.0.113.5"


@pytest.mark.parametrize("status", ["ACTIVE", "VERIFY_RESIZE", "REBOOT", "some-new-state"])
def test_a_machine_that_runs_can(status: str) -> None:
    assert no_shell(status, deleted=False, address=HERE) == ""


@pytest.mark.parametrize("status", sorted(COMING))
def test_one_that_is_coming_can_be_waited_for_without_an_address(status: str) -> None:
    assert no_shell(status, deleted=False, address="") == ""


@pytest.mark.parametrize(
    ("status", "words"),
    [
        ("SHUTOFF", "It is stopped: start it first."),
        ("SHELVED_OFFLOADED", "It is shelved: unshelve it first."),
        ("SUSPENDED", "It is suspended: resume it first."),
        ("PAUSED", "It is paused: unpause it first."),
        ("ERROR", "It is in error."),
        ("RESCUE", "It is in rescue mode."),
    ],
)
def test_one_that_is_off_says_what_comes_first(status: str, words: str) -> None:
    assert no_shell(status, deleted=False, address=HERE) == words


def test_one_that_is_gone_or_has_no_address_says_so() -> None:
    assert no_shell("ACTIVE", deleted=True, address=HERE) == "It is deleted."
    assert no_shell("ACTIVE", deleted=False, address="") == "It has no address: assign one first."


def test_whatever_is_off_has_words() -> None:
    assert all(no_shell(status, deleted=False, address=HERE) for status in OFF)
