#!/usr/bin/env python3
# ruff: noqa: UP006, UP035, UP045
"""The Heliosphere metrics agent: measures this machine and pushes signed samples to the portal.

One file, standard library only, Python 3.6 or newer: it runs as it is on Debian, Ubuntu and Rocky images.
docs/architecture.md ("Metrics agent") gives the wire format.
"""

import collections
import hashlib
import hmac
import http.client
import json
import os
import random
import shutil
import subprocess
import sys
import time
from typing import Any, Dict, List, Optional, Tuple
from urllib.parse import urlsplit

CONFIG = "/etc/heliosphere/agent.json"
# The id that the cloud gave the machine that was set up, and the one that it gave this machine.
SET_UP, THIS = "/etc/heliosphere/machine", "/var/lib/cloud/data/instance-id"
KEEP_SECONDS = 600
MAX_SAMPLES = 120
MAX_WAIT_SECONDS = 60
HTTP_TIMEOUT_SECONDS = 10
GPU_TIMEOUT_SECONDS = 3
GPU_RETRY_SECONDS = 60
GPU_QUERY = ["--query-gpu=utilization.gpu,memory.used,memory.total", "--format=csv,noheader,nounits"]


def log(text: str) -> None:
    sys.stderr.write(text + "\n")


def read(path: str) -> str:
    with open(path, encoding="utf-8", errors="replace") as file:
        return file.read()


def cpu_ticks(stat: str) -> Tuple[int, int]:
    """Busy and total ticks since boot. Guest time is inside user time; waiting for a disk is idle."""
    fields = [int(field) for field in stat.splitlines()[0].split()[1:9]]
    idle = fields[3] + fields[4]
    return sum(fields) - idle, sum(fields)


def ram_percent(meminfo: str) -> Optional[float]:
    found = {}
    for line in meminfo.splitlines():
        name, _, value = line.partition(":")
        if name in ("MemTotal", "MemAvailable"):
            found[name] = int(value.split()[0])
    if not found.get("MemTotal") or "MemAvailable" not in found:
        return None
    return round(100.0 * (1 - found["MemAvailable"] / found["MemTotal"]), 1)


def disk_percent(path: str = "/") -> Optional[float]:
    """As `df` counts: what root alone may use is neither used nor free."""
    stat = os.statvfs(path)
    used = stat.f_blocks - stat.f_bfree
    return round(100.0 * used / (used + stat.f_bavail), 1) if used + stat.f_bavail else None


def net_bytes(net_dev: str, interfaces: List[str]) -> Tuple[int, int]:
    """Bytes received and sent by those interfaces since they came up."""
    received = sent = 0
    for line in net_dev.splitlines():
        name, colon, counters = line.partition(":")
        fields = counters.split()
        if colon and name.strip() in interfaces and len(fields) >= 9:
            received += int(fields[0])
            sent += int(fields[8])
    return received, sent


def physical_interfaces(sys_net: str = "/sys/class/net") -> List[str]:
    """Interfaces with a device behind them: bridges and container ends would count the same bytes again."""
    names = sorted(os.listdir(sys_net))
    real = [name for name in names if os.path.exists(os.path.join(sys_net, name, "device"))]
    return real or [name for name in names if name != "lo"]


def disk_bytes(diskstats: str, disks: List[str]) -> Tuple[int, int]:
    """Bytes read from and written to those disks since boot; the kernel counts sectors of 512 bytes."""
    read_sectors = written = 0
    for line in diskstats.splitlines():
        fields = line.split()
        if len(fields) >= 10 and fields[2] in disks:
            read_sectors += int(fields[5])
            written += int(fields[9])
    return read_sectors * 512, written * 512


def physical_disks(sys_block: str = "/sys/block") -> List[str]:
    """Whole disks with a device behind them: partitions, loops and mappings would count the same bytes again."""
    try:
        names = sorted(os.listdir(sys_block))
    except OSError:
        return []
    return [name for name in names if os.path.exists(os.path.join(sys_block, name, "device"))]


def logins(sessions: str = "/run/systemd/sessions", utmp: str = "/var/run/utmp") -> Optional[int]:
    """People logged in: by ssh, at the console, on a desktop. None where the system keeps no record of them."""
    try:
        names = [name for name in os.listdir(sessions) if not name.endswith(".ref")]
    except OSError:
        return utmp_logins(utmp)
    return sum(1 for name in names if is_login(os.path.join(sessions, name)))


