"""A machine from the API to its shell: made with openstacksdk, reached over SSH, seen in its metrics."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Iterator
from typing import Any

import asyncssh
import pytest
from openstack.connection import Connection

from tests.democloud.guest_fixtures import (
    EXOSPHERE,
    agent_file,
    certified,
    cloud_config,
    new_key,
    portal,
    public,
    until,
)
from tests.democloud.running import Running, start

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::PendingDeprecationWarning")
CA, MINE = new_key(), new_key()


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    cloud = start(tmp_path_factory.mktemp("cloud"), "--speed", "100")
    yield cloud
    cloud.end()


@pytest.fixture(scope="module")
def cloud(running: Running) -> Iterator[Connection]:
    found = running.connect()
    yield found
    found.close()


def make(cloud: Connection, name: str, *, address: bool, user_data: bytes = b"") -> tuple[Any, str]:
    image = next(one for one in cloud.image.images() if one.name == "Featured-Debian12")
    flavor = cloud.compute.find_flavor("m3.tiny", ignore_missing=False)
    if cloud.compute.find_keypair("journey") is None:
        cloud.compute.create_keypair(name="journey", public_key=public(MINE))
    server = cloud.compute.create_server(
        name=name,
        flavor_id=flavor.id,
        image_id=image.id,
        networks="auto",
        key_name="journey",
        security_groups=[{"name": "exosphere"}],
        metadata=dict(EXOSPHERE),
        user_data=base64.b64encode(user_data).decode() or None,
    )
    server = cloud.compute.wait_for_server(server, interval=0.05, wait=30)
    if not address:
        return server, ""
    (port,) = cloud.network.ports(device_id=server.id)
    outside = cloud.network.find_network("public", ignore_missing=False)
    floating = cloud.network.create_ip(floating_network_id=outside.id, port_id=port.id)
    return server, floating.floating_ip_address


async def console(cloud: Connection, server: Any, text: str) -> str:
    """The console log once `text` is in it."""
    for _ in range(200):
        answer = await asyncio.to_thread(cloud.compute.get_server_console_output, server)
        if text in answer["output"]:
            return str(answer["output"])
        await asyncio.sleep(0.05)
    raise AssertionError(f"{text!r} did not come")


async def ssh(
    running: Running, address: str, user: str, keys: list[Any], **more: Any
) -> asyncssh.SSHClientConnection:
    """Retries while the guest is still booting."""
    options: dict[str, Any] = {"known_hosts": None, "config": None, "agent_path": None} | more
    port = running.announced["guests"]["ssh_port"]
    for _ in range(100):
        try:
            return await asyncssh.connect(address, port, username=user, client_keys=keys, **options)
        except ConnectionRefusedError:
            await asyncio.sleep(0.05)
    raise AssertionError("SSH did not come up")


async def test_a_launched_machine_reports_and_answers(running: Running, cloud: Connection) -> None:
    async with portal() as fake:
        files = agent_file(fake.url, interval=0.2, instance="inst-1") | certified(CA, "exouser", "inst-1")
        server, address = await asyncio.to_thread(
            make, cloud, "journey-1", address=True, user_data=cloud_config(files)
        )
        log = await console(cloud, server, '"status":"complete"')
        block = log.split("-----BEGIN SSH HOST KEY KEYS-----")[1].split("-----END SSH")[0].strip()
        port = running.announced["guests"]["ssh_port"]
        host = address if port == 22 else f"[{address}]:{port}"
        known = asyncssh.import_known_hosts("".join(f"{host} {line}\n" for line in block.splitlines()))
        certificate = CA.generate_user_certificate(MINE, "alice", principals=["inst-1"], valid_before="+2m")
        shell = await ssh(running, address, "exouser", [(MINE, certificate)], known_hosts=known)
        async with shell:
            assert (await shell.run("hostname")).stdout == "journey-1\n"
            await until(lambda: len(fake.pushes) > 2)
            async with shell.create_process("stress --cpu 8 -t 60"):
                await until(lambda: fake.pushes[-1].samples[-1]["cpu"] > 90)
        await until(lambda: fake.pushes[-1].samples[-1]["cpu"] < 90)
        assert {push.headers["x-helio-instance"] for push in fake.pushes} == {"inst-1"}


async def test_a_machine_without_an_address_is_reached_through_its_neighbour(
    running: Running, cloud: Connection
) -> None:
    _, address = await asyncio.to_thread(make, cloud, "journey-jump", address=True)
    inner, _ = await asyncio.to_thread(make, cloud, "journey-inner", address=False)
    await console(cloud, inner, "login:")
    (port,) = await asyncio.to_thread(lambda: list(cloud.network.ports(device_id=inner.id)))
    fixed = port.fixed_ips[0]["ip_address"]
    async with await ssh(running, address, "debian", [MINE]) as jump:
        inside = await asyncssh.connect(
            fixed, 22, tunnel=jump, username="debian", client_keys=[MINE], known_hosts=None, config=None
        )
        async with inside:
            assert (await inside.run("hostname")).stdout == "journey-inner\n"


async def test_poweroff_in_the_guest_stops_the_server(running: Running, cloud: Connection) -> None:
    server, address = await asyncio.to_thread(make, cloud, "journey-off", address=True)
    async with await ssh(running, address, "debian", [MINE]) as shell:
        await shell.run("sudo poweroff")
    stopped = await asyncio.to_thread(
        cloud.compute.wait_for_server, server, status="SHUTOFF", interval=0.05, wait=10
    )
    assert stopped.power_state == 4


async def test_closing_port_22_takes_the_way_in(running: Running, cloud: Connection) -> None:
    server, address = await asyncio.to_thread(make, cloud, "journey-wall", address=True)
    async with await ssh(running, address, "debian", [MINE]):
        pass
    (port,) = await asyncio.to_thread(lambda: list(cloud.network.ports(device_id=server.id)))
    default = await asyncio.to_thread(
        cloud.network.find_security_group, "default", project_id=port.project_id
    )
    await asyncio.to_thread(cloud.network.update_port, port, security_groups=[default.id])
    with pytest.raises(ConnectionRefusedError):
        await asyncssh.connect(
            address, running.announced["guests"]["ssh_port"], username="debian", known_hosts=None, config=None
        )


async def test_the_seeds_exosphere_machines_have_an_hour_of_usage(cloud: Connection) -> None:
    server = await asyncio.to_thread(cloud.compute.find_server, "assembly-main")
    log = await console(cloud, server, "cpuPctUsed")
    assert log.count("cpuPctUsed") >= 60
    elsewhere = await asyncio.to_thread(cloud.compute.find_server, "blast-node")
    assert "cpuPctUsed" not in await console(cloud, elsewhere, "login:")
