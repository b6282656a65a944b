"""A hundred launches while the worker is killed 50 times at random: exactly 100 servers and 100 outcomes."""

import os
import random
import signal
import time
from collections import Counter
from pathlib import Path

from tests.bench.bench_launches import allocation, body, until_offered
from tests.bench.figures import Figure
from tests.browser.running import Demo, demo

MACHINES, KILLS = 100, 50
LONGEST_SECONDS = 420.0


def worker_pid(parent: int) -> int | None:
    """The operations worker among the children of the demo's supervisor."""
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            stat = (entry / "stat").read_text().rsplit(")", 1)[1].split()
            command = (entry / "cmdline").read_text()
        except OSError:
            continue
        if int(stat[1]) == parent and "operations@" in command:
            return int(entry.name)
    return None


def kill_now_and_then(running: Demo, chance: random.Random) -> int:
    """Each kill waits until the worker is at work again, so that it dies in the midst of something."""
    killed, last = 0, 0
    end = time.monotonic() + LONGEST_SECONDS
    while killed < KILLS and time.monotonic() < end:
        pid = worker_pid(running.process.pid)
        if pid is None or pid == last:
            time.sleep(0.1)
            continue
        time.sleep(2.0 + chance.random() * 2.5)  # Celery needs about two seconds to begin
        os.kill(pid, signal.SIGKILL)
        killed, last = killed + 1, pid
    return killed


def measure(running: Demo) -> list[Figure]:
    with running.api("alice") as api:
        slug = allocation(api)
        until_offered(api, slug)
        slow = {
            "service": "compute",
            "method": "POST",
            "path": "^/v2.1/servers$",
            "action": "slow",
            "seconds": 2.0,
        }
        running.control("POST", "faults", slow)
        made = (
            api.post("instances", json=body(api, slug, "crash", MACHINES))
            .raise_for_status()
            .json()["operations"]
        )
        killed = kill_now_and_then(running, random.Random(7))
        end = time.monotonic() + LONGEST_SECONDS
        states: Counter[str] = Counter()
        while time.monotonic() < end:
            states = Counter(api.get(f"operations/{operation['id']}").json()["state"] for operation in made)
            if states["done"] + states["failed"] + states["cancelled"] == MACHINES:
                break
            time.sleep(5)
        servers = count_servers(running)
    return [
        Figure("workers killed", killed, "times", least=KILLS),
        Figure("servers at the cloud", servers, "servers", most=MACHINES, least=MACHINES),
        Figure(
            "operations with an outcome",
            sum(states[s] for s in ("done", "failed", "cancelled")),
            "",
            least=MACHINES,
        ),
        Figure("of them done", states["done"], "", least=MACHINES),
    ]


def count_servers(running: Demo) -> int:
    """As the cloud itself lists them, through the plain SDK."""
    import openstack

    connection = openstack.connect(
        auth_url=running.cloud["auth_url"],
        username="alice",
        password="demo",
        project_name="BIO220047",
        user_domain_id="default",
        project_domain_id="default",
        region_name="IU",
    )
    return sum(1 for server in connection.compute.servers() if server.name.startswith("crash"))


def run() -> list[Figure]:
    with demo(seed="load:5") as running:
        return measure(running)
