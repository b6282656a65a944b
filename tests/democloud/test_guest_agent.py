from __future__ import annotations

import asyncio
import hashlib
import hmac
import time
from typing import Any

import pytest

from portal.democloud.guest_agent import KEEP_SECONDS, MAX_SAMPLES, Agent, sample
from portal.democloud.guest_http import HttpClient
from portal.democloud.guest_load import GpuUsage, Usage
from portal.democloud.guest_userdata import AgentConfig
from tests.democloud.guest_fixtures import (
    FakePortal,
    agent_file,
    booted,
    cloud_config,
    portal,
    running,
    said,
    spec,
    until,
)

GPU = GpuUsage("card", 41.5, 1024, 4096, 40, 100)


def usage(rx: int = 0, tx: int = 0, gpus: tuple[GpuUsage, ...] = (), **more: int) -> Usage:
    return Usage(12.5, 500, 1000, 5.0, 20.0, rx, tx, 0.4, gpus, **more)


def agent(url: str) -> Agent:
    return Agent(AgentConfig(url, "uuid-1", "secret-key", 5.0))


async def pushed(one: Agent, now: float) -> None:
    client = HttpClient(timeout=2)
    try:
        await one.push(client, now)
    finally:
        client.close()


def test_a_sample_has_the_fields_of_the_wire_format() -> None:
    later = usage(rx=6000, tx=1500, gpus=(GPU,), disk_read_bytes=10_000, disk_write_bytes=2_000, logins=2)
    found = sample(later, 105.0, (100.0, usage(rx=1000, tx=500)))
    assert found == {
        "t": 105.0,
        "cpu": 12.5,
        "ram": 50.0,
        "disk": 25.0,
        "gpus": [{"util": 41.5, "mem": 25.0}],
        "net_in": 1000,
        "net_out": 200,
        "disk_read": 2000,
        "disk_write": 400,
        "logins": 2,
    }


def test_the_first_sample_has_no_rates_and_a_machine_without_gpus_says_null() -> None:
    found = sample(usage(rx=6000), 105.0, None)
    assert (found["net_in"], found["net_out"], found["gpus"]) == (0, 0, None)


async def test_a_push_is_signed_over_time_and_body() -> None:
    async with portal() as fake:
        one = agent(fake.url)
        one.take(usage(), 1000.0)
        await pushed(one, 1000.7)
    push = fake.pushes[0]
    assert push.path == "/metrics/push"
    assert push.headers["content-type"] == "application/json"
    assert push.headers["x-helio-instance"] == "uuid-1"
    assert push.headers["x-helio-time"] == "1000"
    expected = hmac.new(b"secret-key", b"1000\n" + push.body, hashlib.sha256).hexdigest()
    assert push.headers["x-helio-signature"] == expected
    assert push.body.startswith(b'{"v":1,"samples":[')
    assert not one.backlog


async def test_what_could_not_be_sent_is_sent_later_oldest_first() -> None:
    one = agent("http://127.0.0.1:1/nobody")
    one.take(usage(), 1000.0)
    await pushed(one, 1000.0)
    one.take(usage(), 1005.0)
    assert len(one.backlog) == 2
    async with portal() as fake:
        one.config = AgentConfig(fake.url, "uuid-1", "secret-key", 5.0)
        await pushed(one, 1005.0)
        assert fake.pushes == [], "it waits before it tries again"
        await pushed(one, 1011.0)
    assert [entry["t"] for entry in fake.pushes[0].samples] == [1000.0, 1005.0]
    assert not one.backlog


async def test_a_long_backlog_goes_in_pieces_and_the_oldest_is_forgotten() -> None:
    async with portal() as fake:
        one = agent(fake.url)
        for number in range(400):
            one.take(usage(), 1000.0 + 5 * number)
        assert one.backlog[0]["t"] >= one.backlog[-1]["t"] - KEEP_SECONDS
        assert len(one.backlog) == MAX_SAMPLES + 1
        await pushed(one, 3000.0)
        await pushed(one, 3000.0)
    assert [len(push.samples) for push in fake.pushes] == [MAX_SAMPLES, 1]


def refusal(status: int, content: dict[str, Any] | None = None, **headers: str) -> bytes:
    return said(status, content or {}, **headers)


