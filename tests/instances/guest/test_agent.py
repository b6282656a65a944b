"""The agent as guests run it: what it measures, how it pushes, and what it does when that fails."""

import ast
import hashlib
import hmac
import json
import os
import sys
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from instances.console import read as read_console
from instances.guest import agent
from instances.metrics import wire

STAT = "cpu  100 20 30 800 50 0 0 0 7 0\ncpu0 100 20 30 800 50 0 0 0 7 0\n"
MEMINFO = "MemTotal:        8000000 kB\nMemFree:          500000 kB\nMemAvailable:    6000000 kB\n"
NET = """Inter-|   Receive                              |  Transmit
 face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop
    lo: 999 1 0 0 0 0 0 0 999 1 0 0 0 0 0 0
  eth0: 1000 1 0 0 0 0 0 0 2000 1 0 0 0 0 0 0
docker0: 500 1 0 0 0 0 0 0 500 1 0 0 0 0 0 0
"""


def test_it_is_python_3_6_because_rocky_8_has_no_newer() -> None:
    source = Path(agent.__file__).read_text(encoding="utf-8")
    ast.parse(source, feature_version=(3, 6))
    roots = {
        (node.names[0].name if isinstance(node, ast.Import) else node.module or "").split(".")[0]
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Import | ast.ImportFrom)
    }
    assert roots <= sys.stdlib_module_names


class TestMeasures:
    def test_waiting_for_a_disk_is_idle_and_guest_time_is_not_counted_twice(self) -> None:
        assert agent.cpu_ticks(STAT) == (150, 1000)

    def test_cpu_is_the_share_of_the_ticks_between_two_samples(self) -> None:
        assert agent.share(50, 200) == 25.0
        assert agent.share(0, 0) is None

    def test_memory_that_can_be_given_back_is_not_used(self) -> None:
        assert agent.ram_percent(MEMINFO) == 25.0
        assert agent.ram_percent("MemTotal: 0 kB\nMemAvailable: 0 kB") is None
        assert agent.ram_percent("") is None

    def test_the_disk_counts_as_df_does(self, monkeypatch: pytest.MonkeyPatch) -> None:
        class Stat:
            f_blocks, f_bfree, f_bavail = 1000, 300, 200

        monkeypatch.setattr(os, "statvfs", lambda path: Stat)
        assert agent.disk_percent() == 77.8

    def test_only_the_named_interfaces_are_counted(self) -> None:
        assert agent.net_bytes(NET, ["eth0"]) == (1000, 2000)

    def test_interfaces_with_a_device_are_preferred(self, tmp_path: Path) -> None:
        for name in ("lo", "eth0", "docker0"):
            (tmp_path / name).mkdir()
        assert agent.physical_interfaces(str(tmp_path)) == ["docker0", "eth0"]
        (tmp_path / "eth0" / "device").mkdir()
        assert agent.physical_interfaces(str(tmp_path)) == ["eth0"]

    def test_a_counter_that_began_anew_gives_no_rate(self) -> None:
        assert agent.rate(500, 5.0) == 100
        assert agent.rate(-500, 5.0) is None

    def test_a_sample_of_this_machine_is_what_the_portal_takes(self) -> None:
        meter = agent.Meter()
        first, second = meter.sample(), meter.sample()
        assert first["cpu"] is None and first["net_in"] is None
        body = json.dumps({"v": 1, "samples": [first, second]}).encode()
        taken = wire.parse(body, time.time())
        assert taken[1]["ram"] == second["ram"] and taken[1]["disk"] == second["disk"]
        assert taken[1]["net_in"] is not None


