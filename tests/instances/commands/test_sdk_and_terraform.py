"""Python snippets are whole programs that call what the SDK has; HCL blocks are what Terraform's own formatter writes."""

import ast
import shutil
import subprocess

import openstack.compute.v2._proxy
import openstack.network.v2._proxy
import pytest

from instances.actions import ACTIONS, BULK_ACTIONS
from instances.commands import launching, sdk, snippets, terraform
from instances.commands.facts import Launch, Machine
from tests.instances.commands.examples import HOSTILE, ID, OTHER, PLACE, ask, launch, machine
from tests.instances.commands.test_quoting import plain

PROXIES = {"compute": openstack.compute.v2._proxy.Proxy, "network": openstack.network.v2._proxy.Proxy}
LAUNCHES = [
    launch(),
    launch(names=("a 1 of 2", "a 2 of 2"), new_key=True, boot_script=True),
    launch(network_id="", address="", security_group="", key_name="", creator=""),
    launch(boot_volume_gb=20, boot_script=True, address="172.24.4.9"),
]


def tree(lines: list[str]) -> ast.Module:
    return ast.parse("\n".join(lines))


def called(lines: list[str]) -> set[tuple[str, str]]:
    """(service, function) of every `cloud.service.function(…)`."""
    return {
        (node.func.value.attr, node.func.attr)
        for node in ast.walk(tree(lines))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and isinstance(node.func.value, ast.Attribute)
    }


def constants(lines: list[str]) -> set[object]:
    return {node.value for node in ast.walk(tree(lines)) if isinstance(node, ast.Constant)}


@pytest.mark.parametrize("action", sorted(ACTIONS))
def test_the_sdk_has_what_is_called(action: str) -> None:
    one = machine(addresses=("172.24.4.9",))
    found = called(sdk.lines(PLACE, [one], ask(action)))
    assert found
    for service, function in found:
        assert hasattr(PROXIES[service], function), (service, function)


@pytest.mark.parametrize("wanted", LAUNCHES)
def test_a_launch_calls_what_the_sdk_has(wanted: Launch) -> None:
    found = called(launching.sdk_lines(PLACE, wanted))
    assert ("compute", "create_server") in found
    for service, function in found:
        assert hasattr(PROXIES[service], function), (service, function)


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_names_are_strings_of_the_program(text: str) -> None:
    assert text in constants(sdk.lines(PLACE, [machine()], ask("rename", name=text)))
    wanted = launch(names=(text, text), flavor=text, key_name=text, creator=text, security_group=text)
    lines = launching.sdk_lines(PLACE, wanted)
    assert text in constants(lines)
    assert called(lines) == called(launching.sdk_lines(PLACE, launch(names=("a", "b"))))


@pytest.mark.parametrize("action", sorted(BULK_ACTIONS))
def test_several_machines_are_all_in_the_program(action: str) -> None:
    alike = sdk.lines(PLACE, [machine(), machine(id=OTHER)], ask(action))
    if action != "unassign_address":
        assert {ID, OTHER} <= constants(alike)
    unlike = sdk.lines(PLACE, [machine(addresses=("1.2.3.4",)), machine(id=OTHER)], ask(action))
    assert tree(unlike)


def test_taking_addresses_from_machines_that_have_none_is_no_program() -> None:
    assert snippets.of_action(PLACE, [machine()], ask("unassign_address")) == []
    both = [machine(), machine(id=OTHER, addresses=("1.2.3.4",))]
    texts = [found.text for found in snippets.of_action(PLACE, both, ask("unassign_address"))]
    assert all(ID not in text for text in texts)


def test_without_a_machine_there_is_nothing_to_show() -> None:
    assert snippets.of_action(PLACE, [], ask("stop")) == []


@pytest.mark.parametrize("action", sorted(ACTIONS))
def test_each_action_has_a_block_or_a_sentence_that_says_why_not(action: str) -> None:
    one = machine(addresses=("172.24.4.9",))
    [*_, found] = snippets.of_action(PLACE, [one], ask(action))
    assert found.note.endswith(".")
    assert bool(found.text) != (action in terraform.WITHOUT)
    assert all(way.text for way in snippets.of_action(PLACE, [one], ask(action))[:2])


