"""A seat whose machine is a real sshd on loopback, with a home of its own; nothing is stored outside of the test's folder."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from instances.models import Instance
from instances.workshops.models import Learner, Seat, Workshop
from instances.workshops.runs import doing_run, enqueue
from portal.accounts.models import User
from tests.instances.remote.conftest import machine, sshd
from tests.instances.remote.sshd import Sshd
from tests.instances.workshops.room import make_learner, seat_of, sit

__all__ = ["machine", "sshd"]  # fixtures


@pytest.fixture(autouse=True)
def work_dir(tmp_path: Path, settings: Any) -> Path:
    settings.WORK_DIR = tmp_path / "work"
    return tmp_path / "work"


@pytest.fixture(autouse=True)
def sent(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, int]]:
    """Messages to workers: nobody is there to take them."""
    found: list[tuple[str, int]] = []
    monkeypatch.setattr(enqueue, "send", lambda kind, count: found.append((kind, count)) if count else None)
    return found


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Looks that are due at once, and do not wait for the end of a command."""
    monkeypatch.setattr(doing_run, "_pause", lambda job: 0.0)
    monkeypatch.setattr(doing_run, "WAIT_FIFTHS", 2)


@pytest.fixture
def home(sshd: Sshd) -> Iterator[Path]:
    """Of the account that signs in there; empty at first."""
    folder = sshd.etc.parent / "login"
    _empty(folder)
    yield folder
    _empty(folder)


def _empty(folder: Path) -> None:
    for one in folder.iterdir():
        if one.is_dir() and not one.is_symlink():
            shutil.rmtree(one)
        else:
            one.unlink()


@pytest.fixture
def real_seat(machine: Instance, workshop: Workshop, lea: User, sshd: Sshd, home: Path) -> Seat:
    """Lea's, at the sshd; the learner's account there is the one that it lets in."""
    Workshop.objects.filter(pk=workshop.pk).update(login=sshd.login)
    workshop.refresh_from_db()
    learner: Learner = make_learner(workshop, lea)
    found = sit(seat_of(workshop), learner, machine)
    found.workshop = workshop
    return found