@pytest.fixture
def smi(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Put an nvidia-smi on the path that runs `body`."""
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")

    def install(body: str) -> None:
        path = tmp_path / "nvidia-smi"
        path.write_text(f'#!/bin/sh\necho "$*" >> {tmp_path}/asked\n{body}\n')
        path.chmod(0o755)

    install.asked = tmp_path / "asked"  # type: ignore[attr-defined]
    yield install


class TestGpus:
    def test_without_nvidia_smi_there_are_none(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        monkeypatch.setenv("PATH", str(tmp_path))
        assert agent.Gpus().read() is None

    def test_one(self, smi: Any) -> None:
        smi("echo '37, 10240, 40960'")
        assert agent.Gpus().read() == [{"util": 37.0, "mem": 25.0}]
        assert "utilization.gpu,memory.used,memory.total" in smi.asked.read_text()

    def test_several_each_with_its_own(self, smi: Any) -> None:
        smi("echo '0, 0, 81920'; echo '100, 81920, 81920'")
        assert agent.Gpus().read() == [{"util": 0.0, "mem": 0.0}, {"util": 100.0, "mem": 100.0}]

    def test_a_device_without_figures_is_still_a_device(self, smi: Any) -> None:
        smi("echo '[N/A], [N/A], [N/A]'; echo '12, [Not Supported], 81920'")
        assert agent.Gpus().read() == [{"util": None, "mem": None}, {"util": 12.0, "mem": None}]

    def test_a_driver_that_is_not_loaded_is_no_device(self, smi: Any) -> None:
        smi("echo 'NVIDIA-SMI has failed because it could not communicate with the NVIDIA driver'; exit 9")
        assert agent.Gpus().read() is None

    def test_no_devices_were_found(self, smi: Any) -> None:
        smi("echo 'No devices were found'")
        assert agent.Gpus().read() is None

    def test_a_broken_file_is_none(self, smi: Any, tmp_path: Path) -> None:
        smi("")
        (tmp_path / "nvidia-smi").write_text("not a program")
        assert agent.Gpus().read() is None

    def test_what_fails_is_not_asked_again_at_once_but_later(self, smi: Any) -> None:
        smi("exit 9")
        gpus = agent.Gpus()
        assert gpus.read() is None
        smi("echo '5, 1, 2'")
        assert gpus.read() is None
        gpus.retry_at = 0.0
        assert gpus.read() == [{"util": 5.0, "mem": 50.0}]

    def test_one_that_hangs_is_given_up_and_not_piled_up(
        self, smi: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(agent, "GPU_TIMEOUT_SECONDS", 0.2)
        smi("exec sleep 30")
        gpus = agent.Gpus()
        started = time.monotonic()
        assert gpus.read() is None
        assert time.monotonic() - started < 3
        assert gpus.stuck is not None
        gpus.stuck.wait(timeout=5)

    def test_while_a_hung_one_is_not_dead_no_other_is_started(self, smi: Any) -> None:
        class Unkillable:
            def poll(self) -> None:
                return None

        smi("echo '5, 1, 2'")
        gpus = agent.Gpus()
        gpus.stuck = Unkillable()  # type: ignore[assignment]
        assert gpus.read() is None
        assert not smi.asked.exists()


class TestUsageLine:
    SAMPLE = {"t": 1772366400.4, "cpu": 12.4, "ram": 33.6, "disk": 56.0, "gpus": None}

    def test_the_console_reader_reads_it(self) -> None:
        gpus = [{"util": 7.2, "mem": 1.0}, {"util": None, "mem": None}, {"util": 93.0, "mem": None}]
        (line,) = read_console(agent.usage_line({**self.SAMPLE, "gpus": gpus})).usage
        assert (line.cpu, line.ram, line.disk, line.gpus) == (12.0, 34.0, 56.0, (7.0, 93.0))

    def test_exosphere_wants_whole_numbers_and_null_without_gpus(self) -> None:
        line = json.loads(agent.usage_line(self.SAMPLE))
        assert line == {
            "epoch": 1772366400,
            "cpuPctUsed": 12,
            "memPctUsed": 34,
            "rootfsPctUsed": 56,
            "gpuPctUsed": None,
        }
        assert all(
            isinstance(line[key], int) for key in ("epoch", "cpuPctUsed", "memPctUsed", "rootfsPctUsed")
        )

    def test_it_goes_to_the_serial_consoles(self, tmp_path: Path) -> None:
        (tmp_path / "active").write_text("tty0 ttyS0 hvc0\n")
        assert agent.consoles(str(tmp_path / "active")) == ["/dev/ttyS0", "/dev/hvc0"]

    def test_or_to_the_console_where_there_is_none(self, tmp_path: Path) -> None:
        (tmp_path / "active").write_text("tty0\n")
        assert agent.consoles(str(tmp_path / "active")) == ["/dev/console"]
        assert agent.consoles(str(tmp_path / "absent")) == ["/dev/console"]

    def test_a_console_that_cannot_be_written_is_passed_over(self, tmp_path: Path) -> None:
        (tmp_path / "ttyS0").touch()
        agent.print_line("hello", [str(tmp_path / "absent" / "x"), str(tmp_path / "ttyS0")])
        assert (tmp_path / "ttyS0").read_text() == "hello\n"


class FakePortal:
    """An HTTP server that answers pushes as it is told, and keeps them."""

    def __init__(self) -> None:
        self.answers: list[tuple[int, dict[str, str], bytes]] = []
        self.pushes: list[tuple[dict[str, str], bytes, int]] = []
        self.close_after = False
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                outer.pushes.append((dict(self.headers.items()), body, self.client_address[1]))
                status, headers, text = outer.answers.pop(0) if outer.answers else (202, {}, b"{}")
                self.send_response(status)
                for name, value in {**headers, "Content-Length": str(len(text))}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(text)
                self.close_connection = outer.close_after

            def log_message(self, format: str, *args: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, args=[0.01], daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.server_port}/metrics/push"

    def samples(self, index: int = -1) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = json.loads(self.pushes[index][1])["samples"]
        return found


@pytest.fixture
def portal() -> Iterator[FakePortal]:
    found = FakePortal()
    yield found
    found.server.shutdown()
    found.server.server_close()


@pytest.fixture
def outbox(portal: FakePortal) -> Iterator[agent.Outbox]:
    config = {"url": portal.url, "instance": "0192aaaa", "key": "secret", "interval": 5}
    found = agent.Outbox(agent.Portal(config))
    yield found
    found.portal.close()


def sample(t: float | None = None) -> dict[str, Any]:
    return {"t": time.time() if t is None else t, "cpu": 1.0, "ram": 2.0, "disk": 3.0, "gpus": None}


class TestPush:
    def test_a_push_carries_a_signature_over_time_and_body(
        self, portal: FakePortal, outbox: agent.Outbox
    ) -> None:
        outbox.put(sample())
        outbox.flush()
        ((headers, body, _),) = portal.pushes
        moment = headers["X-Helio-Time"]
        expected = hmac.new(b"secret", moment.encode() + b"\n" + body, hashlib.sha256).hexdigest()
        assert headers["X-Helio-Signature"] == expected
        assert headers["X-Helio-Instance"] == "0192aaaa"
        assert abs(int(moment) - time.time()) < 5

    def test_one_connection_serves_all_pushes(self, portal: FakePortal, outbox: agent.Outbox) -> None:
        for _ in range(3):
            outbox.put(sample())
            outbox.flush()
        assert len({port for _, _, port in portal.pushes}) == 1

    def test_a_connection_that_the_portal_closed_is_made_anew(
        self, portal: FakePortal, outbox: agent.Outbox
    ) -> None:
        portal.close_after = True
        for _ in range(3):
            outbox.put(sample())
            outbox.flush()
            time.sleep(0.05)
        assert len(portal.pushes) == 3 and not outbox.waiting

    def test_what_could_not_be_sent_is_sent_later_in_order(
        self, portal: FakePortal, outbox: agent.Outbox
    ) -> None:
        portal.answers = [(503, {}, b"")]
        now = time.time()
        outbox.put(sample(now - 5))
        outbox.flush()
        outbox.put(sample(now))
        outbox.flush()
        assert len(portal.pushes) == 1
        outbox.retry_at = 0.0
        outbox.flush()
        assert [round(found["t"] - now) for found in portal.samples()] == [-5, 0]
        assert not outbox.waiting and outbox.failures == 0

    def test_a_portal_that_is_away_costs_only_a_wait(self, portal: FakePortal, outbox: agent.Outbox) -> None:
        portal.server.shutdown()
        portal.server.server_close()
        outbox.put(sample())
        outbox.flush()
        assert len(outbox.waiting) == 1 and outbox.retry_at > time.monotonic()

    def test_waits_grow_to_a_minute_and_no_more(self, outbox: agent.Outbox) -> None:
        waits = []
        for _ in range(20):
            outbox.back_off(0.0, "test")
            waits.append(outbox.retry_at - time.monotonic())
        assert waits[0] < 13 and max(waits) <= 72.1

    def test_retry_after_is_obeyed(self, portal: FakePortal, outbox: agent.Outbox) -> None:
        portal.answers = [(429, {"Retry-After": "600"}, b"{}")]
        outbox.put(sample())
        outbox.flush()
        assert outbox.retry_at - time.monotonic() > 450

    def test_ten_minutes_are_kept(self, outbox: agent.Outbox) -> None:
        now = time.time()
        for age in range(900, 0, -5):
            outbox.put(sample(now - age))
        assert len(outbox.waiting) == 120 + 1

    def test_long_backlogs_go_in_pushes_that_the_portal_takes(
        self, portal: FakePortal, outbox: agent.Outbox
    ) -> None:
        now = time.time()
        for age in range(300, 0, -1):
            outbox.put(sample(now - age))
        outbox.flush()
        assert [len(portal.samples(index)) for index in range(3)] == [120, 120, 60]

    def test_a_push_too_large_is_let_go(self, portal: FakePortal, outbox: agent.Outbox) -> None:
        portal.answers = [(413, {}, b"{}")]
        outbox.put(sample())
        outbox.flush()
        assert not outbox.waiting

    def test_the_portal_may_ask_for_another_interval(self, portal: FakePortal, outbox: agent.Outbox) -> None:
        portal.answers = [(202, {}, b'{"interval": 30}')]
        outbox.put(sample())
        outbox.flush()
        assert outbox.interval == 30.0

    @pytest.mark.parametrize("interval", [b"0", b"-1", b"1e9", b'"5"', b"null", b"[]"])
    def test_but_not_for_one_that_cannot_be_meant(
        self, portal: FakePortal, outbox: agent.Outbox, interval: bytes
    ) -> None:
        portal.answers = [(202, {}, b'{"interval": ' + interval + b"}")]
        outbox.put(sample())
        outbox.flush()
        assert outbox.interval == 5.0

    @pytest.mark.parametrize("text", [b"", b"<html>", b"[1]", b"\xff\xfe"])
    def test_an_answer_that_says_nothing_is_taken_as_such(
        self, portal: FakePortal, outbox: agent.Outbox, text: bytes
    ) -> None:
        portal.answers = [(202, {}, text)]
        outbox.put(sample())
        outbox.flush()
        assert not outbox.waiting


class TestClock:
    def test_refused_for_its_clock_it_goes_by_the_portals(
        self, portal: FakePortal, outbox: agent.Outbox
    ) -> None:
        there = time.time() + 7200
        portal.answers = [(401, {}, json.dumps({"now": there}).encode())]
        outbox.put(sample())
        outbox.flush()
        outbox.retry_at = 0.0
        outbox.flush()
        headers, _, _ = portal.pushes[-1]
        assert abs(int(headers["X-Helio-Time"]) - there) < 5
        assert abs(portal.samples()[0]["t"] - there) < 5
        assert not outbox.waiting

    def test_told_of_a_small_difference_it_corrects_that_too(
        self, portal: FakePortal, outbox: agent.Outbox
    ) -> None:
        portal.answers = [(202, {}, json.dumps({"now": time.time() + 60}).encode())]
        outbox.put(sample())
        outbox.flush()
        outbox.put(sample())
        outbox.flush()
        assert 55 < portal.samples()[0]["t"] - time.time() < 65

    def test_a_bad_signature_only_waits(self, portal: FakePortal, outbox: agent.Outbox) -> None:
        portal.answers = [(401, {}, b'{"error": "signature"}')]
        outbox.put(sample())
        outbox.flush()
        assert outbox.portal.offset == 0.0 and len(outbox.waiting) == 1

    @pytest.mark.parametrize("now", ["soon", None, [], {"a": 1}])
    def test_a_time_that_is_none_is_ignored(
        self, portal: FakePortal, outbox: agent.Outbox, now: object
    ) -> None:
        portal.answers = [(401, {}, json.dumps({"now": now}).encode())]
        outbox.put(sample())
        outbox.flush()
        assert outbox.portal.offset == 0.0


class TestImageOfAMachine:
    """An image of a machine has its agent and its key; what is made from it is another machine."""

    def test_what_was_made_with_another_tool_does_not_report_in_its_name(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        (tmp_path / "machine").write_text("server-a\n")
        (tmp_path / "instance-id").write_text("server-b\n")
        monkeypatch.setattr(agent, "SET_UP", str(tmp_path / "machine"))
        monkeypatch.setattr(agent, "THIS", str(tmp_path / "instance-id"))
        monkeypatch.setattr(sys, "argv", ["agent.py", str(tmp_path / "absent")])
        # Not 1: systemd starts again what failed.
        assert agent.main() == 0

    def test_the_machine_itself_does(self, tmp_path: Path) -> None:
        (tmp_path / "machine").write_text("server-a\n")
        (tmp_path / "instance-id").write_text("server-a")
        assert not agent.of_another_machine(str(tmp_path / "machine"), str(tmp_path / "instance-id"))

    def test_and_so_does_one_of_which_that_is_not_known(self, tmp_path: Path) -> None:
        (tmp_path / "instance-id").write_text("server-a")
        assert not agent.of_another_machine(str(tmp_path / "machine"), str(tmp_path / "instance-id"))


def test_a_push_tells_the_version(portal: FakePortal) -> None:
    found = agent.Outbox(agent.Portal({"url": portal.url, "instance": "i", "key": "k", "version": "1.2+ab"}))
    found.put(sample())
    found.flush()
    found.portal.close()
    assert portal.pushes[0][0]["User-Agent"] == "heliosphere-agent/1.2+ab"


def test_a_configuration_that_cannot_be_read_is_said_and_ends_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "argv", ["agent.py", str(tmp_path / "absent")])
    assert agent.main() == 1


def test_the_loop_measures_prints_and_pushes(portal: FakePortal, monkeypatch: pytest.MonkeyPatch) -> None:
    lines: list[str] = []

    class Enough(Exception):
        pass

    def sleep(seconds: float) -> None:
        if len(portal.pushes) >= 2:
            raise Enough

    monkeypatch.setattr(time, "sleep", sleep)
    monkeypatch.setattr(agent, "print_line", lambda line, paths: lines.append(line))
    portal.answers = [(202, {"Connection": "close"}, b"{}")] * 3
    with pytest.raises(Enough):
        agent.run({"url": portal.url, "instance": "i", "key": "k", "interval": 1})
    assert len(portal.pushes) == 2
    assert len(lines) == 1 and len(read_console(lines[0]).usage) == 1


def test_without_a_url_it_speaks_through_the_console_only(monkeypatch: pytest.MonkeyPatch) -> None:
    lines: list[str] = []

    class Enough(Exception):
        pass

    def sleep(seconds: float) -> None:
        if lines:
            raise Enough

    monkeypatch.setattr(time, "sleep", sleep)
    monkeypatch.setattr(agent, "print_line", lambda line, paths: lines.append(line))
    with pytest.raises(Enough):
        agent.run({"url": "", "instance": "i", "key": "k"})
    assert len(lines) == 1
