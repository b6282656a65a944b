"""Every command is read by a real shell, and its options by the real openstack client's own parsers."""

import subprocess
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import Any
from unittest.mock import MagicMock

import pytest

from instances.actions import ACTIONS, BULK_ACTIONS
from instances.commands import cli, launching
from instances.commands.facts import Ask, Launch, Machine
from tests.instances.commands.examples import ASKS, HOSTILE, ID, OTHER, PLACE, ask, launch, machine
from tests.instances.commands.test_quoting import plain

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::PendingDeprecationWarning")
GLOBAL = {"--os-compute-api-version"}
# Stands for the client: it writes down what it was called with, and says something that a variable can hold.
STUB = """
openstack() { printf '%s\\0' "$@" >> calls; printf '\\n\\0' >> calls; printf 'ACTIVE'; return ${FAIL:-0}; }
"""


def calls_of(lines: list[str], folder: Path, **environment: str) -> list[list[str]]:
    """The words of each call of the client, as a shell makes them of the lines."""
    script = STUB + "\n".join(lines) + '\nprintf "%s" "$OS_CLOUD" > cloud\n'
    done = subprocess.run(
        ["bash", "-c", script],
        cwd=folder,
        env={"PATH": "/usr/bin:/bin", **environment},
        capture_output=True,
        check=False,
    )
    assert done.stderr == b"", done.stderr
    assert (folder / "cloud").read_text() == PLACE.entry
    assert sorted(path.name for path in folder.iterdir()) == ["calls", "cloud"]
    calls = (folder / "calls").read_bytes().decode().split("\n\0")
    return [call.split("\0")[:-1] for call in calls[:-1]]


def command_of(words: list[str]) -> tuple[EntryPoint, list[str]]:
    """The longest name of a command that the words begin with, and what is left of them."""
    known = {
        found.name.replace("_", " "): found
        for group in ("openstack.compute.v2", "openstack.network.v2")
        for found in entry_points(group=group)
    }
    for length in range(len(words), 0, -1):
        if (found := known.get(" ".join(words[:length]))) is not None:
            return found, words[length:]
    raise AssertionError(f"no command of the client: {words}")


def parsed(words: list[str]) -> Any:
    """As the client reads it; SystemExit where an option does not exist."""
    if words[0] in GLOBAL:
        words = words[2:]
    entry, rest = command_of(words)
    app = MagicMock()
    app.client_manager.is_network_endpoint_enabled.return_value = True
    return entry.load()(app, None).get_parser("openstack " + entry.name).parse_args(rest)


def test_every_action_has_a_command() -> None:
    assert set(ASKS) == set(ACTIONS)


@pytest.mark.parametrize("action", sorted(ACTIONS))
def test_the_client_knows_the_command_and_its_options(action: str, tmp_path: Path) -> None:
    one = machine(addresses=("172.24.4.9",), status="SUSPENDED" if action == "resume" else "ACTIVE")
    calls = calls_of(cli.lines(PLACE, [one], ask(action)), tmp_path)
    assert calls
    for words in calls:
        assert parsed(words)


@pytest.mark.parametrize(
    ("one", "asked", "expected"),
    [
        (machine(status="PAUSED"), ask("resume"), [["server", "unpause", ID]]),
        (machine(status="SUSPENDED"), ask("resume"), [["server", "resume", ID]]),
        (machine(), ask("delete"), [["server", "delete", ID]]),
        (
            machine(addresses=("1.2.3.4",)),
            ask("delete"),
            [["server", "delete", "--wait", ID], ["floating", "ip", "delete", "1.2.3.4"]],
        ),
        (machine(addresses=("1.2.3.4",)), ask("delete", release_address=False), [["server", "delete", ID]]),
        (
            machine(addresses=("1.2.3.4",)),
            ask("unassign_address", release=False),
            [["server", "remove", "floating", "ip", ID, "1.2.3.4"]],
        ),
        (
            machine(addresses=("1.2.3.4",)),
            ask("shelve"),
            [["server", "shelve", ID], ["floating", "ip", "delete", "1.2.3.4"]],
        ),
        (
            machine(),
            ask("assign_address", address="1.2.3.4"),
            [["server", "add", "floating", "ip", ID, "1.2.3.4"]],
        ),
        (machine(), ask("unshelve"), [["server", "unshelve", ID]]),
        (
            machine(wants_address=True),
            ask("unshelve"),
            [
                ["server", "unshelve", "--wait", ID],
                ["floating", "ip", "create", "-f", "value", "-c", "floating_ip_address", "public"],
                ["server", "add", "floating", "ip", ID, "ACTIVE"],
            ],
        ),
        (machine(), ask("hard_reboot"), [["server", "reboot", "--hard", ID]]),
    ],
)
def test_it_does_what_the_portal_does(
    one: Machine, asked: Ask, expected: list[list[str]], tmp_path: Path
) -> None:
    assert calls_of(cli.lines(PLACE, [one], asked), tmp_path) == expected


