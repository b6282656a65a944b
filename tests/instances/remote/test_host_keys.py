"""Which host keys count: the console's, or those that somebody vouched for, and how each comes to an end."""

import subprocess
from pathlib import Path

import asyncssh
import pytest

from allocations.models import Allocation
from instances.console import Reading
from instances.models import Instance
from instances.remote import host_keys, trust
from instances.remote.models import HostKeyPin, MachineTrust
from portal.accounts.models import User
from portal.core.errors import PortalError
from portal.core.models import AuditEvent
from tests.instances.rows import machine

pytestmark = pytest.mark.django_db


def new_key(kind: str = "ssh-ed25519") -> str:
    made = asyncssh.generate_private_key(kind)
    return " ".join(made.export_public_key("openssh").decode().split()[:2])


def end_of(key: str) -> str:
    return host_keys.fingerprint(key)[-8:]


@pytest.fixture
def lab(allocation: Allocation, member: User) -> Instance:
    return machine(allocation, member, host_keys=[new_key()])


def read(lab: Instance, *keys: str) -> None:
    """As a worker does it: listeners get the machine as it was before."""
    before = Instance.objects.get(pk=lab.pk)
    Instance.objects.filter(pk=lab.pk).update(host_keys=list(keys) or before.host_keys)
    host_keys.console_was_read(before, Reading(host_keys=keys))


def accept(lab: Instance, by: User, key: str) -> HostKeyPin:
    return host_keys.pin(by=by, instance=lab, key=key, typed=end_of(key))


def test_the_fingerprint_is_the_one_that_ssh_keygen_prints(tmp_path: Path) -> None:
    key = new_key("ecdsa-sha2-nistp256")
    (tmp_path / "key.pub").write_text(key + "\n")
    printed = subprocess.run(
        ["ssh-keygen", "-lf", tmp_path / "key.pub"], capture_output=True, text=True, check=True
    )
    assert host_keys.fingerprint(key) in printed.stdout


@pytest.mark.parametrize("key", ["", "ssh-ed25519", "ssh-ed25519 %%%", "ssh-ed25519 ", "x y z"])
def test_what_is_no_key_has_no_fingerprint(key: str) -> None:
    assert host_keys.fingerprint(key) in {"", host_keys.fingerprint("a y==")}


def test_nothing_is_known_until_somebody_has_said_it(allocation: Allocation) -> None:
    assert host_keys.known(machine(allocation)) == []


def test_what_the_console_told_is_known(lab: Instance) -> None:
    assert host_keys.known(lab) == lab.host_keys
    [shown] = host_keys.shown(lab)
    assert (shown.kind, shown.pin) == ("ssh-ed25519", None)
    assert shown.fingerprint.startswith("SHA256:")


def test_who_compared_it_on_the_screen_may_accept_another(lab: Instance, member: User) -> None:
    key = new_key()
    accept(lab, member, key)
    assert host_keys.known(lab) == [key]
    event = AuditEvent.objects.get(action="remote.host-key-accepted")
    assert (event.actor_name, event.target_id) == (str(member), str(lab.pk))
    assert event.detail["fingerprint"] == host_keys.fingerprint(key)
    assert event.detail["instead_of"] == [host_keys.fingerprint(lab.host_keys[0])]


def test_the_whole_fingerprint_may_be_typed_as_well(lab: Instance, member: User) -> None:
    key = new_key()
    host_keys.pin(by=member, instance=lab, key=key, typed=f" {host_keys.fingerprint(key)} ")
    assert host_keys.known(lab) == [key]


@pytest.mark.parametrize("typed", ["", "a", "xxxxxxxx", "SHA256:"])
def test_who_does_not_type_its_end_accepts_nothing(lab: Instance, member: User, typed: str) -> None:
    with pytest.raises(PortalError) as refused:
        host_keys.pin(by=member, instance=lab, key=new_key(), typed=typed)
    assert refused.value.id == "remote:typed-wrong"
    assert not HostKeyPin.objects.exists()
    assert not AuditEvent.objects.exists()


