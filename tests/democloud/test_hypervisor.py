"""What guests are told, and in which order."""

from __future__ import annotations

import asyncio
import base64

import pytest

from portal.democloud import runtime
from portal.democloud.guest_spec import GuestSpec
from portal.democloud.hypervisor import spec_of
from tests.democloud.cloud import Cloud, Person


class Listening:
    """Guests that only write down what they are told, some of it slowly."""

    def __init__(self) -> None:
        self.told: list[str] = []
        self.specs: list[GuestSpec] = []
        self.addresses: list[str | None] = []
        self.slow = asyncio.Event()
        self.slow.set()

    async def boot(self, spec: GuestSpec, address: str | None, *, booted_ago: float = 0.0) -> None:
        await self.slow.wait()
        self.specs.append(spec)
        self.addresses.append(address)
        self.told.append(f"boot {spec.name} {booted_ago > 0}")

    async def shutdown(self, server_id: str) -> None:
        self.told.append("shutdown")

    async def suspend(self, server_id: str) -> None:
        self.told.append("suspend")

    async def resume(self, server_id: str) -> None:
        self.told.append("resume")

    async def reboot(self, server_id: str, *, hard: bool = False) -> None:
        self.told.append(f"reboot {hard}")

    async def delete(self, server_id: str) -> None:
        self.told.append("delete")
        raise OSError("a port would not close")

    async def set_address(self, server_id: str, address: str | None) -> None:
        self.told.append(f"address {address}")

    def console_log(self, server_id: str, lines: int | None) -> str:
        return f"console {lines}"

    def trouble(self, server_id: str) -> dict[str, object] | None:
        return {"ssh": ""}

    def misbehave(self, server_id: str, given: dict[str, object]) -> str:
        self.told.append(f"misbehave {given}")
        return ""

    def vnc_port(self, server_id: str) -> int | None:
        return 5901


async def settle() -> None:
    for _ in range(20):
        await asyncio.sleep(0)


@pytest.fixture
def guests(cloud: Cloud) -> Listening:
    found = Listening()
    cloud.world.hypervisor.guests = found
    return found


async def test_a_machines_life_reaches_its_guest(cloud: Cloud, alice: Person, guests: Listening) -> None:
    server_id = await alice.make_server("one")
    for action, given in (
        ("suspend", None),
        ("resume", None),
        ("pause", None),
        ("unpause", None),
        ("reboot", {"type": "SOFT"}),
        ("reboot", {"type": "HARD"}),
        ("os-stop", None),
        ("os-start", None),
        ("shelve", None),
        ("unshelve", None),
    ):
        assert (await alice.act(server_id, action, given)).status_code == 202
        cloud.advance(60)
        await settle()
    assert guests.told == [
        "boot one False",
        *("suspend", "resume", "suspend", "resume"),
        *("reboot False", "reboot True"),
        *("shutdown", "boot one False"),
        *("shutdown", "boot one False"),
    ]


async def test_calls_for_one_guest_wait_for_each_other(
    cloud: Cloud, alice: Person, guests: Listening
) -> None:
    guests.slow.clear()
    server_id = await alice.make_server("one")
    await alice.act(server_id, "suspend")
    cloud.advance(60)
    await settle()
    assert guests.told == []
    guests.slow.set()
    await settle()
    assert guests.told == ["boot one False", "suspend"]


async def test_a_guest_that_fails_stops_nothing(cloud: Cloud, alice: Person, guests: Listening) -> None:
    server_id = await alice.make_server("one")
    await alice.delete(f"/compute/v2.1/servers/{server_id}")
    cloud.advance(10)
    await settle()
    assert guests.told[-1] == "delete"
    assert (await alice.get(f"/compute/v2.1/servers/{server_id}")).status_code == 404
    await alice.make_server("two")
    await settle()
    assert guests.told[-1] == "boot two False"