@pytest.mark.parametrize("action", ["delete", "shelve", "unassign_address"])
def test_an_address_is_not_released_when_the_step_before_it_failed(action: str, tmp_path: Path) -> None:
    one = machine(addresses=("1.2.3.4",))
    calls = calls_of(cli.lines(PLACE, [one], ask(action)), tmp_path, FAIL="1")
    assert len(calls) == 1 and calls[0][0] == "server"


def test_no_address_is_put_on_a_machine_that_could_not_be_made(tmp_path: Path) -> None:
    calls = calls_of(launching.cli_lines(PLACE, launch()), tmp_path, FAIL="1")
    assert len(calls) == 1


@pytest.mark.parametrize("action", sorted(BULK_ACTIONS))
def test_several_machines_are_all_named(action: str, tmp_path: Path) -> None:
    both = [machine(), machine(id=OTHER, addresses=("1.2.3.4",))]
    calls = calls_of(cli.lines(PLACE, both, ask(action)), tmp_path)
    said = [word for call in calls for word in call]
    assert OTHER in said
    assert ID in said or action == "unassign_address"
    for words in calls:
        assert parsed(words)


def test_of_several_the_paused_are_unpaused_and_the_suspended_resumed(tmp_path: Path) -> None:
    both = [machine(status="PAUSED"), machine(id=OTHER, status="SUSPENDED")]
    calls = calls_of(cli.lines(PLACE, both, ask("resume")), tmp_path)
    assert calls == [["server", "resume", OTHER], ["server", "unpause", ID]]


@pytest.mark.parametrize("text", HOSTILE)
@pytest.mark.parametrize(
    ("action", "param", "option"),
    [
        ("rename", "name", "name"),
        ("snapshot", "name", "name"),
        ("resize", "flavor", "flavor"),
        ("rebuild", "image_id", "image"),
    ],
)
def test_a_hostile_name_reaches_the_client_as_it_is(
    text: str, action: str, param: str, option: str, tmp_path: Path
) -> None:
    [words] = calls_of(cli.lines(PLACE, [machine()], ask(action, **{param: text})), tmp_path)
    assert getattr(parsed(words), option) == plain(text)


@pytest.mark.parametrize("text", HOSTILE)
def test_a_launch_with_hostile_names_reaches_the_client_as_it_is(text: str, tmp_path: Path) -> None:
    wanted = launch(
        names=(text,), flavor=text, key_name=text, new_key=True, security_group=text, creator=text
    )
    key, create, _look, address, add = calls_of(launching.cli_lines(PLACE, wanted), tmp_path)
    found = parsed(create)
    assert parsed(key).name == plain(text)
    assert found.server_name == plain(text)
    assert (found.flavor, found.key_name) == (plain(text), plain(text))
    assert found.properties == {"exoCreatorUsername": plain(text)}
    assert address[-1] == "public" and add[-2:] == ["ACTIVE", "ACTIVE"]


@pytest.mark.parametrize(
    "wanted",
    [
        launch(),
        launch(names=("a 1 of 2", "a 2 of 2")),
        launch(network_id="", address="", security_group="", key_name="", creator=""),
        launch(boot_volume_gb=20, boot_script=True, address="172.24.4.9"),
    ],
)
def test_every_kind_of_launch_is_a_command_that_the_client_knows(wanted: Launch, tmp_path: Path) -> None:
    calls = calls_of(launching.cli_lines(PLACE, wanted), tmp_path)
    creates = [parsed(words) for words in calls if "create" in words and "server" in words]
    assert [found.server_name for found in creates] == list(wanted.names)
    for words in calls:
        assert parsed(words)


def test_a_root_volume_goes_with_its_machine_as_it_does_here(tmp_path: Path) -> None:
    calls = calls_of(launching.cli_lines(PLACE, launch(boot_volume_gb=20, address="")), tmp_path)
    assert parsed(calls[0]).boot_from_volume == 20
    assert calls[-1][2:] == ["server", "volume", "update", "--delete-on-termination", "ACTIVE", "ACTIVE"]
