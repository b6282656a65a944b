"""A machine, samples of it, and a guest that pushes."""

import json
import time
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
import pytest_asyncio
from django.utils import timezone

from allocations.models import Allocation
from instances.metrics import wire
from instances.metrics.ingest import PATH, Ingest, push_key
from instances.metrics.models import Sample
from instances.models import Instance
from portal.accounts.models import User

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


def make_instance(allocation: Allocation, name: str = "prairie-1", **fields: Any) -> Instance:
    now = timezone.now()
    return Instance.objects.create(
        **{
            "allocation": allocation,
            "name": name,
            "status": "ACTIVE",
            "created_at": now,
            "state_since": now,
            **fields,
        }
    )


@pytest.fixture
def instance(allocation: Allocation, member: User) -> Instance:
    return make_instance(allocation, owner=member)


@pytest.fixture
def now() -> datetime:
    return NOW


@pytest.fixture
def measured(instance: Instance, now: datetime) -> Callable[..., None]:
    """Store samples of the instance: one each `every` seconds from `ago` before now on, `count` of them."""

    def store(ago: timedelta, count: int, *, every: float = 5, resolution: int = 0, **fields: Any) -> None:
        first = now - ago
        Sample.objects.bulk_create(
            Sample(
                instance=instance,
                resolution=resolution,
                at=first + timedelta(seconds=every * index),
                **{"cpu": 10.0, "ram": 20.0, "disk": 30.0, **fields},
            )
            for index in range(count)
        )

    return store


class Guest:
    """Pushes to an Ingest as the agent does, without a socket."""

    def __init__(self, ingest: Ingest, instance: UUID | str) -> None:
        self.ingest = ingest
        self.instance = str(instance)
        self.status = 0
        self.headers: dict[str, str] = {}
        self.answer: dict[str, Any] = {}

    @staticmethod
    def sample(**changes: Any) -> dict[str, Any]:
        fields = {"t": round(time.time(), 3), "cpu": 12.0, "ram": 34.0, "disk": 56.0, "gpus": None}
        return {
            **fields,
            "net_in": 1000.0,
            "net_out": 2000.0,
            "disk_read": 0.0,
            "disk_write": 512.0,
            "logins": 0.0,
            **changes,
        }

    async def push(self, *samples: dict[str, Any], key: str | None = None, clock: float = 0.0) -> int:
        body = json.dumps({"v": 1, "samples": list(samples) or [self.sample()]}).encode()
        return await self.send(body, self.signed(body, key=key, clock=clock))

    def signed(self, body: bytes, *, key: str | None = None, clock: float = 0.0) -> dict[str, str]:
        moment = str(int(time.time() + clock))
        return {
            "content-length": str(len(body)),
            "x-helio-instance": self.instance,
            "x-helio-time": moment,
            "x-helio-signature": wire.signature(key or push_key(self.instance), moment, body),
        }

    async def send(
        self, body: bytes, headers: dict[str, str], *, method: str = "POST", chunk: int = 1 << 20
    ) -> int:
        chunks = [body[start : start + chunk] for start in range(0, len(body), chunk)] or [b""]
        scope = {
            "type": "http",
            "method": method,
            "path": PATH,
            "headers": [(name.encode(), value.encode("latin-1")) for name, value in headers.items()],
        }

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": chunks.pop(0), "more_body": bool(chunks)}

        async def send(message: Any) -> None:
            if message["type"] == "http.response.start":
                self.status = message["status"]
                self.headers = {name.decode(): value.decode() for name, value in message["headers"]}
            else:
                self.answer = json.loads(message["body"])

        await self.ingest(scope, receive, send)
        return self.status


@pytest_asyncio.fixture
async def ingest() -> AsyncIterator[Ingest]:
    found = Ingest()
    yield found
    await found.close()


@pytest.fixture
def guest(ingest: Ingest) -> Guest:
    return Guest(ingest, "0192aaaa-0000-7000-8000-000000000001")
