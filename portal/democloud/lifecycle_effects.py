"""What the steps of a sequence do to the cloud around the machine: places, ports, disks, images, guests."""

from __future__ import annotations

import hashlib
from typing import Any

from portal.democloud import capacity, fabric
from portal.democloud.clock import second
from portal.democloud.hypervisor import BOOT_SECONDS
from portal.democloud.lifecycle import Aborted, effect
from portal.democloud.model_compute import ResourceProvider, Server, ServerFault
from portal.democloud.routing import new_uuid
from portal.democloud.sequences import RUNNING, SHUT_DOWN
from portal.democloud.state import Region, World

NO_HOST = "No valid host was found. "
BROKEN = "Build of instance aborted: Block Device Mapping is Invalid."
FORGET_AFTER = 3600.0


def host_id(server: Server, provider: ResourceProvider) -> str:
    """Nova's hash of project and host: the same for servers of one project on one host."""
    return hashlib.sha224(f"{server.project_id}{provider.name}".encode()).hexdigest()


def settle(server: Server, provider: ResourceProvider) -> None:
    server.provider_id = provider.id
    server.host_id = host_id(server, provider)
    server.availability_zone = "nova"


def _blame(world: World, server: Server, message: str, code: int = 500) -> None:
    server.fault = ServerFault(code, message, second(world.now()))


def _boot(world: World, region: Region, server: Server) -> None:
    server.guest_ready = world.clock.after(BOOT_SECONDS)
    world.hypervisor.boot(region, server)


@effect("place")
def place(world: World, region: Region, server: Server, args: dict[str, Any]) -> None:
    fate = world.builds.fate()
    provider = None if fate == "full" else capacity.choose(region, server.flavor)
    if provider is None:
        server.vm_state = "error"
        server.availability_zone = server.spec.get("availability_zone") or "nova"
        _blame(world, server, NO_HOST)
        raise Aborted(NO_HOST)
    settle(server, provider)
    if fate == "broken":
        server.vm_state = "error"
        _blame(world, server, BROKEN)
        raise Aborted(BROKEN)
    server.spec["never"] = fate == "stuck"


@effect("plug")
def plug(world: World, region: Region, server: Server, args: dict[str, Any]) -> None:
    """A port on each network asked for; ports that exist are taken as they are."""
    for wanted in server.spec.get("networks", []):
        port = region.data.ports.get(wanted.get("port") or "")
        if port is not None:
            port.device_id, port.device_owner, port.status = server.id, "compute:nova", "ACTIVE"
            region.index_port(port)
            continue
        network = region.data.networks.get(wanted["network"])
        if network is None:
            _network_failed(world, server)
        else:
            fabric.create_port(
                world,
                region,
                network,
                server.project_id,
                server_id=server.id,
                security_groups=server.spec["security_group_ids"],
                ip_address=wanted.get("fixed_ip"),
            )


def _network_failed(world: World, server: Server) -> None:
    message = f"Build of instance {server.id} aborted: Failed to allocate the network(s), not rescheduling."
    server.vm_state, server.task_state = "error", None
    _blame(world, server, message)
    raise Aborted(message)


@effect("launch")
def launch(world: World, region: Region, server: Server, args: dict[str, Any]) -> None:
    server.launched_at = server.launched_at or second(world.now())
    server.fault = None
    _boot(world, region, server)


@effect("power-on")
def power_on(world: World, region: Region, server: Server, args: dict[str, Any]) -> None:
    _boot(world, region, server)


@effect("power-off")
def power_off(world: World, region: Region, server: Server, args: dict[str, Any]) -> None:
    world.hypervisor.shutdown(server.id)


@effect("suspend")
def suspend(world: World, region: Region, server: Server, args: dict[str, Any]) -> None:
    world.hypervisor.suspend(server.id)


@effect("resume")
def resume(world: World, region: Region, server: Server, args: dict[str, Any]) -> None:
    world.hypervisor.resume(server.id)


@effect("reboot")
def reboot(world: World, region: Region, server: Server, args: dict[str, Any]) -> None:
    """Of a machine that was off, a (hard) reboot is a start."""
    if args.get("from_state") in ("active", "rescued"):
        server.guest_ready = world.clock.after(BOOT_SECONDS)
        world.hypervisor.reboot(server.id, hard=bool(args.get("hard")))
    else:
        _boot(world, region, server)