def is_login(path: str) -> bool:
    """Whether systemd's record is of a session with a person at it: from elsewhere, or at a terminal or a screen.

    A desktop that we keep ready is a session of its own with nobody at it: the portal knows when it is looked at.
    """
    try:
        found = dict(line.split("=", 1) for line in read(path).splitlines() if "=" in line)
    except OSError:
        return False
    somebody = found.get("REMOTE") == "1" or found.get("TTY") or found.get("SEAT")
    return found.get("CLASS") in ("user", "user-early") and found.get("STATE") != "closing" and bool(somebody)


def utmp_logins(path: str) -> Optional[int]:
    """Without systemd: records of type 7, each 384 bytes long on every Linux that we run on."""
    try:
        with open(path, "rb") as file:
            content = file.read(384 * 1000)
    except OSError:
        return None
    return sum(
        1
        for start in range(0, len(content) - 383, 384)
        if int.from_bytes(content[start : start + 2], sys.byteorder) == 7
    )


def number(text: str) -> Optional[float]:
    """The number, or None for what nvidia-smi says instead: [N/A], [Not Supported], [Unknown Error]."""
    try:
        value = float(text.strip())
    except ValueError:
        return None
    return value if 0 <= value < 1e9 else None


def parse_gpus(output: str) -> Optional[List[Dict[str, Optional[float]]]]:
    """One entry a device, so that a device without figures still counts; None without devices."""
    gpus = []
    for line in output.splitlines():
        fields = line.split(",")
        if len(fields) != 3:
            continue
        util, used, total = (number(field) for field in fields)
        mem = min(100.0, round(100 * used / total, 1)) if used is not None and total else None
        gpus.append({"util": None if util is None else min(100.0, util), "mem": mem})
    return gpus or None


