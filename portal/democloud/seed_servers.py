"""Machines that were there before: made with Exosphere, Horizon and the command line, in various states."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from datetime import datetime, timedelta

from portal.democloud import capacity, fabric
from portal.democloud.clock import second
from portal.democloud.lifecycle_effects import NO_HOST, settle
from portal.democloud.model_compute import (
    ActionEvent,
    Flavor,
    InstanceAction,
    Keypair,
    Server,
    ServerFault,
    VolumeAttachment,
)
from portal.democloud.model_network import FloatingIP, SecurityGroup
from portal.democloud.model_storage import AttachedTo, Image, Volume
from portal.democloud.nova_input import hostname_of
from portal.democloud.nova_keys import fingerprint
from portal.democloud.seed_catalogue import stable_uuid
from portal.democloud.seed_identity import project_id, user_id
from portal.democloud.seed_network import exosphere_group
from portal.democloud.state import Region, World

# vm_state -> power_state
POWER = {
    "active": 1,
    "stopped": 4,
    "suspended": 4,
    "shelved_offloaded": 4,
    "resized": 1,
    "error": 0,
}
# A public key whose private part nobody has: it stands for a laptop's.
LAPTOP_KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIEhlbGlvc3BoZXJlIGRlbW8gbGFwdG9wIGtleSAhISEh {}@laptop"


WORDS = (
    "acid",
    "blue",
    "calm",
    "dune",
    "echo",
    "fern",
    "gold",
    "hill",
    "iris",
    "jade",
    "kelp",
    "lime",
    "moss",
    "nest",
    "oak",
    "pine",
)


@dataclass(frozen=True)
class Old:
    """One machine of the seed. `volume`: GB of a data volume; `was`: the flavor before a resize."""

    name: str
    project: str
    user: str
    flavor: str
    image: str
    vm_state: str = "active"
    exosphere: bool = True
    days: float = 3.0
    floating: bool = False
    volume: int = 0
    was: str | None = None
    id: str = ""


MACHINES: tuple[Old, ...] = (
    Old(
        "assembly-main",
        "BIO220047",
        "alice",
        "m3.large",
        "Featured-Ubuntu24",
        days=21,
        floating=True,
        volume=500,
    ),
    Old("annotation-db", "BIO220047", "bob", "m3.medium", "Featured-Ubuntu22", "stopped", days=64),
    Old(
        "blast-node",
        "BIO220047",
        "bob",
        "m3.quad",
        "Featured-RockyLinux9",
        exosphere=False,
        days=9,
        floating=True,
    ),
    Old("old-pipeline", "BIO220047", "alice", "m3.xl", "Featured-Ubuntu22", "shelved_offloaded", days=180),
    Old("bob-notebook", "BIO220047", "bob", "m3.small", "Featured-Ubuntu24", "suspended", days=5),
    Old(
        "tree-builder", "BIO220047", "bob", "m3.medium", "Featured-Ubuntu24", "resized", days=2, was="m3.quad"
    ),
    Old("bigmem-trial", "BIO220047", "alice", "r3.large", "Featured-Ubuntu24", "stopped", False, days=30),
    Old(
        "trainer-a100",
        "CIS220046",
        "alice",
        "g3.large",
        "Featured-Ubuntu24",
        days=12,
        floating=True,
        volume=200,
    ),
    Old(
        "trainer-duo",
        "CIS220046",
        "alice",
        "g4.2xl",
        "Featured-Ubuntu22",
        exosphere=False,
        days=6,
        floating=True,
    ),
    Old("camera-ingest", "CIS220046", "dave", "m3.small", "Featured-Debian12", days=33, floating=True),
    Old("h100-wish", "CIS220046", "dave", "g5.xl", "Featured-Ubuntu24", "error", days=0.3),
    Old("class-template", "TRA220028", "carol", "m3.small", "Featured-Ubuntu24", days=4, floating=True),
    Old("dave-homework", "TRA220028", "dave", "m3.tiny", "Featured-Ubuntu24", "stopped", days=3),
    Old("lattice-qcd", "PHY220011", "bob", "m3.2xl", "Featured-RockyLinux9", days=45, floating=True),
)
TACC_MACHINES: tuple[Old, ...] = (
    Old("mirror-site", "BIO220047", "alice", "m3.quad", "Featured-Ubuntu24", days=15, floating=True),
)


def add_keypairs(world: World, region: Region) -> None:
    for name in ("alice", "bob", "carol", "dave"):
        public = LAPTOP_KEY.format(name)
        made = second(world.now() - timedelta(days=200))
        keypair = Keypair(user_id(name), "laptop", public, fingerprint(public), made)
        world.identity.keypairs.setdefault(region.name, {})[user_id(name)] = {"laptop": keypair}


def _group(world: World, region: Region, old: Old) -> SecurityGroup:
    """Exosphere's group, also for a machine made elsewhere with an address: its maker has opened SSH too."""
    project = project_id(old.project)
    if not (old.exosphere or old.floating):
        return fabric.default_security_group(world, region, project)
    for group in region.data.security_groups.values():
        if group.project_id == project and group.name == "exosphere":
            return group
    return exosphere_group(world, region, project)


