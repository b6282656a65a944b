"""Machines, places and launches for the tests of commands, with names that mean harm."""

from typing import Any

from instances.commands.facts import Ask, Launch, Machine, Place

HOSTILE = (
    "plain",
    'x"; rm -rf ~ #',
    "it's $(touch owned) `id` $HOME ${HOME}",
    "${var.x} %{ if true } $${y} %%{z} $${",
    "two\nlines\r\nthree",
    "tab\tbell\x07\x08\x0cnull\x00 \x85 \u2028 \x7f",
    "emoji 🚀 and ünïcode",
    "back\\slash \\n \\b \\\\b \\f \\\\\\f \\",
    "-rf",
    "--help",
    "EOF\n)\n'",
    "lone \udc80 surrogate",
)
ID = "6f2b3a52-5a3e-4f0d-9c0e-0d1f6e6e5a01"
OTHER = "6f2b3a52-5a3e-4f0d-9c0e-0d1f6e6e5a02"
PLACE = Place(entry="demo-bio220047-iu", region="IU", external_network="public")


def machine(**changes: Any) -> Machine:
    given: dict[str, Any] = {"id": ID, "name": "blast-node", "status": "ACTIVE", "flavor": "m3.small"}
    return Machine(**{**given, **changes})


def launch(**changes: Any) -> Launch:
    given: dict[str, Any] = {
        "names": ("lab",),
        "flavor": "m3.small",
        "image_id": "image-1",
        "image_name": "Featured-Debian12",
        "network_id": "net-1",
        "security_group": "exosphere",
        "key_name": "laptop",
        "address": "new",
        "creator": "alice",
    }
    return Launch(**{**given, **changes})


# One of each action, as the dialogs ask for it.
ASKS: dict[str, dict[str, Any]] = {
    "start": {},
    "stop": {},
    "reboot": {},
    "hard_reboot": {},
    "suspend": {},
    "resume": {},
    "shelve": {"release_address": True},
    "unshelve": {},
    "lock": {},
    "unlock": {},
    "rename": {"name": "other"},
    "resize": {"flavor": "m3.medium"},
    "confirm_resize": {},
    "revert_resize": {},
    "rebuild": {"image_id": "image-2"},
    "snapshot": {"name": "kept"},
    "console": {},
    "assign_address": {"address": "new"},
    "unassign_address": {"release": True},
    "delete": {"release_address": True},
}


def ask(action: str, **params: Any) -> Ask:
    return Ask(action=action, params={**ASKS[action], **params})
