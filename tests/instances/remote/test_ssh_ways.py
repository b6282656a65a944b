"""What the downloaded files for ssh know besides the mirror."""

from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from allocations.models import Allocation
from instances.models import Instance
from instances.remote import authority, limits, trust
from instances.remote.models import HostKeyPin, JumpHost
from instances.remote.ssh_ways import ways
from portal.accounts.models import User
from tests.instances.remote.test_host_keys import new_key
from tests.instances.rows import machine

pytestmark = pytest.mark.django_db


def gate(allocation: Allocation, **changes: Any) -> Instance:
    made = machine(
        allocation, None, name="gate", public_address="149.165.1.8", host_keys=[new_key()], **changes
    )
    JumpHost.objects.create(
        allocation=allocation, instance=made, login="heliojump", how="made", at=timezone.now()
    )
    return made


def test_a_hidden_machine_is_reached_through_the_gate_and_the_gate_itself_is_not(
    allocation: Allocation,
) -> None:
    jump, hidden = gate(allocation), machine(allocation, None, private_address="10.0.0.9")
    found = ways([jump, hidden])
    way = found[hidden.pk].jump
    assert way is not None
    assert (way.address, way.user, way.host_keys) == ("149.165.1.8", "heliojump", tuple(jump.host_keys))
    assert found[jump.pk].jump is None


def test_a_key_that_somebody_accepted_counts_in_the_files_too(allocation: Allocation, member: User) -> None:
    lab, key = machine(allocation, member, host_keys=[new_key()]), new_key()
    assert ways([lab])[lab.pk].host_keys == tuple(lab.host_keys)
    HostKeyPin.objects.create(instance=lab, key=key, accepted_by=member, at=timezone.now())
    assert ways([lab])[lab.pk].host_keys == (key,)


def test_certificates_are_looked_for_where_the_machine_takes_them_and_the_portal_signs_them(
    allocation: Allocation, monkeypatch: pytest.MonkeyPatch
) -> None:
    lab, foreign = machine(allocation), machine(allocation)
    trust.launched(lab, "ubuntu", authority.trusted())
    found = ways([lab, foreign])
    assert [(found[one.pk].certificate, found[one.pk].login) for one in (lab, foreign)] == [
        (True, "ubuntu"),
        (False, ""),
    ]
    none = limits.remote().model_copy(update={"own_certificate_hours": 0})
    monkeypatch.setattr(limits, "remote", lambda: none)
    assert not ways([lab])[lab.pk].certificate


@pytest.mark.parametrize("count", [1, 20])
def test_any_number_of_machines_takes_the_same_few_queries(
    allocation: Allocation, count: int, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    gate(allocation)
    machines = [machine(allocation, private_address="10.0.0.9") for _ in range(count)]
    with django_assert_num_queries(3):
        ways(machines)


def test_the_download_has_it_all(allocation: Allocation, member: User, client: Client) -> None:
    gate(allocation)
    hidden = machine(allocation, member, name="hidden", private_address="10.0.0.9", host_keys=[new_key()])
    trust.launched(hidden, "exouser", authority.trusted())
    client.force_login(member)
    text = client.get(f"/instances/{hidden.pk}/ssh/config/").content.decode()
    assert "HostName 10.0.0.9" in text and "ProxyJump heliosphere-jump-" in text
    assert "HostName 149.165.1.8" in text and "CertificateFile ~/.ssh/heliosphere-hidden-" in text
    assert client.get(f"/instances/{hidden.pk}/ssh/known-hosts/").content.count(b"ssh-ed25519") == 2
