"""What pages show: the three ways to do one thing, with what each needs said beside it. Pure."""

from collections.abc import Sequence

from instances.commands import cli, launching, sdk, terraform
from instances.commands.facts import (
    PUBLIC_KEY_FILE,
    TAG,
    USER_DATA_FILE,
    Ask,
    Launch,
    Machine,
    Place,
    Snippet,
)

CLI, SDK, HCL = "cli", "sdk", "terraform"
TITLES = {CLI: "Command line", SDK: "Python", HCL: "Terraform / OpenTofu"}


def of_action(place: Place, machines: Sequence[Machine], ask: Ask) -> list[Snippet]:
    """All three, in the order of the tabs. Without machines to do it to there are none."""
    if ask.action == "unassign_address":
        machines = [machine for machine in machines if machine.addresses]
    if not machines:
        return []
    return [
        _snippet(CLI, cli.lines(place, machines, ask), _NOTES.get((CLI, ask.action), "")),
        _snippet(SDK, sdk.lines(place, machines, ask), _NOTES.get((SDK, ask.action), "")),
        _snippet(HCL, terraform.lines(place, machines, ask), terraform.note(machines, ask)),
    ]


def of_launch(place: Place, launch: Launch) -> list[Snippet]:
    return [
        _snippet(CLI, launching.cli_lines(place, launch), _launch_note(launch)),
        _snippet(SDK, launching.sdk_lines(place, launch), _launch_note(launch)),
        _snippet(HCL, launching.terraform_lines(place, launch), _launch_note(launch)),
    ]


def _snippet(kind: str, lines: list[str], note: str) -> Snippet:
    return Snippet(kind, TITLES[kind], "\n".join(lines) + "\n" if lines else "", note)


_BUSY = "The cloud works on it after the command has ended."
_NOTES = {
    (CLI, "shelve"): _BUSY,
    (CLI, "resize"): "When the machine is in VERIFY_RESIZE, look at it, then confirm or revert the resize.",
    (SDK, "resize"): "When the machine is in VERIFY_RESIZE, look at it, then confirm or revert the resize.",
    (CLI, "snapshot"): "The image is ready when openstack image show says active.",
}


def _launch_note(launch: Launch) -> str:
    said = []
    if launch.boot_script:
        said.append(f"Save your boot script as {USER_DATA_FILE} first.")
    if launch.new_key:
        said.append(f"Save the public key as {PUBLIC_KEY_FILE} first.")
    if launch.security_group:
        said.append(
            f"The group {launch.security_group} has to be there: the portal makes it with the first launch."
        )
    said.append(
        "Log in as the image's own account: the account exouser, graphs and the web desktop come with the portal's "
        "own user-data, which is made for each machine and holds a key."
    )
    said.append(f"The tag {TAG} lets you find what was made so: openstack server list --tags {TAG}")
    return " ".join(said)
