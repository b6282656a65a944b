"""Whose a machine is: the cloud's user id decides, and metadata only says what somebody is called, if that."""

from typing import Any

import pytest
from django.utils import timezone

from allocations.models import Allocation, LedgerEntry
from instances.mirror.apply import apply
from instances.mirror.makers import recognise
from instances.models import Instance
from instances.rows import row
from portal.accounts.models import CloudLink, User
from tests.allocations.entries import entry
from tests.cast import make_allocation, make_user
from tests.instances.servers import server

pytestmark = pytest.mark.django_db


def take(allocation: Allocation, *servers: Any) -> None:
    apply(allocation, servers, began=timezone.now())


def known(user: User, user_id: str, name: str, cloud: str = "demo") -> CloudLink:
    return CloudLink.objects.create(user=user, cloud=cloud, cloud_user_id=user_id, cloud_user_name=name)


def claiming(user_id: str, name: str, machine: str = "lab", **changes: Any) -> Any:
    metadata = {"exoServerVersion": "6", "exoCreatorUsername": name}
    return server(machine, user_id=user_id, metadata=metadata, **changes)


def only() -> Instance:
    return Instance.objects.select_related("owner", "allocation").get()


def test_the_owner_is_found_by_the_id_that_keystone_gave(
    allocation: Allocation, member: User, pi: User
) -> None:
    known(member, "u-bob", "bob")
    known(pi, "u-alice", "alice")
    # Metadata can be written by anyone: it does not make bob's machine alice's.
    take(allocation, claiming("u-bob", "alice"))
    assert (only().owner, only().creator_name) == (member, "bob")


def test_a_claim_makes_nobody_the_owner(allocation: Allocation, member: User) -> None:
    known(member, "u-bob", "bob")
    take(allocation, claiming("u-somebody-else", "bob"))
    assert only().owner is None


def test_a_claim_to_be_somebody_the_portal_knows_is_not_shown_either(
    allocation: Allocation, member: User
) -> None:
    known(member, "u-bob", "bob")
    take(allocation, claiming("u-somebody-else", "bob"))
    assert only().creator_name == ""
    assert row(only()).owner_name == "someone outside the portal"


def test_a_claim_that_nobody_contradicts_is_shown_as_one(allocation: Allocation) -> None:
    take(allocation, claiming("u-zoe", "zoe"))
    shown = row(only())
    assert (shown.owner_name, shown.name_is_claimed) == ("zoe", True)


def test_a_known_name_is_no_claim(allocation: Allocation, member: User) -> None:
    known(member, "u-bob", "bob")
    take(allocation, server(user_id="u-bob"))
    shown = row(only())
    assert (shown.owner_name, shown.name_is_claimed) == (str(member), False)


def test_a_machine_of_horizon_learns_its_makers_name_from_their_other_machines(
    allocation: Allocation,
) -> None:
    take(allocation, claiming("u-zoe", "zoe", "with-exosphere"))
    take(allocation, server("with-horizon", user_id="u-zoe"))
    assert Instance.objects.get(name="with-horizon").creator_name == "zoe"


def test_also_within_one_reading_and_from_another_region(allocation: Allocation) -> None:
    there = make_allocation(region="TACC", project_id=allocation.project_id)
    take(there, claiming("u-zoe", "zoe", "there"))
    take(allocation, server("here", user_id="u-zoe"), claiming("u-max", "max"), server("m", user_id="u-max"))
    names = dict(Instance.objects.values_list("name", "creator_name"))
    assert names == {"there": "zoe", "here": "zoe", "lab": "max", "m": "max"}


def test_but_not_from_another_project(allocation: Allocation, other_allocation: Allocation) -> None:
    take(other_allocation, claiming("u-zoe", "zoe", project_id=other_allocation.project_id))
    take(allocation, server("here", user_id="u-zoe"))
    assert Instance.objects.get(name="here").creator_name == ""


def test_claims_that_contradict_each_other_teach_nothing(allocation: Allocation) -> None:
    take(allocation, claiming("u-zoe", "zoe", "one"), claiming("u-zoe", "root", "two"))
    take(allocation, server("with-horizon", user_id="u-zoe"))
    assert Instance.objects.get(name="with-horizon").creator_name == ""
    assert Instance.objects.get(name="one").creator_name == "zoe"


def test_an_account_that_two_people_share_is_nobodys_alone(
    allocation: Allocation, member: User, colleague: User
) -> None:
    known(member, "u-lab", "lab-account")
    known(colleague, "u-lab", "lab-account")
    take(allocation, server(user_id="u-lab"))
    assert (only().owner, only().creator_name) == (None, "lab-account")


def test_a_person_of_another_cloud_is_not_the_owner(allocation: Allocation, member: User) -> None:
    known(member, "u-bob", "bob", cloud="elsewhere")
    take(allocation, server(user_id="u-bob"))
    assert only().owner is None


def test_whoever_connects_later_finds_what_they_had_made_before(allocation: Allocation, member: User) -> None:
    take(allocation, server(user_id="u-bob"), server("other", user_id="u-else"))
    known(member, "u-bob", "bob")
    assert recognise(member, "demo") == 1
    found = Instance.objects.get(owner=member)
    assert (found.name, found.creator_name, found.version) == ("lab", "bob", 2)
    assert recognise(member, "demo") == 0


def test_but_not_what_belongs_to_somebody_already(
    allocation: Allocation, member: User, colleague: User
) -> None:
    take(allocation, server(user_id="u-bob"))
    Instance.objects.update(owner=colleague)
    known(member, "u-bob", "bob")
    assert recognise(member, "demo") == 0
    assert only().owner == colleague


def test_nobody_is_recognised_by_an_account_that_somebody_else_uses_too(allocation: Allocation) -> None:
    take(allocation, server(user_id="u-lab"))
    ann, ben = make_user("ann"), make_user("ben")
    known(ann, "u-lab", "lab")
    known(ben, "u-lab", "lab")
    assert (recognise(ann, "demo"), recognise(ben, "demo")) == (0, 0)


@pytest.mark.parametrize("link", [None, ""])
def test_without_an_id_nobody_is_recognised(allocation: Allocation, member: User, link: str | None) -> None:
    take(allocation, server(user_id=""))
    if link is not None:
        known(member, link, "bob")
    assert recognise(member, "demo") == 0
    assert only().owner is None


@pytest.mark.parametrize("name", ["\x1b[31mroot", "x" * 4000, "<script>", "‮evil"])
def test_a_hostile_claim_is_short_and_printable(allocation: Allocation, name: str) -> None:
    take(allocation, claiming("u-zoe", name))
    assert only().creator_name.isprintable()
    assert len(only().creator_name) <= 255


def test_what_machines_cost_before_their_maker_connected_is_theirs_too(
    allocation: Allocation, member: User
) -> None:
    take(allocation, claiming("u-bob", "bob"), server("hers", user_id="u-carol"))
    for row_ in Instance.objects.all():
        entry(allocation, "5", timezone.now(), instance_id=str(row_.pk)).save()
    known(member, "u-bob", "bob")
    recognise(member, "demo")
    his = str(Instance.objects.get(name="lab").pk)
    told = dict(LedgerEntry.objects.values_list("instance_id", "owner_key"))
    assert told.pop(his) == str(member.pk)
    assert set(told.values()) == {"name:bob"}
    assert LedgerEntry.objects.get(instance_id=his).su == 5