async def test_the_guest_learns_what_the_server_is(cloud: Cloud, alice: Person, guests: Listening) -> None:
    data = base64.b64encode(b"#cloud-config\n").decode()
    server_id = await alice.make_server(
        "Two GPUs", "g4.2xl", user_data=data, metadata={"a": "b"}, key_name="laptop"
    )
    await settle()
    (spec,) = guests.specs
    fixed = cloud.region.server_ports(server_id)[0].fixed_ips[0].ip_address
    assert (spec.hostname, spec.vcpus, spec.ram_mb, spec.disk_gb) == ("two-gpus", 32, 240 * 1024, 60)
    assert spec.gpus == ("PCI_10DE_26B9", "PCI_10DE_26B9")
    assert (spec.user_data, spec.metadata, spec.fixed_address) == (b"#cloud-config\n", {"a": "b"}, fixed)
    assert spec.key is not None and spec.key.endswith("alice@laptop")
    assert spec.image_name.startswith("Featured-")


async def test_a_resized_guest_boots_with_the_new_flavor(
    cloud: Cloud, alice: Person, guests: Listening
) -> None:
    server_id = await alice.make_server("one")
    await alice.act(server_id, "resize", {"flavorRef": "3"})
    cloud.advance(60)
    await settle()
    assert [spec.vcpus for spec in guests.specs] == [1, 4]


async def test_a_rebuilt_guest_has_a_new_disk(cloud: Cloud, alice: Person, guests: Listening) -> None:
    server_id = await alice.make_server("one")
    await alice.act(server_id, "rebuild", {"imageRef": cloud.kept(server_id).image_id})
    cloud.advance(60)
    await settle()
    assert len({spec.disk_serial for spec in guests.specs}) == 2


async def test_a_server_on_a_volume_knows_its_image(cloud: Cloud, alice: Person) -> None:
    image = next(one for one in cloud.region.data.images.values() if one.name == "Featured-RockyLinux9")
    boot = {"boot_index": 0, "source_type": "image", "uuid": image.id, "volume_size": 20}
    server_id = await alice.make_server(imageRef="", block_device_mapping_v2=[boot])
    assert spec_of(cloud.region, cloud.kept(server_id)).distro == "rocky"


async def test_a_restarted_cloud_boots_what_was_on(demo: Cloud) -> None:
    guests = Listening()
    demo.world.hypervisor.guests = guests
    runtime.boot_guests(demo.world)
    await settle()
    booted = {line.split()[1] for line in guests.told if line.startswith("boot")}
    assert {"assembly-main", "bob-notebook", "tree-builder", "mirror-site"} <= booted
    assert not {"annotation-db", "old-pipeline", "h100-wish"} & booted
    assert guests.told.count("suspend") == 1
    assert all(line.endswith("True") for line in guests.told if line.startswith("boot"))
    reachable = [
        address
        for spec, address in zip(guests.specs, guests.addresses, strict=True)
        if spec.name == "blast-node"
    ]
    assert reachable[0] is not None


async def test_machines_for_measuring_have_no_guests(cloud: Cloud) -> None:
    guests = Listening()
    cloud.world.hypervisor.guests = guests
    await cloud.control("POST", "/seed", {"seed": "load:30"})
    await settle()
    assert not [line for line in guests.told if line.startswith("boot load")]


async def test_a_guest_that_is_powered_off_from_inside_stops_its_server(cloud: Cloud, alice: Person) -> None:
    server_id = await alice.make_server()
    runtime.power_changed(cloud.world, server_id, "reboot")
    assert cloud.kept(server_id).task_state is None
    runtime.power_changed(cloud.world, server_id, "poweroff")
    runtime.power_changed(cloud.world, "unknown", "poweroff")
    cloud.advance(10)
    assert cloud.kept(server_id).vm_state == "stopped"


async def test_the_console_log_is_the_guests(cloud: Cloud, alice: Person, guests: Listening) -> None:
    server_id = await alice.make_server()
    whole = await alice.act(server_id, "os-getConsoleOutput", {})
    last = await alice.act(server_id, "os-getConsoleOutput", {"length": 20})
    assert (whole.json(), last.json()) == ({"output": "console None"}, {"output": "console 20"})


async def test_time_passes_by_itself(cloud: Cloud, alice: Person) -> None:
    cloud.world.clock.speed = 200
    cloud.world.clock.thaw()
    keeper = asyncio.get_running_loop().create_task(runtime.keep_time(cloud.world))
    try:
        await asyncio.sleep(0)
        server_id = (await alice.ask_server()).json()["server"]["id"]
        for _ in range(100):
            await asyncio.sleep(0.01)
            if cloud.kept(server_id).vm_state == "active":
                break
        assert cloud.kept(server_id).vm_state == "active"
    finally:
        keeper.cancel()