@pytest.mark.parametrize("key", ["", "x", "ssh-ed25519 AAAA", "ssh-ed25519 " + "%" * 40])
def test_what_is_no_key_is_not_accepted(lab: Instance, member: User, key: str) -> None:
    with pytest.raises(PortalError):
        host_keys.pin(by=member, instance=lab, key=key, typed=host_keys.fingerprint(key) or "12345678")
    assert not HostKeyPin.objects.exists()


def test_a_pi_may_and_a_colleague_may_not(lab: Instance, pi: User, colleague: User) -> None:
    key = new_key()
    with pytest.raises(PortalError) as refused:
        accept(lab, colleague, key)
    assert refused.value.id == "portal:forbidden"
    assert accept(lab, pi, key).accepted_by == pi


def test_a_stranger_does_not_learn_that_the_machine_exists(lab: Instance, stranger: User) -> None:
    with pytest.raises(PortalError) as refused:
        accept(lab, stranger, new_key())
    assert refused.value.id == "portal:not-found"


def test_of_each_kind_the_last_one_accepted_counts(lab: Instance, member: User) -> None:
    first, other, last = new_key(), new_key("ecdsa-sha2-nistp256"), new_key()
    for key in (first, other, last):
        accept(lab, member, key)
    assert set(host_keys.known(lab)) == {other, last}


def test_an_acceptance_can_be_withdrawn(lab: Instance, member: User, colleague: User) -> None:
    pin = accept(lab, member, new_key())
    with pytest.raises(PortalError):
        host_keys.unpin(by=colleague, instance=lab, pk=pin.pk)
    host_keys.unpin(by=member, instance=lab, pk=pin.pk)
    assert host_keys.known(lab) == lab.host_keys
    assert AuditEvent.objects.filter(action="remote.host-key-withdrawn").count() == 1
    with pytest.raises(PortalError):
        host_keys.unpin(by=member, instance=lab, pk=pin.pk)


def test_one_of_another_machine_cannot_be_withdrawn_through_this_one(lab: Instance, member: User) -> None:
    pin = accept(machine(lab.allocation, member), member, new_key())
    with pytest.raises(PortalError) as refused:
        host_keys.unpin(by=member, instance=lab, pk=pin.pk)
    assert refused.value.id == "portal:not-found"


def test_the_same_console_again_ends_no_acceptance(lab: Instance, member: User) -> None:
    key = new_key()
    accept(lab, member, key)
    read(lab, *lab.host_keys)
    read(lab)
    assert host_keys.known(lab) == [key]


def test_other_keys_on_the_console_end_it(lab: Instance, member: User) -> None:
    accept(lab, member, new_key())
    newer = new_key()
    read(lab, newer)
    lab.refresh_from_db()
    assert host_keys.known(lab) == [newer]
    assert AuditEvent.objects.get(action="remote.host-key-over").actor_name == "the portal"


def test_the_first_word_of_a_console_ends_it_too(allocation: Allocation, member: User) -> None:
    lab, said = machine(allocation, member), new_key()
    accept(lab, member, new_key())
    read(lab, said)
    lab.refresh_from_db()
    assert host_keys.known(lab) == [said]


class TestTrustOfAMachineThatIsMadeAnew:
    def trusting(self, lab: Instance, member: User, at_launch: list[str], now: list[str]) -> None:
        if at_launch:
            trust.launched(lab, "exouser", at_launch)
            MachineTrust.objects.update(authorities=now)
        else:
            trust.installed(by=member, instance=lab, login="ubuntu", authorities=now)

    def test_what_was_installed_is_gone(self, lab: Instance, member: User) -> None:
        self.trusting(lab, member, [], ["ca 1"])
        read(lab, new_key())
        assert trust.of(lab) is None
        assert AuditEvent.objects.filter(action="remote.trust-lost").count() == 1

    def test_what_its_user_data_holds_is_back(self, lab: Instance, member: User) -> None:
        self.trusting(lab, member, ["ca 1"], ["ca 2", "ca 1"])
        read(lab, new_key())
        found = trust.of(lab)
        assert found is not None and found.authorities == ["ca 1"]

    def test_one_more_key_on_the_console_is_no_new_machine(self, lab: Instance, member: User) -> None:
        self.trusting(lab, member, [], ["ca 1"])
        read(lab, *lab.host_keys, new_key("ecdsa-sha2-nistp256"))
        assert trust.of(lab) is not None
