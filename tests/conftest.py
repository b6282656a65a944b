"""What every test runs in: a Redis of its own, and no way out of this machine."""

import importlib.util
import os
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import hypothesis
import pytest
import redis
from django.db import connection
from pytest_django import DjangoDbBlocker

from portal.demo.family import redis_server
from tests.settings import REDIS_PORT, RUN_DIR

if importlib.util.find_spec("tests.cast"):
    pytest_plugins = ["tests.cast"]

# How long one example takes says more about the machine than about the code.
hypothesis.settings.register_profile("house", deadline=None)
hypothesis.settings.load_profile("house")

_LOOPBACK = {"127.0.0.1", "::1", "localhost", "testserver", ""}


class SocketBarred(RuntimeError):
    """A test tried to leave this machine."""


def _barred(original: Any) -> Any:
    def connect(self: socket.socket, address: Any) -> Any:
        host = address[0] if isinstance(address, tuple) else None
        if host is not None and not (host in _LOOPBACK or host.startswith("127.")):
            raise SocketBarred(f"tests talk to loopback only, not to {host}")
        return original(self, address)

    return connect


@pytest.fixture(scope="session", autouse=True)
def no_way_out() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket.socket, "connect", _barred(socket.socket.connect))
        patch.setattr(socket.socket, "connect_ex", _barred(socket.socket.connect_ex))
        yield


class OwnRedis:
    """A redis-server on loopback that keeps nothing on disk."""

    def __init__(self, port: int, directory: Path) -> None:
        self.port = port
        self.directory = directory
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        command = [
            redis_server(),
            "--bind",
            "127.0.0.1",
            "--port",
            str(self.port),
            "--dir",
            str(self.directory),
        ]
        options = ["--save", "", "--appendonly", "no", "--daemonize", "no"]
        with (self.directory / "redis.log").open("ab") as log:
            self.process = subprocess.Popen([*command, *options], stdout=log, stderr=log)
        for _ in range(100):
            if self._answers():
                return
            time.sleep(0.05)
        self.stop()
        raise RuntimeError(f"redis-server did not start; see {self.directory}/redis.log")

    def _answers(self) -> bool:
        with redis.Redis(port=self.port) as probe:
            try:
                return bool(probe.ping())
            except redis.exceptions.ConnectionError:
                return False

    def stop(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait(timeout=5)
            self.process = None


@pytest.fixture(scope="session", autouse=True)
def redis_of_this_run(no_way_out: None) -> Iterator[OwnRedis]:
    server = OwnRedis(REDIS_PORT, RUN_DIR)
    server.start()
    yield server
    server.stop()


@pytest.fixture(autouse=True)
def clean_redis(redis_of_this_run: OwnRedis) -> None:
    """Limits, presence and caches of one test are nothing to the next."""
    from portal.core.redis_client import client

    client().flushdb()


@pytest.fixture(scope="session")
def django_db_use_migrations() -> bool:
    """Tables come from the models, which is quicker; TEST_MIGRATIONS=1 makes them by the migrations."""
    return os.environ.get("TEST_MIGRATIONS") == "1"


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    """PostgreSQL does not drop a database that a thread of some test is still connected to."""
    yield
    if on_postgresql():
        with django_db_blocker.unblock(), connection.cursor() as cursor:
            others = "datname = current_database() AND pid <> pg_backend_pid()"
            cursor.execute(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE {others}")


def on_postgresql() -> bool:
    return connection.vendor == "postgresql"