@pytest.mark.parametrize(
    ("action", "line"),
    [
        ("start", 'power_state = "active"'),
        ("stop", 'power_state = "shutoff"'),
        ("shelve", 'power_state = "shelved_offloaded"'),
        ("unshelve", 'power_state = "active"'),
        ("rename", 'name        = "other"'),
        ("resize", 'flavor_name = "m3.medium"'),
        ("rebuild", 'image_id    = "image-2"'),
    ],
)
def test_the_block_says_how_the_machine_is_to_be(action: str, line: str) -> None:
    text = "\n".join(terraform.lines(PLACE, [machine()], ask(action)))
    assert f"  {line}\n" in text
    assert "prevent_destroy = true" in text
    assert f'id = "{ID}"' in text


def test_what_a_rebuild_changes_is_not_left_alone_and_everything_else_is() -> None:
    text = "\n".join(terraform.lines(PLACE, [machine()], ask("rebuild")))
    ignored = text.partition("ignore_changes  = [")[2].partition("]")[0].split(", ")
    assert "image_id" not in ignored and "user_data" in ignored


def test_a_paused_machine_can_be_made_active_and_a_suspended_one_cannot() -> None:
    assert terraform.lines(PLACE, [machine(status="PAUSED")], ask("resume"))
    assert terraform.lines(PLACE, [machine(status="SUSPENDED")], ask("resume")) == []


def test_to_delete_it_nothing_prevents_it() -> None:
    assert "prevent_destroy" not in "\n".join(terraform.lines(PLACE, [machine()], ask("delete")))


def test_machines_of_one_name_are_different_resources_and_not_all_of_hundreds_are_written_out() -> None:
    many = [machine(id=f"id-{number}") for number in range(50)]
    text = "\n".join(terraform.lines(PLACE, many, ask("stop")))
    heads = [line for line in text.splitlines() if line.startswith("resource")]
    assert len(heads) == len(set(heads)) == terraform.MOST
    assert "20 of 50" in terraform.note(many, ask("stop"))


def well_formed(lines: list[str]) -> None:
    """Blocks are closed, and a string ends on the line that it begins on."""
    depth = 0
    for line in lines:
        bare = line
        while '"' in bare:
            before, _, rest = bare.partition('"')
            end = 0
            while rest[end] != '"':
                end += 2 if rest[end] == "\\" else 1
            bare = before + "_" + rest[end + 1 :]
        depth += bare.count("{") + bare.count("[") + bare.count("(")
        depth -= bare.count("}") + bare.count("]") + bare.count(")")
        assert depth >= 0, line
    assert depth == 0
    if terraform_there := shutil.which("terraform"):
        text = "\n".join(lines) + "\n"
        done = subprocess.run(
            [terraform_there, "fmt", "-"], input=text.encode(), capture_output=True, check=False
        )
        assert done.returncode == 0, done.stderr.decode()
        assert done.stdout.decode() == text


@pytest.mark.parametrize("action", sorted(set(ACTIONS) - set(terraform.WITHOUT)))
def test_the_blocks_of_an_action_are_well_formed(action: str) -> None:
    machines = [
        machine(addresses=("172.24.4.9", "172.24.4.10")),
        machine(id=OTHER, name='x"; rm -rf ~ # ${var.x}'),
    ]
    well_formed(terraform.lines(PLACE, machines, ask(action)))


@pytest.mark.parametrize("wanted", LAUNCHES)
def test_the_blocks_of_a_launch_are_well_formed(wanted: Launch) -> None:
    well_formed(launching.terraform_lines(PLACE, wanted))


def test_hostile_names_open_no_block_and_no_template() -> None:
    for text in HOSTILE:
        one: Machine = machine(name=text)
        well_formed(terraform.lines(PLACE, [one], ask("rename", name=text)))
        wanted = launch(names=(text, f"{text} 2"), flavor=text, key_name=text, creator=text, new_key=True)
        well_formed(launching.terraform_lines(PLACE, wanted))
        assert plain(text) is not None


def test_a_launch_has_all_that_the_portal_gives_a_machine() -> None:
    for make in (launching.cli_lines, launching.sdk_lines, launching.terraform_lines):
        text = "\n".join(make(PLACE, launch(boot_script=True)))
        for part in (
            *("lab", "m3.small", "image-1", "net-1", "exosphere", "laptop", "boot-script.sh"),
            *("exoCreatorUsername", "alice", "made-by-command", "public", PLACE.entry),
        ):
            assert part in text, part


def test_beside_a_launch_stands_what_is_to_be_saved_first() -> None:
    notes = [found.note for found in snippets.of_launch(PLACE, launch(boot_script=True, new_key=True))]
    assert all("boot-script.sh" in note and "key.pub" in note for note in notes)
    assert not any("boot-script" in found.note for found in snippets.of_launch(PLACE, launch()))
