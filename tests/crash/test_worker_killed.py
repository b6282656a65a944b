"""The real worker, on a real broker, killed with -9 again and again while it works."""

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.db import connection

from portal.accounts.models import User
from portal.operations import tasks
from portal.operations.models import Operation
from tests.conftest import OwnRedis
from tests.crash import kinds
from tests.crash.cloud import DirectoryCloud
from tests.portal.operations.conftest import ask

pytestmark = [pytest.mark.crash, pytest.mark.django_db(transaction=True)]
OPERATIONS, KILLS = 24, 3


def database_url() -> str:
    settings = connection.settings_dict
    if connection.vendor == "sqlite":
        return f"sqlite:///{settings['NAME']}"
    at = f"{settings['USER']}:{settings['PASSWORD']}@{settings['HOST']}:{settings['PORT']}"
    return f"postgresql://{at}/{settings['NAME']}"


class Worker:
    def __init__(self, log: Path) -> None:
        self.log = log
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        command = [
            sys.executable,
            "-m",
            "celery",
            "-A",
            "tests.crash.app",
            "worker",
            "-P",
            "threads",
            "-c",
            "8",
        ]
        options = ["-Q", "operations", "-l", "INFO", "--without-gossip", "--without-mingle"]
        environment = {
            **os.environ,
            "DJANGO_SETTINGS_MODULE": "portal.settings",
            "DATABASE_URL": database_url(),
            "OPERATIONS_LEASE_SECONDS": "4",
            "CELERY_SKIP_CHECKS": "1",
            "LOG_LEVEL": "INFO",
        }
        with self.log.open("ab") as log:
            self.process = subprocess.Popen([*command, *options], stdout=log, stderr=log, env=environment)

    def kill(self) -> None:
        if self.process is not None:
            self.process.send_signal(signal.SIGKILL)
            self.process.wait(timeout=10)
            self.process = None


@pytest.fixture
def worker(tmp_path: Path) -> Iterator[Worker]:
    made = Worker(tmp_path / "worker.log")
    yield made
    made.kill()


def left() -> int:
    return Operation.objects.filter(state__in=Operation.LIVE).count()


def wait_until_some_are_done(before: int, seconds: float) -> None:
    end = time.monotonic() + seconds
    while left() >= before and time.monotonic() < end:
        time.sleep(0.1)


def test_each_operation_is_carried_out_once_however_often_the_worker_is_killed(
    worker: Worker, cloud: DirectoryCloud, ada: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CRASH_SECONDS", "0.15")
    asked = [ask(ada, kinds.KIND) for _ in range(OPERATIONS)]
    dice = random.Random(7)
    for _ in range(KILLS):
        before = left()
        worker.start()
        tasks.sweep()
        wait_until_some_are_done(before, 20)
        time.sleep(dice.uniform(0.0, 0.4))
        worker.kill()
    worker.start()
    end = time.monotonic() + 45
    while left() and time.monotonic() < end:
        tasks.sweep()
        time.sleep(0.5)
    worker.kill()
    log = worker.log.read_text()[-3000:]
    states = set(Operation.objects.values_list("state", flat=True))
    assert states == {Operation.State.DONE}, log
    for sort in kinds.SORTS:
        assert sorted(tag for _, tag in cloud.all(sort)) == sorted(f"op:{op.pk}" for op in asked), log


def test_a_worker_goes_on_after_redis_was_restarted(
    worker: Worker, cloud: DirectoryCloud, ada: User, redis_of_this_run: OwnRedis
) -> None:
    first = ask(ada, kinds.KIND)
    worker.start()
    wait_until_some_are_done(1, 20)
    redis_of_this_run.stop()
    second = ask(ada, kinds.KIND)
    time.sleep(0.5)
    redis_of_this_run.start()
    end = time.monotonic() + 30
    while left() and time.monotonic() < end:
        tasks.sweep()
        time.sleep(0.5)
    for op in (first, second):
        op.refresh_from_db()
        assert op.state == Operation.State.DONE, worker.log.read_text()[-3000:]
