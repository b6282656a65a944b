"""Certificates for people's own keys: what they open, for whom, until when."""

from datetime import timedelta
from typing import Any

import asyncssh
import pytest
from django.utils import timezone

from allocations.models import Allocation
from instances.models import Instance, Teammate
from instances.principals import principal
from instances.remote import authority, certificates, limits, rotation, trust
from instances.remote.models import Certificate, JumpHost
from portal.accounts.models import User
from portal.core.errors import PortalError
from portal.core.models import AuditEvent
from tests.instances.rows import machine

pytestmark = pytest.mark.django_db


@pytest.fixture
def lab(allocation: Allocation, member: User) -> Instance:
    made = machine(allocation, member, public_address="149.165.1.9")
    trust.launched(made, "exouser", authority.trusted())
    return made


@pytest.fixture
def key() -> str:
    return str(asyncssh.generate_private_key("ssh-ed25519").export_public_key("openssh").decode().strip())


def decoded(row: Certificate) -> Any:
    return asyncssh.import_certificate(row.text)


def hours(monkeypatch: pytest.MonkeyPatch, count: float) -> None:
    given = limits.remote().model_copy(update={"own_certificate_hours": count})
    monkeypatch.setattr(limits, "remote", lambda: given)


def test_it_opens_one_login_of_one_machine_for_a_day(lab: Instance, member: User, key: str) -> None:
    row = certificates.sign(by=member, instance=lab, public_key=f"{key} ada@laptop")
    found = decoded(row)
    assert found.principals == [principal(lab.pk, "exouser")]
    assert timedelta(hours=23) < row.expires_at - timezone.now() <= timedelta(hours=24)
    assert found.key.export_public_key("openssh").split()[:2] == key.encode().split()[:2]
    assert list(certificates.out(lab)) == [row]


def test_it_is_in_the_record_with_the_serial_that_sshd_logs(lab: Instance, member: User, key: str) -> None:
    row = certificates.sign(by=member, instance=lab, public_key=key)
    event = AuditEvent.objects.get(action="remote.certificate-signed")
    assert (event.target_id, event.detail["serial"]) == (str(lab.pk), str(row.serial))
    assert event.detail["key"] == row.key_fingerprint
    assert row.text.split()[1] not in str(event.detail)


def test_a_machine_behind_a_jump_host_needs_passing_through_it_too(
    lab: Instance, member: User, key: str
) -> None:
    hidden = machine(lab.allocation, member, private_address="10.0.0.9")
    trust.launched(hidden, "exouser", authority.trusted())
    JumpHost.objects.create(
        allocation=lab.allocation, instance=lab, login="heliojump", how="made", at=timezone.now()
    )
    found = decoded(certificates.sign(by=member, instance=hidden, public_key=key))
    assert found.principals == [principal(hidden.pk, "exouser"), principal(lab.pk, "heliojump")]
    direct = decoded(certificates.sign(by=member, instance=lab, public_key=key))
    assert direct.principals == [principal(lab.pk, "exouser")]


def test_the_newest_authority_that_the_machine_knows_signs(lab: Instance, member: User, key: str) -> None:
    old = authority.newest()
    rotation.create()
    found = decoded(certificates.sign(by=member, instance=lab, public_key=key))
    assert " ".join(found.signing_key.export_public_key("openssh").decode().split()[:2]) == " ".join(
        old.public_key.split()[:2]
    )


def test_a_teammate_may_have_one_and_a_colleague_may_not(
    lab: Instance, colleague: User, member: User, key: str
) -> None:
    with pytest.raises(PortalError) as refused:
        certificates.sign(by=colleague, instance=lab, public_key=key)
    assert refused.value.id == "portal:forbidden"
    Teammate.objects.create(instance=lab, user=colleague, granted_by=member, at=timezone.now())
    assert certificates.sign(by=colleague, instance=lab, public_key=key).person == colleague


def test_a_stranger_gets_nothing(lab: Instance, stranger: User, key: str) -> None:
    with pytest.raises(PortalError) as refused:
        certificates.sign(by=stranger, instance=lab, public_key=key)
    assert refused.value.id == "portal:not-found"
    assert not Certificate.objects.exists()


def test_where_the_operators_allow_none_there_is_none(
    lab: Instance, member: User, key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    hours(monkeypatch, 0)
    with pytest.raises(PortalError) as refused:
        certificates.sign(by=member, instance=lab, public_key=key)
    assert refused.value.id == "remote:no-own-certificates"
    hours(monkeypatch, 2)
    row = certificates.sign(by=member, instance=lab, public_key=key)
    assert row.expires_at - timezone.now() <= timedelta(hours=2)


def test_one_that_would_open_nothing_is_not_signed(
    allocation: Allocation, lab: Instance, member: User, key: str
) -> None:
    foreign = machine(allocation, member)
    with pytest.raises(PortalError) as refused:
        certificates.sign(by=member, instance=foreign, public_key=key)
    assert refused.value.id == "remote:not-trusting"
    rotation.create()
    rotation.retire(1, force=True)
    with pytest.raises(PortalError) as refused:
        certificates.sign(by=member, instance=lab, public_key=key)
    assert refused.value.id == "remote:not-trusting"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "hello",
        "-----BEGIN OPENSSH PRIVATE KEY-----",
        "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIFH5",
        "ssh-dss AAAA",
    ],
)
def test_what_is_no_public_key_is_refused(lab: Instance, member: User, text: str) -> None:
    with pytest.raises(PortalError) as refused:
        certificates.sign(by=member, instance=lab, public_key=text)
    assert refused.value.id == "portal:bad-input"
    assert not Certificate.objects.exists()


def test_a_certificate_is_not_signed_again_as_if_it_were_a_key(lab: Instance, member: User, key: str) -> None:
    made = certificates.sign(by=member, instance=lab, public_key=key)
    with pytest.raises(PortalError):
        certificates.sign(by=member, instance=lab, public_key=made.text.strip())


def test_only_its_person_fetches_it_and_only_while_it_holds(
    lab: Instance, member: User, pi: User, key: str
) -> None:
    row = certificates.sign(by=member, instance=lab, public_key=key)
    assert certificates.certificate_for(by=member, instance=lab, pk=row.pk) == row
    with pytest.raises(PortalError):
        certificates.certificate_for(by=pi, instance=lab, pk=row.pk)
    other = machine(lab.allocation, member)
    with pytest.raises(PortalError):
        certificates.certificate_for(by=member, instance=other, pk=row.pk)
    Certificate.objects.update(expires_at=timezone.now())
    with pytest.raises(PortalError):
        certificates.certificate_for(by=member, instance=lab, pk=row.pk)
    assert not certificates.out(lab)


def test_not_more_than_a_few_in_an_hour(lab: Instance, member: User, key: str) -> None:
    with pytest.raises(PortalError) as refused:
        for _ in range(25):
            certificates.sign(by=member, instance=lab, public_key=key)
    assert refused.value.id == "portal:too-many"
