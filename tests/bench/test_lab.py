"""What the benches on the lab do without it, and what they leave behind in it."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from portal.demo.state import free_port
from tests.bench import __main__ as bench
from tests.bench.horizon import changing, dashboard, lab, portal, servers
from tests.bench.horizon.lab import NoLab


class Answer:
    def __init__(self, body: Any) -> None:
        self.body = body

    def json(self) -> Any:
        return self.body

    def raise_for_status(self) -> None:
        pass


class Compute:
    """Nova, as far as quotas and lists go."""

    def __init__(self, found: list[dict[str, Any]] | None = None) -> None:
        self.quota = {"instances": 25, "cores": 132, "ram": 600000, "key_pairs": 100}
        self.found = found or []
        self.asked: list[dict[str, str]] = []

    def get(self, path: str, params: dict[str, str] | None = None) -> Answer:
        if "os-quota-sets" in path:
            return Answer({"quota_set": dict(self.quota)})
        self.asked.append(params or {})
        after = (params or {}).get("marker")
        begin = next((n + 1 for n, one in enumerate(self.found) if one["id"] == after), 0)
        return Answer({"servers": self.found[begin : begin + 500]})

    def delete_server(self, server_id: str) -> None:
        self.found = [one for one in self.found if one["id"] != server_id]

    def put(self, path: str, json: dict[str, dict[str, int]]) -> Answer:
        self.quota |= json["quota_set"]
        return Answer({})


class Network:
    """Neutron, as far as cleaning up goes."""

    gone: list[str] = []

    def find_network(self, name: str) -> str:
        return name

    def security_groups(self, project_id: str) -> list[Any]:
        return [type("Group", (), {"name": name}) for name in ("default", "exosphere")]

    def delete_security_group(self, group: Any) -> None:
        self.gone.append(group.name)

    def delete(self, path: str) -> None:
        self.gone.append(path)

    delete_network = delete


class Cloud:
    current_project_id = "CIS220046"
    network = Network()

    class identity:
        @staticmethod
        def find_project(name: str) -> Any:
            return type("Project", (), {"id": name})

    def __init__(self, compute: Compute) -> None:
        self.compute = compute


@pytest.fixture
def nova(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Compute:
    compute = Compute()
    monkeypatch.setattr(lab, "connect", lambda *who: Cloud(compute))
    monkeypatch.setattr(lab, "_KEPT", tmp_path / "quota.json")
    monkeypatch.setattr(Network, "gone", [])
    return compute


def test_without_a_lab_the_bench_ends_with_a_sentence_and_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lab, "AUTH_URL", f"http://127.0.0.1:{free_port()}/v3")
    with pytest.raises(NoLab, match=r"does not answer as Keystone.*up\.sh"):
        lab.require()


@pytest.mark.parametrize("name", bench.LAB_BENCHES)
def test_make_bench_without_a_lab_fails_with_that_sentence(name: str) -> None:
    env = {"LAB_AUTH_URL": f"http://127.0.0.1:{free_port()}/v3", "DEVELOPMENT": "1", "PATH": "/usr/bin:/bin"}
    done = subprocess.run(
        [sys.executable, "-m", "tests.bench", name],
        cwd=Path(bench.__file__).parents[2],
        env=env,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert done.stderr.startswith("This bench needs the lab cloud")
    assert "Traceback" not in done.stderr


def test_benches_that_need_the_lab_run_only_when_they_are_named() -> None:
    assert not set(bench.LAB_BENCHES) & set(bench.BENCHES)


def test_without_horizon_the_bench_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(dashboard, "PACKAGE", tmp_path / "wsgi.py")
    with pytest.raises(NoLab, match="openstack-dashboard"):
        dashboard.require()


def test_the_quota_is_raised_for_the_bench_and_given_back(nova: Compute) -> None:
    lab.raise_quota()
    assert nova.quota["instances"] == -1
    lab.restore_quota()
    assert nova.quota == {"instances": 25, "cores": 132, "ram": 600000, "key_pairs": 100}


def test_a_second_run_does_not_take_the_raised_quota_for_the_projects_own(nova: Compute) -> None:
    lab.raise_quota()
    lab.raise_quota()
    lab.restore_quota()
    assert nova.quota["instances"] == 25


def test_a_quota_that_was_never_raised_is_left_alone(nova: Compute) -> None:
    nova.quota["instances"] = 7
    lab.restore_quota()
    assert nova.quota["instances"] == 7


def test_servers_of_others_in_the_project_are_not_the_benchs() -> None:
    compute = Compute([{"id": "1", "name": "bench-001"}, {"id": "2", "name": "click-5"}])
    assert [one["id"] for one in servers.listed(Cloud(compute))] == ["1"]


def test_everything_of_the_bench_is_cleared_and_nothing_else(nova: Compute) -> None:
    names = ["bench-001", "click-5", "mine"]
    nova.found = [{"id": str(number), "name": name} for number, name in enumerate(names)]
    lab.raise_quota()
    assert servers.clear() == 2
    assert [one["name"] for one in nova.found] == ["mine"]
    assert nova.quota["instances"] == 25
    cloud = lab.connect()
    assert cloud.network.gone == ["bench-net", "/auto-allocated-topology/CIS220046", "exosphere"]


def test_a_long_list_is_read_to_its_end() -> None:
    compute = Compute([{"id": str(number), "name": f"bench-{number}"} for number in range(1100)])
    assert len(servers.listed(Cloud(compute))) == 1100
    assert [asked.get("marker") for asked in compute.asked] == [None, "499", "999"]


def test_servers_held_in_transition_are_let_go_whatever_happens(monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[str] = []

    def run(command: list[str], *, input: str, **how: Any) -> Any:
        said.append(input)
        return subprocess.CompletedProcess(command, 0, "", "")

    monkeypatch.setattr(subprocess, "run", run)
    server = "50c52cdc-fdfd-498c-b342-9b554e57e9c8"
    with pytest.raises(RuntimeError), changing.in_transition([server]):
        raise RuntimeError
    assert "task_state='powering-off'" in said[0]
    assert "task_state=NULL" in said[1]
    assert all(f"uuid IN ('{server}')" in words for words in said)


def test_only_an_id_is_written_into_the_labs_database(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(subprocess, "run", lambda *a, **k: pytest.fail("was run"))
    with pytest.raises(ValueError), changing.in_transition(["x') OR 1=1 --"]):
        pass


def test_nothing_in_transition_asks_nothing_of_the_database(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(subprocess, "run", lambda *a, **k: pytest.fail("was run"))
    with changing.in_transition([]):
        pass


def test_only_the_credentials_of_the_portal_that_goes_are_deleted(monkeypatch: pytest.MonkeyPatch) -> None:
    gone: list[str] = []
    names = ["Portal 127.0.0.1:4106, CIS220046", "Portal 127.0.0.1:49947, CIS220046", "my laptop"]
    found = [{"id": str(number), "name": name} for number, name in enumerate(names)]

    class Keystone:
        current_user_id = "dave"

        class identity:
            @staticmethod
            def get(path: str) -> Answer:
                assert path == "/users/dave/application_credentials"
                return Answer({"application_credentials": found})

            @staticmethod
            def delete(path: str) -> Answer:
                gone.append(path)
                return Answer({})

    monkeypatch.setattr(lab, "connect", lambda: Keystone())
    portal.withdraw("http://127.0.0.1:49947")
    assert gone == ["/users/dave/application_credentials/1"]


def test_what_was_set_up_goes_at_the_end_also_when_a_bench_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    gone: list[str] = []
    monkeypatch.setattr(lab, "trouble", lambda: None)
    monkeypatch.setattr(servers, "clear", lambda: gone.append("all"))

    def fails(name: str) -> bool:
        raise NoLab("Horizon did not start")

    monkeypatch.setattr(bench, "run_one", fails)
    with pytest.raises(NoLab):
        bench.main(["horizon"])
    assert gone == ["all"]
    with pytest.raises(NoLab):
        bench.main(["horizon", "--keep"])
    assert gone == ["all"]


def test_benches_without_the_lab_clean_nothing_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(servers, "clear", lambda: pytest.fail("was called"))
    monkeypatch.setattr(bench, "run_one", lambda name: name != "live")
    assert bench.main(["pages"]) == 0
    assert bench.main(["live"]) == 1


def test_a_bench_that_does_not_exist_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        bench.main(["horizn"])
    assert ended.value.code == 2
    assert "no such bench: horizn" in capsys.readouterr().err