@effect("new-disk")
def new_disk(world: World, region: Region, server: Server, args: dict[str, Any]) -> None:
    world.hypervisor.shutdown(server.id)
    server.disk_serial = new_uuid()


@effect("snapshot-done")
def snapshot_done(world: World, region: Region, server: Server, args: dict[str, Any]) -> None:
    image = region.data.images.get(args.get("image_id") or "")
    if image is not None:
        image.status = "active"
        image.size = server.flavor.disk * 1024**3 // 8
        image.updated_at = second(world.now())


@effect("offload")
def offload(world: World, region: Region, server: Server, args: dict[str, Any]) -> None:
    server.provider_id, server.host_id, server.availability_zone = None, "", ""


@effect("place-shelved")
def place_shelved(world: World, region: Region, server: Server, args: dict[str, Any]) -> None:
    """Without room the machine stays shelved, with the fault to tell why."""
    provider = capacity.choose(region, server.flavor)
    if provider is None:
        server.task_state = None
        _blame(world, server, NO_HOST)
        raise Aborted(NO_HOST)
    settle(server, provider)


@effect("unshelved")
def unshelved(world: World, region: Region, server: Server, args: dict[str, Any]) -> None:
    region.data.images.pop(server.shelved_image_id or "", None)
    server.shelved_image_id = None
    server.fault = None
    _boot(world, region, server)


@effect("place-resized")
def place_resized(world: World, region: Region, server: Server, args: dict[str, Any]) -> None:
    flavor = region.data.flavors[args["flavor_id"]]
    provider = capacity.choose(region, flavor)
    if provider is None:
        server.task_state = None
        _blame(world, server, NO_HOST)
        raise Aborted(NO_HOST)
    server.old_provider_id, server.old_flavor = server.provider_id, server.flavor
    server.resized_from_state = args["from_state"]
    settle(server, provider)


@effect("swap-flavor")
def swap_flavor(world: World, region: Region, server: Server, args: dict[str, Any]) -> None:
    server.flavor = region.data.flavors[args["flavor_id"]]
    server.flavor_id = server.flavor.id


@effect("resized")
def resized(world: World, region: Region, server: Server, args: dict[str, Any]) -> None:
    _back_to(world, region, server, "resized")


def _back_to(world: World, region: Region, server: Server, vm_state: str) -> None:
    """On again if it was on before the resize, else still off."""
    server.vm_state = vm_state
    if server.resized_from_state == "stopped":
        server.power_state = SHUT_DOWN
        return
    server.power_state = RUNNING
    _boot(world, region, server)


@effect("confirmed")
def confirmed(world: World, region: Region, server: Server, args: dict[str, Any]) -> None:
    server.vm_state = server.resized_from_state or "active"
    server.old_flavor = server.old_provider_id = server.resized_from_state = None


@effect("reverted")
def reverted(world: World, region: Region, server: Server, args: dict[str, Any]) -> None:
    assert server.old_flavor is not None
    server.flavor, server.flavor_id = server.old_flavor, server.old_flavor.id
    provider = region.data.providers.get(server.old_provider_id or "")
    if provider is not None:
        settle(server, provider)
    server.old_flavor = server.old_provider_id = None
    _back_to(world, region, server, server.resized_from_state or "active")
    server.resized_from_state = None


@effect("destroy")
def destroy(world: World, region: Region, server: Server, args: dict[str, Any]) -> None:
    """Ports go, floating addresses stay; volumes are let go or go too, as each was attached.

    What shelving kept of the disk goes with the server."""
    world.hypervisor.delete(server.id)
    region.data.images.pop(server.shelved_image_id or "", None)
    for port in region.server_ports(server.id):
        fabric.delete_port(world, region, port)
    for attachment in server.volumes:
        volume = region.data.volumes.get(attachment.volume_id)
        if volume is None:
            continue
        if attachment.delete_on_termination:
            del region.data.volumes[volume.id]
        else:
            volume.attachments = [one for one in volume.attachments if one.server_id != server.id]
            volume.status = "in-use" if volume.attachments else "available"
            volume.updated_at = second(world.now())
    server.volumes = []
    server.terminated_at = second(world.now())


@effect("gone")
def gone(world: World, region: Region, server: Server, args: dict[str, Any]) -> None:
    server.gone = True
    server.provider_id = server.old_provider_id = None
    world.later(FORGET_AFTER * world.clock.speed, "server-forget", region, server.id)
