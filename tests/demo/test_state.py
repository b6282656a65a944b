"""What the demo keeps between two starts."""

import socket
import stat
from pathlib import Path

from portal.demo import state


def test_secrets_are_made_once_kept_and_readable_by_the_owner_only(tmp_path: Path) -> None:
    first = state.kept_secrets(tmp_path)
    assert state.kept_secrets(tmp_path) == first
    assert len(set(first.values())) == len(first)
    assert stat.S_IMODE((tmp_path / "secrets.json").stat().st_mode) == 0o600


def test_a_broken_file_of_secrets_is_made_anew_rather_than_fatal(tmp_path: Path) -> None:
    (tmp_path / "secrets.json").write_text("{not json")
    assert all(state.kept_secrets(tmp_path).values())


def test_ports_stay_while_they_are_free(tmp_path: Path) -> None:
    first = state.kept_ports(tmp_path, ["redis", "cloud"])
    assert state.kept_ports(tmp_path, ["redis", "cloud"]) == first
    assert first["redis"] != first["cloud"]


def test_a_port_that_somebody_took_is_exchanged(tmp_path: Path) -> None:
    first = state.kept_ports(tmp_path, ["redis"])
    with socket.socket() as taker:
        taker.bind(("127.0.0.1", first["redis"]))
        taker.listen()
        assert state.kept_ports(tmp_path, ["redis"]) != first


def test_a_second_demo_on_the_same_folder_is_refused(tmp_path: Path) -> None:
    held = state.lock(tmp_path)
    assert held is not None
    assert state.lock(tmp_path) is None
    held.close()
    again = state.lock(tmp_path)
    assert again is not None
    again.close()
