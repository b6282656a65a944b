from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from portal.democloud import neutron_project
from tests.democloud.cloud import Cloud, Person, new_cloud


@pytest.fixture
async def cloud() -> AsyncIterator[Cloud]:
    """People, flavors, images and networks, but no machine."""
    made = new_cloud("empty")
    async with made.http:
        yield made


@pytest.fixture
async def demo() -> AsyncIterator[Cloud]:
    """The world of `make demo`."""
    made = new_cloud("demo")
    async with made.http:
        yield made


@pytest.fixture
async def alice(cloud: Cloud) -> Person:
    return await cloud.login("alice", "BIO220047")


@pytest.fixture
async def bob(cloud: Cloud) -> Person:
    """In alice's project."""
    return await cloud.login("bob", "BIO220047")


@pytest.fixture
async def carol(cloud: Cloud) -> Person:
    """In another project than alice."""
    return await cloud.login("carol", "TRA220028")


@pytest.fixture
async def admin(cloud: Cloud) -> Person:
    return await cloud.login("admin", "admin")


@pytest.fixture(autouse=True)
def prompt_topologies(monkeypatch: pytest.MonkeyPatch) -> None:
    """The first topology of a project takes seconds; the one test that is about that says so."""
    monkeypatch.setattr(neutron_project, "FIRST_TOPOLOGY_SECONDS", 0.0)
