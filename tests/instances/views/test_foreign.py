"""What the page says of machines that were made with other tools: who, in whose way, and where else they are."""

import json
from dataclasses import replace
from typing import Any

import pytest

from instances import rows
from instances.models import Instance
from portal.accounts.models import User
from portal.cloud.config import clouds
from portal.cloud.schema_portals import OtherPortal
from tests.instances.rows import machine
from tests.instances.views.conftest import signed_in, text_of

EXOSPHERE = {"exoServerVersion": "6", "exoGuac": '{"v":1,"ssh":true,"vnc":true}', "exoCreatorUsername": "zoe"}


def facts(user: User, lab: Instance, **changes: Any) -> str:
    Instance.objects.filter(pk=lab.pk).update(**changes)
    return text_of(signed_in(user).get(f"/instances/{lab.pk}/facts/"))


@pytest.fixture
def theirs(lab: Instance) -> Instance:
    return machine(
        lab.allocation, None, name="theirs", cloud_user_id="0123456789abcdef", image_name="Rocky 9"
    )


def test_a_name_out_of_metadata_is_told_as_that(theirs: Instance, member: User) -> None:
    shown = facts(member, theirs, creator_name="zoe", metadata=EXOSPHERE)
    assert "zoe in Exosphere; the name is what its metadata says" in shown


def test_without_a_name_the_clouds_own_id_is_there(theirs: Instance, member: User) -> None:
    shown = facts(member, theirs)
    assert "someone outside the portal with another tool; the cloud's user 0123456789abcdef" in shown


def test_a_person_the_portal_knows_is_simply_named(lab: Instance, member: User) -> None:
    shown = facts(member, lab, metadata=EXOSPHERE)
    assert f"{member} in Exosphere" in shown
    assert "metadata says" not in shown


def test_a_machine_made_here_is_told_as_that(lab: Instance, member: User) -> None:
    shown = facts(member, lab, metadata={**EXOSPHERE, "exoGuac": "", "helioInstance": str(lab.pk)})
    assert f"{member} in Heliosphere" in shown


def test_an_exosphere_machines_shell_opens_here_and_its_desktop_there(theirs: Instance, member: User) -> None:
    shown = facts(member, theirs, metadata=EXOSPHERE)
    assert "Its shell opens here too" in shown
    assert "Its web desktop is Exosphere's own: open it there." in shown
    alone = json.dumps({"v": 1, "ssh": True, "vnc": False})
    with_shell = facts(member, theirs, metadata={**EXOSPHERE, "exoGuac": alone})
    assert "Its shell opens here too" in with_shell
    assert "web desktop" not in with_shell
    assert "Exosphere's own" not in facts(member, theirs, metadata={"exoServerVersion": "6"})


@pytest.mark.parametrize(
    ("metadata", "command"),
    [({}, "ssh rocky@149.165.1.7"), (EXOSPHERE, "ssh exouser@149.165.1.7")],
)
def test_the_ssh_command_names_the_account_that_such_a_machine_has(
    theirs: Instance, member: User, metadata: dict[str, str], command: str
) -> None:
    assert command in facts(member, theirs, metadata=metadata, public_address="149.165.1.7")


def test_its_page_in_the_other_portals_is_linked_where_the_operator_named_them(
    theirs: Instance, member: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "Also in" not in facts(member, theirs)
    found = clouds()
    other = OtherPortal(title="Horizon", server_url="https://horizon.example/project/instances/{server_id}/")
    demo = found.cloud("demo")
    linked = replace(demo, portal=demo.portal.model_copy(update={"also_at": (other,)}))
    monkeypatch.setattr(rows, "clouds", lambda: replace(found, clouds={"demo": linked}))
    content = signed_in(member).get(f"/instances/{theirs.pk}/facts/").content.decode()
    link = (
        f'<a href="https://horizon.example/project/instances/{theirs.server_id}/" rel="noopener noreferrer"'
    )
    assert link in content
