"""The process: where it is, what it keeps, how it cuts lines, how fast it is."""

from __future__ import annotations

import signal
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from portal.democloud import supported
from tests.democloud.cloud import password, scope
from tests.democloud.running import ROOT, Running, clean_environment, start


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    cloud = start(tmp_path_factory.mktemp("cloud"), "--seed", "load:1000", "--no-guests", "--speed", "50")
    yield cloud
    cloud.end()


def login(cloud: Running) -> httpx.Client:
    auth = {"identity": password("alice"), "scope": scope("BIO220047")}
    reply = httpx.post(f"{cloud.announced['auth_url']}/auth/tokens", json={"auth": auth})
    headers = {
        "X-Auth-Token": reply.headers["x-subject-token"],
        "OpenStack-API-Version": "compute 2.96",
    }
    return httpx.Client(base_url=f"{cloud.url}/compute/v2.1", headers=headers, timeout=10)


def test_it_listens_on_loopback_and_says_where(running: Running) -> None:
    assert running.url.startswith("http://127.0.0.1:")
    assert running.announced["regions"] == ["IU", "TACC"]
    assert (running.state / "announce.json").stat().st_mode & 0o077 == 0
    assert (running.state / "control.key").stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("action", ["reset", "lost-reply"])
def test_a_cut_line_is_an_error_of_the_connection(running: Running, action: str) -> None:
    running.control("POST", "/faults", {"action": action, "path": "/servers$", "method": "GET", "count": 1})
    with login(running) as client:
        with pytest.raises((httpx.ReadError, httpx.RemoteProtocolError)):
            client.get("/servers")
        assert client.get("/servers?limit=1").status_code == 200


def test_a_hanging_request_hangs_until_its_client_goes(running: Running) -> None:
    running.control("POST", "/faults", {"action": "hang", "service": "compute", "count": 1})
    with login(running) as client:
        with pytest.raises(httpx.ReadTimeout):
            client.get("/servers", timeout=0.5)
        assert client.get("/servers?limit=1").status_code == 200


def median(client: httpx.Client, path: str) -> float:
    taken = []
    for _ in range(9):
        begin = time.perf_counter()
        assert client.get(path).status_code == 200
        taken.append(time.perf_counter() - begin)
    return statistics.median(taken)


def test_a_thousand_servers_are_listed_quickly_and_their_changes_at_once(running: Running) -> None:
    with login(running) as client:
        assert len(client.get("/servers/detail").json()["servers"]) == 1000
        assert median(client, "/servers/detail") < 0.3
        assert median(client, "/servers/detail?changes-since=2999-01-01T00:00:00Z") < 0.03


def test_a_restarted_cloud_has_its_machines_and_tokens(tmp_path: Path) -> None:
    """Another cloud of this machine may take the addresses in the moment between: then from the beginning."""
    for attempt in range(3):
        (tmp_path / str(attempt)).mkdir()
        if _restarted_with_its_addresses(tmp_path / str(attempt)):
            return
    raise AssertionError("it never had its addresses again")


def _restarted_with_its_addresses(folder: Path) -> bool:
    first = start(folder, "--speed", "100", "--seed", "empty")
    made = {"project": "BIO220047", "user": "bob", "name": "kept", "floating": True}
    server = first.control("POST", "/servers", made).json()["server"]
    with login(first) as client:
        headers = dict(client.headers)
    assert first.end() == 0
    second = start(folder, "--speed", "100")
    try:
        assert second.announced["control_key"] == first.announced["control_key"]
        reply = httpx.get(f"{second.url}/compute/v2.1/servers/{server['id']}", headers=headers)
        assert reply.json()["server"]["name"] == "kept"
        if second.announced["guests"]["network"] != first.announced["guests"]["network"]:
            return False
        assert reply.json()["server"]["addresses"] == server["addresses"]
    finally:
        assert second.end(signal.SIGINT) == 0
    assert (folder / "world.json").stat().st_mode & 0o777 == 0o600
    return True


def test_changes_are_saved_while_it_runs(tmp_path: Path) -> None:
    cloud = start(tmp_path, "--seed", "empty", "--no-guests")
    cloud.control("POST", "/servers", {"project": "BIO220047", "user": "bob", "name": "kept"})
    deadline = time.monotonic() + 10
    while not (tmp_path / "world.json").exists():
        assert time.monotonic() < deadline
        time.sleep(0.1)
    cloud.end(signal.SIGKILL)
    assert b'"kept"' in (tmp_path / "world.json").read_bytes()


def run(*options: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "portal.democloud", *options],
        env=clean_environment(),
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )


def test_it_refuses_what_it_cannot_do_in_a_sentence(tmp_path: Path) -> None:
    assert "is no seed" in run("--state", str(tmp_path), "--seed", "weeds").stderr
    assert "--speed must be more than 0" in run("--state", str(tmp_path), "--speed", "0").stderr
    (tmp_path / "world.json").write_text("{}")
    broken = run("--state", str(tmp_path))
    assert broken.returncode == 1
    assert broken.stderr.startswith("demo cloud: ")
    assert "Traceback" not in broken.stderr


def test_the_list_of_what_is_supported_is_current() -> None:
    command = "python -m portal.democloud.supported"
    assert supported.PATH.read_text() == supported.text(), f"run `{command}`"


def test_the_demo_cloud_imports_nothing_of_the_portal() -> None:
    for path in (ROOT / "portal" / "democloud").rglob("*.py"):
        for line in path.read_text().splitlines():
            words = line.split()
            if words[:1] in (["import"], ["from"]) and len(words) > 1:
                module = words[1]
                assert not module.startswith(("django", "openstack", "allocations", "instances")), (
                    path,
                    line,
                )
                assert not module.startswith("portal") or module.startswith("portal.democloud"), (path, line)
