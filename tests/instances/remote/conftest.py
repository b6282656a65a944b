import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.utils import timezone

from allocations.models import Allocation
from instances.models import Instance
from instances.remote import authority, ways
from instances.remote.models import MachineTrust
from portal.accounts.models import User
from tests.instances import rows
from tests.instances.remote import sshd as sshd_
from tests.instances.remote.sshd import Sshd


@pytest.fixture(scope="session")
def sshd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sshd]:
    """A real sshd on loopback that takes certificates of the portal for the machine below."""
    folder: Path = tmp_path_factory.mktemp("sshd")
    trust = f"TrustedUserCAKeys {folder}/ca.pub\nAuthorizedPrincipalsFile {folder}/principals\nMaxSessions 64"
    # Each run of tests has a tmux of its own, as each machine has. And no shell reads what this machine's own logins
    # do: a killed one may leave locks of theirs behind, for which all later ones would wait.
    (folder / "login").mkdir()
    yield from sshd_.start(folder, more=f"{trust}\nSetEnv TMUX_TMPDIR={folder} HOME={folder}/login")


@pytest.fixture
def machine(
    transactional_db: None,
    sshd: Sshd,
    allocation: Allocation,
    member: User,
    monkeypatch: pytest.MonkeyPatch,
) -> Instance:
    """The member's machine, which is the sshd: it trusts the portal, and its host key is known."""
    made = rows.machine(
        allocation, member, public_address="127.0.0.1", host_keys=[sshd.host_key], status="ACTIVE"
    )
    keys = authority.trusted()
    folder = sshd.etc.parent
    (folder / "ca.pub").write_text("".join(f"{key}\n" for key in keys))
    (folder / "principals").write_text(authority.principal(made.pk, sshd.login) + "\n")
    MachineTrust.objects.create(
        instance=made, login=sshd.login, authorities=keys, how="launch", at=timezone.now()
    )
    monkeypatch.setattr(ways, "_port", lambda instance: sshd.port)
    return made


@pytest.fixture
def lab(allocation: Allocation, member: User) -> Instance:
    """The member's machine, for tests that reach no machine."""
    return rows.machine(allocation, member, name="blast-node", public_address="192.0.2.80")


@pytest.fixture
def key(sshd: Sshd, tmp_path: Path) -> str:
    """The private half of a key that the machine knows."""
    path = tmp_path / "id"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", path], check=True)
    (sshd.etc.parent / "authorized_keys").write_bytes(path.with_suffix(".pub").read_bytes())
    return path.read_text()


@pytest.fixture
def foreign(machine: Instance, sshd: Sshd) -> Instance:
    """An image that tells its account, which is another than the one that the person uses."""
    MachineTrust.objects.all().delete()
    Instance.objects.filter(pk=machine.pk).update(image_name="Ubuntu 24.04", metadata={})
    machine.refresh_from_db()
    return machine
