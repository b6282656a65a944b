"""A name of the ports site that leads to an application of the test, without the portal's tables."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import pytest
from pytest_django import Settings

from instances.remote.link import Link
from instances.remote.ports import door, entry
from instances.remote.ports.names import Name, site_of
from portal.core.errors import PortalError
from tests.instances.remote.ports.guest import ssh_link

PORTS_SITE = "https://ports.example.net"


@dataclass
class Attended:
    """What `attend` gives, without a database."""

    link: Link
    ended: "asyncio.Future[Any]"
    touched: int = 0
    bytes_in: int = 0
    bytes_out: int = 0
    refusal: PortalError | None = None

    def touch(self) -> None:
        self.touched += 1

    def count(self, *, in_: int = 0, out: int = 0) -> None:
        self.bytes_in += in_
        self.bytes_out += out


@dataclass
class Opened:
    """A port that somebody opened: its name, the cookie that opens it, the session behind."""

    name: Name
    attended: Attended
    headers: list[tuple[str, str]] = field(default_factory=list)

    @property
    def host(self) -> str:
        return self.name.authority(site_of(PORTS_SITE))

    @property
    def origin(self) -> str:
        return f"https://{self.host}"

    @property
    def cookie(self) -> tuple[str, str]:
        return "cookie", f"{entry.cookie_name(site_of(PORTS_SITE))}={entry.cookie_value(self.name)}"


@pytest.fixture(autouse=True)
def ports_site(settings: Settings) -> str:
    settings.PORTS_SITE = PORTS_SITE
    return PORTS_SITE


@pytest.fixture
async def link() -> AsyncIterator[Link]:
    async with ssh_link() as made:
        yield made


@pytest.fixture
async def attended(link: Link, monkeypatch: pytest.MonkeyPatch) -> Attended:
    """Every session lives, and is the one of this test."""
    made = Attended(link, asyncio.get_running_loop().create_future())
    who = door.Known(None, "mark", uuid4(), "blast-node", ("203.0.113.9",))  # type: ignore[arg-type]

    async def known(name: Name) -> door.Known:
        return who

    async def attend(session_id: object, *, user: object, mark: str) -> Attended:
        if made.refusal is not None:
            raise made.refusal
        return made

    monkeypatch.setattr(door, "known", known)
    monkeypatch.setattr("instances.remote.ports.app.known", known)
    monkeypatch.setattr(door, "attend", attend)
    return made


@pytest.fixture
def open_port(attended: Attended) -> Any:
    def opened(port: int, **options: bool) -> Opened:
        return Opened(Name(port, uuid4(), **options), attended)

    return opened
