"""`manage.py ssh_ca`: the generations of the certificate authority."""

import io
import subprocess
from pathlib import Path
from typing import Any

import asyncssh
import pytest
from django.core.management import CommandError, call_command
from pytest_django import Settings

from allocations.models import Allocation
from instances.models import Instance
from instances.remote import authority, rotation, trust
from instances.remote.models import CertificateAuthority
from portal.accounts.models import User
from portal.core.errors import PortalError
from portal.core.models import AuditEvent
from portal.core.resealing import reseal_all
from portal.core.seal import unseal
from tests.instances.rows import machine

pytestmark = pytest.mark.django_db


@pytest.fixture
def lab(allocation: Allocation, member: User) -> Instance:
    return machine(allocation, member)


def say(*words: str) -> str:
    out = io.StringIO()
    call_command("ssh_ca", *words, stdout=out)
    return out.getvalue()


def own_key(folder: Path, mode: int = 0o600, passphrase: str = "") -> Path:
    path = folder / "own"
    path.unlink(missing_ok=True)
    words = ["ssh-keygen", "-q", "-t", "ed25519", "-N", passphrase, "-f", str(path)]
    subprocess.run(words, check=True, stdin=subprocess.DEVNULL)
    path.chmod(mode)
    return path


def test_before_anything_there_is_none_and_listing_makes_none() -> None:
    assert "none yet" in say("list")
    assert not CertificateAuthority.objects.exists()


def test_the_newest_signs_and_the_older_is_still_there() -> None:
    first = authority.newest()
    said = say("create")
    newest = authority.newest()
    assert newest.generation == first.generation + 1
    assert newest.public_key in said
    assert authority.trusted() == [newest.public_key, first.public_key]
    assert AuditEvent.objects.get(action="remote.authority-made").target_name == str(newest)


def test_a_private_key_is_in_nothing_that_it_prints_or_stores(tmp_path: Path) -> None:
    path = own_key(tmp_path)
    said = say("create", "--private-key", str(path)) + say("list")
    body = path.read_text().splitlines()[1]
    assert "PRIVATE" not in said and body not in said
    stored = CertificateAuthority.objects.get()
    assert body not in stored.sealed_private_key
    assert body not in str(list(AuditEvent.objects.values()))


def test_an_own_key_is_taken_and_signs(tmp_path: Path) -> None:
    path = own_key(tmp_path)
    say("create", "--private-key", str(path))
    signer = asyncssh.read_private_key(str(path))
    public = asyncssh.generate_private_key("ssh-ed25519").convert_to_public()
    made: Any = authority.sign(
        authority.newest(), public, principals=["a:b"], key_id="x", seconds=60, number=1
    )
    assert made.signing_key.public_data == signer.public_data


@pytest.mark.parametrize("what", ["readable by others", "encrypted", "not a key", "missing", "known already"])
def test_a_key_that_cannot_be_used_makes_no_authority(tmp_path: Path, what: str) -> None:
    path = own_key(tmp_path, 0o644 if what == "readable by others" else 0o600)
    if what == "encrypted":
        path = own_key(tmp_path, passphrase="secret words")
    if what == "not a key":
        path.write_text("-----BEGIN OPENSSH PRIVATE KEY-----\nnothing\n")
    if what == "missing":
        path = tmp_path / "nowhere"
    if what == "known already":
        say("create", "--private-key", str(path))
    before = CertificateAuthority.objects.count()
    with pytest.raises(CommandError):
        say("create", "--private-key", str(path))
    assert CertificateAuthority.objects.count() == before


def test_the_list_tells_how_many_machines_depend_on_each(lab: Instance, member: User) -> None:
    old = authority.newest()
    trust.launched(lab, "exouser", [old.public_key])
    rotation.create()
    trust.launched(machine(lab.allocation, member), "exouser", authority.trusted())
    newest, oldest = rotation.standing()
    assert (newest.machines, newest.only) == (1, 0)
    assert (oldest.machines, oldest.only) == (2, 1)
    assert oldest.fingerprint in say("list")


def test_one_that_a_machine_depends_on_is_not_retired(lab: Instance) -> None:
    old = authority.newest()
    trust.launched(lab, "exouser", [old.public_key])
    rotation.create()
    with pytest.raises(CommandError, match="1 machines trust authority 1 and no other"):
        say("retire", str(old.generation))
    assert old.public_key in authority.trusted()


def test_unless_by_force_and_that_is_in_the_record(lab: Instance) -> None:
    old = authority.newest()
    trust.launched(lab, "exouser", [old.public_key])
    rotation.create()
    say("retire", "1", "--force")
    assert old.public_key not in authority.trusted()
    assert authority.known_to([old.public_key]) == []
    event = AuditEvent.objects.get(action="remote.authority-retired")
    assert (event.detail["machines"], event.detail["forced"]) == (1, True)
    assert "retired" in say("list")


def test_a_machine_that_is_gone_keeps_no_authority_alive(lab: Instance) -> None:
    trust.launched(lab, "exouser", authority.trusted())
    rotation.create()
    Instance.objects.update(deleted_at="2026-01-01T00:00:00Z")
    say("retire", "1")
    assert len(authority.trusted()) == 1


@pytest.mark.parametrize("generation", [7, 1])
def test_what_does_not_sign_cannot_be_retired(generation: int) -> None:
    if generation == 1:
        rotation.create()
        rotation.retire(1)
    with pytest.raises(PortalError) as refused:
        rotation.retire(generation)
    assert refused.value.id == "remote:no-authority"


def test_keys_move_to_the_newest_seal_and_still_sign(settings: Settings) -> None:
    made = authority.newest()
    rotation.create()
    rotation.retire(made.generation)
    settings.SEAL_KEYS = ["a-newer-key-of-thirty-two-letters!", *settings.SEAL_KEYS]
    before = list(CertificateAuthority.objects.values_list("sealed_private_key", flat=True))
    assert reseal_all().moved >= 2
    settings.SEAL_KEYS = settings.SEAL_KEYS[:1]
    rows = CertificateAuthority.objects.all()
    assert not set(before) & {row.sealed_private_key for row in rows}
    assert all("PRIVATE KEY" in unseal(row.sealed_private_key) for row in rows)


def test_machines_that_know_everything_are_left_alone(lab: Instance) -> None:
    trust.launched(lab, "exouser", authority.trusted())
    assert "0 of 0 machines" in say("update-machines")


@pytest.mark.django_db(transaction=True)
def test_one_that_cannot_be_reached_is_named_with_the_reason_and_stays_as_it_was(lab: Instance) -> None:
    Instance.objects.update(status="SHUTOFF", name="lab\x1b[31m")
    trust.launched(lab, "exouser", authority.trusted())
    said = say("rotate")
    assert "lab?[31m" in said
    assert "0 of 1 machines" in said
    assert rotation.untaught() == [lab]