def add_machine(world: World, region: Region, old: Old) -> Server:
    server = server_of(world, region, old)
    group = _group(world, region, old)
    server.security_groups = [group.name]
    region.add_server(server)
    if old.vm_state == "error":
        return server
    topology, _ = fabric.ensure_topology(world, region, server.project_id)
    network = region.data.networks[topology.network_id]
    port = fabric.create_port(
        world, region, network, server.project_id, server_id=server.id, security_groups=[group.id]
    )
    if old.floating:
        floating = _floating(world, region, server)
        region.point_floating_ip(floating, port)
        floating.router_id = topology.router_id
    if old.volume:
        _volume(world, region, server, old)
    return server


def _flavor(region: Region, name: str) -> Flavor:
    return next(flavor for flavor in region.data.flavors.values() if flavor.name == name)


def _image(region: Region, name: str) -> Image:
    return next(image for image in region.data.images.values() if image.name == name)


def server_of(world: World, region: Region, old: Old) -> Server:
    server_id = old.id or stable_uuid(region.name, "server", old.name)
    made = second(world.now() - timedelta(days=old.days))
    flavor = _flavor(region, old.flavor)
    server = Server(
        id=server_id,
        name=old.name,
        project_id=project_id(old.project),
        user_id=user_id(old.user),
        flavor_id=flavor.id,
        flavor=flavor,
        image_id=_image(region, old.image).id,
        created=made,
        updated=made + timedelta(minutes=2),
        hostname=hostname_of(old.name, server_id),
        vm_state=old.vm_state,
        task_state=None,
        power_state=POWER[old.vm_state],
        key_name="laptop",
        public_key=LAPTOP_KEY.format(old.user),
        metadata=_exosphere_metadata(old, made.timestamp()) if old.exosphere else {},
        launched_at=made + timedelta(seconds=42),
        disk_serial=stable_uuid("disk", server_id),
    )
    if old.exosphere:
        server.tags = [f"exoPw:{passphrase(server_id)}"]
    _settle(region, server, old)
    event = ActionEvent("compute__do_build_and_run_instance", made, server.updated, "Success")
    line = InstanceAction(
        f"req-{stable_uuid('req', server_id)}",
        "create",
        server.user_id,
        server.project_id,
        made,
        server.updated,
        "Error" if old.vm_state == "error" else None,
    )
    line.events.append(event)
    server.actions.append(line)
    return server


def passphrase(server_id: str) -> str:
    """As Exosphere stores one: short words, the same for the same machine."""
    digest = hashlib.sha256(f"passphrase {server_id}".encode()).digest()
    return " ".join(WORDS[byte % len(WORDS)] for byte in digest[:6])


def _settle(region: Region, server: Server, old: Old) -> None:
    """Its host, unless it has none: shelved machines have left theirs, failed ones never got one."""
    if old.vm_state == "error":
        server.launched_at = None
        server.availability_zone = "nova"
        server.fault = ServerFault(500, NO_HOST, server.updated)
        return
    if old.was is not None:
        server.old_flavor = _flavor(region, old.was)
        server.resized_from_state = "active"
    if old.vm_state == "shelved_offloaded":
        return
    provider = capacity.choose(region, server.flavor)
    assert provider is not None, f"the demo has no host for {old.flavor}"
    settle(server, provider)
    if old.was is not None:
        server.old_provider_id = provider.id


def _exosphere_metadata(old: Old, made: float) -> dict[str, str]:
    setup = {"status": "complete", "epoch": int(made + 480) * 1000}
    return {
        "exoServerVersion": "6",
        "exoClientUuid": stable_uuid("client", old.user),
        "exoCreatorUsername": old.user,
        "exoSetup": json.dumps(setup),
        "exoGuac": json.dumps({"v": 1, "ssh": True, "vnc": False}),
        "exoFloatingIpOption": "automatic" if old.floating else "doNotUseFloatingIp",
    }


def _floating(world: World, region: Region, server: Server) -> FloatingIP:
    network = fabric.external_network(region)
    assert network is not None
    made = server.created + timedelta(minutes=1)
    floating = FloatingIP(
        stable_uuid("floating", server.id),
        fabric.free_floating_address(region, network),
        network.id,
        server.project_id,
        made,
        made,
    )
    region.data.floating_ips[floating.id] = floating
    return floating


def add_course_data(region: Region, made: datetime) -> None:
    """Data of a course that many machines may have at once, and a volume that only one may."""
    for name, size, shared in (("course-data", 10, True), ("solutions", 2, False)):
        volume_id = stable_uuid("volume", f"{region.name} {name}")
        region.data.volumes[volume_id] = Volume(
            volume_id,
            name,
            project_id("TRA220028"),
            user_id("carol"),
            size,
            made,
            made,
            status="available",
            multiattach=shared,
        )


def _volume(world: World, region: Region, server: Server, old: Old) -> None:
    made = server.created + timedelta(minutes=5)
    volume_id, attachment_id = stable_uuid("volume", server.id), stable_uuid("attachment", server.id)
    volume = Volume(
        volume_id,
        f"{old.name}-data",
        server.project_id,
        server.user_id,
        old.volume,
        made,
        made,
        status="in-use",
        attachments=[AttachedTo(server.id, attachment_id, "/dev/vdb", made)],
    )
    region.data.volumes[volume_id] = volume
    tag = f'exoVolume::{{"name":"{old.name}-data"}}' if old.exosphere else None
    server.volumes.append(VolumeAttachment(volume_id, attachment_id, "/dev/vdb", tag=tag))