class Gpus:
    """Asks nvidia-smi, and never waits for one that hangs: a broken driver may keep it beyond any signal."""

    def __init__(self) -> None:
        self.stuck = None  # type: Optional[subprocess.Popen[str]]
        self.retry_at = 0.0

    def read(self) -> Optional[List[Dict[str, Optional[float]]]]:
        now = time.monotonic()
        if now < self.retry_at or (self.stuck is not None and self.stuck.poll() is None):
            return None
        self.stuck = None
        command = shutil.which("nvidia-smi")
        if command is None:
            # A driver may be installed later.
            self.retry_at = now + GPU_RETRY_SECONDS
            return None
        return self.ask(command)

    def ask(self, command: str) -> Optional[List[Dict[str, Optional[float]]]]:
        try:
            process = subprocess.Popen(
                [command, *GPU_QUERY],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                universal_newlines=True,
            )
        except OSError:
            self.retry_at = time.monotonic() + GPU_RETRY_SECONDS
            return None
        try:
            output, _ = process.communicate(timeout=GPU_TIMEOUT_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            if process.stdout is not None:
                process.stdout.close()
            self.stuck = process
            self.retry_at = time.monotonic() + GPU_RETRY_SECONDS
            return None
        gpus = parse_gpus(output)
        if gpus is None:
            self.retry_at = time.monotonic() + GPU_RETRY_SECONDS
        return gpus


class Meter:
    """Takes samples; rates are against the sample before, so the first has none."""

    def __init__(self) -> None:
        self.gpus = Gpus()
        self.before = None  # type: Optional[Tuple[float, Tuple[int, int], Tuple[int, int], Tuple[int, int]]]

    def sample(self) -> Dict[str, Any]:
        now = time.monotonic()
        cpu = cpu_ticks(read("/proc/stat"))
        net = net_bytes(read("/proc/net/dev"), physical_interfaces())
        disks = physical_disks()
        disk = disk_bytes(read("/proc/diskstats"), disks) if disks else (0, 0)
        taken = {
            "t": round(time.time(), 3),
            "cpu": None,
            "ram": ram_percent(read("/proc/meminfo")),
            "disk": disk_percent(),
            "gpus": self.gpus.read(),
            "net_in": None,
            "net_out": None,
            "disk_read": None,
            "disk_write": None,
            "logins": logins(),
        }  # type: Dict[str, Any]
        if self.before is not None:
            then, cpu_before, net_before, disk_before = self.before
            taken["cpu"] = share(cpu[0] - cpu_before[0], cpu[1] - cpu_before[1])
            taken["net_in"] = rate(net[0] - net_before[0], now - then)
            taken["net_out"] = rate(net[1] - net_before[1], now - then)
            if disks:
                taken["disk_read"] = rate(disk[0] - disk_before[0], now - then)
                taken["disk_write"] = rate(disk[1] - disk_before[1], now - then)
        self.before = (now, cpu, net, disk)
        return taken


def share(busy: int, total: int) -> Optional[float]:
    return round(min(100.0, max(0.0, 100.0 * busy / total)), 1) if total > 0 else None


def rate(count: int, seconds: float) -> Optional[int]:
    """Per second; None when the counter began anew."""
    return round(count / seconds) if count >= 0 and seconds > 0 else None


class Refused(Exception):
    """The portal answered, but took nothing. `wait` is what it asked for, in seconds."""

    def __init__(self, wait: float = 0.0) -> None:
        super().__init__(wait)
        self.wait = wait


class Portal:
    """The one connection to the portal, kept open between pushes."""

    def __init__(self, config: Dict[str, Any]) -> None:
        self.config = config
        self.url = urlsplit(config["url"])
        self.connection = None  # type: Optional[http.client.HTTPConnection]
        # Added to our clock: the portal's own, once it has told us that ours is off.
        self.offset = 0.0

    def push(self, samples: List[Dict[str, Any]]) -> Dict[str, Any]:
        """What the portal said when it took them. OSError, HTTPException or Refused when it did not."""
        shifted = [dict(sample, t=round(sample["t"] + self.offset, 3)) for sample in samples]
        body = json.dumps({"v": 1, "samples": shifted}, separators=(",", ":")).encode()
        response, text = self.post(body)
        told = answer(text)
        if isinstance(told.get("now"), (int, float)):
            self.offset = told["now"] - time.time()
        if response.status in (202, 413):
            # 413: the same bytes would be refused again.
            return told
        raise Refused(number(response.getheader("Retry-After") or "") or 0.0)

    def post(self, body: bytes) -> Tuple[http.client.HTTPResponse, bytes]:
        reused = self.connection is not None
        try:
            return self.exchange(body)
        except (OSError, http.client.HTTPException):
            self.close()
            if not reused:
                raise
        # The portal had closed the idle connection: once more on a new one.
        try:
            return self.exchange(body)
        except (OSError, http.client.HTTPException):
            self.close()
            raise

    def exchange(self, body: bytes) -> Tuple[http.client.HTTPResponse, bytes]:
        if self.connection is None:
            https = self.url.scheme == "https"
            kind = http.client.HTTPSConnection if https else http.client.HTTPConnection
            self.connection = kind(self.url.netloc, timeout=HTTP_TIMEOUT_SECONDS)
        self.connection.request("POST", self.url.path or "/", body, self.headers(body))
        response = self.connection.getresponse()
        text = response.read(65536)
        if response.will_close or not response.isclosed():
            self.close()
        return response, text

    def headers(self, body: bytes) -> Dict[str, str]:
        moment = str(int(time.time() + self.offset))
        signature = hmac.new(self.config["key"].encode(), moment.encode() + b"\n" + body, hashlib.sha256)
        return {
            "Content-Type": "application/json",
            "User-Agent": "heliosphere-agent/{}".format(self.config.get("version", "0")),
            "X-Helio-Instance": self.config["instance"],
            "X-Helio-Time": moment,
            "X-Helio-Signature": signature.hexdigest(),
        }

    def close(self) -> None:
        if self.connection is not None:
            self.connection.close()
            self.connection = None


def answer(text: bytes) -> Dict[str, Any]:
    try:
        found = json.loads(text.decode("utf-8", "replace"))
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


class Outbox:
    """Samples not yet taken by the portal, ten minutes of them at most, and when to try again."""

    def __init__(self, portal: Portal) -> None:
        self.portal = portal
        self.waiting = collections.deque()  # type: collections.deque[Dict[str, Any]]
        self.interval = float(portal.config.get("interval", 5))
        self.failures = 0
        self.retry_at = 0.0

    def put(self, sample: Dict[str, Any]) -> None:
        self.waiting.append(sample)
        while self.waiting[0]["t"] < sample["t"] - KEEP_SECONDS:
            self.waiting.popleft()

    def flush(self) -> None:
        while self.waiting and time.monotonic() >= self.retry_at:
            batch = list(self.waiting)[:MAX_SAMPLES]
            try:
                told = self.portal.push(batch)
            except (OSError, http.client.HTTPException) as error:
                self.back_off(0.0, str(error) or type(error).__name__)
            except Refused as error:
                self.back_off(error.wait, "refused")
            else:
                self.taken(len(batch), told)

    def taken(self, count: int, told: Dict[str, Any]) -> None:
        for _ in range(count):
            self.waiting.popleft()
        self.failures = 0
        interval = told.get("interval")
        if isinstance(interval, (int, float)) and 1 <= interval <= 300:
            self.interval = float(interval)

    def back_off(self, asked: float, reason: str) -> None:
        self.failures += 1
        wait = max(asked, min(MAX_WAIT_SECONDS, self.interval * 2 ** min(self.failures, 6)))
        # Not all machines at once when a portal comes back.
        self.retry_at = time.monotonic() + wait * random.uniform(0.8, 1.2)  # noqa: S311
        if self.failures in (1, 10) or self.failures % 100 == 0:
            log(f"push failed ({reason}), {self.failures} in a row")


def consoles(active: str = "/sys/class/tty/console/active") -> List[str]:
    """The serial consoles, which the cloud records; /dev/console itself may be the screen."""
    try:
        names = read(active).split()
    except OSError:
        names = []
    serial = [name for name in names if not (name.startswith("tty") and name[3:].isdigit())]
    return ["/dev/" + name for name in serial] or ["/dev/console"]


def usage_line(sample: Dict[str, Any]) -> str:
    """Exosphere's line: whole numbers, and in the list of GPUs nothing else."""
    loads = [round(gpu["util"]) for gpu in sample["gpus"] or [] if gpu["util"] is not None]
    whole = {name: round(sample[name] or 0) for name in ("cpu", "ram", "disk")}
    fields = {
        "epoch": int(sample["t"]),
        "cpuPctUsed": whole["cpu"],
        "memPctUsed": whole["ram"],
        "rootfsPctUsed": whole["disk"],
        "gpuPctUsed": loads or None,
    }
    return json.dumps(fields)


def print_line(line: str, paths: List[str]) -> None:
    """In one write, so that nothing cuts into it, and without waiting for a console that nobody reads."""
    for path in paths:
        try:
            file = os.open(path, os.O_WRONLY | os.O_NOCTTY | os.O_NONBLOCK)
        except OSError:
            continue
        try:
            os.write(file, (line + "\n").encode())
        except OSError:
            pass
        finally:
            os.close(file)


def run(config: Dict[str, Any]) -> None:
    meter = Meter()
    outbox = Outbox(Portal(config)) if config.get("url") else None
    interval = float(config.get("interval", 5))
    meter.sample()
    time.sleep(1)
    next_minute = 0.0
    while True:
        started = time.monotonic()
        sample = meter.sample()
        if started >= next_minute:
            print_line(usage_line(sample), consoles())
            next_minute = started + 60 - time.time() % 60
        if outbox is not None:
            outbox.put(sample)
            outbox.flush()
            interval = outbox.interval
        time.sleep(max(0.1, interval - (time.monotonic() - started)))


def of_another_machine(set_up: str, this: str) -> bool:
    """Whether this machine was made from an image of the one that was set up: it must not report in its name."""
    try:
        return read(set_up).strip() != read(this).strip()
    except OSError:
        return False


def main() -> int:
    if of_another_machine(SET_UP, THIS):
        log("this machine was made from an image of another one: nothing to report")
        return 0
    try:
        config = json.loads(read(sys.argv[1] if len(sys.argv) > 1 else CONFIG))
    except (OSError, ValueError) as error:
        log(f"no usable configuration: {error}")
        return 1
    run(config)
    return 0


if __name__ == "__main__":
    sys.exit(main())
