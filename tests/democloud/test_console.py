"""The console in the browser: its page, its token, and the bytes of the screen."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
import websockets.exceptions
from websockets.sync.client import connect

from portal.democloud import console
from tests.democloud.cloud import Cloud, Person, password, scope
from tests.democloud.running import Running, start


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    cloud = start(tmp_path_factory.mktemp("cloud"), "--seed", "empty")
    yield cloud
    cloud.end()


@pytest.fixture
def url(running: Running) -> str:
    """A console of a machine that has been up for a while."""
    made = running.control("POST", "/servers", {"project": "BIO220047", "user": "bob"}).json()["server"]
    auth = {"identity": password("alice"), "scope": scope("BIO220047")}
    reply = httpx.post(f"{running.announced['auth_url']}/auth/tokens", json={"auth": auth})
    headers = {"X-Auth-Token": reply.headers["x-subject-token"], "OpenStack-API-Version": "compute 2.90"}
    wanted = {"remote_console": {"protocol": "vnc", "type": "novnc"}}
    path = f"{running.url}/compute/v2.1/servers/{made['id']}/remote-consoles"
    found: str = httpx.post(path, json=wanted, headers=headers).json()["remote_console"]["url"]
    return found


def socket_of(url: str) -> str:
    parts = urlsplit(url)
    return f"ws://{parts.netloc}/?token={parts.query.rsplit('%3D', 1)[1]}"


def test_the_address_is_a_page(url: str) -> None:
    reply = httpx.get(url)
    assert reply.status_code == 200
    assert "<canvas" in reply.text
    assert "http" not in reply.text.replace("http-equiv", "")


def test_the_socket_speaks_rfb_with_the_guests_screen(running: Running, url: str) -> None:
    origin: Any = running.url
    with connect(socket_of(url), subprotocols=["binary"], origin=origin, open_timeout=5) as socket:  # type: ignore[list-item]
        assert socket.subprotocol == "binary"
        assert socket.recv(timeout=5) == b"RFB 003.008\n"
        socket.send(b"RFB 003.008\n")
        assert socket.recv(timeout=5) == b"\x01\x01"


@pytest.mark.parametrize("change", ["token", "origin"])
def test_another_token_or_origin_is_turned_away(url: str, change: str) -> None:
    address = socket_of(url) + ("x" if change == "token" else "")
    origin: Any = "http://evil.example" if change == "origin" else None
    with pytest.raises(websockets.exceptions.InvalidStatus) as refused:
        connect(address, origin=origin, open_timeout=5)
    assert refused.value.response.status_code == 403


async def test_a_token_ends_after_ten_minutes_and_is_forgotten(cloud: Cloud, alice: Person) -> None:
    class Screens:
        def vnc_port(self, server_id: str) -> int:
            return 5901

    guests: Any = Screens()
    cloud.world.hypervisor.guests = guests
    token = console.new_token(cloud.world, "server")
    assert console.port_of(cloud.world, token) == 5901
    assert console.port_of(cloud.world, "another") is None
    cloud.advance(601)
    assert console.port_of(cloud.world, token) is None
    console.new_token(cloud.world, "other")
    assert token not in cloud.world.consoles