@pytest.mark.parametrize("status", [400, 401, 403, 404, 500, 503])
async def test_a_refused_push_is_kept_and_not_repeated_at_once(status: int) -> None:
    async with portal() as fake:
        fake.answers = [refusal(status)]
        one = agent(fake.url)
        one.take(usage(), 1000.0)
        await pushed(one, 1000.0)
        await pushed(one, 1001.0)
        assert (len(fake.pushes), len(one.backlog)) == (1, 1)
        await pushed(one, 1060.0)
        assert (len(fake.pushes), len(one.backlog)) == (2, 0)


async def test_retry_after_is_obeyed() -> None:
    async with portal() as fake:
        fake.answers = [refusal(429, Retry_After="30")]
        one = agent(fake.url)
        one.take(usage(), 1000.0)
        await pushed(one, 1000.0)
        await pushed(one, 1029.0)
        assert len(fake.pushes) == 1
        await pushed(one, 1030.0)
        assert len(fake.pushes) == 2


async def test_a_wrong_clock_is_corrected_by_what_the_portal_says() -> None:
    async with portal() as fake:
        fake.answers = [refusal(401, {"now": 5000.0})]
        one = agent(fake.url)
        one.take(usage(), 1000.0)
        await pushed(one, 1000.0)
        await pushed(one, 1020.0)
    assert [push.headers["x-helio-time"] for push in fake.pushes] == ["1000", "5020"]
    assert not one.backlog


async def test_a_batch_that_is_too_large_is_dropped_rather_than_repeated() -> None:
    async with portal() as fake:
        fake.answers = [refusal(413)]
        one = agent(fake.url)
        one.take(usage(), 1000.0)
        await pushed(one, 1000.0)
    assert not one.backlog


@pytest.mark.parametrize(("told", "then"), [(2, 2.0), (0, 5.0), ("often", 5.0), (10**9, 5.0), (None, 5.0)])
async def test_the_portal_may_change_the_interval_within_reason(told: object, then: float) -> None:
    async with portal() as fake:
        fake.answers = [said(202, {"interval": told})]
        one = agent(fake.url)
        one.take(usage(), 1000.0)
        await pushed(one, 1000.0)
    assert one.interval == then


async def test_answers_that_are_not_json_objects_do_no_harm() -> None:
    async with portal() as fake:
        fake.answers = [b"HTTP/1.1 202 Accepted\r\nContent-Length: 3\r\n\r\n[1]", b"nonsense\r\n\r\n"]
        one = agent(fake.url)
        one.take(usage(), 1000.0)
        await pushed(one, 1000.0)
        assert not one.backlog
        one.take(usage(), 1005.0)
        await pushed(one, 1005.0)
        assert len(one.backlog) == 1


async def test_a_booted_guest_with_the_agent_pushes_at_its_interval() -> None:
    async with portal() as fake, running() as guests:
        data = cloud_config(agent_file(fake.url, interval=0.2))
        await booted(guests, spec(user_data=data, gpus=("A100X_10C", "A100X_10C")))
        await until(lambda: len(fake.pushes) >= 4)
        samples = [entry for push in fake.pushes for entry in push.samples]
        assert all(abs(entry["t"] - time.time()) < 10 for entry in samples)
        assert all(len(entry["gpus"]) == 2 for entry in samples)
        assert fake.connections == 1, "connections are kept alive"


async def test_a_guest_without_the_agent_pushes_nothing() -> None:
    async with portal() as fake, running() as guests:
        await booted(guests, spec("with", user_data=cloud_config(agent_file(fake.url, instance="with"))))
        await booted(guests, spec("without", user_data=b"#!/bin/sh\n"))
        await until(lambda: len(fake.pushes) >= 3)
        assert {push.headers["x-helio-instance"] for push in fake.pushes} == {"with"}


@pytest.mark.parametrize("stop", ["shutdown", "suspend", "delete"])
async def test_a_guest_that_does_not_run_does_not_push(stop: str) -> None:
    async with portal() as fake, running() as guests:
        await booted(guests, spec(user_data=cloud_config(agent_file(fake.url))))
        await until(lambda: fake.pushes)
        await getattr(guests, stop)("server-1")
        before = await quiet(fake)
        assert await quiet(fake) == before


async def quiet(fake: FakePortal) -> int:
    await asyncio.sleep(0.5)
    return len(fake.pushes)


async def test_a_resumed_guest_pushes_again() -> None:
    async with portal() as fake, running() as guests:
        await booted(guests, spec(user_data=cloud_config(agent_file(fake.url))))
        await guests.suspend("server-1")
        before = await quiet(fake)
        await guests.resume("server-1")
        await until(lambda: len(fake.pushes) > before)
