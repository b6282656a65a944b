from pathlib import Path

import pytest

from portal.accounts.models import User
from portal.operations import hooks, reconciler
from tests.crash.cloud import DirectoryCloud


@pytest.fixture
def cloud(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> DirectoryCloud:
    directory = tmp_path / "cloud"
    directory.mkdir()
    monkeypatch.setenv("CRASH_CLOUD", str(directory))
    return DirectoryCloud(directory)


@pytest.fixture
def ada(transactional_db: None) -> User:
    return User.objects.create_user("ada")


@pytest.fixture
def one_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    """The whole operation in one turn, however slow this machine is at the moment."""
    monkeypatch.setattr(reconciler, "TURN_SECONDS", 60.0)


@pytest.fixture(autouse=True)
def no_listeners(monkeypatch: pytest.MonkeyPatch) -> None:
    """What other apps do about a change is tested with them."""
    monkeypatch.setattr(hooks, "_on_change", [])
    monkeypatch.setattr(hooks, "_within_change", [])
