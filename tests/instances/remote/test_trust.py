"""What is written down about machines that take our certificates."""

import pytest

from allocations.models import Allocation
from instances import hooks
from instances.models import Instance
from instances.remote import authority, rotation, trust
from instances.remote.models import MachineTrust
from portal.accounts.models import User
from portal.core.errors import PortalError
from portal.core.models import AuditEvent
from tests.instances.rows import machine

pytestmark = pytest.mark.django_db


@pytest.fixture
def lab(allocation: Allocation, member: User) -> Instance:
    return machine(allocation, member)


def test_launches_are_told_of_every_authority_that_signs_from_the_first_one_on() -> None:
    first = hooks.authorities()
    assert len(first) == 1
    newer = rotation.create()
    assert hooks.authorities() == [newer.public_key, *first]


def test_a_launched_machine_trusts_what_it_was_told_however_often_that_is_said(lab: Instance) -> None:
    hooks.tell_trust(lab, "exouser", ["ca 1"])
    hooks.tell_trust(lab, "exouser", ["ca 1"])
    found = MachineTrust.objects.get(instance=lab)
    assert (found.login, found.how, found.authorities, found.at_launch) == (
        "exouser",
        "launch",
        ["ca 1"],
        ["ca 1"],
    )


def test_one_that_was_told_nothing_trusts_nobody(lab: Instance) -> None:
    hooks.tell_trust(lab, "exouser", [])
    assert trust.of(lab) is None
    assert trust.lacks(None) == []


def test_its_owner_may_install_and_remove_it_and_both_are_in_the_record(lab: Instance, member: User) -> None:
    made = trust.installed(by=member, instance=lab, login="ubuntu")
    assert (made.login, made.how) == ("ubuntu", "installed")
    assert made.authorities == authority.trusted()
    trust.removed(by=member, instance=lab)
    assert trust.of(lab) is None
    actions = AuditEvent.objects.order_by("pk").values_list("action", "actor_name")
    assert list(actions) == [("remote.trust-installed", str(member)), ("remote.trust-removed", str(member))]


def test_a_colleague_may_not(lab: Instance, colleague: User, member: User) -> None:
    with pytest.raises(PortalError) as refused:
        trust.installed(by=colleague, instance=lab, login="ubuntu")
    assert refused.value.id == "portal:forbidden"
    trust.installed(by=member, instance=lab, login="ubuntu")
    with pytest.raises(PortalError):
        trust.removed(by=colleague, instance=lab)
    assert trust.of(lab) is not None


def test_taking_back_what_is_not_there_is_said(lab: Instance, member: User) -> None:
    with pytest.raises(PortalError) as refused:
        trust.removed(by=member, instance=lab)
    assert refused.value.id == "remote:no-trust"


def test_installing_again_keeps_what_the_user_data_holds(lab: Instance, member: User) -> None:
    trust.launched(lab, "exouser", ["ca 1"])
    trust.installed(by=member, instance=lab, login="exouser", authorities=["ca 2", "ca 1"])
    found = trust.of(lab)
    assert found is not None and (found.authorities, found.at_launch) == (["ca 2", "ca 1"], ["ca 1"])


def test_it_is_seen_what_a_machine_lacks(lab: Instance) -> None:
    trust.launched(lab, "exouser", authority.trusted())
    assert trust.lacks(trust.of(lab)) == []
    newer = rotation.create()
    assert trust.lacks(trust.of(lab))[0] == newer.public_key
    trust.taught(instance=lab, authorities=authority.trusted())
    assert trust.lacks(trust.of(lab)) == []
    assert AuditEvent.objects.get(action="remote.trust-renewed").actor_name == "the portal"


def test_one_that_trusts_a_retired_authority_is_told_to_forget_it(lab: Instance) -> None:
    old = authority.newest()
    new = rotation.create()
    trust.launched(lab, "exouser", [new.public_key, old.public_key])
    rotation.retire(old.generation)
    assert trust.lacks(trust.of(lab)) == [new.public_key]
    assert rotation.untaught() == [lab]


def test_what_no_machine_is_any_more_needs_no_teaching(lab: Instance) -> None:
    trust.launched(lab, "exouser", ["ca of long ago"])
    assert rotation.untaught() == [lab]
    Instance.objects.update(deleted_at="2026-01-01T00:00:00Z")
    assert rotation.untaught() == []
