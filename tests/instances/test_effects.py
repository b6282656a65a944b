"""What an action takes and leaves, by name, for one machine."""

from typing import Any

import pytest

from instances.actions import ACTIONS
from instances.effects import effects
from instances.models import Instance

FLOATING = {"network": "n", "address": "149.165.1.7", "version": 4, "kind": "floating"}
FIXED = {"network": "n", "address": "10.0.0.5", "version": 4, "kind": "fixed"}
DATA = {"id": "v1", "name": "genomes", "size_gb": 500, "boot": False}
ROOT = {"id": "v0", "name": "", "size_gb": 20, "boot": True}


def lab(**changes: Any) -> Instance:
    return Instance(name="lab", disk_gb=20, **changes)


@pytest.mark.parametrize("action", sorted(name for name, found in ACTIONS.items() if found.danger != "none"))
def test_whatever_is_dangerous_or_destroys_says_what_goes(action: str) -> None:
    if action != "suspend" and action != "unassign_address":  # their sentence says it all
        assert effects(action, lab()).goes


@pytest.mark.parametrize("action", sorted(name for name, found in ACTIONS.items() if found.danger == "none"))
def test_what_is_harmless_takes_nothing(action: str) -> None:
    assert effects(action, lab()).goes == ()


def test_delete_takes_disk_and_address_and_leaves_volumes_and_key() -> None:
    found = effects("delete", lab(addresses=[FIXED, FLOATING], volumes=[DATA, ROOT], key_name="laptop"))
    assert found.goes == (
        "The root disk (20 GB) and everything on it",
        "The public address 149.165.1.7, unless you keep it",
    )
    assert found.stays == ("Volume genomes (500 GB)", "Images made from it", "The SSH key laptop")


def test_delete_of_a_volume_backed_machine_takes_its_root_volume() -> None:
    assert effects("delete", lab(volume_backed=True)).goes == (
        "The root volume (20 GB) and everything on it",
    )


def test_shelve_gives_the_gpu_back() -> None:
    assert "1 GPU and the place on the host" in effects("shelve", lab(gpus=1)).goes
    assert "The place on the host" in effects("shelve", lab()).goes


def test_rebuild_leaves_the_volumes() -> None:
    found = effects("rebuild", lab(volumes=[DATA]))
    assert "Everything on the root disk" in found.goes
    assert "Volume genomes (500 GB)" in found.stays


def test_a_volume_without_a_name_goes_by_its_id() -> None:
    nameless = {"id": "v9", "name": "", "boot": False}
    assert "Volume v9 (? GB)" in effects("stop", lab(volumes=[nameless])).stays
